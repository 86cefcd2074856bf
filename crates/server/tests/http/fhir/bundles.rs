//! Transactions and batches.

use http::Method;
use serde_json::{Value, json};

use crate::fhir::records::{observation, patient};
use crate::house::House;

fn entry(method: &str, url: &str, resource: Value) -> Value {
    json!({ "resource": resource, "request": { "method": method, "url": url } })
}

fn bundle(kind: &str, entries: Vec<Value>) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

fn linked() -> Vec<Value> {
    let organization = json!({ "resourceType": "Organization", "identifier": [{ "system": "urn:org", "value": "cardio" }], "name": "心内科" });
    let mut observation = observation("x", "x");
    observation["subject"]["reference"] = json!("urn:uuid:11111111-1111-4111-8111-111111111111");
    observation["performer"] = json!([{ "reference": "Organization?identifier=urn:org|cardio" }]);
    vec![
        json!({ "resource": observation, "request": { "method": "POST", "url": "Observation" } }),
        json!({ "fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111", "resource": patient("x"),
            "request": { "method": "POST", "url": "Patient", "ifNoneExist": "identifier=urn:mrn|M-x" } }),
        json!({ "resource": organization, "request": { "method": "POST", "url": "Organization", "ifNoneExist": "identifier=urn:org|cardio" } }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_linked_up_and_answered_in_its_own_order() {
    let house = House::new().await;
    let first = house.post(&house.his, "/fhir", &bundle("transaction", linked())).await.is(200).json();
    assert_eq!(first["type"], "transaction-response");
    let place = |answer: &Value, at: usize| answer["entry"][at]["response"]["location"].as_str().unwrap().to_owned();
    for (at, kind) in [(0, "Observation/"), (1, "Patient/"), (2, "Organization/")] {
        assert!(first["entry"][at]["response"]["status"].as_str().unwrap().starts_with("201"), "{first}");
        assert!(place(&first, at).contains(kind), "{first}");
    }
    let short = |place: &str| {
        place
            .split("/_history")
            .next()
            .unwrap()
            .rsplit('/')
            .take(2)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("/")
    };
    let observation = house.get(&house.his, &format!("/fhir/{}", short(&place(&first, 0)))).await.is(200).json();
    assert_eq!(observation["subject"]["reference"], short(&place(&first, 1)));
    assert_eq!(observation["performer"][0]["reference"], short(&place(&first, 2)));

    // Again: the patient and the organisation are found, a new observation refers to them.
    let again = house.post(&house.his, "/fhir/", &bundle("transaction", linked())).await.is(200).json();
    assert_eq!(short(&place(&again, 1)), short(&place(&first, 1)));
    assert!(again["entry"][1]["response"]["status"].as_str().unwrap().starts_with("200"));
    let found = house.get(&house.his, &format!("/fhir/Observation?patient={}", short(&place(&first, 1)))).await.json();
    assert_eq!(found["total"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_with_one_bad_entry_keeps_nothing() {
    let house = House::with_patient("p1").await;
    let before = house.get(&house.his, "/fhir/Observation?patient=p1").await.json()["total"].clone();
    let good = || entry("POST", "Observation", observation("x", "p1"));
    let mut dangling = observation("x", "p1");
    dangling["performer"] = json!([{ "reference": "Practitioner?identifier=urn:none|0" }]);
    let mut unknown = observation("x", "p1");
    unknown["colour"] = json!("red");
    let stale =
        json!({ "resource": patient("p1"), "request": { "method": "PUT", "url": "Patient/p1", "ifMatch": "W/\"7\"" } });
    for (bad, status) in [
        (entry("POST", "Observation", dangling), 412),
        (entry("POST", "Observation", unknown), 400),
        (stale, 412),
        (entry("PATCH", "Patient/p1", json!({ "resourceType": "Patient" })), 400),
        (json!({ "request": { "method": "GET", "url": "Patient/p1" } }), 400),
    ] {
        house.post(&house.his, "/fhir", &bundle("transaction", vec![good(), bad])).await.is(status);
    }
    let twice = bundle(
        "transaction",
        vec![entry("PUT", "Patient/p1", patient("p1")), entry("PUT", "Patient/p1", patient("p1"))],
    );
    house.post(&house.his, "/fhir", &twice).await.is(400);
    // A doctor may write of her own patient, not of another: together, neither.
    let mixed = bundle("transaction", vec![good(), entry("POST", "Observation", observation("x", "somebody"))]);
    house.post(&house.doctor, "/fhir", &mixed).await.is(403);
    assert_eq!(house.get(&house.his, "/fhir/Observation?patient=p1").await.json()["total"], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_batch_do_not_know_each_other() {
    let house = House::with_patient("p1").await;
    let mut unknown = observation("x", "p1");
    unknown["colour"] = json!("red");
    let batch = bundle(
        "batch",
        vec![
            entry("POST", "Observation", unknown),
            entry("POST", "Observation", observation("x", "p1")),
            json!({ "request": { "method": "GET", "url": "Patient/p1" } }),
            json!({ "request": { "method": "GET", "url": "Patient/nobody" } }),
            json!({ "request": { "method": "GET", "url": "Observation?patient=p1" } }),
            json!({ "request": { "method": "DELETE", "url": "Observation?patient=p1" } }),
        ],
    );
    let answer = house.post(&house.his, "/fhir", &batch).await.is(200).json();
    let status: Vec<_> =
        answer["entry"].as_array().unwrap().iter().map(|e| &e["response"]["status"].as_str().unwrap()[..3]).collect();
    assert_eq!(status, ["400", "201", "200", "404", "200", "400"]);
    assert_eq!(answer["entry"][2]["resource"]["id"], "p1");
    assert_eq!(answer["entry"][4]["resource"]["total"], 2);
    assert_eq!(answer["entry"][3]["response"]["outcome"]["resourceType"], "OperationOutcome");

    // All refused: nothing disclosed, and an entry for each.
    let mark = house.mark();
    let reads = bundle(
        "batch",
        ["p1", "p2"].map(|id| json!({ "request": { "method": "GET", "url": format!("Patient/{id}") } })).into(),
    );
    let answer = house.post(&house.stranger, "/fhir", &reads).await.is(200).json();
    assert_eq!(answer["entry"][0], answer["entry"][1]);
    assert_eq!(house.since(mark).await.iter().filter(|entry| entry.get("outcome") == "refused").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_is_none_is_refused_whole() {
    let house = House::new().await;
    for body in
        [json!({ "resourceType": "Bundle", "type": "searchset" }), json!({ "resourceType": "Patient" }), json!([])]
    {
        house.post(&house.his, "/fhir", &body).await.is(400);
    }
    let empty = house.post(&house.his, "/fhir", &bundle("transaction", vec![])).await;
    assert_eq!(empty.is(200).json()["type"], "transaction-response");
    house.send(&house.his, Method::PUT, "/fhir", &[], Vec::new()).await.is(405);
}
