//! What was done to an account, kept with it: for its page. The log says it too, with proof.

use serde::{Deserialize, Serialize};
use tacebo_vault::Asker;

use crate::Account;
use crate::account::StoredAccount;

/// The latest are kept.
const KEPT: usize = 30;

/// One change of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
    /// Account of whoever did it.
    pub by: String,
    /// The word that the log has for it: `account-locked`, `password-reset` …
    pub what: String,
    /// Names of the fields that have other values since.
    pub fields: Vec<String>,
}

impl StoredAccount {
    /// Remembers a change, the latest first.
    pub(crate) fn remember(&mut self, asker: &Asker, what: &str, at_us: i64, fields: Vec<String>) {
        self.changes.insert(0, Changed { at_us, by: asker.who.account.clone(), what: what.to_owned(), fields });
        self.changes.truncate(KEPT);
    }
}

/// Names of the fields in which two accounts differ.
pub(crate) fn differences(before: &Account, after: &Account) -> Vec<String> {
    let all = [
        ("login", before.login != after.login),
        ("name", before.name != after.name),
        ("display", before.display != after.display),
        ("roles", before.roles != after.roles),
        ("grants", before.grants != after.grants),
        ("practitioner", before.practitioner != after.practitioner),
        ("department", before.department != after.department),
        ("teams", before.teams != after.teams),
        ("training", before.training_until != after.training_until),
    ];
    all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}
