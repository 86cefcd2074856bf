//! What the house knows about one patient that decides who may see the record.
//!
//! Preferences and relations are data, not policies: ten thousand patients' wishes cost a decision
//! nothing.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::code::codes;
use crate::moment::{day, micros, micros_opt};
use crate::{Category, Purpose};

codes! {
    /// What a relation of care rests on.
    "relation basis"
    pub enum Basis {
        /// A visit or stay.
        Encounter = "encounter",
        /// A booked visit.
        Appointment = "appointment",
        /// Membership of the patient's team.
        CareTeam = "care-team",
        /// A longer episode.
        EpisodeOfCare = "episode-of-care",
        /// A request for access that a second person accepted.
        Request = "access-request",
    }
}

/// One fact about a patient, with its evidence.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Somebody, a team or a department treats the patient.
    Relation {
        /// `Practitioner/…`, `Organization/…` (department), `CareTeam/…`, or the id of an account.
        with: String,
        /// The document that says so, `Encounter/…`.
        evidence: String,
        /// What it rests on.
        basis: Basis,
        /// Begin, where known.
        #[serde(with = "micros_opt")]
        from: Option<Timestamp>,
        /// End, where known.
        #[serde(with = "micros_opt")]
        until: Option<Timestamp>,
        /// Still going on.
        open: bool,
    },
    /// One rule of the patient's own (FHIR Consent, flattened).
    Consent {
        /// Consent document, for the sentence and the log.
        id: String,
        /// Forbids (true) or allows.
        deny: bool,
        /// `Organization/…`, `Practitioner/…`, account ids; empty means everybody.
        actors: Vec<String>,
        /// Empty means every purpose.
        purposes: Vec<Purpose>,
        /// Empty means everything.
        categories: Vec<Category>,
        /// Begin; none means since ever.
        #[serde(with = "micros_opt")]
        from: Option<Timestamp>,
        /// End; none means until withdrawn.
        #[serde(with = "micros_opt")]
        until: Option<Timestamp>,
    },
    /// A person in the public eye: extra care (ACC-12).
    Vip,
    /// Works here (ACC-12).
    Colleague {
        /// Account, where known.
        account: Option<String>,
        /// `Practitioner/…`, where known.
        practitioner: Option<String>,
    },
    /// Date of birth.
    Born {
        /// The day.
        #[serde(with = "day")]
        on: Date,
    },
    /// Has died.
    Deceased,
    /// Somebody may act for the patient.
    Guardian {
        /// The document that says so, `RelatedPerson/…`; the account of that person names it.
        evidence: String,
        /// Begin; none means since ever.
        #[serde(with = "micros_opt")]
        from: Option<Timestamp>,
        /// End; none means until the patient is of age.
        #[serde(with = "micros_opt")]
        until: Option<Timestamp>,
    },
}

impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Relation { .. } => "Relation",
            Self::Consent { .. } => "Consent",
            Self::Vip => "Vip",
            Self::Colleague { .. } => "Colleague",
            Self::Born { .. } => "Born",
            Self::Deceased => "Deceased",
            Self::Guardian { .. } => "Guardian",
        })
    }
}

/// A break-glass ticket: one patient, one actor, a reason, an end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The ticket's id.
    pub id: String,
    /// Account of the one person it serves.
    pub account: String,
    /// Reason code.
    pub reason: String,
    /// Begin.
    #[serde(with = "micros")]
    pub from: Timestamp,
    /// End, exclusive.
    #[serde(with = "micros")]
    pub until: Timestamp,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("from", &self.from).field("until", &self.until).finish_non_exhaustive()
    }
}
