//! Changing one's own secrets: with the present password, and a new session afterwards.

use std::sync::Arc;

use tacebo_vault::policy::Action;
use tacebo_vault::{Origin, Outcome};

use crate::account::StoredAccount;
use crate::identity::Inner;
use crate::shelf::{Deed, Held, Turn};
use crate::{Authenticated, FactorOffer, Identity, IdentityError, LoggedIn, PasswordProblem, Secret, factor, password};

/// For so long after its beginning a session stands for the password it began with, where a change is due.
const FRESH_US: i64 = 15 * 60 * 1_000_000;

/// For which session a slip is sealed.
fn slip_of(auth: &Authenticated) -> String {
    format!("factor {} {}", auth.who.account, auth.print.hex())
}

/// Time to scan a new factor and type its first code.
const OFFER_US: i64 = 10 * 60 * 1_000_000;

impl Identity {
    /// Changes one's own password. All other sessions and all tokens end; this session goes on under a new id. Without
    /// `present` only where a change is due and the session began a moment ago: that took the password.
    ///
    /// # Errors
    /// [`IdentityError::OldPassword`], [`IdentityError::Password`].
    pub async fn change_password(
        &self,
        auth: &Authenticated,
        present: Option<&Secret>,
        new: &Secret,
        origin: &Origin,
    ) -> Result<LoggedIn, IdentityError> {
        let house = &self.0;
        let held = house.own(auth)?;
        password::judge(new, &held.value.account.login).map_err(IdentityError::Password)?;
        let form = password::form(new).ok_or(IdentityError::Password(PasswordProblem::Long))?;
        let (held, turn) = house.confirm_or_fresh(auth, present, origin).await?;
        let same = match present {
            Some(present) => password::form(present).as_ref() == Some(&form),
            None => house.hasher.fits(Some(form.clone()), held.value.password.as_ref()).await?,
        };
        if same {
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

    /// Offers a new second factor; it counts once [`Identity::adopt_factor`] has seen a code of it. The slip beside it is kept
    /// by the browser: it is good in this session only, for a while, on whichever node.
    ///
    /// # Errors
    /// [`IdentityError::SessionNeeded`].
    pub fn offer_factor(&self, auth: &Authenticated) -> Result<(FactorOffer, Secret), IdentityError> {
        let house = &self.0;
        let held = house.own(auth)?;
        let secret = factor::fresh()?;
        let offer = factor::offer(&secret, &house.vault.institution().name, &held.value.account.login);
        let until_us = house.vault.now_us().saturating_add(OFFER_US);
        let plain = zeroize::Zeroizing::new(format!("{until_us} {}", secret.expose()));
        Ok((offer, Secret::new(house.vault.seal_token(&slip_of(auth), plain.as_bytes())?)))
    }

    /// The offer that a slip of this session says, as long as it is good.
    ///
    /// # Errors
    /// [`IdentityError::SessionNeeded`].
    pub fn offered_factor(&self, auth: &Authenticated, slip: &Secret) -> Result<Option<FactorOffer>, IdentityError> {
        let house = &self.0;
        let held = house.own(auth)?;
        let offer = |secret| factor::offer(&secret, &house.vault.institution().name, &held.value.account.login);
        Ok(house.offered(auth, slip)?.map(offer))
    }

    /// Replaces one's second factor by the offered one. Sessions and tokens as in [`Identity::change_password`].
    ///
    /// # Errors
    /// [`IdentityError::OldPassword`], [`IdentityError::CodeWrong`], [`IdentityError::TicketGone`] when the offer is
    /// too old.
    pub async fn adopt_factor(
        &self,
        auth: &Authenticated,
        present: Option<&Secret>,
        slip: &Secret,
        code: &str,
        origin: &Origin,
    ) -> Result<LoggedIn, IdentityError> {
        let house = &self.0;
        let secret = house.offered(auth, slip)?.ok_or(IdentityError::TicketGone)?;
        let step = factor::step(&secret, code, house.vault.clock_us())?.ok_or(IdentityError::CodeWrong)?;
        let (held, turn) = house.confirm_or_fresh(auth, present, origin).await?;
        house
            .renew(auth, &held, turn, "second-factor-changed", origin, |stored| {
                stored.factor = Some(secret.clone());
                stored.last_step = step;
                stored.account.must_change_factor = false;
            })
            .await
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
            // Another node may have taken the same code.
            if step <= stored.last_step {
                return Err(IdentityError::CodeWrong);
            }
            stored.last_step = step;
            Ok(())
        })
        .await
        .map(drop)
    }

    /// The secret that a slip says, as long as it is good.
    fn offered(&self, auth: &Authenticated, slip: &Secret) -> Result<Option<Secret>, IdentityError> {
        let Some(plain) = self.vault.open_token(&slip_of(auth), slip.expose())? else { return Ok(None) };
        let plain = zeroize::Zeroizing::new(plain);
        let said = std::str::from_utf8(&plain).ok().and_then(|text| text.split_once(' '));
        let good = said.filter(|(until, _)| until.parse().is_ok_and(|until: i64| until > self.vault.now_us()));
        Ok(good.map(|(_, secret)| Secret::new(secret)))
    }

    /// The present password; or a session that took it a moment ago, where a change is due.
    async fn confirm_or_fresh(
        self: &Arc<Self>,
        auth: &Authenticated,
        present: Option<&Secret>,
        origin: &Origin,
    ) -> Result<(Arc<Held<StoredAccount>>, Turn), IdentityError> {
        use crate::shelf::Holder as _;
        if let Some(present) = present {
            return self.confirm(auth, present, origin).await;
        }
        let turn = self.accounts.turn(&auth.who.account).await;
        let held = self.own(auth)?;
        self.bar(&held, origin).await?;
        let account = &held.value.account;
        let due = account.must_change_password || account.must_change_factor;
        let since = held.value.find(&auth.print).map_or(0, |bearer| bearer.opened_us);
        let fresh = self.vault.now_us().saturating_sub(since) < FRESH_US;
        if due && fresh { Ok((held, turn)) } else { Err(IdentityError::OldPassword) }
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
        let before = held.value.credentials();
        self.change_in_turn(deed, &auth.who.account, turn, |stored: &mut StoredAccount| {
            // Another node may have given other secrets, or ended this session.
            if stored.find(&auth.print).is_none() || !stored.credentials().same(&before) {
                return Err(IdentityError::SessionNeeded);
            }
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
