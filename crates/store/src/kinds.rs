//! Kinds as small numbers: `Observation` is stored as 17, once per part.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{PartNo, StoreError, conn::Conn, sql};

/// What is known of the `kind` tables. Only committed rows come in here.
#[derive(Default)]
pub(crate) struct Kinds {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    numbers: BTreeMap<i32, BTreeMap<Arc<str>, i64>>,
    names: BTreeMap<(i32, i64), Arc<str>>,
}

impl Kinds {
    /// The number of a kind, `None` if the part has no document of it.
    pub(crate) fn number(&self, conn: Conn<'_>, part: PartNo, name: &str) -> Result<Option<i64>, StoreError> {
        if let Some(no) = self.cached(part, name) {
            return Ok(Some(no));
        }
        let found = conn.first(&sql::KIND_NO, &[part.into(), name.into()], |r| r.int(0))?;
        if let Some(no) = found {
            self.learn(part, name, no);
        }
        Ok(found)
    }

    /// The number of a kind if it is already known.
    pub(crate) fn cached(&self, part: PartNo, name: &str) -> Option<i64> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.numbers.get(&part.0).and_then(|m| m.get(name)).copied()
    }

    /// The name behind a stored number.
    pub(crate) fn name(&self, conn: Conn<'_>, part: PartNo, no: i64) -> Result<Arc<str>, StoreError> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(name) = known.names.get(&(part.0, no)) {
                return Ok(Arc::clone(name));
            }
        }
        let found = conn.first(&sql::KIND_NAME, &[part.into(), no.into()], |r| r.text(0))?;
        let name = found.ok_or(StoreError::Damaged("kind"))?;
        Ok(self.learn(part, &name, no))
    }

    /// Remembers a committed kind.
    pub(crate) fn learn(&self, part: PartNo, name: &str, no: i64) -> Arc<str> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let name: Arc<str> = Arc::from(name);
        known.numbers.entry(part.0).or_default().insert(Arc::clone(&name), no);
        known.names.insert((part.0, no), Arc::clone(&name));
        name
    }
}
