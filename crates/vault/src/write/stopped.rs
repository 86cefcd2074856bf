//! Why nothing of a change is written, and the entries that say so.

use tacebo_policy::{Action, Refusal};

use crate::asker::Asker;
use crate::decide::Concerned;
use crate::disclosed::{Denial, Refused, VaultFault};
use crate::document::DocRef;
use crate::entry::{Class, Draft, Outcome};
use crate::look::Deeds;
use crate::speech::PatientId;
use crate::vault::Inner;

/// Policy or what is there stopped a commit; with its entries, not recorded yet.
pub(crate) struct Stopped {
    pub refused: Refused,
    pub drafts: Vec<Draft>,
}

impl From<VaultFault> for Stopped {
    fn from(fault: VaultFault) -> Self {
        Self { refused: fault.into(), drafts: Vec::new() }
    }
}

/// What stopped one step of an attempt.
pub(super) enum Failure {
    Refused(Box<(Refusal, Concerned, Action, DocRef)>),
    Denied(Box<Denied>),
    Fault(VaultFault),
}

/// A write that policy allowed and something else stopped.
pub(super) struct Denied {
    pub(super) denial: Denial,
    pub(super) action: Action,
    pub(super) patients: Vec<PatientId>,
}

impl Failure {
    pub(super) fn denied(denial: Denial, action: Action, patients: Vec<PatientId>) -> Self {
        Self::Denied(Box::new(Denied { denial, action, patients }))
    }
}

impl<E: Into<VaultFault>> From<E> for Failure {
    fn from(fault: E) -> Self {
        Self::Fault(fault.into())
    }
}

impl Inner {
    /// The refusal that the asker gets, with an entry for each person concerned.
    pub(super) fn stopped(
        &self,
        asker: &Asker,
        failure: Failure,
        deeds: &Deeds,
        mut drafts: Vec<Draft>,
    ) -> Result<Stopped, VaultFault> {
        let denial = match failure {
            Failure::Fault(fault) => return Err(fault),
            Failure::Refused(refused) => {
                let (refusal, concerned, action, name) = *refused;
                let (entries, denial) = self.refusal(asker, action, &name, &refusal, &concerned);
                drafts.extend(entries);
                denial
            }
            Failure::Denied(denied) => {
                let Denied { denial, action, patients } = *denied;
                let names: Vec<DocRef> = deeds.names().collect();
                let draft = || {
                    let names = names.iter().map(|name| (name.kind.as_str(), name.id.as_str(), 0));
                    Draft::new(asker, action, Outcome::Failed, Class::Refusal).items(names)
                };
                for patient in &patients {
                    drafts.push(draft().of(self.person(patient)?, Some(patient.as_str())));
                }
                if patients.is_empty() {
                    drafts.push(draft());
                }
                denial
            }
        };
        Ok(Stopped { refused: Refused::new(denial, Vec::new()), drafts })
    }
}
