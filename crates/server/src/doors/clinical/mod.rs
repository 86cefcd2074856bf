//! A record as people read it: FHIR documents become conditions, medications, results and a timeline.
//!
//! Everything here has been disclosed and veiled already; nothing is looked up but names of departments and staff.

mod element;
mod labs;
mod names;
mod person;
mod visits;

use std::collections::BTreeSet;

use serde_json::Value;
use tacebo_vault::Document;
use tacebo_vault::policy::{Category, Confidentiality, Sensitivity};

use self::element::{happened, written};
use self::labs::labs;
use self::names::named;
use self::visits::visits;
use super::wording;
use crate::pages::doctor::{Lab, Limit, Medication, PatientHead, Problem, Visit};
use crate::pages::{Flag, FlagKind, Shell};

pub(super) use self::element::{at, concept, list, text};
pub(super) use self::names::{Names, names};
pub(super) use self::person::{RECORD_SYSTEM, RESIDENT_SYSTEM, age, flags, name_of, phone, record_number, resident_id};
pub(super) use self::visits::visit_title;

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
