//! The one thread that writes: it gathers what is waiting into one durable transaction.

mod group;

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use rusqlite::{Connection, ErrorCode};
use tacebo_ledger::Sequencer;
use tokio::sync::{mpsc, oneshot};

use self::group::GroupFailed;
use crate::{
    Change, CommitError, Committed, Hash, Held, Options, PartNo, StoreError,
    apply::{Edge, load_edge},
    log, sql,
    store::Shared,
};

/// Bytes written since the log was last copied back into the file that make it time to do so again.
const COPY_BACK_BYTES: usize = 16 << 20;

/// What a change costs beyond its bytes, roughly: tiles, index pages.
const CHANGE_OVERHEAD: usize = 4096;

pub(crate) type Reply = oneshot::Sender<Result<Committed, CommitError>>;

/// A change, what is held for it, and who waits for it.
type Member = (Box<Change>, Held, Reply);

pub(crate) enum Job {
    Commit(Box<Change>, Held, Reply),
    CreatePart(PartNo, String, oneshot::Sender<Result<(), StoreError>>),
}

/// A part as the writer knows it.
struct PartState {
    edge: Edge,
    log: Sequencer,
}

/// Changes for one transaction.
struct Group {
    members: Vec<Member>,
    bytes: usize,
}

impl Group {
    /// Takes in what is waiting, as far as it fits; gives back what comes after it and is no change.
    fn gather(&mut self, jobs: &mut mpsc::Receiver<Job>, options: &Options) -> Option<Job> {
        while self.members.len() < options.group_changes && self.bytes < options.group_bytes {
            match jobs.try_recv().ok()? {
                Job::Commit(change, held, reply) => {
                    self.bytes += weight(&change);
                    self.members.push((change, held, reply));
                }
                other @ Job::CreatePart(..) => return Some(other),
            }
        }
        None
    }
}

pub(crate) struct Writer {
    conn: Connection,
    options: Options,
    shared: Arc<Shared>,
    parts: BTreeMap<i32, PartState>,
    since_copy_back: usize,
}

impl Writer {
    pub(crate) fn new(conn: Connection, options: Options, shared: Arc<Shared>) -> Result<Self, StoreError> {
        let mut parts = BTreeMap::new();
        let known = conn.prepare(sql::PARTS)?.query_map([], |r| r.get(0))?.collect::<Result<Vec<i32>, _>>()?;
        for part in known {
            if let Some(log) = log::load(&conn, PartNo(part))? {
                let edge = load_edge(&conn, PartNo(part), log.size())?;
                parts.insert(part, PartState { edge, log });
            }
        }
        // What a killed program left behind: it would grow with every crash.
        copied_back(&conn, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(Self { conn, options, shared, parts, since_copy_back: 0 })
    }

    /// Works until the last [`crate::Store`] is gone.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let _bell = Bell { shared: Arc::clone(&self.shared), options: self.options.clone() };
        let mut next = None;
        while let Some(job) = next.take().or_else(|| jobs.blocking_recv()) {
            match job {
                Job::Commit(change, held, reply) => {
                    let mut group = Group { bytes: weight(&change), members: vec![(change, held, reply)] };
                    next = group.gather(&mut jobs, &self.options);
                    self.group(group.members, group.bytes);
                }
                Job::CreatePart(part, origin, reply) => {
                    let answer = self.create_part(part, &origin);
                    if reply.send(answer).is_err() {
                        tracing::debug!("nobody waited for a new part");
                    }
                }
            }
        }
    }

    /// Commits a group and answers each of its members.
    fn group(&mut self, group: Vec<Member>, bytes: usize) {
        if self.shared.poisoned.load(Ordering::Acquire) {
            for (_, _, reply) in group {
                answer(reply, Err(CommitError::Fatal));
            }
            return;
        }
        let mut pending = Vec::with_capacity(group.len());
        match self.transact(group, &mut pending) {
            Ok(()) => self.copy_back(bytes),
            Err(GroupFailed::Refused(why)) => {
                tracing::warn!(%why, "a group of changes was refused by the database");
                for waiting in pending {
                    answer(waiting.reply, Err(CommitError::Storage(why.clone())));
                }
            }
            Err(GroupFailed::Fatal(why)) => {
                self.fatal(&why);
                for waiting in pending {
                    answer(waiting.reply, Err(CommitError::Fatal));
                }
            }
        }
    }

    /// Copies the write-ahead log back into the file now and then. Done here and not by SQLite itself, which would
    /// swallow a failed sync.
    fn copy_back(&mut self, bytes: usize) {
        self.since_copy_back = self.since_copy_back.saturating_add(bytes);
        if self.since_copy_back < COPY_BACK_BYTES {
            return;
        }
        self.since_copy_back = 0;
        if let Err(e) = copied_back(&self.conn, "PRAGMA wal_checkpoint(PASSIVE)") {
            self.fatal(&e.to_string());
        }
    }

    fn create_part(&mut self, part: PartNo, origin: &str) -> Result<(), StoreError> {
        if self.shared.poisoned.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned);
        }
        if !(0..=PartNo::MAX.0).contains(&part.0) {
            return Err(StoreError::Part(part.0));
        }
        if let Some(state) = self.parts.get(&part.0) {
            return if state.log.origin() == origin { Ok(()) } else { Err(StoreError::Origin(part.0)) };
        }
        let log = Sequencer::load(origin, 0, &log::ConnTiles { conn: &self.conn, part })
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

    fn fatal(&self, why: &str) {
        poison(&self.shared, &self.options, why);
    }

    fn run_sql(&self, sql: &str) -> rusqlite::Result<()> {
        self.conn.prepare_cached(sql)?.execute([]).map(drop)
    }
}

/// Copies the write-ahead log back as far as readers and the disk's room let it; the rest waits for the next time.
fn copied_back(conn: &Connection, how: &str) -> rusqlite::Result<()> {
    match conn.query_row(how, [], |_| Ok(())) {
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
            tracing::warn!("no room to copy the write-ahead log back");
            Ok(())
        }
        done => done,
    }
}

fn put_state(conn: &Connection, part: i64, origin: &str, size: u64, root: Hash, edge: Edge) -> rusqlite::Result<()> {
    let (seq, _) = edge.checkpoint;
    let row = (part, origin, size.cast_signed(), root.0, seq.cast_signed(), edge.rid, edge.time_us);
    conn.prepare_cached(sql::STATE_PUT)?.execute(row).map(drop)
}

fn poison(shared: &Shared, options: &Options, why: &str) {
    if !shared.poisoned.swap(true, Ordering::AcqRel) {
        tracing::error!(%why, "the disk failed a commit: nothing more is written");
        (options.on_fatal)(why);
    }
}

fn answer(reply: Reply, with: Result<Committed, CommitError>) {
    // A caller that went away is no fault: its change is as durable as it would have been.
    if reply.send(with).is_err() {
        tracing::debug!("nobody waited for a commit");
    }
}

fn weight(change: &Change) -> usize {
    let documents: usize =
        change.documents.iter().map(|d| d.index.len() + d.body.len() + 64 * d.terms.len() + 128).sum();
    let entries: usize = change.entries.iter().map(|e| e.sealed.len() + 256).sum();
    let keys = (change.keys.len() + change.buckets.len()) * 256;
    documents + entries + keys + CHANGE_OVERHEAD
}

/// Poisons the store if the writer's thread ends by a panic.
struct Bell {
    shared: Arc<Shared>,
    options: Options,
}

impl Drop for Bell {
    fn drop(&mut self) {
        if std::thread::panicking() {
            poison(&self.shared, &self.options, "the writer panicked");
        }
    }
}
