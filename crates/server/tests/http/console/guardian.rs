//! Parents and guardians: a child's record opens to the account that its documents name, and to nobody else's.

use std::sync::atomic::Ordering;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tacebo_identity::{Identity, TokenHolder};
use tacebo_vault::Door;
use tower::ServiceExt;

use crate::browser::Browser;
use crate::house::House;

const CHILD: &str = "周小满";

/// Somebody in the child's record.
fn related(id: &str, code: &str, rest: &Value) -> Value {
    let mut person = json!({ "resourceType": "RelatedPerson", "id": id, "active": true,
        "patient": { "reference": "Patient/kid" },
        "relationship": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": code }] }] });
    if let (Some(person), Some(rest)) = (person.as_object_mut(), rest.as_object()) {
        person.extend(rest.clone());
    }
    person
}

async fn admit_child(house: &House) {
    let subject = json!({ "reference": "Patient/kid" });
    for body in [
        json!({ "resourceType": "Patient", "id": "kid", "name": [{ "text": CHILD }], "birthDate": "2018-05-01" }),
        json!({ "resourceType": "Condition", "id": "c-kid", "subject": subject, "code": { "text": "支气管肺炎" } }),
        json!({ "resourceType": "Encounter", "id": "e-kid", "status": "in-progress", "class": { "code": "IMP" },
            "subject": subject, "period": { "start": "2026-11-10T09:00:00+08:00" },
            "participant": [{ "individual": { "reference": "Practitioner/li" } }],
            "serviceProvider": { "reference": "Organization/cardiology" } }),
    ] {
        house.keep(&body).await;
    }
}

/// The portal's four pages.
async fn is_open(browser: &mut Browser) {
    browser.get("/me").await.is(200).shows(CHILD).shows("parent or guardian");
    browser.get("/me/record").await.is(200).shows("支气管肺炎");
    browser.get("/me/seen").await.is(200).shows("Every look");
    browser.get("/me/choices").await.is(200).shows("心内科");
}

async fn is_closed(house: &House, browser: &mut Browser) {
    for page in ["/me", "/me/record", "/me/seen", "/me/choices"] {
        let before = house.entries().await.len();
        browser.get(page).await.is(403).hides(CHILD).hides("支气管肺炎");
        let entries = house.entries().await.split_off(before);
        assert!(entries.iter().any(|one| one.get("outcome") == "refused" && one.get("patient") == "kid"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_13_a_mother_opens_her_childs_record_while_the_document_says_so() {
    let house = House::staffed().await;
    admit_child(&house).await;
    let mut mother = house.log_in("parent.mother").await;
    // No document names her yet.
    mother.get("/me").await.is(403).hides(CHILD);
    house.keep(&related("mother", "MTH", &json!({}))).await;
    is_open(&mut mother).await;
    // A child under fourteen is limited by its parents.
    let mut li = house.log_in("li.mingyuan").await;
    li.get("/patients/kid").await.is(200).shows(CHILD);
    let limit = |on: &'static str| [("department", "Organization/cardiology"), ("limit", on)];
    mother.post("/me/choices", &limit("on")).await.goes_to("/me/choices");
    li.get("/patients/kid").await.is(403).hides(CHILD);
    mother.post("/me/choices", &limit("off")).await.goes_to("/me/choices");
    // The child's log names a look by its mother with a proof.
    let seen = mother.get("/me/seen").await;
    let entry = seen.link("/me/seen/");
    mother.get(&entry).await.is(200).shows("This entry is in the log");
    mother.get(&format!("{entry}/proof")).await.is(200);

    // Ended by its period: on time, and by a new version.
    let at = |minutes: i64| {
        let now = house.clock.load(Ordering::SeqCst) + minutes * 60_000_000;
        jiff::Timestamp::from_microsecond(now).unwrap().to_string()
    };
    house.keep(&related("mother", "MTH", &json!({ "period": { "end": at(5) } }))).await;
    is_open(&mut mother).await;
    house.clock.fetch_add(6 * 60_000_000, Ordering::SeqCst);
    is_closed(&house, &mut mother).await;
    house.keep(&related("mother", "MTH", &json!({ "active": false }))).await;
    is_closed(&house, &mut mother).await;
    // An aunt is no guardian.
    house.keep(&related("mother", "AUNT", &json!({}))).await;
    is_closed(&house, &mut mother).await;
    house.keep(&related("mother", "GUARD", &json!({}))).await;
    is_open(&mut mother).await;
    // Of age, the child speaks for itself.
    house
        .keep(
            &json!({ "resourceType": "Patient", "id": "kid", "name": [{ "text": CHILD }], "birthDate": "2008-05-01" }),
        )
        .await;
    is_closed(&house, &mut mother).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acc_13_nobody_else_stands_for_the_child() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    admit_child(&house).await;
    house.keep(&related("mother", "MTH", &json!({}))).await;
    for login in ["patient.other", "patient.own", "parent.father"] {
        let mut other = house.log_in(login).await;
        for forged in ["kid", "0", "1", "-1"] {
            other.cookies.insert("tacebo-whose".into(), forged.into());
            other.get("/me").await.hides(CHILD);
            other.get("/me/record").await.hides("支气管肺炎");
        }
        for forged in ["kid", "1", ""] {
            other.post("/me/whose", &[("person", forged)]).await.is(400);
        }
    }
    let mut li = house.log_in("li.mingyuan").await;
    li.post("/me/whose", &[("person", "0")]).await.is(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_father_who_is_a_patient_too_chooses_whose_record_he_sees() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    admit_child(&house).await;
    house.keep(&related("father", "FTH", &json!({}))).await;
    let mut father = house.log_in("parent.father").await;
    father.get("/me/record").await.is(200).shows("心力衰竭").shows("Child kid");
    father.post("/me/whose", &[("person", "1")]).await.goes_to("/me");
    is_open(&mut father).await;
    father.get("/me/record").await.hides("心力衰竭");
    // Once it has closed, the own record is what is left.
    house.keep(&related("father", "FTH", &json!({ "active": false }))).await;
    father.get("/me/record").await.is(200).shows("心力衰竭").hides("支气管肺炎");
    father.post("/me/whose", &[("person", "1")]).await.is(400);
    house.keep(&related("father", "FTH", &json!({}))).await;
    father.post("/me/whose", &[("person", "0")]).await.goes_to("/me");
    father.get("/me/record").await.is(200).shows("心力衰竭").hides("支气管肺炎");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fhir_door_opens_the_child_for_the_family_request_only() {
    let house = House::staffed().await;
    admit_child(&house).await;
    house.keep(&related("mother", "MTH", &json!({}))).await;
    let ask = async |login: &str, purpose: &str| {
        let holder = TokenHolder::Account(house.account(login));
        let me = Identity::house(Door::Cli);
        let token = house.app.identity().issue_token(&me, &holder, 3_600_000_000, "", None).await.unwrap();
        let request = Request::get("/fhir/Condition/c-kid")
            .header("authorization", format!("Bearer {}", token.token.expose()))
            .header("x-purpose-of-use", purpose)
            .body(Body::empty())
            .unwrap();
        house.router.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(ask("parent.mother", "FAMRQT").await, StatusCode::OK);
    for (login, purpose) in [
        ("parent.mother", "PATRQT"),
        ("parent.mother", "TREAT"),
        ("parent.father", "FAMRQT"),
        ("patient.other", "FAMRQT"),
    ] {
        assert_ne!(ask(login, purpose).await, StatusCode::OK, "{login} {purpose}");
    }
}
