//! The passphrase file through the suite, and as several programs share one.

use crate::suite::{Kind, holds};
use tacebo_seal::{Custodian, Effort, PassphraseFile, SealError, Suite, Worth};

const PASS: &str = "静夜思 correct horse";

#[test]
fn the_passphrase_file_keeps_what_every_custodian_promises_in_either_suite() {
    for suite in Suite::ALL {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.keys");
        holds(&Kind {
            create: &|| Box::new(PassphraseFile::create(&path, PASS, Effort::LEAST, suite).unwrap()),
            open: &|| Ok(Box::new(PassphraseFile::open(&path, PASS)?) as Box<dyn Custodian>),
            worth: Worth::File,
        });
    }
}

#[test]
fn a_file_that_another_program_went_on_with_is_followed_and_a_copy_of_before_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.keys");
    drop(PassphraseFile::create(&path, PASS, Effort::LEAST, Suite::International).unwrap());
    let [one, other] = [0, 1].map(|_| PassphraseFile::open(&path, PASS).unwrap());
    let first = one.epoch();
    let before = std::fs::read(&path).unwrap();
    let second = one.turn().unwrap();
    let between = std::fs::read(&path).unwrap();
    other.answers().unwrap();
    assert_eq!((other.epoch(), other.epochs()), (second, vec![first, second]));
    one.destroy(first).unwrap();
    other.answers().unwrap();
    assert_eq!(other.epochs(), [second], "the destroyed key is in nobody's memory");
    // Put back, either would bring the destroyed key back.
    for copy in [before, between] {
        std::fs::write(&path, copy).unwrap();
        assert!(matches!(other.answers(), Err(SealError::CustodyChanged)));
        assert_eq!((other.epoch(), other.epochs()), (second, vec![second]));
    }
}
