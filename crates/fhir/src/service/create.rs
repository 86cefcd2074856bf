//! Create, and create only if criteria find nothing.

use serde_json::Value;
use tacebo_vault::{Asker, Disclosed, DocRef, Document, Snapshot, Write};
use uuid::Uuid;

use super::{Answer, Failed, Return, Service, name};
use crate::issue::IssueType;
use crate::search::Query;

/// Attempts of a conditional create that lost a race.
pub(crate) const RACES: u32 = 64;

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
            let written = self.vault().write(asker, vec![fresh(kind, body).1]).await?;
            return Ok(written.map(|one| one.first().map(|w| Answer::written(w, want)).unwrap_or_default()));
        };
        let criteria = self.criteria(kind, criteria)?;
        let mut lost = 0;
        loop {
            let as_of = self.vault().snapshot()?;
            let found = self.few(asker, &criteria, as_of).await?;
            let (first, more) = (found.value().len() == 1, found.value().len() > 1);
            if more {
                return Err(several().after(found.receipts()));
            }
            if first {
                return Ok(found.map(|mut one| one.pop().map(|d| Answer::found(d, want)).unwrap_or_default()));
            }
            let mut write = fresh(kind, body.clone()).1;
            write.guards = guards(&criteria, as_of);
            match self.vault().write(asker, vec![write]).await.map_err(Failed::from) {
                Ok(written) => {
                    let written = written.map(|one| one.first().map(|w| Answer::written(w, want)).unwrap_or_default());
                    return Ok(found.zip(written).map(|(_, answer)| answer));
                }
                Err(failed) if failed.is_race() && lost < RACES => lost += 1,
                Err(failed) => return Err(failed),
            }
        }
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
    pub(crate) async fn few(
        &self,
        asker: &Asker,
        criteria: &Query,
        as_of: Snapshot,
    ) -> Result<Disclosed<Vec<Document>>, Failed> {
        let page = self.matches(asker, criteria, as_of, 0, Some(2)).await?;
        Ok(page.map(|page| page.documents))
    }
}

/// A write under a new id.
pub(crate) fn fresh(kind: &str, mut body: Value) -> (String, Write) {
    let id = Uuid::new_v4().to_string();
    name(&mut body, &id);
    (id.clone(), Write::create(DocRef::new(kind, id), body))
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
