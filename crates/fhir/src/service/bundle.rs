//! Bundles: a batch entry by entry; a transaction as a whole.

use serde_json::Value;
use tacebo_vault::ledger::Receipt;
use tacebo_vault::policy::Action;
use tacebo_vault::{Asker, Disclosed, Look, Outcome, Unanswered as _};

use super::answer::status_line;
use super::transaction::conditions;
use super::{Answer, Failed, Return, Service};
use crate::bundle::{self, BundleKind, Entry, Method, Plan};
use crate::issue::{Issue, IssueType, operation_outcome};

/// A response bundle in which nothing was disclosed: statuses and outcomes only.
#[derive(Clone)]
pub struct Outcomes(Value);

impl std::fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outcomes")
    }
}

impl serde::Serialize for Outcomes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The answer to a bundle.
#[derive(Debug)]
pub enum Together {
    /// With disclosed parts, and the receipts of refused ones.
    Disclosed(Disclosed<Answer>, Vec<Receipt>),
    /// Nothing was disclosed.
    Open(Outcomes, Vec<Receipt>),
}

impl Service {
    /// Does a batch or a transaction.
    ///
    /// # Errors
    /// [`Failed`]: the bundle as a whole cannot be done, and nothing was.
    pub async fn bundle(&self, asker: &Asker, body: Value, want: Return) -> Result<Together, Failed> {
        let entries = body.get("entry").and_then(Value::as_array).map_or(0, Vec::len);
        if entries > self.settings().entries {
            let why = format!("the bundle has {entries} entries, the limit is {}", self.settings().entries);
            return Err(Failed::error(413, IssueType::TooCostly, why));
        }
        let plan =
            bundle::plan(self.0.tables, &self.settings().base, body).map_err(|issues| Failed::wrong(400, issues))?;
        match plan.kind {
            BundleKind::Batch => Ok(self.batch(asker, plan, want).await),
            BundleKind::Transaction if plan.entries.is_empty() => {
                Ok(Together::Open(Outcomes(bundle::response(plan.kind, &self.settings().base, Vec::new())), Vec::new()))
            }
            BundleKind::Transaction => self.transaction(asker, plan, want).await,
        }
    }

    async fn batch(&self, asker: &Asker, plan: Plan, want: Return) -> Together {
        let mut told: Vec<(usize, Result<Disclosed<Answer>, Failed>)> = Vec::with_capacity(plan.count);
        for (at, issues) in plan.failed {
            told.push((at, Err(self.noted(asker, Failed::wrong(400, issues)).await)));
        }
        for entry in plan.entries {
            let at = entry.position;
            // Boxed: the futures of all interactions side by side are large.
            let done = Box::pin(self.entry(asker, entry, want)).await;
            told.push(match done {
                Err(failed) if !failed.was_asked() => (at, Err(self.noted(asker, failed).await)),
                done => (at, done),
            });
        }
        self.together(told)
    }

    /// An entry that was wrong before anything was asked is an answer of its own too.
    async fn noted(&self, asker: &Asker, failed: Failed) -> Failed {
        let code = failed.issues().first().map_or("invalid", |issue| issue.code.code());
        let detail = format!("fhir batch {code} {}", failed.status());
        match self.vault().note(asker, Action::Update, Outcome::Failed, &detail).await {
            Ok(receipts) => failed.recorded(receipts),
            Err(refused) => refused.into(),
        }
    }

    /// One entry by itself.
    async fn entry(&self, asker: &Asker, entry: Entry, want: Return) -> Result<Disclosed<Answer>, Failed> {
        if matches!(entry.method, Method::Get | Method::Head) {
            return self.vault().ask(asker, |look| self.get_in(look, &entry)).await;
        }
        let conditions = conditions(&entry);
        let Entry { target, method, resource, .. } = entry;
        let kind = target.kind.as_str();
        match (method, target.id.as_deref(), target.rest.as_deref(), resource) {
            (Method::Post, None, None, Some(body)) => {
                self.create(asker, kind, body, entry.if_none_exist.as_deref(), want).await
            }
            (Method::Put, Some(id), None, Some(body)) => self.update(asker, kind, id, body, &conditions, want).await,
            (Method::Delete, Some(id), None, _) => self.delete(asker, kind, id, &conditions, want).await,
            _ => Err(unserved()),
        }
    }

    /// One entry that reads, as one look of several.
    pub(crate) fn get_in(&self, look: &mut Look<'_>, entry: &Entry) -> Result<Answer, Failed> {
        let conditions = conditions(entry);
        let target = &entry.target;
        let kind = target.kind.as_str();
        let query = target.query.as_deref().unwrap_or_default();
        match (target.id.as_deref(), target.rest.as_deref()) {
            (Some(id), None) => Self::read_in(look, kind, id, &conditions),
            (Some(id), Some("_history")) => self.history_in(look, kind, id, query),
            (Some(id), Some("$everything")) if kind == "Patient" && entry.method == Method::Get => {
                self.everything_in(look, id, query)
            }
            (Some(id), Some(rest)) => match rest.strip_prefix("_history/") {
                Some(version) => Self::vread_in(look, kind, id, version, &conditions),
                None if kind == "Patient" && self.knows(rest) => self.search_in(look, rest, Some(id), query, false),
                None => Err(unserved()),
            },
            (None, None) if !kind.is_empty() => self.search_in(look, kind, None, query, false),
            _ => Err(unserved()),
        }
    }

    /// Puts the answers of entries into one bundle, in the order of the request. A batch is as many
    /// answers as it has entries: each has its own status, and its own entry in the log.
    fn together(&self, told: Vec<(usize, Result<Disclosed<Answer>, Failed>)>) -> Together {
        let mut shown = Vec::new();
        let mut failed: Vec<(usize, bundle::Answer)> = Vec::new();
        let mut receipts = Vec::new();
        for (at, one) in told {
            match one {
                Ok(disclosed) => shown.push(disclosed.map(|answer| (at, answer.entry()))),
                Err(error) => {
                    receipts.extend(error.receipts().iter().cloned());
                    failed.push((at, outcome(&error)));
                }
            }
        }
        let base = self.settings().base.clone();
        let order = move |mut all: Vec<(usize, bundle::Answer)>| {
            all.sort_by_key(|(at, _)| *at);
            bundle::response(BundleKind::Batch, &base, all.into_iter().map(|(_, answer)| answer).collect())
        };
        match Disclosed::gather(shown) {
            Some(disclosed) => {
                let bundle = disclosed.map(|mut all| {
                    all.extend(failed);
                    Answer::body(order(all))
                });
                Together::Disclosed(bundle, receipts)
            }
            None => Together::Open(Outcomes(order(failed)), receipts),
        }
    }
}

/// The entry of something that failed.
fn outcome(failed: &Failed) -> bundle::Answer {
    bundle::Answer {
        status: status_line(failed.status()),
        outcome: Some(operation_outcome(failed.issues())),
        ..bundle::Answer::default()
    }
}

pub(crate) fn unserved() -> Failed {
    Failed::wrong(400, vec![Issue::error(IssueType::NotSupported, "", "this interaction is not supported in a bundle")])
}

/// An OperationOutcome as a value that says nothing of anybody.
impl From<&Failed> for Outcomes {
    fn from(failed: &Failed) -> Self {
        Self(operation_outcome(failed.issues()))
    }
}

impl From<&[Issue]> for Outcomes {
    fn from(issues: &[Issue]) -> Self {
        Self(operation_outcome(issues))
    }
}

impl Outcomes {
    /// The CapabilityStatement, which is made from the tables.
    pub fn capability(tables: &crate::tables::Tables, about: &crate::capability::Statement<'_>) -> Self {
        Self(crate::capability::statement(tables, about))
    }
}
