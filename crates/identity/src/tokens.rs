//! Opaque bearer tokens for programs: 256 random bits, of which only the hash is kept.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use tacebo_vault::policy::{Action, PersonKind, Purpose};
use tacebo_vault::{Asker, Origin, Outcome};

use crate::account::StoredAccount;
use crate::bearer::Bearer;
use crate::client::StoredClient;
use crate::identity::{HolderRef, Inner};
use crate::secret::{Fingerprint, bearer};
use crate::shelf::{Deed, Held, Holder};
use crate::{Authenticated, BearerKind, Identity, IdentityError, Secret};

/// How tokens begin, so that a leaked one is recognised.
const TOKEN_PREFIX: &str = "tct_";
const LABEL: usize = 80;

/// For whom a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenHolder {
    /// An account, by id.
    Account(String),
    /// A client system, by id.
    Client(String),
}

/// A token, shown once.
#[derive(Clone)]
pub struct Issued {
    /// The bearer.
    pub token: Secret,
    /// When it ends, microseconds since the Unix epoch.
    pub expires_us: i64,
    /// Purposes that may be declared with it; `None`: those that policy allows.
    pub purposes: Option<BTreeSet<Purpose>>,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("expires_us", &self.expires_us).finish_non_exhaustive()
    }
}

/// What a resource server may learn of a token (RFC 7662).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    /// `client_id`, or the account's id.
    pub holder: TokenHolder,
    /// Number in the log.
    pub number: u64,
    /// Grants.
    pub grants: BTreeSet<String>,
    /// Purposes that may be declared; `None`: those that policy allows.
    pub purposes: Option<BTreeSet<Purpose>>,
    /// When it ends, microseconds since the Unix epoch.
    pub expires_us: i64,
}

impl Identity {
    /// Issues a token: to a client, for whom policy allows it to register clients; to a person, by the house only
    /// (`demo`), because a token that an administrator made for somebody else is that person's voice in his hand.
    ///
    /// # Errors
    /// Refused; the holder unknown or not active; the lifetime too long; a purpose outside the registration.
    pub async fn issue_token(
        &self,
        asker: &Asker,
        holder: &TokenHolder,
        ttl_us: i64,
        label: &str,
        purposes: Option<BTreeSet<Purpose>>,
    ) -> Result<Issued, IdentityError> {
        let house = &self.0;
        let deed = Deed::new(asker, Action::Administer, "token-issued");
        let (token, opened) = house.make_token(ttl_us, house.settings.issued_token_us, label, purposes)?;
        match holder {
            TokenHolder::Account(id) => {
                if asker.who.kind != PersonKind::System {
                    let error = IdentityError::SessionNeeded;
                    return house.refuse(asker, Action::Administer, "token-for-another-person", error).await;
                }
                house.lodge::<StoredAccount>(deed, id, &opened, |_| Ok(())).await?;
                house.enliven(opened.print, HolderRef::Account(id.clone()), opened.seen_us);
            }
            TokenHolder::Client(id) => {
                house.lodge(deed, id, &opened, within(&opened)).await?;
                house.enliven(opened.print, HolderRef::Client(id.clone()), opened.seen_us);
            }
        }
        Ok(issued(token, opened))
    }

    /// Makes a token for one's own scripts. A session is needed: a token makes no tokens.
    ///
    /// # Errors
    /// [`IdentityError::SessionNeeded`]; the lifetime too long.
    pub async fn issue_own_token(
        &self,
        auth: &Authenticated,
        ttl_us: i64,
        label: &str,
        purposes: Option<BTreeSet<Purpose>>,
        origin: &Origin,
    ) -> Result<Issued, IdentityError> {
        let house = &self.0;
        if auth.must_change.any() {
            return Err(IdentityError::SessionNeeded);
        }
        let held = house.own(auth)?;
        let (token, opened) = house.make_token(ttl_us, house.settings.own_token_us, label, purposes)?;
        let asker = Inner::in_name_of(&held.who, origin);
        let deed = Deed::new(&asker, Action::Update, "token-issued");
        house.lodge::<StoredAccount>(deed, &auth.who.account, &opened, |_| Ok(())).await?;
        house.enliven(opened.print, HolderRef::Account(auth.who.account.clone()), opened.seen_us);
        Ok(issued(token, opened))
    }

    /// OAuth 2 `client_credentials`. Every ask has its entry.
    ///
    /// # Errors
    /// [`IdentityError::ClientRefused`] for an unknown, disabled or wrong client alike;
    /// [`IdentityError::PurposeNotAllowed`].
    pub async fn client_token(
        &self,
        client: &str,
        secret: &Secret,
        purposes: Option<BTreeSet<Purpose>>,
        origin: &Origin,
    ) -> Result<Issued, IdentityError> {
        let house = &self.0;
        let print = Fingerprint::of(secret.expose());
        let held: Option<Arc<Held<StoredClient>>> = if client.len() <= 64 { house.held(client)? } else { None };
        let Some(held) = held else {
            house.note(&Inner::at_door(origin), Outcome::Failed, "client-refused unknown").await?;
            return Err(IdentityError::ClientRefused);
        };
        let asker = Inner::in_name_of(&held.who, origin);
        if !held.value.secret.same(&print) || !held.value.is_active() {
            house.note(&asker, Outcome::Failed, "client-refused").await?;
            return Err(IdentityError::ClientRefused);
        }
        let ttl_us = house.settings.client_token_us;
        let (token, opened) = house.make_token(ttl_us, ttl_us, "", purposes)?;
        let deed = Deed::new(&asker, Action::Update, "token-issued");
        let may = within(&opened);
        let lodged = house.lodge(deed, client, &opened, |stored: &StoredClient| {
            if stored.secret.same(&print) { may(stored) } else { Err(IdentityError::ClientRefused) }
        });
        match lodged.await {
            Ok(()) => {}
            Err(error @ IdentityError::PurposeNotAllowed(_)) => {
                house.note(&asker, Outcome::Refused, "client-refused purpose").await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        house.enliven(opened.print, HolderRef::Client(client.to_owned()), opened.seen_us);
        Ok(issued(token, opened))
    }

    /// Revokes a token; whoever has it may. An unknown one is no error (RFC 7009).
    ///
    /// # Errors
    /// The log cannot be written.
    pub async fn revoke(&self, token: &str, origin: &Origin) -> Result<(), IdentityError> {
        if self.token(token)?.is_none() {
            return Ok(());
        }
        self.0.end(&Fingerprint::of(token), "token-revoked", origin).await
    }

    /// What may be told of a token that is good now.
    ///
    /// # Errors
    /// The store failed.
    pub fn introspect(&self, token: &str) -> Result<Option<Introspection>, IdentityError> {
        Ok(self.token(token)?.map(|known| Introspection {
            holder: match known.who.kind {
                PersonKind::Client => TokenHolder::Client(known.who.account.clone()),
                _ => TokenHolder::Account(known.who.account.clone()),
            },
            number: known.who.number,
            grants: known.who.grants.clone(),
            purposes: known.purposes,
            expires_us: known.expires_us,
        }))
    }
}

fn issued(token: Secret, opened: Bearer) -> Issued {
    Issued { token, expires_us: opened.expires_us, purposes: opened.purposes }
}

/// Whether a client's registration covers what a token asks for.
fn within(opened: &Bearer) -> impl Fn(&StoredClient) -> Result<(), IdentityError> + Send + Sync + use<> {
    let asked = opened.purposes.clone().unwrap_or_default();
    move |stored| match asked.iter().find(|purpose| !stored.client.purposes.contains(purpose)) {
        Some(purpose) => Err(IdentityError::PurposeNotAllowed(*purpose)),
        None => Ok(()),
    }
}

impl Inner {
    fn make_token(
        &self,
        ttl_us: i64,
        longest_us: i64,
        label: &str,
        purposes: Option<BTreeSet<Purpose>>,
    ) -> Result<(Secret, Bearer), IdentityError> {
        if ttl_us <= 0 || ttl_us > longest_us {
            return Err(IdentityError::Lifetime);
        }
        let now_us = self.vault.now_us();
        let (token, print) = bearer(TOKEN_PREFIX)?;
        let opened = Bearer {
            print,
            kind: BearerKind::Token,
            label: label.trim().chars().take(LABEL).collect(),
            opened_us: now_us,
            expires_us: now_us.saturating_add(ttl_us),
            seen_us: now_us,
            address: None,
            purposes,
        };
        Ok((token, opened))
    }

    async fn lodge<T: Holder>(
        self: &Arc<Self>,
        deed: Deed<'_>,
        id: &str,
        opened: &Bearer,
        may: impl Fn(&T) -> Result<(), IdentityError> + Send + Sync,
    ) -> Result<(), IdentityError>
    where
        Self: crate::shelf::Shelved<T>,
    {
        self.change(deed, id, |stored: &mut T| {
            if !stored.is_active() {
                return Err(IdentityError::NotActive);
            }
            may(stored)?;
            Self::admit(stored.open_mut(), opened.clone(), T::at_once(&self.settings));
            Ok(())
        })
        .await
        .map(drop)
    }
}
