//! The passphrase file through the suite; what is particular to it stands beside its code.

use crate::suite::{Kind, holds};
use tacebo_seal::{Custodian, Effort, PassphraseFile, Worth};

const PASS: &str = "静夜思 correct horse";

#[test]
fn the_passphrase_file_keeps_what_every_custodian_promises() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.keys");
    holds(&Kind {
        create: &|| Box::new(PassphraseFile::create(&path, PASS, Effort::LEAST).unwrap()),
        open: &|| Ok(Box::new(PassphraseFile::open(&path, PASS)?) as Box<dyn Custodian>),
        worth: Worth::File,
    });
}
