//! How long a relation of care counts before and after.

use std::collections::BTreeMap;

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::data::{read, wrong};
use crate::{Basis, PolicyError};

const FILE: &str = "windows.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    utc_offset_hours: i8,
    ticket_hours: i64,
    review_hours: i64,
    ages: Ages,
    basis: BTreeMap<Basis, Days>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Days {
    before: i64,
    after: i64,
    open: i64,
}

/// Ages that decide who acts for a patient, in completed years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ages {
    /// Under this age a parent or guardian acts.
    pub guardian_under: u8,
    /// From this age on a person acts alone.
    pub majority: u8,
}

/// When something counts: from (inclusive) until (exclusive); none is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl Span {
    pub(crate) fn holds(self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// The next moment at which the answer of [`Self::holds`] changes.
    pub(crate) fn next_change(self, now: Timestamp) -> Option<Timestamp> {
        [self.from, self.until].into_iter().flatten().filter(|edge| *edge > now).min()
    }
}

/// Windows for each basis of a relation, from a data file.
#[derive(Clone, Debug)]
pub struct Windows {
    basis: BTreeMap<Basis, Days>,
    ticket: SignedDuration,
    review: SignedDuration,
    ages: Ages,
    zone: TimeZone,
}

impl Windows {
    /// The windows that ship with the house.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::parse(include_str!("../data/windows.toml"))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = read(FILE, text)?;
        for basis in Basis::ALL {
            let Some(days) = file.basis.get(basis) else {
                return Err(wrong(FILE, format!("basis {basis} is missing")));
            };
            if [days.before, days.after, days.open].iter().any(|days| !(0..=36_500).contains(days)) {
                return Err(wrong(FILE, format!("basis {basis}: days are 0 to 36500")));
            }
        }
        if !(1..=24).contains(&file.ticket_hours) {
            return Err(wrong(FILE, "ticket_hours is 1 to 24"));
        }
        if !(1..=168).contains(&file.review_hours) {
            return Err(wrong(FILE, "review_hours is 1 to 168"));
        }
        if file.ages.guardian_under == 0 || file.ages.guardian_under > file.ages.majority {
            return Err(wrong(FILE, "ages.guardian_under is 1 to ages.majority"));
        }
        let offset = Offset::from_hours(file.utc_offset_hours).map_err(|error| wrong(FILE, error.to_string()))?;
        Ok(Self {
            basis: file.basis,
            ticket: SignedDuration::from_hours(file.ticket_hours),
            review: SignedDuration::from_hours(file.review_hours),
            ages: file.ages,
            zone: TimeZone::fixed(offset),
        })
    }

    /// How long a break-glass ticket serves at most.
    pub fn ticket_limit(&self) -> SignedDuration {
        self.ticket
    }

    /// How soon somebody else reviews a break-glass use.
    pub fn review_within(&self) -> SignedDuration {
        self.review
    }

    /// Ages that decide who acts for a patient.
    pub fn ages(&self) -> Ages {
        self.ages
    }

    /// The zone whose midnights turn birthdays.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When a relation counts. None: it says too little to count.
    pub(crate) fn relation(
        &self,
        basis: Basis,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        open: bool,
    ) -> Option<Span> {
        let days = self.basis.get(&basis)?;
        let end = match (until, open, from) {
            (Some(until), _, _) => Some(shift(until, days.after)),
            (None, true, Some(from)) => Some(shift(from, days.open)),
            (None, true, None) => None,
            (None, false, Some(from)) => Some(shift(from, days.after)),
            (None, false, None) => return None,
        };
        Some(Span { from: from.map(|from| shift(from, -days.before)), until: end })
    }
}

fn shift(time: Timestamp, days: i64) -> Timestamp {
    let by = SignedDuration::from_hours(days.saturating_mul(24));
    let edge = if days < 0 { Timestamp::MIN } else { Timestamp::MAX };
    time.checked_add(by).unwrap_or(edge)
}
