//! What only the SQLite engine can be asked: its file, and what becomes of it under other hands.

use std::path::Path;

use crate::harness::{ORIGIN, PART, World, change, document, entry, of};
use rusqlite::Connection;
use tacebo_ledger::{
    LogKey, LogVerifier,
    audit::{self, LogSource},
};
use tacebo_store::{At, AuditSource, Change, CheckpointWrite, Options, PartNo, Store, StoreError};

fn raw(dir: &Path) -> Connection {
    Connection::open(dir.join("store.db")).unwrap()
}

fn open(dir: &Path, options: Options) -> Result<Store, StoreError> {
    Store::open(&At::Folder(dir.to_owned()), options)
}

fn log_of(dir: &Path, part: PartNo) -> Result<AuditSource, StoreError> {
    AuditSource::open(&At::Folder(dir.to_owned()), part)
}

/// A fixed sequence (SplitMix64), so that a failure can be repeated.
fn random() -> impl FnMut(u64) -> u64 {
    let mut state = 9_u64;
    move |below| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % below
    }
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::default();
    drop(world.store_in(dir.path()).await);
    raw(dir.path()).execute("INSERT INTO schema_version VALUES (99, 0)", []).unwrap();
    let refused = open(dir.path(), world.options()).unwrap_err();
    assert!(matches!(refused, StoreError::NewerSchema { found: 99, known } if known < 99));
    assert!(matches!(log_of(dir.path(), PART), Err(StoreError::NewerSchema { .. })));
    raw(dir.path()).execute("DELETE FROM schema_version WHERE version = 99", []).unwrap();
    open(dir.path(), world.options()).unwrap();
}

#[tokio::test]
async fn a_second_process_and_a_foreign_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::default();
    let store = world.store_in(dir.path()).await;
    assert!(matches!(open(dir.path(), world.options()), Err(StoreError::InUse)));
    drop(store);
    open(dir.path(), world.options()).unwrap();

    let other = tempfile::tempdir().unwrap();
    assert!(matches!(log_of(other.path(), PART), Err(StoreError::Missing)));
    raw(other.path()).execute_batch("CREATE TABLE mine (x)").unwrap();
    assert!(matches!(open(other.path(), world.options()), Err(StoreError::Foreign)));
    assert!(raw(other.path()).query_row("SELECT count(*) FROM mine", [], |r| r.get::<_, i64>(0)).is_ok());
}

#[tokio::test]
async fn a_damaged_log_is_not_continued() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::default();
    let store = world.store_in(dir.path()).await;
    store.commit(Change { entries: vec![entry(1), entry(2)], ..change() }).await.unwrap();
    drop(store);
    assert!(!dir.path().join("store.db-wal").exists(), "a clean end leaves one file");
    raw(dir.path()).execute("UPDATE log_tile SET hashes = zeroblob(64)", []).unwrap();
    assert!(matches!(open(dir.path(), world.options()), Err(StoreError::Log(_))));
}

#[tokio::test]
async fn what_a_killed_program_left_in_the_write_ahead_log_is_copied_back_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::default();
    let store = world.store_in(dir.path()).await;
    store.commit(Change { entries: vec![entry(1), entry(2)], ..change() }).await.unwrap();
    // As the disk is while the store is open: nothing was closed in order.
    let killed = tempfile::tempdir().unwrap();
    for name in ["store.db", "store.db-wal"] {
        std::fs::copy(dir.path().join(name), killed.path().join(name)).unwrap();
    }
    let left = |name: &str| std::fs::metadata(killed.path().join(name)).unwrap().len();
    assert!(left("store.db-wal") > 0);
    let again = open(killed.path(), world.options()).unwrap();
    assert_eq!(left("store.db-wal"), 0);
    assert_eq!(again.log_head(PART).unwrap().unwrap().size, 2);
}

#[tokio::test]
async fn a_kind_outlives_the_failed_change_that_first_named_it() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::default();
    let store = world.store_in(dir.path()).await;
    store.commit(of(vec![document("A", 1, 9)])).await.unwrap_err();
    store.commit(of(vec![document("B", 1, 1)])).await.unwrap();
    store.commit(of(vec![document("A", 1, 1)])).await.unwrap();
    drop(store);
    let store = open(dir.path(), world.options()).unwrap();
    for kind in ["A", "B"] {
        assert_eq!(&*store.by_kind(PART, kind, 0, 9, None).unwrap()[0].kind, kind);
    }
}

/// A folder with 1,200 entries, 1,024 of them in the lists, and six checkpoints, closed, and the log's public key.
async fn logged() -> (tempfile::TempDir, LogVerifier, String) {
    let dir = tempfile::tempdir().unwrap();
    let store = World::default().store_in(dir.path()).await;
    let key = LogKey::from_bytes(ORIGIN, &[5; 32]).unwrap();
    let mut newest = String::new();
    for n in 0..6 {
        for m in 0..10 {
            let entries = (0..20).map(|i| entry(n * 200 + m * 20 + i)).collect();
            store.commit(Change { entries, ..of(vec![document("A", n * 10 + m, 1)]) }).await.unwrap();
        }
        let head = store.log_head(PART).unwrap().unwrap();
        let tree = tacebo_ledger::Checkpoint { origin: ORIGIN.to_owned(), size: head.size, root: head.root };
        newest = key.sign(&tree).unwrap();
        let checkpoint = Some(CheckpointWrite { size: head.size, note: newest.clone() });
        store.commit(Change { checkpoint, ..change() }).await.unwrap();
    }
    (dir, key.verifier().unwrap(), newest)
}

fn check(dir: &Path, key: &LogVerifier, older: &str) -> Result<audit::Report, String> {
    let source = log_of(dir, PART).map_err(|e| e.to_string())?;
    audit::audit(&source, key, &[older.as_bytes()], &mut |_| {}).map_err(|e| e.to_string())
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    std::fs::copy(from.join("store.db"), to.path().join("store.db")).unwrap();
    to
}

#[tokio::test]
async fn every_change_to_a_row_of_the_log_is_found() {
    let (dir, key, older) = logged().await;
    assert_eq!(check(dir.path(), &key, &older).unwrap().size, 1_200);
    assert_eq!(AuditSource::parts(&At::Folder(dir.path().to_owned())).unwrap(), [PART]);
    assert_eq!(log_of(dir.path(), PART).unwrap().origin().unwrap().unwrap(), ORIGIN);
    let mut random = random();
    for round in 0..150 {
        let copy = copy(dir.path());
        let conn = raw(copy.path());
        let n = random(1_200);
        let column = ["eid", "entry", "sealed"][usize::try_from(random(3)).unwrap()];
        let number = ["place", "time", "subject", "actor", "class"][usize::try_from(random(5)).unwrap()];
        let (tile, filed) = (random(4), n % 1_000);
        let tamper = match round % 13 {
            0 => format!("UPDATE log_leaf SET {column} = CAST({column} || x'00' AS BLOB) WHERE idx = {n}"),
            1 => {
                format!("UPDATE log_leaf SET {column} = zeroblob(length({column})) WHERE idx = {n}")
            }
            2 => format!("UPDATE log_leaf SET {number} = coalesce({number}, 0) + 1000 WHERE idx = {n}"),
            3 => format!("DELETE FROM log_leaf WHERE idx = {n}"),
            4 => format!("DELETE FROM log_leaf WHERE idx >= {n}"),
            5 => format!("UPDATE log_tile SET hashes = zeroblob(length(hashes)) WHERE level = 0 AND idx = {tile}"),
            6 => format!("DELETE FROM log_tile WHERE level = 0 AND idx = {tile}"),
            7 => format!("UPDATE checkpoint SET note = note || 'x' WHERE seq = {}", 1 + n % 6),
            8 => format!("DELETE FROM checkpoint WHERE seq = {}", 1 + n % 6),
            9 => "UPDATE part_state SET size = size - 1".to_owned(),
            10 => {
                format!("DELETE FROM log_subject WHERE idx = (SELECT min(idx) FROM log_subject WHERE idx >= {filed})")
            }
            11 => format!("UPDATE log_actor SET actor = actor + 1 WHERE idx = {filed}"),
            _ => format!(
                "INSERT INTO log_subject SELECT part, subject + 1, idx FROM log_actor, (SELECT 7 AS subject) WHERE idx = {filed}"
            ),
        };
        assert!(conn.execute(&tamper, []).unwrap() > 0, "{tamper}");
        drop(conn);
        let found = check(copy.path(), &key, &older);
        assert!(found.is_err(), "{tamper}: {found:?}");
    }
}

/// Everything that the check vouches for.
fn rows(dir: &Path) -> rusqlite::Result<Vec<Vec<rusqlite::types::Value>>> {
    let conn = raw(dir);
    let mut out = Vec::new();
    for text in [
        "SELECT idx, eid, time, subject, actor, class, entry, sealed FROM log_leaf ORDER BY idx",
        "SELECT level, idx, hashes FROM log_tile ORDER BY level, idx",
        "SELECT subject, idx FROM log_subject ORDER BY subject, idx",
        "SELECT actor, idx FROM log_actor ORDER BY actor, idx",
        "SELECT seq, size, note FROM checkpoint ORDER BY seq",
        "SELECT size, root, checkpoint FROM part_state",
    ] {
        let mut statement = conn.prepare(text)?;
        let columns = statement.column_count();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            out.push((0..columns).map(|c| row.get(c)).collect::<Result<_, _>>()?);
        }
    }
    Ok(out)
}

#[tokio::test]
async fn no_damage_to_the_file_makes_the_check_panic_or_vouch_for_other_rows() {
    let (dir, key, older) = logged().await;
    let whole = rows(dir.path()).unwrap();
    let bytes = std::fs::read(dir.path().join("store.db")).unwrap();
    let mut random = random();
    let mut found = 0;
    for round in 0..150 {
        let copy = tempfile::tempdir().unwrap();
        let mut damaged = bytes.clone();
        let at = usize::try_from(random(u64::try_from(bytes.len()).unwrap())).unwrap();
        match round % 5 {
            0 => damaged.truncate(at),
            1 => {
                let page = at / 4096 * 4096;
                damaged[page..page + 4096].fill(0);
            }
            _ => damaged[at] ^= 1 << random(8),
        }
        std::fs::write(copy.path().join("store.db"), damaged).unwrap();
        match check(copy.path(), &key, &older) {
            Ok(report) => {
                assert_eq!(report.size, 1_200);
                assert_eq!(rows(copy.path()).unwrap(), whole, "round {round}, byte {at}");
            }
            Err(_) => found += 1,
        }
    }
    assert!(found > 50, "only {found} found");
}

#[tokio::test]
async fn the_check_reads_a_folder_beside_a_running_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = World::default().store_in(dir.path()).await;
    store.commit(Change { entries: vec![entry(1)], ..change() }).await.unwrap();
    let source = log_of(dir.path(), PART).unwrap();
    let seen = || source.state().unwrap().unwrap().size;
    assert_eq!(seen(), 1);
    store.commit(Change { entries: vec![entry(2)], ..change() }).await.unwrap();
    assert_eq!(seen(), 1, "one snapshot for the whole check");
    assert!(log_of(dir.path(), PartNo(1)).unwrap().origin().unwrap().is_none());
}
