//! The root key is turned on its page, by the security administrator and nobody else.

use serde_json::json;

use crate::fhir::records::patient;
use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_security_administrator_turns_the_root_key_and_the_log_says_so() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    for login in ["dong.haoran", "shen.anran", "ye.qinglan", "li.mingyuan", "he.shuang"] {
        let mut other = house.log_in(login).await;
        other.post("/system/keys/turn", &[]).await.is(403);
        let last = house.entries().await.pop().unwrap();
        assert_eq!((last.get("action"), last.get("outcome")), ("administer", "refused"), "{login}");
    }
    assert_eq!(house.app.vault().root_epoch().unwrap(), 1);
    // Who runs the machines sees how it stands, and no button.
    let mut machines = house.log_in("dong.haoran").await;
    machines.get("/system/keys").await.is(200).shows("Root key 1 is in use").hides("Turn it now");
    let mut rights = house.log_in("yuan.bowen").await;
    rights.get("/system/keys").await.is(200).shows("It was never turned").shows("Turn it now");
    let before = house.mark();
    rights.post("/system/keys/turn", &[]).await.goes_to("/system/keys");
    let page = rights.get("/system/keys?done=turned").await;
    page.is(200).shows("Root key 2 is in use").shows("Its destruction is in the log").hides("Not yet:");
    let entries = house.since(before).await;
    let told: Vec<&str> = entries.iter().map(|entry| entry.get("detail")).collect();
    assert!(told.contains(&"root epoch 2 in use instead of 1"), "{told:?}");
    assert!(told.iter().any(|detail| detail.starts_with("root epoch 1 destroyed (file), key ")), "{told:?}");
    let mut doctor = house.log_in("li.mingyuan").await;
    doctor.get("/patients/p1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_and_writes_go_on_while_the_root_key_is_turned_again_and_again() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let admin = house.log_in("yuan.bowen").await;
    let turning = tokio::spawn({
        let mut admin = admin.clone();
        async move {
            for _ in 0..12 {
                admin.post("/system/keys/turn", &[]).await.is(303);
            }
        }
    });
    let mut number = 0;
    while !turning.is_finished() {
        let id = format!("new-{number}");
        let (path, body) = (format!("/fhir/Patient/{id}"), patient(&id));
        let put = house.put(&house.his, &path, &body);
        let read = house.get(&house.doctor, "/fhir/Patient/p1");
        let (put, read) = tokio::join!(put, read);
        put.is(201);
        read.is(200);
        number += 1;
    }
    turning.await.unwrap();
    assert_eq!(house.app.vault().root_epoch().unwrap(), 13);
    assert!(number > 3, "{number}");
    // What was made meanwhile opens from the disk, under the one root key there is.
    for number in 0..number {
        house.get(&house.his, &format!("/fhir/Patient/new-{number}")).await.is(200);
    }
    let body = json!({ "resourceType": "Patient", "id": "new-0", "name": [{ "text": "改名" }] });
    house.put(&house.his, "/fhir/Patient/new-0", &body).await.is(200);
}

/// Waits until all terms are of the newest epoch.
async fn whole(house: &House) {
    for _ in 0..2_000 {
        if house.app.vault().term_state().unwrap().progress.is_none() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("terms are not made anew to the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn search_keys_are_made_anew_while_everybody_finds_and_writes() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    for number in 0..300 {
        house.keep(&patient(&format!("q-{number}"))).await;
    }
    let found = async |query: &str| {
        let answer = house.get(&house.his, &format!("/fhir/Patient?{query}")).await;
        let answer = answer.is(200).json();
        let ids = answer["entry"].as_array().into_iter().flatten().filter_map(|one| one["resource"]["id"].as_str());
        ids.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    let mut admin = house.log_in("yuan.bowen").await;
    house.log_in("dong.haoran").await.post("/system/keys/terms", &[]).await.is(403);
    for round in 1..=3 {
        admin.post("/system/keys/terms", &[]).await.goes_to("/system/keys");
        // While it runs: found once, the old and the new; and a name that is taken stays taken.
        for number in [0, 17, 150, 299] {
            assert_eq!(found(&format!("identifier=M-q-{number}")).await, [format!("q-{number}")].into());
        }
        let new = format!("new-{round}");
        house.keep(&patient(&new)).await;
        assert_eq!(found(&format!("identifier=M-{new}")).await, [new.clone()].into());
        let taken = [("if-none-exist", format!("identifier=urn:mrn|M-{new}"))];
        let taken: Vec<(&str, &str)> = taken.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let headers = [taken, vec![crate::house::JSON]].concat();
        let body = patient("again").to_string().into_bytes();
        house.send(&house.his, http::Method::POST, "/fhir/Patient", &headers, body).await.is(200);
        whole(&house).await;
        for number in [0, 17, 150, 299] {
            assert_eq!(found(&format!("identifier=M-q-{number}")).await, [format!("q-{number}")].into());
        }
        // Log-in names, sessions and numbers on cards are found by terms too.
        house.log_in("ye.qinglan").await.get("/privacy/who-saw?by=patient&q=10p177").await.is(200).shows("10p177");
        house.log_in("li.mingyuan").await.get("/patients/find?q=10p177").await.is(200);
    }
    assert_eq!(house.app.vault().term_state().unwrap().epoch, 4);
    admin.get("/system/keys").await.is(200).shows("Search keys").hides("Under way");
    let told: Vec<String> = house.newest(200).await.iter().map(|entry| entry.get("detail").to_owned()).collect();
    assert!(told.iter().any(|detail| detail == "term epoch 4 begun"), "{told:?}");
    assert!(told.iter().any(|detail| detail == "term epoch 4 in use alone"), "{told:?}");
}
