//! Sealed bytes that lie where they do not belong, on both engines: moved from row to row, from version to version, from
//! person to person and from institution to institution, an index record for a body and the other way round, bits turned, cut
//! short, an old version brought back. None of them is disclosed, and the comparison of documents and log names each.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use tacebo_identity::Identity;
use tacebo_testbed::Postgres;
use tacebo_vault::{Comparison, Door, Unlike};

use crate::folder::Folder;
use crate::http::Answer;
use crate::place::Place;
use crate::program::tacebo;

/// A document of two versions and what is done to the second.
struct Row {
    older: String,
    newest: String,
    /// What is done, as SQL over the columns of `document`.
    swap: String,
    what: &'static str,
    /// Whether the index record is what is wrong, and so the version that is named.
    index: bool,
}

/// Whose documents these are: two for the swaps between rows, then one for each swap.
const OTHERS: usize = 2;

fn text(n: usize, version: u32) -> String {
    format!("marker {n} of version {version}")
}

/// Writes the documents and gives the places of their two versions.
fn written(place: &Place, count: usize) -> Vec<(String, String)> {
    let program = place.start();
    let mut gateway = program.gateway();
    for version in [1, 2] {
        for n in 0..count {
            // The second one is another person's.
            let patient = program.patient(if n == 1 { "stranger" } else { "own" });
            let document = json!({
                "resourceType": "Observation", "id": format!("swap-{n}"), "status": "final",
                "code": { "text": text(n, version) }, "subject": { "reference": format!("Patient/{patient}") },
            });
            let answer = gateway.put(&format!("/fhir/Observation/swap-{n}"), &document).unwrap();
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        }
    }
    program.stop();
    let newest = "SELECT d.rid FROM document d JOIN kind k ON k.part = d.part AND k.no = d.kind \
        WHERE k.name = 'Observation' ORDER BY d.rid DESC";
    let mut rids: Vec<String> = place.column(newest).into_iter().take(count * 2).collect();
    rids.reverse();
    let newer = rids.split_off(count);
    rids.into_iter().zip(newer).collect()
}

/// A sealed body of another institution, in hexadecimal digits.
fn of_another_institution() -> String {
    let folder = Folder::new();
    let config = folder.write(
        "tacebo.toml",
        "data = \"house\"\nlisten = [\"127.0.0.1:0\"]\n[custody]\nfile = \"keys/root.json\"\npassphrase-file = \"keys/passphrase\"\n",
    );
    let mut init = tacebo();
    init.args(["init", "--name", "第二医院", "--origin", "log.second.example", "--realm", "2", "--config"])
        .arg(&config);
    assert!(init.output().unwrap().status.success());
    let file = Connection::open(folder.data().join("store.db")).unwrap();
    file.query_row("SELECT hex(body_sealed) FROM document LIMIT 1", [], |row| row.get(0)).unwrap()
}

/// The sealed bytes with one bit turned.
fn turned(hex: &str, at: usize) -> String {
    let mut bytes = hex::decode(hex).unwrap();
    let place = at.min(bytes.len() - 1);
    bytes[place] ^= 1;
    hex::encode(bytes)
}

fn rows(place: &Place) -> Vec<Row> {
    const WHATS: [(&str, bool); 12] = [
        ("another document's body", false),
        ("another person's body", false),
        ("the body of the version before", false),
        ("another document's index record", true),
        ("the index record of the version before", true),
        ("an index record for a body", false),
        ("a body for an index record", true),
        ("a bit turned in a body", false),
        ("a bit turned in an index record", true),
        ("another institution's body", false),
        ("the whole version before, brought back", true),
        ("a body cut short", false),
    ];
    let places = written(place, OTHERS + WHATS.len());
    let (same, stranger) = (places[0].1.clone(), places[1].1.clone());
    let column = |name: &str, rid: &str| {
        place.column(&format!("SELECT {} FROM document WHERE rid = {rid}", place.hex_of(name))).remove(0)
    };
    let of = |name: &str, rid: &str| format!("(SELECT {name} FROM document WHERE rid = {rid})");
    let mut made = Vec::new();
    for ((older, newest), (what, index)) in places.into_iter().skip(OTHERS).zip(WHATS) {
        let (body, record) = (column("body_sealed", &newest), column("index_sealed", &newest));
        let swap = match made.len() {
            0 => format!("body_sealed = {}", of("body_sealed", &same)),
            1 => format!("body_sealed = {}", of("body_sealed", &stranger)),
            2 => format!("body_sealed = {}", of("body_sealed", &older)),
            3 => format!("index_sealed = {}", of("index_sealed", &same)),
            4 => format!("index_sealed = {}", of("index_sealed", &older)),
            5 => "body_sealed = index_sealed".to_owned(),
            6 => "index_sealed = body_sealed".to_owned(),
            7 => format!("body_sealed = {}", place.bytes(&turned(&body, body.len() / 4))),
            8 => format!("index_sealed = {}", place.bytes(&turned(&record, usize::MAX))),
            9 => format!("body_sealed = {}", place.bytes(&of_another_institution())),
            10 => {
                let (body, record) = (of("body_sealed", &older), of("index_sealed", &older));
                format!("body_sealed = {body}, index_sealed = {record}")
            }
            _ => {
                let bytes = hex::decode(&body).unwrap();
                format!("body_sealed = {}", place.bytes(&hex::encode(&bytes[..bytes.len() / 2])))
            }
        };
        made.push(Row { older, newest, swap, what, index });
    }
    made
}

fn compared(place: &Place) -> Comparison {
    place.inside(async |vault| vault.compare(&Identity::house(Door::Cli), Duration::ZERO).await.unwrap())
}

/// An answer that says that a record does not open, and nothing of any.
fn is_kept_back(answer: &Answer) -> bool {
    let words = String::from_utf8_lossy(&answer.body);
    answer.status == 503 && words.contains("a stored record does not open") && !words.contains("marker")
}

fn nothing_swapped_is_disclosed_and_each_is_named(place: &Place) {
    let rows = rows(place);
    let update = |row: &Row| format!("UPDATE document SET {} WHERE rid = {}", row.swap, row.newest);
    // Each by itself, and put back.
    place.inside(async |vault| {
        let house = Identity::house(Door::Cli);
        assert_eq!(vault.compare(&house, Duration::ZERO).await.unwrap().unlike, None);
        for row in &rows {
            let hex = |name: &str| {
                let of = format!("FROM document WHERE rid = {}", row.newest);
                place.column(&format!("SELECT {} {of}", place.hex_of(name))).remove(0)
            };
            let before = (hex("body_sealed"), hex("index_sealed"));
            place.change(&update(row));
            assert_ne!((hex("body_sealed"), hex("index_sealed")), before, "{}: nothing was changed", row.what);
            let found = vault.compare(&house, Duration::ZERO).await.unwrap().unlike;
            let named = match &found {
                Some(Unlike::Unreadable { rid, kind }) => {
                    row.index && rid.to_string() == row.newest && kind == "Observation"
                }
                Some(Unlike::Changed { .. }) => !row.index,
                _ => false,
            };
            assert!(named, "{}: {found:?}, version {} after {}", row.what, row.newest, row.older);
            let (body, record) = (place.bytes(&before.0), place.bytes(&before.1));
            let back = format!("body_sealed = {body}, index_sealed = {record}");
            place.change(&format!("UPDATE document SET {back} WHERE rid = {}", row.newest));
        }
        assert_eq!(vault.compare(&house, Duration::ZERO).await.unwrap().unlike, None);
    });
    // All of them, and whoever asks gets none.
    for row in &rows {
        place.change(&update(row));
    }
    let program = place.start();
    let mut gateway = program.gateway();
    for (n, row) in (OTHERS..).zip(&rows) {
        let answer = gateway.get(&format!("/fhir/Observation/swap-{n}")).unwrap();
        assert!(is_kept_back(&answer), "{}: {}", row.what, answer.text());
    }
    for n in 0..OTHERS {
        let answer = gateway.get(&format!("/fhir/Observation/swap-{n}")).unwrap();
        assert!(answer.status == 200 && answer.text().contains(&text(n, 2)), "{}", answer.text());
    }
    // One that cannot be read stops a search in which it might have been found: it is not left out in silence.
    let own = program.patient("own");
    let answer = gateway.get(&format!("/fhir/Observation?patient={own}&_count=200")).unwrap();
    assert!(is_kept_back(&answer), "{}", answer.text());
    program.stop();
}

#[test]
fn in_a_folder_nothing_swapped_is_disclosed_and_each_is_named() {
    nothing_swapped_is_disclosed_and_each_is_named(&Place::folder());
}

#[test]
fn in_a_database_nothing_swapped_is_disclosed_and_each_is_named() {
    nothing_swapped_is_disclosed_and_each_is_named(&Place::postgres(Postgres::start()));
}

/// The data keys of two persons change places: a key opens only under its own person's name.
fn keys_of_another_person_open_nothing(place: &Place) {
    written(place, OTHERS);
    let subjects = place.column("SELECT subject FROM document WHERE subject IS NOT NULL ORDER BY rid DESC LIMIT 2");
    let key = |subject: &str| {
        let of = format!("FROM subject_key WHERE subject = {subject} AND category = 2");
        place.column(&format!("SELECT {} {of}", place.hex_of("wrapped"))).remove(0)
    };
    let keys = [key(&subjects[0]), key(&subjects[1])];
    assert!(subjects[0] != subjects[1] && keys[0] != keys[1]);
    for (subject, key) in [(&subjects[0], &keys[1]), (&subjects[1], &keys[0])] {
        let key = place.bytes(key);
        place.change(&format!("UPDATE subject_key SET wrapped = {key} WHERE subject = {subject} AND category = 2"));
    }
    assert!(matches!(compared(place).unlike, Some(Unlike::Unreadable { .. })));
    let program = place.start();
    for n in 0..OTHERS {
        let answer = program.gateway().get(&format!("/fhir/Observation/swap-{n}")).unwrap();
        assert!(is_kept_back(&answer), "{}", answer.text());
    }
    program.stop();
}

#[test]
fn in_a_folder_keys_of_another_person_open_nothing() {
    keys_of_another_person_open_nothing(&Place::folder());
}

#[test]
fn in_a_database_keys_of_another_person_open_nothing() {
    keys_of_another_person_open_nothing(&Place::postgres(Postgres::start()));
}
