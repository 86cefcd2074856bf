//! The two things only a program can give the vault: the time, and what happens when the disk fails.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tacebo_vault::{Clock, FatalHook};

/// `EX_SOFTWARE`: the store cannot go on. Start again: it is recovered from what is stored.
pub(crate) const EXIT_FATAL: i32 = 70;

/// The system clock, microseconds since the Unix epoch.
pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The same, as the store takes it.
pub(crate) fn system() -> Clock {
    Arc::new(now_us)
}

/// After a failed sync, or a commit of which nobody knows, nothing in memory can be trusted: end at once, whatever else is running.
pub(crate) fn die() -> FatalHook {
    Arc::new(|why: &str| {
        tracing::error!(
            why,
            "the store cannot go on; ending at once so that nothing is acknowledged that may not be kept"
        );
        std::process::exit(EXIT_FATAL);
    })
}
