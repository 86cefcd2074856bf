//! A log that signs with SM2 besides Ed25519: both lines hold, or nothing does.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop on a fault")]

use tacebo_ledger::{LedgerError, LogKey, LogVerifier, Note};

const ORIGIN: &str = "log.example/golden";
// The Ed25519 half as in `formats.rs`; the SM2 half made with the Python package gmssl 3.2.2 and hashlib.
const ED25519_VKEY: &str = "log.example/golden+15cad01a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const SCALAR: &str = "27af6527e8f5ab7fbcdb92238242181ea88a3e61aba3d47de7d22303cd77c0e5";
const SM2_VKEY: &str = "log.example/golden+cfc3a91f+/3RhY2Viby9zbTItc20zL3YxAASuMJEl\
    Q9xQh0QS1XKWQNDy92dOBGkN5yzKGqdeO8GAGBsQIIcKxaDPHr03TGmHckY65sd3Sgo1MkXtKudOz5/c";
const NOTE: &str = "log.example/golden\n3\nWqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=\n\n\
    — log.example/golden FcrQGhKglhZRZbv3qiBxdIKKAwb0ue8HI4k894MgXRgrcmNvNvRc5bdcD9S21/Wya/88EyIzU8nmGDWxiCl+F5AOHgw=\n";
const SM2_LINE: &str = "— log.example/golden z8OpH1tN81l3WyQoCO7+O18KsBhWT3HuLNBgXqCB8jTwy33vT3C1Y9sWTgCeDIpa03InhMR47DX7N5nDQmvyUqrXxfs=\n";

fn key() -> LogKey {
    let seed: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let scalar = hex::decode(SCALAR).unwrap();
    LogKey::from_bytes(ORIGIN, &seed).unwrap().with_sm2(scalar.as_slice().try_into().unwrap()).unwrap()
}

fn both() -> LogVerifier {
    format!("{ED25519_VKEY}\n{SM2_VKEY}").parse().unwrap()
}

fn refused(verifier: &LogVerifier, note: &str) -> bool {
    matches!(verifier.open(note.as_bytes()), Err(LedgerError::SignatureInvalid))
}

#[test]
fn a_note_with_two_lines_made_by_another_program_verifies() {
    let verifier = both();
    assert_eq!(key().verifier().unwrap(), verifier);
    assert_eq!(verifier.to_string(), format!("{ED25519_VKEY}\n{SM2_VKEY}"));
    let checkpoint = verifier.open(format!("{NOTE}{SM2_LINE}").as_bytes()).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), (ORIGIN, 3));
    let ours = key().sign(&checkpoint).unwrap();
    assert_eq!(verifier.open(ours.as_bytes()).unwrap(), checkpoint);
    assert!(ours.starts_with(NOTE), "the first line is everybody's");
    assert_eq!(Note::parse(ours.as_bytes()).unwrap().signatures.len(), 2);
}

#[test]
fn who_knows_ed25519_only_reads_the_note_as_always() {
    let verifier: LogVerifier = ED25519_VKEY.parse().unwrap();
    assert!(verifier.sm2().is_none());
    assert!(verifier.open(format!("{NOTE}{SM2_LINE}").as_bytes()).is_ok());
}

#[test]
fn either_line_missing_changed_or_by_another_key_spoils_the_note() {
    let verifier = both();
    assert!(refused(&verifier, NOTE), "no SM2 line");
    let (text, line) = NOTE.rsplit_once("\n\n").unwrap();
    assert!(refused(&verifier, &format!("{text}\n\n{SM2_LINE}")), "no Ed25519 line");
    let whole = format!("{NOTE}{SM2_LINE}");
    let note = Note::parse(whole.as_bytes()).unwrap();
    for (number, line) in note.signatures.iter().enumerate() {
        for at in 0..line.signature.len() {
            let mut changed = note.clone();
            changed.signatures[number].signature[at] ^= 1;
            assert!(refused(&verifier, &changed.to_string()), "line {number} byte {at}");
        }
    }
    assert!(refused(&verifier, &whole.replace("\n3\n", "\n4\n")));
    let other = LogKey::generate(ORIGIN).unwrap().with_new_sm2().unwrap();
    let other = other.sign(&verifier.open(whole.as_bytes()).unwrap()).unwrap();
    let foreign = other.lines().last().unwrap();
    assert!(refused(&verifier, &format!("{text}\n\n{line}{foreign}\n")));
    // A good line and a bad one of the same key.
    let mut doubled = note.clone();
    doubled.signatures.push(note.signatures[1].clone());
    doubled.signatures[2].signature[9] ^= 1;
    assert!(refused(&verifier, &doubled.to_string()));
}

#[test]
fn the_two_keys_travel_together_and_are_of_one_log() {
    for apart in ["\n", " ", "\r\n"] {
        assert_eq!(format!("{ED25519_VKEY}{apart}{SM2_VKEY}").parse::<LogVerifier>().unwrap(), both());
    }
    let stranger = LogKey::generate("log.example/other").unwrap().with_new_sm2().unwrap().verifier().unwrap();
    let strange_line = stranger.sm2().unwrap().to_string();
    for text in [
        SM2_VKEY.to_owned(),
        format!("{SM2_VKEY}\n{ED25519_VKEY}"),
        format!("{ED25519_VKEY}\n{ED25519_VKEY}"),
        format!("{ED25519_VKEY}\n{strange_line}"),
        format!("{ED25519_VKEY}\n{SM2_VKEY}\n{SM2_VKEY}"),
        format!("{ED25519_VKEY}\n{}", SM2_VKEY.replacen('+', "+0", 1)),
        format!("{ED25519_VKEY}\n{}", SM2_VKEY.get(..SM2_VKEY.len() - 4).unwrap()),
        format!("{ED25519_VKEY}\n"),
    ] {
        assert!(text.parse::<LogVerifier>().is_err(), "{text:?}");
    }
}

#[test]
fn the_private_keys_come_back_from_their_bytes_and_are_not_printed() {
    let key = LogKey::generate(ORIGIN).unwrap().with_new_sm2().unwrap();
    let scalar = key.sm2_to_bytes().unwrap().unwrap();
    let again = LogKey::from_bytes(ORIGIN, &key.to_bytes()).unwrap();
    assert!(again.sm2_to_bytes().unwrap().is_none());
    let again = again.with_sm2(&scalar).unwrap();
    assert_eq!(again.verifier().unwrap(), key.verifier().unwrap());
    assert!(!format!("{key:?}").contains(&hex::encode(&scalar[..4])));
    assert!(LogKey::generate(ORIGIN).unwrap().with_sm2(&[0; 32]).is_err());
}
