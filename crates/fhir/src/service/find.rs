//! Search: where to look, what matches, one page of it.

use serde_json::{Value, json};
use tacebo_vault::{Asker, Body, Disclosed, Document, Find, IndexView, Look, Page, PatientId, Scope, Sieve, Snapshot};

use super::failed::too_costly;
use super::page::Turn;
use super::{Answer, Failed, Service, probes};
use crate::issue::{Issue, IssueType, operation_outcome};
use crate::search::{Query, RecordMeta, SearchError};

/// A query as the vault's predicate.
pub(crate) struct Matches<'a>(pub(crate) &'a Query);

fn meta(view: IndexView<'_>) -> RecordMeta<'_> {
    RecordMeta { id: view.id, version: view.version, last_updated_us: view.time_us }
}

impl Sieve for Matches<'_> {
    fn admits(&self, view: IndexView<'_>) -> bool {
        self.0.admits(view.params, &meta(view))
    }

    fn sort_key(&self, view: IndexView<'_>) -> Vec<u8> {
        if self.0.is_sorted() { self.0.sort_key(view.params, &meta(view)) } else { Vec::new() }
    }
}

impl From<SearchError> for Failed {
    fn from(error: SearchError) -> Self {
        Self::wrong(400, vec![error.0])
    }
}

impl Service {
    /// `[type]?…`, and `Patient/[id]/[type]?…` with `inside`.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn search(
        &self,
        asker: &Asker,
        kind: &str,
        inside: Option<&str>,
        query: &str,
        lenient: bool,
    ) -> Result<Disclosed<Answer>, Failed> {
        self.vault().ask(asker, |look| self.search_in(look, kind, inside, query, lenient)).await
    }

    /// The same as one look of several.
    ///
    /// # Errors
    /// [`Failed`], recorded when the ask ends.
    pub fn search_in(
        &self,
        look: &mut Look<'_>,
        kind: &str,
        inside: Option<&str>,
        query: &str,
        lenient: bool,
    ) -> Result<Answer, Failed> {
        let asker = look.asker();
        let parsed = self.query(kind, inside, query, lenient)?;
        let turn = match parsed.page() {
            Some(token) => self.turn_of(asker, token, "search", kind)?,
            None => Turn {
                inside: inside.map(str::to_owned),
                lenient,
                ..Turn::first("search", kind, query, self.vault().snapshot()?)
            },
        };
        let parsed = self.query(kind, turn.inside.as_deref(), &turn.query, turn.lenient)?;
        if !matches!(parsed.summary(), None | Some("false" | "count")) {
            return Err(Failed::error(
                400,
                IssueType::NotSupported,
                "_summary: only count and false are supported yet",
            ));
        }
        let limit = self.limit(&parsed);
        let page = self.matches(look, &parsed, turn.snapshot(), turn.skip(), Some(limit))?;
        let next = self.next(asker, &turn, &page, limit)?;
        Ok(Answer::body(self.searchset(&parsed, &turn, &page, next)))
    }

    /// Parses criteria.
    pub(crate) fn query(&self, kind: &str, inside: Option<&str>, query: &str, lenient: bool) -> Result<Query, Failed> {
        let ctx = self.context(lenient);
        Ok(match inside {
            Some(patient) => Query::parse_in_compartment(&ctx, patient, kind, query)?,
            None => Query::parse(&ctx, kind, query)?,
        })
    }

    fn limit(&self, parsed: &Query) -> usize {
        if parsed.summary() == Some("count") {
            return 0;
        }
        let settings = self.settings();
        let count = parsed.count().and_then(|count| usize::try_from(count).ok());
        count.unwrap_or(settings.page).min(settings.longest_page)
    }

    /// The matches that `asker` may see.
    pub(crate) fn matches(
        &self,
        look: &mut Look<'_>,
        parsed: &Query,
        as_of: Snapshot,
        offset: usize,
        limit: Option<usize>,
    ) -> Result<Page, Failed> {
        let scope = self.scope(parsed)?;
        let sieve = Matches(parsed);
        let find = Find {
            probes: probes(parsed),
            as_of: Some(as_of),
            offset,
            limit,
            ..Find::new(&[parsed.kind()], scope, &sieve)
        };
        Ok(look.search(&find)?)
    }

    /// Where a query is answered without opening everybody's records.
    fn scope(&self, parsed: &Query) -> Result<Scope, Failed> {
        if let (Some(patient), true) = (parsed.patient(), self.is_personal(parsed.kind())) {
            return Ok(Scope::Patient(PatientId::new(patient)));
        }
        if let Some(ids) = parsed.ids() {
            return Ok(Scope::Ids(ids.iter().take(MAX_IDS).cloned().collect()));
        }
        let terms = parsed.terms();
        if !terms.is_empty() {
            if terms.iter().map(Vec::len).product::<usize>() > MAX_ALTERNATIVES {
                return Err(Failed::error(400, IssueType::TooCostly, "fewer alternatives, please"));
            }
            return Ok(Scope::Terms(terms));
        }
        if self.is_personal(parsed.kind()) {
            return Err(Failed::error(400, IssueType::TooCostly, too_costly()));
        }
        Ok(Scope::House)
    }

    /// The link to what comes after this page.
    pub(crate) fn next(&self, asker: &Asker, turn: &Turn, page: &Page, limit: usize) -> Result<Option<String>, Failed> {
        let shown = turn.skip().saturating_add(page.documents.len());
        if limit == 0 || shown >= page.total {
            return Ok(None);
        }
        let turn = Turn { as_of: page.as_of.number(), offset: shown as u64, ..turn.clone() };
        self.turn_token(asker, &turn).map(Some)
    }

    fn searchset(&self, parsed: &Query, turn: &Turn, page: &Page, next: Option<String>) -> Body {
        let base = &self.settings().base;
        let path = match &turn.inside {
            Some(patient) => format!("{base}/Patient/{patient}/{}", parsed.kind()),
            None => format!("{base}/{}", parsed.kind()),
        };
        let used = parsed.self_query();
        let own = if used.is_empty() { path } else { format!("{path}?{used}") };
        let next = next.map(|token| format!("{base}/{}?_page={token}", parsed.kind()));
        let total = (parsed.total() != Some("none")).then_some(page.total);
        searchset(base, &own, next.as_deref(), total, &page.documents, parsed.ignored())
    }
}

/// Ids of one search at most.
const MAX_IDS: usize = 500;
/// Combinations of alternatives of one search at most.
const MAX_ALTERNATIVES: usize = 200;

/// A Bundle of matches.
pub(crate) fn searchset(
    base: &str,
    own: &str,
    next: Option<&str>,
    total: Option<usize>,
    documents: &[Document],
    ignored: &[Issue],
) -> Body {
    let mut links = vec![json!({ "relation": "self", "url": own })];
    links.extend(next.map(|url| json!({ "relation": "next", "url": url })));
    let mut head = json!({ "resourceType": "Bundle", "type": "searchset" });
    if let Some(head) = head.as_object_mut() {
        head.extend(total.map(|total| ("total".to_owned(), Value::from(total))));
        head.insert("link".into(), Value::Array(links));
    }
    let outcome = (!ignored.is_empty())
        .then(|| json!({ "resource": operation_outcome(ignored), "search": { "mode": "outcome" } }).to_string());
    let entries = documents.iter().map(|document| matched(base, document)).chain(outcome.map(String::into_bytes));
    Body::from_text(with_entries(&head, entries))
}

/// One match, its resource as the text that was unsealed.
fn matched(base: &str, document: &Document) -> Vec<u8> {
    let url = Value::from(format!("{base}/{}/{}", document.name.kind, document.name.id)).to_string();
    let body = document.body.text();
    [b"{\"fullUrl\":", url.as_bytes(), b",\"resource\":", &body, b",\"search\":{\"mode\":\"match\"}}"].concat()
}

/// A Bundle's text: its other members, then its entries if there are any.
fn with_entries(head: &Value, entries: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut text = head.to_string().into_bytes();
    // Behind the last member, in place of the closing brace.
    text.pop();
    let mut before: &[u8] = b",\"entry\":[";
    let mut end: &[u8] = b"}";
    for entry in entries {
        text.extend_from_slice(before);
        text.extend_from_slice(&entry);
        (before, end) = (b",", b"]}");
    }
    text.extend_from_slice(end);
    text
}
