//! Accounts of the portal, handed out at the counter: to a patient, a parent or guardian who stands there.
//!
//! The counter's own step (whom it concerns, which document was seen, the guardian's document) and the account are one
//! commit, so that neither is there without the other. Log-in names are drawn: they tell nothing of the person, and
//! whether one is taken tells nothing either.

use std::sync::{Arc, PoisonError};

use tacebo_vault::policy::Action;
use tacebo_vault::{Asker, Denial, Disclosed, Expect, Keep, Look, Record, RecordKind, Refused, VaultFault, Written};
use uuid::Uuid;

use crate::account::StoredAccount;
use crate::identity::Inner;
use crate::secret::number;
use crate::shelf::{Holder as _, TRIES, kept};
use crate::{
    Account, AccountEntry, AccountState, FactorOffer, Handed, Identity, IdentityError, NewAccount, Secret, factor,
    password,
};

/// Letters of a drawn log-in name, 39 bits: names are not secret and only have to differ.
const NAME_LETTERS: usize = 8;

/// For whom an account of the portal is.
#[derive(Clone, PartialEq, Eq)]
pub enum PortalOf {
    /// The patient with this id.
    Patient(String),
    /// The parent or guardian that this `RelatedPerson/…` is.
    Related(String),
}

impl std::fmt::Debug for PortalOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PortalOf")
    }
}

impl PortalOf {
    fn term(&self) -> (&'static str, &str) {
        match self {
            Self::Patient(id) => ("patient", id),
            Self::Related(reference) => ("related", reference),
        }
    }

    fn is(&self, account: &Account) -> bool {
        account.is_portal()
            && match self {
                Self::Patient(id) => account.patient.as_ref() == Some(id),
                Self::Related(reference) => account.related.contains(reference),
            }
    }
}

/// What the counter does with an account of the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalDeed {
    /// Opens one.
    Open,
    /// Hands out a new one-time password.
    Password,
    /// Hands out a new second factor.
    Factor,
    /// Ends it. It stays, because the log speaks of it; another can be opened.
    End,
}

impl PortalDeed {
    fn event(self) -> &'static str {
        match self {
            Self::Open => "account-created",
            Self::Password => "password-reset",
            Self::Factor => "second-factor-reset",
            Self::End => "account-disabled",
        }
    }
}

/// What a deed gives a person, fresh.
#[derive(Default)]
struct Fresh {
    password: Option<Secret>,
    hash: Option<Secret>,
    factor: Option<Secret>,
}

impl Identity {
    /// The account of the portal in use for this person. Who asks must have been let at the person before.
    ///
    /// # Errors
    /// The store failed.
    pub fn portal_account(&self, of: &PortalOf) -> Result<Option<AccountEntry>, IdentityError> {
        let house = &self.0;
        let found = house.portal_in_use(of)?;
        Ok(found.map(|found| found.value.entry(&found.value.guard(), house.vault.now_us(), &house.settings)))
    }

    /// Does one thing with the account of the portal for this person, in one commit with `step`, which looks at the
    /// person and writes what belongs to it. `step` is given the account as it will be, or none where nothing can be
    /// done: one is in use already, or none is. It says whether to go on. What was handed out comes back only when
    /// something was done. The whole goes on to its end even when the caller hangs up.
    ///
    /// # Errors
    /// Refused by policy or in `step`, recorded.
    pub async fn portal<R, F>(
        &self,
        asker: &Asker,
        of: PortalOf,
        deed: PortalDeed,
        step: F,
    ) -> Result<Disclosed<(R, Option<Handed>)>, IdentityError>
    where
        R: Send + 'static,
        F: Fn(&mut Look<'_>, Option<&Account>) -> Result<(R, bool), Refused> + Send + Sync + 'static,
    {
        let (house, asker) = (Arc::clone(&self.0), asker.clone());
        let task = tokio::spawn(async move {
            let fresh = house.fresh_for(deed).await?;
            match deed {
                PortalDeed::Open => house.open_portal(&asker, &of, fresh, &step).await,
                _ => house.change_portal(&asker, &of, deed, fresh, &step).await,
            }
        });
        task.await.map_err(|_| IdentityError::Crypto("a write was interrupted"))?
    }
}

impl Inner {
    fn portal_in_use(&self, of: &PortalOf) -> Result<Option<Record<StoredAccount>>, VaultFault> {
        let (param, value) = of.term();
        let found = self.vault.records_by::<StoredAccount>(RecordKind::Account, param, value)?;
        Ok(found.into_iter().find(|record| {
            let account = &record.value.account;
            of.is(account) && account.state != AccountState::Disabled
        }))
    }

    async fn fresh_for(&self, deed: PortalDeed) -> Result<Fresh, IdentityError> {
        let mut fresh = Fresh::default();
        if matches!(deed, PortalDeed::Open | PortalDeed::Password) {
            let (password, hash) = self.one_time_password().await?;
            (fresh.password, fresh.hash) = (Some(password), Some(hash));
        }
        if matches!(deed, PortalDeed::Open | PortalDeed::Factor) {
            fresh.factor = Some(factor::fresh()?);
        }
        Ok(fresh)
    }

    /// A log-in name that nobody has.
    fn free_name(&self) -> Result<String, IdentityError> {
        loop {
            let name = password::drawn(NAME_LETTERS)?;
            if self.by_login(&name)?.is_none() {
                return Ok(name.as_str().to_owned());
            }
        }
    }

    fn offer(&self, factor: Option<&Secret>, account: &Account) -> Option<FactorOffer> {
        factor.map(|secret| factor::offer(secret, &self.vault.institution().name, &account.login))
    }

    async fn open_portal<R>(
        self: &Arc<Self>,
        asker: &Asker,
        of: &PortalOf,
        fresh: Fresh,
        step: &(impl Fn(&mut Look<'_>, Option<&Account>) -> Result<(R, bool), Refused> + Send + Sync),
    ) -> Result<Disclosed<(R, Option<Handed>)>, IdentityError>
    where
        R: Send + 'static,
    {
        let name = self.free_name()?;
        // The account names nobody: the record that it opens does.
        let new = match of {
            PortalOf::Patient(id) => NewAccount::patient(&name, &name, id),
            PortalOf::Related(reference) => NewAccount::guardian(&name, &name, reference),
        };
        let id = Uuid::now_v7().to_string();
        let account = new.build(id.clone(), number()?, self.vault.now_us())?;
        let mut stored = StoredAccount::new(account.clone(), fresh.hash, fresh.factor.clone());
        let deed = PortalDeed::Open;
        stored.remember(asker, deed.event(), account.created_us, Vec::new());
        let done = self.vault.act(asker, |look| {
            let snapshot = look.snapshot()?;
            let taken = self.portal_in_use(of)?.is_some();
            let (seen, go) = step(look, Some(&account).filter(|_| !taken))?;
            let go = go && !taken;
            if go {
                let (param, value) = of.term();
                let names = [("login", name.as_str()), (param, value)];
                let guards = names.map(|(param, value)| (param.to_owned(), value.to_owned(), snapshot)).into();
                let keep = kept(&stored, &id, Action::Create, deed.event());
                look.keep(&Keep { expect: Expect::Absent, guards, ..keep })?;
            }
            Ok::<_, Refused>((seen, go))
        });
        let offer = self.offer(fresh.factor.as_ref(), &account);
        Ok(done
            .await?
            .map(|((seen, go), _)| (seen, go.then(|| Handed { account, password: fresh.password, factor: offer }))))
    }

    async fn change_portal<R>(
        self: &Arc<Self>,
        asker: &Asker,
        of: &PortalOf,
        deed: PortalDeed,
        fresh: Fresh,
        step: &(impl Fn(&mut Look<'_>, Option<&Account>) -> Result<(R, bool), Refused> + Send + Sync),
    ) -> Result<Disclosed<(R, Option<Handed>)>, IdentityError>
    where
        R: Send + 'static,
    {
        for _ in 0..TRIES {
            let Some(found) = self.portal_in_use(of)? else {
                let done = self.vault.act(asker, |look| Ok::<_, Refused>(step(look, None)?.0));
                return Ok(done.await?.map(|(seen, _)| (seen, None)));
            };
            let id = found.id;
            // Held until the shelf has what the vault has.
            let turn = self.accounts.turn(&id).await;
            let held = self.held::<StoredAccount>(&id)?.ok_or(IdentityError::Unknown)?;
            let mut value = held.value.clone();
            held.guard.lock().unwrap_or_else(PoisonError::into_inner).clone_into(&mut value.guard);
            fresh.put_into(deed, &mut value);
            let now_us = self.vault.now_us();
            value.account.changed_us = now_us;
            value.remember(asker, deed.event(), now_us, Vec::new());
            let before = self.accounts.now();
            let done = self.vault.act(asker, |look| {
                let (seen, go) = step(look, Some(&value.account))?;
                if go {
                    let keep = kept(&value, &id, Action::Update, deed.event());
                    look.keep(&Keep { expect: Expect::Version(held.version), ..keep })?;
                }
                Ok::<_, Refused>((seen, go))
            });
            let done = match done.await {
                Ok(done) => done,
                Err(refused) if matches!(refused.denial(), Denial::Precondition { .. }) => {
                    self.accounts.forget(&id);
                    continue;
                }
                Err(refused) => return Err(refused.into()),
            };
            let kept = |one: &&Written| one.name.kind == RecordKind::Account.as_str();
            if let Some(written) = done.value().1.iter().find(kept) {
                self.accounts.put(&id, value.clone(), written.version, before);
            }
            drop(turn);
            let offer = self.offer(fresh.factor.as_ref(), &value.account);
            return Ok(done.map(|((seen, go), _)| {
                (seen, go.then(|| Handed { account: value.account, password: fresh.password, factor: offer }))
            }));
        }
        Err(IdentityError::Changed)
    }
}

impl Fresh {
    /// As the account is after the deed. Whatever it was, it ends what was open.
    fn put_into(&self, deed: PortalDeed, stored: &mut StoredAccount) {
        if let Some(hash) = &self.hash {
            stored.give_password(hash.clone());
        }
        if let Some(secret) = &self.factor {
            stored.give_factor(secret.clone());
        }
        if deed == PortalDeed::End {
            stored.account.state = AccountState::Disabled;
        }
        stored.open.clear();
    }
}
