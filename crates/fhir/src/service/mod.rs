//! FHIR's interactions over the vault: what a request means, and how its answer reads.
//!
//! Everything that speaks of a person comes out as [`tacebo_vault::Disclosed`]; everything else is a
//! [`Failed`], in words that do not tell whether a thing exists.

mod answer;
mod bundle;
mod create;
mod everything;
mod failed;
mod find;
mod instance;
mod page;
mod probes;
mod transaction;
mod validate;

use std::sync::Arc;

use serde_json::Value;
use tacebo_vault::Vault;

use crate::issue::{Issue, IssueType};
use crate::json::{Limits, read_within};
use crate::search::SearchContext;
use crate::tables::Tables;
use crate::walker::Zone;

pub use answer::{Answer, Return};
pub use bundle::{Outcomes, Together};
pub use failed::Failed;
pub use instance::Conditions;
pub use probes::probes;

/// How the FHIR room is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of the FHIR door, without trailing slash.
    pub base: String,
    /// Zone of dates without one: the same as of the [`crate::speech::Fhir`] given to the vault.
    pub zone: Zone,
    /// Matches on a page when `_count` is absent.
    pub page: usize,
    /// Matches on a page at most.
    pub longest_page: usize,
    /// Entries of one bundle at most.
    pub entries: usize,
    /// Bytes of one body at most.
    pub body: usize,
}

impl Settings {
    /// The usual settings below an address.
    pub fn at(base: impl Into<String>) -> Self {
        let base: String = base.into();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            zone: Zone::CHINA,
            page: 50,
            longest_page: 1_000,
            entries: 10_000,
            body: 64 << 20,
        }
    }
}

/// FHIR R4 over one vault. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    vault: Vault,
    tables: &'static Tables,
    settings: Settings,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("base", &self.0.settings.base).finish_non_exhaustive()
    }
}

impl Service {
    /// A service over a vault that was opened with [`crate::speech::Fhir`].
    pub fn new(vault: Vault, settings: Settings) -> Self {
        Self(Arc::new(Inner { vault, tables: Tables::r4(), settings }))
    }

    /// The vault underneath.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Whether this is a resource type of R4.
    pub fn knows(&self, kind: &str) -> bool {
        self.0.tables.resource(kind).is_some()
    }

    /// Whether documents of this type belong to patients.
    pub fn is_personal(&self, kind: &str) -> bool {
        crate::speech::is_personal(self.0.tables, kind)
    }

    /// Reads bytes from outside; strict and bounded.
    ///
    /// # Errors
    /// 413 or 400, with the place of the fault and no content.
    pub fn parse(&self, bytes: &[u8]) -> Result<Value, Failed> {
        let limits = Limits { bytes: self.0.settings.body, ..Limits::default() };
        read_within(bytes, limits).map_err(|error| {
            let too_large = matches!(error, crate::json::JsonError::TooLarge { .. });
            Failed::wrong(if too_large { 413 } else { 400 }, vec![error.issue()])
        })
    }

    /// Whether a body may be kept as `kind`: its structure, and that it is a whole one.
    pub(crate) fn fit(&self, kind: &str, body: &Value) -> Result<(), Failed> {
        let named = body.get("resourceType").and_then(Value::as_str);
        if named.is_some_and(|named| named != kind) {
            let issue = Issue::error(IssueType::Invalid, "", "the resource is of another type than the address");
            return Err(Failed::wrong(400, vec![issue]));
        }
        let issues = crate::validate::validate(self.0.tables, body);
        if issues.iter().any(Issue::is_error) {
            return Err(Failed::wrong(400, issues));
        }
        whole(body)
    }

    fn context(&self, lenient: bool) -> SearchContext<'_> {
        SearchContext {
            tables: self.0.tables,
            zone: self.0.settings.zone,
            base: &self.0.settings.base,
            lenient,
            now_us: self.0.vault.now_us(),
        }
    }
}

/// What was shown masked or in part must not come back as the whole.
fn whole(body: &Value) -> Result<(), Failed> {
    let marked = ["security", "tag"].iter().any(|list| {
        let tags = body.pointer(&format!("/meta/{list}")).and_then(Value::as_array);
        tags.into_iter()
            .flatten()
            .any(|tag| matches!(tag.get("code").and_then(Value::as_str), Some("MASKED" | "SUBSETTED")))
    });
    if marked {
        let why = "this copy was shown masked or in part; writing it back would destroy what it hides";
        return Err(Failed::wrong(422, vec![Issue::error(IssueType::BusinessRule, "Resource.meta", why)]));
    }
    Ok(())
}

/// Gives a resource its id. (Where it stands is settled when it is kept.)
fn name(body: &mut Arc<Value>, id: &str) {
    if body.get("id").and_then(Value::as_str) != Some(id)
        && let Some(object) = Arc::make_mut(body).as_object_mut()
    {
        object.insert("id".into(), Value::String(id.to_owned()));
    }
}
