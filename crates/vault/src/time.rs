//! The house's time: the machine's clock, but it never goes back.
//!
//! What has ended (a session, a token, an emergency, an authority) stays ended, and the log's times stay in order, when
//! somebody sets the clock back, while the program serves or while it is stopped. Behind its own time, the house goes at half the speed
//! until the clock has caught up: what is open then lasts at most as long again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tacebo_policy::Action;
use tacebo_store::Clock;

use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::entry::{Class, Draft, Outcome, field};
use crate::vault::Vault;

/// A clock that is wrong by no more is being kept right, by steps as a time service makes them.
const TOLERATED_US: i64 = 5_000_000;

/// The house's time.
pub(crate) struct Time {
    clock: Clock,
    shown: Mutex<Shown>,
}

struct Shown {
    /// The time that was told last, and when.
    us: i64,
    at: Instant,
    /// The clock when it was looked for jumps last, and when.
    seen_us: i64,
    seen_at: Instant,
}

impl Shown {
    /// Goes on to a later time; whether it is one.
    fn raise(&mut self, us: i64) -> bool {
        let later = us > self.us;
        if later {
            (self.us, self.at) = (us, Instant::now());
        }
        later
    }
}

impl Time {
    pub(crate) fn new(clock: Clock) -> Self {
        let (us, at) = (clock(), Instant::now());
        Self { clock, shown: Mutex::new(Shown { us, at, seen_us: us, seen_at: at }) }
    }

    /// Now, never earlier than before.
    pub(crate) fn now_us(&self) -> i64 {
        let clock_us = (self.clock)();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now();
        let slow = micros(at.duration_since(shown.at)) / 2;
        if clock_us >= shown.us {
            shown.us = clock_us;
            shown.at = at;
        } else if slow > 0 {
            shown.us = shown.us.saturating_add(slow);
            shown.at = at;
        }
        shown.us
    }

    /// What the machine's clock says: for what another clock is compared with, a code of a telephone say.
    pub(crate) fn clock_us(&self) -> i64 {
        (self.clock)()
    }

    /// Takes up the time of a log: the house was at that time already.
    pub(crate) fn was_at(&self, us: i64) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.raise(us) {
            shown.seen_us = us;
        }
    }

    /// Takes up what another node's clock has made of the house's time: it is one for all.
    pub(crate) fn not_before(&self, us: i64) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).raise(us);
    }

    /// By how much the clock jumped since it was looked at last; `None` for what is tolerated.
    fn jump_us(&self) -> Option<i64> {
        let clock_us = (self.clock)();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now();
        let expected_us = shown.seen_us.saturating_add(micros(at.duration_since(shown.seen_at)));
        (shown.seen_us, shown.seen_at) = (clock_us, at);
        Some(clock_us.saturating_sub(expected_us)).filter(|by| by.abs() > TOLERATED_US)
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl Vault {
    /// Writes into the log when the clock has jumped since this was asked last, or, the first time, is behind the log.
    ///
    /// # Errors
    /// The store failed.
    pub async fn watch_clock(&self, asker: &Asker) -> Result<(), VaultFault> {
        let Some(by_us) = self.0.time.jump_us() else { return Ok(()) };
        let (seconds, way) = (by_us.unsigned_abs() / 1_000_000, if by_us < 0 { "back" } else { "forward" });
        tracing::error!(seconds, way, "the clock jumped: what had ended stays ended; set the clock right");
        let mut draft = Draft::new(asker, Action::Administer, Outcome::Failed, Class::House);
        draft.put(field::DETAIL, format!("the clock jumped {way} by {seconds} s"));
        self.0.log(&[draft]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn at(us: i64) -> (Arc<AtomicI64>, Time) {
        let clock = Arc::new(AtomicI64::new(us));
        let told = Arc::clone(&clock);
        (clock, Time::new(Arc::new(move || told.load(Ordering::SeqCst))))
    }

    #[test]
    fn time_never_goes_back_and_follows_the_clock_again_when_it_has_caught_up() {
        let (clock, time) = at(10 * HOUR);
        assert_eq!(time.now_us(), 10 * HOUR);
        clock.store(9 * HOUR, Ordering::SeqCst);
        let first = time.now_us();
        std::thread::sleep(Duration::from_millis(20));
        let second = time.now_us();
        assert!(first >= 10 * HOUR && second > first, "{first} {second}");
        assert!(second < 10 * HOUR + 60_000_000, "{second}");
        assert_eq!(time.clock_us(), 9 * HOUR);
        clock.store(11 * HOUR, Ordering::SeqCst);
        assert_eq!(time.now_us(), 11 * HOUR);
    }

    #[test]
    fn behind_the_clock_it_goes_at_half_the_speed() {
        let (clock, time) = at(10 * HOUR);
        clock.store(9 * HOUR, Ordering::SeqCst);
        let begin = Instant::now();
        let first = time.now_us();
        while begin.elapsed() < Duration::from_millis(30) {
            time.now_us();
        }
        let went = time.now_us() - first;
        assert!(went > 0 && went <= micros(begin.elapsed()) / 2 + 1, "{went}");
    }

    #[test]
    fn a_jump_is_told_once_and_small_steps_are_not() {
        let (clock, time) = at(10 * HOUR);
        assert_eq!(time.jump_us(), None);
        clock.fetch_add(-TOLERATED_US / 2, Ordering::SeqCst);
        assert_eq!(time.jump_us(), None);
        clock.fetch_add(-HOUR, Ordering::SeqCst);
        assert!(time.jump_us().is_some_and(|by| by <= -HOUR));
        assert_eq!(time.jump_us(), None);
        clock.fetch_add(HOUR, Ordering::SeqCst);
        assert!(time.jump_us().is_some_and(|by| by > HOUR - 60_000_000));
        // The log is ahead of the clock at the start.
        let (_, time) = at(9 * HOUR);
        time.was_at(10 * HOUR);
        assert!(time.now_us() >= 10 * HOUR);
        assert!(time.jump_us().is_some_and(|by| by <= -HOUR));
        time.was_at(5 * HOUR);
        assert!(time.now_us() >= 10 * HOUR);
    }

    #[test]
    fn what_another_node_made_of_the_time_is_taken_up_and_is_no_jump_of_the_clock() {
        let (_, time) = at(9 * HOUR);
        time.not_before(10 * HOUR);
        assert!(time.now_us() >= 10 * HOUR);
        time.not_before(5 * HOUR);
        assert!(time.now_us() >= 10 * HOUR);
        assert_eq!(time.jump_us(), None);
    }
}
