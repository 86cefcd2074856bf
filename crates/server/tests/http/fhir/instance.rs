//! read, vread, update, delete, history.

use http::Method;
use serde_json::json;

use crate::fhir::records::{observation, patient};
use crate::house::{BASE, House, JSON};

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_kept_read_changed_deleted_and_remembered() {
    let house = House::with_patient("p1").await;
    let his = house.his.clone();
    let created = house.post(&his, "/fhir/Observation", &observation("ignored", "p1")).await;
    created.is(201);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    assert_ne!(id, "ignored", "the server names what is created");
    assert_eq!(created.header("location"), format!("{BASE}/Observation/{id}/_history/1"));
    assert_eq!(created.header("etag"), "W/\"1\"");
    assert!(created.header("last-modified").ends_with("GMT"));
    assert!(!created.header("tacebo-receipt").is_empty());
    assert_eq!(created.header("cache-control"), "no-store");

    let path = format!("/fhir/Observation/{id}");
    let read = house.get(&house.doctor, &path).await;
    assert_eq!(read.is(200).json()["valueQuantity"]["value"].to_string(), "13.20", "decimals keep their digits");
    assert_eq!(read.json()["meta"]["versionId"], "1");
    assert_eq!(read.json(), created.json());

    let mut changed = read.json();
    changed["status"] = json!("amended");
    let updated = house.put(&his, &path, &changed).await;
    assert_eq!(updated.is(200).header("etag"), "W/\"2\"");
    assert!(!updated.headers.contains_key("location"));
    assert_eq!(house.get(&his, &format!("{path}/_history/1")).await.is(200).json()["status"], "final");
    assert_eq!(house.get(&his, &format!("{path}/_history/2")).await.is(200).json()["status"], "amended");
    house.get(&his, &format!("{path}/_history/9")).await.is(404);

    house.delete(&his, &path).await.is(204);
    assert_eq!(house.get(&his, &path).await.is(410).issue(), "deleted");
    house.get(&his, &format!("{path}/_history/3")).await.is(410);
    house.delete(&his, &path).await.is(204);
    let history = house.get(&his, &format!("{path}/_history")).await.is(200).json();
    let verbs: Vec<_> =
        history["entry"].as_array().unwrap().iter().map(|e| e["request"]["method"].as_str().unwrap()).collect();
    assert_eq!(verbs, ["DELETE", "PUT", "POST"]);
    assert!(history["entry"][0].get("resource").is_none());
    assert_eq!(house.put(&his, &path, &changed).await.is(201).header("etag"), "W/\"4\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_has_already_is_not_sent_again_and_head_has_no_body() {
    let house = House::with_patient("p1").await;
    let same =
        house.send(&house.his, Method::GET, "/fhir/Patient/p1", &[("if-none-match", "W/\"1\"")], Vec::new()).await;
    assert!(same.is(304).body.is_empty());
    house.send(&house.his, Method::GET, "/fhir/Patient/p1", &[("if-none-match", "W/\"7\"")], Vec::new()).await.is(200);
    let head = house.send(&house.his, Method::HEAD, "/fhir/Patient/p1", &[], Vec::new()).await;
    assert!(head.is(200).body.is_empty());
    assert_eq!(head.header("etag"), "W/\"1\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_says_what_comes_back() {
    let house = House::with_patient("p1").await;
    let send = async |prefer: &str| {
        let body = observation("x", "p1").to_string().into_bytes();
        house.send(&house.his, Method::POST, "/fhir/Observation", &[JSON, ("prefer", prefer)], body).await
    };
    assert!(send("return=minimal").await.is(201).body.is_empty());
    assert_eq!(send("return=representation").await.is(201).json()["resourceType"], "Observation");
    assert_eq!(send("return=OperationOutcome").await.is(201).json()["resourceType"], "OperationOutcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_writers_with_the_same_if_match_one_wins() {
    let house = House::with_patient("p1").await;
    let stale = house
        .send(
            &house.his,
            Method::PUT,
            "/fhir/Patient/p1",
            &[JSON, ("if-match", "W/\"9\"")],
            patient("p1").to_string().into_bytes(),
        )
        .await;
    assert_eq!(stale.is(412).issue(), "conflict");
    let tries = (0..12).map(|n| {
        let mut body = patient("p1");
        body["birthDate"] = json!(format!("19{:02}-01-01", n + 50));
        let (router, his) = (house.router.clone(), house.his.clone());
        tokio::spawn(async move {
            use tower::ServiceExt;
            let request = http::Request::put("/fhir/Patient/p1")
                .header("authorization", format!("Bearer {}", his.token))
                .header("x-purpose-of-use", his.purpose)
                .header("if-match", "W/\"1\"")
                .header(JSON.0, JSON.1)
                .body(axum::body::Body::from(body.to_string()))
                .unwrap();
            router.oneshot(request).await.unwrap().status().as_u16()
        })
    });
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses.first(), Some(&200));
    assert!(statuses[1..].iter().all(|status| *status == 412), "{statuses:?}");
    assert_eq!(house.get(&house.his, "/fhir/Patient/p1").await.json()["meta"]["versionId"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_the_client_chose_tells_a_doctor_nothing() {
    let house = House::with_patient("p1").await;
    house.admit("p2").await;
    house.put(&house.his, "/fhir/Observation/taken", &observation("taken", "hidden")).await.is(201);
    let taken = house.put(&house.doctor, "/fhir/Observation/taken", &observation("taken", "p1")).await;
    let free = house.put(&house.doctor, "/fhir/Observation/free", &observation("free", "p1")).await;
    assert_eq!((taken.is(403).body.clone(), taken.status), (free.body, free.status));
    house.post(&house.doctor, "/fhir/Observation", &observation("x", "p1")).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_copy_cannot_be_written_back() {
    let house = House::with_patient("p1").await;
    let shown = house.get(&house.counter, "/fhir/Patient/p1").await.is(200).json();
    assert_ne!(shown["name"][0]["text"], "王小明");
    assert_eq!(house.put(&house.counter, "/fhir/Patient/p1", &shown).await.is(422).issue(), "business-rule");
    assert_eq!(house.get(&house.his, "/fhir/Patient/p1").await.json()["name"][0]["text"], "王小明");
}
