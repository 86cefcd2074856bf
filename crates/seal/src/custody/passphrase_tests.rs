// Included once for each suite, as `SUITE`.

use crate::custody::passphrase::*;
use std::fs;

const PASS: &str = "静夜思 correct horse";

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.keys");
    (folder, path)
}

fn made(path: &Path) -> PassphraseFile {
    PassphraseFile::create(path, PASS, Effort::LEAST, SUITE).unwrap()
}

#[test]
fn root_keys_come_back_with_the_passphrase_and_only_with_it() {
    let (_folder, path) = place();
    let wrapped = made(&path).wrap(Realm(1), 1, &[9; 32]).unwrap();
    let open = PassphraseFile::open(&path, PASS).unwrap();
    assert_eq!(*open.unwrap(Realm(1), 1, &wrapped).unwrap(), vec![9; 32]);
    let error = PassphraseFile::open(&path, "another passphrase").unwrap_err();
    assert!(matches!(error, SealError::WrongPassphrase));
    assert!(error.to_string().starts_with("wrong passphrase"));
}

#[test]
fn a_wrapped_key_opens_in_its_realm_and_epoch_only() {
    let (_folder, path) = place();
    let custodian = made(&path);
    let wrapped = custodian.wrap(Realm(1), 1, &[9; 32]).unwrap();
    custodian.turn().unwrap();
    assert!(custodian.unwrap(Realm(2), 1, &wrapped).is_err());
    assert!(custodian.unwrap(Realm(1), 2, &wrapped).is_err());
    assert!(custodian.unwrap(Realm(1), 1, &wrapped).is_ok());
    assert!(matches!(custodian.wrap(Realm(1), 3, &[9; 32]), Err(SealError::EpochGone(3))));
}

#[test]
fn epochs_turn_and_are_destroyed_durably() {
    let (_folder, path) = place();
    let custodian = made(&path);
    let wrapped = custodian.wrap(Realm(1), 1, &[9; 32]).unwrap();
    assert_eq!(custodian.turn().unwrap(), 2);
    assert_eq!(custodian.turn().unwrap(), 3);
    let receipt = custodian.destroy(1).unwrap();
    assert_eq!((receipt.epoch(), receipt.worth()), (1, Worth::File));
    assert!(receipt.to_string().contains(&hex::encode(receipt.fingerprint())));
    assert!(matches!(custodian.destroy(1), Err(SealError::EpochGone(1))));
    assert!(matches!(custodian.destroy(3), Err(SealError::EpochInUse(3))));

    let again = PassphraseFile::open(&path, PASS).unwrap();
    assert_eq!((again.epoch(), again.epochs()), (3, vec![2, 3]));
    assert!(matches!(again.unwrap(Realm(1), 1, &wrapped), Err(SealError::EpochGone(1))));
}

#[test]
fn receipts_of_two_epochs_carry_two_fingerprints() {
    let (_folder, path) = place();
    let custodian = made(&path);
    custodian.turn().unwrap();
    custodian.turn().unwrap();
    let first = custodian.destroy(1).unwrap();
    let second = custodian.destroy(2).unwrap();
    assert_ne!(first.fingerprint(), second.fingerprint());
}

#[test]
fn the_file_shows_neither_key_nor_passphrase() {
    let (_folder, path) = place();
    let custodian = made(&path);
    let bytes = fs::read(&path).unwrap();
    let root = custodian.state().roots.keys[&1].bytes().to_owned();
    let shows = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
    assert!(!shows(&root) && !shows(PASS.as_bytes()));
    assert!(!shows(hex::encode(root).as_bytes()));
    assert!(!format!("{custodian:?}").contains(&format!("{:?}", &root[..4])));
}

#[test]
#[cfg(unix)]
fn only_the_owner_may_read_the_file_also_after_it_was_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = place();
    let custodian = made(&path);
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    custodian.turn().unwrap();
    assert_eq!(mode(), 0o600);
    // Nothing but the file and its lock is left behind.
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["root.keys", "root.keys.lock"]);
}

#[test]
fn an_existing_file_is_never_replaced_by_a_new_one() {
    let (_folder, path) = place();
    made(&path);
    let before = fs::read(&path).unwrap();
    assert!(matches!(PassphraseFile::create(&path, PASS, Effort::LEAST, SUITE), Err(SealError::CustodyExists)));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_another_process_turned_is_not_overwritten() {
    let (_folder, path) = place();
    let one = made(&path);
    let two = PassphraseFile::open(&path, PASS).unwrap();
    two.turn().unwrap();
    assert!(matches!(one.turn(), Err(SealError::CustodyChanged)));
    assert_eq!(one.epoch(), 1);
    assert_eq!(PassphraseFile::open(&path, PASS).unwrap().epochs(), [1, 2]);
}

#[test]
fn when_the_file_cannot_be_written_memory_stays_as_it_was() {
    let (folder, path) = place();
    let custodian = made(&path);
    drop(folder);
    assert!(matches!(custodian.turn(), Err(SealError::Io { .. })));
    assert_eq!((custodian.epoch(), custodian.epochs()), (1, vec![1]));
}

#[test]
fn a_changed_passphrase_opens_the_same_keys_and_the_old_one_no_more() {
    let (_folder, path) = place();
    let custodian = made(&path);
    let wrapped = custodian.wrap(Realm(1), 1, &[9; 32]).unwrap();
    custodian.change_passphrase("a longer, newer passphrase", Effort::LEAST).unwrap();
    // Still usable for writing with the new key.
    custodian.turn().unwrap();
    assert!(PassphraseFile::open(&path, PASS).is_err());
    let again = PassphraseFile::open(&path, "a longer, newer passphrase").unwrap();
    assert_eq!(again.epochs(), [1, 2]);
    assert!(again.unwrap(Realm(1), 1, &wrapped).is_ok());
}

#[test]
fn weak_passphrases_and_weak_or_absurd_efforts_are_refused() {
    let (_folder, path) = place();
    let create = |pass, effort| PassphraseFile::create(&path, pass, effort, SUITE).unwrap_err();
    assert!(matches!(create("seven77", Effort::LEAST), SealError::PassphraseTooShort { least: 8 }));
    for effort in [
        Effort { memory_kib: 1024, ..Effort::LEAST },
        Effort { passes: 1, ..Effort::LEAST },
        Effort { lanes: 0, ..Effort::LEAST },
        Effort { memory_kib: u32::MAX, ..Effort::LEAST },
        Effort { passes: u32::MAX, ..Effort::LEAST },
    ] {
        assert!(matches!(create(PASS, effort), SealError::Effort));
    }
    assert!(!path.exists());
}

#[test]
fn a_changed_file_is_refused_whatever_was_changed() {
    let (_folder, path) = place();
    made(&path);
    let good: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let open_with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json = good.clone();
        change(&mut json);
        fs::write(&path, json.to_string()).unwrap();
        PassphraseFile::open(&path, PASS).map(|_| ())
    };
    assert!(open_with(&|_| ()).is_ok());
    assert!(open_with(&|j| j["effort"]["passes"] = 3.into()).is_err());
    assert!(open_with(&|j| j["effort"]["passes"] = 1.into()).is_err());
    assert!(open_with(&|j| j["salt"] = "00".repeat(16).into()).is_err());
    assert!(open_with(&|j| j["salt"] = "00".into()).is_err());
    assert!(open_with(&|j| j["format"] = "tacebo-root-keys/v2".into()).is_err());
    assert!(open_with(&|j| j["kdf"] = "none".into()).is_err());
    for other in ["international", "shangmi", "none"].into_iter().filter(|name| *name != SUITE.name()) {
        assert!(open_with(&|j| j["suite"] = other.into()).is_err());
    }
    assert!(open_with(&|j| j["extra"] = 1.into()).is_err());
    assert!(open_with(&|j| j["sealed"] = "".into()).is_err());
    let sealed = BASE64.decode(good["sealed"].as_str().unwrap()).unwrap();
    for at in [0, 24, 56, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(open_with(&|j| j["sealed"] = BASE64.encode(&changed).into()).is_err());
    }
    fs::write(&path, b"not json").unwrap();
    assert!(matches!(PassphraseFile::open(&path, PASS), Err(SealError::CustodyDamaged(_))));
}

#[test]
fn a_key_list_that_is_not_whole_is_refused() {
    assert!(Roots::decode(&[]).is_err());
    assert!(Roots::decode(&1u32.to_be_bytes()).is_err());
    let whole = Roots { current: 7, keys: BTreeMap::from([(7, Secret::random().unwrap())]) }.encode();
    assert_eq!(Roots::decode(&whole).unwrap().current, 7);
    for at in 0..whole.len() {
        assert!(Roots::decode(&whole[..at]).is_err());
    }
}
