//! Those who treat: their own patients, and the search for one.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;
use tacebo_fhir::terms::RELATION;
use tacebo_vault::policy::{Permit, Purpose, Role};
use tacebo_vault::{Document, Everything, Find, Granted, Look, Refused, Scope};

use super::reviews::short;
use super::staff;
use crate::doors::clinical::{self, Names, at, concept, list, text};
use crate::doors::faces::Blank;
use crate::doors::session::{Halt, Inside, footed};
use crate::doors::wording;
use crate::http::{Open, Reply};
use crate::pages::doctor::{AccessBar, FindPatient, FoundRow, MyPatients, PatientRow};
use crate::pages::{Nav, Pager, Relation, Shell, url};

/// Kinds that say who treats whom.
const RELATIONS: [&str; 4] = ["Encounter", "EpisodeOfCare", "CareTeam", "Appointment"];
/// Patients on a page.
const ROWS: usize = 30;
/// Patients found at most.
const FOUND: usize = 20;

/// Which page of a list is asked for, from 0.
pub(super) fn page_number(inside: &Inside) -> usize {
    inside.incoming.form().get("page").parse::<usize>().unwrap_or(1).clamp(1, 100_000) - 1
}

/// The pages of a list of which all rows are known. `address` ends in `?` or `&`.
pub(super) fn pager(address: &str, page: usize, rows: usize, total: usize) -> Pager {
    let first = page * rows;
    let last = total.min(first + rows);
    Pager {
        earlier: (page > 0).then(|| format!("{address}page={page}")),
        later: (last < total).then(|| format!("{address}page={}", page + 2)),
        from: if first < last { first as u64 + 1 } else { 0 },
        to: last as u64,
        total: Some(total as u64),
    }
}

/// Terms under which the patients of this person are found: the person, the teams, and for those
/// who care for a whole ward its department.
fn own_terms(inside: &Inside) -> Vec<(String, String)> {
    let who = &inside.auth.who;
    let wide = inside.has(Role::Nurse) || inside.has(Role::Radiographer);
    let department = who.department.iter().filter(|_| wide);
    let mut terms: Vec<(String, String)> = who
        .practitioner
        .iter()
        .chain(&who.teams)
        .chain(department)
        .map(|reference| (RELATION.to_owned(), reference.clone()))
        .collect();
    if terms.is_empty() {
        // Nobody is found under it.
        terms.push((RELATION.to_owned(), "-".to_owned()));
    }
    terms
}

/// The patient a document of care speaks of.
fn patient_of(body: &Value) -> Option<&str> {
    let actors = list(body, "/participant").iter().map(|one| text(one, "/actor/reference"));
    ["/subject/reference", "/patient/reference"]
        .iter()
        .map(|path| text(body, path))
        .chain(actors)
        .find_map(|reference| reference.strip_prefix("Patient/"))
}

fn begins(document: &Document, shell: &Shell) -> Option<Timestamp> {
    let body = &document.body;
    let date = if document.name.kind == "Appointment" { text(body, "/start") } else { text(body, "/period/start") };
    at(date, shell)
}

/// How much a document of care says: a running stay more than a team, a team more than a booking.
fn weight(document: &Document) -> u8 {
    match (document.name.kind.as_str(), text(&document.body, "/status")) {
        ("Encounter", "arrived" | "triaged" | "in-progress" | "onleave") => 4,
        ("Appointment", "booked" | "arrived" | "checked-in") => 3,
        ("CareTeam" | "EpisodeOfCare", "active") => 2,
        ("Encounter", _) => 1,
        _ => 0,
    }
}

fn relation_of(document: &Document) -> Relation {
    match document.name.kind.as_str() {
        "Encounter" => Relation::Encounter,
        "Appointment" => Relation::Appointment,
        _ => Relation::CareTeam,
    }
}

/// What a relation hangs on, in words.
pub(super) fn about(document: &Document, names: &Names, shell: &Shell) -> String {
    let (body, t) = (&document.body, shell.t());
    let what = match document.name.kind.as_str() {
        "Encounter" => clinical::visit_title(body, t),
        "Appointment" => concept(body.pointer("/serviceType/0")),
        _ => text(body, "/name").to_owned(),
    };
    let display = text(body, "/serviceProvider/display");
    let department = match display {
        "" => names.get(text(body, "/serviceProvider/reference")).cloned().unwrap_or_default(),
        display => display.to_owned(),
    };
    let parts: Vec<String> = [what, department].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(&t.list_comma())
}

pub(super) async fn patients(inside: &Inside) -> Result<Reply, Halt> {
    let shell = inside.shell(Some(Nav::MyPatients)).await;
    let page = page_number(inside);
    let asker = inside.asker(Purpose::Treat);
    let granted = inside.app.vault().granted(&asker)?;
    let found = inside.app.vault().ask(&asker, |look| {
        let own = Find::new(&RELATIONS, Scope::Terms(vec![own_terms(inside)]), &Everything);
        let mut ties = ties(weightiest(look.search(&own)?.documents, &shell));
        let others = granted.iter().filter(|one| !ties.iter().any(|(id, _)| id == one.patient.as_str()));
        let others: Vec<&Granted> = others.collect();
        let ids = others.iter().map(|one| one.patient.as_str().to_owned()).collect();
        // A limit of the patient's is stronger than what was granted, so these are counted when they are found.
        let mut people = people(look, ids)?;
        let open = others.into_iter().filter(|one| people.iter().any(|found| found.name.id == one.patient.as_str()));
        ties.extend(open.map(|one| (one.patient.as_str().to_owned(), Tie::Granted(one.clone()))));
        let total = ties.len();
        ties = ties.into_iter().skip(page * ROWS).take(ROWS).collect();
        let ids = ties.iter().filter(|(_, tie)| matches!(tie, Tie::Care(_))).map(|(id, _)| id.clone()).collect();
        people.extend(self::people(look, ids)?);
        Ok::<_, Refused>((ties, people, total))
    });
    let found = found.await?;
    let relations: Vec<Document> = found.value().0.iter().filter_map(|(_, tie)| tie.document().cloned()).collect();
    let names = clinical::names(&inside.app, &relations).await;
    let shell = footed(shell, &found);
    Ok(Reply::page(
        StatusCode::OK,
        found.map(|(ties, people, total)| {
            let rows = ties.iter().filter_map(|(id, tie)| {
                let patient = &people.iter().find(|one| one.name.id == *id)?.body;
                Some(row(id, patient, tie, &names, &shell))
            });
            let patients = rows.collect();
            let trained = staff::named(&inside.app, &inside.auth.who.account).and_then(|one| one.training_until);
            let bar = AccessBar {
                current: total as u64,
                training_until: trained.map(|day| day.to_string()),
                training_over: trained.is_some_and(|day| day < shell.now.to_zoned(shell.zone.clone()).date()),
                ..AccessBar::default()
            };
            let pager = pager(&format!("{}?", url::PATIENTS), page, ROWS, total);
            MyPatients { shell, bar, patients, items: Vec::new(), pager }
        }),
    ))
}

/// The weightiest document of care of each patient, the newest of equals; the weightiest first.
fn weightiest(documents: Vec<Document>, shell: &Shell) -> Vec<(String, Document)> {
    let key = |one: &Document| (weight(one), begins(one, shell));
    let mut best: HashMap<String, Document> = HashMap::new();
    for document in documents {
        let Some(patient) = patient_of(&document.body).map(str::to_owned) else { continue };
        match best.entry(patient) {
            Slot::Vacant(slot) => {
                slot.insert(document);
            }
            Slot::Occupied(mut kept) if key(&document) > key(kept.get()) => {
                kept.insert(document);
            }
            Slot::Occupied(_) => {}
        }
    }
    let mut order: Vec<(String, Document)> = best.into_iter().collect();
    order.sort_by(|a, b| key(&b.1).cmp(&key(&a.1)).then_with(|| a.0.cmp(&b.0)));
    order
}

/// Why a patient is in the list of own patients.
enum Tie {
    /// A document of care.
    Care(Document),
    /// A request that was accepted, until its end.
    Granted(Granted),
}

impl Tie {
    fn document(&self) -> Option<&Document> {
        match self {
            Self::Care(document) => Some(document),
            Self::Granted(_) => None,
        }
    }
}

fn ties(care: Vec<(String, Document)>) -> Vec<(String, Tie)> {
    care.into_iter().map(|(id, document)| (id, Tie::Care(document))).collect()
}

/// Those of these patients whom the asker may see.
fn people(look: &mut Look<'_>, ids: Vec<String>) -> Result<Vec<Document>, Refused> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(look.search(&Find::new(&["Patient"], Scope::Ids(ids), &Everything))?.documents)
}

fn row(id: &str, patient: &Value, tie: &Tie, names: &Names, shell: &Shell) -> PatientRow {
    let (relation, about, since) = match tie {
        Tie::Care(document) => (relation_of(document), about(document, names, shell), begins(document, shell)),
        Tie::Granted(granted) => {
            let until = shell.t().why_until(shell.when(&granted.until));
            let words = [short("AR", &granted.request), until].join(&shell.t().list_comma());
            (Relation::Granted, words, granted.from)
        }
    };
    PatientRow {
        id: id.to_owned(),
        name: clinical::name_of(patient),
        sex: wording::sex(shell.t(), text(patient, "/gender")),
        age: clinical::age(patient, shell),
        number: clinical::record_number(patient),
        relation,
        place: None,
        about,
        since,
        flags: clinical::flags(patient, shell),
    }
}

/// The relation that a permit rests on.
pub(super) fn relation(permit: Option<&Permit>) -> Relation {
    let Some(permit) = permit else { return Relation::Duty };
    let why = permit.why();
    match why.key.as_str() {
        "why-emergency" => return Relation::Emergency,
        "why-own" => return Relation::Own,
        "why-guardian" => return Relation::Guardian,
        _ => {}
    }
    match why.args.iter().find(|(name, _)| *name == "basis").map(|(_, basis)| basis.as_str()) {
        Some("encounter") => Relation::Encounter,
        Some("appointment") => Relation::Appointment,
        Some("care-team" | "episode-of-care") => Relation::CareTeam,
        Some("access-request") => Relation::Granted,
        _ => Relation::Duty,
    }
}

/// What was typed as a FHIR search of patients: a telephone, a number of any kind, or a name.
pub(super) fn criteria(typed: &str) -> (&'static str, bool) {
    let digits = typed.chars().filter(char::is_ascii_digit).count();
    let only_digits = typed.chars().all(|c| c.is_ascii_digit() || "+- ".contains(c));
    if only_digits && digits == 11 && typed.trim_start_matches("+86").trim().starts_with('1') {
        ("phone", true)
    } else if digits > 0 {
        ("identifier", true)
    } else {
        ("name", false)
    }
}

/// A value in a FHIR query: `,`, `|` and `$` mean themselves.
pub(super) fn query_value(typed: &str) -> String {
    let mut escaped = String::with_capacity(typed.len());
    for c in typed.chars() {
        if matches!(c, ',' | '|' | '$' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    url::segment(&escaped)
}

/// The resources of a searchset.
pub(super) fn found(bundle: Option<&Value>) -> (Vec<&Value>, usize) {
    let Some(bundle) = bundle else { return (Vec::new(), 0) };
    let resources: Vec<&Value> = list(bundle, "/entry").iter().filter_map(|entry| entry.get("resource")).collect();
    let total = bundle.get("total").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let many = total.unwrap_or(resources.len());
    (resources, many)
}

pub(super) async fn find(inside: &Inside) -> Result<Reply, Halt> {
    let query: String = inside.incoming.form().get("q").chars().take(100).collect();
    if query.is_empty() {
        let shell = inside.shell(Some(Nav::FindPatient)).await;
        let view = FindPatient { shell, query, found: None, more: false };
        return Ok(Reply::open(StatusCode::OK, Open::page(&Blank::find(view))));
    }
    let (param, is_number) = criteria(&query);
    let search = format!("{param}={}&_count={FOUND}", query_value(&query));
    let asker = inside.asker(Purpose::Treat);
    let answer = Box::pin(inside.app.fhir().search(&asker, "Patient", None, &search, false)).await?;
    let shell = inside.shell_with(Some(Nav::FindPatient), &answer).await;
    let relation = relation(answer.permit());
    Ok(Reply::page(
        StatusCode::OK,
        answer.map(|answer| {
            let (people, total) = found(answer.body.as_deref());
            let mut rows: Vec<FoundRow> = people
                .iter()
                .map(|patient| FoundRow {
                    id: text(patient, "/id").to_owned(),
                    name: clinical::name_of(patient),
                    sex: wording::sex(shell.t(), text(patient, "/gender")),
                    born: text(patient, "/birthDate").to_owned(),
                    number: clinical::record_number(patient),
                    relation: Some(relation),
                })
                .collect();
            // A number leads on to its record, whether or not anybody has it.
            if rows.is_empty() && is_number {
                let number = query.clone();
                let (name, sex, born) = ("–".to_owned(), String::new(), String::new());
                rows.push(FoundRow { id: query.clone(), name, sex, born, number, relation: None });
            }
            let more = total > people.len();
            FindPatient { shell, query, found: Some(rows), more }
        }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_says_what_is_meant() {
        assert_eq!(criteria("13800138000"), ("phone", true));
        assert_eq!(criteria("11010119800203123X"), ("identifier", true));
        assert_eq!(criteria("M-17"), ("identifier", true));
        assert_eq!(criteria("wangxiulan"), ("name", false));
        assert_eq!(criteria("王秀兰"), ("name", false));
    }

    #[test]
    fn a_typed_comma_is_no_alternative() {
        assert_eq!(query_value("a,b|c"), "a%5C%2Cb%5C%7Cc");
    }

    #[test]
    fn a_list_is_paged_from_its_first_to_its_last_row() {
        let one = pager("/x?", 0, 30, 61);
        assert_eq!((one.earlier, one.later.as_deref(), one.from, one.to), (None, Some("/x?page=2"), 1, 30));
        let last = pager("/x?", 2, 30, 61);
        assert_eq!((last.earlier.as_deref(), last.later, last.from, last.to), (Some("/x?page=2"), None, 61, 61));
        assert_eq!(pager("/x?", 0, 30, 0).from, 0);
    }
}
