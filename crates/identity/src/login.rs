//! Logging in, in two steps: password, then code.
//!
//! Whatever is wrong (name, password, state, too many tries), the caller hears the same and the same work is done.
//! The log knows the difference; it names no one for names that nobody has.

use std::fmt;
use std::sync::{Arc, PoisonError};

use tacebo_vault::policy::Action;
use tacebo_vault::{Origin, Outcome, RecordKind};

use crate::account::StoredAccount;
use crate::bearer::Bearer;
use crate::identity::{HolderRef, Inner, address};
use crate::secret::{Fingerprint, bearer};
use crate::shelf::{Deed, Held, Turn};
use crate::{AccountState, Authenticated, BearerKind, Identity, IdentityError, Secret, login_name, password};

/// The first step is done: the code is asked for next.
#[derive(Clone)]
pub struct FirstStep {
    /// Goes back to the browser in a cookie, and comes with the code.
    pub ticket: Secret,
    /// When it ends, microseconds since the Unix epoch.
    pub expires_us: i64,
}

impl fmt::Debug for FirstStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstStep").field("expires_us", &self.expires_us).finish_non_exhaustive()
    }
}

/// A session has begun, under a new id.
#[derive(Clone)]
pub struct LoggedIn {
    /// The session's id, for a `__Host-` cookie (HttpOnly, Secure, SameSite).
    pub session: Secret,
    /// Who it is.
    pub authenticated: Authenticated,
}

impl fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedIn").field("authenticated", &self.authenticated).finish_non_exhaustive()
    }
}

impl Identity {
    /// First step: name and password. `browser` is what the door knows the browser by (a cookie of its own and the
    /// user agent); the second step must come with the same.
    ///
    /// # Errors
    /// [`IdentityError::LogInFailed`] for everything that is wrong; [`IdentityError::FactorMissing`] (ACC-05).
    pub async fn first_step(
        &self,
        login: &str,
        password: &Secret,
        browser: &str,
        origin: &Origin,
    ) -> Result<FirstStep, IdentityError> {
        let house = Arc::clone(&self.0);
        let (login, password) = (login_name::normalise(login).ok(), password.clone());
        let (browser, origin) = (browser.to_owned(), origin.clone());
        // In a task of its own: who hangs up early is counted and logged all the same.
        let task = tokio::spawn(async move { house.first(login.as_deref(), &password, &browser, &origin).await });
        task.await.map_err(|_| IdentityError::Crypto("a log-in was interrupted"))?
    }

    /// Second step: the code. `previous` is the browser's session so far, which ends.
    ///
    /// # Errors
    /// [`IdentityError::CodeWrong`]: try again with the next code. [`IdentityError::TicketGone`] and
    /// [`IdentityError::LogInFailed`]: begin again.
    pub async fn second_step(
        &self,
        ticket: &Secret,
        browser: &str,
        code: &str,
        previous: Option<&str>,
        origin: &Origin,
    ) -> Result<LoggedIn, IdentityError> {
        let house = Arc::clone(&self.0);
        let (ticket, browser, code) = (ticket.clone(), browser.to_owned(), code.to_owned());
        let (previous, origin) = (previous.map(Fingerprint::of), origin.clone());
        let task = tokio::spawn(async move { house.second(&ticket, &browser, &code, previous, &origin).await });
        task.await.map_err(|_| IdentityError::Crypto("a log-in was interrupted"))?
    }
}

impl Inner {
    async fn first(
        self: &Arc<Self>,
        login: Option<&str>,
        password: &Secret,
        browser: &str,
        origin: &Origin,
    ) -> Result<FirstStep, IdentityError> {
        let found = match login {
            Some(login) => self.by_login(login)?,
            None => None,
        };
        let hash = found.as_ref().and_then(|held| held.value.password.clone());
        let fits = self.hasher.fits(password::form(password), hash.as_ref()).await?;
        let Some(found) = found else {
            self.note(&Self::at_door(origin), Outcome::Failed, "log-in-failed unknown-name").await?;
            return Err(IdentityError::LogInFailed);
        };
        let id = &found.value.account.id;
        let turn = self.accounts.turn(id).await;
        let held: Arc<Held<StoredAccount>> = self.held(id)?.ok_or(IdentityError::LogInFailed)?;
        self.bar(&held, origin).await?;
        let same = held.value.credentials().same(&found.value.credentials());
        if !fits || !same {
            return Err(self.failed(&held, turn, "password", IdentityError::LogInFailed, origin).await?);
        }
        if held.value.factor.is_none() {
            self.note_of(&held, Outcome::Refused, "log-in-failed no-second-factor", origin).await?;
            return Err(IdentityError::FactorMissing);
        }
        let now_us = self.vault.now_us();
        let expires_us = now_us.saturating_add(self.settings.ticket_us);
        let ticket = self.tickets.open(&self.vault, id, held.value.credentials(), browser, now_us, expires_us)?;
        Ok(FirstStep { ticket, expires_us })
    }

    async fn second(
        self: &Arc<Self>,
        ticket: &Secret,
        browser: &str,
        code: &str,
        previous: Option<Fingerprint>,
        origin: &Origin,
    ) -> Result<LoggedIn, IdentityError> {
        let now_us = self.vault.now_us();
        let Some(pending) = self.tickets.find(&self.vault, ticket.expose(), browser, now_us)? else {
            self.note(&Self::at_door(origin), Outcome::Failed, "log-in-failed no-first-step").await?;
            return Err(IdentityError::TicketGone);
        };
        let turn = self.accounts.turn(&pending.account).await;
        let held: Arc<Held<StoredAccount>> = self.held(&pending.account)?.ok_or(IdentityError::LogInFailed)?;
        if let Err(barred) = self.bar(&held, origin).await {
            self.tickets.take(&pending);
            return Err(barred);
        }
        let factor = held.value.factor.clone().filter(|_| held.value.credentials().same(&pending.credentials));
        let Some(factor) = factor else {
            self.tickets.take(&pending);
            self.note_of(&held, Outcome::Failed, "log-in-failed secrets-changed", origin).await?;
            return Err(IdentityError::TicketGone);
        };
        let step = match held.value.fresh_step(&factor, code, self.vault.clock_us())? {
            Ok(step) => step,
            Err(why) => {
                let error = self.failed(&held, turn, why, IdentityError::CodeWrong, origin).await?;
                if self.held::<StoredAccount>(&pending.account)?.is_none_or(|held| self.is_shut(&held, origin)) {
                    self.tickets.take(&pending);
                    return Err(IdentityError::LogInFailed);
                }
                return Err(error);
            }
        };
        if !self.tickets.take(&pending) || held.value.has_spent(&pending.print) {
            self.note_of(&held, Outcome::Failed, "log-in-failed no-first-step", origin).await?;
            return Err(IdentityError::TicketGone);
        }
        let (session, opened) = self.open_session(origin, now_us.saturating_add(self.settings.absolute_us))?;
        let place = address(origin);
        let mine = previous.filter(|print| held.value.open.iter().any(|bearer| bearer.print.same(print)));
        let asker = Self::in_name_of(&held.who, origin);
        let deed = Deed::new(&asker, Action::Update, "logged-in");
        let bearer = opened.clone();
        let done = self.change_in_turn(deed, &pending.account, turn, |stored: &mut StoredAccount| {
            // Another node may have been faster, with the same code say.
            let same = stored.credentials().same(&pending.credentials) && stored.account.state == AccountState::Active;
            if !same || step <= stored.last_step || stored.has_spent(&pending.print) {
                return Err(IdentityError::TicketGone);
            }
            stored.spend(pending.print, pending.until_us, now_us);
            stored.guard.succeed(&place);
            stored.last_step = step;
            stored.account.last_login_us = Some(now_us);
            stored.open.retain(|bearer| mine.is_none_or(|print| !bearer.print.same(&print)));
            Self::admit(&mut stored.open, bearer.clone(), self.settings.open_at_once);
            Ok(())
        });
        if let Err(error) = done.await.map(drop) {
            if matches!(error, IdentityError::TicketGone) {
                self.note_of(&held, Outcome::Failed, "log-in-failed another-was-faster", origin).await?;
            }
            return Err(error);
        }
        if let (Some(print), None) = (previous, mine) {
            self.end(&print, "logged-out", origin).await?;
        }
        self.begin(&pending.account, session, &opened)
    }

    /// Makes a session's id and what is kept of it.
    pub(crate) fn open_session(&self, origin: &Origin, expires_us: i64) -> Result<(Secret, Bearer), IdentityError> {
        let now_us = self.vault.now_us();
        let (session, print) = bearer("")?;
        let opened = Bearer {
            print,
            kind: BearerKind::Session,
            label: String::new(),
            opened_us: now_us,
            expires_us,
            seen_us: now_us,
            address: Some(address(origin)).filter(|address| !address.is_empty()),
            purposes: None,
        };
        Ok((session, opened))
    }

    /// A session that was just kept goes live.
    pub(crate) fn begin(&self, account: &str, session: Secret, opened: &Bearer) -> Result<LoggedIn, IdentityError> {
        self.enliven(opened.print, HolderRef::Account(account.to_owned()), opened.seen_us);
        let held: Arc<Held<StoredAccount>> = self.held(account)?.ok_or(IdentityError::Unknown)?;
        Ok(LoggedIn { session, authenticated: self.person(&held, opened, opened.seen_us) })
    }

    /// The account with this login name, from the vault's index, in its newest form.
    pub(crate) fn by_login(&self, login: &str) -> Result<Option<Arc<Held<StoredAccount>>>, IdentityError> {
        let turn = self.accounts.now();
        let records = self.vault.records_by::<StoredAccount>(RecordKind::Account, "login", login)?;
        let found = records.into_iter().find(|record| record.value.account.login == login);
        let held = found.map(|record| self.accounts.put(&record.id, record.value, record.version, turn));
        // Renamed meanwhile: the shelf knows better than the index.
        Ok(held.filter(|held| held.value.account.login == login))
    }

    /// Stops here while too many tries were made, or the account is not active.
    pub(crate) async fn bar(&self, held: &Held<StoredAccount>, origin: &Origin) -> Result<(), IdentityError> {
        use crate::shelf::Holder as _;
        let why = if self.is_shut(held, origin) {
            "log-in-failed too-many-tries"
        } else if !held.value.is_active() {
            "log-in-failed not-active"
        } else {
            return Ok(());
        };
        self.note_of(held, Outcome::Refused, why, origin).await?;
        Err(IdentityError::LogInFailed)
    }

    pub(crate) fn is_shut(&self, held: &Held<StoredAccount>, origin: &Origin) -> bool {
        let guard = held.guard.lock().unwrap_or_else(PoisonError::into_inner);
        guard.shut(&address(origin), self.vault.now_us(), &self.settings)
    }

    /// Counts a failure and writes its one entry; with the record when it set a lock.
    pub(crate) async fn failed(
        self: &Arc<Self>,
        held: &Held<StoredAccount>,
        turn: Turn,
        why: &str,
        error: IdentityError,
        origin: &Origin,
    ) -> Result<IdentityError, IdentityError> {
        let now_us = self.vault.now_us();
        let locked = {
            let mut guard = held.guard.lock().unwrap_or_else(PoisonError::into_inner);
            guard.fail(&address(origin), now_us, &self.settings)
        };
        if locked {
            let asker = Self::in_name_of(&held.who, origin);
            let event = format!("log-in-failed {why} locked");
            let deed = Deed::new(&asker, Action::Update, &event);
            let id = &held.value.account.id;
            self.change_in_turn(deed, id, turn, |_: &mut StoredAccount| Ok(())).await.map(drop)?;
        } else {
            self.note_of(held, Outcome::Failed, &format!("log-in-failed {why}"), origin).await?;
        }
        Ok(error)
    }

    pub(crate) async fn note_of(
        &self,
        held: &Held<StoredAccount>,
        outcome: Outcome,
        detail: &str,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        self.note(&Self::in_name_of(&held.who, origin), outcome, detail).await
    }
}
