//! A realm's key rows as a store keeps them.

use super::BUCKETS;
use crate::{Realm, SealError};
use std::fmt;

/// Number of the row that holds the realm's epoch key, wrapped by the custodian.
pub const EPOCH_ROW: u16 = 0xffff;
/// Number of the row that holds the realm's index key.
pub const INDEX_ROW: u16 = 0xfffe;

/// One wrapped key of a realm: bucket 0..4096, [`INDEX_ROW`] or [`EPOCH_ROW`]. A store replaces rows by number.
#[derive(Clone, PartialEq, Eq)]
pub struct BucketRow {
    /// Which key.
    pub bucket: u16,
    /// Root epoch; the same in every row of a realm.
    pub epoch: u32,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

impl fmt::Debug for BucketRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketRow({}, epoch {})", self.bucket, self.epoch)
    }
}

/// Which row a key belongs to: bound into its wrapping.
pub(super) fn owner(realm: Realm, row: u16, epoch: u32) -> Vec<u8> {
    const LABEL: &[u8] = b"tacebo/bucket/v1\0";
    let mut owner = Vec::with_capacity(LABEL.len() + 4 + 2 + 4);
    owner.extend_from_slice(LABEL);
    owner.extend_from_slice(&realm.0.to_be_bytes());
    owner.extend_from_slice(&row.to_be_bytes());
    owner.extend_from_slice(&epoch.to_be_bytes());
    owner
}

/// A realm's rows, known to be all there, once each and of one epoch.
pub(super) struct Whole {
    pub(super) epoch: u32,
    pub(super) epoch_wrapped: Vec<u8>,
    pub(super) index: Vec<u8>,
    /// By bucket number.
    pub(super) buckets: Vec<Vec<u8>>,
}

impl Whole {
    pub(super) fn of(mut rows: Vec<BucketRow>) -> Result<Self, SealError> {
        rows.sort_unstable_by_key(|row| row.bucket);
        let numbers = (0..BUCKETS).chain([INDEX_ROW, EPOCH_ROW]);
        if !rows.iter().map(|row| row.bucket).eq(numbers) {
            return Err(SealError::KeyRows("some are missing, doubled or unknown"));
        }
        let (Some(epoch_row), Some(index_row)) = (rows.pop(), rows.pop()) else {
            return Err(SealError::KeyRows("some are missing, doubled or unknown"));
        };
        let epoch = epoch_row.epoch;
        if index_row.epoch != epoch || rows.iter().any(|row| row.epoch != epoch) {
            return Err(SealError::KeyRows("they are of several epochs"));
        }
        Ok(Self {
            epoch,
            epoch_wrapped: epoch_row.wrapped,
            index: index_row.wrapped,
            buckets: rows.into_iter().map(|row| row.wrapped).collect(),
        })
    }
}
