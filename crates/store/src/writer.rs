//! The one thread that writes: it gathers what is waiting into one durable transaction.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use rusqlite::{Connection, ErrorCode};
use tacebo_ledger::{EntryHead, Receipt, RowColumns, Sequencer, Staged};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Change, CommitError, Committed, Hash, Options, PartNo, StoreError,
    apply::{Applier, Edge, Failed, NewKinds, load_edge},
    log, sql,
    store::Shared,
};

/// Bytes written since the log was last copied back into the file that make it time to do so again.
const COPY_BACK_BYTES: usize = 16 << 20;

/// What a change costs beyond its bytes, roughly: tiles, index pages.
const CHANGE_OVERHEAD: usize = 4096;

pub(crate) type Reply = oneshot::Sender<Result<Committed, CommitError>>;

pub(crate) enum Job {
    Commit(Box<Change>, Reply),
    CreatePart(PartNo, String, oneshot::Sender<Result<(), StoreError>>),
}

/// A part as the writer knows it.
struct PartState {
    edge: Edge,
    log: Sequencer,
}

/// What the open transaction adds to a part.
struct Draft {
    edge: Edge,
    staged: Option<Staged>,
}

/// A change that is applied and waits for the sync.
struct Pending {
    reply: Reply,
    part: PartNo,
    first_rid: i64,
    time_us: i64,
    entries: usize,
}

/// Why a whole transaction failed.
enum GroupFailed {
    /// Nothing is stored, the store is whole.
    Refused(String),
    /// The disk failed: nobody knows what is stored.
    Fatal(String),
}

pub(crate) struct Writer {
    conn: Connection,
    options: Options,
    shared: Arc<Shared>,
    parts: BTreeMap<i32, PartState>,
    since_copy_back: usize,
}

impl Writer {
    pub(crate) fn new(
        conn: Connection,
        options: Options,
        shared: Arc<Shared>,
    ) -> Result<Self, StoreError> {
        let mut parts = BTreeMap::new();
        let known = conn
            .prepare(sql::PARTS)?
            .query_map([], |r| r.get(0))?
            .collect::<Result<Vec<i32>, _>>()?;
        for part in known {
            if let Some((log, _)) = log::load(&conn, PartNo(part))? {
                let edge = load_edge(&conn, PartNo(part), log.size())?;
                parts.insert(part, PartState { edge, log });
            }
        }
        Ok(Self {
            conn,
            options,
            shared,
            parts,
            since_copy_back: 0,
        })
    }

    /// Works until the last [`crate::Store`] is gone.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let _bell = Bell {
            shared: Arc::clone(&self.shared),
            options: self.options.clone(),
        };
        let mut held = None;
        while let Some(job) = held.take().or_else(|| jobs.blocking_recv()) {
            match job {
                Job::Commit(change, reply) => {
                    let mut bytes = weight(&change);
                    let mut group = vec![(change, reply)];
                    while group.len() < self.options.group_changes
                        && bytes < self.options.group_bytes
                    {
                        match jobs.try_recv() {
                            Ok(Job::Commit(change, reply)) => {
                                bytes += weight(&change);
                                group.push((change, reply));
                            }
                            Ok(other) => {
                                held = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.group(group, bytes);
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
    fn group(&mut self, group: Vec<(Box<Change>, Reply)>, bytes: usize) {
        if self.shared.poisoned.load(Ordering::Acquire) {
            for (_, reply) in group {
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

    /// One durable transaction. Members that fail by themselves are answered at once; the others are in `pending`
    /// if the transaction fails, and answered if it does not.
    fn transact(
        &mut self,
        group: Vec<(Box<Change>, Reply)>,
        pending: &mut Vec<Pending>,
    ) -> Result<(), GroupFailed> {
        let mut new_kinds = NewKinds::default();
        let mut drafts = BTreeMap::new();
        let mut result = self.run_sql("BEGIN IMMEDIATE").map_err(|e| refused(&e));
        if result.is_ok() {
            result = self.intern(&group, &mut new_kinds).map_err(|e| refused(&e));
        }
        for (change, reply) in group {
            if result.is_ok() {
                match self.member(&change, &new_kinds, &mut drafts) {
                    Ok(edge) => pending.push(Pending {
                        reply,
                        part: change.part,
                        first_rid: edge.rid - i64::try_from(change.documents.len()).unwrap_or(0)
                            + 1,
                        time_us: edge.time_us,
                        entries: change.entries.len(),
                    }),
                    Err(Failed::Change(e)) => answer(reply, Err(e)),
                    Err(failed) => {
                        result = Err(match failed {
                            Failed::Sql(e) => refused(&e),
                            Failed::Change(e) => GroupFailed::Refused(e.to_string()),
                            Failed::Log(why) => GroupFailed::Refused(why),
                        });
                        pending.push(Pending {
                            reply,
                            part: change.part,
                            first_rid: 0,
                            time_us: 0,
                            entries: 0,
                        });
                    }
                }
            } else {
                pending.push(Pending {
                    reply,
                    part: change.part,
                    first_rid: 0,
                    time_us: 0,
                    entries: 0,
                });
            }
        }
        if let Err(e) = result.and_then(|()| self.seal_drafts(&drafts)) {
            // If this fails too, the file is still whole: an open transaction is never read.
            if let Err(e) = self.conn.execute_batch("ROLLBACK") {
                tracing::debug!(error = %e, "nothing to roll back");
            }
            return Err(e);
        }
        self.commit()?;
        new_kinds.publish(&self.shared.kinds);
        self.finish(drafts, std::mem::take(pending))
    }

    fn intern(
        &self,
        group: &[(Box<Change>, Reply)],
        new_kinds: &mut NewKinds,
    ) -> rusqlite::Result<()> {
        for (change, _) in group {
            for document in change.documents.iter().filter(|d| !d.kind.is_empty()) {
                new_kinds.intern(&self.conn, &self.shared.kinds, change.part, &document.kind)?;
            }
        }
        Ok(())
    }

    /// Applies one change in its own savepoint and stages its entries.
    fn member(
        &self,
        change: &Change,
        new_kinds: &NewKinds,
        drafts: &mut BTreeMap<i32, Draft>,
    ) -> Result<Edge, Failed> {
        let Some(state) = self.parts.get(&change.part.0) else {
            return Err(CommitError::NoPart.into());
        };
        let draft = drafts.entry(change.part.0).or_insert(Draft {
            edge: state.edge,
            staged: None,
        });
        let time_us = draft.edge.next_time((self.options.clock)());
        let applier = Applier {
            conn: &self.conn,
            kinds: &self.shared.kinds,
            new_kinds,
        };
        self.run_sql("SAVEPOINT member")?;
        let outcome = applier.apply(change, draft.edge, time_us).and_then(|edge| {
            self.leaves(change, state, draft, time_us)?;
            Ok(edge)
        });
        match outcome {
            Ok(edge) => {
                self.run_sql("RELEASE member")?;
                draft.edge = edge;
                Ok(edge)
            }
            Err(failed) => {
                let e = alone(failed)?;
                self.run_sql("ROLLBACK TO member")?;
                self.run_sql("RELEASE member")?;
                Err(Failed::Change(e))
            }
        }
    }

    /// Gives the entries of a change their places in the log and writes their rows. The last step of a change: nothing
    /// after it can fail for the change alone, so no place is ever given twice or left empty.
    fn leaves(
        &self,
        change: &Change,
        state: &PartState,
        draft: &mut Draft,
        time_us: i64,
    ) -> Result<(), Failed> {
        if change.entries.is_empty() {
            return Ok(());
        }
        let first = draft.staged.as_ref().map_or(state.log.size(), Staged::size);
        let mut logged = Vec::with_capacity(change.entries.len());
        let mut put = self.conn.prepare_cached(sql::LEAF_PUT)?;
        for (index, entry) in (first..).zip(&change.entries) {
            let columns = RowColumns {
                index,
                time_us,
                subject: entry.subject.map(|s| s.0),
                actor: entry.actor,
                eid: &entry.eid,
                class: entry.class,
                sealed: &entry.sealed,
            };
            let head = EntryHead::new(&columns, entry.commitment).encode();
            put.execute((
                change.part.sql(),
                index.cast_signed(),
                entry.eid,
                time_us,
                entry.subject.map(|s| s.0.cast_signed()),
                entry.actor.cast_signed(),
                entry.class,
                &head,
                &entry.sealed,
            ))?;
            logged.push(head);
        }
        let staged = match draft.staged.take() {
            Some(mut staged) => staged.push(time_us, &logged).map(|()| staged),
            None => state.log.stage(time_us, &logged),
        };
        draft.staged = Some(staged.map_err(|e| Failed::Log(e.to_string()))?);
        Ok(())
    }

    /// Writes the tiles, heads and log states of all parts that the transaction touched.
    fn seal_drafts(&self, drafts: &BTreeMap<i32, Draft>) -> Result<(), GroupFailed> {
        for (part, draft) in drafts {
            let Some(state) = self.parts.get(part) else {
                continue;
            };
            self.seal_draft(i64::from(*part), state, draft)
                .map_err(|e| refused(&e))?;
        }
        Ok(())
    }

    fn seal_draft(&self, part: i64, state: &PartState, draft: &Draft) -> rusqlite::Result<()> {
        let edge = draft.edge;
        self.conn
            .prepare_cached(sql::HEAD_PUT)?
            .execute((part, edge.rid, edge.time_us))?;
        let mut put = self.conn.prepare_cached(sql::TILE_PUT)?;
        for tile in draft.staged.iter().flat_map(Staged::tiles) {
            put.execute((
                part,
                tile.id.level,
                tile.id.index.cast_signed(),
                &tile.bytes,
            ))?;
        }
        let (size, root) = draft.staged.as_ref().map_or_else(
            || (state.log.size(), state.log.root()),
            |s| (s.size(), s.root()),
        );
        if draft.staged.is_some() || edge.checkpoint != state.edge.checkpoint {
            put_state(
                &self.conn,
                part,
                state.log.origin(),
                size,
                root,
                edge.checkpoint.0,
            )?;
        }
        Ok(())
    }

    /// The sync. Any failure here is fatal: after a failed fdatasync the next one may lie (fsyncgate).
    fn commit(&self) -> Result<(), GroupFailed> {
        if self
            .options
            .commit_fault
            .as_ref()
            .is_some_and(|fault| fault())
        {
            return Err(GroupFailed::Fatal("injected".to_owned()));
        }
        self.run_sql("COMMIT")
            .map_err(|e| GroupFailed::Fatal(e.to_string()))
    }

    /// The transaction is durable: moves the edges on, makes the receipts, answers.
    fn finish(
        &mut self,
        drafts: BTreeMap<i32, Draft>,
        pending: Vec<Pending>,
    ) -> Result<(), GroupFailed> {
        let mut receipts: BTreeMap<i32, std::vec::IntoIter<Receipt>> = BTreeMap::new();
        for (part, draft) in drafts {
            let Some(state) = self.parts.get_mut(&part) else {
                continue;
            };
            state.edge = draft.edge;
            if let Some(staged) = draft.staged {
                let made = state
                    .log
                    .committed(staged)
                    .map_err(|e| GroupFailed::Fatal(e.to_string()))?;
                receipts.insert(part, made.into_iter());
            }
            state.edge.log_size = state.log.size();
        }
        for waiting in pending {
            let mine = receipts
                .get_mut(&waiting.part.0)
                .map_or_else(Vec::new, |all| all.by_ref().take(waiting.entries).collect());
            let committed = Committed {
                first_rid: waiting.first_rid,
                time_us: waiting.time_us,
                receipts: mine,
            };
            answer(waiting.reply, Ok(committed));
        }
        Ok(())
    }

    /// Copies the write-ahead log back into the file now and then. Done here and not by SQLite itself, which would
    /// swallow a failed sync.
    fn copy_back(&mut self, bytes: usize) {
        self.since_copy_back = self.since_copy_back.saturating_add(bytes);
        if self.since_copy_back < COPY_BACK_BYTES {
            return;
        }
        self.since_copy_back = 0;
        match self
            .conn
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |r| r.get::<_, i64>(0))
        {
            Ok(_) => {}
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                tracing::warn!("no room to copy the write-ahead log back");
            }
            Err(e) => self.fatal(&e.to_string()),
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
            return if state.log.origin() == origin {
                Ok(())
            } else {
                Err(StoreError::Origin(part.0))
            };
        }
        let log = Sequencer::load(
            origin,
            0,
            &log::ConnTiles {
                conn: &self.conn,
                part,
            },
        )
        .map_err(|e| StoreError::Log(e.to_string()))?;
        if let Err(e) = put_state(&self.conn, part.sql(), origin, 0, log.root(), 0) {
            let full = e.sqlite_error_code() == Some(ErrorCode::DiskFull);
            if !full {
                self.fatal(&e.to_string());
            }
            return Err(if full {
                StoreError::Sql(e)
            } else {
                StoreError::Poisoned
            });
        }
        let edge = load_edge(&self.conn, part, 0)?;
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

fn put_state(
    conn: &Connection,
    part: i64,
    origin: &str,
    size: u64,
    root: Hash,
    checkpoint: u64,
) -> rusqlite::Result<()> {
    let row = (
        part,
        origin,
        size.cast_signed(),
        root.0,
        checkpoint.cast_signed(),
    );
    conn.prepare_cached(sql::STATE_PUT)?.execute(row).map(drop)
}

/// What a change may fail of alone; everything else fails its group.
fn alone(failed: Failed) -> Result<CommitError, Failed> {
    match failed {
        Failed::Change(e) => Ok(e),
        Failed::Sql(e) => match e.sqlite_error_code() {
            Some(ErrorCode::TooBig) => Ok(CommitError::Malformed("a value is too big")),
            Some(ErrorCode::ConstraintViolation) => {
                Ok(CommitError::Malformed("two rows of one name"))
            }
            _ => Err(Failed::Sql(e)),
        },
        Failed::Log(why) => Err(Failed::Log(why)),
    }
}

/// An error before the sync: the disk's own word is fatal, all else only refuses the group.
fn refused(e: &rusqlite::Error) -> GroupFailed {
    match e.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            GroupFailed::Fatal(e.to_string())
        }
        _ => GroupFailed::Refused(e.to_string()),
    }
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
    let documents: usize = change
        .documents
        .iter()
        .map(|d| d.index.len() + d.body.len() + 64 * d.terms.len() + 128)
        .sum();
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
