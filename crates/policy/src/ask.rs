//! The question.

use serde::{Deserialize, Serialize};

use crate::{Action, Labels, Purpose, Who, Whose};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct What {
    /// Kind of document: a FHIR type, or a kind of the house (`LogEntry`, `BreakGlass`, `Account` …).
    pub kind: String,
    /// Its labels.
    pub labels: Labels,
}

/// Who asks, why, how, for what, about whom. All five are always there.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Who asks.
    pub who: &'a Who,
    /// Why.
    pub why: Purpose,
    /// How.
    pub how: Action,
    /// For what.
    pub what: &'a What,
    /// About whom: [`Whose::nobody`] for documents about nobody.
    pub whose: &'a Whose,
}
