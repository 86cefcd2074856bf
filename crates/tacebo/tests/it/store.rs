//! `tacebo store`: which version the tables have, what is missing, and a store of a newer program.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};
use tacebo_testbed::Postgres;

use crate::folder::Folder;
use crate::keys::house::House;
use crate::place::Place;
use crate::program::{Program, tacebo};

/// Exit status, the JSON line, and what was said besides.
fn store(config: &Path, args: &[&str]) -> (bool, Value, String) {
    let output = tacebo().arg("store").args(args).arg("--config").arg(config).output().unwrap();
    let line = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), line, String::from_utf8(said).unwrap())
}

fn up_to_date(config: &Path) {
    let (fine, found, said) = store(config, &["status", "--json"]);
    assert!(fine && found["found"] == found["known"] && found["missing"] == json!([]), "{said}");
    for (args, done) in [(&["migrate", "--dry-run", "--json"][..], "tried"), (&["migrate", "--json"], "applied")] {
        let (fine, found, said) = store(config, args);
        assert!(fine && found["done"] == done && found["stops"] == false, "{said}");
    }
    let (_, _, said) = store(config, &["status", "--lang", "en"]);
    assert!(said.contains("Nothing is missing"), "{said}");
    assert!(store(config, &["status", "--lang", "zh"]).2.contains("无需升级"));
}

fn refused_as_newer(config: &Path) {
    for args in [&["status"][..], &["migrate", "--dry-run"], &["migrate"]] {
        let (fine, _, said) = store(config, args);
        let sentence = "the store has schema 99, this program knows up to";
        assert!(!fine && said.contains(sentence) && said.lines().count() == 1, "{said}");
    }
    let said = Program::serve(config).err().unwrap();
    assert!(said.contains("start the newer program"), "{said}");
}

#[test]
fn the_version_of_a_folder_is_told_and_a_newer_one_is_left_alone() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    up_to_date(&house.config);
    // Beside the running program it can be looked at, and nothing done.
    let program = Program::serve(&house.config).unwrap();
    assert!(store(&house.config, &["status"]).0);
    let (fine, _, said) = store(&house.config, &["migrate"]);
    assert!(!fine && said.contains("stop it first"), "{said}");
    program.stop();
    let raw = Connection::open(folder.data().join("store.db")).unwrap();
    raw.execute("INSERT INTO schema_version VALUES (99, 0)", []).unwrap();
    drop(raw);
    let before = house.bytes();
    refused_as_newer(&house.config);
    house.unchanged(&before);

    let empty = Folder::new();
    let house = House::of(&empty);
    let (fine, found, said) = store(&house.config, &["status", "--json"]);
    assert!(fine && found["found"] == 0, "{said}");
    assert!(found["missing"][0]["statements"].as_str().unwrap().contains("CREATE TABLE document"));
    assert!(!store(&house.config, &["migrate"]).0);
    assert!(!empty.data().exists());
}

#[test]
fn the_version_of_a_database_is_told_and_a_newer_one_is_left_alone() {
    let place = Place::postgres(Postgres::start());
    up_to_date(&place.file("tacebo.toml"));
    place.run("INSERT INTO schema_version VALUES (99, 0)");
    refused_as_newer(&place.file("tacebo.toml"));
    assert_eq!(place.run("SELECT count(*) FROM schema_version WHERE version > 0"), "2");
}
