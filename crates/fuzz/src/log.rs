//! What `tacebo verify` and a patient's own check read: files and tables that anybody may have had in hand.

use tacebo_ledger::audit::audit;
use tacebo_ledger::{EntryHead, Evidence, LogVerifier, TlogProof, parse_bundle};

use crate::tables::{Stored, WHOLE};

/// The first byte says what the rest is: a file as it comes, or changes to one that holds. Changes are triples of
/// bytes: where (two), and what is turned there.
pub fn log(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    match choice % 5 {
        0 => any_file(rest),
        1 => proof(&changed(&WHOLE.proof, rest)),
        2 => checkpoint(rest),
        3 => tables(rest),
        _ => {
            let changed = changed(&WHOLE.bundle, rest);
            if let Ok(entries) = parse_bundle(&changed) {
                let again = tacebo_ledger::bundle(&entries).expect("what was parsed is written");
                assert_eq!(again, changed, "a bundle reads as another one");
            }
        }
    }
}

/// Nothing that is read panics, and nothing unsigned verifies.
fn any_file(bytes: &[u8]) {
    let _ = (TlogProof::parse(bytes), Evidence::decode(bytes), EntryHead::decode(bytes), parse_bundle(bytes));
    let _ = WHOLE.verifier.open_note(bytes);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(verifier) = text.parse::<LogVerifier>()
    {
        assert_eq!(verifier.to_string(), text, "a key reads as another one");
    }
    proof(bytes);
}

fn changed(whole: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for change in changes.chunks_exact(3) {
        let [high, low, turn] = *change else { continue };
        let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= turn;
        }
    }
    bytes
}

/// A file that verifies, however it was changed, proves only what was logged.
fn proof(file: &[u8]) {
    let Ok(proved) = Evidence::verify(file, &WHOLE.verifier) else { return };
    let entries = WHOLE.stored.rows.iter().map(|row| EntryHead::decode(&row.entry));
    let logged = entries.flatten().any(|head| head == proved.head);
    assert!(logged, "a proof of an entry that was never logged");
    let signed = WHOLE.stored.checkpoints.iter().filter_map(|(_, note)| WHOLE.verifier.open(note).ok());
    assert!(signed.into_iter().any(|one| one == proved.checkpoint), "a checkpoint that was never signed");
    for shown in &proved.disclosures {
        let true_ones = WHOLE.fields.iter();
        let is_true = true_ones.clone().any(|(name, value)| *name == shown.name() && *value == shown.value());
        assert!(is_true, "a field that was never logged");
    }
}

/// A checkpoint that opens is one that was signed.
fn checkpoint(changes: &[u8]) {
    for (_, note) in &WHOLE.stored.checkpoints {
        let turned = changed(note, changes);
        if let Ok(opened) = WHOLE.verifier.open(&turned) {
            let signed = WHOLE.verifier.open(note).expect("a signed checkpoint opens");
            assert_eq!(opened, signed, "another checkpoint has the log's signature");
        }
    }
}

/// Tables of which any byte is another do not verify as whole.
fn tables(changes: &[u8]) {
    let mut stored: Stored = WHOLE.stored.clone();
    for change in changes.chunks_exact(5) {
        let [table, high, low, at, turn] = *change else { continue };
        let row = usize::from(u16::from_be_bytes([high, low]));
        let bytes = match table % 6 {
            0 => stored.rows.get_mut(row).map(|row| &mut row.entry),
            1 => stored.rows.get_mut(row).map(|row| &mut row.sealed),
            2 => stored.rows.get_mut(row).map(|row| &mut row.eid),
            3 => stored.tiles.values_mut().nth(row),
            4 => stored.checkpoints.get_mut(row).map(|(_, note)| note),
            _ => Some(&mut stored.state.root),
        };
        let Some(bytes) = bytes else { continue };
        if turn == 0 {
            bytes.truncate(usize::from(at));
        } else if let Some(byte) = bytes.get_mut(usize::from(at)) {
            *byte ^= turn;
        }
    }
    let kept = WHOLE.stored.checkpoints.first().map(|(_, note)| note.as_slice()).unwrap_or_default();
    let found = audit(&stored, &WHOLE.verifier, &[kept], &mut |_| ());
    assert_eq!(found.is_ok(), stored == WHOLE.stored, "altered tables verify, or whole ones do not");
}
