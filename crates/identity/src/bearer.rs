//! What opens doors for a while: sessions of browsers and tokens of programs.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tacebo_vault::policy::{Assurance, Purpose, Who};
use tacebo_vault::{Asker, Origin};

use crate::IdentityError;
use crate::secret::Fingerprint;

/// Sort of bearer. One is never taken for the other (ASVS 9.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BearerKind {
    /// A browser's session: ends when idle.
    Session,
    /// A program's token: ends at its time.
    Token,
}

/// A bearer as kept: its hash, never itself.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Bearer {
    pub print: Fingerprint,
    pub kind: BearerKind,
    pub label: String,
    pub opened_us: i64,
    pub expires_us: i64,
    pub seen_us: i64,
    pub address: Option<String>,
    pub purposes: Option<BTreeSet<Purpose>>,
}

impl Bearer {
    pub(crate) fn view(&self, seen_us: i64, current: Option<&Fingerprint>) -> BearerView {
        BearerView {
            id: self.print.short(),
            kind: self.kind,
            label: self.label.clone(),
            address: self.address.clone(),
            opened_us: self.opened_us,
            seen_us,
            expires_us: self.expires_us,
            current: current.is_some_and(|print| print.same(&self.print)),
        }
    }
}

/// One line in the list of one's open sessions and tokens.
#[derive(Debug, Clone)]
pub struct BearerView {
    /// Name of the line, to end it by.
    pub id: String,
    /// Session or token.
    pub kind: BearerKind,
    /// What its owner called it.
    pub label: String,
    /// Address it was opened from.
    pub address: Option<String>,
    /// Opened, microseconds since the Unix epoch.
    pub opened_us: i64,
    /// Last used, microseconds since the Unix epoch.
    pub seen_us: i64,
    /// Ends at the latest, microseconds since the Unix epoch.
    pub expires_us: i64,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Changes due before an account is good for anything else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MustChange {
    /// The password.
    pub password: bool,
    /// The second factor.
    pub factor: bool,
}

impl MustChange {
    /// Whether anything is due.
    pub fn any(self) -> bool {
        self.password || self.factor
    }
}

/// Somebody whom a door has recognised.
///
/// While changes are due, somebody else still knows the secrets: `who` then has no roles, no grants and one factor
/// only, so that policy refuses whatever a door forgets to.
#[derive(Clone)]
pub struct Authenticated {
    /// The person or client, with the rights of this moment.
    pub who: Arc<Who>,
    /// The person's or client's name, for the page's head.
    pub name: String,
    /// How surely we know.
    pub assurance: Assurance,
    /// Session or token.
    pub kind: BearerKind,
    /// When it ends if nothing happens, microseconds since the Unix epoch.
    pub expires_us: i64,
    /// The only purposes that may be declared; `None`: those that policy allows.
    pub purposes: Option<BTreeSet<Purpose>>,
    /// Changes due first.
    pub must_change: MustChange,
    pub(crate) print: Fingerprint,
}

impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated").field("who", &self.who).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Authenticated {
    /// Whether this purpose may be declared at all.
    pub fn may_declare(&self, purpose: Purpose) -> bool {
        self.purposes.as_ref().is_none_or(|allowed| allowed.contains(&purpose))
    }

    /// An ask for a purpose of use.
    ///
    /// # Errors
    /// [`IdentityError::PurposeNotAllowed`]: outside what this token may declare.
    pub fn asker(&self, purpose: Purpose, origin: Origin) -> Result<Asker, IdentityError> {
        if self.may_declare(purpose) {
            Ok(Asker::new(Arc::clone(&self.who), purpose, origin))
        } else {
            Err(IdentityError::PurposeNotAllowed(purpose))
        }
    }

    /// An ask for a purpose of use as a request names it. There is no default.
    ///
    /// # Errors
    /// As [`Authenticated::asker`]; [`IdentityError::PurposeUnknown`] for none or another code.
    pub fn asker_for(&self, purpose: &str, origin: Origin) -> Result<Asker, IdentityError> {
        self.asker(purpose.parse().map_err(|_| IdentityError::PurposeUnknown)?, origin)
    }
}
