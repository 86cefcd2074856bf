//! Following what other nodes do: before anything that is remembered is used, the database is asked whether somebody else
//! has changed something, and what that touches is forgotten.
//!
//! So whatever was durable before an ask began is seen by it, on whichever node. One question serves all who were waiting
//! before it was sent. Over a folder there is nobody else, and nothing is asked.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};

use tacebo_seal::{DataKey, IdTerm, Keyring, SubjectNo};
use tacebo_store::{News, Rid, Touched};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::disclosed::VaultFault;
use crate::keys::Drawer;
use crate::terms::META_TERMS;
use crate::vault::{Inner, Vault};

/// What somebody outside who remembers records of the house has to forget.
#[derive(Debug, Clone, Copy)]
pub enum Heard<'a> {
    /// Everything.
    All,
    /// Records with these blind names ([`Vault::record_name`]).
    Names(&'a [RecordName]),
}

/// Blind name of a record, to be compared and for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordName([u8; 16]);

type Listener = Box<dyn Fn(Heard<'_>) + Send + Sync>;

/// How far the others are followed.
#[derive(Default)]
pub(crate) struct Followed {
    flight: Mutex<Flight>,
    landed: Condvar,
    seen: AtomicU64,
    head: AtomicI64,
    /// The last news by which keys went or came: those that are to be acknowledged.
    grave: AtomicU64,
    /// The last of those since which everybody was let out who had begun before.
    let_out: AtomicU64,
    /// Held while the key rows are read and put to use: of two readings the later one counts.
    taking: Mutex<()>,
    listeners: RwLock<Vec<Listener>>,
}

/// The question that is on its way.
#[derive(Default)]
struct Flight {
    begun: u64,
    landed: u64,
    flying: bool,
    /// Why the last one that landed told nothing.
    trouble: Option<String>,
}

impl Followed {
    /// Begins where everything that is not yet read will be newer.
    pub(crate) fn from(news: &News) -> Self {
        Self { seen: AtomicU64::new(news.seq), head: AtomicI64::new(news.head), ..Self::default() }
    }

    /// The last news that memory knows of.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Acquire)
    }

    /// The last news that took or changed keys.
    pub(crate) fn grave(&self) -> u64 {
        self.grave.load(Ordering::Acquire)
    }

    /// Whether somebody may still be at work who began before keys went.
    pub(crate) fn is_anybody_to_let_out(&self) -> Option<u64> {
        let grave = self.grave();
        (grave > self.let_out.load(Ordering::Acquire)).then_some(grave)
    }

    /// Everybody was let out who had begun before.
    pub(crate) fn has_let_out(&self, grave: u64) {
        self.let_out.fetch_max(grave, Ordering::AcqRel);
    }

    fn head(&self) -> Rid {
        self.head.load(Ordering::Acquire)
    }
}

/// Values that nobody may have set meanwhile.
pub(crate) fn on_values<'a>(names: impl IntoIterator<Item = &'a str>) -> Touched {
    Touched { meta: names.into_iter().map(str::to_owned).collect(), ..Touched::default() }
}

impl Vault {
    /// Has `listener` told what it has to forget, before anybody is answered who asks after that.
    pub fn on_news(&self, listener: impl Fn(Heard<'_>) + Send + Sync + 'static) {
        let mut listeners = self.0.followed.listeners.write().unwrap_or_else(PoisonError::into_inner);
        listeners.push(Box::new(listener));
    }

    /// The name under which [`Heard`] speaks of a record.
    pub fn record_name(&self, kind: crate::RecordKind, id: &str) -> RecordName {
        RecordName(self.0.id_term(kind.as_str(), id).0)
    }

    /// Whether other nodes may serve this house.
    pub fn is_shared(&self) -> bool {
        self.0.store.is_shared()
    }

    /// Follows the other nodes: what they had made durable when this was called is known when it returns.
    ///
    /// # Errors
    /// The database cannot be asked, or the keys of now cannot be had.
    pub fn follow(&self) -> Result<(), VaultFault> {
        self.0.follow().map(drop)
    }

    /// Whether a data key of the person with this internal number lies in this node's memory. For tests.
    #[doc(hidden)]
    pub fn holds_keys_of(&self, number: u64) -> bool {
        self.0.keys.holds(SubjectNo(number))
    }

    /// Whether the keys of the house lie in this node's memory. For tests.
    #[doc(hidden)]
    pub fn holds_ring(&self) -> bool {
        self.0.ring().is_ok()
    }
}

impl Inner {
    /// Waits for a question to the database that begins now or later; the number of the last news there was.
    pub(crate) fn follow(&self) -> Result<u64, VaultFault> {
        if !self.store.is_shared() {
            return Ok(0);
        }
        match Handle::try_current() {
            // The database, and at times the custodian, is waited for: others of this thread go on meanwhile.
            Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
                tokio::task::block_in_place(|| self.follow_here())
            }
            _ => self.follow_here(),
        }
    }

    fn follow_here(&self) -> Result<u64, VaultFault> {
        let followed = &self.followed;
        let mut flight = followed.flight.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = flight.begun + 1;
        while flight.landed < mine {
            if flight.flying {
                flight = followed.landed.wait(flight).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            flight.flying = true;
            flight.begun += 1;
            let number = flight.begun;
            drop(flight);
            let mut landing = Landing { followed, number, trouble: Some("interrupted".to_owned()) };
            landing.trouble = self.fly().err().map(|fault| fault.to_string());
            drop(landing);
            flight = followed.flight.lock().unwrap_or_else(PoisonError::into_inner);
        }
        match &flight.trouble {
            Some(why) => Err(VaultFault::Unfollowed(why.clone())),
            None => Ok(followed.seen()),
        }
    }

    /// Before something is decided upon that is newer than what was followed: what was committed with it counts for it too.
    pub(crate) fn follow_to(&self, rid: Rid) -> Result<(), VaultFault> {
        if self.store.is_shared() && rid > self.followed.head() { self.follow().map(drop) } else { Ok(()) }
    }

    /// One question, and forgetting what it tells. Never two at a time.
    fn fly(&self) -> Result<(), VaultFault> {
        if self.store.is_cut_off() {
            return Err(VaultFault::CutOff);
        }
        let news = self.store.news(self.part, self.followed.seen())?;
        let mute = self.ring.read().unwrap_or_else(PoisonError::into_inner).is_none();
        if mute || news.behind {
            self.forget_opened();
            let taken = self.take_up_keys().and_then(|()| self.reload_terms());
            if let Err(fault) = taken {
                // All of it or nothing: with the ring alone it would go on under terms of before.
                *self.ring.write().unwrap_or_else(PoisonError::into_inner) = None;
                return Err(fault);
            }
            self.tell(Heard::All);
            self.followed.grave.store(news.seq, Ordering::Release);
        } else {
            for (seq, touched) in &news.heard {
                self.hear(*seq, touched)?;
            }
        }
        self.time.not_before(news.time_us);
        self.followed.head.fetch_max(news.head, Ordering::AcqRel);
        self.followed.seen.store(news.seq, Ordering::Release);
        Ok(())
    }

    fn hear(&self, seq: u64, touched: &Touched) -> Result<(), VaultFault> {
        let all = touched.everything || touched.replaced;
        if touched.everything || !touched.buckets.is_empty() {
            self.take_up_keys()?;
        }
        touched.destroyed.iter().for_each(|subject| self.keys.forget(*subject));
        if all {
            self.forget_opened();
        } else {
            self.profiles.forget(&touched.subjects);
            let names: Vec<IdTerm> = touched.names.iter().copied().map(IdTerm).collect();
            self.currents.forget(&names);
        }
        if touched.everything || touched.meta.contains(META_TERMS) {
            self.reload_terms()?;
        }
        if all {
            self.tell(Heard::All);
        } else if !touched.names.is_empty() {
            let names: Vec<RecordName> = touched.names.iter().copied().map(RecordName).collect();
            self.tell(Heard::Names(&names));
        }
        if touched.everything || !touched.buckets.is_empty() || touched.meta.contains(META_TERMS) {
            self.followed.grave.fetch_max(seq, Ordering::AcqRel);
        }
        Ok(())
    }

    fn tell(&self, heard: Heard<'_>) {
        for listener in &*self.followed.listeners.read().unwrap_or_else(PoisonError::into_inner) {
            listener(heard);
        }
    }

    /// Opens the key rows of now.
    pub(crate) fn take_up_keys(&self) -> Result<(), VaultFault> {
        let _one = self.followed.taking.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = self.store.buckets(self.part)?;
        let before = self.ring.read().unwrap_or_else(PoisonError::into_inner).clone();
        let known = before.map(|ring| ring.followed(&rows)).transpose()?.flatten();
        let ring = if let Some(ring) = known {
            ring
        } else {
            self.custodian.look_again()?;
            Keyring::unlock(&*self.custodian, self.realm, rows)?
        };
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(ring));
        Ok(())
    }

    /// Puts keys to use that are durable now. Where others may have gone on from there, what is stored counts; and where that
    /// cannot be read, nothing is answered until it can.
    pub(crate) fn put_to_use(&self, ring: Keyring) {
        if !self.store.is_shared() {
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(ring));
        } else if let Err(error) = self.take_up_keys() {
            tracing::error!(%error, "the keys of now cannot be read: they are taken up at the next ask");
            self.wipe();
        }
    }

    /// The terms of now, as they are stored.
    fn reload_terms(&self) -> Result<(), VaultFault> {
        self.terms.reload(&self.store, self.part, &*self.ring()?, &self.house_key()?)
    }

    /// The house's own data key; asked for while news is followed, so it does not follow any itself.
    fn house_key(&self) -> Result<DataKey, VaultFault> {
        self.keys.get(&self.store, self.part, &*self.ring()?, SubjectNo::HOUSE, Drawer::Record.category())
    }

    /// Forgets everything that was opened, keys too but for the ring.
    pub(crate) fn forget_opened(&self) {
        self.keys.clear();
        self.hot.clear();
        self.packer.forget();
        self.persons.clear();
        self.profiles.clear();
        self.currents.clear();
    }

    /// Forgets the keys of the house and of persons and everything that was opened: this node is cut off, and the others no
    /// longer wait for it. It takes the keys up again when it reaches the database. The custodian keeps its own.
    pub(crate) fn wipe(&self) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.forget_opened();
        self.tell(Heard::All);
    }
}

/// Says that a question is answered, also when whoever asked it panicked.
struct Landing<'a> {
    followed: &'a Followed,
    number: u64,
    trouble: Option<String>,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let mut flight = self.followed.flight.lock().unwrap_or_else(PoisonError::into_inner);
        flight.flying = false;
        flight.landed = self.number;
        flight.trouble = self.trouble.take();
        self.followed.landed.notify_all();
    }
}
