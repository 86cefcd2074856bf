//! Search, pages, $everything.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::fhir::records::{observation, patient};
use crate::house::{House, Person};

fn ids(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .filter(|e| e["search"]["mode"] == "match")
        .map(|e| e["resource"]["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_s_data_are_searched_exactly_and_others_are_not_found() {
    let house = House::with_patient("p1").await;
    house.admit("p2").await;
    let mut late = observation("late", "p1");
    late["effectiveDateTime"] = json!("2026-09-01");
    late["code"]["coding"][0]["code"] = json!("2160-0");
    house.put(&house.his, "/fhir/Observation/late", &late).await.is(201);
    let find = async |query: &str| ids(&house.get(&house.doctor, &format!("/fhir/{query}")).await.is(200).json());
    assert_eq!(find("Observation?patient=p1").await.len(), 2);
    assert_eq!(find("Observation?patient=Patient/p1&code=http://loinc.org|2160-0").await, ["late"]);
    assert_eq!(find("Observation?subject=Patient/p1&date=ge2026-08").await, ["late"]);
    assert_eq!(find("Patient/p1/Observation?_sort=date").await, ["o-p1", "late"]);
    assert_eq!(find("Observation?patient=p1&value-quantity=gt20").await, [] as [&str; 0]);
    assert_eq!(find("Patient?_id=p1").await, ["p1"]);
    assert_eq!(find("Patient?identifier=urn:mrn|M-p1").await, ["p1"]);
    assert_eq!(find("Patient?name=wangxiao").await.len(), 2);
    assert_eq!(find("Patient?birthdate=1980-02").await.len(), 2);
    let form = house
        .send(
            &house.doctor,
            Method::POST,
            "/fhir/Observation/_search",
            &[("content-type", "application/x-www-form-urlencoded")],
            b"patient=p1&code=2160-0".to_vec(),
        )
        .await;
    assert_eq!(ids(&form.is(200).json()), ["late"]);
    let count = house.get(&house.doctor, "/fhir/Observation?patient=p1&_summary=count").await.is(200).json();
    assert_eq!((count["total"].as_u64(), count.get("entry")), (Some(2), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_open_everybody_s_records_is_too_costly_and_what_is_unknown_is_refused() {
    let house = House::with_patient("p1").await;
    for query in ["Observation", "Observation?code=718-7", "Patient", "Patient?gender=male", "Patient?birthdate=gt1980"]
    {
        assert_eq!(house.get(&house.his, &format!("/fhir/{query}")).await.is(400).issue(), "too-costly", "{query}");
    }
    for query in [
        "Observation?patient=p1&no-such=1",
        "Observation?patient=p1&code:frob=1",
        "Observation?patient=p1&date=gestern",
        "Observation?patient=p1&_has:X:y:z=1",
    ] {
        house.get(&house.his, &format!("/fhir/{query}")).await.is(400);
    }
    let lenient = house
        .send(
            &house.his,
            Method::GET,
            "/fhir/Observation?patient=p1&no-such=1",
            &[("prefer", "handling=lenient")],
            Vec::new(),
        )
        .await;
    let bundle = lenient.is(200).json();
    assert_eq!(ids(&bundle), ["o-p1"]);
    assert!(bundle["entry"].as_array().unwrap().iter().any(|e| e["search"]["mode"] == "outcome"));
    assert!(!bundle["link"][0]["url"].as_str().unwrap().contains("no-such"));
    house.get(&house.his, "/fhir/Nothing/1").await.is(404);
    // The house itself may be listed.
    house
        .put(
            &house.his,
            "/fhir/Organization/cardiology",
            &json!({ "resourceType": "Organization", "id": "cardiology", "name": "心内科" }),
        )
        .await
        .is(201);
    assert_eq!(ids(&house.get(&house.stranger, "/fhir/Organization").await.is(200).json()), ["cardiology"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_chain_has_no_gap_and_no_double_while_others_write() {
    // Long enough that sealed bytes in a link do not spell it by chance.
    const WHO: &str = "patient-of-pages";
    let house = House::with_patient(WHO).await;
    for n in 0..11 {
        let body = observation(&format!("n{n}"), WHO);
        house.put(&house.his, &format!("/fhir/Observation/n{n}"), &body).await.is(201);
    }
    let mut seen = Vec::new();
    let mut next = Some(format!("/fhir/Observation?patient={WHO}&_count=3"));
    let mut pages = 0;
    while let Some(path) = next {
        let page = house.get(&house.his, &path).await.is(200).json();
        seen.extend(ids(&page));
        pages += 1;
        let body = observation(&format!("new{pages}"), WHO);
        house.put(&house.his, &format!("/fhir/Observation/new{pages}"), &body).await.is(201);
        house.put(&house.his, "/fhir/Observation/n0", &observation("n0", WHO)).await;
        let links = page["link"].as_array().unwrap();
        let url = links.iter().find(|l| l["relation"] == "next").map(|l| l["url"].as_str().unwrap().to_owned());
        assert!(url.as_ref().is_none_or(|url| !url.contains(WHO)), "a link names a patient");
        next = url.map(|url| url.strip_prefix("http://localhost").unwrap().to_owned());
        if let Some(path) = &next {
            // Bound to the person, the purpose and the search.
            house.get(&house.doctor, path).await.is(400);
            house.get(&house.his, &path.replace("Observation", "Encounter")).await.is(400);
            house.get(&house.his, &format!("{path}A")).await.is(400);
        }
    }
    assert_eq!(pages, 4);
    assert_eq!(seen.len(), 12);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_begins_with_the_patient_and_holds_nobody_else_s() {
    let house = House::with_patient("p1").await;
    house.admit("p2").await;
    let all = house.get(&house.doctor, "/fhir/Patient/p1/$everything").await.is(200).json();
    assert_eq!(ids(&all).first().map(String::as_str), Some("p1"));
    assert_eq!(ids(&all).into_iter().collect::<BTreeSet<_>>(), ["p1", "e-p1", "o-p1"].map(str::to_owned).into());
    let some = house.get(&house.doctor, "/fhir/Patient/p1/$everything?_type=Observation").await.is(200).json();
    assert_eq!(ids(&some), ["o-p1"]);
    house.get(&house.his, "/fhir/Patient/nobody/$everything").await.is(404);
    house.get(&house.stranger, "/fhir/Patient/p1/$everything").await.is(403);
    house.get(&house.his, "/fhir/Observation/o-p1/$everything").await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn reception_finds_by_the_card_in_hand_and_guesses_nothing() {
    let house = House::with_patient("p1").await;
    let found = house.get(&house.counter, "/fhir/Patient?identifier=urn:mrn|M-p1").await;
    assert_eq!(ids(&found.is(200).json()), ["p1"]);
    for secret in ["小明", "13800138000", "1980-02-03"] {
        assert!(!found.text().contains(secret), "{}", found.text());
    }
    for guess in ["name=王小", "birthdate=1980-02-03", "identifier:missing=false&_id=p1", "_id=p1&_sort=birthdate"] {
        assert_eq!(
            house.get(&house.counter, &format!("/fhir/Patient?{guess}")).await.is(200).json()["total"],
            0,
            "{guess}"
        );
    }
    house.get(&house.counter, "/fhir/Observation?patient=p1").await.is(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn validate_says_what_is_wrong_and_keeps_nothing() {
    let house = House::new().await;
    let good = house.post(&house.his, "/fhir/Patient/$validate", &patient("p9")).await.is(200).json();
    assert_eq!(good["issue"][0]["severity"], "information");
    let mut bad = patient("p9");
    bad["gender"] = json!("secret-value");
    let wrapped = json!({ "resourceType": "Parameters", "parameter": [{ "name": "resource", "resource": bad }] });
    let told = house.post(&house.his, "/fhir/Patient/$validate", &wrapped).await;
    assert_eq!(told.is(200).json()["issue"][0]["severity"], "error");
    assert!(!told.text().contains("secret-value"));
    house.get(&house.his, "/fhir/Patient/p9").await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_fhir_and_not_the_house_s_own_records() {
    use tacebo_vault::PatientId;
    let house = House::with_patient("p1").await;
    let known = house.identity.token(&house.stranger.token).unwrap().unwrap();
    let origin = tacebo_vault::Origin { door: tacebo_vault::Door::Console, address: None };
    let asker = known.asker_for("ETREAT", origin).unwrap();
    let _ = house
        .app
        .vault()
        .declare_emergency(&asker, &PatientId::new("p1").into(), "unconscious", "no answer", 30)
        .await
        .unwrap();
    let urgent = Person { purpose: "ETREAT", ..house.stranger.clone() };
    for who in [&urgent, &house.his] {
        let all = house.get(who, "/fhir/Patient/p1/$everything").await.is(200).json();
        assert_eq!(ids(&all).into_iter().collect::<BTreeSet<_>>(), ["p1", "e-p1", "o-p1"].map(str::to_owned).into());
    }
    // Under any other purpose the ticket opens nothing.
    house.get(&house.stranger, "/fhir/Patient/p1").await.is(403);
}
