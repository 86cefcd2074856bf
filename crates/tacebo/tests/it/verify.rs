//! What `tacebo verify` says, in words and exit statuses, of whole, altered and foreign folders, and of proof files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;
use tacebo_fhir::speech::Fhir;
use tacebo_identity::Identity;
use tacebo_vault::{Door, Opening, Origin, PassphraseFile, ProofFile, Vault};

use crate::folder::{Folder, early_checkpoint, files};
use crate::program::{Program, run, verify, vkey};

/// Exit status and what was printed for people.
fn said(output: &Output) -> (i32, String) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), text)
}

fn verified<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> (i32, String) {
    let mut command = crate::program::tacebo();
    said(&command.args(["verify", "--lang", "en"]).args(args).output().unwrap())
}

#[test]
fn a_whole_log_is_called_whole_with_what_was_checked() {
    let folder = Folder::sample();
    let (status, text) = verified([folder.data()]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("The log is whole.") && text.contains("signed checkpoints verified"), "{text}");
    assert!(text.contains("No older checkpoint was given"), "{text}");
    let key = fs::read_to_string(folder.data().join("log.vkey")).unwrap();
    assert!(text.contains(key.trim()), "the key to compare is not shown: {text}");
    let early = early_checkpoint();
    let (status, text) = verified([folder.data().as_os_str(), "--checkpoint".as_ref(), early.as_os_str()]);
    assert_eq!(status, 0);
    assert!(text.contains("the log continues all of them"), "{text}");
    let output = run(["verify".as_ref(), folder.data().as_os_str(), "--lang".as_ref(), "zh".as_ref()]);
    let (status, chinese) = said(&output);
    assert_eq!(status, 0);
    assert!(chinese.contains("日志") && !chinese.contains("The log"), "{chinese}");
}

/// Every file of a folder with its bytes.
fn bytes_of(folder: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    files(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_stopped_folder_is_byte_for_byte_the_same_after_it_was_verified() {
    let folder = Folder::sample();
    let before = bytes_of(&folder.data());
    assert!(before.keys().all(|path| !path.to_string_lossy().ends_with("-wal")), "it was not stopped in order");
    let (status, text) = verified([folder.data()]);
    assert_eq!(status, 0, "{text}");
    assert!(bytes_of(&folder.data()) == before, "verifying changed the folder: {:?}", files(&folder.data()));
    // So it is when there is something to find.
    let database = Connection::open(folder.data().join("store.db")).unwrap();
    database.execute("UPDATE log_leaf SET actor = actor + 1 WHERE idx = 7", []).unwrap();
    database.close().unwrap();
    let before = bytes_of(&folder.data());
    assert_eq!(verified([folder.data()]).0, 1);
    assert!(bytes_of(&folder.data()) == before, "verifying changed the folder: {:?}", files(&folder.data()));
}

#[test]
fn an_altered_entry_is_named_in_words() {
    let folder = Folder::sample();
    let database = Connection::open(folder.data().join("store.db")).unwrap();
    database.execute("UPDATE log_leaf SET actor = actor + 1 WHERE idx = 41", []).unwrap();
    drop(database);
    let (status, text) = verified([folder.data()]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("The log is broken.") && text.contains("entry 41 was altered"), "{text}");
    let (status, found) = verify(&folder.data(), &[]);
    assert_eq!((status, &found["fault"]["code"]), (1, &json!("row-altered")), "{found}");
}

#[test]
fn of_what_is_no_house_nothing_is_said_but_that() {
    let folder = Folder::new();
    let empty = folder.data();
    let words = |path: &Path| {
        let (status, text) = verified([path]);
        assert_eq!(status, 2, "{}: {text}", path.display());
        assert!(text.contains("could not be checked"), "{text}");
        assert!(!text.contains("panicked"), "{text}");
    };
    words(&empty);
    fs::create_dir(&empty).unwrap();
    words(&empty);
    fs::write(empty.join("thesis.txt"), "years of work").unwrap();
    words(&empty);
    words(&empty.join("thesis.txt"));
    // Somebody else's database under our name.
    Connection::open(empty.join("store.db")).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    words(&empty);
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 2, "the check left something behind");
}

#[test]
fn another_log_or_key_or_note_is_not_taken_for_this_one() {
    let folder = Folder::sample();
    let early = fs::read_to_string(early_checkpoint()).unwrap();
    let with = |note: &str| {
        let path = folder.write("note.checkpoint", note);
        verified([folder.data().as_os_str(), "--checkpoint".as_ref(), path.as_os_str()])
    };
    assert_eq!(with(&early).0, 0);
    for wrong in [early.replacen("example", "exbmple", 1), String::new(), "no note".into(), early.replace('\n', "\r\n")]
    {
        let (status, text) = with(&wrong);
        assert_eq!(status, 2, "{text}");
        assert!(text.contains("older checkpoint"), "{text}");
    }
    // A key of another log of the same name signs nothing here.
    let other = tacebo_ledger::LogKey::generate("log.shili-hospital.example").unwrap().verifier().unwrap().to_string();
    let (status, text) = verified([folder.data().as_os_str(), "--vkey".as_ref(), other.as_ref()]);
    assert_ne!(status, 0, "{text}");
    let own = fs::read_to_string(folder.data().join("log.vkey")).unwrap();
    let (status, text) = verified([folder.data().as_os_str(), "--vkey".as_ref(), own.trim().as_ref()]);
    assert_eq!(status, 0, "{text}");
    assert!(!text.contains("read from the folder itself"), "{text}");
}

#[test]
fn a_folder_in_use_is_checked_beside_the_running_program() {
    let folder = Folder::sample();
    let program = Program::demo(&folder.data());
    let mut doctor = program.client("li.mingyuan", "TREAT");
    let path = format!("/fhir/Patient/{}", program.patient("own"));
    let before = verify(&folder.data(), &[]).1["entries"].as_u64().unwrap();
    for _ in 0..10 {
        assert_eq!(doctor.get(&path).unwrap().status, 200);
    }
    let (status, found) = verify(&folder.data(), &[&early_checkpoint()]);
    assert_eq!((status, found["entries"].as_u64().unwrap()), (0, before + 10), "{found}");
    assert_eq!(doctor.get(&path).unwrap().status, 200, "the check disturbed the program");
}

/// The proof of one entry, as its patient gets it.
fn proof_of(folder: &Folder, token: &str, index: u64) -> ProofFile {
    let data = folder.data();
    let passphrase = fs::read_to_string(data.join("custody/passphrase")).unwrap();
    let custodian = PassphraseFile::open(&data.join("custody/root.json"), passphrase.trim_end()).unwrap();
    let opening = Opening {
        dir: data,
        custodian: Arc::new(custodian),
        speeches: vec![Arc::new(Fhir::default())],
        clock: Arc::new(|| jiff::Timestamp::now().as_microsecond()),
        on_fatal: Arc::new(|why: &str| panic!("{why}")),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let vault = Vault::open(opening).unwrap();
        let identity = Identity::new(vault.clone()).unwrap();
        let origin = Origin { door: Door::Cli, address: None };
        let patient = identity.token(token).unwrap().unwrap().asker_for("PATRQT", origin).unwrap();
        vault.proof(&patient, index).await.unwrap().into_parts().0
    })
}

#[test]
fn a_proof_of_a_disclosure_holds_and_no_changed_byte_of_it_does() {
    let folder = Folder::sample();
    let program = Program::demo(&folder.data());
    let path = format!("/fhir/Patient/{}", program.patient("own"));
    let (index, leaf) = program.client("li.mingyuan", "TREAT").get(&path).unwrap().receipts().remove(0);
    let token = program.token("patient.own");
    program.stop();
    let proof = proof_of(&folder, &token, index);
    assert_eq!((proof.index, proof.vkey.trim()), (index, vkey(&folder.data()).to_string().as_str()));

    let check = |text: &str| {
        let file = folder.write("seen.tlog-proof", text);
        verified(["--proof".as_ref(), file.as_os_str(), "--vkey".as_ref(), proof.vkey.trim().as_ref()])
    };
    let (status, text) = check(&proof.text);
    assert_eq!(status, 0, "{text}");
    for words in ["The proof holds.", "TREAT", "read"] {
        assert!(text.contains(words), "{words} is missing: {text}");
    }
    // The proof is of the entry whose receipt came with the answer.
    let opened = tacebo_ledger::TlogProof::parse(proof.text.as_bytes()).unwrap();
    let evidence = tacebo_ledger::Evidence::decode(&opened.extra.unwrap()).unwrap();
    assert_eq!(tacebo_ledger::Hash::leaf(&evidence.entry).to_base64(), leaf);

    // In process for every byte, through the program for some.
    let key = vkey(&folder.data());
    let mut bytes = proof.text.clone().into_bytes();
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        assert!(tacebo_ledger::Evidence::verify(&bytes, &key).is_err(), "byte {at} of {}", bytes.len());
        if at % (bytes.len() / 12) == 0 {
            let (status, text) = check(&String::from_utf8_lossy(&bytes));
            assert_eq!(status, 1, "byte {at}: {text}");
            assert!(text.contains("The proof does not hold"), "{text}");
        }
        bytes[at] ^= 1;
    }
    // Without the key in the reader's own hand nothing is said.
    let file = folder.write("seen.tlog-proof", &proof.text);
    let (status, _) = verified(["--proof".as_ref(), file.as_os_str()]);
    assert_eq!(status, 2);
    let other = tacebo_ledger::LogKey::generate("log.shili-hospital.example").unwrap().verifier().unwrap().to_string();
    let (status, _) = verified(["--proof".as_ref(), file.as_os_str(), "--vkey".as_ref(), other.as_ref()]);
    assert_eq!(status, 1);
}
