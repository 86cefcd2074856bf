//! Terms of the house's own procedures: how soon something is answered, for how long something is given.

use serde::Deserialize;

use crate::Confidence;

/// One figure.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// In the unit that its name says.
    pub value: u32,
    /// The rule.
    pub source: String,
    /// How sure we are of it.
    pub confidence: Confidence,
}

/// Figures to choose one of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// In the unit that its name says, the least first.
    pub values: Vec<u32>,
    /// The rule.
    pub source: String,
    /// How sure we are of it.
    pub confidence: Confidence,
}

/// All of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Working days until a request for access is answered.
    pub access_answer_workdays: Term,
    /// Days for which a request for access can be accepted.
    pub access_days: Offer,
    /// Days until a patient's question or complaint is answered.
    pub complaint_answer_days: Term,
}
