//! For whom somebody may stand: the patients whose documents name this person as parent or guardian.

use tacebo_policy::{Action, Purpose};

use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::speech::PatientId;
use crate::vault::Vault;

/// A patient whom the asker's account says to stand for.
#[derive(Clone)]
pub struct Ward {
    /// The patient.
    pub patient: PatientId,
    /// Whether policy opens the record to the asker now: the document may have ended, the child be of age.
    pub open: bool,
}

impl std::fmt::Debug for Ward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ward").field("open", &self.open).finish_non_exhaustive()
    }
}

/// The document of a parent or guardian in the patient's record.
const RELATED: &str = "RelatedPerson";

impl Vault {
    /// Whom the asker's account stands for, for the door's own use: what it then asks about them is decided and
    /// logged as ever, also when the answer here is that the record is closed.
    ///
    /// # Errors
    /// The store failed.
    pub fn wards(&self, asker: &Asker) -> Result<Vec<Ward>, VaultFault> {
        let inner = &*self.0;
        inner.follow()?;
        let asker = asker.for_purpose(Purpose::FamilyRequest);
        let mut wards = Vec::new();
        for id in asker.who.related.iter().filter_map(|one| one.strip_prefix(RELATED)?.strip_prefix('/')) {
            let Some(rid) = inner.current(RELATED, &inner.id_term(RELATED, id))? else { continue };
            let found = inner.opened_one(rid)?;
            let Some(patient) = found.record.patients.first().filter(|_| !found.row.deleted) else { continue };
            let concerned = inner.concerned(std::slice::from_ref(patient))?;
            let labels = inner.engine.labeller().of_kind("Patient");
            let open = inner.decide(&asker, Action::Read, "Patient", labels, &concerned).is_ok();
            wards.push(Ward { patient: PatientId::new(patient.as_str()), open });
        }
        Ok(wards)
    }
}
