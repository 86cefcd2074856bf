//! Client systems: a registration, a secret, and what they may ask for.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use tacebo_vault::RecordKind;
use tacebo_vault::policy::{Assurance, PersonKind, Purpose, Role, Who};

use crate::bearer::Bearer;
use crate::secret::Fingerprint;
use crate::shelf::Holder;
use crate::throttle::Guard;
use crate::{IdentityError, Secret};

/// Whether a client may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientState {
    /// It may.
    Active,
    /// It may not.
    Disabled,
}

/// A registered client system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// Number in the log.
    pub number: u64,
    /// Name shown to people.
    pub name: String,
    /// Purposes of use it may declare.
    pub purposes: BTreeSet<Purpose>,
    /// Grants, `TREAT.read`.
    pub grants: BTreeSet<String>,
    /// State.
    pub state: ClientState,
    /// Created, microseconds since the Unix epoch.
    pub created_us: i64,
    /// Changed, microseconds since the Unix epoch.
    pub changed_us: i64,
}

/// A client to register.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// `client_id`: 3 to 32 of `a-z 0-9 -`.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// Purposes of use it may declare.
    pub purposes: BTreeSet<Purpose>,
    /// Grants, `TREAT.read`.
    pub grants: BTreeSet<String>,
}

/// What to change; a change ends all its tokens.
#[derive(Debug, Clone, Default)]
pub struct ClientChange {
    /// New name.
    pub name: Option<String>,
    /// New purposes.
    pub purposes: Option<BTreeSet<Purpose>>,
    /// New grants.
    pub grants: Option<BTreeSet<String>>,
    /// New state.
    pub state: Option<ClientState>,
}

/// A client and its secret, shown once.
#[derive(Clone)]
pub struct ClientHanded {
    /// The client.
    pub client: Client,
    /// Its secret.
    pub secret: Secret,
}

impl fmt::Debug for ClientHanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHanded").field("client", &self.client.id).finish_non_exhaustive()
    }
}

/// A client as kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredClient {
    pub client: Client,
    /// Of a secret of 256 random bits.
    pub secret: Fingerprint,
    pub open: Vec<Bearer>,
}

impl Holder for StoredClient {
    const KIND: RecordKind = RecordKind::Client;

    fn own_terms(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn open(&self) -> &[Bearer] {
        &self.open
    }

    fn open_mut(&mut self) -> &mut Vec<Bearer> {
        &mut self.open
    }

    fn guard_mut(&mut self) -> Option<&mut Guard> {
        None
    }

    fn guard(&self) -> Guard {
        Guard::default()
    }

    fn is_active(&self) -> bool {
        self.client.state == ClientState::Active
    }

    fn who(&self) -> Who {
        let client = &self.client;
        Who {
            roles: [Role::Client].into(),
            grants: client.grants.clone(),
            // A machine's secret of 256 bits over TLS: nothing to guess, phish or reuse.
            assurance: Assurance::Two,
            ..Who::new(PersonKind::Client, &client.id, client.number, &client.name)
        }
    }

    fn at_once(settings: &crate::Settings) -> usize {
        settings.client_open_at_once
    }
}

impl NewClient {
    pub(crate) fn build(&self, number: u64, now_us: i64) -> Result<Client, IdentityError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        // 32 at most: never the form of an account's id.
        if !(3..=32).contains(&self.id.len()) || !self.id.chars().all(fits) {
            return Err(IdentityError::NameForm);
        }
        Ok(Client {
            id: self.id.clone(),
            number,
            name: self.name.trim().to_owned(),
            purposes: self.purposes.clone(),
            grants: self.grants.clone(),
            state: ClientState::Active,
            created_us: now_us,
            changed_us: now_us,
        })
    }
}
