//! Reading the log: who saw, changed, sent or was refused what. Each reading is an entry itself.

use tacebo_ledger::{Evidence, Salt, TlogProof};
use tacebo_policy::{Action, Mask};
use tacebo_seal::{Part, SubjectNo};
use tacebo_store::{EntryQuery, EntryRow};

use crate::asker::Asker;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, EntryBody, Outcome, field};
use crate::keys::Drawer;
use crate::look::Look;
use crate::meant::Meant;
use crate::speech::PatientId;
use crate::vault::{ENTRY_KIND, Inner, Vault};

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// Concerning this patient.
    pub patient: Option<PatientId>,
    /// Concerning whoever is meant, as `patient`.
    pub meant: Option<Meant>,
    /// By this account number.
    pub actor: Option<u64>,
    /// Before this index (for the next page).
    pub before_index: Option<u64>,
    /// From this time on, microseconds since the Unix epoch.
    pub from_us: Option<i64>,
    /// Before this time, microseconds since the Unix epoch.
    pub before_us: Option<i64>,
    /// Fields that must have exactly these values: action, outcome, purpose …
    pub fields: Vec<(String, String)>,
    /// Entries at most; 0 means 100.
    pub limit: usize,
}

/// One entry, opened.
#[derive(Clone)]
pub struct LogEntry {
    /// Index in the log.
    pub index: u64,
    /// Commit time, microseconds since the Unix epoch.
    pub time_us: i64,
    /// Number of the acting account.
    pub actor: u64,
    /// The committed fields in order; `None` when the person's audit key was destroyed.
    pub fields: Option<Vec<(&'static str, String)>>,
    /// Leaf hash, as in the tree.
    pub leaf: String,
}

impl std::fmt::Debug for LogEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogEntry").field("index", &self.index).finish_non_exhaustive()
    }
}

impl LogEntry {
    /// The value of a field, empty when absent.
    pub fn get(&self, name: &str) -> &str {
        self.fields
            .as_ref()
            .and_then(|fields| fields.iter().find(|(known, _)| *known == name))
            .map_or("", |(_, value)| value)
    }
}

/// A file that proves one entry, offline and without us (C2SP tlog-proof).
#[derive(Debug, Clone)]
pub struct ProofFile {
    /// The file's text.
    pub text: String,
    /// The log's public key (C2SP signed-note vkey); two lines where it signs with SM2 too.
    pub vkey: String,
    /// Index of the entry.
    pub index: u64,
}

const LOG_KIND: &str = "LogEntry";
/// Entries opened for one filtered question at most.
const SCAN_CAP: usize = 50_000;

impl Vault {
    /// Entries, newest first.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn log(&self, asker: &Asker, query: &LogQuery) -> Result<Disclosed<Vec<LogEntry>>, Refused> {
        self.ask(asker, |look| look.log(query)).await
    }

    /// The proof of one entry, with all its fields opened, up to a signed checkpoint.
    ///
    /// # Errors
    /// [`Refused`], recorded; not found when there is no such entry.
    pub async fn proof(&self, asker: &Asker, index: u64) -> Result<Disclosed<ProofFile>, Refused> {
        self.sign_now().await?;
        self.ask(asker, |look| look.proof(index)).await
    }
}

impl Look<'_> {
    /// Entries, newest first, as [`Vault::log`] tells them.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn log(&mut self, query: &LogQuery) -> Result<Vec<LogEntry>, Refused> {
        let (inner, asker) = (self.inner, self.asker);
        let whose = query.meant.as_ref().map(Meant::id).or(query.patient.as_ref());
        let concerned = match whose {
            Some(patient) => inner.concerned(&[patient.as_str().to_owned()])?,
            None => Concerned::Nobody,
        };
        let leave = self.leave(Action::ReadLog, LOG_KIND, &concerned)?;
        let subject = concerned.owner();
        let entries = if whose.is_some() && subject.is_none() {
            Vec::new()
        } else {
            inner.find_entries(query, subject, &leave)?
        };
        let mut draft = Draft::new(asker, Action::ReadLog, Outcome::Done, Class::Disclosure)
            .of(subject, whose.map(PatientId::as_str))
            .by(&leave);
        draft.put(field::COUNT, entries.len().to_string());
        if let Some(actor) = query.actor {
            draft.put(field::DETAIL, format!("actor {actor}"));
        }
        self.showed(vec![draft], [leave]);
        Ok(entries)
    }

    /// The proof of one entry, as [`Vault::proof`] gives it; of an entry that the newest checkpoint
    /// covers: [`Vault::sign_now`] before.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn proof(&mut self, index: u64) -> Result<ProofFile, Refused> {
        let (inner, asker) = (self.inner, self.asker);
        let row = inner.store.entry(inner.part, index).map_err(VaultFault::from)?;
        let opened = match &row {
            Some(row) => inner.open_entry(row)?,
            None => None,
        };
        let patient = opened.as_ref().and_then(|body| {
            body.fields.iter().find(|(name, _)| *name == field::PATIENT).map(|(_, value)| value.clone())
        });
        let concerned = match patient {
            Some(patient) => inner.concerned(&[patient])?,
            // An entry that does not exist is asked about as one of an unknown person.
            None if row.is_none() => Concerned::Unknown,
            None => Concerned::Nobody,
        };
        let leave = self.leave(Action::ReadLog, LOG_KIND, &concerned)?;
        let (Some(row), Some(body)) = (row, opened) else {
            let draft = Draft::new(asker, Action::ReadLog, Outcome::NotFound, Class::Refusal);
            return Err(self.denied(vec![draft], Denial::NotFound));
        };
        let file = inner.prove(&row, &body, &leave)?;
        let mut draft =
            Draft::new(asker, Action::ReadLog, Outcome::Done, Class::Disclosure).of(row.subject, None).by(&leave);
        draft.put(field::DETAIL, format!("proof of {index}"));
        self.showed(vec![draft], [leave]);
        Ok(file)
    }
}

impl Inner {
    fn find_entries(
        &self,
        query: &LogQuery,
        subject: Option<SubjectNo>,
        leave: &Leave,
    ) -> Result<Vec<LogEntry>, VaultFault> {
        let limit = if query.limit == 0 { 100 } else { query.limit };
        let hide = leave.masks().contains(Mask::Identifier);
        let mut found = Vec::new();
        let mut before = query.before_index;
        let mut scanned = 0;
        while found.len() < limit && scanned < SCAN_CAP {
            let rows = self.store.entries(
                self.part,
                &EntryQuery {
                    subject,
                    actor: query.actor,
                    before_index: before,
                    from_us: query.from_us,
                    before_us: query.before_us,
                    limit: limit.max(200),
                    ..EntryQuery::default()
                },
            )?;
            let Some(last) = rows.last() else { break };
            before = Some(last.index);
            scanned += rows.len();
            for row in &rows {
                let entry = self.entry_view(row, hide)?;
                let fits = query.fields.iter().all(|(name, value)| entry.get(name) == value);
                if fits && found.len() < limit {
                    found.push(entry);
                }
            }
        }
        Ok(found)
    }

    fn entry_view(&self, row: &EntryRow, hide: bool) -> Result<LogEntry, VaultFault> {
        let mut fields = self.open_entry(row)?.map(|body| body.fields);
        if hide && let Some(fields) = &mut fields {
            for (name, value) in fields {
                if *name == field::PATIENT {
                    *value = self.pseudonym(value);
                } else if *name == field::ITEMS || *name == field::EVIDENCE {
                    "•••".clone_into(value);
                }
            }
        }
        let (index, time_us, actor) = (row.index, row.time_us, row.actor);
        Ok(LogEntry { index, time_us, actor, fields, leaf: tacebo_ledger::Hash::leaf(&row.entry).to_base64() })
    }

    /// The same patient reads the same within the house's log, and names nobody.
    fn pseudonym(&self, patient: &str) -> String {
        let term = self.blinder.term("log-pseudonym", patient);
        format!("P-{}", hex::encode(term.0.get(..5).unwrap_or_default()))
    }

    /// Opens an entry; `None` when the person's audit key is gone.
    pub(crate) fn open_entry(&self, row: &EntryRow) -> Result<Option<EntryBody>, VaultFault> {
        let category = Drawer::Audit.category();
        let subject = row.subject.unwrap_or(SubjectNo::HOUSE);
        if self.store.key_of(self.part, subject, category)?.is_none() {
            return Ok(None);
        }
        let place = self.place(row.subject, category, ENTRY_KIND, &row.eid, 1, Part::Entry);
        EntryBody::decode(&self.key(subject, category)?.open(&place, &row.sealed)?).map(Some)
    }

    pub(crate) fn prove(&self, row: &EntryRow, body: &EntryBody, leave: &Leave) -> Result<ProofFile, VaultFault> {
        let checkpoint = self
            .store
            .checkpoint_covering(self.part, row.index)?
            .ok_or(VaultFault::Decode("no checkpoint covers this entry yet"))?;
        let verifier = self.log_key.verifier()?;
        let hide = leave.masks().contains(Mask::Identifier);
        let salt = Salt::from_bytes(body.salt);
        let fields: Vec<(&str, &[u8])> = body.fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let mut disclosures = Vec::with_capacity(fields.len());
        for (name, _) in &fields {
            if hide && [field::PATIENT, field::ITEMS, field::EVIDENCE].contains(name) {
                continue;
            }
            disclosures.push(tacebo_ledger::disclose(&salt, &fields, name)?);
        }
        let extra = Evidence { entry: row.entry.clone(), disclosures }.encode()?;
        let tiles = self.store.tiles(self.part);
        let proof = TlogProof::make(&tiles, row.index, &checkpoint.note, &verifier, Some(extra))?;
        Ok(ProofFile { text: proof.to_string(), vkey: verifier.to_string(), index: row.index })
    }
}
