//! The custodian is taken away from the running program: it goes on for the time set, then the house closes with nothing
//! of it in memory, and opens again by itself.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::absent::{around, data_keys, memory};
use super::bao::{Bao, Fault, TOKEN};
use super::house::{House, config, says, token};
use crate::folder::Folder;
use crate::http::{Answer, Client};
use crate::program::{Program, verify};
use crate::session::Session;

/// A closing or opening that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(3);

const NAME: &str = "欧阳骏骐";

/// An answer to somebody new, when there is one: doors are shut for a moment between two states.
fn ask(address: SocketAddr, token: &str, path: &str, accept: &str) -> Option<Answer> {
    let headers = [("accept", accept), ("accept-language", "zh-CN")];
    Client::connect(address, token, "TREAT").and_then(|mut client| client.send("GET", path, &headers, b"")).ok()
}

fn whole(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn is_ready(address: SocketAddr) -> Option<bool> {
    ask(address, "", "/readyz", "").map(|answer| answer.status == 200)
}

#[test]
fn sto_01_without_its_custodian_the_house_closes_in_time_forgets_everything_and_opens_when_it_is_back() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let custody = "file = \"house/custody/root.json\"\npassphrase-file = \"house/custody/passphrase\"\n\
                   ask-every-s = 1\nhold-s = 8";
    let house = house.under(config(&folder, "held.toml", custody));
    let gateway = token(&house.data, "his-gateway");
    let program = Program::serve(&house.config).unwrap();
    let address = program.address;
    let body = json!({ "resourceType": "Patient", "id": "kept", "name": [{ "text": NAME }] });
    let mut client = Client::connect(address, &gateway, "TREAT").unwrap();
    assert_eq!(client.put("/fhir/Patient/kept", &body).unwrap().status, 201);
    assert_eq!(client.get("/fhir/Patient/kept").unwrap().status, 200);
    let admin = Session::log_in(address, &house.data, "dong.haoran");
    let keys = data_keys(&house.data, &*house.custodian(), 1);
    let passphrase = fs::read(house.passphrase()).unwrap();
    if let Ok(bytes) = memory(&program) {
        assert!(!around(&bytes, NAME.as_bytes()).is_empty(), "the name is not found where it is");
    }

    let away = folder.file("root-key-in-a-pocket");
    fs::rename(house.root(), &away).unwrap();
    until("the system page says nothing", || {
        admin.get(address, "/system").is_ok_and(|answer| whole(&answer).contains("起无响应；若不恢复"))
    });
    assert_eq!(client.get("/fhir/Patient/kept").unwrap().status, 200, "care does not go on meanwhile");
    drop(client);

    until("the house does not close", || is_ready(address) == Some(false));
    let answer = ask(address, &gateway, "/fhir/Patient/kept", "application/fhir+json").unwrap();
    assert_eq!((answer.status, answer.json()["resourceType"].as_str()), (503, Some("OperationOutcome")));
    assert!(whole(&answer).contains("custodian of its root keys") && answer.header("retry-after").is_some());
    assert!(answer.receipts().is_empty());
    let page = ask(address, "", "/login", "text/html").unwrap();
    assert!(page.status == 503 && whole(&page).contains("系统已锁闭"), "{}", page.text());
    assert!(page.header("content-security-policy").is_some());
    let mut client = Client::connect(address, &gateway, "TREAT").unwrap();
    assert_eq!(client.put("/fhir/Patient/other", &json!({})).unwrap().status, 503);
    drop(client);
    assert_eq!(ask(address, "", "/healthz", "").unwrap().status, 200);
    match memory(&program) {
        Ok(bytes) => {
            assert_eq!(around(&bytes, NAME.as_bytes()), [""; 0], "a name in memory");
            assert!(around(&bytes, passphrase.trim_ascii_end()).is_empty(), "the passphrase in memory");
            for (at, key) in keys.iter().enumerate().filter_map(|(at, (key, _))| Some((at, key.as_ref()?))) {
                assert!(around(&bytes, key).is_empty(), "data key {at} in memory");
            }
        }
        Err(error) => println!("memory of another process is not open here ({error}): not searched"),
    }

    fs::rename(&away, house.root()).unwrap();
    until("the house does not open again", || is_ready(address) == Some(true));
    let answer = ask(address, &gateway, "/fhir/Patient/kept", "").unwrap();
    assert!(answer.status == 200 && whole(&answer).contains(NAME), "{}", answer.text());
    assert_eq!(ask(address, &gateway, "/fhir/Patient/other", "").unwrap().status, 404, "written while closed");
    assert_eq!(admin.get(address, "/system").unwrap().status, 200, "the session did not outlive the closing");
    program.stop();
    let log = house.log();
    for told in ["does not answer", "the house closes"] {
        assert!(log.iter().any(|detail| detail.contains(told)), "{told}: {log:?}");
    }
    assert_eq!(verify(&folder.data(), &[]).0, 0);
}

/// A house whose root key is in a key service, asked every second.
fn in_service(folder: &Folder, bao: &Bao) -> PathBuf {
    let house = House::of(folder);
    folder.write_private("token", format!("{TOKEN}\n"));
    let custody = format!(
        "ask-every-s = 1\nhold-s = 6\n[custody.transit]\naddress = \"http://{}\"\ntoken-file = \"token\"",
        bao.address
    );
    let there = config(folder, "service.toml", &custody);
    says(&house.config, ["move", "--to", there.to_str().unwrap()]);
    there
}

#[test]
fn a_sealed_key_service_closes_the_house_until_it_is_unsealed_and_a_short_outage_does_not() {
    let folder = Folder::sample();
    let bao = Bao::start();
    let there = in_service(&folder, &bao);
    let program = Program::serve(&there).unwrap();
    let address = program.address;
    bao.misbehave(Fault::Sealed);
    until("the house does not close", || is_ready(address) == Some(false));
    bao.misbehave(Fault::None);
    until("the house does not open again", || is_ready(address) == Some(true));
    let noticed = || program.log().matches("does not answer").count();
    let before = noticed();
    bao.misbehave(Fault::Fails);
    until("nobody notices the outage", || noticed() > before);
    bao.misbehave(Fault::None);
    until("nobody notices its end", || program.log().contains("answers again"));
    assert_eq!(is_ready(address), Some(true));
    program.stop();
}

#[test]
fn a_token_that_the_key_service_refuses_is_not_tried_over_and_over() {
    let folder = Folder::sample();
    let bao = Bao::start();
    let there = in_service(&folder, &bao);
    let mut program = Program::serve(&there).unwrap();
    bao.misbehave(Fault::Sealed);
    until("the house does not close", || is_ready(program.address) == Some(false));
    folder.write_private("token", "revoked\n");
    bao.misbehave(Fault::None);
    assert_eq!(program.wait().code(), Some(1));
    assert!(program.log().contains("refused the PIN or token"), "{}", program.log());
}
