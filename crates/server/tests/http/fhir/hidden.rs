//! Whether a hidden patient exists cannot be told from any answer: every FHIR route, asked as somebody
//! without access in a house where the patient exists and in one where not.

use http::Method;
use serde_json::{Value, json};
use tacebo_server::http::Exposure;

use crate::fhir::records::{observation, patient};
use crate::house::{Answered, House, JSON, Person};

/// What may differ between two answers: receipts name places in the log, dates the second.
fn bare(answer: &Answered) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "tacebo-receipt"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.text())
}

/// Requests that a route takes, aimed at patient `hid` and at what is known of him.
fn requests(method: &Method, path: &str) -> Vec<(String, Vec<(&'static str, &'static str)>, Option<Value>)> {
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

fn encode(query: &str) -> String {
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

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_the_same_whether_or_not_the_patient_exists() {
    let there = House::with_patient("hid").await;
    let not = House::new().await;
    there.delete(&there.his, "/fhir/Observation/o-hid").await.is(204);
    there.put(&there.his, "/fhir/Observation/o-hid", &observation("o-hid", "hid")).await.is(201);
    let people = |house: &House| -> Vec<(&'static str, Person)> {
        let emergency = Person { purpose: "ETREAT", ..house.stranger.clone() };
        vec![("stranger", house.stranger.clone()), ("stranger in an emergency without a ticket", emergency)]
    };
    let (mut compared, mut seen) = (0, 0);
    for route in tacebo_server::routes() {
        if !route.path.starts_with("/fhir") || matches!(route.exposure, Exposure::Public(_)) {
            continue;
        }
        let aimed = requests(&route.method, route.path);
        assert!(!aimed.is_empty(), "{route:?} has no request in this harness");
        for (path, headers, body) in aimed {
            for ((name, a), (_, b)) in people(&there).into_iter().zip(people(&not)) {
                let bytes = body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default();
                let one = there.send(&a, route.method.clone(), &path, &headers, bytes.clone()).await;
                let two = not.send(&b, route.method.clone(), &path, &headers, bytes).await;
                assert_eq!(bare(&one), bare(&two), "{} {path} {headers:?} as {name}", route.method);
                assert!(!one.text().contains("小明") || one.text() == two.text());
                compared += 1;
            }
            // The harness is no blind man: somebody who may see tells the two houses apart.
            if body.is_none() && route.method == Method::GET {
                let one = there.send(&there.his, route.method.clone(), &path, &headers, Vec::new()).await;
                let two = not.send(&not.his, route.method.clone(), &path, &headers, Vec::new()).await;
                seen += usize::from(bare(&one) != bare(&two));
            }
        }
    }
    assert!(compared > 100 && seen > 20, "{compared} {seen}");
    assert_eq!(
        there.get(&there.his, "/fhir/Patient/hid").await.is(200).json()["meta"]["versionId"],
        "1",
        "nothing was written"
    );
}
