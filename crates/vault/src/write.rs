//! Writing: every document of one change is read by its language, labelled,
//! decided, sealed and committed together with its log entries, or not at all.

mod keep;

use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest;
use serde_json::Value;
use tacebo_policy::{Action, Labels, Refusal};
use tacebo_seal::{Category, DataKey, IdTerm, Part, SubjectNo, Term};
use tacebo_store::{Change, CommitError, DocumentWrite, Guard, IndexRow};

use crate::asker::Asker;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::document::{DocRef, Document, IndexRecord, pack, stamp, unstamp};
use crate::entry::{Class, Draft, Outcome, field};
use crate::keys::{self, Drawer, Opened};
use crate::look::{Deeds, rest};
use crate::merge::one_each;
use crate::search::ALSO_PARAM;
use crate::speech::PatientId;
use crate::vault::{Inner, Snapshot, Vault};

/// What the caller expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Anything: create or replace.
    Any,
    /// Nothing: this is a create.
    Absent,
    /// This version (`If-Match`).
    Version(u64),
    /// Anything, under an id that the caller chose. Where nothing is there, only an asker
    /// who may write about anybody may create: for others the answer would tell which
    /// ids are taken.
    Chosen,
}

/// One document to write.
#[derive(Clone)]
pub struct Write {
    /// Which document.
    pub name: DocRef,
    /// The new body; `None` deletes.
    pub body: Option<Value>,
    /// What must be there before.
    pub expect: Expect,
    /// Searches whose answer must not have changed since the snapshot: conditional creates.
    pub guards: Vec<(String, String, Snapshot)>,
}

impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Write").field("kind", &self.name.kind).field("expect", &self.expect).finish_non_exhaustive()
    }
}

impl Write {
    /// Puts a body, whatever is there.
    pub fn put(name: DocRef, body: Value) -> Self {
        Self { name, body: Some(body), expect: Expect::Any, guards: Vec::new() }
    }

    /// Creates a document that must not exist.
    pub fn create(name: DocRef, body: Value) -> Self {
        Self { expect: Expect::Absent, ..Self::put(name, body) }
    }

    /// Deletes a document.
    pub fn delete(name: DocRef) -> Self {
        Self { name, body: None, expect: Expect::Any, guards: Vec::new() }
    }

    /// With another expectation.
    #[must_use]
    pub fn expecting(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }
}

/// What became of one [`Write`], with the body as it now reads for a writer.
#[derive(Debug, Clone)]
pub struct Written {
    /// The new version, stamped.
    pub document: Document,
    /// Whether there was none before.
    pub created: bool,
    /// A delete of something that was not there: nothing was written.
    pub nothing: bool,
}

/// Everything one attempt has gathered before it is committed.
struct Attempt {
    change: Change,
    written: Vec<Written>,
    permits: Vec<Leave>,
    /// Persons whose facts change.
    touched: Vec<SubjectNo>,
    /// For the entries of an attempt that somebody else overtakes.
    notes: Vec<Note>,
    new_persons: Vec<(PatientId, SubjectNo, Opened)>,
}

/// How a commit of several deeds ended.
pub(crate) enum Done {
    /// All are written.
    Written(Disclosed<Vec<Written>>),
    /// A version moved on meanwhile: look again. With the entries in case nobody does.
    Overtaken(Vec<Draft>),
    /// A search that a write rested on has another answer now.
    Raced(Vec<Draft>),
}

/// Policy or what is there stopped a commit; with its entries, not recorded yet.
pub(crate) struct Stopped {
    pub refused: Refused,
    pub drafts: Vec<Draft>,
}

enum Failure {
    Refused(Box<(Refusal, Concerned, Action, DocRef)>),
    Denied(Box<Denied>),
    Fault(VaultFault),
}

/// A write that policy allowed and something else stopped.
struct Denied {
    denial: Denial,
    action: Action,
    patients: Vec<PatientId>,
}

impl Failure {
    fn denied(denial: Denial, action: Action, patients: Vec<PatientId>) -> Self {
        Self::Denied(Box::new(Denied { denial, action, patients }))
    }
}

fn ids(patients: &[String]) -> Vec<PatientId> {
    patients.iter().map(PatientId::new).collect()
}

impl<E: Into<VaultFault>> From<E> for Failure {
    fn from(fault: E) -> Self {
        Self::Fault(fault.into())
    }
}

/// Attempts of a write that lost a race it did not ask about.
const RACES: u32 = 24;

impl Vault {
    /// Writes all of `writes` or none.
    ///
    /// # Errors
    /// [`Refused`], recorded for every person concerned.
    pub async fn write(&self, asker: &Asker, writes: Vec<Write>) -> Result<Disclosed<Vec<Written>>, Refused> {
        let inner = &*self.0;
        let deeds = Deeds { writes, keeps: Vec::new() };
        let mut race = 0;
        loop {
            match inner.commit_deeds(asker, &deeds, &[], Vec::new()).await {
                Ok(Done::Written(written)) => return Ok(written),
                Ok(Done::Overtaken(_)) if race < RACES => {
                    race += 1;
                    rest(race).await;
                }
                // The search was before this call: only its asker can search again.
                Ok(Done::Overtaken(drafts) | Done::Raced(drafts)) => {
                    return Err(inner.unanswered(drafts, Refused::new(Denial::Raced, Vec::new())).await);
                }
                Err(Stopped { refused, drafts }) => return Err(inner.unanswered(drafts, refused).await),
            }
        }
    }
}

impl Inner {
    /// One attempt to commit all deeds of an ask with the entries of what it looked at before.
    pub(crate) async fn commit_deeds(
        &self,
        asker: &Asker,
        deeds: &Deeds,
        looked: &[Draft],
        leaves: Vec<Leave>,
    ) -> Result<Done, Stopped> {
        let Attempt { change, mut written, mut permits, touched, notes, new_persons } =
            self.attempt(asker, deeds, looked)?;
        let overtaken = || looked.iter().cloned().chain(notes.iter().map(|note| note.undone(asker))).collect();
        match self.store.commit(change).await {
            Ok(committed) => {
                for (patient, no, keys) in new_persons {
                    self.keys.remember(no, &keys);
                    self.persons.insert(patient.as_str().to_owned(), no);
                }
                for subject in touched {
                    self.profiles.forget(subject);
                }
                for one in &mut written {
                    if !one.nothing {
                        let document = &mut one.document;
                        document.time_us = committed.time_us;
                        stamp(&mut document.body, &document.name.id, document.version, committed.time_us);
                    }
                }
                permits.extend(leaves);
                Ok(Done::Written(Disclosed::new(written, &permits, committed.receipts)))
            }
            Err(CommitError::VersionMismatch { .. } | CommitError::SubjectTaken { .. }) => {
                Ok(Done::Overtaken(overtaken()))
            }
            Err(CommitError::Conflict { .. }) => Ok(Done::Raced(overtaken())),
            Err(error) => Err(VaultFault::from(error).into()),
        }
    }

    fn attempt(&self, asker: &Asker, deeds: &Deeds, looked: &[Draft]) -> Result<Attempt, Stopped> {
        let mut work = Work::new(self, asker);
        let done = deeds
            .writes
            .iter()
            .try_for_each(|write| work.one(write))
            .and_then(|()| deeds.keeps.iter().try_for_each(|kept| work.keep(kept)));
        match done {
            Ok(()) => Ok(work.finish(looked.to_vec())?),
            Err(failure) => {
                // Those already decided about are concerned too, and nothing was done to them.
                let mut drafts = looked.to_vec();
                drafts.extend(work.entries.iter().map(|note| note.undone(asker)));
                Err(self.stopped(asker, failure, deeds, drafts)?)
            }
        }
    }

    fn stopped(
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

impl From<VaultFault> for Stopped {
    fn from(fault: VaultFault) -> Self {
        Self { refused: fault.into(), drafts: Vec::new() }
    }
}

/// Document, version, SHA-256 of its sealed body in hex (empty for a deletion).
type Item = (DocRef, u64, String);

/// What was done to one person, or to nobody: one log entry.
struct Note {
    no: Option<SubjectNo>,
    patient: Option<PatientId>,
    action: Action,
    leave: Leave,
    items: Vec<Item>,
    events: Vec<String>,
    /// Whether the person has no keys before this commit.
    fresh: bool,
}

impl Note {
    fn draft(&self, asker: &Asker) -> Draft {
        let items = self.items.iter().map(|(name, version, _)| (name.kind.as_str(), name.id.as_str(), *version));
        let mut draft = Draft::new(asker, self.action, Outcome::Done, Class::Change)
            .of(self.no, self.patient.as_ref().map(PatientId::as_str))
            .items(items)
            .by(&self.leave);
        draft.put(field::DIGESTS, &digests(&self.items));
        self.told(draft)
    }

    /// The same when nothing came of it: no version, no digest, and no keys that are only to be.
    fn undone(&self, asker: &Asker) -> Draft {
        let items = self.items.iter().map(|(name, ..)| (name.kind.as_str(), name.id.as_str(), 0));
        let draft = Draft::new(asker, self.action, Outcome::Failed, Class::Refusal)
            .of(self.no.filter(|_| !self.fresh), self.patient.as_ref().map(PatientId::as_str))
            .items(items);
        self.told(draft)
    }

    fn told(&self, mut draft: Draft) -> Draft {
        if !self.events.is_empty() {
            draft.put(field::DETAIL, &self.events.join("; "));
        }
        draft
    }
}

/// One attempt under way.
struct Work<'a> {
    inner: &'a Inner,
    asker: &'a Asker,
    change: Change,
    written: Vec<Written>,
    permits: Vec<Leave>,
    touched: HashSet<SubjectNo>,
    /// Persons this change mentions first, with their fresh keys.
    persons: HashMap<PatientId, SubjectNo>,
    fresh: HashMap<SubjectNo, Opened>,
    /// Versions written earlier in this change.
    versions: HashMap<DocRef, u64>,
    /// Per person: what was written, under which permit.
    entries: Vec<Note>,
}

impl<'a> Work<'a> {
    fn new(inner: &'a Inner, asker: &'a Asker) -> Self {
        Self {
            inner,
            asker,
            change: Change::new(inner.part),
            written: Vec::new(),
            permits: Vec::new(),
            touched: HashSet::new(),
            persons: HashMap::new(),
            fresh: HashMap::new(),
            versions: HashMap::new(),
            entries: Vec::new(),
        }
    }

    fn one(&mut self, write: &Write) -> Result<(), Failure> {
        let inner = self.inner;
        let name = &write.name;
        let id = inner.id_term(&name.kind, &name.id);
        let stored = inner.store.current(inner.part, &name.kind, &id)?.map(|found| found.row);
        let before = match &stored {
            Some(row) => Some((row, inner.open_index(row)?)),
            None => None,
        };
        let earlier = self.versions.get(name).copied();
        let current = earlier.or(stored.as_ref().map(|row| row.version));
        let exists = earlier.is_some() || stored.as_ref().is_some_and(|row| !row.deleted);
        let action = match (&write.body, exists) {
            (None, _) => Action::Delete,
            (Some(_), true) => Action::Update,
            (Some(_), false) => Action::Create,
        };
        // What somebody asked for who cannot know whether it is there.
        let asked = match (action, write.expect) {
            (Action::Create, Expect::Chosen | Expect::Version(_)) => Action::Update,
            (action, _) => action,
        };
        // What is there now must be open to the change before its version says anything.
        let mut permit = None;
        if let Some((row, record)) = before.as_ref().filter(|(row, _)| !row.deleted) {
            permit = Some(self.decide(action, &row.kind, record, name)?);
        }
        let of = match (&permit, &before) {
            (Some(_), Some((_, record))) => ids(&record.patients),
            _ => Vec::new(),
        };
        match write.expect {
            Expect::Chosen => {
                if !exists && write.body.is_some() {
                    self.decide_absent(asked, name)?;
                }
            }
            Expect::Absent if exists => {
                return Err(Failure::denied(Denial::Precondition { current }, asked, of));
            }
            Expect::Version(version) if current != Some(version) || !exists => {
                // Without a permit on what is there the refusal must not tell whether it is there.
                if permit.is_none() {
                    self.decide_absent(asked, name)?;
                }
                return Err(Failure::denied(Denial::Precondition { current }, asked, of));
            }
            Expect::Any | Expect::Absent | Expect::Version(_) => {}
        }
        for (param, value, seen) in &write.guards {
            self.change.guards.push(Guard { term: inner.blinder.term(param, value), seen: seen.0 });
        }
        match &write.body {
            Some(body) => self.put(name, id, body.clone(), action, current, exists, permit.map(|leave| (leave, of))),
            None if exists => {
                let (Some((row, record)), Some(permit)) = (before, permit) else {
                    let why = Denial::Invalid("a change cannot delete what it wrote itself".into());
                    return Err(Failure::denied(why, action, Vec::new()));
                };
                self.delete(name, id, row, &record, current.unwrap_or(0), permit)
            }
            None => {
                let permit = self.decide_absent(action, name)?;
                self.note(&[], Action::Delete, &permit, name, 0, "")?;
                self.permits.push(permit);
                let document = blank(name, current.unwrap_or(0));
                self.written.push(Written { document, created: false, nothing: true });
                Ok(())
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `one`, split for reading")]
    fn put(
        &mut self,
        name: &DocRef,
        id: IdTerm,
        mut body: Value,
        action: Action,
        current: Option<u64>,
        exists: bool,
        before: Option<(Leave, Vec<PatientId>)>,
    ) -> Result<(), Failure> {
        let inner = self.inner;
        unstamp(&mut body);
        let Some(speech) = inner.speech(&name.kind) else {
            let why = Denial::Invalid(format!("documents of kind `{}` are not kept here", name.kind));
            return Err(Failure::denied(why, action, Vec::new()));
        };
        let digest = speech
            .digest(&name.kind, &body)
            .map_err(|why| Failure::denied(Denial::Invalid(why), action, Vec::new()))?;
        let record = IndexRecord {
            id: name.id.clone(),
            labels: inner.engine.labeller().label(&name.kind, &body),
            patients: digest.patients.iter().map(|p| p.as_str().to_owned()).collect(),
            facts: digest.facts,
            params: digest.params,
        };
        let permit = self.decide(action, &name.kind, &record, name)?;
        let mut terms: Vec<Term> = digest.terms.iter().map(|(param, value)| inner.blinder.term(param, value)).collect();
        for also in digest.patients.iter().skip(1) {
            terms.push(inner.blinder.term(ALSO_PARAM, also.as_str()));
        }
        terms.sort_unstable();
        terms.dedup();
        let subject = match digest.patients.first() {
            Some(owner) => Some(self.subject(owner)?),
            None => None,
        };
        for also in digest.patients.iter().skip(1) {
            self.subject(also)?;
        }
        if let Some(no) = subject
            && speech.fact_kinds().contains(&name.kind.as_str())
        {
            self.touched.insert(no);
        }
        let version = current.unwrap_or(0) + 1;
        let category = Drawer::of(record.labels.category).category();
        let packed = pack(&body)?;
        let (index, sealed) = self.seal(subject, category, name, id, version, &record, &packed)?;
        let digest_hex = hex::encode(digest::digest(&digest::SHA256, &sealed));
        self.change.documents.push(DocumentWrite {
            kind: name.kind.clone(),
            id,
            subject,
            category,
            version,
            deleted: false,
            index,
            body: sealed,
            terms,
        });
        self.versions.insert(name.clone(), version);
        self.note(&digest.patients, action, &permit, name, version, &digest_hex)?;
        self.permits.push(permit);
        if let Some((leave, earlier)) = before {
            // Taken from one person and given to another: an entry for both.
            let left: Vec<PatientId> = earlier.into_iter().filter(|p| !digest.patients.contains(p)).collect();
            if !left.is_empty() {
                self.note(&left, action, &leave, name, version, "")?;
            }
            self.permits.push(leave);
        }
        let document = Document { body, ..blank(name, version) };
        self.written.push(Written { document, created: !exists, nothing: false });
        Ok(())
    }

    fn delete(
        &mut self,
        name: &DocRef,
        id: IdTerm,
        row: &IndexRow,
        record: &IndexRecord,
        current: u64,
        permit: Leave,
    ) -> Result<(), Failure> {
        let version = current + 1;
        // The tombstone keeps labels and persons, so that policy is asked about it as before.
        let tombstone = IndexRecord { facts: Vec::new(), params: Vec::new(), ..record.clone() };
        let (index, body) = self.seal(row.subject, row.category, name, id, version, &tombstone, &[])?;
        self.change.documents.push(DocumentWrite {
            kind: name.kind.clone(),
            id,
            subject: row.subject,
            category: row.category,
            version,
            deleted: true,
            index,
            body,
            terms: Vec::new(),
        });
        self.touched.extend(row.subject);
        self.versions.insert(name.clone(), version);
        let patients: Vec<PatientId> = record.patients.iter().map(PatientId::new).collect();
        self.note(&patients, Action::Delete, &permit, name, version, "")?;
        self.permits.push(permit);
        let document = Document { deleted: true, ..blank(name, version) };
        self.written.push(Written { document, created: false, nothing: false });
        Ok(())
    }

    fn decide(&self, action: Action, kind: &str, record: &IndexRecord, name: &DocRef) -> Result<Leave, Failure> {
        let (decision, concerned) = self.inner.decide_record(self.asker, action, kind, record)?;
        decision.map_err(|refusal| Failure::Refused(Box::new((refusal, concerned, action, name.clone()))))
    }

    fn decide_absent(&self, action: Action, name: &DocRef) -> Result<Leave, Failure> {
        self.inner
            .decide_unknown(self.asker, action, &name.kind)
            .map_err(|refusal| Failure::Refused(Box::new((refusal, Concerned::Unknown, action, name.clone()))))
    }

    /// The person's number, made now if the house has never heard of them.
    fn subject(&mut self, patient: &PatientId) -> Result<SubjectNo, Failure> {
        if let Some(no) = self.persons.get(patient) {
            return Ok(*no);
        }
        if let Some(no) = self.inner.person(patient)? {
            return Ok(no);
        }
        let no = SubjectNo::random()?;
        let (rows, keys) = keys::fresh(&self.inner.ring(), no)?;
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

    #[expect(clippy::too_many_arguments, reason = "the place of a message has that many coordinates")]
    fn seal(
        &self,
        subject: Option<SubjectNo>,
        category: Category,
        name: &DocRef,
        id: IdTerm,
        version: u64,
        record: &IndexRecord,
        body: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), VaultFault> {
        let key = self.key(subject, category)?;
        let at = |part| self.inner.place(subject, category, &name.kind, &id.0, version, part);
        let index = key.seal(&at(Part::Index), &record.encode()?)?.into_bytes();
        let body = key.seal(&at(Part::Body), body)?.into_bytes();
        Ok((index, body))
    }

    /// Remembers what was done to whom, for one entry per person and action.
    fn note(
        &mut self,
        patients: &[PatientId],
        action: Action,
        permit: &Leave,
        name: &DocRef,
        version: u64,
        digest: &str,
    ) -> Result<(), Failure> {
        let mut whom: Vec<(Option<SubjectNo>, Option<PatientId>)> = Vec::new();
        for patient in patients {
            let no = match self.persons.get(patient) {
                Some(no) => Some(*no),
                None => self.inner.person(patient)?,
            };
            whom.push((no, Some(patient.clone())));
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
                self.entries.push(Note { no, patient, action, leave, items, events: Vec::new(), fresh });
            }
        }
        Ok(())
    }

    /// Puts the entries into the change: what was looked at before and what is done now, said
    /// together for each person.
    fn finish(mut self, looked: Vec<Draft>) -> Result<Attempt, VaultFault> {
        let mut drafts = looked;
        drafts.extend(self.entries.iter().map(|note| note.draft(self.asker)));
        for draft in one_each(drafts, None) {
            let key = self.key(draft.subject, Drawer::Audit.category())?;
            self.change.entries.push(self.inner.seal_entry(&draft, Some(&key))?);
        }
        let new_persons = self
            .persons
            .iter()
            .filter_map(|(patient, no)| Some((patient.clone(), *no, self.fresh.get(no)?.clone())))
            .collect();
        Ok(Attempt {
            change: self.change,
            written: self.written,
            permits: self.permits,
            touched: self.touched.into_iter().collect(),
            notes: self.entries,
            new_persons,
        })
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

fn blank(name: &DocRef, version: u64) -> Document {
    // A writer is shown no marks.
    let labels = Labels::strictest();
    Document { name: name.clone(), version, time_us: 0, deleted: false, body: Value::Null, veiled: false, labels }
}
