//! What the house knows of a person that decides access: facts from their
//! documents, open break-glass tickets and accepted requests, cached until a commit touches them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tacebo_policy::{Profile, Ticket};
use tacebo_seal::{Part, SubjectNo};

use crate::disclosed::VaultFault;
use crate::document::IndexRecord;
use crate::records::{REQUEST_KIND, TICKET_KIND};
use crate::speech::PatientId;
use crate::vault::Inner;

/// A profile is rebuilt from the store when a commit has touched its shard since
/// it was read, so a change of consent is in force on the next request.
pub(crate) struct Profiles {
    shards: Vec<Mutex<Shard>>,
}

#[derive(Default)]
struct Shard {
    /// Counts commits; a profile read before one is not kept after it.
    turn: u64,
    known: HashMap<SubjectNo, Arc<Profile>>,
}

const SHARDS: usize = 64;
/// Profiles kept per shard; a full shard is emptied, which only costs re-reading.
const PER_SHARD: usize = 1_000;

impl Profiles {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    fn shard(&self, subject: SubjectNo) -> Option<&Mutex<Shard>> {
        let at = usize::try_from(subject.0 % SHARDS as u64).unwrap_or(0);
        self.shards.get(at)
    }

    /// After a commit that wrote facts about this person.
    pub(crate) fn forget(&self, subject: SubjectNo) {
        if let Some(shard) = self.shard(subject) {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.turn += 1;
            shard.known.remove(&subject);
        }
    }

    fn get(&self, subject: SubjectNo) -> (u64, Option<Arc<Profile>>) {
        self.shard(subject).map_or((0, None), |shard| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            (shard.turn, shard.known.get(&subject).cloned())
        })
    }

    fn keep(&self, subject: SubjectNo, turn: u64, profile: &Arc<Profile>) {
        if let Some(shard) = self.shard(subject) {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            if shard.turn == turn {
                if shard.known.len() >= PER_SHARD {
                    shard.known.clear();
                }
                shard.known.insert(subject, Arc::clone(profile));
            }
        }
    }
}

impl Inner {
    /// The person's profile. An index record that does not open is a fault, never
    /// a missing fact: a missing `deny` would open the door (promise 5).
    pub(crate) fn profile(&self, patient: &PatientId, subject: SubjectNo) -> Result<Arc<Profile>, VaultFault> {
        let (turn, known) = self.profiles.get(subject);
        if let Some(known) = known {
            return Ok(known);
        }
        let mut profile = Profile { patient: Some(patient.as_str().to_owned()), ..Profile::default() };
        let mut kinds = vec![TICKET_KIND, REQUEST_KIND];
        kinds.extend(self.speeches.iter().flat_map(|speech| speech.fact_kinds().iter().copied()));
        for row in self.store.by_subject(self.part, subject, &kinds, None)? {
            if *row.kind == *TICKET_KIND {
                let record = self.open_index(&row)?;
                let ticket: Ticket =
                    postcard::from_bytes(&record.params).map_err(|_| VaultFault::Decode("break-glass ticket"))?;
                profile.tickets.push(ticket);
            } else {
                profile.facts.extend(self.open_index(&row)?.facts);
            }
        }
        let profile = Arc::new(profile);
        self.profiles.keep(subject, turn, &profile);
        Ok(profile)
    }

    /// Opens the index record of a row.
    pub(crate) fn open_index(&self, row: &tacebo_store::IndexRow) -> Result<IndexRecord, VaultFault> {
        let key = self.key(row.subject.unwrap_or(SubjectNo::HOUSE), row.category)?;
        let place = self.place(row.subject, row.category, &row.kind, &row.id.0, row.version, Part::Index);
        IndexRecord::decode(&key.open(&place, &row.index)?)
    }
}
