//! The timeline: visits, and what took place in each.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::Value;
use tacebo_vault::Document;

use super::element::{at, concept, happened, list, text, written};
use super::labs::{level, number, range, values};
use super::names::{Names, named};
use super::{is_medication, mark};
use crate::doors::wording;
use crate::pages::Shell;
use crate::pages::doctor::{Event, EventKind, Level, Visit};
use crate::pages::lang::Messages;

/// Results outside a report that one visit lists at most; all of them are in the charts.
const LOOSE_RESULTS: usize = 6;

pub(super) fn visits(documents: &[Document], names: &Names, shell: &Shell) -> Vec<Visit> {
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

/// What sort of visit an encounter is, in words.
pub(in crate::doors) fn visit_title(encounter: &Value, t: &Messages) -> String {
    match text(encounter, "/class/code") {
        "AMB" => t.visit_outpatient(),
        "IMP" | "ACUTE" | "NONAC" => t.visit_inpatient(),
        "EMER" => t.visit_emergency(),
        _ => t.visit_other(),
    }
}

fn visit(body: &Value, events: Vec<Event>, names: &Names, t: &Messages) -> Visit {
    let doctor = list(body, "/participant").iter().find_map(|one| named(names, one.get("individual")));
    let end = text(body, "/period/end");
    Visit {
        title: visit_title(body, t),
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
