//! Destroying keys so that no backup brings them back.
//!
//! In this order: read every key row of the touched buckets; [`Keyring::destroy`]; commit deletions, survivors, the
//! buckets' rows and the log entry in one transaction; put the ring to use. Then, for any number of destructions
//! together: [`Custodian::turn`]; [`Keyring::turn_epoch`]; commit all rows and put that ring to use; re-wrap the other
//! realms of the custodian in the same way; [`Custodian::destroy`] the old epoch and log its receipt. A crash anywhere
//! leaves a state that unlocks, and [`Custodian::epochs`] shows that an old epoch is still to be destroyed.

use super::rows::BucketRow;
use super::{Keyring, WrappedKey};
use crate::secret::Secret;
use crate::wrap::Wrapper;
use crate::{Category, Custodian, SealError, SubjectNo};
use std::collections::{BTreeMap, BTreeSet};

/// A wrapped data key and whose it is.
pub type OwnedKey = (SubjectNo, Category, WrappedKey);

/// The keys of some buckets after others in them were destroyed.
#[derive(Debug)]
pub struct Rekeyed {
    /// Rows of the re-keyed buckets: replace them in the store.
    pub rows: Vec<BucketRow>,
    /// Every surviving data key, wrapped anew: replace them in the store.
    pub survivors: Vec<OwnedKey>,
    /// The ring to turn, or to use once the rows are durable.
    pub ring: Keyring,
}

/// A realm under a new root epoch.
#[derive(Debug)]
pub struct Turned {
    /// Every row of the realm: replace them all in the store.
    pub rows: Vec<BucketRow>,
    /// The ring to use once the rows are durable.
    pub ring: Keyring,
    /// The epoch left behind; destroy it when every realm of the custodian has left it.
    pub left: u32,
}

impl Keyring {
    /// Destroys the keys of subjects (all, or one category) by giving their buckets new keys.
    ///
    /// `keys` must be **every** data key row of the touched buckets ([`SubjectNo::bucket`]), those to destroy included
    /// or not: a key that is not passed is lost with its bucket. A key that does not open, or that lies in another
    /// bucket, fails the whole call and nothing is changed.
    pub fn destroy(&self, gone: &[(SubjectNo, Option<Category>)], keys: Vec<OwnedKey>) -> Result<Rekeyed, SealError> {
        if gone.contains(&(SubjectNo::HOUSE, None)) {
            return Err(SealError::HouseKeys);
        }
        let gone: BTreeSet<_> = gone.iter().copied().collect();
        let touched: BTreeSet<u16> = gone.iter().map(|(subject, _)| subject.bucket()).collect();
        let mut ring = self.twin();
        for &bucket in &touched {
            let slot = ring.buckets.get_mut(usize::from(bucket));
            *slot.ok_or(SealError::KeyRows("a bucket is missing"))? = Secret::random()?;
        }
        let pair = |bucket: &u16, ring: &Self| -> Result<Option<Wrapper>, SealError> {
            ring.buckets.get(usize::from(*bucket)).map(|key| Wrapper::new(ring.suite, key)).transpose()
        };
        // Both schedules once a bucket: a bucket may hold thousands of keys.
        let mut wrappers = BTreeMap::new();
        for bucket in &touched {
            if let (Some(old), Some(new)) = (pair(bucket, self)?, pair(bucket, &ring)?) {
                wrappers.insert(*bucket, (old, new));
            }
        }
        let mut survivors = Vec::with_capacity(keys.len());
        for (subject, category, wrapped) in keys {
            let (old, new) = wrappers.get(&subject.bucket()).ok_or(SealError::StrayKey)?;
            if gone.contains(&(subject, None)) || gone.contains(&(subject, Some(category))) {
                continue;
            }
            let owner = super::data_owner(self.realm, subject, category);
            let key = old.unwrap(&owner, &wrapped.0)?;
            survivors.push((subject, category, WrappedKey(new.wrap(&owner, &key)?)));
        }
        let wrapper = Wrapper::new(ring.suite, &ring.epoch_key)?;
        let mut rows = Vec::with_capacity(touched.len());
        for bucket in touched {
            if let Some(key) = ring.buckets.get(usize::from(bucket)) {
                rows.push(ring.row(&wrapper, bucket, key)?);
            }
        }
        Ok(Rekeyed { rows, survivors, ring })
    }

    /// Wraps every row anew under the custodian's current epoch. Call [`Custodian::turn`] first, once for all realms.
    pub fn turn_epoch(&self, custodian: &dyn Custodian) -> Result<Turned, SealError> {
        super::matches_custodian(self.suite, custodian)?;
        let epoch = custodian.epoch();
        if epoch == self.epoch {
            return Err(SealError::EpochInUse(epoch));
        }
        let mut ring = self.twin();
        // Fresh, never re-wrapped: a copy of the old rows must not open under the new root.
        ring.epoch_key = Secret::random()?;
        ring.epoch = epoch;
        ring.epoch_wrapped = custodian.wrap(self.realm, epoch, ring.epoch_key.bytes())?;
        Ok(Turned { rows: ring.all_rows()?, ring, left: self.epoch })
    }
}
