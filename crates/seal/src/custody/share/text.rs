//! A share as text that survives printing, reading aloud and typing in.
//!
//! ```text
//! tacebo-recovery-share: v1 [9F3A]
//! institution: log.hospital.example [77C1]
//! suite: international [5C02]
//! root-epoch: 3 [0B2E]
//! share: 2 of 5, any 3 [51D0]
//! set: 1A2B3C4D [E9A4]
//! key: 64 hex digits in groups [4C1D]
//! part-1: 0123 4567 89AB CDEF [A0B1]
//! … part-4
//! ```
//! In brackets: the first two bytes of SHA-256 over name, value and what all lines before said, so that a mistyped line
//! is named and no line can be taken from another share.

use super::{Head, Share, ShareFault, SharePlan};
use crate::custody::hashed;
use crate::secret::KEY;
use std::fmt::{self, Write as _};
use std::str::FromStr;
use zeroize::Zeroizing;

const BEGIN: &str = "tacebo-recovery-share";
const VERSION: &str = "v1";
pub(super) const INSTITUTION: &str = "institution";
pub(super) const SUITE: &str = "suite";
pub(super) const EPOCH: &str = "root-epoch";
pub(super) const SHARE: &str = "share";
pub(super) const SET: &str = "set";
pub(super) const KEY_OF: &str = "key";
const PARTS: [&str; 4] = ["part-1", "part-2", "part-3", "part-4"];
/// Bytes of a share in one line.
const LINE: usize = KEY / PARTS.len();

/// Checks lines as they come, each over all before it.
struct Checks([u8; 32]);

impl Checks {
    fn next(&mut self, name: &str, value: &str) -> String {
        let line = Zeroizing::new(format!("{}\0{name}\0{value}", hex::encode(self.0)));
        self.0 = hashed(b"tacebo/recovery-share/v1\0", line.as_bytes());
        let [a, b, ..] = self.0;
        format!("{a:02X}{b:02X}")
    }
}

fn grouped(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.chunks(2).map(hex::encode_upper).collect();
    pairs.join(" ")
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut checks = Checks([0; 32]);
        let mut out = Zeroizing::new(String::with_capacity(1024));
        let mut line = |name: &str, value: &str| {
            let check = checks.next(name, value);
            writeln!(out, "{name}: {value} [{check}]")
        };
        let SharePlan { shares, need } = self.of.plan;
        line(BEGIN, VERSION)?;
        line(INSTITUTION, &self.of.institution)?;
        line(SUITE, self.of.suite.name())?;
        line(EPOCH, &self.of.epoch.to_string())?;
        line(SHARE, &format!("{} of {shares}, any {need}", self.number))?;
        line(SET, &hex::encode_upper(self.of.set))?;
        line(KEY_OF, &grouped(&self.of.fingerprint))?;
        for (name, bytes) in PARTS.iter().zip(self.bytes.chunks(LINE)) {
            line(name, &grouped(bytes))?;
        }
        f.write_str(&out)
    }
}

/// Reads a share's lines out of whatever stands around them; spaces and upper or lower case of digits do not matter.
struct Lines<'a> {
    text: &'a str,
    checks: Checks,
}

impl<'a> Lines<'a> {
    fn value(&mut self, name: &'static str, tidy: fn(&str) -> String) -> Result<String, ShareFault> {
        let found = self.text.lines().find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix(':'));
        let line: &'a str = found.ok_or(ShareFault::NoShare(name))?;
        let (value, check) = line.trim_end().rsplit_once('[').ok_or(ShareFault::NoShare(name))?;
        let check = check.strip_suffix(']').ok_or(ShareFault::NoShare(name))?;
        let value = tidy(value.trim());
        if !self.checks.next(name, &value).eq_ignore_ascii_case(check.trim()) {
            return Err(ShareFault::Mistyped(name.to_owned()));
        }
        Ok(value)
    }

    fn bytes<const N: usize>(&mut self, name: &'static str) -> Result<Zeroizing<[u8; N]>, ShareFault> {
        let value = Zeroizing::new(self.value(name, if N == 4 { upper } else { regrouped })?);
        let digits = Zeroizing::new(value.replace(' ', ""));
        let mut out = Zeroizing::new([0; N]);
        hex::decode_to_slice(digits.as_bytes(), &mut *out).map_err(|_| ShareFault::NoShare(name))?;
        Ok(out)
    }
}

fn spaced(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn upper(value: &str) -> String {
    value.split_whitespace().collect::<String>().to_ascii_uppercase()
}

/// Digits in groups of four, however they were typed.
fn regrouped(value: &str) -> String {
    let digits = Zeroizing::new(upper(value));
    let groups: Vec<String> = digits.chars().collect::<Vec<_>>().chunks(4).map(String::from_iter).collect();
    groups.join(" ")
}

impl FromStr for Share {
    type Err = ShareFault;

    fn from_str(text: &str) -> Result<Self, ShareFault> {
        let mut lines = Lines { text, checks: Checks([0; 32]) };
        if lines.value(BEGIN, spaced)? != VERSION {
            return Err(ShareFault::NoShare(BEGIN));
        }
        let institution = lines.value(INSTITUTION, spaced)?;
        let suite = lines.value(SUITE, spaced)?.parse().map_err(|_| ShareFault::NoShare(SUITE))?;
        let epoch = lines.value(EPOCH, spaced)?.parse().map_err(|_| ShareFault::NoShare(EPOCH))?;
        let (number, plan) = numbers(&lines.value(SHARE, spaced)?).ok_or(ShareFault::NoShare(SHARE))?;
        let set = *lines.bytes::<4>(SET)?;
        let fingerprint = *lines.bytes::<32>(KEY_OF)?;
        let mut bytes = Zeroizing::new([0; KEY]);
        for (name, slot) in PARTS.into_iter().zip(bytes.chunks_mut(LINE)) {
            slot.copy_from_slice(&*lines.bytes::<LINE>(name)?);
        }
        Ok(Self { of: Head { institution, suite, epoch, plan, set, fingerprint }, number, bytes })
    }
}

/// `2 of 5, any 3`.
fn numbers(text: &str) -> Option<(u8, SharePlan)> {
    let (number, rest) = text.split_once(" of ")?;
    let (shares, need) = rest.split_once(", any ")?;
    let number = number.parse().ok()?;
    let plan = SharePlan::new(shares.parse().ok()?, need.parse().ok()?).ok()?;
    (1..=plan.shares).contains(&number).then_some((number, plan))
}
