//! Changing one's own secrets: with the present password, and a new session afterwards.

use std::sync::{Arc, PoisonError};

use tacebo_vault::policy::Action;
use tacebo_vault::{Origin, Outcome};

use crate::account::StoredAccount;
use crate::identity::Inner;
use crate::shelf::{Deed, Held, Turn};
use crate::{Authenticated, FactorOffer, Identity, IdentityError, LoggedIn, PasswordProblem, Secret, factor, password};

/// Time to scan a new factor and type its first code.
const OFFER_US: i64 = 10 * 60 * 1_000_000;

impl Identity {
    /// Changes one's own password. All other sessions and all tokens end; this session goes on under a new id.
    ///
    /// # Errors
    /// [`IdentityError::OldPassword`], [`IdentityError::Password`].
    pub async fn change_password(
        &self,
        auth: &Authenticated,
        present: &Secret,
        new: &Secret,
        origin: &Origin,
    ) -> Result<LoggedIn, IdentityError> {
        let house = &self.0;
        let held = house.own(auth)?;
        password::judge(new, &held.value.account.login).map_err(IdentityError::Password)?;
        let form = password::form(new).ok_or(IdentityError::Password(PasswordProblem::Long))?;
        let (held, turn) = house.confirm(auth, present, origin).await?;
        if password::form(present).as_ref() == Some(&form) {
            return Err(IdentityError::Password(PasswordProblem::Same));
        }
        let hash = house.hasher.hash(form).await?;
        house
            .renew(auth, &held, turn, "password-changed", origin, |stored| {
                stored.password = Some(hash.clone());
                stored.account.must_change_password = false;
            })
            .await
    }

    /// Offers a new second factor; it counts once [`Identity::adopt_factor`] has seen a code of it.
    ///
    /// # Errors
    /// [`IdentityError::SessionNeeded`].
    pub fn offer_factor(&self, auth: &Authenticated) -> Result<FactorOffer, IdentityError> {
        let house = &self.0;
        let held = house.own(auth)?;
        let secret = factor::fresh()?;
        let offer = factor::offer(&secret, &house.vault.institution().name, &held.value.account.login);
        let until_us = house.vault.now_us().saturating_add(OFFER_US);
        let mut offers = house.offers.lock().unwrap_or_else(PoisonError::into_inner);
        offers.insert(auth.who.account.clone(), (secret, until_us));
        Ok(offer)
    }

    /// Replaces one's second factor by the offered one. Sessions and tokens as in [`Identity::change_password`].
    ///
    /// # Errors
    /// [`IdentityError::OldPassword`], [`IdentityError::CodeWrong`], [`IdentityError::TicketGone`] when the offer is
    /// too old.
    pub async fn adopt_factor(
        &self,
        auth: &Authenticated,
        present: &Secret,
        code: &str,
        origin: &Origin,
    ) -> Result<LoggedIn, IdentityError> {
        let house = &self.0;
        let now_us = house.vault.now_us();
        let offered = {
            let offers = house.offers.lock().unwrap_or_else(PoisonError::into_inner);
            offers.get(&auth.who.account).filter(|(_, until)| *until > now_us).map(|(secret, _)| secret.clone())
        };
        let secret = offered.ok_or(IdentityError::TicketGone)?;
        let step = factor::step(&secret, code, house.vault.clock_us())?.ok_or(IdentityError::CodeWrong)?;
        let (held, turn) = house.confirm(auth, present, origin).await?;
        let renewed = house
            .renew(auth, &held, turn, "second-factor-changed", origin, |stored| {
                stored.factor = Some(secret.clone());
                stored.last_step = step;
                stored.account.must_change_factor = false;
            })
            .await?;
        house.offers.lock().unwrap_or_else(PoisonError::into_inner).remove(&auth.who.account);
        Ok(renewed)
    }
}

impl Identity {
    /// Asks the person in a session once more for the password or a one-time code, before an act that nobody else may
    /// do at a screen left open (ASVS 7.5.3). Wrong ones count like failed log-ins; a code that was used, at the log-in
    /// too, is not taken again.
    ///
    /// # Errors
    /// [`IdentityError::OldPassword`], [`IdentityError::CodeWrong`]; [`IdentityError::LogInFailed`] after too many
    /// tries; [`IdentityError::SessionNeeded`] for a token.
    pub async fn confirm_again(
        &self,
        auth: &Authenticated,
        given: &Secret,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let (house, auth, given, origin) = (Arc::clone(&self.0), auth.clone(), given.clone(), origin.clone());
        // In a task of its own: who hangs up early is counted and logged all the same.
        let task = tokio::spawn(async move {
            if factor::is_code(given.expose()) {
                return house.confirm_by_code(&auth, given.expose(), &origin).await;
            }
            let (held, turn) = house.confirm(&auth, &given, &origin).await?;
            drop(turn);
            house.note_of(&held, Outcome::Done, "confirmed-again password", &origin).await
        });
        task.await.map_err(|_| IdentityError::Crypto("a confirmation was interrupted"))?
    }
}

impl Inner {
    async fn confirm_by_code(
        self: &Arc<Self>,
        auth: &Authenticated,
        code: &str,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let turn = self.accounts.turn(&auth.who.account).await;
        let held = self.own(auth)?;
        self.bar(&held, origin).await?;
        let secret = held.value.factor.clone().ok_or(IdentityError::FactorMissing)?;
        let step = match held.value.fresh_step(&secret, code, self.vault.clock_us())? {
            Ok(step) => step,
            Err(why) => return Err(self.failed(&held, turn, why, IdentityError::CodeWrong, origin).await?),
        };
        let asker = Self::in_name_of(&held.who, origin);
        let deed = Deed::new(&asker, Action::Update, "confirmed-again code");
        self.change_in_turn(deed, &auth.who.account, turn, |stored: &mut StoredAccount| {
            stored.last_step = step;
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Asks for the present password once more (ASVS 7.5.1); wrong ones count like failed log-ins.
    pub(crate) async fn confirm(
        self: &Arc<Self>,
        auth: &Authenticated,
        present: &Secret,
        origin: &Origin,
    ) -> Result<(Arc<Held<StoredAccount>>, Turn), IdentityError> {
        let before = self.own(auth)?;
        let fits = self.hasher.fits(password::form(present), before.value.password.as_ref()).await?;
        let turn = self.accounts.turn(&auth.who.account).await;
        let held = self.own(auth)?;
        self.bar(&held, origin).await?;
        if !fits || !held.value.credentials().same(&before.value.credentials()) {
            return Err(self.failed(&held, turn, "present-password", IdentityError::OldPassword, origin).await?);
        }
        Ok((held, turn))
    }

    /// Keeps new secrets and goes on under a new session id that ends when the old one would have.
    async fn renew(
        self: &Arc<Self>,
        auth: &Authenticated,
        held: &Held<StoredAccount>,
        turn: Turn,
        event: &str,
        origin: &Origin,
        set: impl Fn(&mut StoredAccount) + Send + Sync,
    ) -> Result<LoggedIn, IdentityError> {
        use crate::shelf::Holder as _;
        let ends_us = held.value.find(&auth.print).ok_or(IdentityError::SessionNeeded)?.expires_us;
        let (session, opened) = self.open_session(origin, ends_us)?;
        let asker = Self::in_name_of(&held.who, origin);
        let deed = Deed::new(&asker, Action::Update, event);
        let bearer = opened.clone();
        let now_us = self.vault.now_us();
        self.change_in_turn(deed, &auth.who.account, turn, |stored: &mut StoredAccount| {
            set(stored);
            stored.account.changed_us = now_us;
            stored.remember(&asker, event, now_us, Vec::new());
            stored.open = vec![bearer.clone()];
            Ok(())
        })
        .await
        .map(drop)?;
        self.begin(&auth.who.account, session, &opened)
    }
}
