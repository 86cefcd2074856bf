//! Whose record somebody may see because a request was accepted: what belongs into the list of own patients beside
//! those whom documents of care name.

use tacebo_policy::Fact;

use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::records::{ASKED_BY, LIST_CAP, REQUEST_KIND};
use crate::speech::PatientId;
use crate::vault::Vault;

/// A running access by request.
#[derive(Clone)]
pub struct Granted {
    /// The request.
    pub request: String,
    /// The patient.
    pub patient: PatientId,
    /// When it began.
    pub from: Option<jiff::Timestamp>,
    /// When it ends, exclusive.
    pub until: jiff::Timestamp,
}

impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Granted").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Vault {
    /// The asker's own accesses by request that run now, for the door's own use: what it then asks about these patients
    /// is decided and logged as ever, and a limit of the patient's is stronger.
    ///
    /// # Errors
    /// The store failed.
    pub fn granted(&self, asker: &Asker) -> Result<Vec<Granted>, VaultFault> {
        let (inner, now) = (&*self.0, self.0.now());
        inner.follow()?;
        let account = asker.who.account.as_str();
        let rids = inner.rids_under(&[(&format!("{REQUEST_KIND}#{ASKED_BY}"), account)], LIST_CAP)?;
        let mut granted: Vec<Granted> = Vec::new();
        for found in inner.opened(&rids)?.iter().filter(|found| !found.row.deleted) {
            let Some(patient) = found.record.patients.first() else { continue };
            for fact in &found.record.facts {
                let Fact::Relation { with, from, until: Some(until), .. } = fact else { continue };
                if with == account && *until > now {
                    let (request, patient) = (found.record.id.clone(), PatientId::new(patient.as_str()));
                    granted.push(Granted { request, patient, from: *from, until: *until });
                }
            }
        }
        // Of several for one patient the one that lasts longest.
        granted.sort_by(|a, b| (a.patient.as_str(), b.until).cmp(&(b.patient.as_str(), a.until)));
        granted.dedup_by(|a, b| a.patient == b.patient);
        Ok(granted)
    }
}
