//! The pending first step of a log-in: short-lived, good in one browser and once, on whichever node the second step comes.
//!
//! What it says lies sealed in the ticket itself. That it was used is written into the account with the session that it
//! led to; the node that gave it out only remembers that it did, to tell of those that nobody came back with.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tacebo_vault::Vault;

use crate::account::StoredAccount;
use crate::secret::{Fingerprint, random};
use crate::{IdentityError, Secret};

/// Pending log-ins of one account at most; the oldest gives way.
const PER_ACCOUNT: usize = 5;

/// What a ticket says.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub account: String,
    /// Secrets in force at the first step.
    pub credentials: Fingerprint,
    pub until_us: i64,
    /// No two are alike.
    draw: u64,
    /// The ticket's own mark, for whoever uses it up.
    #[serde(skip, default = "nothing")]
    pub print: Fingerprint,
}

fn nothing() -> Fingerprint {
    Fingerprint::of("")
}

/// A ticket that was given out here.
struct Given {
    account: String,
    until_us: i64,
    /// Used up, or no longer good.
    ended: bool,
}

/// A ticket that nobody came back with to this node.
pub(crate) struct Abandoned {
    pub account: String,
    pub print: Fingerprint,
}

/// How long a used-up first step is remembered beyond its end, microseconds.
const SPENT_US: i64 = 10 * 60 * 1_000_000;

impl StoredAccount {
    /// Whether a first step of a log-in was used up.
    pub(crate) fn has_spent(&self, ticket: &Fingerprint) -> bool {
        self.spent.iter().any(|(spent, _)| spent.same(ticket))
    }

    /// Uses one up. It is remembered a while beyond its end, for the node that gave it out.
    pub(crate) fn spend(&mut self, ticket: Fingerprint, until_us: i64, now_us: i64) {
        self.spent.retain(|(_, until_us)| until_us.saturating_add(SPENT_US) > now_us);
        self.spent.push((ticket, until_us));
    }
}

#[derive(Default)]
pub(crate) struct Tickets {
    given: Mutex<HashMap<Fingerprint, Given>>,
    /// Tickets that ended unused: somebody knew the password and not the code. Logged at the next tick.
    abandoned: Mutex<Vec<Abandoned>>,
}

/// For which browser a ticket is sealed.
fn bound(browser: &str) -> String {
    format!("log-in {}", Fingerprint::of(browser).hex())
}

impl Tickets {
    pub(crate) fn open(
        &self,
        vault: &Vault,
        account: &str,
        credentials: Fingerprint,
        browser: &str,
        now_us: i64,
        until_us: i64,
    ) -> Result<Secret, IdentityError> {
        let draw = u64::from_be_bytes(*random::<8>()?);
        let ticket = Ticket { account: account.to_owned(), credentials, until_us, draw, print: nothing() };
        let plain = serde_json::to_vec(&ticket).map_err(|_| IdentityError::Crypto("a ticket"))?;
        let secret = Secret::new(vault.seal_token(&bound(browser), &plain)?);
        self.give(Fingerprint::of(secret.expose()), account, now_us, until_us);
        Ok(secret)
    }

    fn give(&self, print: Fingerprint, account: &str, now_us: i64, until_us: i64) {
        self.sweep(now_us);
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own: Vec<(i64, Fingerprint)> = given
            .iter()
            .filter(|(_, one)| one.account == account && !one.ended)
            .map(|(print, one)| (one.until_us, *print))
            .collect();
        own.sort_by_key(|(until, _)| *until);
        for (_, oldest) in own.iter().take((own.len() + 1).saturating_sub(PER_ACCOUNT)) {
            if let Some(one) = given.get_mut(oldest) {
                one.ended = true;
                self.abandon(&one.account, *oldest);
            }
        }
        given.insert(print, Given { account: account.to_owned(), until_us, ended: false });
    }

    /// The pending first step, if this is its browser and its time is not up.
    pub(crate) fn find(
        &self,
        vault: &Vault,
        ticket: &str,
        browser: &str,
        now_us: i64,
    ) -> Result<Option<Ticket>, IdentityError> {
        let print = Fingerprint::of(ticket);
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.get(&print).is_some_and(|one| one.ended) {
            return Ok(None);
        }
        drop(given);
        let Some(plain) = vault.open_token(&bound(browser), ticket)? else { return Ok(None) };
        let found: Option<Ticket> = serde_json::from_slice(&plain).ok();
        Ok(found.filter(|found| found.until_us > now_us).map(|found| Ticket { print, ..found }))
    }

    /// Uses a ticket up; false when it was.
    pub(crate) fn take(&self, ticket: &Ticket) -> bool {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let one = given.entry(ticket.print).or_insert_with(|| Given {
            account: ticket.account.clone(),
            until_us: ticket.until_us,
            ended: false,
        });
        !std::mem::replace(&mut one.ended, true)
    }

    /// Ends what is too old.
    pub(crate) fn sweep(&self, now_us: i64) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|print, one| {
            let keep = one.until_us > now_us;
            if !keep && !one.ended {
                self.abandon(&one.account, *print);
            }
            keep
        });
    }

    fn abandon(&self, account: &str, print: Fingerprint) {
        let mut abandoned = self.abandoned.lock().unwrap_or_else(PoisonError::into_inner);
        abandoned.push(Abandoned { account: account.to_owned(), print });
    }

    /// Abandoned log-ins since last asked.
    pub(crate) fn abandoned(&self) -> Vec<Abandoned> {
        std::mem::take(&mut *self.abandoned.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_cannot_fill_the_memory_with_tickets_and_unused_ones_are_told() {
        let tickets = Tickets::default();
        for n in 0..20 {
            tickets.give(Fingerprint::of(&n.to_string()), "a", n, 1_000 + n);
        }
        assert_eq!(tickets.abandoned().len(), 15);
        tickets.sweep(5_000);
        assert_eq!(tickets.abandoned().len(), 5);
        assert!(tickets.abandoned().is_empty() && tickets.given.lock().unwrap().is_empty());
    }
}
