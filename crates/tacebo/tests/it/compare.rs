//! Documents and log compared (STO-06): on a real house nothing is found, and whatever somebody with the database in his
//! hands does to a document is found and named.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use tacebo_vault::{Comparison, Unlike};

use crate::folder::Folder;
use crate::keys::house::House;
use crate::program::Program;

/// The sample hospital with a document of three versions, one that was deleted, and sixty that came at once.
fn house() -> (Folder, House) {
    let folder = Folder::sample();
    let program = Program::demo(&folder.data());
    let mut gateway = program.gateway();
    let observation = |id: &str, text: &str| {
        let code = json!({ "text": text });
        json!({ "resourceType": "Observation", "id": id, "status": "final", "code": code, "subject": { "reference": "Patient/pat-0001" } })
    };
    for text in ["one", "two", "three"] {
        let put = gateway.put("/fhir/Observation/thrice", &observation("thrice", text)).unwrap();
        assert!(matches!(put.status, 200 | 201), "{}", put.text());
    }
    assert_eq!(gateway.put("/fhir/Observation/gone", &observation("gone", "was")).unwrap().status, 201);
    assert_eq!(gateway.delete("/fhir/Observation/gone").unwrap().status, 204);
    let entries: Vec<_> = (0..60)
        .map(|n| {
            let id = format!("many-{n}");
            json!({ "resource": observation(&id, "many"), "request": { "method": "PUT", "url": format!("Observation/{id}") } })
        })
        .collect();
    let many = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
    assert_eq!(gateway.post("/fhir", &many).unwrap().status, 200);
    drop(gateway);
    program.stop();
    let house = House::of(&folder);
    (folder, house)
}

/// One comparison of a house that is stopped.
pub(crate) fn compare(house: &House) -> Comparison {
    house.inside(async |vault, asker| vault.compare(asker, Duration::ZERO).await.unwrap())
}

#[test]
fn sto_06_every_document_of_a_house_fits_its_log_and_the_result_is_kept() {
    let (folder, house) = house();
    let found = compare(&house);
    assert_eq!(found.unlike, None);
    let raw = Connection::open(folder.data().join("store.db")).unwrap();
    let there: i64 = raw.query_row("SELECT count(*) FROM document", [], |row| row.get(0)).unwrap();
    assert_eq!(found.versions, there.cast_unsigned());
    assert!(found.entries > 60, "{found:?}");
    house.inside(async |vault, _| assert_eq!(vault.compared().unwrap().last, Some(found.clone())));
    assert!(house.log().iter().any(|detail| detail.starts_with("documents compared: {")));
}

type Expected<'a> = &'a dyn Fn(&Unlike) -> bool;

#[test]
fn sto_06_whatever_is_done_to_a_document_in_the_database_is_found() {
    // The document of three versions, the deletion, and one of those that came at once, by their places.
    const NAMES: &str =
        "CREATE TEMP VIEW seen AS SELECT d.* FROM document d JOIN kind k ON k.no = d.kind WHERE k.name = 'Observation';
        CREATE TEMP VIEW thrice AS SELECT rid FROM seen WHERE id = (SELECT id FROM seen WHERE version = 3)";
    const FIRST: &str = "(SELECT min(rid) FROM thrice)";
    const NEWEST: &str = "(SELECT max(rid) FROM thrice)";
    const TOMBSTONE: &str = "(SELECT rid FROM seen WHERE deleted)";
    const MANY: &str = "(SELECT max(rid) - 7 FROM seen)";
    const CURRENT: i64 = i64::MAX;
    let unreadable = |found: &Unlike| matches!(found, Unlike::Unreadable { .. });
    let changed = |found: &Unlike| matches!(found, Unlike::Changed { .. });
    let missing = |found: &Unlike| matches!(found, Unlike::Missing { .. });
    let misplaced = |found: &Unlike| matches!(found, Unlike::Misplaced { .. });
    let unrecorded = |found: &Unlike| matches!(found, Unlike::Unrecorded { .. });
    let entry = |found: &Unlike| matches!(found, Unlike::Entry { .. });
    let body_of = |from: &str, to: &str| {
        format!(
            "UPDATE document SET body_sealed = (SELECT body_sealed FROM document WHERE rid = {from}) WHERE rid = {to}"
        )
    };
    let index_of = |from: &str, to: &str| {
        format!(
            "UPDATE document SET index_sealed = (SELECT index_sealed FROM document WHERE rid = {from}) WHERE rid = {to}"
        )
    };
    let subject = format!("(SELECT subject FROM document WHERE rid = {FIRST})");
    let done: [(&str, String, Expected<'_>); 15] = [
        ("an older version's body", body_of(FIRST, NEWEST), &changed),
        ("another document's body", body_of(&format!("{MANY} - 1"), MANY), &changed),
        ("another document's index record", index_of(FIRST, MANY), &unreadable),
        (
            "an index record for a body",
            format!("UPDATE document SET body_sealed = index_sealed WHERE rid = {NEWEST}"),
            &changed,
        ),
        (
            "a body cut short",
            format!("UPDATE document SET body_sealed = substr(body_sealed, 1, 90) WHERE rid = {MANY}"),
            &changed,
        ),
        (
            "the newest version taken out",
            format!(
                "UPDATE document SET until = {CURRENT} WHERE rid = {NEWEST} - 1; DELETE FROM document WHERE rid = {NEWEST}"
            ),
            &missing,
        ),
        (
            "a deletion undone",
            format!(
                "UPDATE document SET until = {CURRENT} WHERE rid = {TOMBSTONE} - 1; DELETE FROM document WHERE rid = {TOMBSTONE}"
            ),
            &missing,
        ),
        ("one of many taken out", format!("DELETE FROM document WHERE rid = {MANY}"), &missing),
        (
            "an older version passing for the current one",
            format!("UPDATE document SET until = {CURRENT} WHERE rid = {FIRST}"),
            &misplaced,
        ),
        (
            "a current version passing for an older one",
            format!("UPDATE document SET until = rid WHERE rid = {NEWEST}"),
            &misplaced,
        ),
        ("a version passing for a deletion", format!("UPDATE document SET deleted = 1 WHERE rid = {NEWEST}"), &changed),
        (
            "a deletion passing for a version",
            format!("UPDATE document SET deleted = 0 WHERE rid = {TOMBSTONE}"),
            &unrecorded,
        ),
        (
            "another person's",
            format!("UPDATE document SET subject = (SELECT min(subject) FROM document) WHERE rid = {MANY}"),
            &unreadable,
        ),
        (
            "keys of a person taken away",
            format!("DELETE FROM subject_key WHERE subject = {subject} AND category = 2"),
            &unreadable,
        ),
        (
            "what is told of a person made unreadable",
            format!("DELETE FROM subject_key WHERE subject = {subject} AND category = 5"),
            &entry,
        ),
    ];
    let (folder, _) = house();
    for (what, sql, expected) in done {
        let copied = Folder::new();
        crate::folder::copy(&folder.data(), &copied.data());
        let raw = Connection::open(copied.data().join("store.db")).unwrap();
        raw.execute_batch(NAMES).unwrap();
        let before = raw.total_changes();
        raw.execute_batch(&sql).unwrap();
        assert!(raw.total_changes() > before, "{what}: nothing was changed");
        drop(raw);
        let found = compare(&House::of(&copied)).unlike.unwrap_or_else(|| panic!("{what} was not found"));
        assert!(expected(&found), "{what}: {found:?}");
    }
}
