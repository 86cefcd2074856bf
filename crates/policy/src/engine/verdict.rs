//! From what the policies say to what is answered.

use std::sync::Arc;

use tacebo_veil::MaskSet;

use super::Engine;
use super::rules::{Grant, Said};
use super::situation::Situation;
use crate::permit::Granted;
use crate::refusal::Refused;
use crate::{Bond, Purpose, Refusal, RefusalCode};

/// A decision as remembered: all of it but the patient's evidence.
#[derive(Clone)]
pub(crate) enum Verdict {
    Granted(Arc<Granted>),
    Refused(Refusal),
}

impl Engine {
    pub(super) fn judge(&self, situation: &Situation, kind: &str) -> Verdict {
        match self.rules.ask(situation, kind) {
            Said::Yes(grants) => self.grant(situation, kind, &grants),
            Said::No(bans) => {
                let policies = bans.iter().map(|ban| ban.id.clone()).collect();
                let inner = self.inner(situation, kind, bans.iter().map(|ban| ban.code).min());
                let code = self.outward(situation, kind, inner);
                self.refuse(situation, code, inner, policies)
            }
            Said::Fault => self.refuse(situation, RefusalCode::Fault, RefusalCode::Fault, Vec::new()),
        }
    }

    fn grant(&self, situation: &Situation, kind: &str, grants: &[&Grant]) -> Verdict {
        let Some(first) = grants.first() else {
            return self.refuse(situation, RefusalCode::Fault, RefusalCode::Fault, Vec::new());
        };
        let masks = grants.iter().map(|grant| grant.masks).fold(MaskSet::all(), MaskSet::intersect);
        let mut policies: Vec<String> = grants.iter().map(|grant| grant.id.clone()).collect();
        policies.sort_unstable();
        Verdict::Granted(Arc::new(Granted {
            purpose: situation.purpose,
            action: situation.action,
            kind: kind.to_owned(),
            policies,
            requirements: grants.iter().map(|grant| grant.requirement.clone()).collect(),
            reason: first.reason.clone(),
            args: first.args,
            masks: masks.union(self.floors.of(situation)),
            duties: grants.iter().flat_map(|grant| grant.duties.iter().copied()).collect(),
        }))
    }

    fn refuse(
        &self,
        situation: &Situation,
        code: RefusalCode,
        inner: RefusalCode,
        mut policies: Vec<String>,
    ) -> Verdict {
        policies.sort_unstable();
        let advice = self.advices.of(code, situation);
        Verdict::Refused(Refusal(Arc::new(Refused { code, advice, inner, policies })))
    }

    /// The real reason: what forbids, or else what is missing.
    fn inner(&self, situation: &Situation, kind: &str, banned: Option<RefusalCode>) -> RefusalCode {
        if let Some(code) = banned {
            return code;
        }
        let would = |other: Situation| matches!(self.rules.ask(&other, kind), Said::Yes(_));
        if situation.purpose == Purpose::EmergencyTreat
            && !situation.ticket
            && would(Situation { ticket: true, ..*situation })
        {
            return RefusalCode::NoTicket;
        }
        if situation.bond < Bond::Direct && would(Situation { bond: Bond::Direct, ..*situation }) {
            return RefusalCode::NoRelation;
        }
        RefusalCode::NotForRole
    }

    /// The reason that may be told: to somebody who does not know the patient, exactly what is
    /// told about a patient who does not exist.
    fn outward(&self, situation: &Situation, kind: &str, inner: RefusalCode) -> RefusalCode {
        if situation.knows_the_patient() {
            return inner;
        }
        let stranger = situation.about_nobody(self.labeller.of_kind(kind));
        if stranger == *situation {
            return inner;
        }
        match self.rules.ask(&stranger, kind) {
            Said::Yes(_) => RefusalCode::NotFound,
            Said::No(bans) => self.inner(&stranger, kind, bans.iter().map(|ban| ban.code).min()),
            Said::Fault => RefusalCode::Fault,
        }
    }
}
