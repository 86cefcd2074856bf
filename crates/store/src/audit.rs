//! The log as the offline check reads it: without keys, without trust, without writing.

use std::{
    fmt,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tacebo_ledger::{
    Tiles,
    audit::{CheckpointRow, LogRow, LogSource, StateRow},
};

use crate::{
    At, PartNo, Store, StoreError,
    conn::{Conn, Row, Value},
    log::filed,
    postgres,
    sql::{self, Sql},
    sqlite::schema,
    store::Engine,
};

/// Rows that are fetched at once.
const PIECE: i64 = 2048;

/// A part's log in one read transaction. What cannot be read is handed to the check as a row that cannot be right,
/// so that it is named as the broken place.
pub struct AuditSource {
    state: State,
    pub(crate) part: PartNo,
}

/// The one state that is looked at.
enum State {
    File {
        conn: Connection,
        /// The file, where nobody had it open when the check began.
        at_rest: Option<PathBuf>,
    },
    Server(postgres::Lent),
}

/// What the engine says of its own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integrity {
    /// They are whole.
    Whole,
    /// They are not, and this is the first that it says of them.
    Damaged(Vec<String>),
    /// It could not be asked, and why.
    Unchecked(Unchecked),
}

/// Why PostgreSQL was not asked about its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchecked {
    /// The extension `amcheck` is not in the database.
    NoExtension,
    /// The role may not call `bt_index_check`.
    NoRight,
}

impl fmt::Debug for AuditSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditSource").field("part", &self.part).finish_non_exhaustive()
    }
}

impl AuditSource {
    /// Opens the log of a part, read-only. Works beside a running server, and on a folder that cannot be written; a
    /// folder that nobody uses stays byte for byte as it is.
    pub fn open(at: &At, part: PartNo) -> Result<Self, StoreError> {
        match at {
            At::Folder(dir) => Self::of_folder(dir, part),
            At::Postgres(at) => {
                let server = postgres::Server::new(at)?;
                postgres::present(&server)?;
                Ok(Self { state: State::Server(postgres::Lent::calm(&server)?), part })
            }
        }
    }

    fn of_folder(dir: &Path, part: PartNo) -> Result<Self, StoreError> {
        let at_rest = Some(schema::file_in(dir)).filter(|path| is_at_rest(path));
        let conn = open(dir)?;
        // One snapshot for the whole check; it ends with the connection.
        conn.execute_batch("BEGIN")?;
        Ok(Self { state: State::File { conn, at_rest }, part })
    }

    /// Whether what was read is one state of the log: false when somebody opened a folder that was at rest when the
    /// check began, and the check has to be made again.
    pub fn is_one_state(&self) -> bool {
        match &self.state {
            State::File { at_rest, .. } => at_rest.as_deref().is_none_or(is_at_rest),
            State::Server(_) => true,
        }
    }

    /// The parts that have a log.
    pub fn parts(at: &At) -> Result<Vec<PartNo>, StoreError> {
        let parts = |conn: Conn<'_>| conn.all(&sql::PARTS, &[], |r| r.small(0).map(PartNo));
        match at {
            At::Folder(dir) => parts(Conn::Sqlite(&open(dir)?)),
            At::Postgres(at) => {
                let server = postgres::Server::new(at)?;
                postgres::present(&server)?;
                server.read(parts)
            }
        }
    }

    /// The name that the log has in the store.
    pub fn origin(&self) -> Result<Option<String>, StoreError> {
        self.conn().first(&sql::STATE, &[self.part.into()], |r| r.text(0))
    }

    /// A table of the log with a row of a part that has no log here: somebody put it in from outside.
    pub fn stray(&self) -> Result<Option<&'static str>, StoreError> {
        for (table, sql) in sql::STRAYS {
            if self.conn().first(sql, &[self.part.into()], |_| Ok(()))?.is_some() {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    /// Lets the engine check its files: it finds damage outside the log and in the indexes, which the log's own check
    /// cannot see.
    pub fn integrity(&self) -> Result<Integrity, StoreError> {
        match &self.state {
            State::File { conn, .. } => {
                let mut statement = conn.prepare("PRAGMA integrity_check")?;
                let lines = statement.query_map([], |r| r.get::<_, String>(0))?;
                let lines: Vec<_> = lines.collect::<Result<_, _>>()?;
                Ok(if lines == ["ok"] { Integrity::Whole } else { Integrity::Damaged(lines) })
            }
            State::Server(lent) => postgres::integrity(lent),
        }
    }

    pub(crate) fn conn(&self) -> Conn<'_> {
        match &self.state {
            State::File { conn, .. } => Conn::Sqlite(conn),
            State::Server(lent) => Conn::Postgres(lent),
        }
    }

    /// The first entry of a list that is not where it belongs: missing, of another, or of no entry.
    fn misplaced(&self, [missing, superfluous]: [&Sql; 2], filed: u64) -> Result<Option<u64>, StoreError> {
        let range = [self.part.into(), self.part.place(0).into(), self.part.place(filed).into()];
        for sql in [missing, superfluous] {
            if let Some(index) = self.conn().first(sql, &range, |r| r.unsigned(0))? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

impl Store {
    /// The log of a part for a check while the store is in use.
    pub fn audit_source(&self, part: PartNo) -> Result<AuditSource, StoreError> {
        match self.engine() {
            Engine::Folder { dir, .. } => AuditSource::of_folder(dir, part),
            Engine::Postgres(server) => Ok(AuditSource { state: State::Server(postgres::Lent::calm(server)?), part }),
        }
    }
}

impl Tiles for AuditSource {
    type Error = StoreError;

    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let values = [self.part.into(), i64::from(level).into(), index.cast_signed().into()];
        let found = self.conn().first(&sql::TILE, &values, |r| Ok(r.found_bytes(0).map(<[u8]>::to_vec)));
        match found {
            Ok(tile) => Ok(tile.map(Option::unwrap_or_default)),
            // No tile has no bytes: the check names it.
            Err(e) if e.is_damage() => Ok(Some(Vec::new())),
            Err(e) => Err(e),
        }
    }
}

impl LogSource for AuditSource {
    fn state(&self) -> Result<Option<StateRow>, StoreError> {
        self.conn().first(&sql::STATE, &[self.part.into()], |r| {
            Ok(StateRow {
                size: r.found_int(1).map_or(u64::MAX, i64::cast_unsigned),
                root: r.found_bytes(2).map(<[u8]>::to_vec).unwrap_or_default(),
                last_checkpoint: r.found_int(3).map_or(u64::MAX, i64::cast_unsigned),
            })
        })
    }

    fn rows(&self, visit: &mut dyn FnMut(LogRow<'_>) -> ControlFlow<()>) -> Result<(), StoreError> {
        let (part, last) = (Value::from(self.part), self.part.place(u64::MAX));
        let (mut from, mut expected) = (self.part.place(0), 0);
        self.pieces(
            &sql::ENTRIES_UP,
            |place| {
                from = place.map_or(from, |[place, _]| place.saturating_add(1));
                [part, from.into(), last.into(), PIECE.into()]
            },
            &mut |row| {
                // Nothing after damaged pages can be reached; the check stops at the row it gets.
                let flow = visit(row.map_or_else(|| unreadable(expected), |row| log_row(self.part, row, expected)));
                expected += 1;
                flow
            },
        )
    }

    fn tile_rows(&self, visit: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<(), StoreError> {
        let part = Value::from(self.part);
        self.pieces(
            &sql::TILE_PLACES,
            |last| {
                let [level, index] = last.unwrap_or([i64::MIN, i64::MIN]);
                [part, level.into(), index.into(), PIECE.into()]
            },
            &mut |row| {
                // A tree has no such level: the check names it.
                let place = row.and_then(|row| row.found_int(0).zip(row.found_int(1)));
                let (level, index) =
                    place.map_or((u64::MAX, u64::MAX), |(l, i)| (l.cast_unsigned(), i.cast_unsigned()));
                let flow = visit(level, index);
                if place.is_some() { flow } else { ControlFlow::Break(()) }
            },
        )
    }

    fn misfiled(&self) -> Result<Option<u64>, StoreError> {
        let filed = filed(self.state()?.map_or(0, |state| state.size));
        for list in [[&sql::UNFILED_SUBJECT, &sql::MISFILED_SUBJECT], [&sql::UNFILED_ACTOR, &sql::MISFILED_ACTOR]] {
            if let Some(index) = self.misplaced(list, filed)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn checkpoints(&self, visit: &mut dyn FnMut(CheckpointRow<'_>) -> ControlFlow<()>) -> Result<(), StoreError> {
        let part = Value::from(self.part);
        let mut expected = 1;
        self.pieces(
            &sql::CHECKPOINTS,
            |last| [part, last.map_or(i64::MIN, |[seq, _]| seq).into(), PIECE.into()],
            &mut |row| {
                let flow = match row {
                    Some(row) => {
                        let seq = row.found_int(0).map_or(u64::MAX, i64::cast_unsigned);
                        let size = row.found_int(1).map_or(u64::MAX, i64::cast_unsigned);
                        visit(CheckpointRow { seq, size, note: row.found_text(2).unwrap_or_default() })
                    }
                    None => visit(CheckpointRow { seq: expected, size: 0, note: &[] }),
                };
                expected += 1;
                flow
            },
        )
    }
}

impl AuditSource {
    /// Reads a long list piece by piece. `next` makes the values of the next piece from the first two columns of the last
    /// row; `visit` gets each row, and none in place of the first that is too damaged to be read, which is the last.
    fn pieces<'v, const N: usize>(
        &self,
        sql: &Sql,
        mut next: impl FnMut(Option<[i64; 2]>) -> [Value<'v>; N],
        visit: &mut dyn FnMut(Option<&Row<'_>>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (mut last, mut stopped) = (None, false);
        while !stopped {
            let mut seen = 0;
            let read = self.conn().each(sql, &next(last), |row| {
                seen += 1;
                last = row.found_int(0).map(|first| [first, row.found_int(1).unwrap_or_default()]);
                // Without a place there is no next piece.
                stopped = stopped || visit(Some(row)).is_break() || last.is_none();
                Ok(())
            });
            match read {
                Ok(()) => stopped = stopped || seen < PIECE,
                Err(e) if e.is_damage() => {
                    if !stopped {
                        let _: ControlFlow<()> = visit(None);
                    }
                    return Ok(());
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// The stored row as it is, or one that cannot be right.
fn log_row<'r>(part: PartNo, row: &'r Row<'_>, expected: u64) -> LogRow<'r> {
    let read = || {
        let subject = match row.found_int(3) {
            None if row.is_null(3) => None,
            found => Some(found?.cast_unsigned()),
        };
        Some(LogRow {
            index: part.index_at(row.found_int(0)?),
            time_us: row.found_int(2)?,
            subject,
            actor: row.found_int(4)?.cast_unsigned(),
            eid: row.found_bytes(1)?,
            class: row.found_int(5)?,
            entry: row.found_bytes(6)?,
            sealed: row.found_bytes(7)?,
        })
    };
    read().unwrap_or_else(|| unreadable(expected))
}

const fn unreadable<'r>(index: u64) -> LogRow<'r> {
    LogRow { index, time_us: 0, subject: None, actor: 0, eid: &[], class: -1, entry: &[], sealed: &[] }
}

impl StoreError {
    /// Whether an error says "this is damaged" (a finding) rather than "I could not look" (no finding).
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Sql(e) => {
                matches!(e.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            }
            Self::Postgres(e) => postgres::is_damage(e),
            _ => false,
        }
    }
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
