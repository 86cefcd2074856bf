//! The one writer: it makes a group of changes one durable transaction.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::{Connection, ErrorCode};
use tacebo_ledger::Sequencer;

use super::group::GroupFailed;
use crate::{
    CommitError, Hash, Options, PartNo, StoreError,
    conn::Conn,
    edge::{Edge, PartState},
    log,
    queue::{Member, Writer, answer, poison},
    sql,
    store::Shared,
};

/// Pages in the write-ahead log that make it time to copy it back into the file: 64 MiB, which it then has for good and
/// writes again from its start. The more pages, the more of them are there more than once and are copied once.
const COPY_BACK_PAGES: i64 = 16 << 10;
/// Bytes of changes after which the pages are counted again.
const COUNT_EVERY: usize = 4 << 20;
/// Bytes that the pages of a small transaction come to.
const LEAST: usize = 64 << 10;

pub(crate) struct FileWriter {
    pub(super) conn: Connection,
    pub(super) options: Options,
    pub(super) shared: Arc<Shared>,
    pub(super) parts: BTreeMap<i32, PartState>,
    /// Bytes since the pages of the write-ahead log were counted.
    uncounted: usize,
}

impl FileWriter {
    pub(crate) fn new(conn: Connection, options: Options, shared: Arc<Shared>) -> Result<Self, StoreError> {
        let mut parts = BTreeMap::new();
        let reader = Conn::Sqlite(&conn);
        for part in reader.all(&sql::PARTS, &[], |r| r.small(0).map(PartNo))? {
            if let Some(state) = PartState::load(reader, part)? {
                parts.insert(part.0, state);
            }
        }
        // What a killed program left behind: it would grow with every crash.
        copied_back(&conn, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(Self { conn, options, shared, parts, uncounted: 0 })
    }

    fn fatal(&self, why: &str) {
        poison(&self.shared, &self.options, why);
    }

    pub(super) fn run_sql(&self, sql: &str) -> rusqlite::Result<()> {
        self.conn.prepare_cached(sql)?.execute([]).map(drop)
    }
}

impl Writer for FileWriter {
    fn group(&mut self, group: Vec<Member>, bytes: usize) {
        let mut pending = Vec::with_capacity(group.len());
        match self.transact(group, &mut pending) {
            Ok(()) => self.uncounted = self.uncounted.saturating_add(bytes.max(LEAST)),
            Err(GroupFailed::Refused(why)) => {
                tracing::warn!(%why, "a group of changes was refused by the database");
                for waiting in pending {
                    drop(waiting.held);
                    answer(waiting.reply, Err(CommitError::Storage(why.clone())));
                }
            }
            Err(GroupFailed::Fatal(why)) => {
                self.fatal(&why);
                for waiting in pending {
                    drop(waiting.held);
                    answer(waiting.reply, Err(CommitError::Fatal));
                }
            }
        }
    }

    /// Copies the write-ahead log back into the file now and then. Done here and not by SQLite itself, which would
    /// swallow a failed sync.
    fn tidy(&mut self) {
        if self.uncounted < COUNT_EVERY {
            return;
        }
        self.uncounted = 0;
        // Its first column says whether somebody was in the way, the second how many pages there are.
        let pages = self.conn.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1));
        let done = match pages {
            Ok(pages) if pages < COPY_BACK_PAGES => Ok(()),
            _ => copied_back(&self.conn, "PRAGMA wal_checkpoint(PASSIVE)"),
        };
        if let Err(e) = done {
            self.fatal(&e.to_string());
        }
    }

    fn create_part(&mut self, part: PartNo, origin: &str) -> Result<(), StoreError> {
        if let Some(state) = self.parts.get(&part.0) {
            return if state.log.origin() == origin { Ok(()) } else { Err(StoreError::Origin(part.0)) };
        }
        let log = Sequencer::load(origin, 0, &log::ConnTiles { conn: Conn::Sqlite(&self.conn), part })
            .map_err(|e| StoreError::Log(e.to_string()))?;
        let edge = Edge::default();
        if let Err(e) = put_state(&self.conn, part.sql(), origin, 0, log.root(), edge) {
            let full = e.sqlite_error_code() == Some(ErrorCode::DiskFull);
            if !full {
                self.fatal(&e.to_string());
            }
            return Err(if full { StoreError::Sql(e) } else { StoreError::Poisoned });
        }
        self.parts.insert(part.0, PartState { edge, log });
        Ok(())
    }
}

/// Copies the write-ahead log back as far as readers and the disk's room let it; the rest waits for the next time.
pub(super) fn copied_back(conn: &Connection, how: &str) -> rusqlite::Result<()> {
    match conn.query_row(how, [], |_| Ok(())) {
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
            tracing::warn!("no room to copy the write-ahead log back");
            Ok(())
        }
        done => done,
    }
}

pub(super) fn put_state(
    conn: &Connection,
    part: i64,
    origin: &str,
    size: u64,
    root: Hash,
    edge: Edge,
) -> rusqlite::Result<()> {
    let (seq, _) = edge.checkpoint;
    let row = (part, origin, size.cast_signed(), root.0, seq.cast_signed(), edge.rid, edge.time_us);
    conn.prepare_cached(sql::STATE_PUT.sqlite)?.execute(row).map(drop)
}
