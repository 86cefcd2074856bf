//! What a search asks for, and the page that it gets.

use tacebo_policy::Action;
use tacebo_veil::MaskSet;

use crate::document::Document;
use crate::meant::Meant;
use crate::speech::PatientId;
use crate::vault::Snapshot;

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
