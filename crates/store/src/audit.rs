//! The log as the offline check reads it: without keys, without trust, without writing.

use std::{
    fmt,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, types::ValueRef};
use tacebo_ledger::{
    Tiles,
    audit::{CheckpointRow, LogRow, LogSource, StateRow},
};

use crate::{PartNo, Store, StoreError, log::filed, schema, sql};

/// A part's log in one read transaction. What cannot be read is handed to the check as a row that cannot be right,
/// so that it is named as the broken place.
pub struct AuditSource {
    conn: Connection,
    part: PartNo,
    /// The file, where nobody had it open when the check began.
    at_rest: Option<PathBuf>,
}

impl fmt::Debug for AuditSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditSource").field("part", &self.part).finish_non_exhaustive()
    }
}

impl AuditSource {
    /// Opens the log of a part in a data folder, read-only. Works beside a running server, and on a folder that
    /// cannot be written; a folder that nobody uses stays byte for byte as it is.
    pub fn open(dir: &Path, part: PartNo) -> Result<Self, StoreError> {
        let at_rest = Some(schema::file_in(dir)).filter(|path| is_at_rest(path));
        let conn = open(dir)?;
        // One snapshot for the whole check; it ends with the connection.
        conn.execute_batch("BEGIN")?;
        Ok(Self { conn, part, at_rest })
    }

    /// Whether what was read is one state of the log: false when somebody opened a folder that was at rest when the
    /// check began, and the check has to be made again.
    pub fn is_one_state(&self) -> bool {
        self.at_rest.as_deref().is_none_or(is_at_rest)
    }

    /// The parts of a data folder that have a log.
    pub fn parts(dir: &Path) -> Result<Vec<PartNo>, StoreError> {
        let conn = open(dir)?;
        let mut statement = conn.prepare(sql::PARTS)?;
        let parts = statement.query_map([], |r| r.get(0).map(PartNo))?;
        Ok(parts.collect::<Result<_, _>>()?)
    }

    /// The name that the log has in the file.
    pub fn origin(&self) -> Result<Option<String>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql::STATE)?;
        Ok(statement.query_row([self.part.sql()], |r| r.get(0)).optional()?)
    }

    /// A table of the log with a row of a part that has no log here: somebody put it in from outside.
    pub fn stray(&self) -> Result<Option<&'static str>, StoreError> {
        for table in ["log_leaf", "log_tile", "log_subject", "log_actor", "checkpoint"] {
            let sql = format!(
                "SELECT 1 FROM {table} WHERE (part < ?1 OR part > ?1) AND part NOT IN (SELECT part FROM part_state) LIMIT 1"
            );
            let found = self.conn.prepare(&sql)?.query_row([self.part.sql()], |_| Ok(())).optional()?;
            if found.is_some() {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    /// Lets SQLite check the whole file: it finds damage outside the log and in the indexes, which the log's own
    /// check cannot see. An empty list means that the file is whole.
    pub fn integrity(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.conn.prepare("PRAGMA integrity_check")?;
        let lines = statement.query_map([], |r| r.get::<_, String>(0))?;
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        Ok(lines.into_iter().filter(|l| l != "ok").collect())
    }
}

impl Store {
    /// The log of a part for a check while the store is in use.
    pub fn audit_source(&self, part: PartNo) -> Result<AuditSource, StoreError> {
        AuditSource::open(self.dir(), part)
    }
}

impl AuditSource {
    /// The first entry of a list that is not where it belongs: missing, of another, or of no entry.
    fn misplaced(&self, list: &str, whose: &str, filed: u64) -> Result<Option<u64>, StoreError> {
        let missing = format!(
            "SELECT l.idx FROM log_leaf l WHERE l.place >= ?1 AND l.place < ?2 AND l.{whose} IS NOT NULL \
            AND NOT EXISTS (SELECT 1 FROM {list} f WHERE f.part = ?3 AND f.{whose} = l.{whose} AND f.idx = l.idx) \
            ORDER BY l.place LIMIT 1"
        );
        let superfluous = format!(
            "SELECT f.idx FROM {list} f LEFT JOIN log_leaf l ON l.place = f.idx + ?1 AND l.{whose} = f.{whose} \
            WHERE f.part = ?3 AND (f.idx < 0 OR f.idx + ?1 >= ?2 OR l.place IS NULL) LIMIT 1"
        );
        for sql in [missing, superfluous] {
            let range = [self.part.place(0), self.part.place(filed), self.part.sql()];
            let found: Option<i64> = self.conn.prepare(&sql)?.query_row(range, |r| r.get(0)).optional()?;
            if let Some(index) = found {
                return Ok(Some(index.cast_unsigned()));
            }
        }
        Ok(None)
    }
}

impl Tiles for AuditSource {
    type Error = StoreError;

    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let params = (self.part.sql(), level, index.cast_signed());
        let found = self.conn.prepare_cached(sql::TILE)?.query_row(params, |r| Ok(blob(r, 0).map(<[u8]>::to_vec)));
        match found.optional() {
            Ok(tile) => Ok(tile.map(Option::unwrap_or_default)),
            // No tile has no bytes: the check names it.
            Err(e) if is_damage(&e) => Ok(Some(Vec::new())),
            Err(e) => Err(e.into()),
        }
    }
}

impl LogSource for AuditSource {
    fn state(&self) -> Result<Option<StateRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql::STATE)?;
        let state = statement.query_row([self.part.sql()], |r| {
            Ok(StateRow {
                size: integer(r, 1).map_or(u64::MAX, i64::cast_unsigned),
                root: blob(r, 2).map(<[u8]>::to_vec).unwrap_or_default(),
                last_checkpoint: integer(r, 3).map_or(u64::MAX, i64::cast_unsigned),
            })
        });
        Ok(state.optional()?)
    }

    fn rows(&self, visit: &mut dyn FnMut(LogRow<'_>) -> ControlFlow<()>) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(sql::ENTRIES_UP)?;
        let mut rows = statement.query([self.part.place(0), self.part.place(u64::MAX)])?;
        let mut expected = 0;
        loop {
            let flow = match rows.next() {
                Ok(None) => return Ok(()),
                Ok(Some(row)) => visit(log_row(row, expected)),
                Err(e) if is_damage(&e) => {
                    // Nothing after damaged pages can be reached; the check stops at the row it gets.
                    let _: ControlFlow<()> = visit(unreadable(expected));
                    return Ok(());
                }
                Err(e) => return Err(e.into()),
            };
            if flow.is_break() {
                return Ok(());
            }
            expected += 1;
        }
    }

    fn tile_rows(&self, visit: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(sql::TILE_PLACES)?;
        let mut rows = statement.query([self.part.sql()])?;
        loop {
            let (level, index) = match rows.next() {
                Ok(None) => return Ok(()),
                Ok(Some(row)) => (integer(row, 0), integer(row, 1)),
                Err(e) if is_damage(&e) => (None, None),
                Err(e) => return Err(e.into()),
            };
            // A tree has no such level: the check names it.
            let place = level.zip(index).map_or((u64::MAX, u64::MAX), |(l, i)| (l.cast_unsigned(), i.cast_unsigned()));
            if visit(place.0, place.1).is_break() || place.0 == u64::MAX {
                return Ok(());
            }
        }
    }

    fn misfiled(&self) -> Result<Option<u64>, StoreError> {
        let filed = filed(self.state()?.map_or(0, |state| state.size));
        for (list, whose) in [("log_subject", "subject"), ("log_actor", "actor")] {
            if let Some(index) = self.misplaced(list, whose, filed)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn checkpoints(&self, visit: &mut dyn FnMut(CheckpointRow<'_>) -> ControlFlow<()>) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(sql::CHECKPOINTS_UP)?;
        let mut rows = statement.query([self.part.sql()])?;
        let mut expected = 1;
        loop {
            let (flow, last) = match rows.next() {
                Ok(None) => return Ok(()),
                Ok(Some(row)) => {
                    let note = match row.get_ref(2) {
                        Ok(ValueRef::Text(note)) => note,
                        _ => &[],
                    };
                    let seq = integer(row, 0).map_or(u64::MAX, i64::cast_unsigned);
                    let size = integer(row, 1).map_or(u64::MAX, i64::cast_unsigned);
                    (visit(CheckpointRow { seq, size, note }), false)
                }
                Err(e) if is_damage(&e) => (visit(CheckpointRow { seq: expected, size: 0, note: &[] }), true),
                Err(e) => return Err(e.into()),
            };
            if flow.is_break() || last {
                return Ok(());
            }
            expected += 1;
        }
    }
}

/// The stored row as it is, or one that cannot be right.
fn log_row<'r>(row: &'r Row<'_>, expected: u64) -> LogRow<'r> {
    let read = || {
        let subject = match row.get_ref(3) {
            Ok(ValueRef::Null) => None,
            Ok(ValueRef::Integer(n)) => Some(n.cast_unsigned()),
            _ => return None,
        };
        Some(LogRow {
            index: integer(row, 0)?.cast_unsigned(),
            time_us: integer(row, 2)?,
            subject,
            actor: integer(row, 4)?.cast_unsigned(),
            eid: blob(row, 1)?,
            class: integer(row, 5)?,
            entry: blob(row, 6)?,
            sealed: blob(row, 7)?,
        })
    };
    read().unwrap_or_else(|| unreadable(expected))
}

const fn unreadable<'r>(index: u64) -> LogRow<'r> {
    LogRow { index, time_us: 0, subject: None, actor: 0, eid: &[], class: -1, entry: &[], sealed: &[] }
}

fn integer(row: &Row<'_>, column: usize) -> Option<i64> {
    match row.get_ref(column) {
        Ok(ValueRef::Integer(n)) => Some(n),
        _ => None,
    }
}

fn blob<'r>(row: &'r Row<'_>, column: usize) -> Option<&'r [u8]> {
    match row.get_ref(column) {
        Ok(ValueRef::Blob(bytes)) => Some(bytes),
        _ => None,
    }
}

/// Whether an error says "this file is damaged" (a finding) rather than "I could not look" (no finding).
fn is_damage(e: &rusqlite::Error) -> bool {
    matches!(e.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn open(dir: &Path) -> Result<Connection, StoreError> {
    let path = schema::file_in(dir);
    if !path.is_file() {
        return Err(StoreError::Missing);
    }
    // Whoever has the store open keeps its write-ahead log and index beside it. Without them nobody does, and it
    // is read so that nothing is made beside it; the same where the folder cannot be written.
    let conn = if is_at_rest(&path) {
        usable(immutable(&path))?
    } else {
        match usable(schema::open_reader(&path)) {
            Err(StoreError::Sql(e)) if cannot_open(&e) && !has_bytes(&beside(&path, "-wal")) => {
                usable(immutable(&path))?
            }
            other => other?,
        }
    };
    match schema::version(&conn)? {
        0 => Err(StoreError::Missing),
        found if found > schema::KNOWN => Err(StoreError::NewerSchema { found, known: schema::KNOWN }),
        _ => Ok(conn),
    }
}

/// SQLite opens lazily: only a read shows whether it can.
fn usable(conn: Result<Connection, StoreError>) -> Result<Connection, StoreError> {
    let conn = conn?;
    schema::version(&conn)?;
    Ok(conn)
}

fn cannot_open(e: &rusqlite::Error) -> bool {
    matches!(e.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn has_bytes(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.len() > 0)
}

fn is_at_rest(path: &Path) -> bool {
    ["-wal", "-shm"].iter().all(|ending| !beside(path, ending).exists())
}

fn immutable(path: &Path) -> Result<Connection, StoreError> {
    let path = path.to_str().ok_or(StoreError::Missing)?;
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(format!("file:{path}?immutable=1"), flags)?)
}
