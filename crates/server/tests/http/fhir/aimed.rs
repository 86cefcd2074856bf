//! How the FHIR routes are asked about somebody hidden.

use http::Method;
use serde_json::{Value, json};

use crate::fhir::records::{observation, patient};
use crate::house::JSON;

/// Requests that a route of FHIR takes, aimed at the hidden patient and at what is known of him. A route that is
/// not named here is asked plainly.
pub(crate) fn requests(method: &Method, path: &str) -> Vec<(String, Vec<(&'static str, &'static str)>, Option<Value>)> {
    let mut aimed = Vec::new();
    let targets = [("Patient", "hid"), ("Observation", "o-hid"), ("Encounter", "e-hid")];
    for (kind, id) in targets {
        let here = path
            .replace("{kind}", kind)
            .replace("{id}", id)
            .replace("{version}", "1")
            .replace("{inner}", "Observation");
        let body = |id: &str| if kind == "Patient" { patient(id) } else { observation(id, "hid") };
        match (method.as_str(), path) {
            ("GET", "/fhir/{kind}") => {
                let queries = match kind {
                    "Patient" => vec![
                        "?_id=hid",
                        "?identifier=M-hid",
                        "?identifier=urn:mrn|M-hid",
                        "?name=王小明",
                        "?birthdate=1980-02-03",
                        "?phone=13800138000",
                        "?identifier=M-hid&_summary=count",
                        "?_id=hid&_total=accurate",
                        "?_id=hid,other",
                        "?name=wangxiao&_sort=birthdate&_count=1",
                        "",
                    ],
                    _ => vec![
                        "?patient=hid",
                        "?patient=hid&_summary=count",
                        "?subject=Patient/hid",
                        "?_id=o-hid",
                        "?_id=e-hid",
                        "?patient=hid&_count=0",
                        "?patient=hid&date=ge2020&_sort=-date",
                        "?patient=hid&_id=o-hid",
                    ],
                };
                aimed.extend(queries.into_iter().map(|query| (format!("{here}{}", encode(query)), vec![], None)));
            }
            ("POST", "/fhir/{kind}/_search") => aimed.push((
                format!("{here}?{}", if kind == "Patient" { "_id=hid" } else { "patient=hid" }),
                vec![],
                None,
            )),
            ("POST", "/fhir/{kind}") => {
                aimed.push((here.clone(), vec![JSON], Some(body("new"))));
                let criteria = if kind == "Patient" { "identifier=urn:mrn|M-hid" } else { "patient=hid" };
                aimed.push((here, vec![JSON, ("if-none-exist", criteria)], Some(body("new"))));
            }
            ("PUT", _) => {
                for conditions in [
                    vec![JSON],
                    vec![JSON, ("if-match", "W/\"1\"")],
                    vec![JSON, ("if-match", "W/\"9\"")],
                    vec![JSON, ("if-none-match", "*")],
                ] {
                    let body = if kind == "Encounter" {
                        json!({ "resourceType": "Encounter", "id": id, "status": "planned", "class": { "code": "AMB" }, "subject": { "reference": "Patient/hid" } })
                    } else {
                        body(id)
                    };
                    aimed.push((here.clone(), conditions, Some(body)));
                }
            }
            ("DELETE", _) => {
                aimed.push((here.clone(), vec![], None));
                aimed.push((here, vec![("if-match", "W/\"1\"")], None));
            }
            ("POST", "/fhir" | "/fhir/") => {
                let reads = |kind: &str| {
                    json!({ "resourceType": "Bundle", "type": kind, "entry": [
                    { "request": { "method": "GET", "url": "Patient/hid" } }, { "request": { "method": "GET", "url": "Observation?patient=hid" } }] })
                };
                let write = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
                    { "resource": observation("x", "hid"), "request": { "method": "POST", "url": "Observation" } }] });
                let mut refers = observation("x", "mine");
                refers["subject"]["reference"] = json!("Patient?identifier=urn:mrn|M-hid");
                let refers = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
                    { "resource": refers, "request": { "method": "POST", "url": "Observation" } }] });
                aimed.extend(
                    [reads("batch"), reads("transaction"), write, refers]
                        .map(|body| (here.clone(), vec![JSON], Some(body))),
                );
            }
            ("POST", _) => aimed.push((here, vec![JSON], Some(body("hid")))),
            _ => {
                aimed.push((here.clone(), vec![], None));
                aimed.push((here, vec![("if-none-match", "W/\"1\"")], None));
            }
        }
    }
    aimed
}

pub(crate) fn encode(query: &str) -> String {
    query
        .chars()
        .map(|c| {
            if c.is_ascii() && c != '|' {
                c.to_string()
            } else {
                c.to_string().bytes().map(|b| format!("%{b:02X}")).collect()
            }
        })
        .collect()
}
