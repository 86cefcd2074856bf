//! The root key on paper.

use std::fs;
use std::path::PathBuf;

use super::house::{House, config, reads, refuses, says};
use crate::folder::Folder;
use crate::program::Program;

fn made(folder: &Folder, house: &House, name: &str) -> Vec<PathBuf> {
    let out = folder.file(name);
    let said =
        says(&house.config, ["recovery", "make", "--shares", "5", "--need", "3", "--out", out.to_str().unwrap()]);
    assert!(said.contains("Any 3 of them"), "{said}");
    let mut files: Vec<_> = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 5);
    files
}

fn lost(house: &House) {
    fs::remove_file(house.root()).unwrap();
    fs::remove_file(house.passphrase()).unwrap();
}

fn restore<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Vec<&'a str> {
    ["recovery", "restore"].into_iter().chain(files.into_iter().map(|file| file.to_str().unwrap())).collect()
}

#[test]
fn three_shares_bring_a_house_back_whose_root_key_file_and_passphrase_are_lost() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    // Made while the program runs.
    let program = Program::serve(&house.config).unwrap();
    let files = made(&folder, &house, "shares");
    program.stop();
    let text = fs::read_to_string(&files[1]).unwrap();
    assert!(text.contains("TACEBO RECOVERY SHARE") && text.contains("share: 2 of 5, any 3"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&files[1]).unwrap().permissions().mode() & 0o777, 0o600);
    }
    lost(&house);
    assert!(Program::serve(&house.config).is_err());
    let said = says(&house.config, restore([&files[4], &files[0], &files[2]]));
    assert!(said.contains("The data open with it."), "{said}");
    assert_eq!(house.epochs(), [1]);
    reads(&house);
    assert!(refuses(&house.config, restore(&files)).contains("already"));
}

#[test]
fn shares_that_cannot_help_say_why_and_make_nothing() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let before = made(&folder, &house, "before");
    says(&house.config, ["turn"]);
    let after = made(&folder, &house, "after");
    lost(&house);
    let refused = |files: &[&PathBuf], why: &str| {
        let said = refuses(&house.config, restore(files.iter().copied()));
        assert!(said.contains(why), "{said}");
        assert!(!house.root().exists());
    };
    refused(&[&after[0], &after[1]], "2 different shares were given and 3 are needed");
    refused(&[&after[0], &after[1], &after[1]], "2 different shares");
    refused(&[&after[0], &after[1], &before[2]], "differ in `root-epoch`");
    let typed = folder.file("typed");
    let text = fs::read_to_string(&after[2]).unwrap();
    fs::write(&typed, text.replace("any 3", "any 2")).unwrap();
    refused(&[&after[0], &after[1], &typed], "`share` of this recovery share is mistyped");
    fs::write(&typed, "hello").unwrap();
    refused(&[&after[0], &after[1], &typed], "this is no recovery share");
    // Whole shares of a root key that the data have left: they say so, and the right ones still help.
    let said = refuses(&house.config, restore(before.iter().take(3)));
    assert!(said.contains("the data do not open with it") && said.contains("root epoch 2"), "{said}");
    fs::remove_file(house.root()).unwrap();
    says(&house.config, restore(after.iter().skip(1).take(3)));
    reads(&house);
}

#[test]
fn senseless_plans_and_a_folder_with_shares_in_it_are_refused() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let out = folder.file("shares");
    let make = |shares, need| {
        refuses(&house.config, ["recovery", "make", "--shares", shares, "--need", need, "--out", out.to_str().unwrap()])
    };
    assert!(make("1", "1").contains("2 to 32 shares"));
    assert!(make("3", "4").contains("2 to 32 shares"));
    assert!(!out.exists());
    made(&folder, &house, "shares");
    assert!(make("5", "3").contains("is there already"));
    let elsewhere =
        config(&folder, "module.toml", "[custody.pkcs11]\nlibrary = \"no.so\"\ntoken = \"t\"\npin-file = \"pin\"");
    assert!(refuses(&elsewhere, restore([&out])).contains("the module's own backup"));
}
