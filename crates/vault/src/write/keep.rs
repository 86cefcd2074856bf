//! A record of the house among the documents of one commit.

use tacebo_store::Guard;

use super::asked::{Expect, Written};
use super::stopped::Failure;
use super::work::{Version, Work};
use crate::disclosed::Denial;
use crate::document::{DocRef, IndexRecord};
use crate::keys::Drawer;
use crate::records::Kept;
use crate::speech::PatientId;

impl Work<'_> {
    /// A record of the house: its own kind of document, found by its own terms.
    pub(super) fn keep(&mut self, kept: &Kept) -> Result<(), Failure> {
        let inner = self.inner;
        let kind = kept.kind.as_str();
        let name = DocRef::new(kind, kept.id.as_str());
        let id = inner.id_term(kind, &kept.id);
        let patients: Vec<PatientId> = kept.patient.iter().cloned().collect();
        let scoped = |param: &str| format!("{kind}#{param}");
        let record = IndexRecord {
            id: kept.id.clone(),
            labels: inner.engine.labeller().of_kind(&kept.labelled).clone(),
            patients: patients.iter().map(|patient| patient.as_str().to_owned()).collect(),
            facts: kept.facts.clone(),
            terms: kept.terms.iter().map(|(param, value)| (scoped(param), value.clone())).collect(),
            params: kept.params.clone(),
        };
        let permit = self.decide(kept.action, kind, &record, &name)?;
        let stored = self.stored.get(&id);
        let exists = stored.is_some_and(|found| !found.row.deleted);
        let current = stored.map_or(0, |found| found.row.version);
        let holds = match kept.expect {
            Expect::Absent => !exists,
            Expect::Version(version) => version == current && exists,
            Expect::Any | Expect::Chosen => true,
        };
        if !holds {
            let denial = Denial::Precondition { current: Some(current) };
            return Err(Failure::denied(denial, kept.action, patients));
        }
        let subject = match &kept.patient {
            Some(patient) => Some(self.subject(patient)?),
            None => None,
        };
        self.touched.extend(subject);
        for (param, value, seen) in &kept.guards {
            let guard = |term| Guard { term, seen: seen.0 };
            self.change.guards.extend(inner.guarded(&scoped(param), value).into_iter().map(guard));
        }
        let terms = record.terms.iter().map(|(param, value)| inner.term(param, value)).collect();
        let (no, category) = (current + 1, Drawer::Record.category());
        let version = Version { name: &name, id, subject, category, no, deleted: false, terms };
        let digest_hex = self.push(version, &record, &inner.packer.pack(&kept.value)?)?;
        self.note(&patients, kept.action, &permit, &name, no, &digest_hex);
        if let Some(note) = self.entries.iter_mut().find(|note| note.patient == kept.patient)
            && !note.events.contains(&kept.event)
        {
            note.events.push(kept.event.clone());
        }
        self.permits.push(permit);
        self.written.push(Written { created: !exists, ..Written::new(&name, no) });
        Ok(())
    }
}
