//! A bundle taken apart: verbs, addresses, order, clashes.

use std::sync::Arc;

use std::collections::HashSet;

use serde_json::Value;

use crate::issue::{Issue, IssueType};
use crate::search::below;
use crate::tables::Tables;
use crate::values::reference::{is_id, is_kind};
use crate::walker::text;

use super::{BundleKind, Entry, Method, Plan, Target};

/// Takes a bundle apart. In a transaction any fault refuses the whole; in a batch it is that entry's.
pub fn plan(tables: &Tables, base: &str, bundle: Value) -> Result<Plan, Vec<Issue>> {
    let refuse = |code, at: &str, why: &str| vec![Issue::error(code, at, why)];
    let Value::Object(mut bundle) = bundle else {
        return Err(refuse(IssueType::Structure, "Bundle", "a bundle is a JSON object"));
    };
    if bundle.get("resourceType").and_then(Value::as_str) != Some("Bundle") {
        return Err(refuse(IssueType::Invalid, "Bundle", "only a Bundle can be posted here"));
    }
    let kind = match bundle.get("type").and_then(Value::as_str) {
        Some("transaction") => BundleKind::Transaction,
        Some("batch") => BundleKind::Batch,
        _ => return Err(refuse(IssueType::Value, "Bundle.type", "the bundle is neither a transaction nor a batch")),
    };
    let written = match bundle.remove("entry") {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(refuse(IssueType::Structure, "Bundle.entry", "is a list")),
    };
    let count = written.len();
    let mut entries = Vec::with_capacity(count);
    let mut failed: Vec<(usize, Vec<Issue>)> = Vec::new();
    for (position, one) in written.into_iter().enumerate() {
        match entry(tables, base, position, one) {
            Ok(entry) => entries.push(entry),
            Err(issue) => failed.push((position, vec![issue])),
        }
    }
    if kind == BundleKind::Transaction {
        if !failed.is_empty() {
            return Err(failed.into_iter().flat_map(|(_, issues)| issues).collect());
        }
        let clashes = clashes(&entries);
        if !clashes.is_empty() {
            return Err(clashes);
        }
        entries.sort_by_key(|e| e.method.rank());
    }
    Ok(Plan { kind, count, entries, failed })
}

/// The same identity may not be touched twice, and an address may not mean two resources.
fn clashes(entries: &[Entry]) -> Vec<Issue> {
    let (mut touched, mut named) = (HashSet::new(), HashSet::new());
    let mut out = Vec::new();
    for e in entries {
        let at = format!("Bundle.entry[{}]", e.position);
        if let (Method::Delete | Method::Put | Method::Patch, Some(id)) = (e.method, &e.target.id)
            && !touched.insert((e.target.kind.as_str(), id.as_str()))
        {
            out.push(Issue::error(
                IssueType::Duplicate,
                at.clone(),
                "the same resource is changed by two entries of one transaction",
            ));
        }
        if let (Some(url), true) = (&e.full_url, e.resource.is_some())
            && !named.insert(url.as_str())
        {
            out.push(Issue::error(IssueType::Duplicate, at, "two entries have the same fullUrl"));
        }
    }
    out
}

fn entry(tables: &Tables, base: &str, position: usize, written: Value) -> Result<Entry, Issue> {
    let at = |rest: &str| format!("Bundle.entry[{position}]{rest}");
    let Value::Object(mut written) = written else {
        return Err(Issue::error(IssueType::Structure, at(""), "an entry is an object"));
    };
    let resource = written.remove("resource").map(Arc::new);
    let full_url = written.get("fullUrl").and_then(Value::as_str).map(str::to_owned);
    let Some(request) = written.get("request") else {
        return Err(Issue::error(IssueType::Required, at(".request"), "each entry has a request"));
    };
    let Some(method) = text(request, "method").and_then(Method::from_code) else {
        return Err(Issue::error(
            IssueType::CodeInvalid,
            at(".request.method"),
            "is GET, HEAD, POST, PUT, DELETE or PATCH",
        ));
    };
    let Some(target) = text(request, "url").and_then(|url| Target::parse(tables, base, url)) else {
        return Err(Issue::error(IssueType::Invalid, at(".request.url"), "is not an address below the FHIR base"));
    };
    let owned = |key| text(request, key).map(str::to_owned);
    let entry = Entry {
        position,
        method,
        full_url,
        resource,
        if_match: owned("ifMatch").map(|tag| version_of(&tag).to_owned()),
        if_none_match: owned("ifNoneMatch"),
        if_modified_since: owned("ifModifiedSince"),
        if_none_exist: owned("ifNoneExist").map(|q| criteria(&q)).filter(|q| !q.is_empty()),
        target,
    };
    fits(&entry).map_err(|why| Issue::error(IssueType::Invalid, at(""), why))?;
    Ok(entry)
}

/// The version number inside an ETag, `W/"3"`.
fn version_of(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/").trim_matches('"')
}

/// `ifNoneExist` is a query; some clients write `Type?query`.
fn criteria(written: &str) -> String {
    written.split_once('?').map_or(written, |(_, q)| q).to_owned()
}

/// Whether verb, address and resource belong together.
fn fits(entry: &Entry) -> Result<(), &'static str> {
    let plain = entry.target.rest.is_none();
    let kind = entry.resource.as_ref().and_then(|r| text(r, "resourceType"));
    let same_kind = kind == Some(entry.target.kind.as_str());
    match entry.method {
        Method::Post if !plain => Ok(()),
        Method::Post if entry.target.id.is_some() || entry.target.query.is_some() => Err("POST goes to a type"),
        Method::Post | Method::Put if !same_kind => Err("the resource is missing or of another type than the address"),
        Method::Put => match (&entry.target.id, &entry.target.query) {
            (Some(id), None) if entry.resource.as_ref().and_then(|r| text(r, "id")) == Some(id) => Ok(()),
            (Some(_), None) => Err("the id of the resource is not that of the address"),
            (None, Some(q)) if !q.is_empty() => Ok(()),
            _ => Err("PUT goes to an id or to search criteria"),
        },
        Method::Delete | Method::Patch if plain => match (&entry.target.id, &entry.target.query) {
            (Some(_), None) => Ok(()),
            (None, Some(q)) if !q.is_empty() && !entry.target.kind.is_empty() => Ok(()),
            _ => Err("DELETE and PATCH go to an id or to search criteria"),
        },
        Method::Delete | Method::Patch => Err("DELETE and PATCH go to an id or to search criteria"),
        Method::Post | Method::Get | Method::Head => Ok(()),
    }
}

impl Target {
    /// Takes `request.url` apart; `None` if it is not an address of this server.
    pub fn parse(tables: &Tables, base: &str, url: &str) -> Option<Self> {
        let relative = match below(base.trim_end_matches('/'), url) {
            Some(rest) => rest,
            None if url.contains("://") => return None,
            None => url.trim_start_matches('/'),
        };
        let (path, query) = relative.split_once('?').map_or((relative, None), |(p, q)| (p, Some(q.to_owned())));
        let mut parts = path.split('/').filter(|p| !p.is_empty());
        let mut out = Self { query, ..Self::default() };
        let Some(first) = parts.next() else { return Some(out) };
        if first.starts_with(['$', '_']) {
            out.rest = Some(rejoin(first, parts));
            return Some(out);
        }
        if !is_kind(first) || tables.resource(first).is_none() {
            return None;
        }
        first.clone_into(&mut out.kind);
        let Some(second) = parts.next() else { return Some(out) };
        if second.starts_with(['$', '_']) {
            out.rest = Some(rejoin(second, parts));
            return Some(out);
        }
        if !is_id(second) {
            return None;
        }
        out.id = Some(second.to_owned());
        out.rest = parts.next().map(|third| rejoin(third, parts));
        Some(out)
    }
}

fn rejoin<'a>(first: &'a str, rest: impl Iterator<Item = &'a str>) -> String {
    std::iter::once(first).chain(rest).collect::<Vec<_>>().join("/")
}
