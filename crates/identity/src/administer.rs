//! Accounts in the hands of an administrator. Policy decides who that is; nobody administers his own account.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use tacebo_vault::policy::{Action, Role, roles_conflict};
use tacebo_vault::{Asker, Disclosed, Record, RecordKind, Refused, Snapshot};
use uuid::Uuid;

use crate::account::StoredAccount;
use crate::changes::differences;
use crate::identity::Inner;
use crate::secret::number;
use crate::shelf::{Deed, Holder as _};
use crate::throttle::Guard;
use crate::{
    Account, AccountChange, AccountEntry, AccountState, Handed, Identity, IdentityError, NewAccount, PasswordProblem,
    Secret, factor, password,
};

/// Races for a name that are tried again.
const TRIES: usize = 3;

impl Identity {
    /// Creates an account and hands out its first secrets.
    ///
    /// # Errors
    /// Refused by policy, a rule of [`NewAccount`] broken, or the name taken.
    pub async fn create(&self, asker: &Asker, new: &NewAccount) -> Result<Disclosed<Handed>, IdentityError> {
        self.0.create(asker, new).await
    }

    /// Changes an account. `seen` is the account's `changed_us` as the administrator saw it. A change of rights ends
    /// the account's sessions and tokens in the same commit.
    ///
    /// # Errors
    /// Refused by policy, a rule broken, the name taken, or somebody else was faster.
    pub async fn update(
        &self,
        asker: &Asker,
        id: &str,
        seen: Option<i64>,
        change: &AccountChange,
    ) -> Result<Disclosed<Account>, IdentityError> {
        self.0.update(asker, id, seen, change).await
    }

    /// Locks, disables or unlocks an account. Unlocking also forgives failures, the hard stop included.
    ///
    /// # Errors
    /// Refused by policy, no such account, or another account of the same person is in use.
    pub async fn set_state(
        &self,
        asker: &Asker,
        id: &str,
        state: AccountState,
    ) -> Result<Disclosed<Account>, IdentityError> {
        let event = match state {
            AccountState::Active => "account-unlocked",
            AccountState::Locked => "account-locked",
            AccountState::Disabled => "account-disabled",
        };
        if state == AccountState::Active
            && let Some(held) = self.0.held::<StoredAccount>(id)?
        {
            self.0.check_hands(&held.value.account)?;
        }
        self.0
            .administer(asker, id, event, |stored| {
                stored.account.state = state;
                if state == AccountState::Active {
                    stored.guard = Guard::default();
                } else {
                    stored.open.clear();
                }
            })
            .await
    }

    /// Ends all sessions and tokens of an account.
    ///
    /// # Errors
    /// Refused by policy, or no such account.
    pub async fn end_sessions(&self, asker: &Asker, id: &str) -> Result<Disclosed<Account>, IdentityError> {
        self.0.administer(asker, id, "sessions-ended", |stored| stored.open.clear()).await
    }

    /// Sets a new password that must be changed at once; the second factor stays (ASVS 6.4.3).
    ///
    /// # Errors
    /// Refused by policy, or no such account.
    pub async fn reset_password(&self, asker: &Asker, id: &str) -> Result<Disclosed<Handed>, IdentityError> {
        let (new, hash) = self.0.one_time_password().await?;
        let action = self.0.handing_out(id)?;
        let done = self.0.administer_as(asker, action, id, "password-reset", |stored| {
            stored.give_password(hash.clone());
        });
        Ok(done.await?.map(|account| Handed { account, password: Some(new), factor: None }))
    }

    /// Sets a new second factor that must be changed at once; the password stays.
    ///
    /// # Errors
    /// Refused by policy, or no such account.
    pub async fn reset_factor(&self, asker: &Asker, id: &str) -> Result<Disclosed<Handed>, IdentityError> {
        let secret = factor::fresh()?;
        let action = self.0.handing_out(id)?;
        let done = self.0.administer_as(asker, action, id, "second-factor-reset", |stored| {
            stored.give_factor(secret.clone());
        });
        let house = self.0.vault.institution().name.clone();
        Ok(done.await?.map(|account| {
            let offer = factor::offer(&secret, &house, &account.login);
            Handed { account, password: None, factor: Some(offer) }
        }))
    }

    /// Takes the second factor away: log-in is refused until one is enrolled by [`Identity::reset_factor`] (ACC-05).
    ///
    /// # Errors
    /// Refused by policy, or no such account.
    pub async fn remove_factor(&self, asker: &Asker, id: &str) -> Result<Disclosed<Account>, IdentityError> {
        self.0
            .administer(asker, id, "second-factor-removed", |stored| {
                stored.factor = None;
                stored.open.clear();
            })
            .await
    }

    /// All accounts that the asker may see, each decided and logged.
    ///
    /// # Errors
    /// Refused by policy.
    pub async fn list(&self, asker: &Asker) -> Result<Disclosed<Vec<AccountEntry>>, IdentityError> {
        let house = &self.0;
        let seen =
            house.vault.disclose_records::<StoredAccount>(asker, Action::Read, RecordKind::Account, None).await?;
        Ok(seen.map(|records| {
            let mut lines: Vec<AccountEntry> = records.iter().map(|record| house.line(record)).collect();
            lines.sort_by(|a, b| a.account.login.cmp(&b.account.login));
            lines
        }))
    }

    /// One account, decided and logged.
    ///
    /// # Errors
    /// Refused by policy, or there is none.
    pub async fn account(&self, asker: &Asker, id: &str) -> Result<Disclosed<AccountEntry>, IdentityError> {
        let house = &self.0;
        let seen = house.vault.ask(asker, |look| {
            Ok::<_, Refused>(house.line(&look.record::<StoredAccount>(Action::Read, RecordKind::Account, id)?))
        });
        Ok(seen.await?)
    }
}

impl Inner {
    /// The line of an account, with the failures counted since it was kept.
    fn line(&self, record: &Record<StoredAccount>) -> AccountEntry {
        let held = self.accounts.get(&record.id);
        let counted = held.map(|held| held.guard.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let guard = counted.unwrap_or_else(|| record.value.guard());
        record.value.entry(&guard, self.vault.now_us(), &self.settings)
    }

    pub(crate) async fn create(
        self: &Arc<Self>,
        asker: &Asker,
        new: &NewAccount,
    ) -> Result<Disclosed<Handed>, IdentityError> {
        let id = Uuid::now_v7().to_string();
        let account = match new.build(id.clone(), number()?, self.vault.now_us()) {
            Ok(account) => account,
            Err(error) => return self.say_conflict(asker, error).await,
        };
        let given = match &new.password {
            Some(given) => given.clone(),
            None => password::generate()?,
        };
        password::judge(&given, &account.login).map_err(IdentityError::Password)?;
        let form = password::form(&given).ok_or(IdentityError::Password(PasswordProblem::Long))?;
        let secret = match &new.factor {
            Some(secret) => secret.clone(),
            None => factor::fresh()?,
        };
        factor::accept(&secret)?;
        let hash = self.hasher.hash(form).await?;
        let mut stored = StoredAccount::new(account.clone(), Some(hash), Some(secret.clone()));
        stored.remember(asker, "account-created", account.created_us, Vec::new());
        for _ in 0..TRIES {
            let snapshot = self.vault.snapshot()?;
            self.check_free(&account.login, &id)?;
            if let Err(error) = self.check_hands(&account) {
                return self.say_conflict(asker, error).await;
            }
            let deed =
                Deed { guards: names(&account, snapshot), ..Deed::new(asker, Action::Create, "account-created") };
            match self.add(deed, &id, stored.clone()).await {
                Err(IdentityError::NameTaken) => {}
                Err(error) => return Err(error),
                Ok(done) => {
                    let offer = factor::offer(&secret, &self.vault.institution().name, &account.login);
                    return Ok(done.map(|_| Handed { account, password: Some(given), factor: Some(offer) }));
                }
            }
        }
        Err(IdentityError::NameTaken)
    }

    async fn update(
        self: &Arc<Self>,
        asker: &Asker,
        id: &str,
        seen: Option<i64>,
        change: &AccountChange,
    ) -> Result<Disclosed<Account>, IdentityError> {
        self.not_own(asker, id).await?;
        for _ in 0..TRIES {
            let snapshot = self.vault.snapshot()?;
            let turn = self.accounts.turn(id).await;
            let now_us = self.vault.now_us();
            let held = self.held::<StoredAccount>(id)?.ok_or(IdentityError::Unknown)?;
            if seen.is_some_and(|seen| seen != held.value.account.changed_us) {
                return Err(IdentityError::Changed);
            }
            let mut after = held.value.account.clone();
            let judged = change.apply(&mut after, now_us).and_then(|_| {
                self.check_free(&after.login, id)?;
                self.check_hands(&after)
            });
            if let Err(error) = judged {
                return self.say_conflict(asker, error).await;
            }
            let renamed =
                after.login != held.value.account.login || after.practitioner != held.value.account.practitioner;
            let guards = if renamed { names(&after, snapshot) } else { Vec::new() };
            let deed = Deed { guards, ..Deed::new(asker, Action::Update, "account-changed") };
            let done = self
                .change_in_turn(deed, id, turn, |stored: &mut StoredAccount| {
                    let before = stored.account.clone();
                    if seen.is_some_and(|seen| seen != before.changed_us) {
                        return Err(IdentityError::Changed);
                    }
                    if change.apply(&mut stored.account, now_us)? {
                        stored.open.clear();
                    }
                    let fields = differences(&before, &stored.account);
                    stored.remember(asker, "account-changed", now_us, fields);
                    Ok(stored.account.clone())
                })
                .await;
            match done {
                Err(IdentityError::Changed) => {}
                Err(error) => return Err(error),
                Ok((done, account)) => return Ok(done.map(|_| account)),
            }
        }
        Err(IdentityError::Changed)
    }

    /// A password to hand out, and its hash.
    pub(crate) async fn one_time_password(&self) -> Result<(Secret, Secret), IdentityError> {
        let new = password::generate()?;
        let form = password::form(&new).ok_or(IdentityError::Crypto("password"))?;
        let hash = self.hasher.hash(form).await?;
        Ok((new, hash))
    }

    async fn administer(
        self: &Arc<Self>,
        asker: &Asker,
        id: &str,
        event: &str,
        edit: impl Fn(&mut StoredAccount) + Send + Sync,
    ) -> Result<Disclosed<Account>, IdentityError> {
        self.administer_as(asker, Action::Administer, id, event, edit).await
    }

    async fn administer_as(
        self: &Arc<Self>,
        asker: &Asker,
        action: Action,
        id: &str,
        event: &str,
        edit: impl Fn(&mut StoredAccount) + Send + Sync,
    ) -> Result<Disclosed<Account>, IdentityError> {
        self.not_own(asker, id).await?;
        let now_us = self.vault.now_us();
        let deed = Deed::new(asker, action, event);
        let (done, account) = self
            .change(deed, id, |stored: &mut StoredAccount| {
                edit(stored);
                stored.account.changed_us = now_us;
                stored.remember(asker, event, now_us, Vec::new());
                Ok(stored.account.clone())
            })
            .await?;
        Ok(done.map(|_| account))
    }

    /// What policy is asked when new secrets are handed out. Of an account of the portal they are the counter's to give,
    /// to the person who stands there: whoever administers accounts could read the record with them.
    fn handing_out(&self, id: &str) -> Result<Action, IdentityError> {
        let portal = self.held::<StoredAccount>(id)?.is_some_and(|held| held.value.account.is_portal());
        Ok(if portal { Action::Update } else { Action::Administer })
    }

    async fn not_own(&self, asker: &Asker, id: &str) -> Result<(), IdentityError> {
        if asker.who.account == id {
            return self.refuse(asker, Action::Administer, "own-account", IdentityError::OwnAccount).await;
        }
        Ok(())
    }

    /// The attempt to put two administrators in one hand is in the log (ACC-14).
    async fn say_conflict<R>(&self, asker: &Asker, error: IdentityError) -> Result<R, IdentityError> {
        match error {
            IdentityError::RolesConflict(..) => {
                self.refuse(asker, Action::Administer, "three-administrators", error).await
            }
            _ => Err(error),
        }
    }

    fn check_free(&self, login: &str, id: &str) -> Result<(), IdentityError> {
        match self.by_login(login)? {
            Some(held) if held.value.account.id != id => Err(IdentityError::NameTaken),
            _ => Ok(()),
        }
    }

    /// One member of staff has one account in use: two would split what he did between two names in the log, and
    /// could put two of the three administrators in one hand (ACC-14).
    fn check_hands(&self, account: &Account) -> Result<(), IdentityError> {
        let Some(practitioner) = &account.practitioner else { return Ok(()) };
        let (mut held, mut taken): (BTreeSet<Role>, bool) = (account.roles.clone(), false);
        for other in self.vault.records_by::<StoredAccount>(RecordKind::Account, "practitioner", practitioner)? {
            let other = other.value.account;
            if other.id != account.id
                && other.practitioner.as_ref() == Some(practitioner)
                && other.state != AccountState::Disabled
            {
                held.extend(other.roles);
                taken = true;
            }
        }
        match roles_conflict(&held) {
            Some((one, other)) => Err(IdentityError::RolesConflict(one, other)),
            None if taken => Err(IdentityError::PractitionerTaken),
            None => Ok(()),
        }
    }
}

/// Names of an account that must not have been touched since the snapshot.
fn names(account: &Account, snapshot: Snapshot) -> Vec<(String, String, Snapshot)> {
    let mut names = vec![("login".to_owned(), account.login.clone(), snapshot)];
    if let Some(practitioner) = &account.practitioner {
        names.push(("practitioner".into(), practitioner.clone(), snapshot));
    }
    names
}
