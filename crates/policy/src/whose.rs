//! What the asker and the patient are to each other, right now.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use crate::code::codes;
use crate::{Basis, Category};

codes! {
    /// How close the asker stands to the patient's care, ordered.
    "bond"
    pub enum Bond {
        /// Not at all.
        None = "none",
        /// The department treats the patient.
        Department = "department",
        /// The asker's team for this patient treats the patient.
        Team = "team",
        /// The asker treats the patient.
        Direct = "direct",
    }
}

codes! {
    /// The patient's age in the law's steps (PIPL art. 28, 31).
    "age band"
    pub enum Age {
        /// Not known.
        Unknown = "unknown",
        /// Under 14: a guardian acts.
        Under14 = "under-14",
        /// 14 to 17: acts too; a guardian sees less.
        Minor = "minor",
        /// 18 and over.
        Adult = "adult",
    }
}

/// The evidence that a bond rests on.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The document that says so, `Encounter/…`.
    pub document: String,
    /// What it rests on.
    pub basis: Basis,
    /// When it stops counting; none while it is going on.
    pub until: Option<Timestamp>,
}

/// The active break-glass ticket.
#[derive(Clone, PartialEq, Eq)]
pub struct ActiveTicket {
    /// The ticket's id.
    pub id: String,
    /// Reason code.
    pub reason: String,
    /// End, exclusive.
    pub until: Timestamp,
}

/// What the patient's own rules take away from this asker for this purpose.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Limit {
    /// Groups of data that the patient keeps from this asker.
    pub categories: BTreeSet<Category>,
    /// The consent documents that say so.
    pub consents: Vec<String>,
}

/// Asker and patient, summed up for one purpose at one moment ([`crate::Profile::whose`]).
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact")]
pub struct Whose {
    pub(crate) bond: Bond,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) own: bool,
    pub(crate) guardian: Option<String>,
    pub(crate) vip: bool,
    pub(crate) colleague: bool,
    pub(crate) age: Age,
    pub(crate) deceased: bool,
    pub(crate) limit: Limit,
    pub(crate) ticket: Option<ActiveTicket>,
    pub(crate) until: Option<Timestamp>,
}

impl Whose {
    /// A document about nobody: a value set, an organisation, the configuration. Also what a
    /// stranger is to somebody who does not exist.
    pub fn nobody() -> Self {
        Self {
            bond: Bond::None,
            evidence: None,
            own: false,
            guardian: None,
            vip: false,
            colleague: false,
            age: Age::Unknown,
            deceased: false,
            limit: Limit::default(),
            ticket: None,
            until: None,
        }
    }

    /// How close the asker stands.
    pub fn bond(&self) -> Bond {
        self.bond
    }

    /// What the bond rests on.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.evidence.as_ref()
    }

    /// The asker is the patient.
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// The document that makes the asker the patient's guardian.
    pub fn guardian(&self) -> Option<&str> {
        self.guardian.as_deref()
    }

    /// A person in the public eye.
    pub fn is_vip(&self) -> bool {
        self.vip
    }

    /// A person who works here.
    pub fn is_colleague(&self) -> bool {
        self.colleague
    }

    /// Age in the law's steps.
    pub fn age(&self) -> Age {
        self.age
    }

    /// The patient has died.
    pub fn is_deceased(&self) -> bool {
        self.deceased
    }

    /// What the patient keeps from this asker.
    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    /// The asker's break-glass ticket for this patient.
    pub fn ticket(&self) -> Option<&ActiveTicket> {
        self.ticket.as_ref()
    }

    /// The next moment at which this summary may change by itself (a window, rule or ticket begins
    /// or ends): do not keep it longer. None: it changes only with the facts.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

impl fmt::Debug for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whose").field("bond", &self.bond).finish_non_exhaustive()
    }
}

macro_rules! quiet {
    ($($type:ident),+) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    )+};
}
quiet!(Evidence, ActiveTicket, Limit);
