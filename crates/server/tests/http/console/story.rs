//! The whole story: an own patient, a stranger, broken glass, its review, the patient's proof, a limit.

use crate::house::{House, NAME, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn from_the_log_in_to_the_doctor_refused_on_the_next_click() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    // The own patient, with the reason.
    let mut li = house.log_in("li.mingyuan").await;
    li.get("/").await.goes_to("/patients");
    li.get("/patients").await.is(200).shows(NAME).shows("/patients/p1").shows("Encounter");
    let record = li.get("/patients/p1").await;
    record
        .is(200)
        .shows(NAME)
        .shows("心力衰竭")
        .shows("呋塞米")
        .shows("青霉素")
        .shows("血钾")
        .shows("5.9 mmol/L")
        .shows("3.5–5.3");
    record
        .shows("You take part in this patient")
        .shows("心内科")
        .shows("since 2026-11-01")
        .shows("log.hospital.example #");
    record.shows("<svg");
    assert!(!record.header("tacebo-receipt").is_empty());

    // A stranger is refused, with three ways on.
    let mut wang = house.log_in("wang.siqi").await;
    wang.get("/patients").await.is(200).hides(NAME);
    wang.get("/patients/find?q=%E7%8E%8B").await.is(200).hides(NAME);
    let refused = wang.get("/patients/p1").await;
    refused.is(403).hides(NAME).hides("心力衰竭").shows("no encounter, care team or appointment");
    refused.shows("/patients/p1/request-access").shows("/patients/p1/emergency");

    // Asking for access reaches the officer.
    wang.post("/patients/p1/request-access", &[("text", "x")]).await.is(422);
    wang.post("/patients/p1/request-access", &[("text", "consultation asked by phone")]).await.is(200).shows("noted");

    // The glass is broken by the number on the card, too.
    wang.get("/patients/p1/emergency").await.is(200);
    let incomplete =
        wang.post("/patients/p1/emergency", &[("reason", "unconscious"), ("text", ""), ("minutes", "30")]).await;
    incomplete.is(422).shows("fill this in");
    let reason = [
        ("reason", "unconscious"),
        ("text", "found on the stairs, nobody of the ward reached"),
        ("minutes", "30"),
        ("code", PASSWORD),
    ];
    wang.post("/patients/10p177/emergency", &reason).await.goes_to("/patients/10p177");
    let opened = wang.get("/patients/10p177").await;
    opened
        .is(200)
        .shows(NAME)
        .shows("心力衰竭")
        .shows("Emergency access is running")
        .shows("You declared an emergency");
    wang.get("/patients/p1").await.is(200);

    // The officer sees and reviews it, and answers the request.
    let mut officer = house.log_in("ye.qinglan").await;
    let today = officer.get("/privacy").await;
    today.is(200).shows("Emergency access by").shows("asks for access").hides(NAME);
    let request = today.link("/privacy/requests/");
    officer.get(&request).await.is(200).shows("consultation asked by phone").shows("王思齐");
    officer.post(&request, &[("answer", "declined")]).await.goes_to("/privacy");
    officer.post(&request, &[("answer", "accepted"), ("days", "7")]).await.is(409);
    let queue = officer.get("/privacy/reviews").await;
    queue.is(200).shows("王思齐");
    let review = queue.link("/privacy/reviews/");
    let case = officer.get(&review).await;
    case.is(200).shows("found on the stairs").shows("identity and contact");
    officer.post(&review, &[("outcome", ""), ("note", "read the entries")]).await.is(422);
    officer
        .post(&review, &[("outcome", "justified"), ("note", "the reason holds, what was opened fits it")])
        .await
        .goes_to("/privacy/reviews");
    officer.get(&review).await.is(200).shows("the reason holds").shows("叶青岚");
    officer.get("/privacy/reviews").await.is(200).shows("No emergency access is waiting");

    // The patient sees it, and the proof holds without us.
    let mut patient = house.log_in("patient.own").await;
    patient.get("/").await.goes_to("/me");
    let me = patient.get("/me").await;
    me.is(200).shows("Hello, ").shows("opened in an emergency").shows("内分泌科");
    let seen = patient.get("/me/seen").await;
    seen.is(200).shows("Doctor").shows("内分泌科").shows("refused").hides("王思齐");
    let letter = me.link("/me/seen/");
    patient.get(&letter).await.is(200).shows("This entry is in the log").shows("Emergency");
    let proof = patient.get(&format!("{letter}/proof")).await;
    proof.is(200);
    assert_eq!(proof.header("content-type"), "text/plain; charset=utf-8");
    assert!(proof.header("content-disposition").ends_with(".tlog-proof\""));
    let mut anybody = house.browser();
    anybody.get("/check-proof").await.is(200);
    let held = anybody.post("/check-proof", &[("proof", &proof.text)]).await;
    held.is(200).shows("The proof holds").shows("<dd>ETREAT</dd>").shows("<dd>p1</dd>");
    // As a browser sends a text field.
    anybody.post("/check-proof", &[("proof", &proof.text.replace('\n', "\r\n"))]).await.is(200);
    let changed = proof.text.replace("index ", "index 1");
    anybody.post("/check-proof", &[("proof", &changed)]).await.is(422).shows("The proof does not hold");
    let verifier = house.app.vault().log_vkey().unwrap().parse().unwrap();
    tacebo_vault::ledger::Evidence::verify(proof.text.as_bytes(), &verifier).unwrap();

    // The own record; and nobody else's entry.
    patient.get("/me/record").await.is(200).shows("心力衰竭").shows("血钾");
    let mut other = house.log_in("patient.other").await;
    other.get(&letter).await.hides("Emergency");
    assert_ne!(other.get(&format!("{letter}/proof")).await.status, 200);

    // The limit works on the doctor's next click, and can be taken back.
    patient.get("/me/choices").await.is(200).shows("心内科");
    patient
        .post("/me/choices", &[("department", "Organization/cardiology"), ("limit", "on")])
        .await
        .goes_to("/me/choices");
    patient.get("/me/choices").await.shows("Limited by you");
    li.get("/patients/p1").await.is(403).hides(NAME).hides("心力衰竭");
    li.get("/patients").await.is(200).hides(NAME);
    patient.post("/me/choices", &[("department", "Organization/cardiology"), ("limit", "off")]).await.is(303);
    li.get("/patients/p1").await.is(200).shows(NAME);

    // The emergency ends early, and the record closes.
    let banner = wang.get("/patients").await;
    let end = banner.link("/emergency/");
    wang.post(&end, &[]).await.goes_to("/patients");
    wang.get("/patients/p1").await.is(403);
    wang.post(&end, &[]).await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nurse_sees_the_patients_of_her_ward() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut nurse = house.log_in("yang.ruoliu").await;
    nurse.get("/patients").await.is(200).shows(NAME);
    nurse.get("/patients/p1").await.is(200).shows("心力衰竭");
    nurse.get("/patients/find?q=wangxiulan").await.is(200).shows(NAME);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_look_at_a_person_has_its_entry() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut li = house.log_in("li.mingyuan").await;
    let before = house.entries().await.len();
    let page = li.get("/patients/p1").await;
    let entries = house.entries().await.split_off(before);
    assert_eq!(entries.len(), 1, "{:?}", entries.iter().map(|e| e.fields.clone()).collect::<Vec<_>>());
    assert_eq!(
        (entries[0].get("patient"), entries[0].get("outcome"), entries[0].get("door")),
        ("p1", "done", "console")
    );
    assert!(page.header("tacebo-receipt").starts_with(&format!("{}:", entries[0].index)));
    let mut wang = house.log_in("wang.siqi").await;
    let before = house.entries().await.len();
    wang.get("/patients/p1").await.is(403);
    let entries = house.entries().await.split_off(before);
    assert_eq!(entries.iter().map(|e| (e.get("patient"), e.get("outcome"))).collect::<Vec<_>>(), [("p1", "refused")]);
}
