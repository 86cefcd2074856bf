//! Deciding the changes of a group in memory, in order: what fails, fails alone, before anything is sent.
//!
//! The rules are those of `sqlite/apply.rs`; the conformance suite holds the two together.

use std::collections::{BTreeMap, BTreeSet};

use tacebo_ledger::{Sequencer, Staged};

use super::{
    rows::Rows,
    wanted::{Known, Latest},
};
use crate::{
    Change, CommitError, DocumentWrite, Guard, PartNo, Touched,
    edge::{CHECKPOINT_SIZE, Edge, GUARD_ALONE, NO_KIND},
    kinds::Kinds,
};

/// What the open transaction adds to a part.
pub(super) struct Draft<'g> {
    pub(super) part: PartNo,
    pub(super) edge: Edge,
    pub(super) staged: Option<Staged>,
    pub(super) known: Known<'g>,
    pub(super) rows: Rows<'g>,
    /// Number of the last news; with what there is to tell, of that.
    pub(super) news: i64,
    /// What the other nodes have to hear.
    pub(super) tells: Option<Touched>,
    /// Whether any change went in.
    pub(super) touched: bool,
}

impl<'g> Draft<'g> {
    pub(super) fn new(part: PartNo, edge: Edge, known: Known<'g>, news: i64) -> Self {
        Self { part, edge, staged: None, known, rows: Rows::default(), news, tells: None, touched: false }
    }

    /// Takes a change in whole, or says why not and stays as it was.
    pub(super) fn take(
        &mut self,
        change: &'g Change,
        log: &Sequencer,
        kinds: &Kinds,
        now_us: i64,
    ) -> Result<Edge, CommitError> {
        let time_us = self.edge.next_time(now_us);
        change.guards.iter().try_for_each(|guard| self.check_guard(guard))?;
        let there = |rid| self.known.there.contains(rid) && !change.erase.contains(rid);
        if !change.reseal.iter().all(|one| there(&one.rid)) {
            return Err(CommitError::Malformed("a version to be sealed anew is not there"));
        }
        self.check_subjects(change)?;
        let numbers = self.check_documents(change, kinds)?;
        if change.documents.is_empty() && !change.guards.is_empty() {
            return Err(CommitError::Malformed(GUARD_ALONE));
        }
        let mut edge = Edge { time_us, ..self.edge };
        if let Some(checkpoint) = &change.checkpoint {
            edge = edge.with_checkpoint(checkpoint.size).ok_or(CommitError::Malformed(CHECKPOINT_SIZE))?;
        }
        self.log(change, log, time_us)?;
        // Nothing fails from here on.
        if !change.is_only_log() {
            if self.tells.is_none() {
                self.news += 1;
            }
            self.tells.get_or_insert_default().add(change);
        }
        self.known.latest.retain(|_, latest| !change.erase.contains(&latest.rid));
        self.rows.erase(change, time_us);
        self.rows.subjects(change, &mut self.known);
        self.rows.keys(change);
        for (document, kind) in change.documents.iter().zip(numbers) {
            edge.rid += 1;
            self.document(document, kind, edge.rid, time_us);
        }
        let first = edge.rid + 1 - i64::try_from(change.documents.len()).unwrap_or(0);
        self.rows.blobs(change, first);
        for guard in &change.guards {
            self.known.guards.insert(guard.term.0, edge.rid);
            self.rows.guards.insert(&guard.term.0, edge.rid);
        }
        self.rows.meta.extend(change.meta.iter().map(|(name, value)| (name.as_str(), value.as_slice())));
        if let Some(checkpoint) = &change.checkpoint {
            self.rows.checkpoints.push((edge.checkpoint, &checkpoint.note));
        }
        self.edge = edge;
        self.touched = true;
        Ok(edge)
    }

    /// A term counts as touched by a guard's stamp and by a document that was written under it.
    fn check_guard(&self, guard: &Guard) -> Result<(), CommitError> {
        let stamped = self.known.guards.get(&guard.term.0);
        let written = self.known.touched.get(&guard.term.0).and_then(BTreeSet::last);
        match [stamped, written].into_iter().flatten().find(|rid| **rid > guard.seen) {
            Some(touched) => Err(CommitError::Conflict { term: guard.term, touched: *touched }),
            None => Ok(()),
        }
    }

    fn check_subjects(&self, change: &Change) -> Result<(), CommitError> {
        let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        let dropped = |no: &u64| change.drop_subjects.iter().any(|gone| gone.0 == *no);
        for (id, no) in &change.subjects {
            let name_free = self.known.names.get(&id.0).is_none_or(dropped);
            let free = name_free && (dropped(&no.0) || !self.known.numbers.contains_key(&no.0));
            if !free || !names.insert(id.0) || !numbers.insert(no.0) {
                return Err(CommitError::SubjectTaken { id: *id });
            }
        }
        Ok(())
    }

    /// Checks the versions, and gives the numbers of the kinds.
    fn check_documents(&self, change: &Change, kinds: &Kinds) -> Result<Vec<i64>, CommitError> {
        let mut numbers = Vec::with_capacity(change.documents.len());
        let mut own = BTreeMap::new();
        for new in &change.documents {
            let number = kinds.cached(self.part, &new.kind).or_else(|| self.known.kinds.get(&*new.kind).copied());
            let kind = number.ok_or(CommitError::Malformed(NO_KIND))?;
            let latest = self.known.latest.get(&(kind, new.id.0)).filter(|latest| !change.erase.contains(&latest.rid));
            let stored = || latest.map_or(0, |latest| latest.version);
            let current = own.get(&(kind, new.id.0)).copied().unwrap_or_else(stored);
            if current.checked_add(1) != Some(new.version) {
                return Err(CommitError::VersionMismatch { kind: new.kind.clone(), id: new.id, current });
            }
            own.insert((kind, new.id.0), new.version);
            numbers.push(kind);
        }
        Ok(numbers)
    }

    fn document(&mut self, new: &'g DocumentWrite, kind: i64, rid: i64, time_us: i64) {
        let row = self.rows.document(new, kind, rid, time_us);
        let latest = Latest { rid, version: new.version, row: Some(row) };
        if let Some(old) = self.known.latest.insert((kind, new.id.0), latest) {
            self.rows.supersede(old, rid);
            self.known.touched.values_mut().for_each(|rids| {
                rids.remove(&old.rid);
            });
        }
        for term in &new.terms {
            if let Some(rids) = self.known.touched.get_mut(&term.0) {
                rids.insert(rid);
            }
        }
    }

    /// Gives the entries of a change their places in the log.
    fn log(&mut self, change: &'g Change, log: &Sequencer, time_us: i64) -> Result<(), CommitError> {
        if change.entries.is_empty() {
            return Ok(());
        }
        let first = self.staged.as_ref().map_or(log.size(), Staged::size);
        let heads: Vec<_> = (first..).zip(&change.entries).map(|(index, entry)| entry.logged(index, time_us)).collect();
        let staged = match &mut self.staged {
            Some(staged) => staged.push(time_us, &heads),
            none => log.stage(time_us, &heads).map(|staged| *none = Some(staged)),
        };
        staged.map_err(|_| CommitError::Malformed("an entry is too long"))?;
        for ((index, entry), head) in (first..).zip(&change.entries).zip(heads) {
            self.rows.leaf(self.part.place(index), entry, head, time_us);
        }
        Ok(())
    }
}
