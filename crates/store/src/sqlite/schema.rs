//! Opening the file: pragmas, forward migrations, the lock that keeps a second writer out.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{MIGRATIONS, SCHEMA_DONE, SCHEMA_READ, SCHEMA_TABLE};
use crate::{Applied, Migration, Pending, StoreError, migrations};

/// `PRAGMA application_id`: "Tcbo".
const APPLICATION: i32 = 0x5463_626f;
/// Name of the database inside the data folder.
const FILE: &str = "store.db";
const LOCK: &str = "store.lock";

/// Highest schema that this program knows.
pub(crate) const KNOWN: u32 = migrations::known(MIGRATIONS);

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
    if !path.is_file() {
        return Pending::of(MIGRATIONS, 0);
    }
    let conn = open_reader(&path)?;
    refuse_foreign(&conn)?;
    Pending::of(MIGRATIONS, version(&conn)?)
}

/// Brings the store of a folder up to date, which is told what was missing. Nobody may have it open.
pub(crate) fn bring_up(dir: &Path, now_us: i64, applied: Applied) -> Result<Pending, StoreError> {
    bring_up_to(MIGRATIONS, dir, now_us, applied)
}

fn bring_up_to(all: &[Migration], dir: &Path, now_us: i64, applied: Applied) -> Result<Pending, StoreError> {
    let path = file_in(dir);
    if !path.is_file() {
        return Err(StoreError::Missing);
    }
    let _lock = lock(dir)?;
    let conn = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    refuse_foreign(&conn)?;
    let pending = Pending::of(all, version(&conn)?)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    migrate(&conn, &pending, now_us, applied)?;
    Ok(pending)
}

/// The one connection that writes, with its schema brought up to date.
pub(crate) fn open_writer(path: &Path, now_us: i64) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    refuse_foreign(&conn)?;
    // A refused file must stay as it is: nothing is set before the schema is known.
    let pending = Pending::of(MIGRATIONS, version(&conn)?)?;
    steady_plans(&conn)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: a commit is answered only when it is on the disk, never weaker.
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -65_536)?;
    // The writer copies the log back itself, so that a failing sync there is seen (`FileWriter::tidy`).
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.set_prepared_statement_cache_capacity(128);
    migrate(&conn, &pending, now_us, Applied::ForGood)?;
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

/// Applies the steps that are missing, in one transaction: all of them or none.
fn migrate(conn: &Connection, pending: &Pending, now_us: i64, applied: Applied) -> Result<(), StoreError> {
    if pending.steps.is_empty() {
        return Ok(());
    }
    let all = conn.unchecked_transaction()?;
    if pending.found == 0 {
        all.pragma_update(None, "application_id", APPLICATION)?;
    }
    for step in &pending.steps {
        all.execute_batch(SCHEMA_TABLE)?;
        all.execute_batch(step.sql)?;
        all.execute(SCHEMA_DONE, (step.number, now_us))?;
    }
    all.execute_batch(applied.command())?;
    Ok(())
}

#[cfg(test)]
mod tests;
