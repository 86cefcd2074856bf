//! `Patient/[id]/$everything`: all that the asker may see of one patient, the patient first.

use tacebo_vault::{Asker, Disclosed, Find, IndexView, Look, PatientId, Scope, Sieve};

use super::find::searchset;
use super::page::Turn;
use super::{Answer, Failed, Service};
use crate::issue::IssueType;

/// The patient, then the rest, newest first.
struct PatientFirst {
    since_us: i64,
}

impl Sieve for PatientFirst {
    fn admits(&self, view: IndexView<'_>) -> bool {
        view.time_us >= self.since_us
    }

    fn sort_key(&self, view: IndexView<'_>) -> Vec<u8> {
        vec![u8::from(view.kind != "Patient")]
    }
}

#[derive(Default)]
struct Wanted {
    kinds: Vec<String>,
    since_us: Option<i64>,
    count: Option<usize>,
    page: Option<String>,
}

impl Service {
    /// Everything of one patient.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn everything(&self, asker: &Asker, patient: &str, query: &str) -> Result<Disclosed<Answer>, Failed> {
        self.vault().ask(asker, |look| self.everything_in(look, patient, query)).await
    }

    pub(crate) fn everything_in(&self, look: &mut Look<'_>, patient: &str, query: &str) -> Result<Answer, Failed> {
        let asker = look.asker();
        let parsed = self.wanted(query)?;
        let turn = match &parsed.page {
            Some(token) => self.turn_of(asker, token, "everything", patient)?,
            None => Turn::first("everything", patient, query, self.vault().snapshot()?),
        };
        let parsed = self.wanted(&turn.query)?;
        let limit = parsed.count.unwrap_or(self.settings().longest_page).clamp(1, self.settings().longest_page);
        let sieve = PatientFirst { since_us: parsed.since_us.unwrap_or(i64::MIN) };
        let find = Find {
            kinds: parsed.kinds,
            as_of: Some(turn.snapshot()),
            offset: turn.skip(),
            limit: Some(limit),
            ..Find::new(&[], Scope::Patient(PatientId::new(patient)), &sieve)
        };
        let page = look.search(&find)?;
        if page.total == 0 && sieve.since_us == i64::MIN && find.kinds.is_empty() {
            return Err(Failed::error(404, IssueType::NotFound, "there is no such resource"));
        }
        let next = self.next(asker, &turn, &page, limit)?;
        let base = &self.settings().base;
        let own = format!("{base}/Patient/{patient}/$everything");
        let next = next.map(|token| format!("{own}?_page={token}"));
        Ok(Answer::body(searchset(base, &own, next.as_deref(), Some(page.total), &page.documents, &[])))
    }

    fn wanted(&self, query: &str) -> Result<Wanted, Failed> {
        let value = |why| Failed::error(400, IssueType::Value, why);
        let mut out = Wanted::default();
        for (key, given) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let text = given
                .replace("%3A", ":")
                .replace("%3a", ":")
                .replace("%2C", ",")
                .replace("%2c", ",")
                .replace("%2B", "+");
            match key {
                "_type" => {
                    for kind in text.split(',').filter(|kind| !kind.is_empty()) {
                        if !self.is_personal(kind) {
                            return Err(value("_type names types of the patient compartment"));
                        }
                        out.kinds.push(kind.to_owned());
                    }
                }
                "_since" => {
                    let since: jiff::Timestamp = text.parse().map_err(|_| value("_since is an instant"))?;
                    out.since_us = Some(since.as_microsecond());
                }
                "_count" => out.count = Some(text.parse().map_err(|_| value("_count is a number"))?),
                "_page" => out.page = Some(text),
                "_format" | "_pretty" => {}
                _ => {
                    return Err(Failed::error(
                        400,
                        IssueType::NotSupported,
                        "$everything knows _type, _since and _count",
                    ));
                }
            }
        }
        Ok(out)
    }
}
