//! Root keys: which is in use, how far a turn has come, and the button that makes a new one.

use askama::Template;
use jiff::Timestamp;

use super::{Shell, lang::Messages};

/// How far a turn has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// None is under way.
    Rest,
    /// A new key is made.
    Made,
    /// Every key is wrapped under it.
    Wrapped,
    /// The older one is destroyed, and the log does not say so yet.
    Gone,
}

impl Step {
    /// The steps of a turn in their order, and which of them are done.
    pub(crate) fn line(self, t: &Messages) -> [(String, bool); 4] {
        let whole = self == Self::Rest;
        [
            (t.root_step_made(), whole || self >= Self::Made),
            (t.root_step_wrapped(), whole || self >= Self::Wrapped),
            (t.root_step_gone(), whole || self >= Self::Gone),
            (t.root_step_told(), whole),
        ]
    }
}

/// The page. Posts to [`super::url::ROOT_TURN`] and [`super::url::TERMS_ANEW`], no fields.
#[derive(Template)]
#[template(path = "system/roots.html")]
pub struct Roots {
    /// The frame.
    pub shell: Shell,
    /// The root epoch in use.
    pub epoch: u32,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Who holds root keys, in words.
    pub custodian: String,
    /// Epochs left behind that are still to be destroyed, or to be told of.
    pub left: Vec<u32>,
    /// How far a turn has come.
    pub step: Step,
    /// Whether the program is at it right now.
    pub busy: bool,
    /// Why the last attempt stopped, in the words of the custodian or the store.
    pub trouble: Option<String>,
    /// The epoch of search terms in use.
    pub term_epoch: u32,
    /// Since when.
    pub term_since: Option<Timestamp>,
    /// While terms are made anew: how much of it is done, in percent.
    pub term_percent: Option<u64>,
    /// Whether the person here may turn the key.
    pub may_turn: bool,
}

super::no_content_in_debug!(Roots);
