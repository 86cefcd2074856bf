//! No answer without its entry: random requests by random people, and after each the log.

use http::Method;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::house::{House, JSON, observation, patient};

#[derive(Debug, Clone)]
struct Ask {
    who: usize,
    what: usize,
    patient: &'static str,
}

fn asks() -> impl Strategy<Value = Ask> {
    (0..5usize, 0..14usize, prop::sample::select(vec!["p1", "p2", "nobody"])).prop_map(|(who, what, patient)| Ask {
        who,
        what,
        patient,
    })
}

/// Method, path, body, and whose record is asked for.
fn request(ask: &Ask) -> (Method, String, Option<Value>) {
    let p = ask.patient;
    match ask.what {
        0 => (Method::GET, format!("/fhir/Patient/{p}"), None),
        1 => (Method::GET, format!("/fhir/Observation/o-{p}"), None),
        2 => (Method::GET, format!("/fhir/Observation/o-{p}/_history/1"), None),
        3 => (Method::GET, format!("/fhir/Patient/{p}/_history"), None),
        4 => (Method::GET, format!("/fhir/Observation?patient={p}"), None),
        5 => (Method::GET, format!("/fhir/Patient?_id={p}"), None),
        6 => (Method::GET, format!("/fhir/Patient?identifier=M-{p}"), None),
        7 => (Method::POST, "/fhir/Observation".to_owned(), Some(observation("x", p))),
        8 => (
            Method::PUT,
            format!("/fhir/Patient/{p}"),
            (p != "nobody").then(|| patient(p)).or_else(|| Some(patient(p))),
        ),
        9 => (Method::DELETE, format!("/fhir/Observation/o-{p}"), None),
        10 => (Method::PUT, format!("/fhir/Observation/o-{p}"), Some(observation(&format!("o-{p}"), p))),
        11 => (Method::GET, format!("/fhir/Patient/{p}/Encounter?status=in-progress"), None),
        12 => (Method::GET, format!("/fhir/Observation?patient={p}&_summary=count"), None),
        _ => (Method::GET, format!("/fhir/Encounter/e-{p}"), None),
    }
}

#[test]
fn every_answer_about_a_patient_has_exactly_one_entry_with_its_outcome() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let house = runtime.block_on(async {
        let house = House::with_patient("p1").await;
        house.admit("p2").await;
        house
    });
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    runner
        .run(&prop::collection::vec(asks(), 1..8), |asks| {
            runtime.block_on(async {
                for ask in asks {
                    let people = [&house.his, &house.doctor, &house.stranger, &house.counter, &house.officer];
                    let (method, path, body) = request(&ask);
                    let mark = house.mark().await;
                    let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
                    let answer = house.send(people[ask.who], method, &path, &[JSON], bytes).await;
                    let entries = house.since(mark).await;
                    prop_assert_eq!(
                        entries.len(),
                        1,
                        "{:?} {} -> {}: {:?}",
                        ask,
                        path,
                        answer.status,
                        entries.iter().map(|e| e.fields.clone()).collect::<Vec<_>>()
                    );
                    let entry = &entries[0];
                    let expected = match answer.status.as_u16() {
                        200..=299 => "done",
                        403 => "refused",
                        404 | 410 => "not-found",
                        _ => "failed",
                    };
                    prop_assert_eq!(entry.get("outcome"), expected, "{:?} {}", ask, path);
                    let named = entry.get("patient");
                    prop_assert!(named.is_empty() || named == ask.patient, "{:?} {} names {}", ask, path, named);
                    let concerned =
                        answer.status.as_u16() == 200 && answer.text().contains(&format!("Patient/{}", ask.patient));
                    prop_assert!(!concerned || named == ask.patient, "{:?} {} names nobody", ask, path);
                    let receipt = answer.header("tacebo-receipt");
                    prop_assert!(
                        receipt.starts_with(&format!("{}:", entry.index)),
                        "{} is not of {}",
                        receipt,
                        entry.index
                    );
                }
                Ok(())
            })
        })
        .unwrap();
}
