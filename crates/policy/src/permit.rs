//! The answer yes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tacebo_veil::MaskSet;

use crate::code::codes;
use crate::{Action, Basis, Purpose, Whose};

codes! {
    /// Something the one path must do because of a permit.
    "duty"
    pub enum Duty {
        /// Write the purpose into the entry.
        LogPurpose = "log-purpose",
        /// Tell the patient.
        NotifyPatient = "notify-patient",
        /// A person other than the actor reviews the use, within the hours of `windows.toml`.
        Review = "review",
        /// The data may be shown, never taken out.
        NoExport = "no-export",
    }
}

codes! {
    /// Which evidence the sentence of a permit names.
    "argument list"
    pub(crate) enum Args {
        /// None: the reason says it all.
        None = "none",
        /// The relation of care.
        Relation = "relation",
        /// The break-glass ticket.
        Ticket = "ticket",
        /// The guardianship.
        Guardian = "guardian",
    }
}

/// The evidence that a sentence names.
pub(crate) fn args(which: Args, whose: &Whose) -> Vec<(&'static str, String)> {
    match which {
        Args::None => Vec::new(),
        Args::Relation => whose.evidence().map_or_else(Vec::new, |evidence| {
            let mut args = vec![("document", evidence.document.clone()), ("basis", evidence.basis.code().to_owned())];
            // Given for a time: the sentence and the entry say until when.
            if let (Basis::Request, Some(until)) = (evidence.basis, evidence.until) {
                args.push(("until", until.to_string()));
            }
            args
        }),
        Args::Ticket => whose
            .ticket()
            .map_or_else(Vec::new, |ticket| vec![("ticket", ticket.id.clone()), ("reason", ticket.reason.clone())]),
        Args::Guardian => whose.guardian().map_or_else(Vec::new, |document| vec![("document", document.to_owned())]),
    }
}

/// Why somebody may: a message key and its arguments, for one sentence in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Message key, `why-treating`.
    pub key: String,
    /// Arguments by name: `document`, `basis`, `until`, `ticket`, `reason`.
    pub args: Vec<(&'static str, String)>,
}

/// What a decision comes to when it is yes; shared by every ask in the same situation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) purpose: Purpose,
    pub(crate) action: Action,
    pub(crate) kind: String,
    pub(crate) policies: Vec<String>,
    pub(crate) requirements: BTreeSet<String>,
    pub(crate) reason: String,
    pub(crate) args: Args,
    pub(crate) masks: MaskSet,
    pub(crate) duties: BTreeSet<Duty>,
}

/// The right to do one thing, made by [`crate::Engine::decide`] and by nothing else.
///
/// ```compile_fail
/// let forged = tacebo_policy::Permit { granted: todo!(), args: todo!(), until: None };
/// ```
#[derive(Clone)]
pub struct Permit {
    pub(crate) granted: Arc<Granted>,
    pub(crate) args: Vec<(&'static str, String)>,
    pub(crate) until: Option<Timestamp>,
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("granted", &self.granted).field("until", &self.until).finish_non_exhaustive()
    }
}

impl Permit {
    /// The purpose it was given for.
    pub fn purpose(&self) -> Purpose {
        self.granted.purpose
    }

    /// The action it was given for.
    pub fn action(&self) -> Action {
        self.granted.action
    }

    /// The kind of document it was given for.
    pub fn kind(&self) -> &str {
        &self.granted.kind
    }

    /// Ids of the policies that matched, sorted.
    pub fn policies(&self) -> &[String] {
        &self.granted.policies
    }

    /// Requirements those policies serve.
    pub fn requirements(&self) -> &BTreeSet<String> {
        &self.granted.requirements
    }

    /// What must be hidden.
    pub fn masks(&self) -> MaskSet {
        self.granted.masks
    }

    /// What else must be done.
    pub fn duties(&self) -> &BTreeSet<Duty> {
        &self.granted.duties
    }

    /// Why, for the sentence shown to people.
    pub fn why(&self) -> Why {
        Why { key: self.granted.reason.clone(), args: self.args.clone() }
    }

    /// When it ends by itself, exclusive.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }
}
