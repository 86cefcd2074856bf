//! Archives that somebody changed: what is broken is named, and nothing of it can be served.

use std::{fs, path::Path};

use tacebo_archive::{ArchiveError, Chain, verify};
use tacebo_objects::{At, Objects};

use crate::{
    files,
    house::{Home, House, PART, archive, open, restore, tally},
};

/// Three runs with everything in them.
fn made() -> (tempfile::TempDir, House) {
    let mut house = House::found(Home::folder());
    let (dir, objects) = archive();
    house.write((0..20).map(|id| (id, 1)));
    house.backup(&objects);
    house.write((0..5).map(|id| (id, 2)));
    house.backup(&objects);
    house.rework(&[3], &[5]);
    house.backup(&objects);
    (dir, house)
}

fn reopened(dir: &Path) -> Objects {
    Objects::open(&At::Folder(dir.to_owned())).unwrap()
}

fn checked(dir: &Path, house: &House) -> Result<(), ArchiveError> {
    let key = house.key.verifier().unwrap();
    Chain::read(&reopened(dir)).and_then(|chain| verify(&chain, Some(&key), &mut |_, _| {})).map(drop)
}

/// The archive is broken, the broken thing is named, and a restore of it never says that it is done.
fn is_found(dir: &Path, house: &House, changed: &Path, how: &str) {
    let name = changed.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
    let Err(fault) = checked(dir, house) else { panic!("{name} {how}") };
    assert!(fault.is_fault(), "{name} {how}: {fault}");
    let run = name.strip_prefix("runs/").and_then(|run| run.strip_suffix(".json")?.parse::<u64>().ok());
    let said = fault.to_string();
    let next = run.map(|run| format!("backup {}", run + 1));
    assert!(said.contains(&name) || next.is_some_and(|next| said.contains(&next)), "{name} {how}: {said}");
    let to = Home::folder();
    let restored = restore(&reopened(dir), &to.at);
    // Keys of older runs, and large documents that were taken out or sealed anew since, are not needed for a restore.
    if restored.is_ok() {
        assert_eq!(tally(&to.at), house.tally(), "{name} {how}");
        let (store, rids) = (open(&to.at), (1..=house.store.head(PART).unwrap()).collect::<Vec<_>>());
        let blobs = store.blobs_of(PART, &rids).unwrap();
        assert!(blobs.iter().flatten().all(|blob| store.read_blob(PART, blob).is_ok()), "{name} {how}");
    } else if let Ok(source) = tacebo_store::ArchiveSource::open(&to.at) {
        assert!(source.is_half_restored(PART).unwrap(), "{name} {how}");
    }
}

#[test]
fn a_changed_byte_is_found_wherever_it_is() {
    let (dir, house) = made();
    checked(dir.path(), &house).unwrap();
    for file in files(dir.path()) {
        let whole = fs::read(&file).unwrap();
        for place in [0, whole.len() / 3, whole.len() - 2] {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            fs::write(&file, bytes).unwrap();
            // The newest manifest is named by nothing in the archive: the log of the house names it.
            let newest = file.ends_with("runs/0000000003.json");
            if newest && checked(dir.path(), &house).is_ok() {
                continue;
            }
            is_found(dir.path(), &house, &file, "with another byte");
        }
        fs::write(&file, whole).unwrap();
    }
    checked(dir.path(), &house).unwrap();
}

#[test]
fn a_missing_or_swapped_object_is_found_and_named() {
    let (dir, house) = made();
    let all = files(dir.path());
    for (place, file) in all.iter().enumerate() {
        let whole = fs::read(file).unwrap();
        let other = fs::read(&all[(place + 1) % all.len()]).unwrap();
        if other != whole {
            fs::write(file, other).unwrap();
            is_found(dir.path(), &house, file, "with another object's bytes");
        }
        fs::remove_file(file).unwrap();
        let newest = file.ends_with("runs/0000000003.json");
        let old_keys = file.to_string_lossy().contains("/keys/") && !file.to_string_lossy().contains("keys/0000000003");
        if newest {
            // What is left is the archive of the run before; that it is older than what was seen is told by the witness.
            assert_eq!(Chain::read(&reopened(dir.path())).unwrap().runs.len(), 2);
        } else if old_keys {
            checked(dir.path(), &house).unwrap();
        } else {
            is_found(dir.path(), &house, file, "gone");
        }
        fs::write(file, whole).unwrap();
    }
    checked(dir.path(), &house).unwrap();
}

#[test]
fn a_log_that_another_key_signed_is_not_this_house_s() {
    let (dir, _) = made();
    let other = tacebo_ledger::LogKey::generate(crate::ORIGIN).unwrap().verifier().unwrap();
    let chain = Chain::read(&reopened(dir.path())).unwrap();
    assert!(matches!(verify(&chain, Some(&other), &mut |_, _| {}), Err(ArchiveError::Log { .. })));
}
