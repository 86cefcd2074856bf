//! The allow-list of what may be found across patients.
//!
//! Only identifying and administrative values are here, never a clinical one: each term says in the clear that two rows share
//! a value. Everything found by a term is asked again exactly on its index record, so a term may cover too much (a name by its
//! first six characters) but never too little.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compartment;
use crate::search::{Modifier, Prefix, System, Wanted};
use crate::tables::Tables;
use crate::values::pinyin::readings;
use crate::values::reference::Target;
use crate::values::text::{fold, has_han, normalise, phone};
use crate::values::time::span;
use crate::walker::{Zone, joined_han_name, list, text};

/// Longest prefix of a name that is a term of its own, in characters.
pub const NAME_PREFIX: usize = 6;

/// Parameter of the terms that say who takes part in the care, whatever the type: `Practitioner/x`, `Organization/x` …
pub const RELATION: &str = "relation";

/// Parameter of the terms of patients other than the owner in whose compartment a resource also is: `Patient/x`.
pub const ALSO_ABOUT: &str = "also-about";

/// Types whose names are terms.
const NAMED: &[&str] = &["Patient", "Practitioner", "Organization", "Location"];

/// Terms of a resource: parameter (`Patient.name`) and normalised value, each once.
pub fn terms(tables: &Tables, kind: &str, resource: &Value) -> Vec<(String, String)> {
    let mut out = BTreeSet::new();
    let mut put = |param: &str, value: String| {
        if !value.is_empty() {
            out.insert((format!("{kind}.{param}"), value));
        }
    };
    let outside = tables.patient_params(kind).is_none();
    if outside || kind == "Patient" {
        let identifiers = match resource.get("identifier") {
            Some(Value::Array(items)) => items.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => &[],
        };
        for identifier in identifiers {
            let Some(value) = text(identifier, "value") else { continue };
            put("identifier", fold(value).into_owned());
            if let Some(system) = text(identifier, "system") {
                put("identifier", format!("{system}|{}", fold(value)));
            }
        }
    }
    if NAMED.contains(&kind) {
        for form in name_forms(resource) {
            prefixes(&form, &mut |p| put("name", p));
        }
    }
    if kind == "Patient" {
        if let Some(birth) = text(resource, "birthDate").filter(|b| span(b, Zone::UTC).is_some()) {
            for length in [4, 7, 10] {
                if let Some(part) = birth.get(..length) {
                    put("birthdate", part.to_owned());
                }
            }
        }
        for telecom in list(resource, "telecom") {
            if let Some(digits) =
                text(telecom, "value").filter(|_| text(telecom, "system") != Some("email")).and_then(phone)
            {
                put("phone", digits);
            }
        }
    }
    if let (true, Some(url)) = (outside, text(resource, "url")) {
        put("url", url.to_owned());
    }
    if kind == "PractitionerRole" {
        for key in ["practitioner", "organization"] {
            if let Some(local) = resource.get(key).and_then(local) {
                put(key, local);
            }
        }
    }
    let mut all: Vec<(String, String)> = out.into_iter().collect();
    all.extend(participants(kind, resource).into_iter().map(|p| (RELATION.to_owned(), p)));
    let others = compartment::patients(tables, kind, resource).into_iter().skip(1);
    all.extend(others.map(|p| (ALSO_ABOUT.to_owned(), format!("Patient/{p}"))));
    all
}

/// The term that covers what a clause wants; `None` if the allow-list has none.
pub(crate) fn wanted(
    tables: &Tables,
    kind: &str,
    code: &str,
    modifier: &Modifier,
    wanted: &Wanted,
) -> Option<(String, String)> {
    let outside = tables.patient_params(kind).is_none();
    let term = |param: &str, value: String| (!value.is_empty()).then(|| (format!("{kind}.{param}"), value));
    match (code, modifier, wanted) {
        ("identifier", Modifier::None, Wanted::Token { system, code: Some(value) }) if outside || kind == "Patient" => {
            match system {
                System::Is(system) => term("identifier", format!("{system}|{}", fold(value))),
                System::Any | System::Absent => term("identifier", fold(value).into_owned()),
            }
        }
        ("identifier", Modifier::OfType, Wanted::OfType { value, .. }) if outside || kind == "Patient" => {
            term("identifier", fold(value).into_owned())
        }
        ("name" | "family" | "given" | "phonetic", Modifier::None | Modifier::Exact, Wanted::Text { normal, .. })
            if NAMED.contains(&kind) =>
        {
            term("name", normal.chars().take(NAME_PREFIX).collect())
        }
        ("birthdate", Modifier::None, Wanted::Time { prefix: Prefix::Eq, .. }) if kind == "Patient" => {
            term("birthdate", wanted.date_text()?)
        }
        (
            "phone" | "telecom",
            Modifier::None,
            Wanted::Token { code: Some(value), system: System::Any | System::Absent },
        ) if kind == "Patient" => term("phone", phone(value)?),
        ("url", Modifier::None, Wanted::Uri(url)) if outside => term("url", url.clone()),
        ("practitioner" | "organization", Modifier::None | Modifier::Type(_), Wanted::Local { kind: of, id })
            if kind == "PractitionerRole" =>
        {
            let of = of.as_deref().unwrap_or(if code == "practitioner" { "Practitioner" } else { "Organization" });
            term(code, format!("{of}/{id}"))
        }
        _ => None,
    }
}

/// All forms of all names, normalised.
fn name_forms(resource: &Value) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    let mut add = |form: &str, read: bool| {
        if let (true, Some((full, initials))) = (read && has_han(form), readings(form)) {
            forms.insert(full);
            forms.insert(initials);
        }
        forms.insert(normalise(form));
    };
    match resource.get("name") {
        Some(Value::String(name)) => add(name, true),
        Some(Value::Array(names)) => {
            for name in names {
                for key in ["text", "family"] {
                    if let Some(t) = text(name, key) {
                        add(t, true);
                    }
                }
                for key in ["given", "prefix", "suffix"] {
                    list(name, key).iter().filter_map(Value::as_str).for_each(|t| add(t, key == "given"));
                }
                if let Some(whole) = joined_han_name(name) {
                    add(&whole, true);
                }
            }
        }
        _ => {}
    }
    for alias in list(resource, "alias").iter().filter_map(Value::as_str) {
        add(alias, true);
    }
    forms
}

fn prefixes(form: &str, put: &mut dyn FnMut(String)) {
    let ends = form.char_indices().map(|(at, c)| at + c.len_utf8());
    for end in ends.take(NAME_PREFIX) {
        put(form.get(..end).unwrap_or_default().to_owned());
    }
}

/// Who takes part: staff, departments and teams, as references.
pub(crate) fn participants(kind: &str, resource: &Value) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut add =
        |reference: Option<&Value>| out.extend(reference.and_then(local).filter(|r| !r.starts_with("Patient/")));
    let each: &[(&str, &str)] = match kind {
        "Encounter" => &[("participant", "individual")],
        "CareTeam" => &[("participant", "member"), ("participant", "onBehalfOf")],
        "Appointment" => &[("participant", "actor")],
        _ => &[],
    };
    for (list_name, key) in each {
        for p in list(resource, list_name) {
            add(p.get(*key));
        }
    }
    match kind {
        "Encounter" => add(resource.get("serviceProvider")),
        "CareTeam" => list(resource, "managingOrganization").iter().for_each(|o| add(Some(o))),
        "EpisodeOfCare" => {
            add(resource.get("careManager"));
            add(resource.get("managingOrganization"));
            for team in list(resource, "team") {
                add(Some(team));
            }
        }
        _ => {}
    }
    out
}

/// `Type/id` of a reference to this server.
pub(crate) fn local(reference: &Value) -> Option<String> {
    match Target::of(text(reference, "reference")?) {
        Target::Local { kind, id } => Some(format!("{kind}/{id}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::search::{Query, SearchContext};

    fn patient() -> Value {
        json!({
            "resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1980-02-03",
            "identifier": [{ "system": "urn:oid:2.16.156.10011.1.3", "value": "11010119800203123X" }, { "value": "M-1" }],
            "name": [{ "family": "欧阳", "given": ["小三"] }],
            "telecom": [{ "system": "phone", "value": "+86 138 0013 8000" }, { "system": "email", "value": "a@b.cn" }]
        })
    }

    fn query(kind: &str, q: &str) -> Query {
        Query::parse(&SearchContext::of_tests(), kind, q).unwrap()
    }

    #[test]
    fn what_is_asked_across_patients_is_covered_by_terms_and_admitted_exactly() {
        let t = Tables::r4();
        let p = patient();
        let terms: BTreeSet<_> = terms(t, "Patient", &p).into_iter().collect();
        let record = crate::walker::index(t, Zone::CHINA, &p);
        let meta = crate::search::RecordMeta { id: "p1", version: 1, last_updated_us: 0 };
        for q in [
            "identifier=11010119800203123x",
            "identifier=urn:oid:2.16.156.10011.1.3|11010119800203123X",
            "identifier=|M-1",
            "name=欧阳小三",
            "name=欧",
            "family=欧阳",
            "name=ouyangxiao",
            "name=oyxs",
            "name=ouyang",
            "given=小三",
            "birthdate=1980",
            "birthdate=1980-02",
            "birthdate=1980-02-03",
            "phone=13800138000",
            "telecom=138-0013-8000",
        ] {
            let query = query("Patient", q);
            let wanted = query.terms();
            assert_eq!(wanted.len(), 1, "{q}");
            assert!(wanted[0].iter().all(|w| terms.contains(w)), "{q}: {wanted:?}");
            assert!(query.admits(&record, &meta), "{q}");
        }
        for q in [
            "name:contains=三",
            "birthdate=gt1980",
            "gender=female",
            "name:missing=false",
            "identifier=urn:x|",
            "birthdate:missing=true",
            "address=x",
            "email=a@b.cn",
        ] {
            assert!(query("Patient", q).terms().is_empty(), "{q}");
        }
    }

    #[test]
    fn no_clinical_value_and_no_gender_is_a_term() {
        let o = json!({ "resourceType": "Observation", "identifier": [{ "value": "lab-1" }], "code": { "coding": [{ "code": "HIV" }] },
            "subject": { "reference": "Patient/p1" }, "performer": [{ "reference": "Practitioner/d" }] });
        assert_eq!(terms(Tables::r4(), "Observation", &o), []);
        assert!(terms(Tables::r4(), "Patient", &patient()).iter().all(|(p, v)| !p.contains("gender") && v != "female"));
    }

    #[test]
    fn care_relations_and_second_patients_are_terms() {
        let e = json!({ "resourceType": "Encounter", "subject": { "reference": "Patient/p1" }, "serviceProvider": { "reference": "Organization/cardio" },
            "participant": [{ "individual": { "reference": "Practitioner/d" } }] });
        let all = terms(Tables::r4(), "Encounter", &e);
        assert_eq!(all, [(RELATION.into(), "Organization/cardio".into()), (RELATION.into(), "Practitioner/d".into())]);
        let a = json!({ "resourceType": "Appointment", "participant": [{ "actor": { "reference": "Patient/p1" } },
            { "actor": { "reference": "Patient/p2" } }, { "actor": { "reference": "Practitioner/d" } }] });
        let all = terms(Tables::r4(), "Appointment", &a);
        assert_eq!(all, [(RELATION.into(), "Practitioner/d".into()), (ALSO_ABOUT.into(), "Patient/p2".into())]);
    }

    #[test]
    fn departments_and_definitions_are_found_by_name_and_url() {
        let t = Tables::r4();
        let o = json!({ "resourceType": "Organization", "name": "心内科", "alias": ["CARDIO"] });
        let all: BTreeSet<_> = terms(t, "Organization", &o).into_iter().collect();
        for q in ["name=心内", "name=xinnei", "name=xnk", "name=cardio"] {
            assert!(all.contains(&query("Organization", q).terms()[0][0]), "{q}");
        }
        let v = json!({ "resourceType": "ValueSet", "url": "http://x/vs" });
        assert_eq!(terms(t, "ValueSet", &v), query("ValueSet", "url=http://x/vs").terms()[0]);
    }
}
