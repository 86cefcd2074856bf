//! Both lists in the order of their commits, a slice at a time.

use std::collections::{BTreeMap, VecDeque};

use tacebo_store::{EntryQuery, EntryRow, IdTerm, Rid};

use super::gone::Gone;
use super::group::{Group, Lies, Tells};
use super::{Comparison, Progress, Unlike};
use crate::blob::digest;
use crate::disclosed::VaultFault;
use crate::entry::Class;
use crate::vault::Inner;

/// Rows read at once, of either list.
pub(super) const SLICE: usize = 256;

pub(super) struct Walk {
    /// Entries there were when it began; what was committed later is not looked at.
    size: u64,
    /// The time of the last of them.
    until_us: i64,
    head: Rid,
    next_entry: u64,
    entries: VecDeque<EntryRow>,
    after: Rid,
    versions: VecDeque<Lies>,
    seen: (u64, u64),
    gone: Gone,
    missing: BTreeMap<Named, (u64, String)>,
    unlike: Option<Unlike>,
}

/// A version by the blind name of its document.
pub(super) type Named = (IdTerm, u64);

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
            gone: Gone::read(inner, 0, size)?,
            missing: BTreeMap::new(),
            unlike: None,
        })
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { done: self.after.min(self.head).cast_unsigned(), of: self.head.cast_unsigned() }
    }

    pub(super) fn found(self, begun_us: i64, ended_us: i64) -> Comparison {
        let (versions, entries) = self.seen;
        Comparison { begun_us, ended_us, versions, entries, orphans: None, unlike: self.unlike }
    }

    /// Looks at some commits; false when there are no more, or something does not fit.
    pub(super) fn slice(&mut self, inner: &Inner) -> Result<bool, VaultFault> {
        for _ in 0..SLICE {
            let Some(group) = self.next(inner)? else {
                self.unlike = self.at_the_end();
                return Ok(false);
            };
            self.seen.0 += group.lies.len() as u64;
            self.seen.1 += group.tells.len() as u64;
            self.unlike = group.unlike(inner, &mut self.gone, &mut self.missing)?;
            if self.unlike.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is missing, beyond what was destroyed; and whether all that was sealed anew is there.
    fn at_the_end(&mut self) -> Option<Unlike> {
        let first = self.missing.values().min().cloned();
        let gone = std::mem::take(&mut self.gone);
        match first {
            Some((entry, kind)) if self.missing.len() as u64 > gone.versions() => Some(Unlike::Missing { entry, kind }),
            _ => gone.unlike().map(|entry| Unlike::Changed { entry }),
        }
    }

    /// Whether something does not fit, and something was destroyed or sealed anew since it began.
    pub(super) fn was_disturbed(&self, inner: &Inner) -> Result<bool, VaultFault> {
        if self.unlike.is_none() {
            return Ok(false);
        }
        let now = inner.store.log_head(inner.part)?.map_or(0, |head| head.size);
        Ok(!Gone::read(inner, self.size, now)?.is_nothing())
    }

    /// What the next commit left in both lists.
    fn next(&mut self, inner: &Inner) -> Result<Option<Group>, VaultFault> {
        self.more_versions(inner)?;
        self.more_entries(inner)?;
        let times = [self.versions.front().map(|lies| lies.row.time_us), self.entries.front().map(|row| row.time_us)];
        let Some(time_us) = times.into_iter().flatten().min().filter(|time| *time <= self.until_us) else {
            return Ok(None);
        };
        let mut group = Group { time_us, lies: Vec::new(), tells: Vec::new() };
        while let Some(lies) = self.versions.pop_front_if(|lies| lies.row.time_us == time_us) {
            group.lies.push(lies);
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
            let blobs = inner.store.blobs_of(inner.part, &rids)?;
            self.after = rids.last().copied().unwrap_or(Rid::MAX);
            for ((row, body), blob) in rows.into_iter().zip(bodies).zip(blobs) {
                self.versions.push_back(Lies { digest: digest(&body, blob.as_ref()), row, blob });
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
