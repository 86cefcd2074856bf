//! The house's own records: accounts with their sessions, tickets, reviews. Typed values, kept
//! as documents like everything else, each write with its log entry.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tacebo_policy::{Action, Fact};
use tacebo_store::Rid;

use crate::asker::Asker;
use crate::decide::Concerned;
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, Outcome, field};
use crate::hot::Opened;
use crate::look::{Deeds, Look, rest};
use crate::meant::Meant;
use crate::speech::PatientId;
use crate::vault::{Inner, Snapshot, Vault};
use crate::write::{Done, Expect, Stopped};

/// Break-glass tickets: read by the vault itself for every decision.
pub(crate) const TICKET_KIND: &str = "BreakGlass";

/// Requests for access: an accepted one carries a fact about its patient.
pub(crate) const REQUEST_KIND: &str = "AccessRequest";

/// Term under which the requests of one account are found.
pub const ASKED_BY: &str = "asked-by";

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
    /// Proofs that somebody was given a way into the portal, or its end.
    Portal,
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
            Self::Portal => "PortalAccess",
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
    pub patient: Option<Meant>,
    /// Whose labels it carries: the kind's own, or those of a name in policy's table of kinds.
    pub labelled: &'a str,
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
        let labelled = kind.as_str();
        Self { kind, id, value, patient, labelled, terms, expect: Expect::Any, guards, facts, action, event }
    }
}

/// A [`Keep`] that owns what it keeps, for a commit of several.
pub(crate) struct Kept {
    pub kind: RecordKind,
    pub id: String,
    pub value: Value,
    pub patient: Option<PatientId>,
    pub labelled: String,
    pub terms: Vec<(String, String)>,
    pub expect: Expect,
    pub guards: Vec<(String, String, Snapshot)>,
    pub facts: Vec<Fact>,
    pub action: Action,
    pub event: String,
    /// The vault's own search record.
    pub params: Vec<u8>,
}

impl Kept {
    fn of<T: Serialize>(keep: &Keep<'_, T>, params: Vec<u8>) -> Result<Self, VaultFault> {
        Ok(Self {
            kind: keep.kind,
            id: keep.id.to_owned(),
            value: serde_json::to_value(keep.value).map_err(|_| VaultFault::Decode("record value"))?,
            patient: keep.patient.as_ref().map(|meant| meant.id().clone()),
            labelled: keep.labelled.to_owned(),
            terms: keep.terms.clone(),
            expect: keep.expect,
            guards: keep.guards.clone(),
            facts: keep.facts.clone(),
            action: keep.action,
            event: keep.event.to_owned(),
            params,
        })
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
        inner.follow()?;
        let id = inner.id_term(kind.as_str(), id);
        match inner.current(kind.as_str(), &id)? {
            Some(rid) => Ok(inner.open_records(&[rid])?.pop()),
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
        self.0.follow()?;
        self.0.records_under(kind, param, value)
    }

    /// All operational records of a kind, newest first.
    ///
    /// # Errors
    /// As [`Vault::record`].
    pub fn records<T: DeserializeOwned>(&self, kind: RecordKind) -> Result<Vec<Record<T>>, VaultFault> {
        operational(kind)?;
        let inner = &*self.0;
        inner.follow()?;
        let mut rids = inner.store.kind_rids(inner.part, kind.as_str(), LIST_CAP)?;
        rids.reverse();
        inner.open_records(&rids)
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
        self.ask(asker, |look| look.records(action, kind, patient)).await
    }
}

impl Look<'_> {
    /// Personal records, as [`Vault::disclose_records`] gives them.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn records<T: DeserializeOwned>(
        &mut self,
        action: Action,
        kind: RecordKind,
        patient: Option<&PatientId>,
    ) -> Result<Vec<Record<T>>, Refused> {
        let (inner, asker) = (self.inner, self.asker);
        let name = kind.as_str();
        let rids = match patient {
            Some(patient) => match inner.person(patient)? {
                Some(no) => inner.store.subject_rids(inner.part, no, &[name], None),
                None => Ok(Vec::new()),
            },
            None => inner.store.kind_rids(inner.part, name, LIST_CAP),
        }
        .map_err(VaultFault::from)?;
        let mut seen = Vec::new();
        let draft = Draft::new(asker, action, Outcome::Done, Class::Disclosure);
        let mut leaves = Vec::new();
        let mut drafts = Vec::new();
        for found in inner.opened(&rids)?.iter().filter(|found| !found.row.deleted) {
            let (decision, concerned) = inner.decide_record(asker, action, name, &found.record)?;
            let Ok(leave) = decision else { continue };
            let record: Record<T> = inner.open_record(found)?;
            let item = [(name, record.id.as_str(), record.version)];
            drafts.extend(concerned.drafts(&draft).map(|draft| draft.items(item.into_iter()).by(&leave)));
            leaves.push(leave);
            seen.push(record);
        }
        if seen.is_empty() {
            let concerned = match patient {
                Some(patient) => inner.concerned(&[patient.as_str().to_owned()])?,
                None => Concerned::Nobody,
            };
            self.leave(action, name, &concerned)?;
            drafts.extend(concerned.drafts(&draft).map(|draft| draft.items([].into_iter())));
        }
        self.showed(drafts, leaves);
        Ok(seen)
    }

    /// Keeps a record in the commit at the end of [`Vault::act`].
    ///
    /// # Errors
    /// The value is none that can be kept.
    pub fn keep<T: Serialize>(&mut self, keep: &Keep<'_, T>) -> Result<(), Refused> {
        self.deeds.keeps.push(Kept::of(keep, Vec::new())?);
        Ok(())
    }
}

impl Vault {
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
        let deeds = Deeds { keeps: vec![Kept::of(keep, params)?], ..Deeds::default() };
        let mut gate = inner.pass().await?;
        let mut race = 0;
        loop {
            match inner.commit_deeds(asker, &deeds, &[], Vec::new(), &gate).await {
                Ok(Done::Written(written)) => {
                    return Ok(written.map(|written| written.first().map_or(0, |one| one.version)));
                }
                Ok(Done::Overtaken(_)) if race < RACES => {
                    race += 1;
                    rest(race).await;
                    inner.again(&mut gate)?;
                }
                // A name that was free when it was looked up is taken.
                Ok(Done::Overtaken(drafts) | Done::Raced(drafts)) => {
                    let changed = Refused::new(Denial::Precondition { current: None }, Vec::new());
                    return Err(inner.unanswered(drafts, changed).await);
                }
                Err(Stopped { refused, drafts }) => return Err(inner.unanswered(drafts, refused).await),
            }
        }
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
        draft.put(field::DETAIL, detail.to_owned());
        Ok(self.0.log(&[draft]).await?)
    }
}

/// Records listed or found at once at most.
pub(crate) const LIST_CAP: usize = 20_000;
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
        let scoped = format!("{}#{param}", kind.as_str());
        self.open_records(&self.rids_under(&[(&scoped, value)], LIST_CAP)?)
    }

    /// These records, without those that were deleted.
    fn open_records<T: DeserializeOwned>(&self, rids: &[Rid]) -> Result<Vec<Record<T>>, VaultFault> {
        let found = self.opened(rids)?;
        found.iter().filter(|found| !found.row.deleted).map(|found| self.open_record(found)).collect()
    }

    pub(crate) fn open_record<T: DeserializeOwned>(&self, found: &Opened) -> Result<Record<T>, VaultFault> {
        let text = self.texts(&[found])?.pop().ok_or(VaultFault::Decode("a record without a body"))?;
        let value = serde_json::from_slice(&text).map_err(|_| VaultFault::Decode("record value"))?;
        let Opened { row, record, .. } = found;
        let patient = record.patients.first().cloned();
        Ok(Record { id: record.id.clone(), version: row.version, time_us: row.time_us, patient, value })
    }
}
