//! Both lists in the order of their commits, a slice at a time.

use std::collections::VecDeque;

use aws_lc_rs::digest;
use tacebo_store::{EntryQuery, EntryRow, IndexRow, Rid};

use super::group::{Group, Lies, Tells};
use super::{Comparison, Progress, Unlike};
use crate::disclosed::VaultFault;
use crate::entry::Class;
use crate::vault::Inner;

/// Rows read at once, of either list.
const SLICE: usize = 256;

pub(super) struct Walk {
    /// Entries there were when it began; what was committed later is not looked at.
    size: u64,
    /// The time of the last of them.
    until_us: i64,
    head: Rid,
    next_entry: u64,
    entries: VecDeque<EntryRow>,
    after: Rid,
    versions: VecDeque<(IndexRow, [u8; 32])>,
    seen: (u64, u64),
    unlike: Option<Unlike>,
}

impl Walk {
    pub(super) fn begin(inner: &Inner) -> Result<Self, VaultFault> {
        let size = inner.store.log_head(inner.part)?.map_or(0, |head| head.size);
        let last = match size.checked_sub(1) {
            Some(last) => inner.store.entry(inner.part, last)?,
            None => None,
        };
        Ok(Self {
            size,
            until_us: last.map_or(0, |entry| entry.time_us),
            head: inner.store.head(inner.part)?,
            next_entry: 0,
            entries: VecDeque::new(),
            after: 0,
            versions: VecDeque::new(),
            seen: (0, 0),
            unlike: None,
        })
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { done: self.after.min(self.head).cast_unsigned(), of: self.head.cast_unsigned() }
    }

    pub(super) fn found(self, begun_us: i64, ended_us: i64) -> Comparison {
        let (versions, entries) = self.seen;
        Comparison { begun_us, ended_us, versions, entries, unlike: self.unlike }
    }

    /// Looks at some commits; false when there are no more, or something does not fit.
    pub(super) fn slice(&mut self, inner: &Inner) -> Result<bool, VaultFault> {
        for _ in 0..SLICE {
            let Some(group) = self.next(inner)? else { return Ok(false) };
            self.seen.0 += group.lies.len() as u64;
            self.seen.1 += group.tells.len() as u64;
            self.unlike = group.unlike(inner)?;
            if self.unlike.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the next commit left in both lists.
    fn next(&mut self, inner: &Inner) -> Result<Option<Group>, VaultFault> {
        self.more_versions(inner)?;
        self.more_entries(inner)?;
        let times = [self.versions.front().map(|(row, _)| row.time_us), self.entries.front().map(|row| row.time_us)];
        let Some(time_us) = times.into_iter().flatten().min().filter(|time| *time <= self.until_us) else {
            return Ok(None);
        };
        let mut group = Group { lies: Vec::new(), tells: Vec::new() };
        while let Some((row, digest)) = self.versions.pop_front_if(|(row, _)| row.time_us == time_us) {
            group.lies.push(Lies { row, digest });
            self.more_versions(inner)?;
        }
        while let Some(row) = self.entries.pop_front_if(|row| row.time_us == time_us) {
            group.tells.push(Tells { row });
            self.more_entries(inner)?;
        }
        Ok(Some(group))
    }

    fn more_versions(&mut self, inner: &Inner) -> Result<(), VaultFault> {
        if self.versions.is_empty() {
            let rows = inner.store.versions(inner.part, self.after, SLICE)?;
            let rids: Vec<Rid> = rows.iter().map(|row| row.rid).collect();
            let bodies = inner.store.bodies(inner.part, &rids)?;
            self.after = rids.last().copied().unwrap_or(Rid::MAX);
            for (row, body) in rows.into_iter().zip(bodies) {
                let mut sum = [0; 32];
                sum.copy_from_slice(digest::digest(&digest::SHA256, &body).as_ref());
                self.versions.push_back((row, sum));
            }
        }
        Ok(())
    }

    fn more_entries(&mut self, inner: &Inner) -> Result<(), VaultFault> {
        while self.entries.is_empty() && self.next_entry < self.size {
            let before = (self.next_entry + SLICE as u64).min(self.size);
            let query = EntryQuery {
                class: Some(Class::Change as u8),
                from_index: Some(self.next_entry),
                before_index: Some(before),
                limit: SLICE,
                ..EntryQuery::default()
            };
            let rows = inner.store.entries(inner.part, &query)?;
            self.next_entry = before;
            self.entries.extend(rows.into_iter().rev());
        }
        Ok(())
    }
}
