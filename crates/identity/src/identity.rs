//! The room itself: what it holds and how it is set.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tacebo_vault::policy::{Action, PersonKind, Purpose, Who};
use tacebo_vault::{Asker, Door, Origin, Outcome, Vault};

use crate::IdentityError;
use crate::account::StoredAccount;
use crate::bearer::Bearer;
use crate::client::StoredClient;
use crate::hasher::Hasher;
use crate::secret::Fingerprint;
use crate::shelf::{Shelf, Shelved};
use crate::ticket::Tickets;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Times and limits. All times in microseconds.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A member of staff's session ends after so long without a request.
    pub staff_idle_us: i64,
    /// A patient's session does.
    pub patient_idle_us: i64,
    /// Every session ends after so long: a shift.
    pub absolute_us: i64,
    /// Time between password and code.
    pub ticket_us: i64,
    /// First lock after failures; each further one is twice as long.
    pub lock_us: i64,
    /// Longest lock.
    pub longest_lock_us: i64,
    /// Failures that lock one address out of one account.
    pub fails_per_place: u32,
    /// Failures from any addresses that lock an account.
    pub fails_per_account: u32,
    /// Failures that lock an account until an administrator unlocks it (NIST SP 800-63B-4 §3.2.2: at most 100).
    pub hard_stop: u32,
    /// Passwords hashed at once.
    pub hash_permits: usize,
    /// How stale the kept time of last use may be.
    pub seen_every_us: i64,
    /// Life of a token from `client_credentials` (SMART backend services: at most 300 s).
    pub client_token_us: i64,
    /// Longest life of a token that a person makes for scripts.
    pub own_token_us: i64,
    /// Longest life of a token that is issued to a client.
    pub issued_token_us: i64,
    /// Open sessions and tokens of one account; those that would end first give way.
    pub open_at_once: usize,
    /// Open tokens of one client.
    pub client_open_at_once: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            staff_idle_us: 15 * MINUTE,
            patient_idle_us: 15 * MINUTE,
            absolute_us: 12 * HOUR,
            ticket_us: 5 * MINUTE,
            lock_us: 15 * MINUTE,
            longest_lock_us: 24 * HOUR,
            fails_per_place: 5,
            fails_per_account: 20,
            hard_stop: 100,
            hash_permits: 2,
            seen_every_us: 5 * MINUTE,
            client_token_us: 300 * SECOND,
            own_token_us: 12 * HOUR,
            issued_token_us: 90 * 24 * HOUR,
            open_at_once: 32,
            client_open_at_once: 128,
        }
    }
}

/// Accounts, sessions and tokens of one house. Cheap to clone; every door holds one.
#[derive(Clone)]
pub struct Identity(pub(crate) Arc<Inner>);

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// Whose bearer it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum HolderRef {
    Account(String),
    Client(String),
}

/// A bearer in memory: where its record is, and when it was last used.
pub(crate) struct Live {
    pub holder: HolderRef,
    pub seen_us: AtomicI64,
}

pub(crate) struct Inner {
    pub vault: Vault,
    pub settings: Settings,
    pub hasher: Hasher,
    pub tickets: Tickets,
    pub accounts: Shelf<StoredAccount>,
    pub clients: Shelf<StoredClient>,
    pub live: RwLock<HashMap<Fingerprint, Arc<Live>>>,
}

impl Shelved<StoredAccount> for Inner {
    fn shelf(&self) -> &Shelf<StoredAccount> {
        &self.accounts
    }
}

impl Shelved<StoredClient> for Inner {
    fn shelf(&self) -> &Shelf<StoredClient> {
        &self.clients
    }
}

/// What the house may do with its own records, in its own name or in that of a person at the door.
pub(crate) const HOUSE_GRANTS: [&str; 3] = ["HSYSADMIN.read", "HSYSADMIN.write", "HSYSADMIN.administer"];
/// The house's account in the log.
pub const HOUSE: &str = "house";

impl Identity {
    /// Opens the room with the usual settings.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new(vault: Vault) -> Result<Self, IdentityError> {
        Self::with(vault, Settings::default())
    }

    /// Opens the room.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn with(vault: Vault, settings: Settings) -> Result<Self, IdentityError> {
        let hasher = Hasher::new(settings.hash_permits)?;
        let (accounts, clients) = (Shelf::new(vault.clone()), Shelf::new(vault.clone()));
        let house = Arc::new(Inner {
            vault,
            settings,
            hasher,
            tickets: Tickets::default(),
            accounts,
            clients,
            live: RwLock::default(),
        });
        let listening = Arc::downgrade(&house);
        house.vault.on_news(move |heard| {
            if let Some(house) = listening.upgrade() {
                house.accounts.hear(heard);
                house.clients.hear(heard);
            }
        });
        Ok(Self(house))
    }

    /// The house itself, for `init`, `demo` and jobs. Not for requests.
    pub fn house(door: Door) -> Asker {
        let who =
            Who { grants: HOUSE_GRANTS.map(str::to_owned).into(), ..Who::new(PersonKind::System, HOUSE, 0, HOUSE) };
        Asker::new(who, Purpose::SystemAdmin, Origin { door, address: None })
    }

    /// The house that brings documents back to what they were: genetic ones too, which are closed to everybody without a
    /// grant of their own (CLS-03).
    pub fn restorer() -> Asker {
        let mut asker = Self::house(Door::Job);
        Arc::make_mut(&mut asker.who).grants.insert("genetic".to_owned());
        asker
    }

    /// How many passwords were hashed or checked since the start: for metrics, and for the proof that an unknown
    /// name costs as much as a known one.
    pub fn password_work(&self) -> u64 {
        self.0.hasher.work()
    }

    /// Times and limits in force.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
}

impl Inner {
    /// The house at the door, acting in the name of the person or client who is there: the log names that person,
    /// the right to write the record is the house's.
    pub(crate) fn in_name_of(who: &Who, origin: &Origin) -> Asker {
        let mut asker = Self::at_door(origin);
        let house = Arc::make_mut(&mut asker.who);
        (house.account, house.number) = (who.account.clone(), who.number);
        (house.roles, house.department) = (who.roles.clone(), who.department.clone());
        asker
    }

    /// The house at the door, when nobody known is there.
    pub(crate) fn at_door(origin: &Origin) -> Asker {
        let mut asker = Identity::house(origin.door);
        asker.origin = origin.clone();
        asker
    }

    /// Writes an entry about what left no record.
    pub(crate) async fn note(&self, asker: &Asker, outcome: Outcome, detail: &str) -> Result<(), IdentityError> {
        self.vault.note(asker, Action::Update, outcome, detail).await?;
        Ok(())
    }

    /// Refuses, with an entry, before policy is asked: a rule that no policy can lift.
    pub(crate) async fn refuse<R>(
        &self,
        asker: &Asker,
        action: Action,
        detail: &str,
        error: IdentityError,
    ) -> Result<R, IdentityError> {
        self.vault.note(asker, action, Outcome::Refused, detail).await?;
        Err(error)
    }

    /// Brings the kept times of last use up to date, just before a record is kept.
    pub(crate) fn freshen(&self, open: &mut Vec<Bearer>) {
        let now_us = self.vault.now_us();
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        open.retain_mut(|bearer| {
            if let Some(live) = live.get(&bearer.print) {
                bearer.seen_us = live.seen_us.load(Ordering::Relaxed).max(bearer.seen_us);
            }
            bearer.expires_us > now_us
        });
    }

    /// Adds a bearer to a record; those that would end first give way.
    pub(crate) fn admit(open: &mut Vec<Bearer>, bearer: Bearer, at_once: usize) {
        while open.len() >= at_once.max(1) {
            let first = open.iter().enumerate().min_by_key(|(_, bearer)| bearer.expires_us).map_or(0, |(at, _)| at);
            open.remove(first);
        }
        open.push(bearer);
    }

    /// Remembers a bearer that was just kept.
    pub(crate) fn enliven(&self, print: Fingerprint, holder: HolderRef, seen_us: i64) -> Arc<Live> {
        let live = Arc::new(Live { holder, seen_us: AtomicI64::new(seen_us) });
        let mut all = self.live.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(print).or_insert(live))
    }
}

/// The address in its canonical text, for counters and lists.
pub(crate) fn address(origin: &Origin) -> String {
    origin.address.map(|address| address.to_canonical().to_string()).unwrap_or_default()
}
