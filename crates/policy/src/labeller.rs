//! Labels from content, by rules in a data file.

use serde_json::Value;

use crate::{Labels, PolicyError};

/// Sets labels when a document is written.
#[derive(Debug)]
pub struct Labeller {}

impl Labeller {
    /// The rules that ship with the house.
    pub fn shipped() -> Result<Self, PolicyError> {
        Ok(Self {})
    }

    /// Labels of a document. What cannot be read gets the strictest.
    pub fn label(&self, kind: &str, body: &Value) -> Labels {
        let _ = (kind, body);
        Labels::strictest()
    }

    /// Labels of a kind before its content is known: what a decision about an unknown document
    /// uses.
    pub fn of_kind(&self, kind: &str) -> Labels {
        let _ = kind;
        Labels::strictest()
    }
}
