//! One patient's facts, and what they make of one asker.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Fact, Purpose, Ticket, Who, Whose, Windows};

/// Everything the house knows that decides who may see one patient's record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The patient's id; none for a person who does not exist.
    pub patient: Option<String>,
    /// Facts.
    pub facts: Vec<Fact>,
    /// Break-glass tickets, past ones too.
    pub tickets: Vec<Ticket>,
}

impl Profile {
    /// A person who does not exist: nothing is known. Decisions about such a person must look like
    /// decisions about a stranger.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// What `who` is to this patient for `purpose` at `now`.
    pub fn whose(&self, who: &Who, purpose: Purpose, now: Timestamp, windows: &Windows) -> Whose {
        let _ = (who, purpose, now, windows);
        Whose::nobody()
    }
}
