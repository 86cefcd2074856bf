//! DICOMweb: images are not kept yet, and the door says so to everybody it lets in, whomever they ask about.

use http::Method;

use crate::house::{House, Person};

const STUDIES: &str = "/dicomweb/studies?PatientID=M-p1";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_let_in_is_told_that_images_are_not_kept_and_it_is_noted() {
    let house = House::with_patient("p1").await;
    for who in [&house.his, &house.doctor, &house.stranger, &house.counter] {
        for (method, path) in [
            (Method::GET, STUDIES),
            (Method::GET, "/dicomweb/studies/1.2.3/metadata"),
            (Method::POST, "/dicomweb/studies"),
        ] {
            let mark = house.mark();
            let accept = [("accept", "application/dicom+json")];
            let answer = house.send(who, method, path, &accept, Vec::new()).await;
            answer.is(501);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.json()["status"], 501);
            assert!(answer.json()["title"].as_str().unwrap().contains("images are not kept"));
            assert!(!answer.text().contains("p1"), "{}", answer.text());
            let entries = house.since(mark).await;
            assert_eq!(entries.len(), 1);
            assert_eq!((entries[0].get("door"), entries[0].get("outcome")), ("dicomweb", "failed"));
            assert!(answer.header("tacebo-receipt").starts_with(&format!("{}:", entries[0].index)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_without_a_token_and_a_purpose_of_his_own() {
    let house = House::new().await;
    let nobody = Person { token: "unknown".into(), purpose: "TREAT" };
    house.get(&nobody, STUDIES).await.is(401);
    assert!(house.get(&nobody, STUDIES).await.header("www-authenticate").contains("invalid_token"));
    house.get(&Person { purpose: "NONSENSE", ..house.his.clone() }, STUDIES).await.is(400);
    let mark = house.mark();
    house.get(&Person { purpose: "HPAYMT", ..house.his.clone() }, STUDIES).await.is(403);
    assert_eq!(house.since(mark).await[0].get("outcome"), "refused");
}
