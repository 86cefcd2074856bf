//! The house's own records: accounts with their sessions, tickets, reviews. Typed values, kept
//! as documents like everything else, each write with its log entry.

use aws_lc_rs::digest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tacebo_policy::{Action, Fact};
use tacebo_seal::{Part, SubjectNo};
use tacebo_store::{Change, CommitError, DocumentWrite, Guard, IndexRow};

use crate::asker::Asker;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::document::{DocRef, IndexRecord, pack, unpack};
use crate::entry::{Class, Draft, Outcome, field};
use crate::keys::{self, Drawer};
use crate::speech::PatientId;
use crate::vault::{Inner, Snapshot, Vault};
use crate::write::Expect;

/// Break-glass tickets: read by the vault itself for every decision.
pub(crate) const TICKET_KIND: &str = "BreakGlass";

/// Requests for access: an accepted one carries a fact about its patient.
pub(crate) const REQUEST_KIND: &str = "AccessRequest";

/// A kind of house record. The list is closed: what is operational may be read by
/// the rooms above without an entry (a session look-up is no disclosure of patient
/// data); what is personal goes through [`Vault::disclose_records`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Staff and patient accounts.
    Account,
    /// API clients.
    Client,
    /// Break-glass tickets.
    Ticket,
    /// Reviews of break-glass tickets.
    Review,
    /// Proofs that a notice was read, consent given or refused.
    Notice,
    /// Requests for access that a doctor sent.
    Request,
}

impl RecordKind {
    /// The kind's name at rest and in policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "UserAccount",
            Self::Client => "ClientRegistration",
            Self::Ticket => TICKET_KIND,
            Self::Review => "BreakGlassReview",
            Self::Notice => "NoticeProof",
            Self::Request => REQUEST_KIND,
        }
    }

    fn is_operational(self) -> bool {
        matches!(self, Self::Account | Self::Client)
    }
}

/// One current house record.
#[derive(Clone)]
pub struct Record<T> {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u64,
    /// When this version was committed, microseconds since the Unix epoch.
    pub time_us: i64,
    /// The patient it speaks of, if any.
    pub patient: Option<String>,
    /// The value.
    pub value: T,
}

impl<T> std::fmt::Debug for Record<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("version", &self.version).finish_non_exhaustive()
    }
}

/// A record to keep.
pub struct Keep<'a, T> {
    /// Its kind.
    pub kind: RecordKind,
    /// Its id.
    pub id: &'a str,
    /// The value.
    pub value: &'a T,
    /// The patient it speaks of: sealed under that person's key.
    pub patient: Option<&'a PatientId>,
    /// Terms by which it is found.
    pub terms: Vec<(String, String)>,
    /// What must be there before.
    pub expect: Expect,
    /// Names that must still be free since the snapshot.
    pub guards: Vec<(String, String, Snapshot)>,
    /// What it says about the patient for decisions; in force for as long as this version is current.
    pub facts: Vec<Fact>,
    /// The action policy is asked about and the log names.
    pub action: Action,
    /// A word for the log: `account-created`, `logged-in` …
    pub event: &'a str,
}

impl<T> std::fmt::Debug for Keep<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keep").field("kind", &self.kind).field("event", &self.event).finish_non_exhaustive()
    }
}

impl<'a, T> Keep<'a, T> {
    /// A record of the house about nobody in particular.
    pub fn new(kind: RecordKind, id: &'a str, value: &'a T, action: Action, event: &'a str) -> Self {
        let (patient, terms, guards, facts) = (None, Vec::new(), Vec::new(), Vec::new());
        Self { kind, id, value, patient, terms, expect: Expect::Any, guards, facts, action, event }
    }
}

impl Vault {
    /// An operational record by id.
    ///
    /// # Errors
    /// A fault of the store, or a personal kind asked for here.
    pub fn record<T: DeserializeOwned>(&self, kind: RecordKind, id: &str) -> Result<Option<Record<T>>, VaultFault> {
        operational(kind)?;
        let inner = &*self.0;
        let id = inner.id_term(kind.as_str(), id);
        let row = inner.store.current(inner.part, kind.as_str(), &id)?.map(|found| found.row);
        match row.filter(|row| !row.deleted) {
            Some(row) => inner.open_record(&row).map(Some),
            None => Ok(None),
        }
    }

    /// Operational records found under a term.
    ///
    /// # Errors
    /// As [`Vault::record`].
    pub fn records_by<T: DeserializeOwned>(
        &self,
        kind: RecordKind,
        param: &str,
        value: &str,
    ) -> Result<Vec<Record<T>>, VaultFault> {
        operational(kind)?;
        self.0.records_under(kind, param, value)
    }

    /// All operational records of a kind, newest first.
    ///
    /// # Errors
    /// As [`Vault::record`].
    pub fn records<T: DeserializeOwned>(&self, kind: RecordKind) -> Result<Vec<Record<T>>, VaultFault> {
        operational(kind)?;
        let inner = &*self.0;
        let rows = inner.store.by_kind(inner.part, kind.as_str(), 0, LIST_CAP, None)?;
        rows.iter().rev().filter(|row| !row.deleted).map(|row| inner.open_record(row)).collect()
    }

    /// Personal records, decided one by one and logged: those of one patient, or all
    /// of a kind that `asker` may see, newest first.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn disclose_records<T: DeserializeOwned>(
        &self,
        asker: &Asker,
        action: Action,
        kind: RecordKind,
        patient: Option<&PatientId>,
    ) -> Result<Disclosed<Vec<Record<T>>>, Refused> {
        let inner = &*self.0;
        let name = kind.as_str();
        let rows = match patient {
            Some(patient) => match inner.person(patient)? {
                Some(no) => inner.store.by_subject(inner.part, no, &[name], None),
                None => Ok(Vec::new()),
            },
            None => inner.store.by_kind(inner.part, name, 0, LIST_CAP, None),
        }
        .map_err(VaultFault::from)?;
        let mut seen = Vec::new();
        let mut leaves = Vec::new();
        let mut drafts = Vec::new();
        for row in rows.iter().filter(|row| !row.deleted) {
            let index = inner.open_index(row)?;
            let (decision, concerned) = inner.decide_record(asker, action, name, &index)?;
            let Ok(leave) = decision else { continue };
            let record: Record<T> = inner.open_record(row)?;
            for (no, patient) in concerned.each() {
                drafts.push(
                    Draft::new(asker, action, Outcome::Done, Class::Disclosure)
                        .of(no, patient.map(PatientId::as_str))
                        .items([(name, record.id.as_str(), record.version)].into_iter())
                        .by(&leave),
                );
            }
            leaves.push(leave);
            seen.push(record);
        }
        if seen.is_empty() {
            let concerned = match patient {
                Some(patient) => inner.concerned(&[patient.as_str().to_owned()])?,
                None => Concerned::Nobody,
            };
            let labels = inner.engine.labeller().of_kind(name);
            if let Err(refusal) = inner.decide(asker, action, name, labels, &concerned) {
                let of = DocRef::new(name, "");
                return Err(inner.refused(asker, action, &of, &refusal, &concerned).await?);
            }
            drafts.push(Draft::new(asker, action, Outcome::Done, Class::Disclosure).items([].into_iter()));
        }
        let receipts = inner.log(&drafts).await?;
        Ok(Disclosed::new(seen, &leaves, receipts))
    }

    /// Keeps a record, with its log entry in the same commit.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn keep<T: Serialize>(&self, asker: &Asker, keep: &Keep<'_, T>) -> Result<Disclosed<u64>, Refused> {
        self.keep_with(asker, keep, Vec::new()).await
    }

    /// As [`Vault::keep`], with the vault's own search record.
    pub(crate) async fn keep_with<T: Serialize>(
        &self,
        asker: &Asker,
        keep: &Keep<'_, T>,
        params: Vec<u8>,
    ) -> Result<Disclosed<u64>, Refused> {
        let inner = &*self.0;
        let kind = keep.kind.as_str();
        let name = DocRef::new(kind, keep.id);
        let patients: Vec<String> = keep.patient.iter().map(|p| p.as_str().to_owned()).collect();
        let value = serde_json::to_value(keep.value).map_err(|_| VaultFault::Decode("record value"))?;
        for _ in 0..RACES {
            let concerned = inner.concerned(&patients)?;
            let labels = inner.engine.labeller().of_kind(kind);
            let leave = match inner.decide(asker, keep.action, kind, labels, &concerned) {
                Ok(leave) => leave,
                Err(refusal) => return Err(inner.refused(asker, keep.action, &name, &refusal, &concerned).await?),
            };
            let record = IndexRecord {
                id: keep.id.to_owned(),
                labels: labels.clone(),
                patients: patients.clone(),
                facts: keep.facts.clone(),
                params: params.clone(),
            };
            let (change, version) = match inner.record_change(asker, keep, &record, &value, &concerned, &leave)? {
                Ok(ready) => ready,
                Err(current) => {
                    let mut draft = Draft::new(asker, keep.action, Outcome::Failed, Class::House);
                    draft.put(field::DETAIL, keep.event);
                    let receipts = inner.log(&[draft]).await?;
                    return Err(Refused::new(Denial::Precondition { current }, receipts));
                }
            };
            match inner.store.commit(change).await {
                Ok(committed) => {
                    if let Some(no) = concerned.owner() {
                        inner.profiles.forget(no);
                    }
                    return Ok(Disclosed::new(version, &[leave], committed.receipts));
                }
                Err(CommitError::VersionMismatch { .. }) if keep.expect == Expect::Any => {}
                Err(CommitError::SubjectTaken { .. }) => {}
                Err(CommitError::Conflict { .. } | CommitError::VersionMismatch { .. }) => {
                    let draft = Draft::new(asker, keep.action, Outcome::Failed, Class::House);
                    let receipts = inner.log(&[draft]).await?;
                    return Err(Refused::new(Denial::Precondition { current: None }, receipts));
                }
                Err(error) => return Err(VaultFault::from(error).into()),
            }
        }
        Err(VaultFault::Folder("a record kept losing its race".into()).into())
    }

    /// Writes an entry about something that has no document: a failed log-in, a
    /// verification, a start.
    ///
    /// # Errors
    /// [`Refused`] only when the log cannot be written.
    pub async fn note(
        &self,
        asker: &Asker,
        action: Action,
        outcome: Outcome,
        detail: &str,
    ) -> Result<Vec<tacebo_ledger::Receipt>, Refused> {
        let mut draft = Draft::new(asker, action, outcome, Class::House);
        draft.put(field::DETAIL, detail);
        Ok(self.0.log(&[draft]).await?)
    }
}

/// Records listed or found at once at most.
const LIST_CAP: usize = 20_000;
const RACES: u32 = 24;

fn operational(kind: RecordKind) -> Result<(), VaultFault> {
    if kind.is_operational() {
        Ok(())
    } else {
        Err(VaultFault::Decode("a personal record was asked for without a decision"))
    }
}

impl Inner {
    /// Current records of any kind found under a term; who asks must have been asked before.
    pub(crate) fn records_under<T: DeserializeOwned>(
        &self,
        kind: RecordKind,
        param: &str,
        value: &str,
    ) -> Result<Vec<Record<T>>, VaultFault> {
        let term = self.blinder.term(&format!("{}#{param}", kind.as_str()), value);
        let rows = self.store.by_terms(self.part, &[term], None, LIST_CAP)?;
        rows.iter().filter(|row| !row.deleted).map(|row| self.open_record(row)).collect()
    }

    fn open_record<T: DeserializeOwned>(&self, row: &IndexRow) -> Result<Record<T>, VaultFault> {
        let index = self.open_index(row)?;
        let body = self
            .store
            .bodies(self.part, &[row.rid])?
            .into_iter()
            .next()
            .ok_or(VaultFault::Decode("a record without a body"))?;
        let key = self.key(row.subject.unwrap_or(SubjectNo::HOUSE), row.category)?;
        let place = self.place(row.subject, row.category, &row.kind, &row.id.0, row.version, Part::Body);
        let value: Value = unpack(&key.open(&place, &body)?)?;
        let value = serde_json::from_value(value).map_err(|_| VaultFault::Decode("record value"))?;
        let patient = index.patients.into_iter().next();
        Ok(Record { id: index.id, version: row.version, time_us: row.time_us, patient, value })
    }

    /// Builds the commit; `Err(current)` when the expectation does not hold.
    fn record_change<T>(
        &self,
        asker: &Asker,
        keep: &Keep<'_, T>,
        record: &IndexRecord,
        value: &Value,
        concerned: &Concerned,
        leave: &Leave,
    ) -> Result<Result<(Change, u64), Option<u64>>, VaultFault> {
        let kind = keep.kind.as_str();
        let id = self.id_term(kind, keep.id);
        let stored = self.store.current(self.part, kind, &id)?.map(|found| found.row);
        let exists = stored.as_ref().is_some_and(|row| !row.deleted);
        let current = stored.as_ref().map_or(0, |row| row.version);
        match keep.expect {
            Expect::Absent if exists => return Ok(Err(Some(current))),
            Expect::Version(version) if version != current || !exists => return Ok(Err(Some(current))),
            _ => {}
        }
        let version = current + 1;
        let mut change = Change::new(self.part);
        let mut fresh = Vec::new();
        let subject = match (keep.patient, concerned.owner()) {
            (None, _) => None,
            (Some(_), Some(no)) => Some(no),
            (Some(patient), None) => {
                let no = SubjectNo::random()?;
                let (rows, keys) = keys::fresh(&self.ring(), no)?;
                change.keys.extend(rows);
                change.subjects.push((self.id_term("Patient", patient.as_str()), no));
                fresh = keys;
                Some(no)
            }
        };
        let key_of = |drawer: Drawer| match fresh.iter().find(|(c, _)| *c == drawer.category()) {
            Some((_, key)) => Ok(key.clone()),
            None => self.key(subject.unwrap_or(SubjectNo::HOUSE), drawer.category()),
        };
        let key = key_of(Drawer::Record)?;
        let category = Drawer::Record.category();
        let at = |part| self.place(subject, category, kind, &id.0, version, part);
        let body = key.seal(&at(Part::Body), &pack(value)?)?.into_bytes();
        let index = key.seal(&at(Part::Index), &record.encode()?)?.into_bytes();
        let scoped = |param: &str, value: &str| self.blinder.term(&format!("{kind}#{param}"), value);
        for (param, value, seen) in &keep.guards {
            change.guards.push(Guard { term: scoped(param, value), seen: seen.0 });
        }
        let terms = keep.terms.iter().map(|(param, value)| scoped(param, value)).collect();
        let digest = hex::encode(digest::digest(&digest::SHA256, &body));
        change.documents.push(DocumentWrite {
            kind: kind.to_owned(),
            id,
            subject,
            category,
            version,
            deleted: false,
            index,
            body,
            terms,
        });
        let mut draft = Draft::new(asker, keep.action, Outcome::Done, Class::Change)
            .of(subject, keep.patient.map(PatientId::as_str))
            .items([(kind, keep.id, version)].into_iter())
            .by(leave);
        draft.put(field::DIGESTS, &digest);
        draft.put(field::DETAIL, keep.event);
        change.entries.push(self.seal_entry(&draft, Some(&key_of(Drawer::Audit)?))?);
        Ok(Ok((change, version)))
    }
}
