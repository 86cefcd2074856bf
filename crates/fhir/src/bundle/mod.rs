//! Transactions and batches: what can be said of them without a store.

use serde_json::Value;

use crate::issue::Issue;
use crate::tables::Tables;

/// Transaction (all or nothing) or batch (each for itself).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "codes of the specification")]
pub enum BundleKind {
    Transaction,
    Batch,
}

/// Verb of an entry, in the order in which a transaction does them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "codes of the specification")]
pub enum Method {
    Delete,
    Post,
    Put,
    Patch,
    Get,
    Head,
}

/// `request.url`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// Resource type; empty for the whole system.
    pub kind: String,
    /// Logical id.
    pub id: Option<String>,
    /// What follows the id or type (`_history/3`, `$everything`, `_search`).
    pub rest: Option<String>,
    /// Search criteria behind `?`.
    pub query: Option<String>,
}

/// One entry.
#[derive(Clone)]
pub struct Entry {
    /// Position in the request, for the answer.
    pub position: usize,
    /// Verb.
    pub method: Method,
    /// Where to.
    pub target: Target,
    /// `fullUrl`.
    pub full_url: Option<String>,
    /// Resource.
    pub resource: Option<Value>,
    /// `request.ifMatch`, the version number only.
    pub if_match: Option<String>,
    /// `request.ifNoneMatch`.
    pub if_none_match: Option<String>,
    /// `request.ifModifiedSince`.
    pub if_modified_since: Option<String>,
    /// `request.ifNoneExist`: search criteria of a conditional create.
    pub if_none_exist: Option<String>,
}

/// A bundle, ready to be done.
#[derive(Clone)]
pub struct Plan {
    /// Transaction or batch.
    pub kind: BundleKind,
    /// Entries in the order in which they are done (a batch: as they came).
    pub entries: Vec<Entry>,
}

/// A reference by search criteria, `Practitioner?identifier=…`, that must match exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConditionalReference {
    /// The whole reference, as written.
    pub reference: String,
    /// Resource type.
    pub kind: String,
    /// Criteria.
    pub query: String,
}

/// What became of an entry.
#[derive(Clone, Default)]
pub struct Answer {
    /// `201 Created`.
    pub status: String,
    /// `Patient/x/_history/1`.
    pub location: Option<String>,
    /// Version number; written as a weak ETag.
    pub version: Option<u64>,
    /// `meta.lastUpdated`, as FHIR instant.
    pub last_modified: Option<String>,
    /// Resource (reads and `return=representation`).
    pub resource: Option<Value>,
    /// OperationOutcome.
    pub outcome: Option<Value>,
}

/// Takes a bundle apart: kinds, verbs, identity clashes, order.
pub fn plan(_tables: &Tables, _base: &str, _bundle: Value) -> Result<Plan, Vec<Issue>> {
    Err(Vec::new())
}

/// Replaces references: whatever `to` answers for a fullUrl or conditional reference, in Reference.reference, uri/url/oid/uuid
/// elements and narrative links. Canonicals stay.
pub fn rewrite(_tables: &Tables, _resource: &mut Value, _to: &dyn Fn(&str) -> Option<String>) {}

/// The conditional references of a resource, each once.
pub fn conditional_references(_tables: &Tables, _resource: &Value) -> Vec<ConditionalReference> {
    Vec::new()
}

/// The answer bundle; `answers` in the order of the request.
pub fn response(_kind: BundleKind, _base: &str, _answers: Vec<Answer>) -> Value {
    Value::Null
}
