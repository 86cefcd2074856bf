//! What a broken or hostile caller sends: refused clearly, and nothing kept.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::fhir::records::patient;
use crate::house::{House, JSON, Person};

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_resources_are_refused_noted_and_not_kept() {
    let house = House::new().await;
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let text = patient("x").to_string();
    let cases: Vec<(Vec<u8>, u16)> = vec![
        (Vec::new(), 400),
        (text.as_bytes()[..text.len() - 2].to_vec(), 400),
        (deep.into_bytes(), 400),
        (br#"{"resourceType":"Patient","id":"x","id":"y"}"#.to_vec(), 400),
        (b"{\"resourceType\":\"Patient\",\"id\":\"\xff\"}".to_vec(), 400),
        (format!("{text} x").into_bytes(), 400),
        (br#"{"resourceType":"Patient","id":"x","birthDate":"yesterday"}"#.to_vec(), 400),
        (br#"{"resourceType":"Patient","id":"x","name":{"family":"a"}}"#.to_vec(), 400),
        (br#"{"resourceType":"Patient","id":"x","colour":"red"}"#.to_vec(), 400),
        (br#"{"resourceType":"Observation","id":"x"}"#.to_vec(), 400),
        (br#"{"id":"x"}"#.to_vec(), 400),
        (b"null".to_vec(), 400),
        (vec![b' '; (4 << 20) + 1], 413),
    ];
    for (number, (body, status)) in cases.into_iter().enumerate() {
        for (method, path) in [(Method::POST, "/fhir/Patient"), (Method::PUT, "/fhir/Patient/x")] {
            let mark = house.mark();
            let answer = house.send(&house.his, method, path, &[JSON], body.clone()).await;
            assert_eq!(answer.status.as_u16(), status, "case {number}: {}", answer.text());
            assert_eq!(answer.json()["resourceType"], "OperationOutcome");
            let entries = house.since(mark).await;
            assert_eq!(entries.len(), 1, "case {number}");
            assert_eq!(entries[0].get("outcome"), "failed");
        }
    }
    house.get(&house.his, "/fhir/Patient/x").await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_a_body_that_disagree_are_refused() {
    let house = House::new().await;
    house.put(&house.his, "/fhir/Patient/a", &patient("b")).await.is(400);
    house.put(&house.his, "/fhir/Patient/a%20b", &patient("a b")).await.is(400);
    house.put(&house.his, "/fhir/Observation/a", &patient("a")).await.is(400);
    let odd = house
        .send(
            &house.his,
            Method::PUT,
            "/fhir/Patient/a",
            &[JSON, ("if-match", "x")],
            patient("a").to_string().into_bytes(),
        )
        .await;
    odd.is(400);
    house.get(&house.his, "/fhir/Patient/a").await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_token_or_a_purpose_nobody_is_asked() {
    let house = House::with_patient("p1").await;
    let mark = house.mark();
    let send = async |token: Option<&str>, purpose: Option<&str>| {
        let mut request = Request::get("/fhir/Patient/p1");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(purpose) = purpose {
            request = request.header("x-purpose-of-use", purpose);
        }
        house.request(request.body(Body::empty()).unwrap()).await
    };
    let good = house.his.token.clone();
    let none = send(None, Some("TREAT")).await;
    assert_eq!(none.is(401).issue(), "login");
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"tacebo\"");
    assert!(
        send(Some("tct_made-up"), Some("TREAT")).await.is(401).header("www-authenticate").contains("invalid_token")
    );
    assert_eq!(send(Some(&good), None).await.is(400).issue(), "required");
    for purpose in ["", "treat", "CURIOSITY", "TREAT,ETREAT"] {
        assert_eq!(send(Some(&good), Some(purpose)).await.is(400).issue(), "code-invalid", "{purpose}");
    }
    assert_eq!(house.since(mark).await.len(), 0);
    send(Some(&good), Some("TREAT")).await.is(200);
    // Purposes that exist and are not theirs: a client's by registration, a doctor's by policy.
    for who in [&house.his, &house.doctor] {
        let mark = house.mark();
        let wrong = Person { purpose: "HRESCH", ..who.clone() };
        assert_eq!(house.get(&wrong, "/fhir/Patient/p1").await.is(403).issue(), "forbidden");
        assert_eq!(
            house.since(mark).await.iter().map(|e| e.get("outcome").to_owned()).collect::<Vec<_>>(),
            ["refused"]
        );
    }
    // A token ends.
    house.clock.fetch_add(2 * 3_600_000_000, std::sync::atomic::Ordering::SeqCst);
    send(Some(&good), Some("TREAT")).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_json_of_r4_is_spoken() {
    let house = House::with_patient("p1").await;
    let get = async |path: &str, accept: &str| {
        house.send(&house.his, Method::GET, path, &[("accept", accept)], Vec::new()).await
    };
    get("/fhir/Patient/p1", "application/fhir+json").await.is(200);
    get("/fhir/Patient/p1", "text/html, */*;q=0.1").await.is(200);
    get("/fhir/Patient/p1", "application/fhir+xml").await.is(406);
    get("/fhir/Patient/p1", "application/fhir+json; fhirVersion=5.0").await.is(406);
    get("/fhir/Patient/p1?_format=json", "application/fhir+xml").await.is(200);
    get("/fhir/Patient/p1?_format=xml", "*/*").await.is(406);
    get("/fhir/Patient/p1?_format=application/fhir+json", "*/*").await.is(200);
    let xml = house
        .send(
            &house.his,
            Method::POST,
            "/fhir/Patient",
            &[("content-type", "application/fhir+xml")],
            b"<Patient/>".to_vec(),
        )
        .await;
    assert_eq!(xml.is(415).issue(), "not-supported");
    let patch = house.send(&house.his, Method::PATCH, "/fhir/Patient/p1", &[JSON], b"[]".to_vec()).await;
    assert_eq!(patch.is(405).issue(), "not-supported");
    assert_eq!(house.get(&house.his, "/fhir/Patient/p1/a/b/c").await.is(404).issue(), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_repeats_nothing_that_was_sent() {
    let house = House::with_patient("p1").await;
    let body = json!({ "resourceType": "Patient", "id": "x", "gender": "王小明", "王小明": 1, "birthDate": "王小明" });
    for answer in [
        house.put(&house.his, "/fhir/Patient/x", &body).await,
        house.get(&house.his, "/fhir/Patient?%E7%8E%8B%E5%B0%8F%E6%98%8E=1").await,
        house.get(&house.his, "/fhir/Observation?patient=p1&date=%E7%8E%8B%E5%B0%8F%E6%98%8E").await,
        house.get(&house.stranger, "/fhir/Patient/%E7%8E%8B%E5%B0%8F%E6%98%8E").await,
    ] {
        assert!(answer.status.is_client_error() && !answer.text().contains("王小明"), "{}", answer.text());
    }
}
