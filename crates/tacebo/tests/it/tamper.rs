//! Random changes of the log's tables, one at a time: `tacebo verify` finds each one and names the place, given a
//! checkpoint that was kept from before.
//!
//! Short: 150 changes. Long (`LONG=1`): 1,000. The folder that is changed holds the log of the sample hospital and not its
//! documents: the check needs none, and a small file makes a thousand copies cheap.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value, json};

use crate::folder::{Folder, early_checkpoint};
use crate::program::verify;
use crate::random::Random;

const SHORT: usize = 150;
const LONG: usize = 1_000;

/// The log's tables: name, columns that say where a row is, other columns.
const TABLES: [(&str, &[&str], &[&str]); 6] = [
    ("log_leaf", &["place"], &["eid", "time", "subject", "actor", "class", "entry", "sealed"]),
    ("log_tile", &["level", "idx"], &["hashes"]),
    ("checkpoint", &["seq"], &["size", "note"]),
    ("log_subject", &["subject", "idx"], &["subject"]),
    ("log_actor", &["actor", "idx"], &["actor"]),
    ("part_state", &["part"], &["origin", "size", "root", "checkpoint"]),
];

/// What was done, and what the answer must say.
struct Change {
    sort: String,
    what: String,
    /// Words of which one must be in the named place; empty where the first broken place is elsewhere.
    named: Vec<String>,
}

/// A folder with the log alone.
fn log_only() -> Folder {
    let folder = Folder::sample();
    let database = database(&folder.data());
    for table in ["document", "term", "guard", "subject", "subject_key", "bucket_key", "meta"] {
        database.execute(&format!("DELETE FROM {table}"), []).unwrap();
    }
    database.execute_batch("VACUUM; PRAGMA journal_mode = DELETE").unwrap();
    folder
}

fn database(data: &Path) -> Connection {
    Connection::open(data.join("store.db")).unwrap()
}

fn count(database: &Connection, table: &str) -> u64 {
    let count: i64 = database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
    count.cast_unsigned()
}

/// The words in which a place is named, by table.
fn place(table: &str, at: &[i64]) -> Vec<String> {
    match (table, at) {
        // The part's number is in front.
        ("log_leaf", [place]) => vec![format!("entry {} ", place & ((1 << 51) - 1))],
        ("log_subject" | "log_actor", [_, index]) => vec![format!("entry {index} ")],
        ("log_tile", [level, index]) => vec![format!("tile {level}/{index} ")],
        // Where a checkpoint is not what was signed, its number is named.
        ("checkpoint", [seq]) => vec![format!("checkpoint {seq} ")],
        _ => vec!["state row".into(), "checkpoint".into()],
    }
}

/// Picks a row; where it is.
fn row(database: &Connection, table: &str, keys: &[&str], random: &mut Random) -> Vec<i64> {
    let offset = random.below(count(database, table));
    let sql = format!("SELECT {} FROM {table} LIMIT 1 OFFSET {offset}", keys.join(", "));
    database.query_row(&sql, [], |row| (0..keys.len()).map(|column| row.get(column)).collect()).unwrap()
}

fn at(keys: &[&str]) -> String {
    let all: Vec<String> = keys.iter().map(|key| format!("{key} = ?")).collect();
    all.join(" AND ")
}

/// The same value with one bit turned, or with something where nothing was.
fn turned(cell: Cell, random: &mut Random) -> Cell {
    match cell {
        Cell::Integer(number) => Cell::Integer(number ^ (1 << random.below(62))),
        Cell::Blob(mut bytes) if !bytes.is_empty() => {
            let byte = random.index(bytes.len());
            bytes[byte] ^= 1 << random.below(8);
            Cell::Blob(bytes)
        }
        Cell::Text(text) => {
            let mut bytes = text.into_bytes();
            let byte = random.index(bytes.len());
            // Stays a letter, so that the column can hold it.
            bytes[byte] = if bytes[byte] == b'A' { b'B' } else { b'A' };
            Cell::Text(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => Cell::Integer(1),
    }
}

/// The column that says whose log a row is of; an entry's place says it.
fn part(table: &str) -> &'static [&'static str] {
    if table == "log_leaf" { &[] } else { &["part"] }
}

/// Another place for a row, in its own part or in another: a column and what it becomes.
fn elsewhere<'a>(table: &str, keys: &[&'a str], random: &mut Random) -> (&'a str, String) {
    let (last, own) = (*keys.last().unwrap(), random.below(2) == 0);
    match part(table) {
        _ if own => (last, format!("{last} + 1000000")),
        [part] => (*part, format!("{part} + 1000000")),
        _ => (last, format!("{last} + (1 << 51)")),
    }
}

/// Changes one thing in the database; `None` when it came out as it was.
fn change(database: &Connection, random: &mut Random) -> Option<Change> {
    let (table, keys, columns) = *random.pick(&TABLES);
    let place_of = row(database, table, keys, random);
    let here = at(keys);
    let with = || params_from_iter(place_of.iter().copied());
    let mut named = place(table, &place_of);
    let (sort, what) = match random.below(8) {
        0..4 => {
            let column = random.pick(columns);
            let read = format!("SELECT {column} FROM {table} WHERE {here}");
            let old: Cell = database.query_row(&read, with(), |row| row.get(0)).unwrap();
            let new = turned(old.clone(), random);
            if new == old {
                return None;
            }
            let mut all = vec![new];
            all.extend(place_of.iter().map(|number| Cell::Integer(*number)));
            let update = format!("UPDATE {table} SET {column} = ? WHERE {here}");
            assert_eq!(database.execute(&update, params_from_iter(all)).unwrap(), 1);
            (format!("{table}.{column} changed"), format!("{column} of {table} {place_of:?}"))
        }
        4 => {
            assert_eq!(database.execute(&format!("DELETE FROM {table} WHERE {here}"), with()).unwrap(), 1);
            (format!("{table} row deleted"), format!("{table} {place_of:?}"))
        }
        // The end is cut off: the first row that is missing is named, or the end.
        5 => {
            let key = keys.last().unwrap();
            let first = place_of.last().unwrap();
            let above = match (keys, place_of.as_slice()) {
                ([name, _], [number, _]) => format!("{name} = {number} AND "),
                _ => String::new(),
            };
            database.execute(&format!("DELETE FROM {table} WHERE {above}{key} >= {first}"), []).unwrap();
            named.clear();
            (format!("{table} cut off"), format!("{table} from {place_of:?}"))
        }
        // A row stands elsewhere.
        6 => {
            let (key, elsewhere) = elsewhere(table, keys, random);
            let update = format!("UPDATE {table} SET {key} = {elsewhere} WHERE {here}");
            assert_eq!(database.execute(&update, with()).unwrap(), 1);
            if table == "part_state" {
                named.clear();
            }
            (format!("{table} row moved"), format!("{table} {place_of:?}"))
        }
        // A row that never was.
        _ => {
            if table == "part_state" {
                return None;
            }
            let (key, elsewhere) = elsewhere(table, keys, random);
            let others = columns.iter().filter(|column| !keys.contains(column));
            let plain: Vec<&str> = part(table).iter().chain(keys).chain(others).copied().collect();
            let all: Vec<&str> =
                plain.iter().map(|column| if *column == key { elsewhere.as_str() } else { *column }).collect();
            let insert = format!(
                "INSERT INTO {table} ({}) SELECT {} FROM {table} WHERE {here}",
                plain.join(", "),
                all.join(", ")
            );
            assert_eq!(database.execute(&insert, with()).unwrap(), 1);
            named.clear();
            (format!("{table} row added"), format!("{table} like {place_of:?}"))
        }
    };
    Some(Change { sort, what, named })
}

#[test]
fn every_change_of_the_log_is_found_and_its_place_named() {
    let changes = if crate::long() { LONG } else { SHORT };
    let log = log_only();
    let whole = fs::read(log.data().join("store.db")).unwrap();
    let kept = early_checkpoint();
    let (status, found) = verify(&log.data(), &[&kept]);
    assert_eq!((status, &found["result"], &found["older"]), (0, &json!("clean"), &json!(1)), "{found}");
    let entries = found["entries"].as_u64().unwrap();
    assert!(entries > 1_024 && found["checkpoints"].as_u64().unwrap() > 2, "{found}");

    let mut random = Random::new(11);
    let mut sorts: BTreeMap<String, usize> = BTreeMap::new();
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut done = 0;
    let mut wrong = Vec::new();
    while done < changes {
        fs::write(log.data().join("store.db"), &whole).unwrap();
        let database = database(&log.data());
        let Some(change) = change(&database, &mut random) else { continue };
        drop(database);
        done += 1;
        let (status, found) = verify(&log.data(), &[&kept]);
        let words = found.pointer("/fault/text").and_then(Value::as_str).unwrap_or_default();
        let named = change.named.is_empty() || change.named.iter().any(|place| format!("{words} ").contains(place));
        if status != 1 || words.is_empty() || !named {
            wrong.push(format!("{}, {}: {status} {found}", change.sort, change.what));
        }
        *sorts.entry(change.sort).or_default() += 1;
        *codes.entry(found["fault"]["code"].to_string()).or_default() += 1;
    }
    eprintln!("{changes} changes in a log of {entries}: {sorts:#?}\nfound as {codes:#?}");
    assert!(wrong.is_empty(), "{} of {changes} not found, or not in their place:\n{}", wrong.len(), wrong.join("\n"));

    fs::write(log.data().join("store.db"), &whole).unwrap();
    assert_eq!(verify(&log.data(), &[&kept]).0, 0, "the untouched copy");
}

/// Everything the check vouches for, as text.
fn contents(data: &Path) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let database = database(data);
    let mut out = Vec::new();
    for (table, keys, columns) in TABLES {
        let all: Vec<&str> = keys.iter().chain(columns).copied().collect();
        let mut statement =
            database.prepare(&format!("SELECT {} FROM {table} ORDER BY {}", all.join(", "), keys.join(", ")))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            out.push((0..all.len()).map(|column| row.get(column)).collect::<Result<_, _>>()?);
        }
    }
    Ok(out)
}

#[test]
fn no_byte_of_the_file_changes_an_entry_unseen() {
    let changes = if crate::long() { LONG } else { SHORT };
    let log = log_only();
    let path = log.data().join("store.db");
    let whole = fs::read(&path).unwrap();
    let before = contents(&log.data()).unwrap();
    let kept = early_checkpoint();
    let mut random = Random::new(13);
    let (mut found, mut harmless) = (0, 0);
    while found < changes {
        let mut bytes = whole.clone();
        let at = random.index(bytes.len());
        let what = match random.below(8) {
            0 => {
                bytes.truncate(at);
                "cut off at"
            }
            1 => {
                let page = at / 4096 * 4096;
                bytes[page..page + 4096].fill(0);
                "page emptied at"
            }
            _ => {
                bytes[at] ^= 1 << random.below(8);
                "bit turned at"
            }
        };
        fs::write(&path, bytes).unwrap();
        let (status, said) = verify(&log.data(), &[&kept]);
        if status == 0 {
            // Space that nothing uses: what the check vouches for is what it was.
            assert_eq!(contents(&log.data()).as_ref(), Ok(&before), "{what} {at}: {said}");
            harmless += 1;
            assert!(harmless < 20 * changes, "hardly any change is found");
        } else {
            found += 1;
        }
    }
    eprintln!("{found} damaged files found, {harmless} changes of unused bytes");
}

#[test]
fn a_log_rolled_back_with_all_its_tables_is_found_with_the_kept_checkpoint_only() {
    let log = log_only();
    let early = Folder::sample();
    // The owner of the folder puts back an old copy and goes on from there.
    let program = crate::program::Program::demo(&early.data());
    let own = program.patient("own");
    let mut doctor = program.client("li.mingyuan", "TREAT");
    for _ in 0..20 {
        assert_eq!(doctor.get(&format!("/fhir/Patient/{own}")).unwrap().status, 200);
    }
    program.stop();
    let late = crate::program::run(["checkpoint".as_ref(), early.data().as_os_str()]);
    let late = log.write("late.checkpoint", late.stdout);
    assert_eq!(verify(&early.data(), &[&late]).0, 0);
    assert_eq!(verify(&log.data(), &[]).0, 0, "an old copy is whole in itself");
    let (status, found) = verify(&log.data(), &[&late]);
    assert_eq!((status, &found["fault"]["code"]), (1, &json!("rolled-back")), "{found}");
}
