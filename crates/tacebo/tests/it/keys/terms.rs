//! Search keys are made anew in the running program, killed at any moment: nothing is lost, and nothing of the old is left.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use super::absent::database;
use super::house::{House, token};
use crate::folder::Folder;
use crate::http::Client;
use crate::program::{Program, verify};
use crate::session::Session;

fn terms(house: &House) -> BTreeSet<Vec<u8>> {
    let base = database(&house.data);
    let mut all = base.prepare("SELECT term FROM term").unwrap();
    all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn search_keys_made_anew_and_killed_at_any_moment_lose_nothing_and_leave_no_older_term() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let gateway = token(&house.data, "his-gateway");
    let first = terms(&house);
    assert!(first.len() > 500, "{}", first.len());
    let rounds = u64::from(crate::rounds(5, 200));
    let mut session: Option<Session> = None;
    for round in 0..rounds {
        let mut program = Program::serve(&house.config).unwrap();
        let address = program.address;
        let admin = session.get_or_insert_with(|| Session::log_in(address, &house.data, "yuan.bowen"));
        let status = admin.post(address, "/system/keys/terms", "");
        assert!(status.is_ok_and(|status| status == 303));
        thread::sleep(Duration::from_millis(round * 61 % 500));
        program.kill();
    }
    let program = Program::serve(&house.config).unwrap();
    let admin = session.unwrap();
    for _ in 0..1_200 {
        let page = admin.get(program.address, "/system/keys").unwrap();
        if !String::from_utf8_lossy(&page.body).contains("<progress") {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    // Found by the number on the card, as before.
    let mut client = Client::connect(program.address, &gateway, "TREAT").unwrap();
    let patient = client.get("/fhir/Patient/pat-0001").unwrap().json();
    for number in patient["identifier"].as_array().unwrap() {
        let found =
            client.get(&format!("/fhir/Patient?identifier={}", number["value"].as_str().unwrap())).unwrap().json();
        let ids: Vec<&str> =
            found["entry"].as_array().into_iter().flatten().filter_map(|e| e["resource"]["id"].as_str()).collect();
        assert!(ids.contains(&"pat-0001"), "{found}");
    }
    // A name that is typed at the door is found too.
    let _ = Session::log_in(program.address, &house.data, "ye.qinglan");
    program.stop();
    let now = terms(&house);
    assert_eq!(now.intersection(&first).count(), 0, "terms of the first key are left");
    assert!(now.len() + 50 > first.len(), "{} of {}", now.len(), first.len());
    assert_eq!(verify(&folder.data(), &[]).0, 0);
}
