//! What the house knows of a person that decides access: facts from their
//! documents, open break-glass tickets and accepted requests, remembered until a commit touches them,
//! so that a change of consent is in force on the next request.

use std::sync::Arc;

use tacebo_policy::{Profile, Ticket};
use tacebo_seal::SubjectNo;

use crate::disclosed::VaultFault;
use crate::records::{REQUEST_KIND, TICKET_KIND};
use crate::speech::PatientId;
use crate::vault::Inner;
use crate::watched::Watched;

/// Persons' profiles.
pub(crate) type Profiles = Watched<SubjectNo, Arc<Profile>>;

/// Profiles remembered at most.
pub(crate) const PROFILES: usize = 64_000;

impl Inner {
    /// The person's profile. An index record that does not open is a fault, never
    /// a missing fact: a missing `deny` would open the door (promise 5).
    pub(crate) fn profile(&self, patient: &PatientId, subject: SubjectNo) -> Result<Arc<Profile>, VaultFault> {
        let turn = match self.profiles.get(&subject) {
            Ok(known) => return Ok(known),
            Err(turn) => turn,
        };
        let mut profile = Profile { patient: Some(patient.as_str().to_owned()), ..Profile::default() };
        let mut kinds = vec![TICKET_KIND, REQUEST_KIND];
        kinds.extend(self.speeches.iter().flat_map(|speech| speech.fact_kinds().iter().copied()));
        let rids = self.store.subject_rids(self.part, subject, &kinds, None)?;
        for found in self.opened(&rids)?.iter().filter(|found| !found.row.deleted) {
            if *found.row.kind == *TICKET_KIND {
                let ticket: Ticket =
                    postcard::from_bytes(&found.record.params).map_err(|_| VaultFault::Decode("break-glass ticket"))?;
                profile.tickets.push(ticket);
            } else {
                profile.facts.extend(found.record.facts.iter().cloned());
            }
        }
        let profile = Arc::new(profile);
        self.profiles.keep(subject, turn, Arc::clone(&profile));
        Ok(profile)
    }
}
