//! Founding a house and opening it again: the data folder, its keys and its log.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use tacebo_ledger::{LogKey, LogVerifier};
use tacebo_objects::Objects;
use tacebo_policy::Engine;
use tacebo_seal::{Custodian, DataKey, Keyring, Part, Place, Realm, SealError, SubjectNo, Suite};
use tacebo_store::{At, Change, Clock, FatalHook, NodeAt, Options, PartNo, Store, StoreError};
use zeroize::Zeroizing;

use crate::backup::Desk;
use crate::custody::CustodyState;
use crate::disclosed::VaultFault;
use crate::follow::Followed;
use crate::hot::Hot;
use crate::keys::{self, Drawer, Keys};
use crate::pack::Packer;
use crate::profile::{PROFILES, Profiles};
use crate::speech::Speech;
use crate::terms::Terms;
use crate::time::Time;
use crate::vault::{CURRENTS, Inner, Institution, Vault};
use crate::watched::Watched;

/// What it takes to open a house.
pub struct Opening {
    /// The data folder.
    pub dir: PathBuf,
    /// Who holds the root key.
    pub custodian: Arc<dyn Custodian>,
    /// The languages whose documents are kept.
    pub speeches: Vec<Arc<dyn Speech>>,
    /// The clock.
    pub clock: Clock,
    /// Called when a commit failed at the disk; the program must end.
    pub on_fatal: FatalHook,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opening").field("dir", &self.dir).finish_non_exhaustive()
    }
}

const META_INSTITUTION: &str = "institution";
const META_LOG_KEY: &str = "log-key";
/// Its SM2 half, where there is one.
const META_LOG_KEY_SM2: &str = "log-key-sm2";
/// The log's public key lies beside the database, for whoever verifies without us.
pub const VKEY_FILE: &str = "log.vkey";
const KEY_KIND: &str = "LogKey";
const PERSONS: usize = 100_000;

/// An institution's partition: a fixed hash of its number, 0 to 4095 (`design.md` §3).
pub fn part_of(realm: Realm) -> PartNo {
    let hash = tacebo_ledger::Hash::leaf(&realm.0.to_be_bytes());
    let number = u16::from_be_bytes([hash.0[0], hash.0[1]]) & 4095;
    PartNo(i32::from(number))
}

impl Vault {
    /// Makes keys, log and records of a new institution in an empty folder.
    ///
    /// # Errors
    /// The folder is not empty of an institution, or cannot be written.
    pub async fn found(opening: Opening, institution: &Institution) -> Result<Self, VaultFault> {
        let at = At::Folder(opening.dir.clone());
        Self::found_at(&at, opening, institution).await
    }

    /// The same with the records elsewhere; the folder then holds the log's public key only.
    ///
    /// # Errors
    /// As [`Vault::found`].
    pub async fn found_at(at: &At, opening: Opening, institution: &Institution) -> Result<Self, VaultFault> {
        let blobs = blobs_in(&opening)?;
        Self::found_with(at, blobs, opening, institution).await
    }

    /// The same with large documents elsewhere too.
    ///
    /// # Errors
    /// As [`Vault::found`].
    pub async fn found_with(
        at: &At,
        blobs: Objects,
        opening: Opening,
        institution: &Institution,
    ) -> Result<Self, VaultFault> {
        let time = Arc::new(Time::new(Arc::clone(&opening.clock)));
        let store = Store::open(&known(at), options(&opening, &time, blobs))?;
        let realm = Realm(institution.realm);
        let part = part_of(realm);
        if store.meta(part, META_INSTITUTION)?.is_some() {
            return Err(VaultFault::Folder("there is an institution here already".into()));
        }
        // Refused before anything is written, if the custodian is of another suite.
        let (ring, buckets) = Keyring::create(&*opening.custodian, realm, institution.suite)?;
        store.create_part(part, &institution.origin).await?;
        let (key_rows, house_keys) = keys::fresh(&ring, SubjectNo::HOUSE)?;
        let log_key = match institution.suite {
            Suite::Shangmi => LogKey::generate(&institution.origin)?.with_new_sm2()?,
            _ => LogKey::generate(&institution.origin)?,
        };
        let record = house_keys
            .iter()
            .find(|(category, _)| *category == Drawer::Record.category())
            .map(|(_, key)| key.clone())
            .ok_or(VaultFault::Decode("house key"))?;
        let sealed = record.seal(&log_key_place(realm, META_LOG_KEY), log_key.to_bytes().as_slice())?;
        let named = serde_json::to_vec(institution).map_err(|_| VaultFault::Decode("institution"))?;
        let mut change = Change::new(part);
        change.buckets = buckets;
        change.keys = key_rows;
        let (terms, term_keys) = Terms::found(&ring, &record)?;
        change.meta = vec![(META_INSTITUTION.into(), named), (META_LOG_KEY.into(), sealed.into_bytes()), term_keys];
        if let Some(sm2) = log_key.sm2_to_bytes()? {
            let sealed = record.seal(&log_key_place(realm, META_LOG_KEY_SM2), sm2.as_slice())?;
            change.meta.push((META_LOG_KEY_SM2.into(), sealed.into_bytes()));
        }
        store.commit(change).await?;
        write_vkey(&opening, &log_key)?;
        let followed = Followed::from(&store.news(part, 0)?);
        assemble(opening, time, store, part, followed, ring, terms, institution.clone(), log_key)
    }

    /// Opens a founded house.
    ///
    /// # Errors
    /// No institution here, the custodian refuses, or the policy set does not load.
    pub fn open(opening: Opening) -> Result<Self, VaultFault> {
        let at = At::Folder(opening.dir.clone());
        Self::open_at(&at, opening)
    }

    /// The same with the records elsewhere. A folder that does not have the log's public key yet gets it from there, as the
    /// records have it sealed; one that has another is refused.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn open_at(at: &At, opening: Opening) -> Result<Self, VaultFault> {
        let blobs = blobs_in(&opening)?;
        Self::open_with(at, blobs, opening)
    }

    /// The same with large documents elsewhere too.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn open_with(at: &At, blobs: Objects, opening: Opening) -> Result<Self, VaultFault> {
        Self::open_to(at, blobs, opening, false)
    }

    /// Opens a house; one that is being restored only for whoever restores it.
    pub(crate) fn open_to(at: &At, blobs: Objects, opening: Opening, restore: bool) -> Result<Self, VaultFault> {
        let time = Arc::new(Time::new(Arc::clone(&opening.clock)));
        let store = Store::open(&known(at), options(&opening, &time, blobs))?;
        let part = store
            .parts()?
            .into_iter()
            .next()
            .ok_or_else(|| VaultFault::Folder("no institution here: run `tacebo init`".into()))?;
        if store.is_half_restored(part)? != restore {
            return Err(VaultFault::Folder(
                if restore {
                    "what is here was not restored just now"
                } else {
                    "a restore into this place was not finished: run `tacebo restore` again"
                }
                .to_owned(),
            ));
        }
        time.was_at(store.last_us(part)?);
        let named = store
            .meta(part, META_INSTITUTION)?
            .ok_or_else(|| VaultFault::Folder("this institution was not founded to the end".into()))?;
        let institution: Institution = serde_json::from_slice(&named).map_err(|_| VaultFault::Decode("institution"))?;
        let realm = Realm(institution.realm);
        // Before anything is read that another node may be changing.
        let followed = Followed::from(&store.news(part, 0)?);
        let ring = Keyring::unlock(&*opening.custodian, realm, store.buckets(part)?)?;
        if ring.suite() != institution.suite {
            return Err(SealError::OtherSuite { found: ring.suite(), here: institution.suite }.into());
        }
        let record: DataKey = Keys::new().get(&store, part, &ring, SubjectNo::HOUSE, Drawer::Record.category())?;
        let stored = |name: &'static str| -> Result<Zeroizing<[u8; 32]>, VaultFault> {
            let sealed = store.meta(part, name)?.ok_or(VaultFault::Decode("log key"))?;
            let bytes = record.open(&log_key_place(realm, name), &sealed)?;
            let bytes: &[u8; 32] = bytes.as_ref().try_into().map_err(|_| VaultFault::Decode("log key"))?;
            Ok(Zeroizing::new(*bytes))
        };
        let log_key = LogKey::from_bytes(&institution.origin, &*stored(META_LOG_KEY)?)?;
        let log_key = match institution.suite {
            Suite::Shangmi => log_key.with_sm2(&*stored(META_LOG_KEY_SM2)?)?,
            _ => log_key,
        };
        if Self::is_founded(&opening.dir) {
            is_vkey(&opening, &log_key)?;
        } else {
            write_vkey(&opening, &log_key)?;
        }
        let terms = Terms::open(&store, part, &ring, &record)?;
        assemble(opening, time, store, part, followed, ring, terms, institution, log_key)
    }

    /// The suite of the house in a folder, by its public key: what is signed with SM2 is sealed in that suite too.
    /// [`Vault::open`] compares it with the keys.
    ///
    /// # Errors
    /// There is no house, or its public key is no key.
    pub fn suite_in(dir: &std::path::Path) -> Result<Suite, VaultFault> {
        let text = std::fs::read_to_string(dir.join(VKEY_FILE))
            .map_err(|error| VaultFault::Folder(format!("{VKEY_FILE} cannot be read: {error}")))?;
        let key: LogVerifier = text.trim().parse()?;
        Ok(if key.sm2().is_some() { Suite::Shangmi } else { Suite::International })
    }

    /// Whether a folder holds a founded house.
    pub fn is_founded(dir: &std::path::Path) -> bool {
        dir.join(VKEY_FILE).is_file()
    }
}

/// Refuses a folder that knows another log: what was verified with its key would not be what is written now.
fn is_vkey(opening: &Opening, log_key: &LogKey) -> Result<(), VaultFault> {
    let known = std::fs::read_to_string(opening.dir.join(VKEY_FILE))
        .map_err(|error| VaultFault::Folder(format!("{VKEY_FILE} cannot be read: {error}")))?;
    if known.trim() == log_key.verifier()?.to_string().trim() {
        return Ok(());
    }
    Err(VaultFault::Folder(format!("{VKEY_FILE} is the key of another log than the one whose records these are")))
}

/// A house is never opened unknown to the other nodes: they would not wait for it when keys are destroyed.
fn known(at: &At) -> At {
    let mut at = at.clone();
    if let At::Postgres(at) = &mut at {
        let name = || format!("process {}", std::process::id());
        at.node.get_or_insert_with(|| NodeAt { name: name(), term: NodeAt::TERM, alone: false });
    }
    at
}

fn write_vkey(opening: &Opening, log_key: &LogKey) -> Result<(), VaultFault> {
    std::fs::write(opening.dir.join(VKEY_FILE), format!("{}\n", log_key.verifier()?))
        .map_err(|error| VaultFault::Folder(format!("{VKEY_FILE} cannot be written: {error}")))
}

fn options(opening: &Opening, time: &Arc<Time>, blobs: Objects) -> Options {
    let options = Options::new(told_by(time), Arc::clone(&opening.on_fatal));
    Options { objects: Some(blobs), ..options }
}

/// Where large documents lie unless somebody chose otherwise.
pub const BLOBS_FOLDER: &str = "blobs";

fn blobs_in(opening: &Opening) -> Result<Objects, VaultFault> {
    let at = tacebo_objects::At::Folder(opening.dir.join(BLOBS_FOLDER));
    Ok(Objects::open(&at).map_err(StoreError::from)?)
}

fn told_by(time: &Arc<Time>) -> Clock {
    let time = Arc::clone(time);
    Arc::new(move || time.now_us())
}

#[expect(clippy::too_many_arguments, reason = "the parts of a house, put together in one place")]
fn assemble(
    opening: Opening,
    time: Arc<Time>,
    store: Store,
    part: PartNo,
    followed: Followed,
    ring: Keyring,
    terms: Terms,
    institution: Institution,
    log_key: LogKey,
) -> Result<Vault, VaultFault> {
    let engine = Engine::load().map_err(|error| VaultFault::Policy(error.to_string()))?;
    let inner = Inner {
        store,
        followed,
        part,
        realm: Realm(institution.realm),
        blinder: ring.blinder()?,
        terms,
        ring: RwLock::new(Some(Arc::new(ring))),
        keys: Keys::new(),
        persons: Watched::new(PERSONS),
        profiles: Arc::new(Profiles::new(PROFILES)),
        currents: Arc::new(Watched::new(CURRENTS)),
        hot: Hot::new(),
        packer: Packer::default(),
        engine,
        speeches: opening.speeches,
        log_key,
        institution,
        clock: told_by(&time),
        time,
        dir: opening.dir,
        comparing: tokio::sync::watch::Sender::default(),
        compare_now: tokio::sync::Notify::new(),
        custodian: opening.custodian,
        turning: tokio::sync::Mutex::new(()),
        claims: Mutex::default(),
        turn_trouble: Mutex::default(),
        custody: CustodyState::default(),
        gate: Arc::default(),
        shredding: tokio::sync::Mutex::new(()),
        desk: Desk::default(),
        witness: OnceLock::new(),
    };
    let inner = Arc::new(inner);
    inner.watch()?;
    Ok(Vault(inner))
}

fn log_key_place(realm: Realm, name: &'static str) -> Place<'static> {
    Place {
        realm,
        subject: SubjectNo::HOUSE,
        category: Drawer::Record.category(),
        kind: KEY_KIND,
        id: name.as_bytes(),
        version: 1,
        part: Part::Body,
    }
}
