//! The passphrase file through the suite; what is particular to it stands beside its code.

use crate::suite::{Kind, holds};
use tacebo_seal::{Custodian, Effort, PassphraseFile, Suite, Worth};

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
