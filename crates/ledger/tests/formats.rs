//! The text and byte formats, against the C2SP examples and files made by other programs.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop on a fault")]

use proptest::prelude::*;
use tacebo_ledger::{
    Checkpoint, Disclosure, EntryHead, Evidence, Hash, LedgerError, LogKey, LogVerifier, MemoryTiles, Note, RowColumns,
    Salt, Sequencer, TileId, TlogProof, bundle, commit, disclose, entries_path, parse_bundle, row_hash,
};

// The example of c2sp.org/signed-note.
const C2SP_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const C2SP_NOTE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
// The example of c2sp.org/tlog-checkpoint.
const C2SP_CHECKPOINT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
// Made with Python's `cryptography` and hashlib: key seed 00 01 … 1f, entries "one", "two", "three".
const GOLDEN_VKEY: &str = "log.example/golden+15cad01a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const GOLDEN_NOTE: &str = "log.example/golden\n3\nWqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=\n\n\
    — log.example/golden FcrQGhKglhZRZbv3qiBxdIKKAwb0ue8HI4k894MgXRgrcmNvNvRc5bdcD9S21/Wya/88EyIzU8nmGDWxiCl+F5AOHgw=\n";
const GOLDEN_PATH: &str =
    "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=\nZx8UbF5HHooag6PCFM5LqQe486WIjRTMjNPOdbsS75Q=\n";

fn golden_log() -> (LogKey, MemoryTiles, Sequencer) {
    let seed: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let mut tiles = MemoryTiles::default();
    let mut log = Sequencer::load("log.example/golden", 0, &tiles).unwrap();
    let staged = log.stage(1, &["one", "two", "three"]).unwrap();
    tiles.put(&staged.tiles());
    log.committed(staged).unwrap();
    (LogKey::from_bytes("log.example/golden", &seed).unwrap(), tiles, log)
}

#[test]
fn the_example_note_of_the_specification_verifies_and_one_changed_letter_does_not() {
    let verifier: LogVerifier = C2SP_VKEY.parse().unwrap();
    assert_eq!(verifier.to_string(), C2SP_VKEY);
    let note = verifier.open_note(C2SP_NOTE.as_bytes()).unwrap();
    assert_eq!((note.text.as_str(), note.to_string().as_str()), ("This is an example message.\n", C2SP_NOTE));
    let changed = C2SP_NOTE.replace("example message", "example massage");
    assert!(matches!(verifier.open_note(changed.as_bytes()), Err(LedgerError::SignatureInvalid)));
}

#[test]
fn the_example_checkpoint_of_the_specification_reads_and_writes_back() {
    let note = Note::parse(C2SP_CHECKPOINT.as_bytes()).unwrap();
    let checkpoint = Checkpoint::parse(&note.text).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!((checkpoint.to_string(), note.to_string()), (note.text, C2SP_CHECKPOINT.to_owned()));
}

#[test]
fn a_checkpoint_is_byte_for_byte_the_one_another_program_made() {
    let (key, _, log) = golden_log();
    assert_eq!(key.verifier().unwrap().to_string(), GOLDEN_VKEY);
    assert_eq!(key.sign(&log.checkpoint()).unwrap(), GOLDEN_NOTE);
    let verifier: LogVerifier = GOLDEN_VKEY.parse().unwrap();
    assert_eq!(verifier.open(GOLDEN_NOTE.as_bytes()).unwrap(), log.checkpoint());
}

#[test]
fn a_proof_file_is_byte_for_byte_the_one_another_program_made() {
    let (key, tiles, _) = golden_log();
    let verifier = key.verifier().unwrap();
    let proof = TlogProof::make(&tiles, 1, GOLDEN_NOTE, &verifier, None).unwrap();
    let file = format!("c2sp.org/tlog-proof@v1\nindex 1\n{GOLDEN_PATH}\n{GOLDEN_NOTE}");
    assert_eq!(proof.to_string(), file);
    let read = TlogProof::parse(file.as_bytes()).unwrap();
    assert_eq!(read, proof);
    assert_eq!(read.verify(&Hash::leaf(b"two"), &verifier).unwrap().size, 3);
    assert!(read.verify(&Hash::leaf(b"one"), &verifier).is_err());
    let other = LogKey::generate("log.example/golden").unwrap().verifier().unwrap();
    assert!(matches!(read.verify(&Hash::leaf(b"two"), &other), Err(LedgerError::SignatureInvalid)));
    // A tree of one entry: no hash lines.
    let mut tiles = MemoryTiles::default();
    let mut log = Sequencer::load("log.example/golden", 0, &tiles).unwrap();
    let staged = log.stage(1, &["one"]).unwrap();
    tiles.put(&staged.tiles());
    log.committed(staged).unwrap();
    let note = key.sign(&log.checkpoint()).unwrap();
    let extra = Some(b"x".to_vec());
    let file = TlogProof::make(&tiles, 0, &note, &verifier, extra).unwrap().to_string();
    assert!(file.starts_with("c2sp.org/tlog-proof@v1\nextra eA==\nindex 0\n\nlog.example/golden\n1\n"));
    TlogProof::parse(file.as_bytes()).unwrap().verify(&Hash::leaf(b"one"), &verifier).unwrap();
}

#[test]
fn signatures_by_others_are_ignored_and_a_bad_one_of_ours_spoils_the_note() {
    let verifier: LogVerifier = GOLDEN_VKEY.parse().unwrap();
    let witness = "— witness.example AAAAAQID\n";
    assert!(verifier.open(format!("{GOLDEN_NOTE}{witness}").as_bytes()).is_ok());
    let (text, _) = GOLDEN_NOTE.rsplit_once("\n\n").unwrap();
    let stranger = format!("{text}\n\n{witness}");
    assert!(matches!(verifier.open(stranger.as_bytes()), Err(LedgerError::SignatureInvalid)));
    let bad = format!("{GOLDEN_NOTE}— log.example/golden FcrQGgAA\n");
    assert!(matches!(verifier.open(bad.as_bytes()), Err(LedgerError::SignatureInvalid)));
}

#[test]
fn notes_and_keys_that_the_specification_forbids_are_refused() {
    for note in [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "text\n\n— a AAAAAA==",
        "text\n\n— a AAAAAA==\n",
        "text\n\n- a AAAAAAA=\n",
        "text\n\n— a+b AAAAAAA=\n",
        "text\n\n—  AAAAAAA=\n",
        "text\r\n\n— a AAAAAAA=\n",
        "text\n\n— a AAAAAAA\n",
        "text\n\n— a AAAAAAB=\n",
        "text\n\n— a AAAAAAA=\n\n",
    ] {
        assert!(Note::parse(note.as_bytes()).is_err(), "{note:?}");
    }
    assert!(Note::parse("text\n\n— a AAAAAAA=\n".as_bytes()).is_ok());
    for text in [
        "",
        "o\n",
        "o\n1\n",
        "\n1\nAAAA\n",
        "o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nmore\n",
    ] {
        assert!(Checkpoint::parse(text).is_err(), "{text:?}");
    }
    for vkey in [
        "",
        "a",
        "a+b",
        "a+00000000+AAAA",
        &C2SP_VKEY.replace("530d903a", "530d903b"),
        &C2SP_VKEY.replace("+Aeky", "+Beky"),
        &C2SP_VKEY.replace("foo", "bar"),
        &format!("{C2SP_VKEY}A"),
    ] {
        assert!(vkey.parse::<LogVerifier>().is_err(), "{vkey:?}");
    }
}

#[test]
fn tile_paths_are_the_specifications() {
    let tile = |level, index, width| TileId { level, index, width };
    let cases = [
        (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (tile(2, 0, 1), "tile/2/000.p/1"),
        (tile(0, 273, 112), "tile/0/273.p/112"),
        (tile(1, 1_000, 256), "tile/1/x001/000"),
    ];
    for (id, path) in cases {
        assert_eq!((id.path().as_str(), TileId::parse_path(path)), (path, Some(id)));
    }
    assert_eq!(entries_path(1_234_067, 8), "tile/entries/x001/x234/067.p/8");
    for bad in [
        "tile/64/000",
        "tile/00/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/",
        "tile/0/x18/446/744/073/709/551/616",
    ] {
        assert_eq!(TileId::parse_path(bad), None, "{bad}");
    }
}

#[test]
fn bundles_are_length_prefixed_entries() {
    let bytes = bundle(&[b"one".as_slice(), b""]).unwrap();
    assert_eq!(bytes, b"\0\x03one\0\0");
    assert_eq!(parse_bundle(&bytes).unwrap(), [b"one".as_slice(), b""]);
    assert!(parse_bundle(b"\0\x03on").is_err() && parse_bundle(b"\0").is_err());
    assert!(parse_bundle(&[0; 2 * 257]).is_err());
}

// Goldens from hashlib and `openssl enc -aes-256-ctr`.
#[test]
fn commitments_and_row_hashes_are_those_of_another_program() {
    let salt = Salt::from_bytes([7; 32]);
    let c = commit(&salt, &[("who", b"42"), ("why", b"TREAT")]).unwrap();
    assert_eq!(format!("{c:?}"), "8c8e67619954e75ebd1af0003b6b6d66ccd9ecc3293718b81532c407c7b4da28");
    let eid: [u8; 16] = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let row = |subject| {
        row_hash(&RowColumns {
            index: 5,
            time_us: 1_700_000_000_123_456,
            subject,
            actor: 9,
            eid: &eid,
            class: 3,
            sealed: b"sealed",
        })
    };
    assert_eq!(format!("{:?}", row(Some(8))), "1ed5307f33aa4a15a796f4d965b9065d48998af10c24edf4a0c066cd4a948e7a");
    assert_eq!(format!("{:?}", row(None)), "9688e4826043738b63ba7c540ea8fa4d3267431053bd5623ab416a3ae8791ab8");
}

#[test]
fn an_entry_tells_the_minute_only() {
    let columns = RowColumns {
        index: 0,
        time_us: 1_700_000_099_999_999,
        subject: None,
        actor: 0,
        eid: &[],
        class: 1,
        sealed: &[],
    };
    let head = EntryHead::new(&columns, Hash([1; 32]));
    assert_eq!(head.time_ms, 1_700_000_040_000);
    assert_eq!(EntryHead::decode(&head.encode()).unwrap(), head);
    assert_eq!(head.encode().len(), EntryHead::BYTES);
}

#[test]
fn one_field_is_disclosed_with_its_proof_and_the_others_stay_hidden() {
    let (salt, fields) = (
        Salt::random().unwrap(),
        [("actor", b"doctor 7".as_slice()), ("purpose", b"TREAT"), ("subject", b"secret-subject")],
    );
    let columns =
        RowColumns { index: 0, time_us: 1, subject: Some(1), actor: 7, eid: &[1; 16], class: 2, sealed: b"sealed" };
    let head = EntryHead::new(&columns, commit(&salt, &fields).unwrap());
    let key = LogKey::generate("log.example/ward").unwrap();
    let mut tiles = MemoryTiles::default();
    let mut log = Sequencer::load("log.example/ward", 0, &tiles).unwrap();
    let staged = log.stage(1, &[head.encode(), b"next".to_vec()]).unwrap();
    tiles.put(&staged.tiles());
    log.committed(staged).unwrap();
    let verifier = key.verifier().unwrap();
    let shown = disclose(&salt, &fields, "purpose").unwrap();
    let evidence = Evidence { entry: head.encode(), disclosures: vec![shown.clone()] };
    let extra = evidence.encode().unwrap();
    assert!(!extra.windows(14).any(|w| w == b"secret-subject") && !extra.windows(8).any(|w| w == b"doctor 7"));
    let note = key.sign(&log.checkpoint()).unwrap();
    let file = TlogProof::make(&tiles, 0, &note, &verifier, Some(extra)).unwrap().to_string();
    let proved = Evidence::verify(file.as_bytes(), &verifier).unwrap();
    assert_eq!(
        (proved.head, proved.disclosures[0].name(), proved.disclosures[0].value()),
        (head, "purpose", b"TREAT".as_slice())
    );
    // Every single byte of what rides along matters.
    let extra = evidence.encode().unwrap();
    for at in 0..extra.len() {
        let mut changed = extra.clone();
        changed[at] ^= 1;
        let file = TlogProof::make(&tiles, 0, &note, &verifier, Some(changed)).unwrap().to_string();
        assert!(Evidence::verify(file.as_bytes(), &verifier).is_err(), "byte {at}");
    }
    assert!(matches!(shown.verify(&Hash([0; 32])), Err(LedgerError::DisclosureInvalid)));
    assert!(disclose(&salt, &fields, "nothing").is_err());
    assert!(commit(&salt, &[("a", b"1"), ("a", b"2")]).is_err());
    assert!(!format!("{shown:?}").contains("TREAT"));
    assert_ne!(commit(&Salt::random().unwrap(), &fields).unwrap(), head.commitment, "the salt hides");
}

fn all_parsers(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes, "a note has one spelling");
        let _ = Checkpoint::parse(&note.text);
    }
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes, "a proof has one spelling");
    }
    if let Ok(evidence) = Evidence::decode(bytes) {
        assert_eq!(evidence.encode().unwrap(), bytes);
    }
    if let Ok(head) = EntryHead::decode(bytes) {
        assert_eq!(head.encode(), bytes);
    }
    if let Ok(entries) = parse_bundle(bytes) {
        assert_eq!(bundle(&entries).unwrap(), bytes);
    }
    if let Ok(text) = str::from_utf8(bytes) {
        if let Ok(checkpoint) = Checkpoint::parse(text) {
            assert_eq!(checkpoint.to_string(), text);
        }
        if let Ok(vkey) = text.parse::<LogVerifier>() {
            assert_eq!(vkey.to_string(), text);
        }
        if let Some(tile) = TileId::parse_path(text) {
            assert_eq!(tile.path(), text);
        }
    }
    let verifier: LogVerifier = GOLDEN_VKEY.parse().unwrap();
    let _ = verifier.open(bytes);
    assert!(Evidence::verify(bytes, &verifier).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn parsers_are_total_on_arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        all_parsers(&bytes);
    }

    #[test]
    fn parsers_are_total_near_the_real_thing(
        which in 0_usize..5, at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 0..4), cut in 0_usize..5,
    ) {
        let proof = format!("c2sp.org/tlog-proof@v1\nextra eA==\nindex 1\n{GOLDEN_PATH}\n{GOLDEN_NOTE}");
        let texts = [C2SP_NOTE, C2SP_VKEY, GOLDEN_NOTE, &proof, "tile/0/x001/x234/067.p/8"];
        let mut bytes = texts[which].as_bytes().to_vec();
        let from = at.index(bytes.len());
        let to = (from + cut).min(bytes.len());
        bytes.splice(from..to, with);
        all_parsers(&bytes);
    }

    #[test]
    fn any_changed_bit_of_a_checkpoint_is_seen(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let verifier: LogVerifier = GOLDEN_VKEY.parse().unwrap();
        let mut bytes = GOLDEN_NOTE.as_bytes().to_vec();
        let i = at.index(bytes.len());
        bytes[i] ^= 1_u8 << bit;
        prop_assert!(verifier.open(&bytes).is_err());
    }

    #[test]
    fn any_field_can_be_disclosed(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8), at in any::<prop::sample::Index>()) {
        let names: Vec<String> = (0..values.len()).map(|i| format!("field {i}")).collect();
        let fields: Vec<(&str, &[u8])> = names.iter().map(String::as_str).zip(values.iter().map(Vec::as_slice)).collect();
        let salt = Salt::random().unwrap();
        let c = commit(&salt, &fields).unwrap();
        let i = at.index(fields.len());
        let shown: Disclosure = disclose(&salt, &fields, &names[i]).unwrap();
        shown.verify(&c).unwrap();
        prop_assert_eq!(shown.value(), &values[i][..]);
    }
}
