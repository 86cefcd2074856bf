//! One realm's keys.
//!
//! ```text
//! root epoch key (custodian) ─ epoch key of the realm ─┬─ 4,096 bucket keys ─ data keys of subjects
//!                                                      └─ index key (blind terms)
//! ```
//!
//! The custodian wraps one key per realm and epoch, so that a slow module costs one call and not 4,096. Each turn draws
//! a fresh epoch key: what an old backup holds hangs on the old root alone.
//!
//! Nothing here changes under a caller: [`Keyring::destroy`] and [`Keyring::turn_epoch`] return the rows to commit and
//! the ring to use once they are durable. From reading the survivors until the new ring is in use, no other data key of
//! the realm may be made.

mod rows;
mod shred;

use crate::secret::{KEY, Secret};
use crate::wrap::{self, Wrapper};
use crate::{Blinder, Category, Custodian, DataKey, Realm, SealError, SubjectNo, Suite};
use std::fmt;

pub use rows::{BucketRow, EPOCH_ROW, INDEX_ROW};
pub use shred::{OwnedKey, Rekeyed, Turned};

/// Buckets in a realm.
pub const BUCKETS: u16 = 4096;

/// A data key wrapped by its bucket's key; opens for one subject and category only.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({} bytes)", self.0.len())
    }
}

/// One realm, unlocked.
pub struct Keyring {
    suite: Suite,
    realm: Realm,
    epoch: u32,
    /// The epoch key as the custodian wrapped it.
    epoch_wrapped: Vec<u8>,
    epoch_key: Secret,
    index_key: Secret,
    /// Exactly [`BUCKETS`] of them.
    buckets: Vec<Secret>,
}

impl Keyring {
    /// Makes the keys of a new realm, in the suite that it will have for ever. Commit the rows before using the ring.
    pub fn create(custodian: &dyn Custodian, realm: Realm, suite: Suite) -> Result<(Self, Vec<BucketRow>), SealError> {
        matches_custodian(suite, custodian)?;
        let epoch = custodian.epoch();
        let epoch_key = Secret::random()?;
        let ring = Self {
            suite,
            realm,
            epoch,
            epoch_wrapped: custodian.wrap(realm, epoch, epoch_key.bytes())?,
            epoch_key,
            index_key: Secret::random()?,
            buckets: (0..BUCKETS).map(|_| Secret::random()).collect::<Result<_, _>>()?,
        };
        let rows = ring.all_rows()?;
        Ok((ring, rows))
    }

    /// Opens a realm from all of its rows, in any order. One call to the custodian. The rows say which suite it is: one
    /// and the same in all of them.
    pub fn unlock(custodian: &dyn Custodian, realm: Realm, rows: Vec<BucketRow>) -> Result<Self, SealError> {
        let rows = rows::Whole::of(rows)?;
        let plain = custodian.unwrap(realm, rows.epoch, &rows.epoch_wrapped)?;
        let epoch_key = Secret::copy_of(&plain)?;
        let suite = wrap::suite_of(&rows.index)?;
        matches_custodian(suite, custodian)?;
        Self::opened(suite, realm, epoch_key, rows)
    }

    /// The ring of these rows, opened under the epoch key that this one has, without the custodian; none where the rows are
    /// under another one.
    pub fn followed(&self, rows: &[BucketRow]) -> Result<Option<Self>, SealError> {
        let rows = rows::Whole::of(rows.to_vec())?;
        if (rows.epoch, &rows.epoch_wrapped) != (self.epoch, &self.epoch_wrapped) {
            return Ok(None);
        }
        Self::opened(self.suite, self.realm, self.epoch_key.twin(), rows).map(Some)
    }

    fn opened(suite: Suite, realm: Realm, epoch_key: Secret, rows: rows::Whole) -> Result<Self, SealError> {
        let wrapper = Wrapper::new(suite, &epoch_key)?;
        let open = |row: u16, wrapped: &[u8]| wrapper.unwrap(&rows::owner(realm, row, rows.epoch), wrapped);
        Ok(Self {
            suite,
            realm,
            epoch: rows.epoch,
            index_key: open(INDEX_ROW, &rows.index)?,
            buckets: (0..BUCKETS)
                .zip(&rows.buckets)
                .map(|(bucket, wrapped)| open(bucket, wrapped))
                .collect::<Result<_, _>>()?,
            epoch_wrapped: rows.epoch_wrapped,
            epoch_key,
        })
    }

    /// The suite in which everything of this realm is sealed.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The realm.
    pub fn realm(&self) -> Realm {
        self.realm
    }

    /// The root epoch under which this realm's rows are wrapped.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Makes a data key for a subject. Commit the wrapped key before (or with) anything sealed under it.
    pub fn new_data_key(&self, subject: SubjectNo, category: Category) -> Result<(DataKey, WrappedKey), SealError> {
        let key = Secret::random()?;
        let wrapped = self.wrap_data_key(subject, category, &key)?;
        Ok((DataKey::new(self.suite, &key)?, wrapped))
    }

    /// Opens a data key of a subject.
    pub fn unwrap(&self, subject: SubjectNo, category: Category, wrapped: &WrappedKey) -> Result<DataKey, SealError> {
        DataKey::new(self.suite, &self.unwrap_data_key(subject, category, wrapped)?)
    }

    /// The bucket of a subject; the same as [`SubjectNo::bucket`].
    pub fn bucket_of(&self, subject: SubjectNo) -> u16 {
        subject.bucket()
    }

    /// The maker of this realm's blind terms. They outlive epochs: a term cannot be re-made without its value.
    pub fn blinder(&self) -> Result<Blinder, SealError> {
        Blinder::new(self.suite, &self.index_key)
    }

    /// The maker of this realm's blind terms under a key of the caller's, 32 bytes.
    pub fn blinder_of(&self, key: &[u8]) -> Result<Blinder, SealError> {
        Blinder::new(self.suite, &Secret::copy_of(key)?)
    }

    fn wrap_data_key(&self, subject: SubjectNo, category: Category, key: &Secret) -> Result<WrappedKey, SealError> {
        let owner = data_owner(self.realm, subject, category);
        Ok(WrappedKey(self.wrapper(subject)?.wrap(&owner, key)?))
    }

    fn unwrap_data_key(
        &self,
        subject: SubjectNo,
        category: Category,
        wrapped: &WrappedKey,
    ) -> Result<Secret, SealError> {
        let owner = data_owner(self.realm, subject, category);
        self.wrapper(subject)?.unwrap(&owner, &wrapped.0)
    }

    fn wrapper(&self, subject: SubjectNo) -> Result<Wrapper, SealError> {
        let bucket = self.buckets.get(usize::from(subject.bucket()));
        Wrapper::new(self.suite, bucket.ok_or(SealError::KeyRows("a bucket is missing"))?)
    }

    /// Every row, wrapped under the current epoch key.
    fn all_rows(&self) -> Result<Vec<BucketRow>, SealError> {
        let mut rows = Vec::with_capacity(usize::from(BUCKETS) + 2);
        rows.push(BucketRow { bucket: EPOCH_ROW, epoch: self.epoch, wrapped: self.epoch_wrapped.clone() });
        let wrapper = Wrapper::new(self.suite, &self.epoch_key)?;
        rows.push(self.row(&wrapper, INDEX_ROW, &self.index_key)?);
        for (bucket, key) in (0..BUCKETS).zip(&self.buckets) {
            rows.push(self.row(&wrapper, bucket, key)?);
        }
        Ok(rows)
    }

    fn row(&self, wrapper: &Wrapper, row: u16, key: &Secret) -> Result<BucketRow, SealError> {
        Ok(BucketRow {
            bucket: row,
            epoch: self.epoch,
            wrapped: wrapper.wrap(&rows::owner(self.realm, row, self.epoch), key)?,
        })
    }

    fn twin(&self) -> Self {
        Self {
            suite: self.suite,
            realm: self.realm,
            epoch: self.epoch,
            epoch_wrapped: self.epoch_wrapped.clone(),
            epoch_key: self.epoch_key.twin(),
            index_key: self.index_key.twin(),
            buckets: self.buckets.iter().map(Secret::twin).collect(),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("realm", &self.realm).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// A custodian whose wrapping is of a suite keeps no keys of another.
fn matches_custodian(suite: Suite, custodian: &dyn Custodian) -> Result<(), SealError> {
    custodian.suite().map_or(Ok(()), |found| suite.must_be(found))
}

const DATA_KEY: &[u8; 19] = b"tacebo/data-key/v1\0";
const DATA_OWNER: usize = DATA_KEY.len() + 4 + 8 + 1;

/// Whose a data key is: bound into its wrapping. (Which bucket is bound by the bucket's key.)
fn data_owner(realm: Realm, subject: SubjectNo, category: Category) -> Vec<u8> {
    let mut owner = Vec::with_capacity(DATA_OWNER);
    owner.extend_from_slice(DATA_KEY);
    owner.extend_from_slice(&realm.0.to_be_bytes());
    owner.extend_from_slice(&subject.0.to_be_bytes());
    owner.push(category.0);
    owner
}

// A wrapped key is fixed in length; a wider one would change every row.
const _: () = assert!(KEY == 32);
