//! Against guessing: failures are counted per account and per account and address, and locks grow.
//!
//! The first lock falls on the pair of account and address, so that a stranger at one address cannot keep a doctor
//! out at another. The account itself is locked when failures come from many addresses, and for good at the hard
//! stop, until an administrator looks at it.

use serde::{Deserialize, Serialize};

use crate::identity::Settings;

/// Failures of one account since its last full log-in.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Guard {
    fails: u32,
    until_us: i64,
    places: Vec<Place>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Place {
    address: String,
    fails: u32,
    until_us: i64,
}

/// Addresses remembered per account; more of them trip the account's own lock long before.
const PLACES: usize = 32;

impl Guard {
    /// Failures since the last full log-in.
    pub(crate) fn fails(&self) -> u32 {
        self.fails
    }

    /// End of the account's own lock, if one is on.
    pub(crate) fn locked_until(&self, now_us: i64, settings: &Settings) -> Option<i64> {
        if self.fails >= settings.hard_stop {
            return Some(i64::MAX);
        }
        (self.until_us > now_us).then_some(self.until_us)
    }

    /// Whether a try from this address is refused unseen.
    pub(crate) fn shut(&self, address: &str, now_us: i64, settings: &Settings) -> bool {
        self.locked_until(now_us, settings).is_some()
            || self.places.iter().any(|place| place.address == address && place.until_us > now_us)
    }

    /// Counts a failure; true when it set a lock, which must be kept.
    pub(crate) fn fail(&mut self, address: &str, now_us: i64, settings: &Settings) -> bool {
        self.fails = self.fails.saturating_add(1);
        let mut locked = self.fails >= settings.hard_stop;
        if let Some(span) = lock(self.fails, settings.fails_per_account, settings) {
            self.until_us = now_us.saturating_add(span);
            locked = true;
        }
        let mut place = match self.places.iter().position(|place| place.address == address) {
            Some(at) => self.places.remove(at),
            None => Place { address: address.to_owned(), fails: 0, until_us: 0 },
        };
        place.fails = place.fails.saturating_add(1);
        if let Some(span) = lock(place.fails, settings.fails_per_place, settings) {
            place.until_us = now_us.saturating_add(span);
            locked = true;
        }
        // Most recent last; the oldest falls out.
        self.places.push(place);
        if self.places.len() > PLACES {
            self.places.remove(0);
        }
        locked
    }

    /// Failures that were counted here and not kept, when the record comes back from another node: `kept` is what was known
    /// of it then. Who was forgiven there is forgiven here.
    pub(crate) fn carry_over(&mut self, kept: &Self, counted: Self) {
        if self.fails < kept.fails {
            return;
        }
        self.fails = self.fails.max(counted.fails);
        self.until_us = self.until_us.max(counted.until_us);
        for place in counted.places {
            if let Some(own) = self.places.iter_mut().find(|own| own.address == place.address) {
                own.fails = own.fails.max(place.fails);
                own.until_us = own.until_us.max(place.until_us);
            } else if self.places.len() < PLACES {
                self.places.push(place);
            }
        }
    }

    /// A full log-in from this address.
    pub(crate) fn succeed(&mut self, address: &str) {
        self.fails = 0;
        self.until_us = 0;
        self.places.retain(|place| place.address != address);
    }
}

/// The lock that a count of failures sets: none between multiples of `per`, then twice as long each time.
fn lock(fails: u32, per: u32, settings: &Settings) -> Option<i64> {
    let rounds = fails.checked_div(per).filter(|rounds| *rounds > 0 && fails.is_multiple_of(per))?;
    let factor = 1_i64.checked_shl(rounds - 1).filter(|factor| *factor > 0).unwrap_or(i64::MAX);
    Some(settings.lock_us.saturating_mul(factor).min(settings.longest_lock_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    #[test]
    fn five_failures_lock_an_address_for_a_quarter_of_an_hour_and_longer_each_time() {
        let (settings, mut guard, mut now) = (Settings::default(), Guard::default(), 0);
        for minutes in [15, 30, 60] {
            for n in 1..=5 {
                assert!(!guard.shut("10.0.0.1", now, &settings));
                assert_eq!(guard.fail("10.0.0.1", now, &settings), n == 5);
            }
            assert!(guard.shut("10.0.0.1", now + minutes * MINUTE - 1, &settings));
            assert!(!guard.shut("10.0.0.2", now, &settings));
            now += minutes * MINUTE;
        }
    }

    #[test]
    fn many_addresses_lock_the_account_and_a_hundred_failures_lock_it_for_good() {
        let (settings, mut guard, mut now) = (Settings::default(), Guard::default(), 0);
        let mut tries = 0;
        while guard.locked_until(now, &settings) != Some(i64::MAX) {
            if let Some(until) = guard.locked_until(now, &settings) {
                assert!(guard.shut("a new address", now, &settings));
                now = until;
            }
            guard.fail(&format!("10.0.0.{tries}"), now, &settings);
            tries += 1;
        }
        assert_eq!(tries, 100);
        assert!(now >= (15 + 30 + 60 + 120) * MINUTE);
        assert!(guard.shut("any", i64::MAX - 1, &settings));
    }

    #[test]
    fn a_full_log_in_clears_its_own_address_and_not_the_guesser_s() {
        let (settings, mut guard) = (Settings::default(), Guard::default());
        for _ in 0..5 {
            guard.fail("guesser", 0, &settings);
        }
        guard.fail("owner", 0, &settings);
        guard.succeed("owner");
        assert_eq!(guard.fails(), 0);
        assert!(guard.shut("guesser", 0, &settings));
        assert!(!guard.shut("owner", 0, &settings));
    }

    #[test]
    fn failures_counted_here_stay_when_another_node_changes_the_record_unless_it_forgave_them() {
        let settings = Settings::default();
        let mut kept = Guard::default();
        kept.fail("a", 0, &settings);
        let mut counted = kept.clone();
        for _ in 0..3 {
            counted.fail("b", 0, &settings);
        }
        let mut changed = kept.clone();
        changed.carry_over(&kept, counted.clone());
        assert_eq!(changed.fails(), 4);
        assert!(changed.fail("b", 0, &settings) || changed.fail("b", 0, &settings));
        let mut forgiven = Guard::default();
        forgiven.carry_over(&kept, counted);
        assert_eq!(forgiven.fails(), 0);
    }

    #[test]
    fn locks_never_grow_beyond_their_ceiling() {
        let settings = Settings::default();
        assert_eq!(lock(5 * 200, 5, &settings), Some(settings.longest_lock_us));
        assert_eq!(lock(4, 5, &settings), None);
        assert_eq!(lock(0, 5, &settings), None);
    }
}
