//! What the log says was destroyed or sealed anew: versions that an older entry tells of and that are rightly not there, or
//! rightly not as they were.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use tacebo_seal::{Category, SubjectNo};
use tacebo_store::{EntryQuery, IndexRow};

use super::walk::SLICE;
use crate::disclosed::VaultFault;
use crate::entry::{Class, EntryBody, field};
use crate::vault::Inner;

/// What the entry of a destruction that was carried out says.
pub(crate) fn carried_out(id: &str, documents: u64, versions: usize, keys: u64) -> String {
    format!("destruction {id} carried out: {documents} documents in {versions} versions, {keys} keys")
}

/// How many versions such an entry says are gone.
fn versions_gone(detail: &str) -> Option<u64> {
    let (_, told) = detail.strip_prefix("destruction ")?.split_once(" carried out: ")?;
    told.split_once(" documents in ")?.1.split_once(" versions, ")?.0.parse().ok()
}

/// What the entry says of versions sealed anew under one key: how many, and the SHA-256 over the SHA-256 of each new body
/// in commit order, in hex.
pub(crate) fn resealed_token(category: Category, count: u64, digest: &str) -> String {
    format!("resealed-{}-{count}:{digest}", category.0)
}

fn resealed(token: &str) -> Option<(Category, u64, &str)> {
    let (category, rest) = token.strip_prefix("resealed-")?.split_once('-')?;
    let (count, digest) = rest.split_once(':')?;
    Some((Category(category.parse().ok()?), count.parse().ok()?, digest))
}

/// What was sealed anew under one key, the last time.
struct Anew {
    entry: u64,
    time_us: i64,
    count: u64,
    digest: String,
    found: u64,
    sum: Context,
}

/// All that the log says of it.
#[derive(Default)]
pub(super) struct Gone {
    /// When, and how many versions.
    destroyed: Vec<(i64, u64)>,
    anew: BTreeMap<(SubjectNo, Category), Anew>,
}

impl Gone {
    /// Reads the entries of the house from `from` to before `to`.
    pub(super) fn read(inner: &Inner, from: u64, to: u64) -> Result<Self, VaultFault> {
        let mut gone = Self::default();
        let mut next = from;
        while next < to {
            let before = (next + SLICE as u64).min(to);
            let query = EntryQuery {
                class: Some(Class::House as u8),
                from_index: Some(next),
                before_index: Some(before),
                limit: SLICE,
                ..EntryQuery::default()
            };
            for row in inner.store.entries(inner.part, &query)?.into_iter().rev() {
                // One that does not open is found on the walk, if it tells of a change.
                if let Ok(Some(body)) = inner.open_entry(&row) {
                    gone.hear(row.index, row.time_us, row.subject, &body);
                }
            }
            next = before;
        }
        Ok(gone)
    }

    fn hear(&mut self, entry: u64, time_us: i64, subject: Option<SubjectNo>, body: &EntryBody) {
        // A destruction is told twice: by the house, and in the person's own trail.
        if subject.is_none()
            && let Some(versions) = versions_gone(body.get(field::DETAIL))
        {
            self.destroyed.push((time_us, versions));
        }
        let Some(subject) = subject else { return };
        for (category, count, digest) in body.get(field::DIGESTS).split(' ').filter_map(resealed) {
            let (digest, sum) = (digest.to_owned(), Context::new(&SHA256));
            self.anew.insert((subject, category), Anew { entry, time_us, count, digest, found: 0, sum });
        }
    }

    /// Whether anything was destroyed or sealed anew.
    pub(super) fn is_nothing(&self) -> bool {
        self.destroyed.is_empty() && self.anew.is_empty()
    }

    /// Whether something was destroyed after this time.
    pub(super) fn after(&self, time_us: i64) -> bool {
        self.destroyed.iter().any(|(when, _)| *when >= time_us)
    }

    /// How many versions were destroyed in all.
    pub(super) fn versions(&self) -> u64 {
        self.destroyed.iter().map(|(_, versions)| versions).sum()
    }

    /// Whether a version was sealed anew after it was written; then it counts for that.
    pub(super) fn covers(&mut self, row: &IndexRow, digest: &[u8; 32]) -> bool {
        let key = (row.subject.unwrap_or(SubjectNo::HOUSE), row.category);
        match self.anew.get_mut(&key) {
            Some(anew) if anew.time_us > row.time_us => {
                anew.found += 1;
                anew.sum.update(digest);
                true
            }
            _ => false,
        }
    }

    /// The first entry whose versions are not those that were sealed anew.
    pub(super) fn unlike(self) -> Option<u64> {
        let wrong = |anew: &Anew| anew.found != anew.count || hex::encode(anew.sum.clone().finish()) != anew.digest;
        self.anew.into_values().filter(wrong).map(|anew| anew.entry).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_destruction_is_read_back() {
        assert_eq!(versions_gone(&carried_out("a-1", 12, 34, 5)), Some(34));
        assert_eq!(versions_gone("destruction a-1 not carried out, it is blocked: 1 documents in 9 versions, "), None);
        let token = resealed_token(Category(2), 7, "ab12");
        assert_eq!(resealed(&token), Some((Category(2), 7, "ab12")));
        assert_eq!(resealed("sha256-of-7:ab12"), None);
    }
}
