//! The keys of blind terms, by epoch: one in use, and while terms are made anew the one before.
//!
//! They are keys of their own and not the ring's: names of documents are bound into what is sealed and never change, terms can.
//! The search record of each document says under what it is found, so terms are made anew without anybody's help: a page of
//! documents at a time, while everything goes on. Until the last page both epochs are asked; then the older key and
//! everything under it are gone.

mod anew;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tacebo_seal::{Blinder, DataKey, Keyring, Part, Place, Realm, SubjectNo, Term};
use tacebo_store::{PartNo, Rid, Store};
use zeroize::{Zeroize, Zeroizing};

pub use self::anew::TermState;

use crate::disclosed::VaultFault;
use crate::keys::Drawer;
use crate::random;
use crate::vault::Inner;

pub(crate) const META_TERMS: &str = "term-keys";
/// How far terms are made anew: apart from the keys, which every write rests on.
const META_PROGRESS: &str = "term-progress";
const TERM_KIND: &str = "TermKey";

/// A key of terms; wiped when it goes.
#[derive(Clone, Serialize, Deserialize)]
struct Key([u8; 32]);

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What is kept of the keys, sealed under the house's own.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    /// Counts up from 1.
    epoch: u32,
    key: Key,
    /// The key of before, while terms are made anew.
    before: Option<Key>,
    /// When the epoch began, microseconds since the Unix epoch; none for the first.
    since_us: Option<i64>,
}

/// How far the documents are that were there when an epoch began.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Progress {
    /// Documents up to this one have terms of the new epoch.
    done: Rid,
    /// The last one that can have terms of the epoch before; none until every node knows of the new one.
    last: Option<Rid>,
}

/// The makers of terms in force.
pub(crate) struct Epochs {
    kept: Kept,
    new: Blinder,
    old: Option<Blinder>,
}

/// Where they are held.
pub(crate) struct Terms {
    now: RwLock<Arc<Epochs>>,
    /// Held by whoever makes terms anew.
    making: tokio::sync::Mutex<()>,
    /// Held while the keys are read and put to use.
    taking: Mutex<()>,
}

impl Terms {
    /// Draws the first key of a house: the keys, and the named value to commit.
    pub(crate) fn found(ring: &Keyring, record: &DataKey) -> Result<(Self, (String, Vec<u8>)), VaultFault> {
        let kept = Kept { epoch: 1, key: fresh()?, before: None, since_us: None };
        let meta = (META_TERMS.to_owned(), sealed(ring.realm(), record, &kept)?);
        Ok((Self::of(Epochs::of(ring, kept)?), meta))
    }

    /// Opens them.
    pub(crate) fn open(store: &Store, part: PartNo, ring: &Keyring, record: &DataKey) -> Result<Self, VaultFault> {
        Ok(Self::of(Epochs::read(store, part, ring, record)?))
    }

    /// Reads them again: another node has changed them.
    pub(crate) fn reload(
        &self,
        store: &Store,
        part: PartNo,
        ring: &Keyring,
        record: &DataKey,
    ) -> Result<(), VaultFault> {
        let _one = self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        self.put(Epochs::read(store, part, ring, record)?);
        Ok(())
    }

    fn of(epochs: Epochs) -> Self {
        Self { now: RwLock::new(Arc::new(epochs)), making: tokio::sync::Mutex::new(()), taking: Mutex::new(()) }
    }

    fn now(&self) -> Arc<Epochs> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, epochs: Epochs) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(epochs);
    }
}

impl Epochs {
    fn read(store: &Store, part: PartNo, ring: &Keyring, record: &DataKey) -> Result<Self, VaultFault> {
        let bytes = store.meta(part, META_TERMS)?.ok_or(VaultFault::Decode("keys of terms"))?;
        let plain = record.open(&place(ring.realm()), &bytes)?;
        let kept = serde_json::from_slice(&plain).map_err(|_| VaultFault::Decode("keys of terms"))?;
        Self::of(ring, kept)
    }

    fn of(ring: &Keyring, kept: Kept) -> Result<Self, VaultFault> {
        let old = kept.before.as_ref().map(|before| ring.blinder_of(&before.0)).transpose()?;
        Ok(Self { new: ring.blinder_of(&kept.key.0)?, old, kept })
    }

    /// Makers of the terms under which something may be found now. The older comes first: what moves to the newer one between
    /// two questions is found by the first or by the second, never by neither.
    fn asked(&self) -> impl Iterator<Item = &Blinder> {
        self.old.iter().chain([&self.new])
    }
}

impl Inner {
    /// The term of a value for what is written now.
    pub(crate) fn term(&self, param: &str, value: &str) -> Term {
        self.terms.now().new.term(param, value)
    }

    /// The terms of a value that a race guard has to stand on.
    pub(crate) fn guarded(&self, param: &str, value: &str) -> Vec<Term> {
        self.terms.now().asked().map(|blinder| blinder.term(param, value)).collect()
    }

    /// Current documents that are found under all of these values, the newest first.
    pub(crate) fn rids_under(&self, values: &[(&str, &str)], limit: usize) -> Result<Vec<Rid>, VaultFault> {
        let mut rids = Vec::new();
        for blinder in self.terms.now().asked() {
            let terms: Vec<Term> = values.iter().map(|(param, value)| blinder.term(param, value)).collect();
            rids.extend(self.store.term_rids(self.part, &terms, limit)?);
        }
        rids.sort_unstable_by_key(|rid| std::cmp::Reverse(*rid));
        rids.dedup();
        rids.truncate(limit);
        Ok(rids)
    }
}

fn fresh() -> Result<Key, VaultFault> {
    Ok(Key(random::pair::<32, 0>()?.0))
}

fn sealed(realm: Realm, record: &DataKey, kept: &Kept) -> Result<Vec<u8>, VaultFault> {
    let plain = serde_json::to_vec(kept).map_err(|_| VaultFault::Decode("keys of terms"))?;
    Ok(record.seal(&place(realm), &Zeroizing::new(plain))?.into_bytes())
}

fn place(realm: Realm) -> Place<'static> {
    let (subject, category) = (SubjectNo::HOUSE, Drawer::Record.category());
    Place { realm, subject, category, kind: TERM_KIND, id: b"1", version: 1, part: Part::Body }
}
