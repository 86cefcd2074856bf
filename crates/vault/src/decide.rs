//! Policy is asked here and nowhere else.

use std::sync::Arc;

use tacebo_policy::{Action, Ask, Labels, Permit, Profile, Refusal, What, Whose};
use tacebo_seal::SubjectNo;
use tacebo_veil::MaskSet;

use crate::asker::Asker;
use crate::disclosed::{Refused, VaultFault};
use crate::document::{DocRef, IndexRecord};
use crate::entry::Draft;
use crate::look::Look;
use crate::speech::PatientId;
use crate::vault::Inner;

/// By whose leave: one permit for every person concerned.
#[derive(Clone, Debug)]
pub(crate) struct Leave(pub Vec<Permit>);

impl Leave {
    /// Masks of all permits together: a thing hidden for one person's sake is hidden.
    pub(crate) fn masks(&self) -> MaskSet {
        self.0.iter().fold(MaskSet::default(), |masks, permit| masks.union(permit.masks()))
    }
}

/// Whom a thing speaks of, as far as the house knows.
#[derive(Clone)]
pub(crate) enum Concerned {
    /// Nobody: organisations, value sets.
    Nobody,
    /// A person the house has never heard of. Policy is asked all the same, so
    /// that the answer does not tell.
    Unknown,
    /// Persons, owner first.
    Persons(Vec<(PatientId, Option<SubjectNo>, Arc<Profile>)>),
}

impl Concerned {
    /// The owner's number, for sealing the log entry.
    pub(crate) fn owner(&self) -> Option<SubjectNo> {
        match self {
            Self::Persons(persons) => persons.first().and_then(|(_, no, _)| *no),
            _ => None,
        }
    }

    /// Everyone concerned, for one log entry each.
    pub(crate) fn each(&self) -> Vec<(Option<SubjectNo>, Option<&PatientId>)> {
        match self {
            Self::Persons(persons) => persons.iter().map(|(id, no, _)| (*no, Some(id))).collect(),
            _ => vec![(None, None)],
        }
    }

    /// The same entry for everyone concerned.
    pub(crate) fn drafts(&self, draft: &Draft) -> impl Iterator<Item = Draft> {
        self.each().into_iter().map(|(no, patient)| draft.clone().of(no, patient.map(PatientId::as_str)))
    }
}

impl Inner {
    /// Looks up everyone a document speaks of.
    pub(crate) fn concerned(&self, patients: &[String]) -> Result<Concerned, VaultFault> {
        if patients.is_empty() {
            return Ok(Concerned::Nobody);
        }
        let mut persons = Vec::with_capacity(patients.len());
        for patient in patients {
            let id = PatientId::new(patient.as_str());
            let no = self.person(&id)?;
            let profile = match no {
                Some(no) => self.profile(&id, no)?,
                None => Arc::new(Profile::unknown()),
            };
            persons.push((id, no, profile));
        }
        Ok(Concerned::Persons(persons))
    }

    /// One decision. Several persons concerned: each must allow it, masks and duties unite.
    pub(crate) fn decide(
        &self,
        asker: &Asker,
        how: Action,
        kind: &str,
        labels: &Labels,
        concerned: &Concerned,
    ) -> Result<Leave, Refusal> {
        let what = What { kind, labels };
        let now = self.now();
        let ask = |whose: &Whose| self.engine.decide(&Ask { who: &asker.who, why: asker.why, how, what, whose });
        let permits = match concerned {
            Concerned::Nobody => vec![ask(&Whose::nobody())?],
            Concerned::Unknown => {
                vec![ask(&self.engine.whose(&Profile::unknown(), &asker.who, asker.why, now))?]
            }
            Concerned::Persons(persons) => persons
                .iter()
                .map(|(_, _, profile)| ask(&self.engine.whose(profile, &asker.who, asker.why, now)))
                .collect::<Result<_, _>>()?,
        };
        Ok(Leave(permits))
    }

    /// What policy would say of a thing of this kind that does not exist: the
    /// answer a caller gets for what he may not know of.
    pub(crate) fn decide_unknown(&self, asker: &Asker, how: Action, kind: &str) -> Result<Leave, Refusal> {
        let personal = self.speech(kind).is_none_or(|speech| speech.is_personal(kind));
        let concerned = if personal { Concerned::Unknown } else { Concerned::Nobody };
        self.decide(asker, how, kind, self.engine.labeller().of_kind(kind), &concerned)
    }

    /// Decides on an opened index record.
    pub(crate) fn decide_record(
        &self,
        asker: &Asker,
        how: Action,
        kind: &str,
        record: &IndexRecord,
    ) -> Result<(Result<Leave, Refusal>, Concerned), VaultFault> {
        let concerned = self.concerned(&record.patients)?;
        Ok((self.decide(asker, how, kind, &record.labels, &concerned), concerned))
    }

    /// Leave to do this to a thing of the house; a refusal is recorded.
    pub(crate) async fn leave_for_house(&self, asker: &Asker, how: Action, kind: &str) -> Result<Leave, Refused> {
        let labels = self.engine.labeller().of_kind(kind);
        match self.decide(asker, how, kind, labels, &Concerned::Nobody) {
            Ok(leave) => Ok(leave),
            Err(refusal) => {
                let (drafts, denial) = self.refusal(asker, how, &DocRef::new(kind, ""), &refusal, &Concerned::Nobody);
                Err(self.unanswered(drafts, Refused::new(denial, Vec::new())).await)
            }
        }
    }
}

impl Look<'_> {
    /// Leave to do this to things of a kind that speak of these.
    pub(crate) fn leave(&mut self, how: Action, kind: &str, concerned: &Concerned) -> Result<Leave, Refused> {
        let labels = self.inner.engine.labeller().of_kind(kind);
        let decision = self.inner.decide(self.asker, how, kind, labels, concerned);
        decision.map_err(|refusal| self.refused(how, &DocRef::new(kind, ""), &refusal, concerned))
    }
}
