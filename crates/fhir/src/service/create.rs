//! Create, and create only if criteria find nothing.

use std::sync::Arc;

use serde_json::Value;
use tacebo_vault::{Asker, Disclosed, DocRef, Document, Look, Snapshot, Write};
use uuid::Uuid;

use super::{Answer, Failed, Return, Service, name};
use crate::issue::IssueType;
use crate::search::Query;

/// Guard parameter of criteria: two creates under the same criteria cannot both be first.
const CRITERIA: &str = "~criteria";

impl Service {
    /// Create under a new id.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn create(
        &self,
        asker: &Asker,
        kind: &str,
        body: Value,
        if_none_exist: Option<&str>,
        want: Return,
    ) -> Result<Disclosed<Answer>, Failed> {
        self.fit(kind, &body)?;
        let Some(criteria) = if_none_exist else {
            let written = self.vault().write(asker, vec![fresh(kind, body)]).await?;
            return Ok(written.map(|one| one.first().map(|w| Answer::written(w, want)).unwrap_or_default()));
        };
        let criteria = self.criteria(kind, criteria)?;
        let write = fresh(kind, body);
        let done = self.vault().act(asker, |look| self.unless_found(look, &criteria, &write)).await?;
        Ok(done.map(|(found, mut written)| match (found, written.pop()) {
            (Some(found), _) => Answer::found(found, want),
            (None, Some(written)) => Answer::written(&written, want),
            (None, None) => Answer::default(),
        }))
    }

    /// Create under a new id in the commit at the end of the ask, or what the criteria find.
    ///
    /// # Errors
    /// [`Failed`], recorded when the ask ends.
    pub fn create_in(
        &self,
        look: &mut Look<'_>,
        kind: &str,
        body: Value,
        if_none_exist: Option<&str>,
    ) -> Result<Option<Document>, Failed> {
        self.fit(kind, &body)?;
        let write = fresh(kind, body);
        if let Some(criteria) = if_none_exist {
            return self.unless_found(look, &self.criteria(kind, criteria)?, &write);
        }
        look.write(write);
        Ok(None)
    }

    fn unless_found(&self, look: &mut Look<'_>, criteria: &Query, write: &Write) -> Result<Option<Document>, Failed> {
        let as_of = look.snapshot()?;
        let mut found = self.few(look, criteria, as_of)?;
        if found.len() > 1 {
            return Err(several());
        }
        let one = found.pop();
        if one.is_none() {
            look.write(write.clone().guarded(guards(criteria, as_of)));
        }
        Ok(one)
    }

    /// Criteria of a conditional interaction: never empty, never unknown, or they would match everything.
    pub(crate) fn criteria(&self, kind: &str, criteria: &str) -> Result<Query, Failed> {
        let query = self.query(kind, None, criteria, false)?;
        if query.is_unrestricted() {
            return Err(Failed::error(412, IssueType::Invalid, "the criteria of a conditional interaction are empty"));
        }
        Ok(query)
    }

    /// At most two matches: none, one, or several.
    pub(crate) fn few(&self, look: &mut Look<'_>, criteria: &Query, as_of: Snapshot) -> Result<Vec<Document>, Failed> {
        Ok(self.matches(look, criteria, as_of, 0, Some(2))?.documents)
    }
}

/// A write under a new id.
fn fresh(kind: &str, body: Value) -> Write {
    let mut body = Arc::new(body);
    let id = Uuid::new_v4().to_string();
    name(&mut body, &id);
    Write::create(DocRef::new(kind, id), body)
}

/// What must not be touched between the search and the commit: the same criteria, and for identifiers
/// the identifier itself, so that an unconditional create of it counts too.
pub(crate) fn guards(criteria: &Query, as_of: Snapshot) -> Vec<(String, String, Snapshot)> {
    let mut parts: Vec<String> = criteria.self_query().split('&').map(str::to_owned).collect();
    parts.sort();
    let mut out = vec![(CRITERIA.to_owned(), format!("{}?{}", criteria.kind(), parts.join("&")), as_of)];
    for group in criteria.terms() {
        for (param, value) in group.into_iter().filter(|(param, _)| param.ends_with(".identifier")) {
            out.push((param, value, as_of));
        }
    }
    out
}

pub(crate) fn several() -> Failed {
    Failed::error(412, IssueType::MultipleMatches, "the criteria match several resources")
}
