//! Records in memory and the one way to change them.
//!
//! A record on the shelf is what the vault has, or older only while a change of it is on its way, or, of another node's
//! change, until somebody asks ([`tacebo_vault::Vault::follow`]). All changes of one
//! record go one after another through [`Inner::change`], each in a task of its own: a caller who hangs up cannot
//! leave the shelf behind the vault.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tacebo_vault::policy::{Action, Who};
use tacebo_vault::{Asker, Denial, Disclosed, Expect, Heard, Keep, Record, RecordKind, RecordName, Snapshot, Vault};

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
    vault: Vault,
    places: RwLock<Places<T>>,
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

struct Places<T> {
    held: HashMap<String, Arc<Held<T>>>,
    names: HashMap<RecordName, String>,
    /// Failures counted here of records that another node has changed since.
    guards: HashMap<String, (Guard, Guard)>,
    /// Counts what was heard of other nodes: what was read before is not kept after it.
    heard: u64,
}

/// When a record was asked for: it is kept only if nothing was heard since.
#[derive(Clone, Copy)]
pub(crate) struct Asked(u64);

impl<T: Holder> Shelf<T> {
    pub(crate) fn new(vault: Vault) -> Self {
        let (held, names, guards) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { vault, places: RwLock::new(Places { held, names, guards, heard: 0 }), turns: Mutex::default() }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Held<T>>> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).held.get(id).cloned()
    }

    /// To be called before the vault is asked for what is then put here.
    pub(crate) fn now(&self) -> Asked {
        Asked(self.places.read().unwrap_or_else(PoisonError::into_inner).heard)
    }

    /// Puts a version on the shelf, unless a newer one is there or something was heard since it was asked for.
    pub(crate) fn put(&self, id: &str, value: T, version: u64, asked: Asked) -> Arc<Held<T>> {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = places.held.get(id).filter(|there| there.version >= version) {
            return Arc::clone(there);
        }
        let fresh = Held::new(value, version);
        if places.heard != asked.0 {
            places.held.remove(id);
            return fresh;
        }
        if let Some((kept, counted)) = places.guards.remove(id) {
            let mut guard = fresh.guard.lock().unwrap_or_else(PoisonError::into_inner);
            guard.carry_over(&kept, counted);
        }
        places.held.insert(id.to_owned(), Arc::clone(&fresh));
        places.names.insert(self.vault.record_name(T::KIND, id), id.to_owned());
        fresh
    }

    /// Forgets what another node has changed.
    pub(crate) fn hear(&self, heard: Heard<'_>) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.heard += 1;
        let ids: Vec<String> = match heard {
            Heard::All => places.held.keys().cloned().collect(),
            Heard::Names(names) => names.iter().filter_map(|name| places.names.get(name).cloned()).collect(),
        };
        for id in ids {
            if let Some(held) = places.held.remove(&id) {
                let counted = held.guard.lock().unwrap_or_else(PoisonError::into_inner).clone();
                places.guards.insert(id, (held.value.guard(), counted));
            }
        }
    }

    pub(crate) fn forget(&self, id: &str) {
        self.places.write().unwrap_or_else(PoisonError::into_inner).held.remove(id);
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
        self.places.read().unwrap_or_else(PoisonError::into_inner).held.keys().cloned().collect()
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
        self.vault.follow()?;
        if let Some(held) = self.shelf().get(id) {
            return Ok(Some(held));
        }
        let asked = self.shelf().now();
        let found: Option<Record<T>> = self.vault.record(T::KIND, id)?;
        Ok(found.map(|record| self.shelf().put(&record.id, record.value, record.version, asked)))
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
            let before = house.shelf().now();
            let kept = house.vault.keep(&asker, &keep).await;
            if let Ok(version) = &kept {
                house.shelf().put(&id, value, *version.value(), before);
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
