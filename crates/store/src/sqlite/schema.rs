//! Opening the file: pragmas, forward migrations, the lock that keeps a second writer out.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{MIGRATIONS, SCHEMA_DONE, SCHEMA_READ, SCHEMA_TABLE};
use crate::{Pending, StoreError};

/// `PRAGMA application_id`: "Tcbo".
const APPLICATION: i32 = 0x5463_626f;
/// Name of the database inside the data folder.
const FILE: &str = "store.db";
const LOCK: &str = "store.lock";

/// Highest schema that this program knows.
pub(crate) const KNOWN: u32 = match MIGRATIONS.last() {
    Some((number, _)) => *number,
    None => 0,
};

/// Where the database of a data folder lies.
pub(crate) fn file_in(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Takes the folder for this process: the log's edge is held in memory, so two writers would fork it.
pub(crate) fn lock(dir: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(e)) => Err(StoreError::Io(e)),
    }
}

/// What opening the store of a folder would do.
pub(crate) fn pending(dir: &Path) -> Result<Pending, StoreError> {
    let path = file_in(dir);
    let found = if path.is_file() { version(&open_reader(&path)?)? } else { 0 };
    let steps = MIGRATIONS.iter().copied().filter(|(number, _)| *number > found).collect();
    Ok(Pending { found, known: KNOWN, steps })
}

/// The one connection that writes, with its schema brought up to date.
pub(crate) fn open_writer(path: &Path, now_us: i64) -> Result<Connection, StoreError> {
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    refuse_foreign(&conn)?;
    // A refused file must stay as it is: nothing is set before the schema is known.
    let found = version(&conn)?;
    if found > KNOWN {
        return Err(StoreError::NewerSchema { found, known: KNOWN });
    }
    steady_plans(&conn)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: a commit is answered only when it is on the disk, never weaker.
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -65_536)?;
    // The writer copies the log back itself, so that a failing sync there is seen (`Writer::copy_back`).
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.set_prepared_statement_cache_capacity(128);
    migrate(&mut conn, now_us)?;
    Ok(conn)
}

/// SQLite is built with `STAT4`, and then prepares a statement anew whenever another value is bound, which costs more than
/// most of our reads. Every statement here has the index made for it, so its plan does not depend on values.
fn steady_plans(conn: &Connection) -> Result<(), StoreError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// A connection that can only read.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    steady_plans(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "cache_size", -16_384)?;
    conn.pragma_update(None, "mmap_size", 256 << 20)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Schema of the file; 0 for an empty one.
pub(crate) fn version(conn: &Connection) -> Result<u32, StoreError> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'";
    if conn.query_row(there, [], |r| r.get::<_, i64>(0))? == 0 {
        return Ok(0);
    }
    Ok(conn.query_row(SCHEMA_READ, [], |r| r.get(0))?)
}

fn refuse_foreign(conn: &Connection) -> Result<(), StoreError> {
    let id: i32 = conn.query_row("PRAGMA application_id", [], |r| r.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    if id == APPLICATION || (id == 0 && tables == 0) { Ok(()) } else { Err(StoreError::Foreign) }
}

/// Applies the steps that are missing, each with its number in one transaction.
fn migrate(conn: &mut Connection, now_us: i64) -> Result<(), StoreError> {
    let found = version(conn)?;
    if found == 0 {
        conn.pragma_update(None, "application_id", APPLICATION)?;
    }
    for (number, step) in MIGRATIONS.iter().filter(|(n, _)| *n > found) {
        let step_tx = conn.transaction()?;
        step_tx.execute_batch(SCHEMA_TABLE)?;
        step_tx.execute_batch(step)?;
        step_tx.execute(SCHEMA_DONE, (number, now_us))?;
        step_tx.commit()?;
    }
    Ok(())
}
