//! The counter: find somebody by a card or a telephone, and who is expected today.

use http::StatusCode;
use serde_json::Value;
use tacebo_fhir::Tables;
use tacebo_fhir::search::{Query, RecordMeta, SearchContext};
use tacebo_fhir::terms::RELATION;
use tacebo_governance::NoticeProof;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{
    Asker, Disclosed, Document, Door, Everything, Find, IndexView, PatientId, Record, Refused, Scope, Sieve,
};

use super::doctor::{criteria, found, query_value};
use crate::app::App;
use crate::doors::clinical::{self, list, text};
use crate::doors::session::Inside;
use crate::doors::wording;
use crate::http::{Incoming, Reply};
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

async fn given(inside: &Inside, asker: &Asker, id: &str) -> Result<Disclosed<bool>, Refused> {
    let proofs = inside.app.governance().notices_of(asker, &PatientId::new(id)).await?;
    Ok(proofs.map(|proofs| was_given(&proofs)))
}

/// Rows for these patients, each with what is next.
pub(super) async fn rows(
    inside: &Inside,
    asker: &Asker,
    patients: &[(&Value, Option<String>)],
    shell: &Shell,
) -> Result<Vec<CounterRow>, Refused> {
    let mut rows = Vec::with_capacity(patients.len());
    for (patient, expected) in patients {
        let given = given(inside, asker, text(patient, "/id")).await?;
        rows.push(row(patient, *given.value(), expected.clone(), shell));
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
async fn expected(inside: &Inside, asker: &Asker, shell: &Shell) -> Result<Disclosed<Vec<Document>>, Refused> {
    let vault = inside.app.vault();
    let staff = Find { limit: Some(STAFF), ..Find::new(&["Practitioner"], Scope::House, &Everything) };
    let staff = vault.search(asker, &staff).await?;
    let mut terms: Vec<(String, String)> = staff
        .value()
        .documents
        .iter()
        .map(|one| (RELATION.to_owned(), format!("Practitioner/{}", one.name.id)))
        .collect();
    terms.push((RELATION.to_owned(), "-".to_owned()));
    let Some(sieve) = today(inside, shell) else { return Ok(staff.map(|_| Vec::new())) };
    let booked = vault.search(asker, &Find::new(&["Appointment"], Scope::Terms(vec![terms]), &sieve)).await?;
    Ok(booked.map(|page| {
        let mut booked = page.documents;
        booked.sort_by(|a, b| text(&a.body, "/start").cmp(text(&b.body, "/start")));
        booked.truncate(QUEUE);
        booked
    }))
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

pub(super) async fn counter(app: App, incoming: Incoming) -> Reply {
    let inside = match Inside::enter(app, incoming, Door::Console) {
        Ok(inside) => inside,
        Err(reply) => return *reply,
    };
    match Box::pin(show(&inside)).await {
        Ok(reply) => reply,
        Err(refused) => inside.refused(&refused).await,
    }
}

async fn show(inside: &Inside) -> Result<Reply, Refused> {
    let asker = inside.asker(Purpose::PatientAdmin);
    let mut shell = inside.shell(Some(Nav::Counter)).await;
    let booked = expected(inside, &asker, &shell).await?;
    let ids: Vec<String> = booked.value().iter().filter_map(|one| comes(&one.body)).map(str::to_owned).collect();
    let people = Find::new(&["Patient"], Scope::Ids(ids), &Everything);
    let people = inside.app.vault().search(&asker, &people).await?;
    let mut waiting: Vec<(&Value, Option<String>)> = Vec::new();
    for one in booked.value() {
        let Some(id) = comes(&one.body) else { continue };
        if let Some(patient) = people.value().documents.iter().find(|patient| patient.name.id == id) {
            waiting.push((&patient.body, when(&one.body, &shell)));
        }
    }
    let queue = rows(inside, &asker, &waiting, &shell).await?;
    let query: String = inside.incoming.form().get("q").chars().take(100).collect();
    let disclosed = booked.zip(people);
    if query.is_empty() {
        let view = Counter { shell, query, found: None, more: false, queue };
        return Ok(Reply::page(StatusCode::OK, disclosed.map(|_| view)));
    }
    let (param, is_number) = criteria(&query);
    let search = format!("{param}={}&_count={FOUND}", query_value(&query));
    let answer = match Box::pin(inside.app.fhir().search(&asker, "Patient", None, &search, false)).await {
        Ok(answer) => answer,
        Err(failed) => return Ok(super::failed(inside, &failed).await),
    };
    let (hits, total) = found(answer.value().body.as_deref());
    let hits: Vec<(&Value, Option<String>)> = hits.into_iter().map(|patient| (patient, None)).collect();
    let more = total > hits.len();
    let found = rows(inside, &asker, &hits, &shell).await?;
    shell.receipt = answer.receipts().first().map(crate::doors::session::receipt_words);
    url::RECEPTION.clone_into(&mut shell.path);
    // A number that was typed or read from a card does not stay on the screen.
    let query = if is_number { String::new() } else { query };
    let view = Counter { shell, query, found: Some(found), more, queue };
    Ok(Reply::page(StatusCode::OK, answer.zip(disclosed).map(|_| view)))
}
