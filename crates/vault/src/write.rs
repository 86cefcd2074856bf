//! Writing: every document of one change is read by its language, labelled,
//! decided, sealed and committed together with its log entries, or not at all.

mod keep;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aws_lc_rs::digest;
use serde_json::Value;
use tacebo_policy::{Action, Refusal};
use tacebo_seal::{Category, DataKey, IdTerm, Part, SubjectNo, Term};
use tacebo_store::{Change, CommitError, DocumentWrite, Guard, Rid};

use crate::asker::Asker;
use crate::body::Body;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::document::{DocRef, IndexRecord};
use crate::entry::{Class, Draft, Outcome, field};
use crate::hot::Opened;
use crate::keys::{self, DataKeys, Drawer};
use crate::look::{Deeds, rest};
use crate::merge::one_each;
use crate::pack::{stamped, unstamp};
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
    /// The new body, without what the house says of a version; `None` deletes.
    pub body: Option<Arc<Value>>,
    /// What must be there before.
    pub expect: Expect,
    /// Searches whose answer must not have changed since the snapshot: conditional creates.
    pub guards: Vec<(String, String, Snapshot)>,
    /// The writer has not seen what he keeps, and is not shown it.
    pub unseen: bool,
}

impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Write").field("kind", &self.name.kind).field("expect", &self.expect).finish_non_exhaustive()
    }
}

impl Write {
    /// Puts a body, whatever is there.
    pub fn put(name: DocRef, body: impl Into<Arc<Value>>) -> Self {
        let mut body = body.into();
        unstamp(&mut body);
        Self { name, body: Some(body), expect: Expect::Any, guards: Vec::new(), unseen: false }
    }

    /// Creates a document that must not exist.
    pub fn create(name: DocRef, body: impl Into<Arc<Value>>) -> Self {
        Self { expect: Expect::Absent, ..Self::put(name, body) }
    }

    /// Deletes a document.
    pub fn delete(name: DocRef) -> Self {
        Self { name, body: None, expect: Expect::Any, guards: Vec::new(), unseen: false }
    }

    /// With another expectation.
    #[must_use]
    pub fn expecting(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }
}

/// What became of one [`Write`].
#[derive(Clone)]
pub struct Written {
    /// Which document.
    pub name: DocRef,
    /// The new version.
    pub version: u64,
    /// Commit time, microseconds since the Unix epoch.
    pub time_us: i64,
    /// Whether this version is a deletion.
    pub deleted: bool,
    /// Whether there was none before.
    pub created: bool,
    /// A delete of something that was not there: nothing was written.
    pub nothing: bool,
    body: Option<Arc<Value>>,
}

impl Written {
    /// The body as it now reads for its writer, stamped with version and time.
    pub fn body(&self) -> Body {
        let Some(body) = &self.body else { return Body::default() };
        // It was packed a moment ago, so it is JSON.
        let text = stamped(body, &self.name.id, self.version, self.time_us).unwrap_or_default();
        Body::of(Arc::new(text))
    }

    fn new(name: &DocRef, version: u64) -> Self {
        let (deleted, created, nothing) = (false, false, false);
        Self { name: name.clone(), version, time_us: 0, deleted, created, nothing, body: None }
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written").field("kind", &self.name.kind).field("version", &self.version).finish_non_exhaustive()
    }
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
    new_persons: Vec<(PatientId, SubjectNo, DataKeys)>,
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
        match self.commit(change, touched).await {
            Ok(committed) => {
                for (patient, no, keys) in new_persons {
                    self.keys.remember(no, &keys);
                    self.persons.insert(patient.as_str().to_owned(), no);
                }
                for one in written.iter_mut().filter(|one| !one.nothing) {
                    one.time_us = committed.time_us;
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

    /// What is stored under the names of these deeds.
    fn stored(&self, deeds: &Deeds) -> Result<HashMap<IdTerm, Arc<Opened>>, VaultFault> {
        let names: Vec<DocRef> = deeds.names().collect();
        let names: Vec<(&str, IdTerm)> =
            names.iter().map(|name| (&*name.kind, self.id_term(&name.kind, &name.id))).collect();
        let found: Vec<(IdTerm, Rid)> = self.currents(&names)?;
        let rids: Vec<Rid> = found.iter().map(|(_, rid)| *rid).collect();
        Ok(found.into_iter().map(|(id, _)| id).zip(self.opened(&rids)?).collect())
    }

    fn attempt(&self, asker: &Asker, deeds: &Deeds, looked: &[Draft]) -> Result<Attempt, Stopped> {
        let mut work = Work::new(self, asker, deeds)?;
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
        draft.put(field::DIGESTS, digests(&self.items));
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
            draft.put(field::DETAIL, self.events.join("; "));
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
    fresh: HashMap<SubjectNo, DataKeys>,
    /// Versions written earlier in this change.
    versions: HashMap<DocRef, u64>,
    /// Per person: what was written, under which permit.
    entries: Vec<Note>,
    /// What is stored under the names of this change.
    stored: HashMap<IdTerm, Arc<Opened>>,
    /// Whom its documents speak of: mostly one patient, over and over.
    concerned: HashMap<Vec<String>, Concerned>,
}

impl<'a> Work<'a> {
    fn new(inner: &'a Inner, asker: &'a Asker, deeds: &Deeds) -> Result<Self, VaultFault> {
        Ok(Self {
            stored: inner.stored(deeds)?,
            concerned: HashMap::new(),
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
        })
    }

    fn one(&mut self, write: &Write) -> Result<(), Failure> {
        let inner = self.inner;
        let name = &write.name;
        let id = inner.id_term(&name.kind, &name.id);
        let before = self.stored.get(&id).cloned();
        let before = before.as_deref();
        let earlier = self.versions.get(name).copied();
        let current = earlier.or(before.map(|found| found.row.version));
        let exists = earlier.is_some() || before.is_some_and(|found| !found.row.deleted);
        // Facts taken from one person and given to another change what is known of both.
        self.touched.extend(before.filter(|found| !found.record.facts.is_empty()).and_then(|found| found.row.subject));
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
        if let Some(found) = before.filter(|found| !found.row.deleted) {
            permit = Some(self.decide(action, &found.row.kind, &found.record, name)?);
        }
        let of = match (&permit, before) {
            (Some(_), Some(found)) => ids(&found.record.patients),
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
            Some(body) => {
                self.put(name, id, body, action, current, exists, permit.map(|leave| (leave, of)))?;
                if let Some(written) = self.written.last_mut().filter(|_| write.unseen) {
                    written.body = None;
                }
                Ok(())
            }
            None if exists => {
                let (Some(found), Some(permit)) = (before, permit) else {
                    let why = Denial::Invalid("a change cannot delete what it wrote itself".into());
                    return Err(Failure::denied(why, action, Vec::new()));
                };
                self.delete(name, id, found, current.unwrap_or(0), permit)
            }
            None => {
                let permit = self.decide_absent(action, name)?;
                self.note(&[], Action::Delete, &permit, name, 0, "");
                self.permits.push(permit);
                self.written.push(Written { nothing: true, ..Written::new(name, current.unwrap_or(0)) });
                Ok(())
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `one`, split for reading")]
    fn put(
        &mut self,
        name: &DocRef,
        id: IdTerm,
        body: &Arc<Value>,
        action: Action,
        current: Option<u64>,
        exists: bool,
        before: Option<(Leave, Vec<PatientId>)>,
    ) -> Result<(), Failure> {
        let inner = self.inner;
        let Some(speech) = inner.speech(&name.kind) else {
            let why = Denial::Invalid(format!("documents of kind `{}` are not kept here", name.kind));
            return Err(Failure::denied(why, action, Vec::new()));
        };
        let digest =
            speech.digest(&name.kind, body).map_err(|why| Failure::denied(Denial::Invalid(why), action, Vec::new()))?;
        let record = IndexRecord {
            id: name.id.clone(),
            labels: inner.engine.labeller().label(&name.kind, body),
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
        let packed = inner.packer.pack_version(body, &name.id, version)?;
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
        self.note(&digest.patients, action, &permit, name, version, &digest_hex);
        self.permits.push(permit);
        if let Some((leave, earlier)) = before {
            // Taken from one person and given to another: an entry for both.
            let left: Vec<PatientId> = earlier.into_iter().filter(|p| !digest.patients.contains(p)).collect();
            if !left.is_empty() {
                self.note(&left, action, &leave, name, version, "");
            }
            self.permits.push(leave);
        }
        let body = Some(Arc::clone(body));
        self.written.push(Written { created: !exists, body, ..Written::new(name, version) });
        Ok(())
    }

    fn delete(
        &mut self,
        name: &DocRef,
        id: IdTerm,
        found: &Opened,
        current: u64,
        permit: Leave,
    ) -> Result<(), Failure> {
        let Opened { row, record, .. } = found;
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
        self.note(&patients, Action::Delete, &permit, name, version, "");
        self.permits.push(permit);
        self.written.push(Written { deleted: true, ..Written::new(name, version) });
        Ok(())
    }

    fn decide(&mut self, action: Action, kind: &str, record: &IndexRecord, name: &DocRef) -> Result<Leave, Failure> {
        if !self.concerned.contains_key(&record.patients) {
            let concerned = self.inner.concerned(&record.patients)?;
            self.concerned.insert(record.patients.clone(), concerned);
        }
        let concerned = self.concerned.get(&record.patients).unwrap_or(&Concerned::Unknown);
        let decision = self.inner.decide(self.asker, action, kind, &record.labels, concerned);
        decision.map_err(|refusal| Failure::Refused(Box::new((refusal, concerned.clone(), action, name.clone()))))
    }

    fn decide_absent(&self, action: Action, name: &DocRef) -> Result<Leave, Failure> {
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
    fn subject(&mut self, patient: &PatientId) -> Result<SubjectNo, Failure> {
        // Whom a document speaks of was looked up when it was decided upon.
        if let Some(no) = self.number(patient) {
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
                self.entries.push(Note { no, patient, action, leave, items, events: Vec::new(), fresh });
            }
        }
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
