//! The question.

use crate::{Action, Labels, Purpose, Who, Whose};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct What<'a> {
    /// Kind of document: a FHIR type, or a kind of the house (`LogEntry`, `BreakGlass`, `Account` …).
    pub kind: &'a str,
    /// Its labels.
    pub labels: &'a Labels,
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
    pub what: What<'a>,
    /// About whom: [`Whose::nobody`] for documents about nobody.
    pub whose: &'a Whose,
}
