//! What a node tells the others of its commits: what they may have to forget, in numbers and blind names.

use std::collections::BTreeSet;

use crate::{Change, IdTerm, Rid, StoreError, SubjectNo};

/// News that is longer says that everything may have changed.
const LONGEST: usize = 256 << 10;

/// What a change touched of all that somebody may remember.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Too much to tell it one by one.
    pub everything: bool,
    /// Stored rows were taken away or replaced, so that what was opened of them is to be forgotten.
    pub replaced: bool,
    /// Persons about whom something was written.
    pub subjects: BTreeSet<SubjectNo>,
    /// Persons whose data keys were destroyed.
    pub destroyed: BTreeSet<SubjectNo>,
    /// Documents that have a new version, by blind name.
    pub names: BTreeSet<[u8; 16]>,
    /// Buckets whose own key row was replaced.
    pub buckets: BTreeSet<u16>,
    /// Buckets in which a data key was put.
    pub keyed: BTreeSet<u16>,
    /// Named values that were set.
    pub meta: BTreeSet<String>,
}

impl Touched {
    /// Adds what a change touches.
    pub(crate) fn add(&mut self, change: &Change) {
        let Change { drop_keys, erase, reseal, drop_subjects, .. } = change;
        let stays = drop_keys.is_empty() && erase.is_empty() && reseal.is_empty() && drop_subjects.is_empty();
        self.replaced |= !stays;
        self.subjects.extend(change.documents.iter().filter_map(|document| document.subject));
        // Whoever a change concerns has an entry in it.
        self.subjects.extend(change.entries.iter().filter_map(|entry| entry.subject));
        self.subjects.extend(change.subjects.iter().map(|(_, no)| *no));
        self.subjects.extend(&change.touches);
        self.destroyed.extend(change.drop_keys.iter().map(|gone| gone.subject));
        self.names.extend(change.documents.iter().map(|document| document.id.0));
        self.buckets.extend(change.buckets.iter().map(|row| row.bucket));
        self.keyed.extend(change.keys.iter().map(|key| key.subject.bucket()));
        self.meta.extend(change.meta.iter().map(|(name, _)| name.clone()));
    }

    /// Whether what a change rests on was touched.
    pub(crate) fn overtakes(&self, change: &Change) -> bool {
        let Some(Rests { on, .. }) = &change.rests else { return false };
        let subjects = change.documents.iter().map(|document| document.subject);
        let subjects = subjects.chain(change.entries.iter().map(|entry| entry.subject)).flatten();
        let keyed = change.keys.iter().map(|key| key.subject);
        let set = change.buckets.iter().map(|row| row.bucket);
        self.everything
            || on.everything
            || !self.subjects.is_disjoint(&on.subjects)
            || !self.names.is_disjoint(&on.names)
            || !self.meta.is_disjoint(&on.meta)
            || change.meta.iter().any(|(name, _)| self.meta.contains(name))
            || subjects.chain(keyed.clone()).any(|subject| self.destroyed.contains(&subject))
            || keyed.map(SubjectNo::bucket).chain(set).any(|bucket| self.buckets.contains(&bucket))
            // A bucket is re-keyed with all the keys that were in it.
            || change.drop_keys.iter().any(|gone| self.keyed.contains(&gone.subject.bucket()))
    }

    /// Adds documents by their blind names.
    pub fn name_all(&mut self, names: impl IntoIterator<Item = IdTerm>) {
        self.names.extend(names.into_iter().map(|name| name.0));
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![u8::from(self.everything) | u8::from(self.replaced) << 1];
        list(&mut out, self.subjects.iter().map(|no| no.0.to_be_bytes()));
        list(&mut out, self.destroyed.iter().map(|no| no.0.to_be_bytes()));
        list(&mut out, self.names.iter());
        list(&mut out, self.buckets.iter().map(|bucket| bucket.to_be_bytes()));
        list(&mut out, self.keyed.iter().map(|bucket| bucket.to_be_bytes()));
        for name in &self.meta {
            list(&mut out, name.bytes().map(|byte| [byte]));
        }
        if out.len() > LONGEST {
            return vec![3];
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let (flags, mut rest) = bytes.split_first()?;
            let mut found = Self { everything: flags & 1 != 0, replaced: flags & 2 != 0, ..Self::default() };
            if rest.is_empty() {
                return Some(found);
            }
            let rest = &mut rest;
            found.subjects = take(rest)?.into_iter().map(|no| SubjectNo(u64::from_be_bytes(no))).collect();
            found.destroyed = take(rest)?.into_iter().map(|no| SubjectNo(u64::from_be_bytes(no))).collect();
            found.names = take(rest)?.into_iter().collect();
            found.buckets = take(rest)?.into_iter().map(u16::from_be_bytes).collect();
            found.keyed = take(rest)?.into_iter().map(u16::from_be_bytes).collect();
            while !rest.is_empty() {
                let name = take::<1>(rest)?.concat();
                found.meta.insert(String::from_utf8(name).ok()?);
            }
            Some(found)
        };
        read().ok_or(StoreError::Damaged("news"))
    }
}

/// How many there are, then each of them.
fn list<B: AsRef<[u8]>>(out: &mut Vec<u8>, items: impl Iterator<Item = B>) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    let mut count = 0_u32;
    for item in items {
        out.extend_from_slice(item.as_ref());
        count += 1;
    }
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&count.to_be_bytes());
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<Vec<[u8; N]>> {
    let (count, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*count)).ok()?.checked_mul(N)?;
    let (items, after) = after.split_at_checked(length)?;
    *rest = after;
    let (items, []) = items.as_chunks::<N>() else { return None };
    Some(items.to_vec())
}

/// What a change rests on that lies in memory and not in the rows it names: it fails with
/// [`crate::CommitError::Overtaken`] where another node has touched that since.
///
/// Besides what is listed it rests on the data keys of whoever its documents and entries speak of, on the keys of the buckets
/// that it puts keys into, on all keys of the buckets that it re-keys, and on the named values that it sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rests {
    /// Number of the last news that was followed when the change was thought of.
    pub seen: u64,
    /// What nobody may have touched since.
    pub on: Touched,
}

/// What other nodes have done.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// Number of the last one, of whichever node.
    pub seq: u64,
    /// Commit order at that moment.
    pub head: Rid,
    /// Time of the last commit, of whichever node, microseconds since 1970.
    pub time_us: i64,
    /// Some are too old to be told: everything may have changed.
    pub behind: bool,
    /// Those of other nodes, in order, with their numbers.
    pub heard: Vec<(u64, Touched)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Touched {
        Touched {
            replaced: true,
            subjects: [1, 2, u64::MAX].map(SubjectNo).into(),
            destroyed: [SubjectNo(2)].into(),
            names: [[7; 16], [8; 16]].into(),
            buckets: [0, 4095, 0xffff].into(),
            keyed: [3].into(),
            meta: ["term-keys".to_owned(), "病".to_owned()].into(),
            ..Touched::default()
        }
    }

    #[test]
    fn news_is_read_as_it_was_told_and_nothing_else_is_read_as_news() {
        for told in [Touched::default(), full(), Touched { everything: true, ..Touched::default() }] {
            assert_eq!(Touched::decode(&told.encode()).unwrap(), told);
        }
        let bytes = full().encode();
        for short in 0..bytes.len() {
            let read = Touched::decode(&bytes[..short]);
            assert!(read.as_ref().map_or(true, |read| *read != full()), "{short}");
        }
        let long = Touched { names: (0..20_000_u128).map(u128::to_be_bytes).collect(), ..Touched::default() };
        assert_eq!(long.encode(), [3]);
    }
}
