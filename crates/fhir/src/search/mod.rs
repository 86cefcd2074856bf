//! Queries: parsed once, evaluated on index records.

use crate::issue::Issue;
use crate::tables::Tables;
use crate::walker::Zone;

/// What a query needs to know besides its text.
#[derive(Debug, Clone, Copy)]
pub struct SearchContext<'a> {
    /// Definitions.
    pub tables: &'a Tables,
    /// Zone of dates without one; the same as when the records were made.
    pub zone: Zone,
    /// Address of the FHIR door without trailing slash: references below it are local.
    pub base: &'a str,
    /// `Prefer: handling=lenient`: unknown parameters are ignored (and told in [`Query::ignored`]) instead of refused.
    pub lenient: bool,
    /// Now, microseconds since the epoch (for `ap`).
    pub now_us: i64,
}

/// What is known of a version outside its sealed index record.
#[derive(Debug, Clone, Copy)]
pub struct RecordMeta<'a> {
    /// Logical id.
    pub id: &'a str,
    /// `meta.versionId`.
    pub version: u64,
    /// `meta.lastUpdated`, microseconds since the epoch.
    pub last_updated_us: i64,
}

/// A parsed search.
#[derive(Debug, Clone)]
pub struct Query {
    kind: String,
}

/// Why a query was refused, as the issue to answer with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.diagnostics)]
pub struct SearchError(pub Issue);

/// A cross-patient term: parameter (`Patient.name`) and normalised value, as made by [`crate::terms::terms`].
pub type Term = (String, String);

impl Query {
    /// Parses the part of the url behind `?` (or a form body).
    pub fn parse(_ctx: &SearchContext<'_>, kind: &str, _query: &str) -> Result<Self, SearchError> {
        Ok(Self { kind: kind.to_owned() })
    }

    /// The same inside `Patient/{patient}/{kind}?…`.
    pub fn parse_in_compartment(ctx: &SearchContext<'_>, _patient: &str, kind: &str, query: &str) -> Result<Self, SearchError> {
        Self::parse(ctx, kind, query)
    }

    /// Resource type searched for.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The one patient that all matches belong to, if the query says so.
    pub fn patient(&self) -> Option<&str> {
        None
    }

    /// Logical ids that the matches are among, if the query says so.
    pub fn ids(&self) -> Option<&[String]> {
        None
    }

    /// Cross-patient terms: each inner list covers all matches (any of its terms); the lists hold together.
    pub fn terms(&self) -> Vec<Vec<Term>> {
        Vec::new()
    }

    /// Whether a version matches.
    pub fn admits(&self, _record: &[u8], _meta: &RecordMeta<'_>) -> bool {
        false
    }

    /// Bytes that sort matches as asked, absent values last, the id as tie-breaker.
    pub fn sort_key(&self, _record: &[u8], _meta: &RecordMeta<'_>) -> Vec<u8> {
        Vec::new()
    }

    /// `_count`, if given. 0 asks for the number only.
    pub fn count(&self) -> Option<u32> {
        None
    }

    /// Value of `_page`, the opaque paging token.
    pub fn page(&self) -> Option<&str> {
        None
    }

    /// `_summary`.
    pub fn summary(&self) -> Option<&str> {
        None
    }

    /// The parameters that were used, re-encoded for the `self` link, without the paging token.
    pub fn self_query(&self) -> String {
        String::new()
    }

    /// Parameters that lenient handling ignored, as issues for an `outcome` entry.
    pub fn ignored(&self) -> &[Issue] {
        &[]
    }
}
