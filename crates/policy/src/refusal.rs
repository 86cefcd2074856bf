//! The answer no.

use std::fmt;
use std::sync::Arc;

use crate::code::codes;

codes! {
    /// Why not. The message key is `refused-` and the code. Ordered: of several reasons the first
    /// is told.
    "refusal code"
    pub enum RefusalCode {
        /// The rules could not be evaluated.
        Fault = "fault",
        /// The person's roles contradict each other (ACC-14).
        RoleConflict = "role-conflict",
        /// A second factor is needed (ACC-05).
        SecondFactor = "second-factor",
        /// Administrators see no patient data (ACC-14).
        Administrator = "administrator",
        /// Staff read their own record in the portal.
        OwnRecord = "own-record",
        /// The law withholds this from the patient.
        Withheld = "withheld",
        /// Genetic data need a named grant (CLS-03).
        NamedGrant = "named-grant",
        /// The patient limits this (ACC-13).
        LimitedByPatient = "limited-by-patient",
        /// VIP or colleague: only those who treat, or break-glass (ACC-12).
        NeedsDirect = "needs-direct",
        /// Sensitive: only those who treat, or break-glass (ACC-12).
        Sensitive = "sensitive",
        /// Emergency purpose without a ticket, or not covered by it.
        NoTicket = "no-ticket",
        /// No relation of care (ACC-01).
        NoRelation = "no-relation",
        /// The role does not do this for this purpose.
        NotForRole = "not-for-role",
        /// Answer exactly as if there were no such thing.
        NotFound = "not-found",
    }
}

codes! {
    /// Who or what can help.
    "help"
    pub enum Help {
        /// Ask a colleague who treats the patient.
        Colleague = "colleague",
        /// Apply for access.
        RequestAccess = "request-access",
        /// Declare an emergency, with a reason.
        BreakGlass = "break-glass",
        /// The privacy officer.
        PrivacyOfficer = "privacy-officer",
        /// The security administrator.
        SecurityAdmin = "security-admin",
        /// The patient portal.
        Portal = "portal",
        /// The patient.
        Patient = "patient",
        /// Log in with a second factor.
        SecondFactor = "second-factor",
        /// Nobody needs to: look at the address again.
        CheckAddress = "check-address",
    }
}

/// What the refused person is told: a message key and who can help.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Advice {
    /// Message key, `refused-no-relation`.
    pub key: String,
    /// Ways on, in the order to show them.
    pub help: Vec<Help>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: RefusalCode,
    pub(crate) advice: Advice,
    pub(crate) inner: RefusalCode,
    pub(crate) policies: Vec<String>,
}

/// No, and what may be said about it.
///
/// `code` and `advice` are for the asker and never tell whether the patient exists; `inner` and
/// `policies` are for the log and the officers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub(crate) Arc<Refused>);

impl Refusal {
    /// The reason that the asker may know.
    pub fn code(&self) -> RefusalCode {
        self.0.code
    }

    /// What to tell the asker.
    pub fn advice(&self) -> &Advice {
        &self.0.advice
    }

    /// The real reason: for the log and the officers only.
    pub fn inner(&self) -> RefusalCode {
        self.0.inner
    }

    /// Ids of the policies that forbade it: for the log and the officers only.
    pub fn policies(&self) -> &[String] {
        &self.0.policies
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.0.code)
    }
}

impl std::error::Error for Refusal {}
