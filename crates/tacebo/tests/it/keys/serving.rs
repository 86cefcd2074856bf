//! The root key is turned in the running program, under load, and the program killed at any moment.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::house::{House, token};
use crate::folder::Folder;
use crate::http::Client;
use crate::program::{Program, verify};
use crate::session::Session;

#[test]
fn a_root_key_turned_in_the_running_program_and_killed_at_any_moment_loses_nothing() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let gateway = token(&house.data, "his-gateway");
    let rounds = u64::from(crate::rounds(6, 200));
    let mut session: Option<Session> = None;
    let mut kept = Vec::new();
    for round in 0..rounds {
        let mut program = Program::serve(&house.config).unwrap();
        let address = program.address;
        let admin = session.get_or_insert_with(|| Session::log_in(address, &house.data, "yuan.bowen"));
        let ended = AtomicBool::new(false);
        kept.extend(thread::scope(|scope| {
            // New persons, each with keys of their own, as fast as they come; only what was acknowledged counts.
            let writing = scope.spawn(|| {
                let mut acknowledged = Vec::new();
                let mut client = Client::connect(address, &gateway, "TREAT").unwrap();
                for number in 0.. {
                    let id = format!("new-{round}-{number}");
                    let body = json!({ "resourceType": "Patient", "id": id, "name": [{ "text": "新来的人" }] });
                    match client.put(&format!("/fhir/Patient/{id}"), &body) {
                        Ok(answer) if answer.status == 201 => acknowledged.push(id),
                        Ok(answer) => panic!("{}", answer.text()),
                        Err(_) => break,
                    }
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                }
                acknowledged
            });
            let turning = scope.spawn(|| {
                // One after another; the last one is cut short.
                while admin.post(address, "/system/keys/turn", "").is_ok_and(|status| status == 303) {}
            });
            thread::sleep(Duration::from_millis(40 + round * 97 % 800));
            program.kill();
            ended.store(true, Ordering::Relaxed);
            turning.join().unwrap();
            writing.join().unwrap()
        }));
    }
    let program = Program::serve(&house.config).unwrap();
    house.settles();
    program.stop();
    // Read again from the disk, by the one root key there is.
    let program = Program::serve(&house.config).unwrap();
    let mut client = Client::connect(program.address, &gateway, "TREAT").unwrap();
    for id in &kept {
        let answer = client.get(&format!("/fhir/Patient/{id}")).unwrap();
        assert_eq!(answer.status, 200, "{id}: {}", answer.text());
    }
    assert!(kept.len() as u64 > rounds, "{}", kept.len());
    program.stop();
    assert!(house.root_epoch() > 1, "no turn came to its end");
    assert_eq!(verify(&folder.data(), &[]).0, 0);
    println!("{rounds} rounds, {} persons written meanwhile, root epoch {}", kept.len(), house.root_epoch());
}

#[test]
fn copies_of_the_folder_from_before_a_turn_open_with_no_key_that_is_left() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let before = Folder::new();
    crate::folder::copy(&folder.data(), &before.data());
    let program = Program::serve(&house.config).unwrap();
    let admin = Session::log_in(program.address, &house.data, "yuan.bowen");
    assert_eq!(admin.post(program.address, "/system/keys/turn", "").unwrap(), 303);
    house.settles();
    program.stop();
    // The older data folder, the keys of now.
    fs::copy(house.root(), before.data().join("custody/root.json")).unwrap();
    let old = House::of(&before);
    assert!(Program::serve(&old.config).err().unwrap().contains("root epoch 1 is not held"));
}
