//! `tacebo keys`: root keys are turned, moved, split and brought back, stopped anywhere and gone on with.

#[cfg(target_os = "linux")]
mod absent;
#[expect(dead_code, reason = "the suite of custodians uses more of it")]
#[path = "../../../seal/tests/custody/bao.rs"]
mod bao;
pub(crate) mod house;
mod module;
mod service;
mod serving;
mod shares;
#[cfg(target_os = "linux")]
pub(crate) mod shred;
#[cfg(target_os = "linux")]
mod terms;

use std::fs;
use std::thread;
use std::time::Duration;

use crate::folder::Folder;
use crate::program::{Program, tacebo, verify};
use house::{House, file, keys, reads, says};

#[test]
fn status_says_who_holds_the_root_keys_and_what_its_word_is_worth() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let found = house.status();
    assert_eq!([&found["custodian"], &found["worth"]], ["file", "file"]);
    assert_eq!(found["epochs"][0]["in_use"], true);
    let said = says(&house.config, ["status"]);
    assert!(said.contains("root.json") && said.contains("Whoever kept a copy of the older file"), "{said}");
    assert!(said.contains(found["epochs"][0]["fingerprint"].as_str().unwrap()), "{said}");
    let said = says(&house.config, ["status", "--lang", "zh"]);
    assert!(said.contains("根密钥第 1 代") && said.contains("旧文件副本"), "{said}");
    // It runs beside the program.
    let program = Program::serve(&house.config).unwrap();
    assert_eq!(house.status(), found);
    program.stop();
}

#[test]
fn a_turn_leaves_the_old_root_key_worthless_and_the_data_readable() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let old = fs::read(house.root()).unwrap();
    let said = says(&house.config, ["turn"]);
    assert!(said.contains("Root epoch 2 is in use") && said.contains("Root epoch 1 is destroyed"), "{said}");
    assert_eq!(house.epochs(), [2]);
    reads(&house);
    let log = house.log();
    assert!(log.iter().any(|detail| detail == "root epoch 2 in use instead of 1"), "{log:?}");
    assert!(log.iter().any(|detail| detail.starts_with("root epoch 1 destroyed (file), key ")), "{log:?}");
    // The kept file opens with its passphrase, and opens nothing of the house.
    fs::write(house.root(), old).unwrap();
    assert_eq!(house.epochs(), [1]);
    assert!(Program::serve(&house.config).err().unwrap().contains("root epoch 2 is not held"));
}

#[test]
fn nothing_is_turned_under_a_running_program() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let program = Program::serve(&house.config).unwrap();
    let output = keys(&house.config, ["turn"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("on its page of root keys"));
    program.stop();
    assert_eq!(house.epochs(), [1]);
    reads(&house);
}

/// What a stop leaves, made by hand: after the new key; after the rows; after the destruction, before its entry.
#[test]
fn a_turn_that_was_stopped_between_two_steps_is_gone_on_with() {
    for stopped_after in 1..=3 {
        let folder = Folder::sample();
        let house = House::of(&folder);
        house.stop_a_turn_after(stopped_after);
        let said = says(&house.config, ["turn"]);
        assert!(said.contains("Root epoch 2 is in use") && said.contains("This finished a turn"), "{said}");
        assert_eq!(house.epochs(), [2], "stopped after step {stopped_after}");
        let log = house.log();
        let told = if stopped_after > 2 { "root epoch 1 found destroyed" } else { "root epoch 1 destroyed (file)" };
        assert_eq!(log.iter().filter(|detail| detail.starts_with(told)).count(), 1, "{log:?}");
        reads(&house);
        // Nothing is left to finish.
        assert!(says(&house.config, ["turn"]).contains("Root epoch 3 is in use"));
    }
}

#[test]
fn the_program_goes_on_by_itself_with_a_turn_that_was_stopped_between_two_steps() {
    for stopped_after in 1..=3 {
        let folder = Folder::sample();
        let house = House::of(&folder);
        house.stop_a_turn_after(stopped_after);
        let program = Program::serve(&house.config).unwrap();
        // It is at it while it serves.
        house.settles();
        program.stop();
        assert_eq!(house.epochs(), [2], "stopped after step {stopped_after}");
        let log = house.log();
        let told = if stopped_after > 2 { "root epoch 1 found destroyed" } else { "root epoch 1 destroyed (file)" };
        assert_eq!(log.iter().filter(|detail| detail.starts_with(told)).count(), 1, "{log:?}");
        reads(&house);
    }
}

#[test]
fn a_turn_killed_at_any_moment_loses_nothing() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let rounds: u64 = if crate::long() { 200 } else { 8 };
    for round in 0..rounds {
        let mut child = keys(&house.config, ["turn"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(round * 97 % 800));
        let _ = child.kill();
        child.wait().unwrap();
        let epochs = house.epochs();
        assert!((1..=2).contains(&epochs.len()), "{epochs:?}");
    }
    says(&house.config, ["turn"]);
    assert_eq!(house.epochs().len(), 1);
    reads(&house);
    assert_eq!(verify(&folder.data(), &[]).0, 0);
}

#[test]
fn a_changed_passphrase_is_in_force_and_the_one_before_no_more() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let passphrase = || fs::read_to_string(house.passphrase()).unwrap();
    let first = passphrase();
    says(&house.config, ["change-passphrase"]);
    let second = passphrase();
    assert_ne!(first, second);
    let given = folder.write("given", "一个很长的新口令\n");
    says(&house.config, ["change-passphrase", "--new", given.to_str().unwrap()]);
    assert_eq!(passphrase(), "一个很长的新口令\n");
    reads(&house);
    for old in [first, second] {
        assert!(file(&house.root(), old.trim()).is_err());
    }
    let short = folder.write("short", "short");
    let output = keys(&house.config, ["change-passphrase", "--new", short.to_str().unwrap()]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("at least 8 characters"));
    reads(&house);
}

#[test]
fn a_change_of_passphrase_that_was_stopped_is_gone_on_with() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let next = house.passphrase().with_file_name("passphrase.next");
    let old = fs::read_to_string(house.passphrase()).unwrap();
    // Stopped before the key file was sealed anew: what lies beside was never in force.
    fs::write(&next, "never in force\n").unwrap();
    says(&house.config, ["change-passphrase"]);
    let now = fs::read_to_string(house.passphrase()).unwrap();
    assert!(now != old && now != "never in force\n" && !next.exists());
    // Stopped after it.
    let keys = file(&house.root(), now.trim()).unwrap();
    keys.change_passphrase("already in force", tacebo_seal::Effort::LEAST).unwrap();
    fs::write(&next, "already in force\n").unwrap();
    says(&house.config, ["change-passphrase"]);
    assert_eq!(fs::read_to_string(house.passphrase()).unwrap(), "already in force\n");
    assert!(!next.exists());
    reads(&house);
    // And when another is asked for, the one that was in force still opens the way to it.
    file(&house.root(), "already in force")
        .unwrap()
        .change_passphrase("in force as well", tacebo_seal::Effort::LEAST)
        .unwrap();
    fs::write(&next, "in force as well\n").unwrap();
    let given = folder.write("given", "the one that was asked for\n");
    says(&house.config, ["change-passphrase", "--new", given.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(house.passphrase()).unwrap(), "the one that was asked for\n");
    reads(&house);
}

#[test]
fn a_house_without_its_custodian_does_not_start_says_why_and_writes_nothing() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let before = house.bytes();
    let refused = |what: &str| {
        let output = tacebo().arg("serve").arg("--config").arg(&house.config).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(what), "{said}");
        assert!(said.lines().last().unwrap().starts_with("tacebo: ") && !said.contains("panicked"), "{said}");
    };
    let (root, passphrase) = (fs::read(house.root()).unwrap(), fs::read(house.passphrase()).unwrap());
    fs::remove_file(house.passphrase()).unwrap();
    refused("the passphrase file");
    fs::write(house.passphrase(), "another passphrase").unwrap();
    refused("wrong passphrase");
    fs::write(house.passphrase(), passphrase).unwrap();
    fs::remove_file(house.root()).unwrap();
    refused("root.json");
    fs::write(house.root(), b"{}").unwrap();
    refused("not a root key file");
    fs::write(house.root(), root).unwrap();
    house.unchanged(&before);
    reads(&house);
}
