//! Records in memory and the one way to change them.
//!
//! A record on the shelf is what the vault has, or older only while a change of it is on its way. All changes of one
//! record go one after another through [`Inner::change`], each in a task of its own: a caller who hangs up cannot
//! leave the shelf behind the vault.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tacebo_vault::policy::{Action, Who};
use tacebo_vault::{Asker, Denial, Disclosed, Expect, Keep, Record, RecordKind, Snapshot};

use crate::IdentityError;
use crate::bearer::Bearer;
use crate::identity::{Inner, Settings};
use crate::secret::Fingerprint;
use crate::throttle::Guard;

/// A record that holds sessions and tokens: an account or a client.
pub(crate) trait Holder: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    const KIND: RecordKind;

    /// Terms it is found by, besides those of its bearers.
    fn own_terms(&self) -> Vec<(String, String)>;
    fn open(&self) -> &[Bearer];
    fn open_mut(&mut self) -> &mut Vec<Bearer>;
    fn guard_mut(&mut self) -> Option<&mut Guard>;
    fn guard(&self) -> Guard;
    fn is_active(&self) -> bool;
    /// Who it is to policy, with every factor shown.
    fn who(&self) -> Who;
    /// Whose labels the record carries in policy's table.
    fn labelled(&self) -> &'static str {
        Self::KIND.as_str()
    }
    /// How many bearers it may hold.
    fn at_once(settings: &Settings) -> usize;

    /// The bearer with this fingerprint, if it is open.
    fn find(&self, print: &Fingerprint) -> Option<&Bearer> {
        self.open().iter().find(|bearer| bearer.print.same(print))
    }
}

/// One record in memory.
pub(crate) struct Held<T> {
    pub value: T,
    pub version: u64,
    /// Who it is, for every request of its sessions and tokens.
    pub who: Arc<Who>,
    /// Failures counted since the record was kept.
    pub guard: Mutex<Guard>,
}

impl<T: Holder> Held<T> {
    fn new(value: T, version: u64) -> Arc<Self> {
        let (guard, who) = (Mutex::new(value.guard()), Arc::new(value.who()));
        Arc::new(Self { value, version, who, guard })
    }
}

/// Serialises what happens to one record.
pub(crate) type Turn = tokio::sync::OwnedMutexGuard<()>;

pub(crate) struct Shelf<T> {
    held: RwLock<HashMap<String, Arc<Held<T>>>>,
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { held: RwLock::default(), turns: Mutex::default() }
    }
}

impl<T: Holder> Shelf<T> {
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Held<T>>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Puts a version on the shelf, unless a newer one is there.
    pub(crate) fn put(&self, id: &str, value: T, version: u64) -> Arc<Held<T>> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        match held.get(id) {
            Some(there) if there.version >= version => Arc::clone(there),
            _ => {
                let fresh = Held::new(value, version);
                held.insert(id.to_owned(), Arc::clone(&fresh));
                fresh
            }
        }
    }

    pub(crate) fn forget(&self, id: &str) {
        self.held.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Waits for one's turn at a record.
    pub(crate) async fn turn(&self, id: &str) -> Turn {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(id.to_owned()).or_default())
        };
        turn.lock_owned().await
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

/// How a change is asked for and told of.
pub(crate) struct Deed<'a> {
    pub asker: &'a Asker,
    pub action: Action,
    /// The word in the log.
    pub event: &'a str,
    /// Names that must still be free since the snapshot.
    pub guards: Vec<(String, String, Snapshot)>,
}

impl<'a> Deed<'a> {
    pub(crate) fn new(asker: &'a Asker, action: Action, event: &'a str) -> Self {
        Self { asker, action, event, guards: Vec::new() }
    }
}

/// Tries when another process writes the same record.
pub(crate) const TRIES: usize = 3;

impl Inner {
    /// A record, from the shelf or the vault.
    pub(crate) fn held<T: Holder>(&self, id: &str) -> Result<Option<Arc<Held<T>>>, IdentityError>
    where
        Self: Shelved<T>,
    {
        if let Some(held) = self.shelf().get(id) {
            return Ok(Some(held));
        }
        let found: Option<Record<T>> = self.vault.record(T::KIND, id)?;
        Ok(found.map(|record| self.shelf().put(&record.id, record.value, record.version)))
    }

    /// Changes a record when it is one's turn.
    pub(crate) async fn change<T: Holder, R>(
        self: &Arc<Self>,
        deed: Deed<'_>,
        id: &str,
        edit: impl FnMut(&mut T) -> Result<R, IdentityError> + Send,
    ) -> Result<(Disclosed<u64>, R), IdentityError>
    where
        Self: Shelved<T>,
    {
        let turn = self.shelf().turn(id).await;
        self.change_in_turn(deed, id, turn, edit).await
    }

    /// Changes a record in the turn given.
    pub(crate) async fn change_in_turn<T: Holder, R>(
        self: &Arc<Self>,
        deed: Deed<'_>,
        id: &str,
        turn: Turn,
        mut edit: impl FnMut(&mut T) -> Result<R, IdentityError> + Send,
    ) -> Result<(Disclosed<u64>, R), IdentityError>
    where
        Self: Shelved<T>,
    {
        let turn = Arc::new(turn);
        for _ in 0..TRIES {
            let held = self.held::<T>(id)?.ok_or(IdentityError::Unknown)?;
            let mut value = held.value.clone();
            if let Some(guard) = value.guard_mut() {
                held.guard.lock().unwrap_or_else(PoisonError::into_inner).clone_into(guard);
            }
            self.freshen(value.open_mut());
            let result = edit(&mut value)?;
            match self.keep(&deed, id, value, Expect::Version(held.version), Arc::clone(&turn)).await {
                Ok(kept) => return Ok((kept, result)),
                Err(IdentityError::Changed) => self.shelf().forget(id),
                Err(error) => return Err(error),
            }
        }
        Err(IdentityError::Changed)
    }

    /// Creates a record.
    pub(crate) async fn add<T: Holder>(
        self: &Arc<Self>,
        deed: Deed<'_>,
        id: &str,
        value: T,
    ) -> Result<Disclosed<u64>, IdentityError>
    where
        Self: Shelved<T>,
    {
        let turn = Arc::new(self.shelf().turn(id).await);
        match self.keep(&deed, id, value, Expect::Absent, turn).await {
            Err(IdentityError::Changed) => Err(IdentityError::NameTaken),
            other => other,
        }
    }

    /// Keeps a record and puts it on the shelf, even when the caller hangs up meanwhile.
    async fn keep<T: Holder>(
        self: &Arc<Self>,
        deed: &Deed<'_>,
        id: &str,
        value: T,
        expect: Expect,
        turn: Arc<Turn>,
    ) -> Result<Disclosed<u64>, IdentityError>
    where
        Self: Shelved<T>,
    {
        let house = Arc::clone(self);
        let (asker, action, guards) = (deed.asker.clone(), deed.action, deed.guards.clone());
        let (id, event) = (id.to_owned(), deed.event.to_owned());
        let task = tokio::spawn(async move {
            let keep = Keep { expect, guards, ..kept(&value, &id, action, &event) };
            let kept = house.vault.keep(&asker, &keep).await;
            if let Ok(version) = &kept {
                house.shelf().put(&id, value, *version.value());
            }
            drop(turn);
            kept
        });
        let kept = task.await.map_err(|_| IdentityError::Crypto("a write was interrupted"))?;
        kept.map_err(|refused| match refused.denial() {
            Denial::Precondition { .. } => IdentityError::Changed,
            _ => refused.into(),
        })
    }
}

/// A record as the vault keeps it.
pub(crate) fn kept<'a, T: Holder>(value: &'a T, id: &'a str, action: Action, event: &'a str) -> Keep<'a, T> {
    let mut terms = value.own_terms();
    terms.extend(value.open().iter().map(|bearer| ("bearer".to_owned(), bearer.print.hex())));
    Keep { terms, labelled: value.labelled(), ..Keep::new(T::KIND, id, value, action, event) }
}

/// Where a sort of record stands.
pub(crate) trait Shelved<T> {
    fn shelf(&self) -> &Shelf<T>;
}
