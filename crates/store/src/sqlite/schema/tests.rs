use super::*;
use crate::migrations::later;

fn file() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    drop(open_writer(&file_in(dir.path()), 7).unwrap());
    let path = file_in(dir.path());
    (dir, path)
}

fn tables(path: &Path) -> (u32, i64) {
    let conn = open_reader(path).unwrap();
    let later = "SELECT count(*) FROM sqlite_schema WHERE name IN ('later', 'latest')";
    (version(&conn).unwrap(), conn.query_row(later, [], |row| row.get(0)).unwrap())
}

#[test]
fn an_older_store_is_brought_forward_step_by_step_in_order() {
    let (dir, path) = file();
    let missing = Pending::of(&later(MIGRATIONS), KNOWN).unwrap();
    let numbers: Vec<_> = missing.steps.iter().map(|step| step.number).collect();
    assert_eq!((missing.found, missing.known, missing.stops()), (KNOWN, KNOWN + 3, true));
    assert_eq!(numbers, [KNOWN + 1, KNOWN + 2, KNOWN + 3]);
    // Tried: it goes through, and nothing of it is there.
    assert_eq!(bring_up_to(&later(MIGRATIONS), dir.path(), 8, Applied::AsTrial).unwrap(), missing);
    assert_eq!(tables(&path), (KNOWN, 0));
    assert_eq!(bring_up_to(&later(MIGRATIONS), dir.path(), 9, Applied::ForGood).unwrap(), missing);
    assert_eq!(tables(&path), (KNOWN + 3, 2));
    let conn = open_reader(&path).unwrap();
    let carried: i64 = conn.query_row("SELECT count(*) FROM latest", [], |row| row.get(0)).unwrap();
    let times = "SELECT group_concat(version || ' ' || applied) FROM (SELECT * FROM schema_version ORDER BY version)";
    let times: String = conn.query_row(times, [], |row| row.get(0)).unwrap();
    assert_eq!((carried, times.ends_with(&format!("{} 9", KNOWN + 3)), times.starts_with("1 7")), (2, true, true));
    // From the middle on, only what is missing.
    assert!(bring_up_to(&later(MIGRATIONS), dir.path(), 9, Applied::ForGood).unwrap().steps.is_empty());
    // This program does not know them.
    let newer = |done| matches!(done, Err(StoreError::NewerSchema { found, known: KNOWN }) if found == KNOWN + 3);
    assert!(newer(open_writer(&path, 9).map(drop)));
    assert!(newer(pending(dir.path()).map(drop)));
    assert!(newer(bring_up(dir.path(), 9, Applied::ForGood).map(drop)));
}

#[test]
fn a_step_that_fails_takes_those_before_it_back() {
    let (dir, path) = file();
    let mut steps = later(MIGRATIONS);
    steps.push(Migration { number: KNOWN + 4, sql: "INSERT INTO latest VALUES (1)", stops: false });
    for applied in [Applied::AsTrial, Applied::ForGood] {
        assert!(matches!(bring_up_to(&steps, dir.path(), 8, applied), Err(StoreError::Sql(_))));
        assert_eq!(tables(&path), (KNOWN, 0));
    }
    drop(open_writer(&path, 9).unwrap());
}

#[test]
fn a_program_that_goes_in_the_midst_of_it_leaves_the_store_as_it_was() {
    let (_dir, path) = file();
    // Ended before its word, as by a kill: the file is opened again as it was left.
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("BEGIN").unwrap();
    for step in Pending::of(&later(MIGRATIONS), KNOWN).unwrap().steps {
        conn.execute_batch(step.sql).unwrap();
    }
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap().flatten() {
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    assert_eq!(tables(&file_in(copy.path())), (KNOWN, 0));
    drop(open_writer(&file_in(copy.path()), 9).unwrap());
}

#[test]
fn a_store_that_is_open_or_not_there_is_not_brought_forward() {
    let (dir, _) = file();
    let held = lock(dir.path()).unwrap();
    assert!(matches!(bring_up(dir.path(), 9, Applied::AsTrial), Err(StoreError::InUse)));
    drop(held);
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(bring_up(empty.path(), 9, Applied::ForGood), Err(StoreError::Missing)));
    assert!(empty.path().read_dir().unwrap().next().is_none());
}
