//! The pending first step of a log-in: short-lived, in memory only, good in one browser.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::secret::{Fingerprint, bearer};
use crate::{IdentityError, Secret};

/// Pending log-ins of one account at most; the oldest gives way.
const PER_ACCOUNT: usize = 5;

#[derive(Clone)]
pub(crate) struct Ticket {
    pub account: String,
    /// Secrets in force at the first step.
    pub credentials: Fingerprint,
    browser: Fingerprint,
    until_us: i64,
}

#[derive(Default)]
pub(crate) struct Tickets {
    pending: Mutex<HashMap<Fingerprint, Ticket>>,
    /// Accounts whose ticket ended unused: somebody knew the password and not the code. Logged at the next tick.
    abandoned: Mutex<Vec<String>>,
}

impl Tickets {
    pub(crate) fn open(
        &self,
        account: &str,
        credentials: Fingerprint,
        browser: &str,
        now_us: i64,
        until_us: i64,
    ) -> Result<Secret, IdentityError> {
        let (secret, print) = bearer("")?;
        self.sweep(now_us);
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own: Vec<(i64, Fingerprint)> =
            pending.iter().filter(|(_, t)| t.account == account).map(|(print, t)| (t.until_us, *print)).collect();
        own.sort_by_key(|(until, _)| *until);
        for (_, oldest) in own.iter().take((own.len() + 1).saturating_sub(PER_ACCOUNT)) {
            pending.remove(oldest);
            self.abandon(account.to_owned());
        }
        let browser = Fingerprint::of(browser);
        pending.insert(print, Ticket { account: account.to_owned(), credentials, browser, until_us });
        Ok(secret)
    }

    /// The pending first step, if this is its browser and its time is not up.
    pub(crate) fn find(&self, ticket: &str, browser: &str, now_us: i64) -> Option<Ticket> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let found = pending.get(&Fingerprint::of(ticket))?;
        (found.until_us > now_us && found.browser.same(&Fingerprint::of(browser))).then(|| found.clone())
    }

    /// Uses a ticket up; false when somebody else did.
    pub(crate) fn take(&self, ticket: &str) -> bool {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&Fingerprint::of(ticket)).is_some()
    }

    /// Ends what is too old.
    pub(crate) fn sweep(&self, now_us: i64) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, ticket| {
            let keep = ticket.until_us > now_us;
            if !keep {
                self.abandon(ticket.account.clone());
            }
            keep
        });
    }

    fn abandon(&self, account: String) {
        self.abandoned.lock().unwrap_or_else(PoisonError::into_inner).push(account);
    }

    /// Accounts with abandoned log-ins since last asked, one each.
    pub(crate) fn abandoned(&self) -> Vec<String> {
        std::mem::take(&mut *self.abandoned.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_in_its_browser_for_its_time_and_once() {
        let tickets = Tickets::default();
        let ticket = tickets.open("a", Fingerprint::of("x"), "browser", 0, 100).unwrap();
        assert!(tickets.find(ticket.expose(), "another", 1).is_none());
        assert!(tickets.find("made up", "browser", 1).is_none());
        assert!(tickets.find(ticket.expose(), "browser", 100).is_none());
        assert!(tickets.find(ticket.expose(), "browser", 99).is_some());
        assert!(tickets.take(ticket.expose()));
        assert!(!tickets.take(ticket.expose()));
        assert!(tickets.abandoned().is_empty());
    }

    #[test]
    fn an_account_cannot_fill_the_memory_with_tickets_and_unused_ones_are_told() {
        let tickets = Tickets::default();
        for n in 0..20 {
            tickets.open("a", Fingerprint::of("x"), "b", n, 1_000 + n).unwrap();
        }
        assert_eq!(tickets.abandoned().len(), 15);
        tickets.sweep(5_000);
        assert_eq!(tickets.abandoned().len(), 5);
        assert!(tickets.abandoned().is_empty());
    }
}
