//! The decision.

mod rules;
mod situation;
mod tables;
mod verdict;

use std::fmt;

use jiff::Timestamp;
use quick_cache::sync::Cache;

use self::rules::Rules;
use self::situation::{Key, Probe, Situation};
use self::tables::{Advices, Floors};
use self::verdict::Verdict;
use crate::permit::args;
use crate::{Ask, Labeller, Permit, PolicyError, Profile, Purpose, Refusal, Who, Whose, Windows};

/// The policy files that ship with the house, by name.
const SHIPPED: [(&str, &str); 9] = [
    ("general.cedar", include_str!("../../policies/general.cedar")),
    ("care.cedar", include_str!("../../policies/care.cedar")),
    ("break-glass.cedar", include_str!("../../policies/break-glass.cedar")),
    ("reception.cedar", include_str!("../../policies/reception.cedar")),
    ("oversight.cedar", include_str!("../../policies/oversight.cedar")),
    ("administration.cedar", include_str!("../../policies/administration.cedar")),
    ("patient.cedar", include_str!("../../policies/patient.cedar")),
    ("systems.cedar", include_str!("../../policies/systems.cedar")),
    ("limits.cedar", include_str!("../../policies/limits.cedar")),
];

/// Situations remembered. Some hundreds occur in a house; the bound is against floods.
const REMEMBERED: usize = 16_384;

/// The rules of the house, loaded and validated.
pub struct Engine {
    windows: Windows,
    labeller: Labeller,
    rules: Rules,
    floors: Floors,
    advices: Advices,
    remembered: Cache<Key, Verdict>,
}

impl Engine {
    /// Loads the shipped policies, schema and tables. Anything wrong in them is an error here, so
    /// that a house with broken rules does not start.
    pub fn load() -> Result<Self, PolicyError> {
        Self::load_policies(&SHIPPED)
    }

    /// Loads other policies, `(file name, text)`, against the shipped schema and tables.
    pub fn load_policies(policies: &[(&str, &str)]) -> Result<Self, PolicyError> {
        Ok(Self {
            windows: Windows::shipped()?,
            labeller: Labeller::shipped()?,
            rules: Rules::load(policies)?,
            floors: Floors::shipped()?,
            advices: Advices::shipped()?,
            remembered: Cache::new(REMEMBERED),
        })
    }

    /// The shipped policy files, `(file name, text)`: for the page that shows the rules, and for
    /// whoever wants to hash them.
    pub fn shipped_policies() -> &'static [(&'static str, &'static str)] {
        &SHIPPED
    }

    /// Ids of the loaded policies, in the order of their files.
    pub fn policy_ids(&self) -> impl Iterator<Item = &str> {
        self.rules.ids()
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

    /// Decides. The same ask gets the same answer until the rules are loaded anew; any error on
    /// the way is a refusal.
    pub fn decide(&self, ask: &Ask<'_>) -> Result<Permit, Refusal> {
        let situation = Situation::of(ask, self.labeller.class_of(ask.what.kind));
        let kind = ask.what.kind;
        let probe = Probe { situation: &situation, kind };
        let verdict = self.remembered.get(&probe).unwrap_or_else(|| {
            let verdict = self.judge(&situation, kind);
            self.remembered.insert(Key { situation, kind: kind.into() }, verdict.clone());
            verdict
        });
        answer(verdict, ask.whose)
    }

    /// Decides without remembering: what the first ask of a situation costs.
    pub fn decide_anew(&self, ask: &Ask<'_>) -> Result<Permit, Refusal> {
        let situation = Situation::of(ask, self.labeller.class_of(ask.what.kind));
        answer(self.judge(&situation, ask.what.kind), ask.whose)
    }
}

fn answer(verdict: Verdict, whose: &Whose) -> Result<Permit, Refusal> {
    match verdict {
        Verdict::Granted(granted) => Ok(Permit { args: args(granted.args, whose), until: whose.until(), granted }),
        Verdict::Refused(refusal) => Err(refusal),
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("policies", &self.policy_ids().count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
