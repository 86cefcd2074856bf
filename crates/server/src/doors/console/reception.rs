//! The counter: find somebody by a card or a telephone, and who is expected today.

use http::StatusCode;
use serde_json::Value;
use tacebo_fhir::Tables;
use tacebo_fhir::search::{Query, RecordMeta, SearchContext};
use tacebo_fhir::terms::RELATION;
use tacebo_governance::{Governance, NoticeProof};
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Document, Everything, Find, IndexView, Look, PatientId, Record, Refused, Scope, Sieve};

use super::doctor::{criteria, found, query_value};
use crate::doors::clinical::{self, list, text};
use crate::doors::session::{Halt, Inside, footed};
use crate::doors::wording;
use crate::http::Reply;
use crate::pages::reception::{Counter, CounterRow, NextStep};
use crate::pages::{Nav, Shell, url};

/// Persons found at most.
const FOUND: usize = 10;
/// Persons in the queue at most.
const QUEUE: usize = 12;
/// Staff whose appointments are looked at.
const STAFF: usize = 300;

/// The notice that everybody is given.
pub(super) const NOTICE: &str = "treatment";

/// A person at the counter, as masked as the answer was.
pub(super) fn row(patient: &Value, given: bool, expected: Option<String>, shell: &Shell) -> CounterRow {
    let number = clinical::resident_id(patient);
    let phone = clinical::phone(patient);
    let next = if !given {
        NextStep::Consent
    } else if number.is_none() || phone.is_none() {
        NextStep::Complete
    } else {
        NextStep::Ready
    };
    CounterRow {
        id: text(patient, "/id").to_owned(),
        name: clinical::name_of(patient),
        number: number.unwrap_or_else(|| clinical::record_number(patient)),
        phone: phone.unwrap_or_default(),
        sex: wording::sex(shell.t(), text(patient, "/gender")),
        born: text(patient, "/birthDate").to_owned(),
        next,
        expected,
    }
}

/// Whether the notice was given, in any version.
pub(super) fn was_given(proofs: &[Record<NoticeProof>]) -> bool {
    proofs.iter().any(|proof| proof.value.notice == NOTICE)
}

/// Rows for these patients, each with what is next.
pub(super) fn rows(
    look: &mut Look<'_>,
    patients: &[(&Value, Option<String>)],
    shell: &Shell,
) -> Result<Vec<CounterRow>, Refused> {
    let mut rows = Vec::with_capacity(patients.len());
    for (patient, expected) in patients {
        let proofs = Governance::notices_of(look, &PatientId::new(text(patient, "/id")))?;
        rows.push(row(patient, was_given(&proofs), expected.clone(), shell));
    }
    Ok(rows)
}

/// Appointments of today that still stand.
struct Today(Query);

impl Sieve for Today {
    fn admits(&self, view: IndexView<'_>) -> bool {
        let meta = RecordMeta { id: view.id, version: view.version, last_updated_us: view.time_us };
        self.0.admits(view.params, &meta)
    }
}

fn today(inside: &Inside, shell: &Shell) -> Option<Today> {
    let settings = inside.app.fhir().settings();
    let context = SearchContext {
        tables: Tables::r4(),
        zone: settings.zone,
        base: &settings.base,
        lenient: false,
        now_us: inside.app.vault().now_us(),
    };
    let query = format!("date={}&status=booked,pending,arrived,checked-in", shell.day(&shell.now));
    Query::parse(&context, "Appointment", &query).ok().map(Today)
}

/// Who is expected today, the earliest first.
fn expected(look: &mut Look<'_>, inside: &Inside, shell: &Shell) -> Result<Vec<Document>, Refused> {
    let staff = Find { limit: Some(STAFF), ..Find::new(&["Practitioner"], Scope::House, &Everything) };
    let staff = look.search(&staff)?.documents;
    let mut terms: Vec<(String, String)> =
        staff.iter().map(|one| (RELATION.to_owned(), format!("Practitioner/{}", one.name.id))).collect();
    terms.push((RELATION.to_owned(), "-".to_owned()));
    let Some(sieve) = today(inside, shell) else { return Ok(Vec::new()) };
    let mut booked = look.search(&Find::new(&["Appointment"], Scope::Terms(vec![terms]), &sieve))?.documents;
    booked.sort_by(|a, b| text(&a.body, "/start").cmp(text(&b.body, "/start")));
    booked.truncate(QUEUE);
    Ok(booked)
}

/// Those who are expected, as they stand in the queue.
fn queue(look: &mut Look<'_>, inside: &Inside, shell: &Shell) -> Result<Vec<CounterRow>, Refused> {
    let booked = expected(look, inside, shell)?;
    let ids: Vec<String> = booked.iter().filter_map(|one| comes(&one.body)).map(str::to_owned).collect();
    let people = look.search(&Find::new(&["Patient"], Scope::Ids(ids), &Everything))?.documents;
    let mut waiting: Vec<(&Value, Option<String>)> = Vec::new();
    for one in &booked {
        let Some(id) = comes(&one.body) else { continue };
        if let Some(patient) = people.iter().find(|patient| patient.name.id == id) {
            waiting.push((&patient.body, when(&one.body, shell)));
        }
    }
    rows(look, &waiting, shell)
}

/// Those whom a number, a telephone or a name finds, and whether there are more.
fn hits(look: &mut Look<'_>, inside: &Inside, search: &str, shell: &Shell) -> Result<(Vec<CounterRow>, bool), Halt> {
    let answer = inside.app.fhir().search_in(look, "Patient", None, search, false)?;
    let (hits, total) = found(answer.body.as_deref());
    let hits: Vec<(&Value, Option<String>)> = hits.into_iter().map(|patient| (patient, None)).collect();
    let more = total > hits.len();
    Ok((rows(look, &hits, shell)?, more))
}

/// The patient of an appointment.
fn comes(appointment: &Value) -> Option<&str> {
    list(appointment, "/participant").iter().find_map(|one| text(one, "/actor/reference").strip_prefix("Patient/"))
}

/// When and where somebody is expected, without a reason.
fn when(appointment: &Value, shell: &Shell) -> Option<String> {
    let at = clinical::at(text(appointment, "/start"), shell)?;
    let place = clinical::concept(appointment.pointer("/serviceType/0"));
    Some(format!("{} {place}", shell.minute(&at)).trim().to_owned())
}

pub(super) async fn counter(inside: &Inside) -> Result<Reply, Halt> {
    let mut shell = inside.shell(Some(Nav::Counter)).await;
    let query: String = inside.incoming.form().get("q").chars().take(100).collect();
    let (param, is_number) = criteria(&query);
    let search = format!("{param}={}&_count={FOUND}", query_value(&query));
    let asker = inside.asker(Purpose::PatientAdmin);
    let shown = inside.app.vault().ask(&asker, |look| {
        let found = if query.is_empty() { None } else { Some(hits(look, inside, &search, &shell)?) };
        Ok::<_, Halt>((found, queue(look, inside, &shell)?))
    });
    let shown = shown.await?;
    if !query.is_empty() {
        shell = footed(shell, &shown);
        url::RECEPTION.clone_into(&mut shell.path);
    }
    // A number that was typed or read from a card does not stay on the screen.
    let query = if is_number { String::new() } else { query };
    Ok(Reply::page(
        StatusCode::OK,
        shown.map(|(found, queue)| {
            let (found, more) = found.map_or((None, false), |(rows, more)| (Some(rows), more));
            Counter { shell, query, found, more, queue }
        }),
    ))
}
