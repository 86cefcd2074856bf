//! One durable transaction over a group of changes.

use std::collections::BTreeMap;

use rusqlite::ErrorCode;
use tacebo_ledger::{Receipt, Staged};

use super::{
    apply::{Applier, Failed, NewKinds},
    writer::{FileWriter, put_state},
};
use crate::{
    Change, CommitError, Committed, Held, PartNo,
    edge::{Edge, PartState},
    log::filed,
    queue::{Member, Reply, answer},
    sql,
};

/// What the open transaction adds to a part.
struct Draft {
    edge: Edge,
    staged: Option<Staged>,
}

/// A change that is applied and waits for the sync.
pub(super) struct Pending {
    pub(super) reply: Reply,
    part: PartNo,
    first_rid: i64,
    time_us: i64,
    entries: usize,
    pub(super) held: Held,
}

impl Pending {
    /// Waits for nothing but the word that the group failed.
    fn failed(reply: Reply, part: PartNo, held: Held) -> Self {
        Self { reply, part, first_rid: 0, time_us: 0, entries: 0, held }
    }
}

/// Why a whole transaction failed.
pub(super) enum GroupFailed {
    /// Nothing is stored, the store is whole.
    Refused(String),
    /// The disk failed: nobody knows what is stored.
    Fatal(String),
}

impl FileWriter {
    /// One durable transaction. Members that fail by themselves are answered at once; the others are in `pending`
    /// if the transaction fails, and answered if it does not.
    pub(super) fn transact(&mut self, group: Vec<Member>, pending: &mut Vec<Pending>) -> Result<(), GroupFailed> {
        let mut new_kinds = NewKinds::default();
        let mut drafts = BTreeMap::new();
        // A change that is alone needs no place of its own to go back to: the transaction is one.
        let lone = group.len() == 1;
        let mut result = self.run_sql("BEGIN IMMEDIATE").map_err(|e| refused(&e));
        if result.is_ok() {
            result = self.intern(&group, &mut new_kinds).map_err(|e| refused(&e));
        }
        for (change, held, reply) in group {
            if result.is_ok() {
                match self.member(&change, lone, &new_kinds, &mut drafts) {
                    Ok(edge) => pending.push(Pending {
                        reply,
                        part: change.part,
                        first_rid: edge.rid - i64::try_from(change.documents.len()).unwrap_or(0) + 1,
                        time_us: edge.time_us,
                        entries: change.entries.len(),
                        held,
                    }),
                    Err(Failed::Change(e)) => {
                        if lone {
                            self.roll_back();
                        }
                        drop(held);
                        answer(reply, Err(e));
                        if lone {
                            return Ok(());
                        }
                    }
                    Err(failed) => {
                        result = Err(match failed {
                            Failed::Sql(e) => refused(&e),
                            Failed::Change(e) => GroupFailed::Refused(e.to_string()),
                            Failed::Log(why) => GroupFailed::Refused(why),
                        });
                        pending.push(Pending::failed(reply, change.part, held));
                    }
                }
            } else {
                pending.push(Pending::failed(reply, change.part, held));
            }
        }
        if let Err(e) = result.and_then(|()| self.seal_drafts(&drafts)).and_then(|()| self.commit()) {
            if matches!(e, GroupFailed::Refused(_)) {
                self.roll_back();
            }
            return Err(e);
        }
        new_kinds.publish(&self.shared.kinds);
        self.finish(drafts, std::mem::take(pending))
    }

    /// If this fails too, the file is still whole: an open transaction is never read.
    fn roll_back(&self) {
        if let Err(e) = self.conn.execute_batch("ROLLBACK") {
            tracing::debug!(error = %e, "nothing to roll back");
        }
    }

    fn intern(&self, group: &[Member], new_kinds: &mut NewKinds) -> rusqlite::Result<()> {
        for (change, ..) in group {
            for document in change.documents.iter().filter(|d| !d.kind.is_empty()) {
                new_kinds.intern(&self.conn, &self.shared.kinds, change.part, &document.kind)?;
            }
        }
        Ok(())
    }

    /// Applies one change and stages its entries; in a savepoint of its own unless it is the only one of its transaction.
    fn member(
        &self,
        change: &Change,
        lone: bool,
        new_kinds: &NewKinds,
        drafts: &mut BTreeMap<i32, Draft>,
    ) -> Result<Edge, Failed> {
        let Some(state) = self.parts.get(&change.part.0) else {
            return Err(CommitError::NoPart.into());
        };
        let draft = drafts.entry(change.part.0).or_insert(Draft { edge: state.edge, staged: None });
        let time_us = draft.edge.next_time((self.options.clock)());
        let applier = Applier { conn: &self.conn, kinds: &self.shared.kinds, new_kinds };
        if change.is_one_entry() {
            // One statement undoes itself if it fails.
            return match self.leaves(change, state, draft, time_us) {
                Ok(()) => {
                    draft.edge.time_us = time_us;
                    Ok(draft.edge)
                }
                Err(failed) => Err(Failed::Change(alone(failed)?)),
            };
        }
        if !lone {
            self.run_sql("SAVEPOINT member")?;
        }
        let outcome = applier.apply(change, draft.edge, time_us).and_then(|edge| {
            self.leaves(change, state, draft, time_us)?;
            Ok(edge)
        });
        match outcome {
            Ok(edge) => {
                if !lone {
                    self.run_sql("RELEASE member")?;
                }
                draft.edge = edge;
                Ok(edge)
            }
            Err(failed) if lone => Err(Failed::Change(alone(failed)?)),
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
    fn leaves(&self, change: &Change, state: &PartState, draft: &mut Draft, time_us: i64) -> Result<(), Failed> {
        if change.entries.is_empty() {
            return Ok(());
        }
        let first = draft.staged.as_ref().map_or(state.log.size(), Staged::size);
        let mut logged = Vec::with_capacity(change.entries.len());
        let mut put = self.conn.prepare_cached(sql::LEAF_PUT.sqlite)?;
        for (index, entry) in (first..).zip(&change.entries) {
            let head = entry.logged(index, time_us);
            put.execute((
                change.part.place(index),
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

    /// Writes the tiles, lists and states of all parts that the transaction touched.
    fn seal_drafts(&self, drafts: &BTreeMap<i32, Draft>) -> Result<(), GroupFailed> {
        for (part, draft) in drafts {
            let Some(state) = self.parts.get(part) else {
                continue;
            };
            self.seal_draft(PartNo(*part), state, draft).map_err(|e| refused(&e))?;
        }
        Ok(())
    }

    fn seal_draft(&self, part: PartNo, state: &PartState, draft: &Draft) -> rusqlite::Result<()> {
        let mut put = self.conn.prepare_cached(sql::TILE_PUT.sqlite)?;
        for tile in draft.staged.iter().flat_map(Staged::tiles) {
            put.execute((part.sql(), tile.id.level, tile.id.index.cast_signed(), &tile.bytes))?;
        }
        let (size, root) =
            draft.staged.as_ref().map_or_else(|| (state.log.size(), state.log.root()), |s| (s.size(), s.root()));
        let (from, to) = (filed(state.log.size()), filed(size));
        if from < to {
            for list in [sql::FILE_SUBJECTS.sqlite, sql::FILE_ACTORS.sqlite] {
                self.conn.prepare_cached(list)?.execute([part.sql(), part.place(from), part.place(to)])?;
            }
        }
        put_state(&self.conn, part.sql(), state.log.origin(), size, root, draft.edge)
    }

    /// Writes and syncs. A full disk refuses the group before anything is synced, and what was written of it has no end
    /// mark, so it is never read. Any other failure is fatal: after a failed fdatasync the next one may lie (fsyncgate).
    fn commit(&self) -> Result<(), GroupFailed> {
        if self.options.commit_fault.as_ref().is_some_and(|fault| fault()) {
            return Err(GroupFailed::Fatal("injected".to_owned()));
        }
        self.run_sql("COMMIT").map_err(|e| match e.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => GroupFailed::Refused(e.to_string()),
            _ => GroupFailed::Fatal(e.to_string()),
        })
    }

    /// The transaction is durable: moves the edges on, makes the receipts, answers.
    fn finish(&mut self, drafts: BTreeMap<i32, Draft>, pending: Vec<Pending>) -> Result<(), GroupFailed> {
        let mut receipts: BTreeMap<i32, std::vec::IntoIter<Receipt>> = BTreeMap::new();
        for (part, draft) in drafts {
            let Some(state) = self.parts.get_mut(&part) else {
                continue;
            };
            state.edge = draft.edge;
            if let Some(staged) = draft.staged {
                let made = state.log.committed(staged).map_err(|e| GroupFailed::Fatal(e.to_string()))?;
                receipts.insert(part, made.into_iter());
            }
            state.edge.log_size = state.log.size();
        }
        for waiting in pending {
            let mine = receipts
                .get_mut(&waiting.part.0)
                .map_or_else(Vec::new, |all| all.by_ref().take(waiting.entries).collect());
            drop(waiting.held);
            let committed = Committed { first_rid: waiting.first_rid, time_us: waiting.time_us, receipts: mine };
            answer(waiting.reply, Ok(committed));
        }
        Ok(())
    }
}

/// What a change may fail of alone; everything else fails its group.
fn alone(failed: Failed) -> Result<CommitError, Failed> {
    match failed {
        Failed::Change(e) => Ok(e),
        Failed::Sql(e) => match e.sqlite_error_code() {
            Some(ErrorCode::TooBig) => Ok(CommitError::Malformed("a value is too big")),
            Some(ErrorCode::ConstraintViolation) => Ok(CommitError::Malformed("two rows of one name")),
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
