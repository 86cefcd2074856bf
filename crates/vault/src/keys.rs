//! Data keys of persons: which key opens which kind of data, and the cache of unwrapped ones.

use std::sync::{Mutex, PoisonError};

use quick_cache::sync::Cache;
use tacebo_policy::Category as LabelCategory;
use tacebo_seal::{Category, DataKey, Keyring, SubjectNo, WrappedKey};
use tacebo_store::{KeyRow, PartNo, Store};

use crate::disclosed::VaultFault;

/// Which of a person's data keys seals a thing. The numbers are at rest; never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Drawer {
    Identity = 1,
    Health = 2,
    Activity = 3,
    Genetic = 4,
    /// The record of who saw what: own key, own legal term (`design.md` §6).
    Audit = 5,
    /// The institution's own records about a person or itself.
    Record = 6,
}

impl Drawer {
    pub(crate) const ALL: [Self; 6] =
        [Self::Identity, Self::Health, Self::Activity, Self::Genetic, Self::Audit, Self::Record];

    pub(crate) fn category(self) -> Category {
        Category(self as u8)
    }

    pub(crate) fn of(category: LabelCategory) -> Self {
        match category {
            LabelCategory::Identity => Self::Identity,
            LabelCategory::Health => Self::Health,
            LabelCategory::Activity => Self::Activity,
            LabelCategory::Genetic => Self::Genetic,
        }
    }
}

/// Unwrapped data keys, the hottest ones only.
pub(crate) struct Keys {
    cache: Cache<(SubjectNo, Category), DataKey>,
    /// Counts what was forgotten: a key that was read before is not kept after it.
    turn: Mutex<u64>,
}

/// Keys held unwrapped at most. 32 bytes each; the bound is on what a memory reader could take.
const CACHED_KEYS: usize = 20_000;

impl Keys {
    pub(crate) fn new() -> Self {
        Self { cache: Cache::new(CACHED_KEYS), turn: Mutex::new(0) }
    }

    /// The key of a person's drawer, from the cache or unwrapped from the store.
    pub(crate) fn get(
        &self,
        store: &Store,
        part: PartNo,
        ring: &Keyring,
        subject: SubjectNo,
        category: Category,
    ) -> Result<DataKey, VaultFault> {
        if let Some(key) = self.cache.get(&(subject, category)) {
            return Ok(key);
        }
        let turn = self.turn();
        let row =
            store.key_of(part, subject, category)?.ok_or(VaultFault::Decode("no key for this person and category"))?;
        let key = ring.unwrap(subject, category, &WrappedKey(row.wrapped))?;
        let now = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if *now == turn {
            self.cache.insert((subject, category), key.clone());
        }
        drop(now);
        Ok(key)
    }

    /// Forgets all keys of a person.
    pub(crate) fn forget(&self, subject: SubjectNo) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *turn += 1;
        for drawer in Drawer::ALL {
            self.cache.remove(&(subject, drawer.category()));
        }
    }

    /// Forgets all keys.
    pub(crate) fn clear(&self) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *turn += 1;
        self.cache.clear();
    }

    /// Whether a key of this person lies in memory.
    pub(crate) fn holds(&self, subject: SubjectNo) -> bool {
        Drawer::ALL.iter().any(|drawer| self.cache.get(&(subject, drawer.category())).is_some())
    }

    /// To be called before something is made durable that is then remembered.
    pub(crate) fn turn(&self) -> u64 {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers new keys, unless some were forgotten since `turn`.
    pub(crate) fn remember(&self, subject: SubjectNo, keys: &[(Category, DataKey)], turn: u64) {
        let now = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != turn {
            return;
        }
        for (category, key) in keys {
            self.cache.insert((subject, *category), key.clone());
        }
    }
}

/// A person's data keys, opened.
pub(crate) type DataKeys = Vec<(Category, DataKey)>;

/// Fresh keys for every drawer of a new person: rows to commit and the keys themselves.
pub(crate) fn fresh(ring: &Keyring, subject: SubjectNo) -> Result<(Vec<KeyRow>, DataKeys), VaultFault> {
    let mut rows = Vec::with_capacity(Drawer::ALL.len());
    let mut keys = Vec::with_capacity(Drawer::ALL.len());
    for drawer in Drawer::ALL {
        let category = drawer.category();
        let (key, wrapped) = ring.new_data_key(subject, category)?;
        rows.push(KeyRow { subject, category, generation: 1, wrapped: wrapped.0 });
        keys.push((category, key));
    }
    Ok((rows, keys))
}
