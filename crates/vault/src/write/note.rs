//! What a change did to one person: one log entry, whether it came about or not.

use aws_lc_rs::digest;
use tacebo_policy::Action;
use tacebo_seal::SubjectNo;

use crate::asker::Asker;
use crate::decide::Leave;
use crate::document::DocRef;
use crate::entry::{Class, Draft, Outcome, field};
use crate::speech::PatientId;

/// Document, version, SHA-256 of its sealed body in hex (empty for a deletion).
pub(super) type Item = (DocRef, u64, String);

/// What was done to one person, or to nobody: one log entry.
pub(super) struct Note {
    pub(super) no: Option<SubjectNo>,
    pub(super) patient: Option<PatientId>,
    pub(super) action: Action,
    pub(super) leave: Leave,
    pub(super) items: Vec<Item>,
    pub(super) events: Vec<String>,
    /// Whether the person has no keys before this commit.
    pub(super) fresh: bool,
}

impl Note {
    pub(super) fn draft(&self, asker: &Asker) -> Draft {
        let items = self.items.iter().map(|(name, version, _)| (name.kind.as_str(), name.id.as_str(), *version));
        let mut draft = Draft::new(asker, self.action, Outcome::Done, Class::Change)
            .of(self.no, self.patient.as_ref().map(PatientId::as_str))
            .items(items)
            .by(&self.leave);
        draft.put(field::DIGESTS, digests(&self.items));
        self.told(draft)
    }

    /// The same when nothing came of it: no version, no digest, and no keys that are only to be.
    pub(super) fn undone(&self, asker: &Asker) -> Draft {
        let items = self.items.iter().map(|(name, ..)| (name.kind.as_str(), name.id.as_str(), 0));
        let draft = Draft::new(asker, self.action, Outcome::Failed, Class::Refusal)
            .of(self.no.filter(|_| !self.fresh), self.patient.as_ref().map(PatientId::as_str))
            .items(items);
        self.told(draft)
    }

    fn told(&self, mut draft: Draft) -> Draft {
        if !self.events.is_empty() {
            draft.put(field::DETAIL, self.events.join("; "));
        }
        draft
    }
}

/// Digests of sealed bodies in one entry: each one up to a bound, then one over all,
/// so that an entry stays within the log's 64 KiB.
fn digests(items: &[Item]) -> String {
    const EACH: usize = 50;
    let all: Vec<&str> = items.iter().map(|(.., digest)| digest.as_str()).filter(|d| !d.is_empty()).collect();
    if all.len() <= EACH {
        return all.join(" ");
    }
    format!("sha256-of-{}:{}", all.len(), hex::encode(digest::digest(&digest::SHA256, all.join(" ").as_bytes())))
}
