//! One number over many versions, whatever their order: what was archived and what was restored are compared by it.

use tacebo_store::{ArchiveSource, PartNo, Rid, StoreError, WholeRow};

use crate::{bytes::Out, hash::sha256, segment, segment::FULL};

/// How many versions, and the sum of their SHA-256.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub versions: u64,
    sum: [u64; 4],
}

impl Tally {
    /// Counts a version.
    pub fn add(&mut self, whole: &WholeRow) {
        let mut out = Out::default();
        segment::version(whole, &mut out);
        let hash = sha256(&out.0);
        self.versions += 1;
        for (lane, part) in self.sum.iter_mut().zip(hash.as_chunks::<8>().0) {
            *lane = lane.wrapping_add(u64::from_be_bytes(*part));
        }
    }

    /// Of all versions of a store.
    pub fn of(source: &ArchiveSource, part: PartNo) -> Result<Self, StoreError> {
        let (mut tally, mut after) = (Self::default(), 0);
        loop {
            let page = source.versions(part, after, Rid::MAX, FULL as u64)?;
            let Some(last) = page.last() else { return Ok(tally) };
            after = last.row.rid;
            for whole in &page {
                tally.add(whole);
            }
        }
    }

    /// The sum, hex.
    pub fn hex(&self) -> String {
        hex::encode(self.sum.map(u64::to_be_bytes).concat())
    }
}
