//! Rate limits by key: an address at log-in, a client at the token endpoint.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Keys kept before those that are quiet again are dropped.
const KEYS: usize = 50_000;

/// A limit for each key.
pub struct Limiter {
    keyed: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter").field("keys", &self.keyed.len()).finish_non_exhaustive()
    }
}

impl Limiter {
    /// So many a minute for each key, and no more at once.
    pub fn per_minute(count: u32) -> Self {
        let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self { keyed: RateLimiter::keyed(Quota::per_minute(count)), clock: DefaultClock::default() }
    }

    /// Counts one; `Err` says how long to wait.
    ///
    /// # Errors
    /// The key has used up its share.
    pub fn admit(&self, key: &str) -> Result<(), Duration> {
        if self.keyed.len() > KEYS {
            self.keyed.retain_recent();
        }
        self.keyed.check_key(&key.to_owned()).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Counts one for an address. IPv6 counts by /64: one subscriber has a whole one.
    ///
    /// # Errors
    /// As [`Limiter::admit`].
    pub fn admit_address(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        let key = match address {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(v4)) => v4.to_string(),
            Some(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
                Some(v4) => v4.to_string(),
                None => format!("{:x}", u128::from(v6) >> 64),
            },
        };
        self.admit(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_share_and_one_subscriber_one() {
        let limit = Limiter::per_minute(2);
        assert!(limit.admit("a").is_ok() && limit.admit("a").is_ok());
        assert!(limit.admit("a").is_err());
        assert!(limit.admit("b").is_ok());
        let v6 = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert!(limit.admit_address(v6("2001:db8::1")).is_ok() && limit.admit_address(v6("2001:db8::2")).is_ok());
        assert!(limit.admit_address(v6("2001:db8::3")).is_err());
        assert!(limit.admit_address(v6("2001:db8:0:1::1")).is_ok());
    }
}
