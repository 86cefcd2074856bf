//! Searching: inside one person by opening that person's index records, across
//! persons by blind terms and an exact re-check. Policy is asked before a
//! predicate is, so a predicate on what the asker may not see is false.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tacebo_policy::{Action, Labels, Refusal};
use tacebo_seal::{SubjectNo, Term};
use tacebo_veil::MaskSet;

use crate::asker::Asker;
use crate::decide::{Concerned, Leave};
use crate::disclosed::{Denial, Disclosed, Refused, VaultFault};
use crate::document::Document;
use crate::entry::{Class, Draft, Outcome};
use crate::hot::Opened;
use crate::look::Look;
use crate::meant::Meant;
use crate::speech::PatientId;
use crate::vault::{Inner, Snapshot, Vault};

/// What a predicate sees of a document: its search record, never its body.
#[derive(Clone, Copy)]
pub struct IndexView<'a> {
    /// The kind.
    pub kind: &'a str,
    /// The logical id.
    pub id: &'a str,
    /// The version.
    pub version: u64,
    /// Commit time, microseconds since the Unix epoch.
    pub time_us: i64,
    /// The language's search record.
    pub params: &'a [u8],
}

impl std::fmt::Debug for IndexView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IndexView").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A predicate and an order over index records: the search semantics of a language.
pub trait Sieve: Send + Sync {
    /// Whether the document matches.
    fn admits(&self, view: IndexView<'_>) -> bool;

    /// Bytes whose order is the order asked for; equal keys come newest first.
    fn sort_key(&self, view: IndexView<'_>) -> Vec<u8> {
        let _ = view;
        Vec::new()
    }
}

/// Lets everything through, newest first.
#[derive(Debug, Clone, Copy)]
pub struct Everything;

impl Sieve for Everything {
    fn admits(&self, _view: IndexView<'_>) -> bool {
        true
    }
}

/// Where to look.
#[derive(Debug, Clone)]
pub enum Scope {
    /// Inside one patient.
    Patient(PatientId),
    /// Inside one patient, whoever is meant.
    Meant(Meant),
    /// Across patients: documents found under at least one term of every group.
    Terms(Vec<Vec<(String, String)>>),
    /// These ids, of the kinds named.
    Ids(Vec<String>),
    /// All documents of kinds that speak of nobody.
    House,
}

/// A search.
pub struct Find<'a> {
    /// Kinds; empty means every kind, inside one patient only.
    pub kinds: Vec<String>,
    /// Where.
    pub scope: Scope,
    /// What matches, in which order.
    pub sieve: &'a dyn Sieve,
    /// Masked things the predicate would test: a row on which the asker would be
    /// shown them masked does not match, or the search would unmask by guessing.
    pub probes: MaskSet,
    /// Read as of this point in commit order; `None` for now.
    pub as_of: Option<Snapshot>,
    /// Matches to skip.
    pub offset: usize,
    /// Matches to return at most; `None` for all.
    pub limit: Option<usize>,
    /// The action policy is asked about: search, export …
    pub how: Action,
}

impl std::fmt::Debug for Find<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Find").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

impl<'a> Find<'a> {
    /// Everything of these kinds in this scope.
    pub fn new(kinds: &[&str], scope: Scope, sieve: &'a dyn Sieve) -> Self {
        Self {
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            scope,
            sieve,
            probes: MaskSet::default(),
            as_of: None,
            offset: 0,
            limit: None,
            how: Action::Search,
        }
    }
}

/// One page of matches.
#[derive(Debug, Clone)]
pub struct Page {
    /// The matches.
    pub documents: Vec<Document>,
    /// Matches in all, after policy.
    pub total: usize,
    /// Where in commit order the page was read; give it back for the next one.
    pub as_of: Snapshot,
    /// Inside whom it was looked, where it was inside one patient.
    pub patient: Option<PatientId>,
}

/// Candidates opened for one cross-patient search at most.
pub const CANDIDATE_CAP: usize = 10_000;

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
    /// Rows worth opening; `None` when they are too many.
    fn candidates(&self, find: &Find<'_>, as_of: Snapshot) -> Result<Option<Vec<Arc<Opened>>>, VaultFault> {
        let kinds: Vec<&str> = find.kinds.iter().map(String::as_str).collect();
        match &find.scope {
            Scope::Patient(patient) => {
                let mut rows = match self.person(patient)? {
                    Some(no) => self.opened(&self.store.subject_rids(self.part, no, &kinds, Some(as_of.0))?)?,
                    None => Vec::new(),
                };
                // Documents that belong to another person first but speak of this one too.
                let also = self.blinder.term(ALSO_PARAM, patient.as_str());
                rows.extend(self.by_terms(&[vec![also]], &kinds, as_of, CANDIDATE_CAP)?);
                Ok(Some(rows))
            }
            // Resolved before anything is looked for.
            Scope::Meant(_) => Ok(Some(Vec::new())),
            Scope::Terms(groups) => {
                let terms: Vec<Vec<_>> = groups
                    .iter()
                    .map(|group| group.iter().map(|(param, value)| self.blinder.term(param, value)).collect())
                    .collect();
                let rows = self.by_terms(&terms, &kinds, as_of, CANDIDATE_CAP + 1)?;
                Ok((rows.len() <= CANDIDATE_CAP).then_some(rows))
            }
            Scope::Ids(ids) => {
                let mut rows = Vec::new();
                for (kind, id) in kinds.iter().flat_map(|kind| ids.iter().map(move |id| (kind, id))) {
                    let Some(rid) = self.current(kind, &self.id_term(kind, id))? else { continue };
                    rows.extend(self.as_it_was(self.opened_one(rid)?, as_of)?);
                }
                Ok(Some(rows))
            }
            Scope::House => {
                let mut rows = Vec::new();
                for kind in kinds {
                    if self.speech(kind).is_none_or(|speech| speech.is_personal(kind)) {
                        return Ok(None);
                    }
                    for row in self.store.by_kind(self.part, kind, 0, CANDIDATE_CAP + 1, Some(as_of.0))? {
                        rows.push(self.open_row(row)?);
                    }
                }
                Ok((rows.len() <= CANDIDATE_CAP).then_some(rows))
            }
        }
    }

    /// Rows found under one term of every group, of these kinds (none named: all).
    fn by_terms(
        &self,
        groups: &[Vec<Term>],
        kinds: &[&str],
        as_of: Snapshot,
        cap: usize,
    ) -> Result<Vec<Arc<Opened>>, VaultFault> {
        let mut rows: Vec<Arc<Opened>> = Vec::new();
        for all in combinations(groups) {
            let found = self.opened(&self.store.term_rids(self.part, &all, cap)?)?;
            for row in found.into_iter().filter(|one| kinds.is_empty() || kinds.contains(&&*one.row.kind)) {
                rows.extend(self.as_it_was(row, as_of)?);
            }
        }
        rows.sort_unstable_by_key(|one| std::cmp::Reverse(one.row.rid));
        rows.dedup_by_key(|one| one.row.rid);
        Ok(rows)
    }

    /// The version that was current then: a page chain has no gap where something was updated meanwhile.
    fn as_it_was(&self, found: Arc<Opened>, as_of: Snapshot) -> Result<Option<Arc<Opened>>, VaultFault> {
        let row = &found.row;
        if row.rid <= as_of.0 {
            return Ok(Some(found));
        }
        let then = self.store.history(self.part, &row.kind, &row.id, Some(as_of.0), None, 1)?.into_iter().next();
        then.map(|row| self.open_row(row)).transpose()
    }

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

    /// When nothing in the scope was visible: answers as if nothing were there.
    fn hidden(
        &self,
        asker: &Asker,
        find: &Find<'_>,
        decided: &[Decided],
    ) -> Result<Option<(Draft, Denial)>, VaultFault> {
        if decided.iter().any(|d| d.decision.is_ok()) {
            return Ok(None);
        }
        let kinds: Vec<&str> =
            if find.kinds.is_empty() { vec!["Patient"] } else { find.kinds.iter().map(String::as_str).collect() };
        // A person the asker may see, who has nothing of this kind: an empty answer.
        if let Scope::Patient(patient) = &find.scope {
            let concerned = self.concerned(&[patient.as_str().to_owned()])?;
            let open = kinds.iter().any(|kind| {
                self.decide(asker, find.how, kind, self.engine.labeller().of_kind(kind), &concerned).is_ok()
            });
            if open {
                return Ok(None);
            }
        }
        let mut outward = None;
        for kind in kinds {
            match self.decide_unknown(asker, find.how, kind) {
                Ok(_) => return Ok(None),
                Err(refusal) => outward = Some(refusal),
            }
        }
        let Some(refusal) = outward else { return Ok(None) };
        // Across patients a search is refused only to those who may search nobody at all.
        if matches!(find.scope, Scope::Terms(_) | Scope::Ids(_)) && asker_may_search_somebody(asker) {
            return Ok(None);
        }
        let mut draft = Draft::new(asker, find.how, Outcome::Refused, Class::Refusal);
        draft.put(crate::entry::field::POLICIES, refusal.policies().join(","));
        if let Scope::Patient(patient) = &find.scope {
            draft = draft.of(self.person(patient)?, Some(patient.as_str()));
        }
        Ok(Some((draft, Denial::Forbidden(refusal))))
    }

    /// One entry per person in the answer or counted by it; inside one patient always one for that patient.
    fn search_drafts(
        &self,
        asker: &Asker,
        find: &Find<'_>,
        page: &[Match],
        documents: &[Document],
        decided: &[Decided],
        counted: &BTreeSet<usize>,
    ) -> Result<Vec<Draft>, VaultFault> {
        type Who = (Option<SubjectNo>, Option<String>);
        let mut order: Vec<Who> = Vec::new();
        let mut groups: HashMap<Who, (Vec<&Document>, Option<&Leave>)> = HashMap::new();
        if let Scope::Patient(patient) = &find.scope {
            let who = (self.person(patient)?, Some(patient.as_str().to_owned()));
            order.push(who.clone());
            groups.insert(who, (Vec::new(), None));
        }
        for (found, document) in page.iter().zip(documents) {
            let Some(one) = decided.get(found.decided) else { continue };
            for (no, patient) in one.concerned.each() {
                let who = (no, patient.map(|p| p.as_str().to_owned()));
                let group = groups.entry(who.clone()).or_insert_with(|| {
                    order.push(who);
                    (Vec::new(), None)
                });
                group.0.push(document);
                group.1 = group.1.or(one.decision.as_ref().ok());
            }
        }
        for one in counted.iter().filter_map(|at| decided.get(*at)) {
            for (no, patient) in one.concerned.each() {
                let who = (no, patient.map(|p| p.as_str().to_owned()));
                groups.entry(who.clone()).or_insert_with(|| {
                    order.push(who);
                    (Vec::new(), one.decision.as_ref().ok())
                });
            }
        }
        if order.is_empty() {
            return Ok(vec![Draft::new(asker, find.how, Outcome::Done, Class::Disclosure).items([].into_iter())]);
        }
        Ok(order
            .into_iter()
            .filter_map(|who| {
                let (documents, permit) = groups.remove(&who)?;
                let draft = Draft::new(asker, find.how, Outcome::Done, Class::Disclosure)
                    .of(who.0, who.1.as_deref())
                    .items(documents.iter().map(|d| (d.name.kind.as_str(), d.name.id.as_str(), d.version)));
                Some(match permit {
                    Some(permit) => draft.by(permit),
                    None => draft,
                })
            })
            .collect())
    }
}

/// Every choice of one term per group: a search for `a,b` and `c` asks for `a c` and `b c`.
fn combinations(groups: &[Vec<Term>]) -> Vec<Vec<Term>> {
    groups.iter().fold(vec![Vec::new()], |chosen, group| {
        chosen
            .iter()
            .flat_map(|before| group.iter().map(|term| before.iter().copied().chain([*term]).collect()))
            .take(MAX_COMBINATIONS)
            .collect()
    })
}

/// Combinations asked at most: doors limit the alternatives of a search well below it.
const MAX_COMBINATIONS: usize = 1_000;

/// Term parameter of documents that speak of a second patient.
pub(crate) const ALSO_PARAM: &str = "~also";

/// People of the house may search across patients and simply find nobody; the
/// unknown-person decision refuses a doctor each time, whoever he looks for.
fn asker_may_search_somebody(asker: &Asker) -> bool {
    matches!(asker.who.kind, tacebo_policy::PersonKind::Staff | tacebo_policy::PersonKind::Client)
}
