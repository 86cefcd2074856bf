//! Personal data are destroyed: asked for by one, approved by another, and then there never was such a person.

use serde_json::{Value, json};
use tacebo_identity::Identity;
use tacebo_vault::{Door, Origin, certified};

use crate::browser::{Browser, Page};
use crate::fhir::records::observation;
use crate::house::{House, NAME, RESIDENT_ID};

/// Fields of the form.
fn form<'a>(whom: &'a str, what: &'a str, ground: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("q", whom),
        ("what", what),
        ("doc", ""),
        ("ground", ground),
        ("reference", "2026-法-17"),
        ("text", "建档时误用测试数据"),
    ]
}

/// Asks for it and gives the address of the request.
async fn ask(officer: &mut Browser, fields: &[(&str, &str)]) -> String {
    let page = officer.post("/privacy/destructions", fields).await;
    page.is(303);
    let to = page.header("location").split('?').next().unwrap().to_owned();
    assert!(to.starts_with("/privacy/destructions/"), "{to}");
    to
}

async fn approve(house: &House, path: &str) -> Page {
    let mut other = house.log_in("he.shuang").await;
    other.post(path, &[("answer", "approved")]).await.goes_to(path);
    other.get(path).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_04_a_person_is_destroyed_by_two_officers_and_every_door_answers_as_for_nobody() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    house.take_in("p2").await;
    house.keep(&observation("o-p1", "p1")).await;
    let mut own = house.log_in("patient.own").await;
    own.get("/me").await.is(200);
    let mut doctor = house.log_in("li.mingyuan").await;
    doctor.get("/patients/p1").await.is(200).shows(NAME);
    let mut officer = house.log_in("ye.qinglan").await;
    let path = ask(&mut officer, &form("10p177", "person", "registered-in-error")).await;
    officer.get(&path).await.is(200).shows("Waits for approval").shows("somebody else approves").hides("Approve and");
    // Nobody approves what he asked for himself.
    officer.post(&path, &[("answer", "approved")]).await.is(403);
    doctor.get("/patients/p1").await.is(200);
    let page = approve(&house, &path).await;
    page.is(200)
        .shows("Certificate of destruction")
        .shows("to be confirmed")
        .shows("叶青岚")
        .shows("何双")
        .shows("2026-法-17");
    page.hides(NAME).hides(RESIDENT_ID).hides(">p1<");
    assert_eq!(house.app.vault().root_epoch().unwrap(), 2);
    // Answered once.
    house.log_in("he.shuang").await.post(&path, &[("answer", "declined")]).await.is(409);

    // Every door, for the person and for one that never was.
    for kind in
        ["Patient/p1", "Observation/o-p1", "Encounter/e-p1", "Patient/p1/_history", "Observation/o-p1/_history/1"]
    {
        let nobody = kind.replace("p1", "zz");
        for who in [&house.doctor, &house.his, &house.officer] {
            let there = house.get(who, &format!("/fhir/{kind}")).await;
            let never = house.get(who, &format!("/fhir/{nobody}")).await;
            assert_eq!(there.status, never.status, "{kind}: {}", there.text());
            assert_eq!(there.text().replace("p1", "zz"), never.text(), "{kind}");
        }
    }
    for query in ["identifier=10p177", "_id=p1", "name=王秀兰", "phone=13800138000"] {
        let found = house.get(&house.his, &format!("/fhir/Patient?{query}")).await.json();
        let ids: Vec<&Value> = found["entry"].as_array().into_iter().flatten().map(|e| &e["resource"]["id"]).collect();
        assert!(!ids.contains(&&json!("p1")), "{query}: {found}");
    }
    doctor.get("/patients").await.is(200).hides("/patients/p1\"");
    let (gone, never) = (doctor.get("/patients/p1").await, doctor.get("/patients/zz").await);
    assert_eq!((gone.status, gone.text.replace("p1", "zz")), (never.status, never.text.clone()));
    officer.get("/privacy/who-saw?by=patient&q=p1").await.is(200).hides("李明远").shows("Nobody");
    // The account of the portal is gone with its session; the father's own part too.
    own.get("/me").await.goes_to("/login");
    house.log_in("yuan.bowen").await.get("/accounts").await.is(200).hides("patient.own");
    // Others are as they were.
    house.get(&house.doctor, "/fhir/Patient/p2").await.is(200);
    house.get(&house.doctor, "/fhir/Observation/o-p2").await.is(200);
    // The number is free: whoever comes is somebody new.
    house.take_in("p1").await;
    let again = house.get(&house.doctor, "/fhir/Observation/o-p1").await.json();
    assert_eq!(again["meta"]["versionId"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_04_the_certificate_proves_itself_offline_and_names_nobody_but_those_who_decided() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut officer = house.log_in("ye.qinglan").await;
    let path = ask(&mut officer, &form("p1", "person", "order")).await;
    officer.get(&format!("{path}/certificate")).await.is(404);
    approve(&house, &path).await.is(200);
    let file = officer.get(&format!("{path}/certificate")).await;
    file.is(200).hides(NAME).hides(RESIDENT_ID).hides("10p177");
    let verifier = house.app.vault().log_vkey().unwrap().parse().unwrap();
    let (statement, proved) = certified(file.text.as_bytes(), &verifier).unwrap();
    assert_eq!(statement["target"]["what"], "person");
    assert_eq!((&statement["asked"]["name"], &statement["approved"]["name"]), (&json!("叶青岚"), &json!("何双")));
    assert_eq!(statement["root"]["worth"], "file");
    // The figure is the house's own and nobody has signed it.
    assert_eq!(statement["final"]["copies_confirmed"], false);
    assert!(statement["destroyed"]["documents"].as_u64().unwrap() >= 6, "{statement}");
    assert!(statement["kept"]["log_until"].as_str().unwrap().starts_with("2029-"), "{statement}");
    let (at, from) = (statement["root"]["at"].as_str().unwrap(), statement["final"]["from"].as_str().unwrap());
    let second = |at: &str| at.parse::<jiff::Timestamp>().unwrap().as_second();
    assert_eq!(second(from) - second(at), 30 * 24 * 3_600);
    assert!(proved.checkpoint.size > 0);
    // A word changed in the statement, a proof of something else, another log: each is refused.
    let mut forged: Value = serde_json::from_str(&file.text).unwrap();
    let words = forged["statement"].as_str().unwrap().replace("\"documents\": ", "\"documents\": 1");
    forged["statement"] = json!(words);
    assert!(certified(forged.to_string().as_bytes(), &verifier).unwrap_err().contains("another statement"));
    let other = House::staffed().await;
    let stranger = other.app.vault().log_vkey().unwrap().parse().unwrap();
    assert!(certified(file.text.as_bytes(), &stranger).is_err());
    assert!(certified(b"{}", &verifier).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_04_a_group_of_data_is_destroyed_and_the_person_stays() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut officer = house.log_in("ye.qinglan").await;
    let path = ask(&mut officer, &form("p1", "health", "order")).await;
    approve(&house, &path).await.shows("Health data");
    house.get(&house.doctor, "/fhir/Patient/p1").await.is(200);
    house.get(&house.doctor, "/fhir/Encounter/e-p1").await.is(200);
    for gone in ["Observation/o-p1", "Condition/c-p1", "MedicationRequest/m-p1", "AllergyIntolerance/a-p1"] {
        house.get(&house.his, &format!("/fhir/{gone}")).await.is(404);
    }
    // New data of that group are kept under a new key.
    house.keep(&observation("o-p1", "p1")).await;
    house.get(&house.doctor, "/fhir/Observation/o-p1").await.is(200);
    // There is nothing of that kind: genes were never kept.
    officer.post("/privacy/destructions", &form("p1", "genetic", "order")).await.is(422).shows("nothing of that kind");
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_04_a_document_is_destroyed_with_its_history_and_what_lay_under_its_key_opens_as_before() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    house.keep(&observation("o-p1", "p1")).await;
    house.keep(&observation("o-other", "p1")).await;
    house.keep(&observation("o-other", "p1")).await;
    let mut officer = house.log_in("ye.qinglan").await;
    let mut fields = form("p1", "document", "order");
    fields[2].1 = "Observation/o-p1";
    let path = ask(&mut officer, &fields).await;
    let page = approve(&house, &path).await;
    page.is(200).shows("2 versions").shows("Observation").hides("o-p1");
    house.get(&house.his, "/fhir/Observation/o-p1").await.is(404);
    house.get(&house.his, "/fhir/Observation/o-p1/_history/1").await.is(404);
    for stays in ["Observation/o-other", "Observation/o-other/_history/1", "Condition/c-p1", "Patient/p1"] {
        house.get(&house.doctor, &format!("/fhir/{stays}")).await.is(200);
    }
    // The person's trail says that something was sealed anew, and with what.
    officer.get("/privacy/who-saw?by=patient&q=p1").await.is(200);
    let entries = house.newest(60).await;
    let anew = entries.iter().find(|entry| entry.get("detail").starts_with("sealed anew")).unwrap();
    assert!(anew.get("digests").starts_with("resealed-"), "{:?}", anew.fields);
    // A document of somebody else is not this person's to destroy.
    house.take_in("p2").await;
    fields[2].1 = "Observation/o-p2";
    officer.post("/privacy/destructions", &fields).await.is(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn law_a_hold_and_others_documents_stand_in_the_way_and_are_named() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut officer = house.log_in("ye.qinglan").await;
    // Law: the visit is not over, and thirty years have not passed.
    let page = officer.post("/privacy/destructions", &form("p1", "person", "consent-withdrawn")).await;
    page.is(409).shows("Law keeps the record until").shows("2056").shows("国卫医发");
    // A hold, placed after the request: at the approval.
    let path = ask(&mut officer, &form("p1", "person", "registered-in-error")).await;
    officer.post("/privacy/holds", &[("q", "p1"), ("text", "民事诉讼 2026-民-3")]).await.is(303);
    let mut other = house.log_in("he.shuang").await;
    other.get(&path).await.is(200).shows("民事诉讼 2026-民-3").hides("Approve and destroy");
    other.post(&path, &[("answer", "approved")]).await.is(409).shows("legal hold");
    house.get(&house.doctor, "/fhir/Patient/p1").await.is(200);
    let lift = officer.get("/privacy/destructions").await.link("/privacy/holds/");
    officer.post(&lift, &[]).await.is(303);
    officer.post(&lift, &[]).await.is(404);
    // Somebody else's document speaks of the person too.
    house.take_in("p2").await;
    let both = ["Patient/p2", "Patient/p1"].map(|who| json!({ "actor": { "reference": who }, "status": "accepted" }));
    house.keep(&json!({ "resourceType": "Appointment", "id": "both", "status": "booked", "participant": both })).await;
    other.post(&path, &[("answer", "approved")]).await.is(409).shows("speak of this person too");
    house.delete(&house.his, "/fhir/Appointment/both").await.is(204);
    other.post(&path, &[("answer", "approved")]).await.is(303);
    house.get(&house.his, "/fhir/Patient/p1").await.is(404);
    // Declined is declined.
    let path = ask(&mut officer, &form("p2", "person", "registered-in-error")).await;
    other.post(&path, &[("answer", "declined")]).await.is(303);
    other.get(&path).await.is(200).shows("Declined");
    house.get(&house.doctor, "/fhir/Patient/p2").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_officers_asks_and_what_is_asked_wrongly_is_said() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let good = form("p1", "person", "registered-in-error");
    for login in ["li.mingyuan", "yuan.bowen", "dong.haoran", "shen.anran", "tian.ruogu", "xiao.yutong"] {
        let mut other = house.log_in(login).await;
        other.post("/privacy/destructions", &good).await.is(403);
        let last = house.entries().await.pop().unwrap();
        assert_eq!((last.get("action"), last.get("outcome")), ("create", "refused"), "{login}");
        other.get("/privacy/destructions").await.is(403);
    }
    let mut officer = house.log_in("ye.qinglan").await;
    for field in [0, 1, 3, 4, 5] {
        let mut fields = good.clone();
        fields[field].1 = "";
        officer.post("/privacy/destructions", &fields).await.is(422).shows("Fill in everything");
    }
    officer.post("/privacy/destructions", &form("nobody", "person", "order")).await.is(422).shows("no such person");
    officer.get("/privacy/destructions/none").await.is(404);
    house.get(&house.doctor, "/fhir/Patient/p1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_gets_new_data_keys_while_others_read_and_write_and_nothing_else_changes() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    house.keep(&observation("o-p1", "p1")).await;
    let all = ["Patient/p1", "Observation/o-p1", "Observation/o-p1/_history/1", "Condition/c-p1", "Encounter/e-p1"];
    let mut before = Vec::new();
    for one in all {
        before.push(house.get(&house.doctor, &format!("/fhir/{one}")).await.is(200).text());
    }
    let mut officer = house.log_in("ye.qinglan").await;
    let renewing = async {
        for _ in 0..6 {
            officer.post("/privacy/new-keys", &[("q", "p1")]).await.is(303);
        }
    };
    let working = async {
        for number in 0..24 {
            house.keep(&observation(&format!("w-{number}"), "p1")).await;
            house.get(&house.doctor, "/fhir/Observation/o-p1").await.is(200);
        }
    };
    tokio::join!(renewing, working);
    for (one, text) in all.iter().zip(&before) {
        assert_eq!(&house.get(&house.doctor, &format!("/fhir/{one}")).await.text(), text, "{one}");
    }
    for number in 0..24 {
        house.get(&house.doctor, &format!("/fhir/Observation/w-{number}")).await.is(200);
    }
    officer.post("/privacy/new-keys", &[("q", "nobody")]).await.is(422);
    house.log_in("yuan.bowen").await.post("/privacy/new-keys", &[("q", "p1")]).await.is(403);
    let entries = house.entries().await;
    let told = entries.iter().find(|entry| entry.get("detail").starts_with("new data keys: ")).unwrap();
    assert!(told.get("digests").starts_with("resealed-") && told.get("patient") == "p1", "{:?}", told.fields);
    // What was written and what was sealed anew is what lies there.
    let found = house.app.vault().compare(&Identity::house(Door::Job), std::time::Duration::ZERO).await.unwrap();
    assert_eq!(found.unlike, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_comes_after_the_approval_stops_it_and_nothing_is_destroyed() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut officer = house.log_in("ye.qinglan").await;
    let path = ask(&mut officer, &form("p1", "person", "registered-in-error")).await;
    let id = path.rsplit('/').next().unwrap();
    // Approved and not carried out yet, as after a stop in between.
    let (vault, terms) = (house.app.vault(), house.app.governance().library().shred_terms());
    let token = house.person("he.shuang", "HCOMPL").await.token;
    let origin = Origin { door: Door::Console, address: None };
    let other = house.identity.token(&token).unwrap().unwrap().asker_for("HCOMPL", origin).unwrap();
    let _ = vault.answer_shredding(&other, id, true, "何双", &terms).await.unwrap();
    officer.get(&path).await.is(200).shows("Approved, under way");
    officer.post("/privacy/holds", &[("q", "p1"), ("text", "民事诉讼 2026-民-3")]).await.is(303);
    vault.carry_out(&Identity::house(Door::Job), id, &[], &terms).await.unwrap();
    officer.get(&path).await.is(200).shows("Stopped, nothing destroyed");
    house.get(&house.doctor, "/fhir/Patient/p1").await.is(200);
    assert_eq!(vault.root_epoch().unwrap(), 1);
    // Carrying out what is not approved does nothing either.
    vault.carry_out(&Identity::house(Door::Job), id, &[], &terms).await.unwrap();
    vault.carry_out(&Identity::house(Door::Job), "none", &[], &terms).await.unwrap();
    house.get(&house.doctor, "/fhir/Patient/p1").await.is(200);
}
