//! Floors of masking, and who can help after a refusal.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tacebo_veil::{Mask, MaskSet};

use super::situation::Situation;
use crate::data::{read, wrong};
use crate::{Advice, Help, PersonKind, PolicyError, Purpose, RefusalCode, Role, Sensitivity};

/// Masks that a purpose adds whatever the matched policies leave clear.
pub(crate) struct Floors(Vec<Floor>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FloorFile {
    floor: Vec<Floor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    sensitivity: BTreeSet<Sensitivity>,
    purposes: BTreeSet<Purpose>,
    masks: BTreeSet<Mask>,
    #[serde(rename = "requirement")]
    _requirement: String,
}

impl Floors {
    pub(crate) fn shipped() -> Result<Self, PolicyError> {
        let file: FloorFile = read("floors.toml", include_str!("../../data/floors.toml"))?;
        Ok(Self(file.floor))
    }

    /// What must be hidden in this situation at least.
    pub(crate) fn of(&self, situation: &Situation) -> MaskSet {
        if !situation.class.is_of_person() {
            return MaskSet::NONE;
        }
        self.0
            .iter()
            .filter(|floor| floor.purposes.contains(&situation.purpose))
            .filter(|floor| {
                floor.sensitivity.is_empty() || floor.sensitivity.iter().any(|code| situation.has_sensitivity(*code))
            })
            .flat_map(|floor| floor.masks.iter().copied())
            .collect()
    }
}

/// Who can help after each refusal.
pub(crate) struct Advices(BTreeMap<RefusalCode, Vec<Help>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdviceFile {
    help: BTreeMap<RefusalCode, Vec<Help>>,
}

impl Advices {
    pub(crate) fn shipped() -> Result<Self, PolicyError> {
        const FILE: &str = "advice.toml";
        let file: AdviceFile = read(FILE, include_str!("../../data/advice.toml"))?;
        match RefusalCode::ALL.iter().find(|code| !file.help.contains_key(code)) {
            Some(missing) => Err(wrong(FILE, format!("{missing} is missing"))),
            None => Ok(Self(file.help)),
        }
    }

    /// The advice for a code, without ways that this asker cannot go.
    pub(crate) fn of(&self, code: RefusalCode, situation: &Situation) -> Advice {
        let can = |help: &Help| match help {
            Help::BreakGlass => situation.has_role(Role::Doctor) || situation.has_role(Role::Nurse),
            Help::Colleague | Help::RequestAccess | Help::Patient | Help::SecurityAdmin => {
                situation.person == PersonKind::Staff
            }
            Help::PrivacyOfficer | Help::Portal | Help::SecondFactor | Help::CheckAddress => true,
        };
        let help = self.0.get(&code).into_iter().flatten().filter(|help| can(help)).copied().collect();
        Advice { key: format!("refused-{code}"), help }
    }
}
