//! One attempt under way: what it has decided, sealed and noted so far.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tacebo_policy::Action;
use tacebo_seal::{Category, DataKey, IdTerm, Part, SubjectNo, Term};
use tacebo_store::{BlobWrite, Change, DocumentWrite, NewBlob};

use super::asked::Written;
use super::note::Note;
use super::stopped::Failure;
use crate::asker::Asker;
use crate::blob::{SealedBody, seal_body};
use crate::decide::{Concerned, Leave};
use crate::disclosed::VaultFault;
use crate::document::{DocRef, IndexRecord};
use crate::entry::Draft;
use crate::hot::Opened;
use crate::keys::{self, DataKeys, Drawer};
use crate::look::Deeds;
use crate::merge::one_each;
use crate::speech::PatientId;
use crate::vault::Inner;

/// Everything one attempt has gathered before it is committed.
pub(super) struct Attempt {
    pub(super) change: Change,
    /// Objects that the change names.
    pub(super) blobs: Vec<NewBlob>,
    pub(super) written: Vec<Written>,
    pub(super) permits: Vec<Leave>,
    /// Persons whose facts change.
    pub(super) touched: Vec<SubjectNo>,
    /// For the entries of an attempt that somebody else overtakes.
    pub(super) notes: Vec<Note>,
    pub(super) new_persons: Vec<(SubjectNo, DataKeys)>,
}

/// One attempt under way.
pub(super) struct Work<'a> {
    pub(super) inner: &'a Inner,
    asker: &'a Asker,
    pub(super) change: Change,
    blobs: Vec<NewBlob>,
    pub(super) written: Vec<Written>,
    pub(super) permits: Vec<Leave>,
    pub(super) touched: HashSet<SubjectNo>,
    /// Persons this change mentions first, with their fresh keys.
    persons: HashMap<PatientId, SubjectNo>,
    fresh: HashMap<SubjectNo, DataKeys>,
    /// Versions written earlier in this change.
    pub(super) versions: HashMap<DocRef, u64>,
    /// Per person: what was written, under which permit.
    pub(super) entries: Vec<Note>,
    /// What is stored under the names of this change.
    pub(super) stored: HashMap<IdTerm, Arc<Opened>>,
    /// Whom its documents speak of: mostly one patient, over and over.
    concerned: HashMap<Vec<String>, Concerned>,
    /// What every entry says besides.
    told: Option<String>,
}

/// A version that comes into the change.
pub(super) struct Version<'a> {
    pub(super) name: &'a DocRef,
    pub(super) id: IdTerm,
    pub(super) subject: Option<SubjectNo>,
    pub(super) category: Category,
    pub(super) no: u64,
    pub(super) deleted: bool,
    pub(super) terms: Vec<Term>,
}

impl<'a> Work<'a> {
    pub(super) fn new(inner: &'a Inner, asker: &'a Asker, deeds: &Deeds) -> Result<Self, VaultFault> {
        Ok(Self {
            stored: inner.stored(deeds)?,
            concerned: HashMap::new(),
            inner,
            asker,
            change: Change::new(inner.part),
            blobs: Vec::new(),
            written: Vec::new(),
            permits: Vec::new(),
            touched: HashSet::new(),
            persons: HashMap::new(),
            fresh: HashMap::new(),
            versions: HashMap::new(),
            entries: Vec::new(),
            told: deeds.told.clone(),
        })
    }

    pub(super) fn decide(
        &mut self,
        action: Action,
        kind: &str,
        record: &IndexRecord,
        name: &DocRef,
    ) -> Result<Leave, Failure> {
        if !self.concerned.contains_key(&record.patients) {
            let concerned = self.inner.concerned(&record.patients)?;
            self.concerned.insert(record.patients.clone(), concerned);
        }
        let concerned = self.concerned.get(&record.patients).unwrap_or(&Concerned::Unknown);
        let decision = self.inner.decide(self.asker, action, kind, &record.labels, concerned);
        decision.map_err(|refusal| Failure::Refused(Box::new((refusal, concerned.clone(), action, name.clone()))))
    }

    pub(super) fn decide_absent(&self, action: Action, name: &DocRef) -> Result<Leave, Failure> {
        self.inner
            .decide_unknown(self.asker, action, &name.kind)
            .map_err(|refusal| Failure::Refused(Box::new((refusal, Concerned::Unknown, action, name.clone()))))
    }

    /// The number of a person that this change or the house knows.
    fn number(&self, patient: &PatientId) -> Option<SubjectNo> {
        let known = |concerned: &Concerned| match concerned {
            Concerned::Persons(persons) => persons.iter().find(|(id, ..)| id == patient).and_then(|(_, no, _)| *no),
            _ => None,
        };
        self.persons.get(patient).copied().or_else(|| self.concerned.values().find_map(known))
    }

    /// The person's number, made now if the house has never heard of them.
    pub(super) fn subject(&mut self, patient: &PatientId) -> Result<SubjectNo, Failure> {
        // Whom a document speaks of was looked up when it was decided upon.
        if let Some(no) = self.number(patient) {
            return Ok(no);
        }
        let no = SubjectNo::random()?;
        let (rows, keys) = keys::fresh(&*self.inner.ring()?, no)?;
        self.change.keys.extend(rows);
        self.change.subjects.push((self.inner.id_term("Patient", patient.as_str()), no));
        self.persons.insert(patient.clone(), no);
        self.fresh.insert(no, keys);
        Ok(no)
    }

    fn key(&self, subject: Option<SubjectNo>, category: Category) -> Result<DataKey, VaultFault> {
        let no = subject.unwrap_or(SubjectNo::HOUSE);
        match self.fresh.get(&no).and_then(|keys| keys.iter().find(|(c, _)| *c == category)) {
            Some((_, key)) => Ok(key.clone()),
            None => self.inner.key(no, category),
        }
    }

    /// Seals one version and puts it into the change; tells the digest of its sealed body in hex, nothing for a deletion.
    pub(super) fn push(
        &mut self,
        version: Version<'_>,
        record: &IndexRecord,
        body: &[u8],
    ) -> Result<String, VaultFault> {
        let Version { name, id, subject, category, no, deleted, terms } = version;
        let key = self.key(subject, category)?;
        let at = |part| self.inner.place(subject, category, &name.kind, &id.0, no, part);
        let index = key.seal(&at(Part::Index), &record.encode()?)?.into_bytes();
        let sealed = seal_body(&key, at, body)?;
        let digest = if deleted { String::new() } else { hex::encode(sealed.digest()) };
        let SealedBody { body, blob } = sealed;
        if let Some(blob) = blob {
            self.change.blobs.push(BlobWrite { document: self.change.documents.len(), blob: blob.blob() });
            self.blobs.push(blob);
        }
        self.versions.insert(name.clone(), no);
        let kind = name.kind.clone();
        self.change.documents.push(DocumentWrite {
            kind,
            id,
            subject,
            category,
            version: no,
            deleted,
            index,
            body,
            terms,
        });
        Ok(digest)
    }

    /// Remembers what was done to whom, for one entry per person and action.
    pub(super) fn note(
        &mut self,
        patients: &[PatientId],
        action: Action,
        permit: &Leave,
        name: &DocRef,
        version: u64,
        digest: &str,
    ) {
        let mut whom: Vec<(Option<SubjectNo>, Option<PatientId>)> = Vec::new();
        for patient in patients {
            whom.push((self.number(patient), Some(patient.clone())));
        }
        if whom.is_empty() {
            whom.push((None, None));
        }
        for (no, patient) in whom {
            let item = (name.clone(), version, digest.to_owned());
            if let Some(note) = self.entries.iter_mut().find(|note| note.patient == patient) {
                note.items.push(item);
            } else {
                let fresh = no.is_some_and(|no| self.fresh.contains_key(&no));
                let (leave, items) = (permit.clone(), vec![item]);
                let events = self.told.iter().cloned().collect();
                self.entries.push(Note { no, patient, action, leave, items, events, fresh });
            }
        }
    }

    /// Puts the entries into the change: what was looked at before and what is done now, said
    /// together for each person.
    pub(super) fn finish(mut self, looked: Vec<Draft>) -> Result<Attempt, VaultFault> {
        let mut drafts = looked;
        drafts.extend(self.entries.iter().map(|note| note.draft(self.asker)));
        for draft in one_each(drafts, None) {
            let key = self.key(draft.subject, Drawer::Audit.category())?;
            self.change.entries.push(self.inner.seal_entry(&draft, Some(&key))?);
        }
        let new_persons = self.persons.values().filter_map(|no| Some((*no, self.fresh.get(no)?.clone()))).collect();
        Ok(Attempt {
            change: self.change,
            blobs: self.blobs,
            written: self.written,
            permits: self.permits,
            touched: self.touched.into_iter().collect(),
            notes: self.entries,
            new_persons,
        })
    }
}
