//! The decision.

use std::sync::Arc;

use jiff::Timestamp;

use crate::refusal::Refused;
use crate::{Advice, Ask, Labeller, Permit, PolicyError, Profile, Purpose, Refusal, RefusalCode, Who, Whose, Windows};

/// The rules of the house, loaded and validated.
#[derive(Debug)]
pub struct Engine {
    windows: Windows,
    labeller: Labeller,
}

impl Engine {
    /// Loads the shipped policies, schema and tables. Anything wrong in them is an error here, so
    /// that a house with broken rules does not start.
    pub fn load() -> Result<Self, PolicyError> {
        Ok(Self { windows: Windows::shipped()?, labeller: Labeller::shipped()? })
    }

    /// The labelling rules.
    pub fn labeller(&self) -> &Labeller {
        &self.labeller
    }

    /// The windows of relations.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Sums up asker and patient, with the house's windows.
    pub fn whose(&self, profile: &Profile, who: &Who, purpose: Purpose, now: Timestamp) -> Whose {
        profile.whose(who, purpose, now, &self.windows)
    }

    /// Decides. Pure: the same ask gets the same answer until the rules are loaded anew.
    pub fn decide(&self, ask: &Ask<'_>) -> Result<Permit, Refusal> {
        let _ = ask;
        Err(Refusal(Arc::new(Refused {
            code: RefusalCode::Fault,
            advice: Advice { key: "refused-fault".to_owned(), help: Vec::new() },
            inner: RefusalCode::Fault,
            policies: Vec::new(),
        })))
    }
}
