//! Searching: inside one person by opening that person's index records, across
//! persons by blind terms and an exact re-check. Policy is asked before a
//! predicate is, so a predicate on what the asker may not see is false.

mod candidates;
mod find;
mod told;

use std::collections::BTreeSet;
use std::sync::Arc;

use tacebo_policy::{Labels, Refusal};

pub(crate) use self::candidates::ALSO_PARAM;
pub use self::candidates::CANDIDATE_CAP;
pub use self::find::{Everything, Find, IndexView, Page, Scope, Sieve};
use crate::asker::Asker;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, Outcome};
use crate::hot::Opened;
use crate::look::Look;
use crate::vault::{Inner, Vault};

struct Match {
    found: Arc<Opened>,
    key: Vec<u8>,
    decided: usize,
}

/// Decisions of one answer: one per distinct (kind, labels, persons).
struct Decided {
    kind: String,
    labels: Labels,
    patients: Vec<String>,
    decision: Result<Leave, Refusal>,
    concerned: Concerned,
}

impl Vault {
    /// Finds documents for `asker`.
    ///
    /// # Errors
    /// [`Refused`], recorded: forbidden in the same words as for a patient who does
    /// not exist, or too costly.
    pub async fn search(&self, asker: &Asker, find: &Find<'_>) -> Result<Disclosed<Page>, Refused> {
        self.ask(asker, |look| look.search(find)).await
    }
}

impl Look<'_> {
    /// Finds documents, as [`Vault::search`] does.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn search(&mut self, find: &Find<'_>) -> Result<Page, Refused> {
        let Scope::Meant(meant) = &find.scope else { return self.find(find) };
        let scope = Scope::Patient(meant.id().clone());
        self.find(&Find { kinds: find.kinds.clone(), scope, ..*find })
    }

    fn find(&mut self, find: &Find<'_>) -> Result<Page, Refused> {
        let (inner, asker) = (self.inner, self.asker);
        let as_of = match find.as_of {
            Some(as_of) => as_of,
            None => self.snapshot()?,
        };
        let Some(candidates) = inner.candidates(find, as_of)? else {
            let draft = Draft::new(asker, find.how, Outcome::Failed, Class::Refusal);
            return Err(self.denied(vec![draft], Denial::TooCostly));
        };
        let (mut matches, decided) = inner.sift(asker, find, &candidates)?;
        if matches.is_empty()
            && let Some((draft, denial)) = inner.hidden(asker, find, &decided)?
        {
            return Err(self.denied(vec![draft], denial));
        }
        let total = matches.len();
        // Who is counted is concerned, shown or not; the pages after the first count nobody new.
        let counted: BTreeSet<usize> =
            if find.offset == 0 { matches.iter().map(|m| m.decided).collect() } else { BTreeSet::new() };
        matches.sort_by(|a, b| a.key.cmp(&b.key).then(b.found.row.rid.cmp(&a.found.row.rid)));
        let page: Vec<Match> = matches.into_iter().skip(find.offset).take(find.limit.unwrap_or(usize::MAX)).collect();
        let mut pairs = Vec::with_capacity(page.len());
        for one in &page {
            let Some(Decided { decision: Ok(permit), .. }) = decided.get(one.decided) else {
                return Err(VaultFault::Decode("match without a permit").into());
            };
            pairs.push((&*one.found, permit));
        }
        let documents = inner.documents(&pairs)?;
        let drafts = inner.search_drafts(asker, find, &page, &documents, &decided, &counted)?;
        self.showed(drafts, decided.into_iter().filter_map(|d| d.decision.ok()));
        let patient = if let Scope::Patient(patient) = &find.scope { Some(patient.clone()) } else { None };
        Ok(Page { documents, total, as_of, patient })
    }
}

impl Inner {
    /// Opens candidates, asks policy once per distinct label, then the predicate.
    fn sift(
        &self,
        asker: &Asker,
        find: &Find<'_>,
        candidates: &[Arc<Opened>],
    ) -> Result<(Vec<Match>, Vec<Decided>), VaultFault> {
        let mut decided: Vec<Decided> = Vec::new();
        let mut matches = Vec::new();
        for found in candidates.iter().filter(|found| !found.row.deleted) {
            let Opened { row, record, .. } = &**found;
            // "Every kind" means every kind of the languages, not the house's own records.
            if find.kinds.is_empty() && self.speech(&row.kind).is_none() {
                continue;
            }
            let at = decided
                .iter()
                .rposition(|d| *d.kind == *row.kind && d.labels == record.labels && d.patients == record.patients);
            let at = if let Some(at) = at {
                at
            } else {
                let (decision, concerned) = self.decide_record(asker, find.how, &row.kind, record)?;
                let (kind, labels, patients) = (row.kind.to_string(), record.labels.clone(), record.patients.clone());
                decided.push(Decided { kind, labels, patients, decision, concerned });
                decided.len() - 1
            };
            let Some(Decided { decision: Ok(permit), .. }) = decided.get(at) else { continue };
            if !permit.masks().intersect(find.probes).is_empty() {
                continue;
            }
            let view = IndexView {
                kind: &row.kind,
                id: &record.id,
                version: row.version,
                time_us: row.time_us,
                params: &record.params,
            };
            if find.sieve.admits(view) {
                let key = find.sieve.sort_key(view);
                matches.push(Match { found: Arc::clone(found), key, decided: at });
            }
        }
        Ok((matches, decided))
    }
}
