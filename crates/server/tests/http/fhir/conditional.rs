//! Conditional create.

use http::Method;
use serde_json::json;

use crate::fhir::records::patient;
use crate::house::{House, JSON};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_creates_under_the_same_criteria_make_one_resource() {
    let house = House::new().await;
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let (router, his) = (house.router.clone(), house.his.clone());
            tokio::spawn(async move {
                use tower::ServiceExt;
                let request = http::Request::post("/fhir/Patient")
                    .header("authorization", format!("Bearer {}", his.token))
                    .header("x-purpose-of-use", his.purpose)
                    .header("if-none-exist", "identifier=urn:mrn|M-one")
                    .header(JSON.0, JSON.1)
                    .body(axum::body::Body::from(patient("one").to_string()))
                    .unwrap();
                let answer = router.oneshot(request).await.unwrap();
                (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap().to_owned())
            })
        })
        .collect();
    let mut made = Vec::new();
    let mut places = std::collections::BTreeSet::new();
    for one in tries {
        let (status, place) = one.await.unwrap();
        made.push(status);
        places.insert(place);
    }
    made.sort_unstable();
    assert_eq!(made.iter().filter(|status| **status == 201).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|status| **status == 200).count(), 49, "{made:?}");
    assert_eq!(places.len(), 1);
    let found = house.get(&house.his, "/fhir/Patient?identifier=M-one").await.is(200).json();
    assert_eq!(found["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_matches_or_empty_criteria_create_nothing() {
    let house = House::new().await;
    for id in ["a", "b"] {
        let mut twin = patient(id);
        twin["identifier"][0]["value"] = json!("M-twin");
        house.put(&house.his, &format!("/fhir/Patient/{id}"), &twin).await.is(201);
    }
    let send = async |criteria: &str| {
        let headers = [JSON, ("if-none-exist", criteria)];
        house.send(&house.his, Method::POST, "/fhir/Patient", &headers, patient("c").to_string().into_bytes()).await
    };
    assert_eq!(send("identifier=urn:mrn|M-twin").await.is(412).issue(), "multiple-matches");
    send("").await.is(412);
    send("no-such=1").await.is(400);
    send("gender=male").await.is(400);
    assert_eq!(house.get(&house.his, "/fhir/Patient?identifier=M-c").await.json()["total"], 0);
}
