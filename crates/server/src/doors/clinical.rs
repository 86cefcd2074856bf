//! A record as people read it: FHIR documents become conditions, medications, results and a timeline.
//!
//! Everything here has been disclosed and veiled already; nothing is looked up but names of departments and staff.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use tacebo_vault::Document;
use tacebo_vault::policy::{Category, Confidentiality, Sensitivity};

use super::wording;
use crate::app::App;
use crate::pages::chart::{Line, Point, Size};
use crate::pages::doctor::{Event, EventKind, Lab, Level, Limit, Medication, PatientHead, Problem, Visit};
use crate::pages::lang::Messages;
use crate::pages::{Flag, FlagKind, Shell};

/// Names of departments and staff by reference.
pub(super) type Names = HashMap<String, String>;

/// Results outside a report that one visit lists at most; all of them are in the charts.
const LOOSE_RESULTS: usize = 6;

pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The words of a CodeableConcept.
pub(super) fn concept(value: Option<&Value>) -> String {
    let Some(value) = value else { return String::new() };
    ["/text", "/coding/0/display", "/coding/0/code"]
        .iter()
        .map(|path| text(value, path))
        .find(|words| !words.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// A date or time as it was written, to the minute.
pub(super) fn written(date: &str) -> String {
    match (date.get(..10), date.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute}"),
        _ => date.to_owned(),
    }
}

/// The moment of a FHIR date or time; days begin at the hospital's midnight.
pub(super) fn at(date: &str, shell: &Shell) -> Option<Timestamp> {
    if let Ok(at) = date.parse::<Timestamp>() {
        return Some(at);
    }
    let whole = match date.len() {
        4 => format!("{date}-01-01"),
        7 => format!("{date}-01"),
        _ => date.to_owned(),
    };
    let day: Date = whole.parse().ok()?;
    day.to_zoned(shell.zone.clone()).ok().map(|zoned| zoned.timestamp())
}

/// When something took place: the first of the usual elements.
fn happened(body: &Value) -> &str {
    const PLACES: [&str; 14] = [
        "/effectiveDateTime",
        "/effectivePeriod/start",
        "/performedDateTime",
        "/performedPeriod/start",
        "/occurrenceDateTime",
        "/onsetDateTime",
        "/onsetPeriod/start",
        "/period/start",
        "/authoredOn",
        "/started",
        "/issued",
        "/recordedDate",
        "/date",
        "/start",
    ];
    PLACES.iter().map(|path| text(body, path)).find(|date| !date.is_empty()).unwrap_or_default()
}

/// What names a document asks for.
fn references(documents: &[Document]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for document in documents {
        let body = &document.body;
        let mut add = |path: &str| {
            let reference = text(body, path);
            if reference.starts_with("Practitioner/") || reference.starts_with("Organization/") {
                found.insert(reference.to_owned());
            }
        };
        add("/serviceProvider/reference");
        add("/managingOrganization/0/reference");
        for i in 0..list(body, "/participant").len() {
            add(&format!("/participant/{i}/individual/reference"));
        }
        for i in 0..list(body, "/provision/actor").len() {
            add(&format!("/provision/actor/{i}/reference/reference"));
        }
    }
    found
}

/// Names for what documents refer to.
pub(super) async fn names(app: &App, documents: &[Document]) -> Names {
    let mut names = Names::new();
    for reference in references(documents) {
        if let Ok(name) = app.governance().directory().name(&reference).await
            && name != reference
        {
            names.insert(reference, name);
        }
    }
    names
}

fn named(names: &Names, value: Option<&Value>) -> Option<String> {
    let value = value?;
    let display = text(value, "/display");
    if !display.is_empty() {
        return Some(display.to_owned());
    }
    names.get(text(value, "/reference")).cloned()
}

/// A person's name as written or put together.
pub(super) fn name_of(patient: &Value) -> String {
    let name = patient.pointer("/name/0").unwrap_or(&Value::Null);
    let written = text(name, "/text");
    if !written.is_empty() {
        return written.to_owned();
    }
    let given: String = list(name, "/given").iter().filter_map(Value::as_str).collect();
    format!("{}{given}", text(name, "/family"))
}

/// The first identifier of this type (HL7 v2 table 0203) or system.
pub(super) fn identifier(patient: &Value, kind: &str, system: &str) -> Option<String> {
    list(patient, "/identifier")
        .iter()
        .find(|one| text(one, "/type/coding/0/code") == kind || text(one, "/system") == system)
        .map(|one| text(one, "/value").to_owned())
        .filter(|value| !value.is_empty())
}

/// Resident identity number (WS/T 500).
pub(super) const RESIDENT_SYSTEM: &str = "urn:oid:2.16.156.10011.1.3";
/// Medical record number (WS/T 500).
pub(super) const RECORD_SYSTEM: &str = "urn:oid:2.16.156.10011.1.13";

/// The number of the record, or any number there is.
pub(super) fn record_number(patient: &Value) -> String {
    identifier(patient, "MR", RECORD_SYSTEM)
        .or_else(|| {
            let other = list(patient, "/identifier").iter().find(|one| text(one, "/system") != RESIDENT_SYSTEM)?;
            Some(text(other, "/value").to_owned())
        })
        .unwrap_or_default()
}

pub(super) fn resident_id(patient: &Value) -> Option<String> {
    identifier(patient, "NI", RESIDENT_SYSTEM)
}

pub(super) fn phone(patient: &Value) -> Option<String> {
    let found = list(patient, "/telecom").iter().find(|one| text(one, "/system") == "phone")?;
    Some(text(found, "/value").to_owned()).filter(|phone| !phone.is_empty())
}

/// Whole years, and days, between a birth date and today; `None` when the day is not known.
fn lived(patient: &Value, shell: &Shell) -> Option<(i32, i32)> {
    let born: Date = text(patient, "/birthDate").parse().ok()?;
    let ended = at(text(patient, "/deceasedDateTime"), shell);
    let today = ended.unwrap_or(shell.now).to_zoned(shell.zone.clone()).date();
    let before = (today.month(), today.day()) < (born.month(), born.day());
    let years = i32::from(today.year()) - i32::from(born.year()) - i32::from(before);
    let days = today.since(born).ok()?.get_days();
    Some((years, days))
}

pub(super) fn age(patient: &Value, shell: &Shell) -> String {
    let t = shell.t();
    match lived(patient, shell) {
        None => String::new(),
        Some((years, days)) if years < 1 && days < 60 => t.age_days(days.max(0)),
        Some((years, days)) if years < 2 => t.age_months(days / 30),
        Some((years, _)) => t.age_years(years),
    }
}

/// Marks on the person.
pub(super) fn flags(patient: &Value, shell: &Shell) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    let codes = list(patient, "/meta/security").iter().map(|one| text(one, "/code"));
    for code in codes {
        let kind = match code {
            "CEL" | "CELEB" | "VIP" => FlagKind::Vip,
            "EMP" => FlagKind::Colleague,
            "R" | "V" => FlagKind::Restricted,
            _ => continue,
        };
        if !flags.iter().any(|flag| flag.kind == kind) {
            flags.push(kind.into());
        }
    }
    if lived(patient, shell).is_some_and(|(years, _)| years < 18) {
        flags.push(FlagKind::Minor.into());
    }
    flags
}

/// The mark on one document.
fn mark(document: &Document) -> Option<FlagKind> {
    let labels = &document.labels;
    let has = |code: Sensitivity| labels.sensitivity.contains(&code);
    if labels.category == Category::Genetic || has(Sensitivity::Gdis) {
        Some(FlagKind::Genetic)
    } else if has(Sensitivity::Hiv) || has(Sensitivity::Std) {
        Some(FlagKind::Hiv)
    } else if has(Sensitivity::Psy) || has(Sensitivity::Eth) {
        Some(FlagKind::Mental)
    } else if has(Sensitivity::Sex) || has(Sensitivity::Sdv) {
        Some(FlagKind::Reproductive)
    } else if labels.confidentiality >= Confidentiality::VeryRestricted {
        Some(FlagKind::Restricted)
    } else {
        None
    }
}

/// A record, read.
pub(super) struct Chart {
    pub(super) head: PatientHead,
    pub(super) flags: Vec<Flag>,
    pub(super) limits: Vec<Limit>,
    pub(super) problems: Vec<Problem>,
    pub(super) medications: Vec<Medication>,
    pub(super) labs: Vec<Lab>,
    pub(super) visits: Vec<Visit>,
    /// Documents of which a part is hidden.
    pub(super) veiled: usize,
}

/// Reads a record.
pub(super) fn chart(id: &str, documents: &[Document], names: &Names, shell: &Shell) -> Chart {
    let of = |kind: &'static str| documents.iter().filter(move |d| d.name.kind == kind);
    let nobody = Value::Null;
    let patient = of("Patient").find(|d| d.name.id == id).map_or(&nobody, |d| &d.body);
    let limits: Vec<Limit> = of("Consent").filter_map(|d| limit(&d.body, names, shell)).flatten().collect();
    let mut flags = flags(patient, shell);
    if !limits.is_empty() {
        flags.push(FlagKind::Limited.into());
    }
    let t = shell.t();
    let head = PatientHead {
        id: id.to_owned(),
        name: name_of(patient),
        sex: wording::sex(t, text(patient, "/gender")),
        age: age(patient, shell),
        born: text(patient, "/birthDate").to_owned(),
        number: record_number(patient),
        resident_id: resident_id(patient),
        phone: phone(patient),
        allergies: of("AllergyIntolerance")
            .filter(|d| is_active(&d.body))
            .map(|d| concept(d.body.get("code")))
            .collect(),
    };
    let mut problems: Vec<(String, Problem)> = of("Condition").map(problem).collect();
    problems.sort_by(|a, b| b.1.active.cmp(&a.1.active).then_with(|| b.0.cmp(&a.0)));
    let mut medications: Vec<(String, Medication)> =
        documents.iter().filter(|d| is_medication(&d.name.kind)).map(medication).collect();
    medications.sort_by(|a, b| b.1.active.cmp(&a.1.active).then_with(|| b.0.cmp(&a.0)));
    Chart {
        head,
        flags,
        limits,
        problems: once(problems.into_iter().map(|(_, one)| one), |one| (one.name.clone(), one.active)),
        medications: once(medications.into_iter().map(|(_, one)| one), |one| {
            (format!("{} {}", one.name, one.dose), one.active)
        }),
        labs: labs(documents, shell),
        visits: visits(documents, names, shell),
        veiled: documents.iter().filter(|d| d.veiled).count(),
    }
}

/// The same thing written down ten times is read once.
fn once<T, K: Ord>(all: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = BTreeSet::new();
    all.filter(|one| seen.insert(key(one))).collect()
}

fn is_active(body: &Value) -> bool {
    let code = text(body, "/clinicalStatus/coding/0/code");
    matches!(code, "" | "active" | "recurrence" | "relapse")
}

fn is_medication(kind: &str) -> bool {
    matches!(kind, "MedicationRequest" | "MedicationStatement")
}

fn problem(document: &Document) -> (String, Problem) {
    let body = &document.body;
    let since = happened(body).to_owned();
    let one = Problem {
        name: concept(body.get("code")),
        since: written(&since),
        active: is_active(body),
        flag: mark(document),
    };
    (since, one)
}

fn medication(document: &Document) -> (String, Medication) {
    let body = &document.body;
    let since = happened(body).to_owned();
    let dose =
        ["/dosageInstruction/0/text", "/dosage/0/text"].iter().map(|path| text(body, path)).find(|d| !d.is_empty());
    let one = Medication {
        name: concept(body.get("medicationCodeableConcept")),
        dose: dose.unwrap_or_default().to_owned(),
        since: since.get(..10).unwrap_or(&since).to_owned(),
        active: matches!(text(body, "/status"), "active" | "intended"),
        flag: mark(document),
    };
    (since, one)
}

/// What a patient's limit keeps from whom.
fn limit(body: &Value, names: &Names, shell: &Shell) -> Option<Vec<Limit>> {
    if text(body, "/status") != "active" || text(body, "/provision/type") != "deny" {
        return None;
    }
    let since = at(text(body, "/dateTime"), shell);
    let actors = list(body, "/provision/actor");
    let limits =
        actors.iter().filter_map(|actor| named(names, actor.get("reference"))).map(|what| Limit { what, since });
    Some(limits.collect())
}

struct Series {
    unit: String,
    low: Option<f64>,
    high: Option<f64>,
    points: Vec<(Timestamp, f64, String, String)>,
}

/// Numbers of one observation and of its parts.
fn values(body: &Value) -> Vec<(String, &Value, &Value)> {
    let mut found = Vec::new();
    if let Some(quantity) = body.get("valueQuantity") {
        found.push((concept(body.get("code")), quantity, body));
    }
    for part in list(body, "/component") {
        if let Some(quantity) = part.get("valueQuantity") {
            found.push((concept(part.get("code")), quantity, part));
        }
    }
    found
}

fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::as_f64)
}

fn range(body: &Value) -> (Option<f64>, Option<f64>) {
    (number(body.pointer("/referenceRange/0/low/value")), number(body.pointer("/referenceRange/0/high/value")))
}

fn level(value: f64, low: Option<f64>, high: Option<f64>) -> Level {
    if low.is_some_and(|low| value < low) {
        Level::Low
    } else if high.is_some_and(|high| value > high) {
        Level::High
    } else {
        Level::Normal
    }
}

fn labs(documents: &[Document], shell: &Shell) -> Vec<Lab> {
    let mut all: BTreeMap<String, Series> = BTreeMap::new();
    for document in documents.iter().filter(|d| d.name.kind == "Observation") {
        let body = &document.body;
        let date = happened(body);
        let Some(when) = at(date, shell) else { continue };
        for (name, quantity, of) in values(body) {
            let Some(value) = number(quantity.get("value")) else { continue };
            let as_written = quantity.get("value").map(Value::to_string).unwrap_or_default();
            let (low, high) = range(of);
            let unit = text(quantity, "/unit").to_owned();
            let series = all.entry(name).or_insert_with(|| Series { unit, low: None, high: None, points: Vec::new() });
            series.low = low.or(series.low);
            series.high = high.or(series.high);
            series.points.push((when, value, as_written, written(date)));
        }
    }
    let mut labs: Vec<(Timestamp, Lab)> = all
        .into_iter()
        .filter_map(|(name, mut series)| {
            series.points.sort_by_key(|(when, ..)| *when);
            let (when, value, latest, date) = series.points.last()?.clone();
            let range = match (series.low, series.high) {
                (Some(low), Some(high)) => Some(format!("{low}–{high}")),
                (Some(low), None) => Some(format!("≥ {low}")),
                (None, Some(high)) => Some(format!("≤ {high}")),
                (None, None) => None,
            };
            let points = series.points.iter().map(|(at, value, ..)| Point { at: *at, value: *value }).collect();
            let chart = Line {
                title: name.clone(),
                unit: series.unit.clone(),
                points,
                low: series.low,
                high: series.high,
                size: Size::Spark,
            };
            let level = level(value, series.low, series.high);
            Some((when, Lab { name, latest, unit: series.unit, range, level, when: date, chart }))
        })
        .collect();
    labs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    labs.into_iter().map(|(_, lab)| lab).collect()
}

fn visits(documents: &[Document], names: &Names, shell: &Shell) -> Vec<Visit> {
    let t = shell.t();
    let reported: BTreeSet<&str> = documents
        .iter()
        .filter(|d| d.name.kind == "DiagnosticReport")
        .flat_map(|d| list(&d.body, "/result"))
        .map(|result| text(result, "/reference"))
        .collect();
    // The first encounter that names a condition as its diagnosis.
    let mut encounters: Vec<&Document> = documents.iter().filter(|d| d.name.kind == "Encounter").collect();
    encounters.sort_by_key(|d| at(happened(&d.body), shell));
    let mut diagnosed: HashMap<&str, String> = HashMap::new();
    for encounter in &encounters {
        for one in list(&encounter.body, "/diagnosis") {
            let condition = text(one, "/condition/reference");
            diagnosed.entry(condition).or_insert_with(|| format!("Encounter/{}", encounter.name.id));
        }
    }
    let mut inside: HashMap<String, Vec<(Option<Timestamp>, Event)>> = HashMap::new();
    for document in documents {
        let own = format!("{}/{}", document.name.kind, document.name.id);
        if reported.contains(own.as_str()) {
            continue;
        }
        let Some(event) = event(document, t) else { continue };
        let encounter = ["/encounter/reference", "/context/reference", "/context/encounter/0/reference"]
            .iter()
            .map(|path| text(&document.body, path))
            .find(|reference| !reference.is_empty())
            .or_else(|| diagnosed.get(own.as_str()).map(String::as_str))
            .unwrap_or_default();
        inside.entry(encounter.to_owned()).or_default().push((at(happened(&document.body), shell), event));
    }
    let mut visits: Vec<(Option<Timestamp>, Visit)> = Vec::new();
    for document in encounters {
        let events = inside.remove(&format!("Encounter/{}", document.name.id)).unwrap_or_default();
        visits.push((at(happened(&document.body), shell), visit(&document.body, sorted(events), names, t)));
    }
    let loose = sorted(inside.into_values().flatten().collect());
    visits.sort_by(|a, b| b.1.running.cmp(&a.1.running).then_with(|| b.0.cmp(&a.0)));
    let mut visits: Vec<Visit> = visits.into_iter().map(|(_, visit)| visit).collect();
    if !loose.is_empty() {
        visits.push(Visit {
            title: t.visit_none(),
            department: None,
            doctor: None,
            from: loose.last().map(|event| event.when.clone()).unwrap_or_default(),
            to: loose.first().map(|event| event.when.clone()),
            running: false,
            reason: None,
            events: loose,
        });
    }
    visits
}

fn sorted(mut events: Vec<(Option<Timestamp>, Event)>) -> Vec<Event> {
    events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut loose = 0;
    events
        .into_iter()
        .map(|(_, event)| event)
        .filter(|event| {
            loose += usize::from(event.kind == EventKind::Observation);
            event.kind != EventKind::Observation || loose <= LOOSE_RESULTS
        })
        .collect()
}

fn visit(body: &Value, events: Vec<Event>, names: &Names, t: &Messages) -> Visit {
    let title = match text(body, "/class/code") {
        "AMB" => t.visit_outpatient(),
        "IMP" | "ACUTE" | "NONAC" => t.visit_inpatient(),
        "EMER" => t.visit_emergency(),
        _ => t.visit_other(),
    };
    let doctor = list(body, "/participant").iter().find_map(|one| named(names, one.get("individual")));
    let end = text(body, "/period/end");
    Visit {
        title,
        department: named(names, body.get("serviceProvider")),
        doctor,
        from: written(text(body, "/period/start")),
        to: (!end.is_empty()).then(|| written(end)),
        running: matches!(text(body, "/status"), "arrived" | "triaged" | "in-progress" | "onleave"),
        reason: Some(concept(body.pointer("/reasonCode/0"))).filter(|reason| !reason.is_empty()),
        events,
    }
}

fn event(document: &Document, t: &Messages) -> Option<Event> {
    let body = &document.body;
    let words = |detail: &str| Some(detail.to_owned()).filter(|detail| !detail.is_empty());
    let mut place = Level::Normal;
    let (kind, title, detail) = match document.name.kind.as_str() {
        "Condition" => (EventKind::Condition, concept(body.get("code")), None),
        kind if is_medication(kind) => {
            let dose = text(body, "/dosageInstruction/0/text");
            (EventKind::Medication, concept(body.get("medicationCodeableConcept")), words(dose))
        }
        "DiagnosticReport" => (EventKind::Report, concept(body.get("code")), words(text(body, "/conclusion"))),
        "Observation" => {
            let measured: Vec<String> = values(body)
                .into_iter()
                .map(|(_, quantity, of)| {
                    let (low, high) = range(of);
                    if let Some(value) = number(quantity.get("value")).filter(|_| place == Level::Normal) {
                        place = level(value, low, high);
                    }
                    let value = quantity.get("value").map(Value::to_string).unwrap_or_default();
                    format!("{value} {}", text(quantity, "/unit"))
                })
                .collect();
            let coded = concept(body.get("valueCodeableConcept"));
            let detail = if measured.is_empty() { coded } else { measured.join(" / ") };
            (EventKind::Observation, concept(body.get("code")), words(&detail))
        }
        "Procedure" => (EventKind::Procedure, concept(body.get("code")), None),
        "Immunization" => (EventKind::Immunization, concept(body.get("vaccineCode")), None),
        "DocumentReference" => {
            let title = concept(body.get("type"));
            (EventKind::Document, title, words(text(body, "/description")))
        }
        "ImagingStudy" => {
            let title = concept(body.pointer("/procedureCode/0"));
            (EventKind::Document, title, words(text(body, "/description")))
        }
        _ => return None,
    };
    let title = if title.is_empty() { wording::Sort::of(&document.name.kind).label(t) } else { title };
    Some(Event { kind, when: written(happened(body)), title, detail, level: place, flag: mark(document) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pages::Lang;

    fn shell() -> Shell {
        Shell::new(Lang::En, "House", "2026-11-22T04:00:00Z".parse().unwrap())
    }

    #[test]
    fn dates_are_shown_as_written_and_days_begin_at_the_hospitals_midnight() {
        assert_eq!(written("2026-03-02T09:05:00+08:00"), "2026-03-02 09:05");
        assert_eq!(written("2026-03"), "2026-03");
        assert_eq!(at("2026-03-02", &shell()), Some("2026-03-01T16:00:00Z".parse().unwrap()));
        assert_eq!(at("2026", &shell()), Some("2025-12-31T16:00:00Z".parse().unwrap()));
        assert_eq!(at("soon", &shell()), None);
    }

    #[test]
    fn an_age_is_told_in_the_unit_that_matters() {
        let aged = |born: &str| age(&json!({"birthDate": born}), &shell());
        assert_eq!(aged("1959-11-23"), "66 y");
        assert_eq!(aged("1959-11-22"), "67 y");
        assert_eq!(aged("2025-11-30"), "11 months");
        assert_eq!(aged("2026-11-02"), "20 days");
        assert_eq!(aged("1959"), "");
    }
}
