//! A root key on paper: split so that any k of n shares bring it back and fewer tell nothing.
//!
//! Shamir's secret sharing over GF(2⁸) byte by byte (`vsss-rs`, constant time, audited; field polynomial 0x11b, share
//! numbers 1…n), so that other tools can put the bytes together too. Each share says what it is of, carries a check for
//! each line, and the fingerprint of the key that must come out.

mod text;

use super::passphrase::fingerprint;
use crate::secret::{KEY, Secret};
use crate::{SealError, Suite, random};
use rand_core::{TryCryptoRng, TryRng};
use std::fmt;
use std::ops::RangeInclusive;
use vsss_rs::Gf256;
use zeroize::Zeroizing;

/// Why shares do not bring a key back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareFault {
    /// Not a share, or a line of it is missing.
    #[error("this is no recovery share: its `{0}` is missing or cannot be read")]
    NoShare(&'static str),
    /// A line does not fit its check.
    #[error("`{0}` of this recovery share is mistyped or changed: it does not fit its check")]
    Mistyped(String),
    /// The number of shares cannot be.
    #[error("a key is split into 2 to 32 shares, of which 2 or more, and not more than there are, bring it back")]
    Plan,
    /// Not enough of them.
    #[error("{have} different shares were given and {need} are needed")]
    TooFew {
        /// Given.
        have: usize,
        /// Needed.
        need: u8,
    },
    /// Shares of different keys.
    #[error("the shares do not belong together: they differ in `{0}`")]
    Mixed(&'static str),
    /// The same number with two contents.
    #[error("two different shares bear the number {0}")]
    Twice(u8),
    /// The shares are whole, and the key that came out is another.
    #[error("the shares do not give the key whose fingerprint they carry: one of them is not genuine")]
    WrongKey,
}

/// How many shares, and how many of them bring the key back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharePlan {
    shares: u8,
    need: u8,
}

impl SharePlan {
    /// More are a danger rather than a safety.
    const SHARES: RangeInclusive<u8> = 2..=32;

    /// `need` of `shares`. One alone would be a plain copy of the key and is refused.
    pub fn new(shares: u8, need: u8) -> Result<Self, ShareFault> {
        if !Self::SHARES.contains(&shares) || !(2..=shares).contains(&need) {
            return Err(ShareFault::Plan);
        }
        Ok(Self { shares, need })
    }
}

/// One share of a root key. Its [`Display`](fmt::Display) is what is printed and kept; parsing it back checks every line.
pub struct Share {
    of: Head,
    number: u8,
    bytes: Zeroizing<[u8; KEY]>,
}

/// What all shares of one split have in common.
#[derive(Clone, PartialEq, Eq)]
struct Head {
    institution: String,
    /// In which the key is used.
    suite: Suite,
    epoch: u32,
    plan: SharePlan,
    /// Drawn for each split, so that shares of two splits of one key are not taken for each other's.
    set: [u8; 4],
    /// Of the key.
    fingerprint: [u8; 32],
}

impl Share {
    /// The institution it was made for.
    pub fn institution(&self) -> &str {
        &self.of.institution
    }

    /// The institution's suite.
    pub fn suite(&self) -> Suite {
        self.of.suite
    }

    /// The root epoch whose key is split.
    pub fn epoch(&self) -> u32 {
        self.of.epoch
    }

    /// Its number, 1 to [`Share::shares`].
    pub fn number(&self) -> u8 {
        self.number
    }

    /// How many there are.
    pub fn shares(&self) -> u8 {
        self.of.plan.shares
    }

    /// How many bring the key back.
    pub fn need(&self) -> u8 {
        self.of.plan.need
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("epoch", &self.of.epoch).field("number", &self.number).finish_non_exhaustive()
    }
}

/// Splits a root key.
pub(super) fn split(
    institution: &str,
    suite: Suite,
    epoch: u32,
    root: &Secret,
    plan: SharePlan,
) -> Result<Vec<Share>, SealError> {
    let institution = institution.split_whitespace().collect::<Vec<_>>().join(" ");
    let of = Head { institution, suite, epoch, plan, set: random::array()?, fingerprint: fingerprint(suite, root)? };
    let mut system = System { failed: false };
    let made = Gf256::split_bytes(plan.need.into(), plan.shares.into(), root.bytes(), &mut system);
    let made = Zeroizing::new(made.map_err(|_| SealError::Cipher)?);
    if system.failed {
        return Err(SealError::Random);
    }
    let share = |bytes: &Vec<u8>| {
        let (&number, bytes) = bytes.split_first().ok_or(SealError::Cipher)?;
        let bytes: [u8; KEY] = bytes.try_into().map_err(|_| SealError::Cipher)?;
        Ok(Share { of: of.clone(), number, bytes: Zeroizing::new(bytes) })
    };
    made.iter().map(share).collect()
}

/// Brings the key back, with its suite and epoch.
pub(super) fn combine(shares: &[Share]) -> Result<(Suite, (u32, Secret)), SealError> {
    let first = shares.first().ok_or(ShareFault::TooFew { have: 0, need: 2 })?;
    let of = &first.of;
    let mut distinct: Vec<&Share> = Vec::with_capacity(shares.len());
    for share in shares {
        same(of, &share.of)?;
        match distinct.iter().find(|other| other.number == share.number) {
            None => distinct.push(share),
            Some(other) if other.bytes == share.bytes => {}
            Some(_) => return Err(ShareFault::Twice(share.number).into()),
        }
    }
    let need = of.plan.need;
    if distinct.len() < usize::from(need) {
        return Err(ShareFault::TooFew { have: distinct.len(), need }.into());
    }
    let points: Vec<Vec<u8>> = distinct
        .iter()
        .take(need.into())
        .map(|share| {
            let mut point = Vec::with_capacity(1 + KEY);
            point.push(share.number);
            point.extend_from_slice(&*share.bytes);
            point
        })
        .collect();
    let points = Zeroizing::new(points);
    let key = Zeroizing::new(Gf256::combine_bytes(points.as_slice()).map_err(|_| ShareFault::WrongKey)?);
    let root = Secret::copy_of(&key)?;
    if fingerprint(of.suite, &root)? != of.fingerprint {
        return Err(ShareFault::WrongKey.into());
    }
    Ok((of.suite, (of.epoch, root)))
}

fn same(a: &Head, b: &Head) -> Result<(), ShareFault> {
    let differ = [
        (a.institution != b.institution, text::INSTITUTION),
        (a.suite != b.suite, text::SUITE),
        (a.epoch != b.epoch, text::EPOCH),
        (a.set != b.set, text::SET),
        (a.plan != b.plan, text::SHARE),
        (a.fingerprint != b.fingerprint, text::KEY_OF),
    ];
    differ.iter().find(|(differ, _)| *differ).map_or(Ok(()), |(_, what)| Err(ShareFault::Mixed(what)))
}

/// The system's randomness for a library whose generators cannot fail: a failure is remembered, and nothing made with
/// it is given out.
struct System {
    failed: bool,
}

impl TryRng for System {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        if random::fill(out).is_err() {
            self.failed = true;
            // Not zeros: a library may draw again until it sees something else.
            out.fill(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for System {}

#[cfg(test)]
mod international {
    const SUITE: Suite = Suite::International;
    include!("share_tests.rs");
}

#[cfg(test)]
mod shangmi {
    const SUITE: Suite = Suite::Shangmi;
    include!("share_tests.rs");
}
