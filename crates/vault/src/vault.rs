//! The vault itself: what it holds, and the small steps every ask is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use tacebo_ledger::{LogKey, Receipt, Salt};
use tacebo_policy::Engine;
use tacebo_seal::{Blinder, Category, Custodian, DataKey, IdTerm, Keyring, Part, Place, Realm, SubjectNo, Suite};
use tacebo_store::{BlobHold, Change, CommitError, Committed, EntryWrite, PartNo, Rests, Rid, Store, Touched};
use tokio::sync::{OwnedRwLockReadGuard, RwLock as RwLockAsync};

use crate::backup::Desk;
use crate::compare::Progress;
use crate::custody::CustodyState;
use crate::disclosed::VaultFault;
use crate::entry::{self, Draft};
use crate::follow::{Followed, on_values};
use crate::hot::Hot;
use crate::keys::{Drawer, Keys};
use crate::pack::Packer;
use crate::profile::Profiles;
use crate::random;
use crate::speech::{PatientId, Speech};
use crate::terms::{META_TERMS, Terms};
use crate::time::Time;
use crate::watched::Watched;

/// The one path. Cheap to clone; every door holds one.
#[derive(Clone)]
pub struct Vault(pub(crate) Arc<Inner>);

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("institution", &self.0.institution.name).finish_non_exhaustive()
    }
}

/// Who runs this house; public, not personal data.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Institution {
    /// Name shown to people.
    pub name: String,
    /// Number that every key, term and row is bound to.
    pub realm: u32,
    /// Origin of the log: a schemeless URL (C2SP tlog-checkpoint).
    pub origin: String,
    /// The algorithms of everything it keeps: chosen when it is founded, and the same for ever.
    pub suite: Suite,
}

pub(crate) struct Inner {
    pub store: Store,
    /// How far what other nodes did is followed.
    pub followed: Followed,
    pub part: PartNo,
    pub realm: Realm,
    /// None while this node is cut off from the others and has forgotten its keys.
    pub ring: RwLock<Option<Arc<Keyring>>>,
    /// Makes blind names of documents and persons.
    pub blinder: Blinder,
    /// Make blind terms.
    pub terms: Terms,
    pub keys: Keys,
    /// Numbers of persons by their patient's id.
    pub persons: Watched<String, SubjectNo>,
    pub profiles: Arc<Profiles>,
    pub currents: Arc<Watched<IdTerm, Rid>>,
    pub hot: Hot,
    pub packer: Packer,
    pub engine: Engine,
    pub speeches: Vec<Arc<dyn Speech>>,
    pub log_key: LogKey,
    pub institution: Institution,
    /// Tells [`Self::time`].
    pub clock: tacebo_store::Clock,
    pub time: Arc<Time>,
    pub dir: PathBuf,
    /// How far the comparison of documents and log has come that runs.
    pub comparing: tokio::sync::watch::Sender<Option<Progress>>,
    /// Asks for one.
    pub compare_now: tokio::sync::Notify,
    pub custodian: Arc<dyn Custodian>,
    /// Held by whatever changes the ring: one turn of the root or destruction of keys at a time.
    pub turning: tokio::sync::Mutex<()>,
    /// Held by every ask until its entries are durable, and with its change on the way to the store; taken whole by a
    /// destruction of keys. So nothing is written under a key that is being destroyed, and nobody is half answered.
    pub gate: Arc<RwLockAsync<()>>,
    /// Held by whatever changes the record of a destruction. After `turning` and `gate`.
    pub shredding: tokio::sync::Mutex<()>,
    /// What this node has the right to do for all, and how many are at it.
    pub claims: Mutex<BTreeMap<&'static str, u32>>,
    /// Why the last turn of the root stopped.
    pub turn_trouble: Mutex<Option<String>>,
    /// Whether the custodian answers.
    pub custody: CustodyState,
    /// Where backups are asked for and told of.
    pub desk: Desk,
    /// The file elsewhere that knows the newest checkpoint.
    pub witness: OnceLock<PathBuf>,
}

/// The gate, passed: see [`Inner::gate`].
#[derive(Clone)]
pub(crate) struct Gate {
    _open: Arc<OwnedRwLockReadGuard<()>>,
    /// The last news of other nodes that the ask knows of.
    pub seen: u64,
}

/// A point in commit order; searches and pages can be pinned to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Snapshot(pub(crate) Rid);

impl Snapshot {
    /// For page tokens.
    pub fn number(self) -> i64 {
        self.0
    }

    /// From a page token that the vault itself sealed.
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }
}

/// Names whose current version is remembered at most; a name and a version take some 40 bytes.
pub(crate) const CURRENTS: usize = 128_000;

/// Kind under which log entries are sealed.
pub(crate) const ENTRY_KIND: &str = "LogEntry";

impl Vault {
    /// The institution this vault belongs to.
    pub fn institution(&self) -> &Institution {
        &self.0.institution
    }

    /// Who holds the root key: for a restore that is tried beside this house.
    pub fn custodian(&self) -> Arc<dyn Custodian> {
        Arc::clone(&self.0.custodian)
    }

    /// Commit order as of now.
    pub fn snapshot(&self) -> Result<Snapshot, VaultFault> {
        Ok(Snapshot(self.0.store.head(self.0.part)?))
    }

    /// Now, by the house's time, microseconds since the Unix epoch. Never earlier than before.
    pub fn now_us(&self) -> i64 {
        (self.0.clock)()
    }

    /// What the machine's clock says, right or wrong: only for what is compared with the clock of somebody else.
    pub fn clock_us(&self) -> i64 {
        self.0.time.clock_us()
    }

    /// Whether the store answers and can be written, and there are keys to answer with.
    pub fn ready(&self) -> Result<(), VaultFault> {
        let inner = &*self.0;
        inner.store.head(inner.part)?;
        if inner.store.is_cut_off() {
            return Err(VaultFault::CutOff);
        }
        inner.ring().map(drop)
    }
}

impl Inner {
    pub(crate) fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond((self.clock)()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// Passes the gate. Only whoever begins an ask does, never somebody inside one: a destruction that waits in between
    /// would wait for itself.
    pub(crate) async fn pass(&self) -> Result<Gate, VaultFault> {
        let open = Arc::new(Arc::clone(&self.gate).read_owned().await);
        // Behind the gate: who has let everybody out knows that all who are inside now have heard what was told before.
        Ok(Gate { _open: open, seen: self.follow()? })
    }

    /// Before another attempt: what made the last one fail is heard of.
    pub(crate) fn again(&self, gate: &mut Gate) -> Result<(), VaultFault> {
        gate.seen = self.follow()?;
        Ok(())
    }

    pub(crate) fn ring(&self) -> Result<Arc<Keyring>, VaultFault> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(VaultFault::CutOff)
    }

    pub(crate) fn speech(&self, kind: &str) -> Option<&Arc<dyn Speech>> {
        self.speeches.iter().find(|speech| speech.knows(kind))
    }

    pub(crate) fn key(&self, subject: SubjectNo, category: Category) -> Result<DataKey, VaultFault> {
        let key = || self.keys.get(&self.store, self.part, &*self.ring()?, subject, category);
        match key() {
            // Another node has re-keyed the bucket this very moment.
            Err(VaultFault::Seal(_)) if self.store.is_shared() => {
                self.follow()?;
                key()
            }
            found => found,
        }
    }

    pub(crate) fn id_term(&self, kind: &str, id: &str) -> IdTerm {
        self.blinder.id(kind, id)
    }

    pub(crate) fn place<'a>(
        &self,
        subject: Option<SubjectNo>,
        category: Category,
        kind: &'a str,
        id: &'a [u8],
        version: u64,
        part: Part,
    ) -> Place<'a> {
        Place { realm: self.realm, subject: subject.unwrap_or(SubjectNo::HOUSE), category, kind, id, version, part }
    }

    /// The number of a person the house has heard of.
    pub(crate) fn person(&self, patient: &PatientId) -> Result<Option<SubjectNo>, VaultFault> {
        let name = patient.as_str().to_owned();
        let turn = match self.persons.get(&name) {
            Ok(no) => return Ok(Some(no)),
            Err(turn) => turn,
        };
        let found = self.store.subject_of(self.part, &self.id_term("Patient", patient.as_str()))?;
        if let Some(no) = found {
            self.persons.keep(name, turn, no);
        }
        Ok(found)
    }

    /// Seals a drafted entry under the audit key of the person concerned (or the house's).
    pub(crate) fn seal_entry(&self, draft: &Draft, fresh: Option<&DataKey>) -> Result<EntryWrite, VaultFault> {
        // One draw for both: a draw costs more than its bytes.
        let (eid, salt) = random::pair::<16, 32>()?;
        let fields: Vec<(&str, &[u8])> = draft.fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let plain = entry::encode(&salt, draft)?;
        let commitment = tacebo_ledger::commit(&Salt::from_bytes(salt), &fields)?;
        let category = Drawer::Audit.category();
        let subject = draft.subject.unwrap_or(SubjectNo::HOUSE);
        let place = self.place(draft.subject, category, ENTRY_KIND, &eid, 1, Part::Entry);
        let sealed = match fresh {
            Some(key) => key.seal(&place, &plain)?,
            None => self.key(subject, category)?.seal(&place, &plain)?,
        };
        Ok(EntryWrite {
            eid,
            subject: draft.subject,
            actor: draft.actor,
            class: draft.class as u8,
            commitment,
            sealed: sealed.into_bytes(),
        })
    }

    /// Commits entries alone: what every refusal waits for.
    pub(crate) async fn log(&self, drafts: &[Draft]) -> Result<Vec<Receipt>, VaultFault> {
        self.log_since(drafts, None).await
    }

    /// The same for what is about to be disclosed by an ask that knows what was told up to `seen`: it fails where the keys of
    /// somebody concerned were destroyed since, so that nobody is answered about after his end.
    pub(crate) async fn log_since(&self, drafts: &[Draft], seen: Option<u64>) -> Result<Vec<Receipt>, VaultFault> {
        let mut change = Change::new(self.part);
        change.rests = seen.map(|seen| Rests { seen, ..Rests::default() });
        for draft in drafts {
            change.entries.push(self.seal_entry(draft, None)?);
        }
        Ok(self.store.commit(change).await?.receipts)
    }

    /// Commits a change whose objects are there. `touched` are the persons about whom other facts hold afterwards.
    ///
    /// Whoever reads takes the document first and the person's facts after it: he never sees a document of this change
    /// with facts from before it.
    pub(crate) async fn commit(
        &self,
        mut change: Change,
        touched: Vec<SubjectNo>,
        gate: &Gate,
        blobs: BlobHold,
    ) -> Result<Committed, CommitError> {
        change.touches.clone_from(&touched);
        // Terms are made under the epoch that was in use when the ask began.
        let on = if change.documents.is_empty() { Touched::default() } else { on_values([META_TERMS]) };
        change.rests = Some(Rests { seen: gate.seen, on });
        let names = change.documents.iter().map(|document| document.id).collect();
        let held = (self.profiles.announce(touched), self.currents.announce(names), gate.clone(), blobs);
        self.store.commit_holding(change, Box::new(held)).await
    }

    /// The newest version of a document (it may be a tombstone).
    pub(crate) fn current(&self, kind: &str, id: &IdTerm) -> Result<Option<Rid>, VaultFault> {
        let turn = match self.currents.get(id) {
            Ok(rid) => return Ok(Some(rid)),
            Err(turn) => turn,
        };
        let found = self.store.current_rid(self.part, kind, id)?;
        if let Some(rid) = found {
            self.currents.keep(*id, turn, rid);
        }
        Ok(found)
    }

    /// The newest versions of those of these documents that there are, in one look at the store.
    pub(crate) fn currents(&self, names: &[(&str, IdTerm)]) -> Result<Vec<(IdTerm, Rid)>, VaultFault> {
        let mut found = Vec::with_capacity(names.len());
        let mut unknown = Vec::new();
        for (kind, id) in names {
            match self.currents.get(id) {
                Ok(rid) => found.push((*id, rid)),
                Err(turn) => unknown.push((*kind, *id, turn)),
            }
        }
        if !unknown.is_empty() {
            let names: Vec<(&str, IdTerm)> = unknown.iter().map(|(kind, id, _)| (*kind, *id)).collect();
            for ((_, id, turn), rid) in unknown.into_iter().zip(self.store.current_rids(self.part, &names)?) {
                if let Some(rid) = rid {
                    self.currents.keep(id, turn, rid);
                    found.push((id, rid));
                }
            }
        }
        Ok(found)
    }
}
