//! Transactions and batches: what can be said of them without a store.

mod plan;
mod response;
mod rewrite;

use std::sync::Arc;

use std::fmt;

use serde_json::Value;

use crate::issue::Issue;

pub use plan::plan;
pub use response::response;
pub use rewrite::{Renames, conditional_references, rewrite};

/// Transaction (all or nothing) or batch (each for itself).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "codes of the specification")]
pub enum BundleKind {
    Transaction,
    Batch,
}

impl BundleKind {
    /// `Bundle.type` of the answer.
    pub fn response_code(self) -> &'static str {
        match self {
            Self::Transaction => "transaction-response",
            Self::Batch => "batch-response",
        }
    }
}

/// Verb of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "codes of the specification")]
pub enum Method {
    Delete,
    Post,
    Put,
    Patch,
    Get,
    Head,
}

impl Method {
    fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "DELETE" => Self::Delete,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            _ => return None,
        })
    }

    /// Position in a transaction: DELETE, POST, PUT and PATCH, GET and HEAD (R4 §3.1.0.11.2).
    fn rank(self) -> u8 {
        match self {
            Self::Delete => 0,
            Self::Post => 1,
            Self::Put | Self::Patch => 2,
            Self::Get | Self::Head => 3,
        }
    }
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
    pub resource: Option<Arc<Value>>,
    /// `request.ifMatch`, the version only.
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
    /// Number of entries of the request.
    pub count: usize,
    /// Entries in the order in which they are done (a batch: as they came).
    pub entries: Vec<Entry>,
    /// Entries of a batch that make no sense, by position, with what is wrong. A transaction has none: it is refused.
    pub failed: Vec<(usize, Vec<Issue>)>,
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
    /// `Patient/x/_history/1`, below the base.
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

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("position", &self.position).field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("kind", &self.kind).field("count", &self.count).finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
