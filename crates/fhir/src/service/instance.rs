//! One resource: read, vread, history, update, delete.

use serde_json::{Value, json};
use tacebo_vault::{Asker, At, Disclosed, DocRef, Document, Expect, Look, Write, instant};

use super::{Answer, Failed, Return, Service, name};
use crate::issue::IssueType;
use crate::values::reference::is_id;

/// Conditions of a request, from its headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `If-Modified-Since`, microseconds since the Unix epoch.
    pub if_modified_since_us: Option<i64>,
}

impl Conditions {
    /// What a write expects to find.
    fn expect(&self, otherwise: Expect) -> Result<Expect, Failed> {
        if self.if_none_match.is_some() {
            let why = "If-None-Match on a write is not supported; use If-None-Exist with criteria";
            return Err(Failed::error(400, IssueType::NotSupported, why));
        }
        match &self.if_match {
            None => Ok(otherwise),
            Some(tag) => version(tag)
                .map(Expect::Version)
                .ok_or_else(|| Failed::error(400, IssueType::Value, "If-Match names one version: W/\"3\"")),
        }
    }

    /// Whether the caller has this version already.
    fn has(&self, document: &Document) -> bool {
        match &self.if_none_match {
            Some(tags) => tags.split(',').any(|tag| tag.trim() == "*" || version(tag) == Some(document.version)),
            // HTTP dates have whole seconds.
            None => self.if_modified_since_us.is_some_and(|since| document.time_us / 1_000_000 <= since / 1_000_000),
        }
    }
}

/// The version in an ETag: `W/"3"`, and what clients make of it.
fn version(tag: &str) -> Option<u64> {
    tag.trim().trim_start_matches("W/").trim_matches('"').parse().ok()
}

impl Service {
    /// The current version.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn read(
        &self,
        asker: &Asker,
        kind: &str,
        id: &str,
        conditions: &Conditions,
    ) -> Result<Disclosed<Answer>, Failed> {
        self.vault().ask(asker, |look| Self::read_in(look, kind, id, conditions)).await
    }

    pub(crate) fn read_in(
        look: &mut Look<'_>,
        kind: &str,
        id: &str,
        conditions: &Conditions,
    ) -> Result<Answer, Failed> {
        one(look, kind, id, At::Current, conditions)
    }

    /// An older version.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn vread(
        &self,
        asker: &Asker,
        kind: &str,
        id: &str,
        version: &str,
        conditions: &Conditions,
    ) -> Result<Disclosed<Answer>, Failed> {
        self.vault().ask(asker, |look| Self::vread_in(look, kind, id, version, conditions)).await
    }

    pub(crate) fn vread_in(
        look: &mut Look<'_>,
        kind: &str,
        id: &str,
        version: &str,
        conditions: &Conditions,
    ) -> Result<Answer, Failed> {
        // No version has such a name: asked as one that no resource has, so that the answer tells nothing.
        let version = version.parse().unwrap_or(u64::from(u32::MAX));
        one(look, kind, id, At::Version(version), conditions)
    }

    /// All versions, newest first. `count` is the most to show, `since_us` the earliest time.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn history(&self, asker: &Asker, kind: &str, id: &str, query: &str) -> Result<Disclosed<Answer>, Failed> {
        self.vault().ask(asker, |look| self.history_in(look, kind, id, query)).await
    }

    pub(crate) fn history_in(&self, look: &mut Look<'_>, kind: &str, id: &str, query: &str) -> Result<Answer, Failed> {
        let wanted = Wanted::parse(query)?;
        let versions = look.history(&DocRef::new(kind, id))?;
        let base = &self.settings().base;
        let total = versions.len();
        let shown = versions.into_iter().filter(|d| d.time_us >= wanted.since_us).take(wanted.count);
        let entries: Vec<Value> = shown.map(|document| history_entry(base, document)).collect();
        let link = format!("{base}/{kind}/{id}/_history");
        let mut bundle = json!({
            "resourceType": "Bundle",
            "type": "history",
            "total": total,
            "link": [{ "relation": "self", "url": link }],
        });
        if let (false, Some(bundle)) = (entries.is_empty(), bundle.as_object_mut()) {
            bundle.insert("entry".into(), Value::Array(entries));
        }
        Ok(Answer::body(bundle))
    }

    /// Update, and create under an id that the client chose.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn update(
        &self,
        asker: &Asker,
        kind: &str,
        id: &str,
        body: Value,
        conditions: &Conditions,
        want: Return,
    ) -> Result<Disclosed<Answer>, Failed> {
        let write = self.update_of(kind, id, body, conditions)?;
        let written = self.vault().write(asker, vec![write]).await?;
        Ok(written.map(|written| written.first().map(|one| Answer::written(one, want)).unwrap_or_default()))
    }

    /// Checks an update and makes the write of it.
    pub(crate) fn update_of(
        &self,
        kind: &str,
        id: &str,
        body: Value,
        conditions: &Conditions,
    ) -> Result<Write, Failed> {
        self.fit(kind, &body)?;
        Self::put(kind, id, body, conditions)
    }

    /// The write of an update whose body was looked at.
    pub(crate) fn put(kind: &str, id: &str, mut body: Value, conditions: &Conditions) -> Result<Write, Failed> {
        if !is_id(id) {
            return Err(Failed::error(400, IssueType::Value, "an id has 1 to 64 letters, digits, dots and hyphens"));
        }
        if body.get("id").and_then(Value::as_str) != Some(id) {
            return Err(Failed::error(400, IssueType::Invalid, "the id of the resource is not that of the address"));
        }
        name(&mut body, id);
        Ok(Write::put(DocRef::new(kind, id), body).expecting(conditions.expect(Expect::Chosen)?))
    }

    /// Delete; of what is not there, nothing.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn delete(
        &self,
        asker: &Asker,
        kind: &str,
        id: &str,
        conditions: &Conditions,
        want: Return,
    ) -> Result<Disclosed<Answer>, Failed> {
        let write = Self::delete_of(kind, id, conditions)?;
        let written = self.vault().write(asker, vec![write]).await?;
        Ok(written.map(|written| written.first().map(|one| Answer::written(one, want)).unwrap_or_default()))
    }

    pub(crate) fn delete_of(kind: &str, id: &str, conditions: &Conditions) -> Result<Write, Failed> {
        Ok(Write::delete(DocRef::new(kind, id)).expecting(conditions.expect(Expect::Any)?))
    }
}

fn one(look: &mut Look<'_>, kind: &str, id: &str, at: At, conditions: &Conditions) -> Result<Answer, Failed> {
    let document = look.read(&DocRef::new(kind, id), at)?;
    let had = conditions.has(&document);
    let answer = Answer::document(document);
    Ok(if had { Answer { status: 304, body: None, ..answer } } else { answer })
}

/// What a history is asked for.
struct Wanted {
    count: usize,
    since_us: i64,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, Failed> {
        let mut out = Self { count: usize::MAX, since_us: i64::MIN };
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "_count" => {
                    out.count =
                        value.parse().map_err(|_| Failed::error(400, IssueType::Value, "_count is a number"))?;
                }
                "_since" => {
                    let text = value.replace("%3A", ":").replace("%3a", ":").replace("%2B", "+").replace(' ', "+");
                    let since: jiff::Timestamp =
                        text.parse().map_err(|_| Failed::error(400, IssueType::Value, "_since is an instant"))?;
                    out.since_us = since.as_microsecond();
                }
                "_format" | "_pretty" => {}
                _ => return Err(Failed::error(400, IssueType::NotSupported, "history knows _count and _since")),
            }
        }
        Ok(out)
    }
}

fn history_entry(base: &str, document: Document) -> Value {
    let Document { name, version, time_us, deleted, body, .. } = document;
    let (method, status, url) = match (deleted, version) {
        (true, _) => ("DELETE", "204", format!("{}/{}", name.kind, name.id)),
        (false, 1) => ("POST", "201", name.kind.clone()),
        (false, _) => ("PUT", "200", format!("{}/{}", name.kind, name.id)),
    };
    let mut entry = json!({
        "fullUrl": format!("{base}/{}/{}", name.kind, name.id),
        "request": { "method": method, "url": url },
        "response": { "status": status, "etag": format!("W/\"{version}\""), "lastModified": instant(time_us) },
    });
    if let (false, Some(entry)) = (deleted, entry.as_object_mut()) {
        entry.insert("resource".into(), body.into_value());
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_read_with_and_without_its_ornaments() {
        for tag in ["W/\"3\"", "\"3\"", "3", " W/\"3\" "] {
            assert_eq!(version(tag), Some(3), "{tag}");
        }
        for tag in ["", "W/\"\"", "x", "W/\"3\", W/\"4\"", "-1"] {
            assert_eq!(version(tag), None, "{tag}");
        }
    }
}
