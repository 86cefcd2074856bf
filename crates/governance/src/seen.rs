//! Who saw whom: the log, in the words of the people it concerns.

use tacebo_vault::{Asker, LogEntry, LogQuery, PatientId, field};

use crate::{Governance, Outcome};

/// One look at, change of or refusal about a person's record.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Index of the entry in the log; names its proof.
    pub index: u64,
    /// When, microseconds since the Unix epoch.
    pub time_us: i64,
    /// Acting account.
    pub account: String,
    /// Its roles, comma separated.
    pub roles: String,
    /// Name of its department, empty when it has none.
    pub department: String,
    /// Purpose of use (HL7 code).
    pub purpose: String,
    /// Action.
    pub action: String,
    /// Outcome.
    pub outcome: String,
    /// How many items.
    pub count: String,
    /// What the permit rested on.
    pub evidence: String,
    /// The patient, as the asker may see it.
    pub patient: String,
}

/// A question about a member of staff.
#[derive(Debug, Clone, Copy)]
pub struct SeenBy {
    /// Number of the account.
    pub number: u64,
}

impl Governance {
    /// Who saw, changed, or was refused this patient's record, newest first.
    ///
    /// # Errors
    /// [`tacebo_vault::Refused`], recorded.
    pub async fn who_saw(
        &self,
        asker: &Asker,
        patient: &PatientId,
        before: Option<u64>,
        limit: usize,
    ) -> Outcome<Vec<Seen>> {
        let query = LogQuery { patient: Some(patient.clone()), before_index: before, limit, ..LogQuery::default() };
        self.seen(asker, &query).await
    }

    /// Whom a member of staff saw, newest first.
    ///
    /// # Errors
    /// [`tacebo_vault::Refused`], recorded.
    pub async fn seen_by(&self, asker: &Asker, by: SeenBy, before: Option<u64>, limit: usize) -> Outcome<Vec<Seen>> {
        let query = LogQuery { actor: Some(by.number), before_index: before, limit, ..LogQuery::default() };
        self.seen(asker, &query).await
    }

    async fn seen(&self, asker: &Asker, query: &LogQuery) -> Outcome<Vec<Seen>> {
        let entries = self.vault.log(asker, query).await?;
        let mut names = std::collections::BTreeMap::new();
        for entry in entries.value() {
            let department = entry.get(field::DEPARTMENT);
            if !department.is_empty() && !names.contains_key(department) {
                names.insert(department.to_owned(), self.directory.name(department).await?);
            }
        }
        Ok(entries.map(|entries| entries.iter().map(|entry| seen(entry, &names)).collect()))
    }
}

fn seen(entry: &LogEntry, names: &std::collections::BTreeMap<String, String>) -> Seen {
    let text = |name: &str| entry.get(name).to_owned();
    Seen {
        index: entry.index,
        time_us: entry.time_us,
        account: text(field::ACTOR),
        roles: text(field::ROLES),
        department: names.get(entry.get(field::DEPARTMENT)).cloned().unwrap_or_default(),
        purpose: text(field::PURPOSE),
        action: text(field::ACTION),
        outcome: text(field::OUTCOME),
        count: text(field::COUNT),
        evidence: text(field::EVIDENCE),
        patient: text(field::PATIENT),
    }
}
