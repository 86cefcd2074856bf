//! Recognising who comes back, and ending that.
//!
//! A check costs a hash and two look-ups in memory. What counts is the record on the shelf: a session is good while
//! its account lists it, so a change of rights ends it in the commit that changes them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use tacebo_vault::policy::{Action, Assurance, PersonKind};
use tacebo_vault::{Asker, Door, Origin, Outcome, RecordKind};

use crate::account::StoredAccount;
use crate::bearer::{Bearer, BearerView};
use crate::client::StoredClient;
use crate::identity::{HolderRef, Inner, Live};
use crate::secret::Fingerprint;
use crate::shelf::{Deed, Held, Holder};
use crate::{Authenticated, BearerKind, Identity, IdentityError, MustChange};

/// Where other nodes have to know, the last use is kept when its person has rested for so long.
const QUIET_US: i64 = 60 * 1_000_000;

/// The word for the end of sessions that nobody used.
const EXPIRED: &str = "session-expired";

/// Longer bearers are nobody's.
const LONGEST: usize = 128;

impl Identity {
    /// Whose session this is, as of now; marks it as used.
    ///
    /// # Errors
    /// The store failed.
    pub fn session(&self, id: &str) -> Result<Option<Authenticated>, IdentityError> {
        self.0.recognise(id, BearerKind::Session)
    }

    /// Whose token this is, as of now.
    ///
    /// # Errors
    /// The store failed.
    pub fn token(&self, token: &str) -> Result<Option<Authenticated>, IdentityError> {
        self.0.recognise(token, BearerKind::Token)
    }

    /// Ends a session. Nothing to end is no error.
    ///
    /// # Errors
    /// The log cannot be written.
    pub async fn log_out(&self, session: &str, origin: &Origin) -> Result<(), IdentityError> {
        self.0.end(&Fingerprint::of(session), "logged-out", origin).await
    }

    /// One's own open sessions and tokens, newest first.
    ///
    /// # Errors
    /// The store failed, or a client asks.
    pub fn own_open(&self, auth: &Authenticated) -> Result<Vec<BearerView>, IdentityError> {
        let held = self.0.own(auth)?;
        let now_us = self.0.vault.now_us();
        let live = self.0.live.read().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<BearerView> = held
            .value
            .open
            .iter()
            .filter_map(|bearer| {
                let seen = live.get(&bearer.print).map_or(0, |l| l.seen_us.load(Ordering::Relaxed)).max(bearer.seen_us);
                let ends = self.0.ends(held.value.account.kind, bearer, seen);
                (ends > now_us).then(|| bearer.view(seen, Some(&auth.print)))
            })
            .collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.opened_us));
        Ok(lines)
    }

    /// Ends one of one's own sessions or tokens by the name of its line; with none, all but the one that asks.
    ///
    /// # Errors
    /// [`IdentityError::Unknown`]: no such line.
    pub async fn end_own(
        &self,
        auth: &Authenticated,
        line: Option<&str>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        self.0.own(auth)?;
        let asker = Inner::in_name_of(&auth.who, origin);
        let deed = Deed::new(&asker, Action::Update, "sessions-ended");
        self.0
            .change(deed, &auth.who.account, |stored: &mut StoredAccount| {
                let before = stored.open.len();
                stored.open.retain(|bearer| match line {
                    Some(line) => bearer.print.short() != line,
                    None => bearer.print.same(&auth.print),
                });
                if line.is_some() && stored.open.len() == before { Err(IdentityError::Unknown) } else { Ok(()) }
            })
            .await
            .map(drop)
    }

    /// To be called every few seconds: tells abandoned log-ins, keeps times of last use, ends what has expired.
    ///
    /// # Errors
    /// The log cannot be written; the rest is tried again at the next call.
    pub async fn tick(&self) -> Result<(), IdentityError> {
        self.0.tend(self.0.settings.seen_every_us).await
    }

    /// Keeps all times of last use, before the program ends.
    ///
    /// # Errors
    /// The log cannot be written.
    pub async fn flush(&self) -> Result<(), IdentityError> {
        self.0.tend(1).await
    }
}

impl Inner {
    /// When a bearer ends if nothing more happens.
    pub(crate) fn ends(&self, person: PersonKind, bearer: &Bearer, seen_us: i64) -> i64 {
        let idle = match (bearer.kind, person) {
            (BearerKind::Token, _) => return bearer.expires_us,
            (BearerKind::Session, PersonKind::Patient) => self.settings.patient_idle_us,
            (BearerKind::Session, _) => self.settings.staff_idle_us,
        };
        bearer.expires_us.min(seen_us.saturating_add(idle))
    }

    /// A person with a bearer, with the rights of this moment.
    pub(crate) fn person(&self, held: &Held<StoredAccount>, bearer: &Bearer, seen_us: i64) -> Authenticated {
        let account = &held.value.account;
        let must_change = MustChange { password: account.must_change_password, factor: account.must_change_factor };
        let mut who = Arc::clone(&held.who);
        if must_change.any() {
            let own = Arc::make_mut(&mut who);
            own.roles.clear();
            own.grants.clear();
            own.assurance = Assurance::One;
        }
        Authenticated {
            name: account.name.clone(),
            assurance: who.assurance,
            who,
            kind: bearer.kind,
            expires_us: self.ends(account.kind, bearer, seen_us),
            purposes: bearer.purposes.clone(),
            must_change,
            print: bearer.print,
        }
    }

    fn recognise(&self, text: &str, kind: BearerKind) -> Result<Option<Authenticated>, IdentityError> {
        if text.is_empty() || text.len() > LONGEST {
            return Ok(None);
        }
        let print = Fingerprint::of(text);
        let Some(live) = self.locate(&print)? else { return Ok(None) };
        let now_us = self.vault.now_us();
        let seen_us = live.seen_us.load(Ordering::Relaxed);
        let known = match &live.holder {
            HolderRef::Account(id) => self.held::<StoredAccount>(id)?.and_then(|held| {
                let bearer = held.value.find(&print).filter(|b| b.kind == kind && held.value.is_active())?;
                // It may have been used on another node, which has kept it.
                let seen_us = seen_us.max(bearer.seen_us);
                let alive = self.ends(held.value.account.kind, bearer, seen_us) > now_us;
                alive.then(|| self.person(&held, bearer, now_us.max(seen_us)))
            }),
            HolderRef::Client(id) => self.held::<StoredClient>(id)?.and_then(|held| {
                let bearer = held.value.find(&print).filter(|b| b.kind == kind && held.value.is_active())?;
                (bearer.expires_us > now_us).then(|| Self::program(&held, bearer))
            }),
        };
        if known.is_some() {
            live.seen_us.fetch_max(now_us, Ordering::Relaxed);
        }
        Ok(known)
    }

    /// A client with a bearer.
    fn program(held: &Held<StoredClient>, bearer: &Bearer) -> Authenticated {
        let client = &held.value.client;
        let (who, registered) = (Arc::clone(&held.who), &client.purposes);
        let purposes = match &bearer.purposes {
            Some(asked) => asked.intersection(registered).copied().collect(),
            None => registered.clone(),
        };
        Authenticated {
            name: client.name.clone(),
            assurance: who.assurance,
            who,
            kind: bearer.kind,
            expires_us: bearer.expires_us,
            purposes: Some(purposes),
            must_change: MustChange::default(),
            print: bearer.print,
        }
    }

    /// Where a bearer's record is: from memory, or after a restart from the vault's index.
    pub(crate) fn locate(&self, print: &Fingerprint) -> Result<Option<Arc<Live>>, IdentityError> {
        let known = self.live.read().unwrap_or_else(PoisonError::into_inner).get(print).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let term = print.hex();
        let asked = self.accounts.now();
        for record in self.vault.records_by::<StoredAccount>(RecordKind::Account, "bearer", &term)? {
            let held = self.accounts.put(&record.id, record.value, record.version, asked);
            if let Some(bearer) = held.value.find(print) {
                return Ok(Some(self.enliven(*print, HolderRef::Account(record.id), bearer.seen_us)));
            }
        }
        let asked = self.clients.now();
        for record in self.vault.records_by::<StoredClient>(RecordKind::Client, "bearer", &term)? {
            let held = self.clients.put(&record.id, record.value, record.version, asked);
            if let Some(bearer) = held.value.find(print) {
                return Ok(Some(self.enliven(*print, HolderRef::Client(record.id), bearer.seen_us)));
            }
        }
        Ok(None)
    }

    /// Ends one bearer, in its holder's name.
    pub(crate) async fn end(
        self: &Arc<Self>,
        print: &Fingerprint,
        event: &str,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let Some(live) = self.locate(print)? else { return Ok(()) };
        let gone = |open: &mut Vec<Bearer>| {
            let before = open.len();
            open.retain(|bearer| !bearer.print.same(print));
            if open.len() == before { Err(IdentityError::Unknown) } else { Ok(()) }
        };
        let ended = match &live.holder {
            HolderRef::Account(id) => {
                let Some(held) = self.held::<StoredAccount>(id)? else { return Ok(()) };
                let asker = Self::in_name_of(&held.who, origin);
                let deed = Deed::new(&asker, Action::Update, event);
                self.change(deed, id, |stored: &mut StoredAccount| gone(&mut stored.open)).await.map(|_| ())
            }
            HolderRef::Client(id) => {
                let Some(held) = self.held::<StoredClient>(id)? else { return Ok(()) };
                let asker = Self::in_name_of(&held.who, origin);
                let deed = Deed::new(&asker, Action::Update, event);
                self.change(deed, id, |stored: &mut StoredClient| gone(&mut stored.open)).await.map(|_| ())
            }
        };
        self.live.write().unwrap_or_else(PoisonError::into_inner).remove(print);
        match ended {
            Err(IdentityError::Unknown) => Ok(()),
            other => other,
        }
    }

    /// The account behind a live session of its owner.
    pub(crate) fn own(&self, auth: &Authenticated) -> Result<Arc<Held<StoredAccount>>, IdentityError> {
        let held: Arc<Held<StoredAccount>> = self.held(&auth.who.account)?.ok_or(IdentityError::SessionNeeded)?;
        let good = auth.kind == BearerKind::Session && held.value.is_active() && held.value.find(&auth.print).is_some();
        if good { Ok(held) } else { Err(IdentityError::SessionNeeded) }
    }

    async fn tend(self: &Arc<Self>, stale_us: i64) -> Result<(), IdentityError> {
        let now_us = self.vault.now_us();
        let origin = Origin { door: Door::Job, address: None };
        self.tickets.sweep(now_us);
        for one in self.tickets.abandoned() {
            // Perhaps the second step came to another node.
            if let Some(held) = self.held::<StoredAccount>(&one.account)?
                && !held.value.has_spent(&one.print)
            {
                self.note_of(&held, Outcome::Failed, "log-in-abandoned", &origin).await?;
            }
        }
        for id in self.accounts.ids() {
            let Some(held) = self.accounts.get(&id) else { continue };
            let Some(event) = self.due(&held.value, now_us, stale_us) else { continue };
            let asker: Asker = Self::in_name_of(&held.who, &origin);
            let deed = Deed::new(&asker, Action::Update, event);
            let done = self.change(deed, &id, |stored: &mut StoredAccount| {
                let (kind, before) = (stored.account.kind, stored.open.len());
                stored.open.retain(|bearer| !self.is_over(kind, bearer, bearer.seen_us, now_us));
                // Another node may have been faster.
                if event == EXPIRED && stored.open.len() == before { Err(IdentityError::Changed) } else { Ok(()) }
            });
            match done.await {
                Ok(_) | Err(IdentityError::Changed | IdentityError::Unknown) => {}
                Err(error) => return Err(error),
            }
        }
        self.live.write().unwrap_or_else(PoisonError::into_inner).retain(|print, live| match &live.holder {
            HolderRef::Account(id) => self.accounts.get(id).is_some_and(|held| held.value.find(print).is_some()),
            HolderRef::Client(id) => self
                .clients
                .get(id)
                .is_some_and(|held| held.value.find(print).is_some_and(|bearer| bearer.expires_us > now_us)),
        });
        Ok(())
    }

    /// Whether a bearer is to be ended. What another node has seen last it keeps when its person rests; until then nobody
    /// else knows.
    fn is_over(&self, kind: PersonKind, bearer: &Bearer, seen_us: i64, now_us: i64) -> bool {
        let patience_us = if self.vault.is_shared() && bearer.kind == BearerKind::Session { 2 * QUIET_US } else { 0 };
        self.ends(kind, bearer, seen_us).saturating_add(patience_us) <= now_us
    }

    /// Why an account's record should be kept anew, if it should.
    fn due(&self, stored: &StoredAccount, now_us: i64, stale_us: i64) -> Option<&'static str> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let mut event = None;
        for bearer in &stored.open {
            let own = live.get(&bearer.print).map(|live| live.seen_us.load(Ordering::Relaxed));
            let (seen, kept) = (own.unwrap_or(0).max(bearer.seen_us), bearer.seen_us);
            if self.is_over(stored.account.kind, bearer, seen, now_us) {
                return Some(EXPIRED);
            }
            let rests = self.vault.is_shared() && seen > kept && now_us.saturating_sub(seen) >= QUIET_US;
            if bearer.kind == BearerKind::Session && (rests || seen.saturating_sub(kept) >= stale_us) {
                event = Some("session-seen");
            }
        }
        event
    }
}
