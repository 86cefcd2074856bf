//! A restore to a point in time: documents are what they were then, on either engine; what was decided or destroyed since stays.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tacebo_fixtures::Net;
use tacebo_identity::Identity;
use tacebo_vault::{At, DocRef, Write};

use super::{CARD, asked, backup, details, gateway, observation, patient, place, postgres, put, restored, sample};
use crate::folder::files;
use crate::http::Client;
use crate::keys::house::{House, token};
use crate::keys::shred::Officers;
use crate::program::{Program, tacebo};
use crate::session::Session;

const GONE: &str = "濮阳思齐";
const GONE_CARD: &str = "110101198203047731";
const LATER_CARD: &str = "110101196507142335";

/// The moment between what was and what came after it, as exactly as commits are timed.
pub(super) fn now() -> Timestamp {
    thread::sleep(Duration::from_millis(20));
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap();
    thread::sleep(Duration::from_millis(20));
    now
}

/// Too large for a row.
fn letter(id: &str, of: &str, word: &str) -> Value {
    json!({ "resourceType": "DocumentReference", "id": id, "status": "current",
        "subject": { "reference": format!("Patient/{of}") },
        "content": [{ "attachment": { "contentType": "text/plain", "data": random(word) } }] })
}

fn random(word: &str) -> String {
    let mut state = word.bytes().fold(7_u64, |state, byte| state.wrapping_mul(131).wrapping_add(byte.into())) | 1;
    let mut text = String::new();
    while text.len() < 1 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.extend([format!("{state:016x}")]);
    }
    text
}

fn consent(id: &str, of: &str, status: &str) -> Value {
    let code = |system: &str, code: &str| json!({ "coding": [{ "system": system, "code": code }] });
    json!({ "resourceType": "Consent", "id": id, "status": status,
        "scope": code("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [code("http://loinc.org", "59284-0")],
        "policyRule": code("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
        "patient": { "reference": format!("Patient/{of}") } })
}

fn with_card(mut patient: Value, card: &str) -> Value {
    patient["identifier"][0]["value"] = card.into();
    patient
}

/// What nobody may touch without a grant of his own: written by the house itself, the program stopped.
fn sequence(house: &House, word: &str) {
    let body = json!({ "resourceType": "MolecularSequence", "coordinateSystem": 0, "observedSeq": word,
        "patient": { "reference": "Patient/one" } });
    let write = Write::put(DocRef::new("MolecularSequence", "sequence"), body);
    house.inside(async |vault, _| drop(vault.write(&Identity::restorer(), vec![write]).await.unwrap()));
}

/// What is written before the moment and after it, of the patient with this id.
fn history_of(client: &mut Client, id: &str) -> Timestamp {
    let of = |what: &str| format!("{id}-{what}");
    put(client, &[patient(id), observation(&of("changed"), id, "before"), observation(&of("deleted"), id, "before")]);
    put(client, &[letter(&of("letter"), id, "before"), consent(&of("consent"), id, "active")]);
    let then = now();
    put(client, &[with_card(patient(id), LATER_CARD), observation(&of("changed"), id, "after")]);
    put(client, &[letter(&of("letter"), id, "after"), consent(&of("consent"), id, "inactive")]);
    put(client, &[observation(&of("new"), id, "after")]);
    let deleted = client.delete(&format!("/fhir/Observation/{id}-deleted")).unwrap();
    assert!(deleted.status < 300, "{}", deleted.text());
    then
}

fn found(client: &mut Client, card: &str) -> String {
    let answer = client.get(&format!("/fhir/Patient?identifier={card}")).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    String::from_utf8(answer.body).unwrap()
}

/// The documents are what they were, by new versions; everything in between is in their histories.
fn is_as_it_was(client: &mut Client, id: &str) {
    let mut read = |path: String| client.get(&format!("/fhir/{path}")).unwrap();
    for (path, version, said) in [
        (format!("Observation/{id}-changed"), "3", "before"),
        (format!("Observation/{id}-changed/_history/2"), "2", "after"),
        (format!("Observation/{id}-deleted"), "3", "before"),
        (format!("Observation/{id}-new/_history/1"), "1", "after"),
    ] {
        let answer = read(path.clone());
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let body = answer.json();
        assert_eq!((&body["code"]["text"], &body["meta"]["versionId"]), (&json!(said), &json!(version)), "{path}");
        assert_eq!(answer.header("etag"), Some(&*format!("W/\"{version}\"")));
    }
    assert_eq!(read(format!("Observation/{id}-new")).status, 410);
    assert_eq!(read(format!("Observation/{id}-deleted/_history/2")).status, 410);
    let history = read(format!("Observation/{id}-deleted/_history")).json();
    assert_eq!(history["total"], 3, "{history}");
    for (path, word) in [(format!("{id}-letter"), "before"), (format!("{id}-letter/_history/2"), "after")] {
        let body = read(format!("DocumentReference/{path}")).json();
        assert!(body["content"][0]["attachment"]["data"] == random(word).as_str(), "{path} is another one");
    }
    // What the patient decided meanwhile stays decided.
    let consent = read(format!("Consent/{id}-consent")).json();
    assert_eq!((&consent["status"], &consent["meta"]["versionId"]), (&json!("inactive"), &json!("2")));
    let entry = format!("Patient/{id}\"");
    assert!(found(client, CARD).contains(&entry) && !found(client, LATER_CARD).contains(&entry));
}

/// What was decided and destroyed since is not undone.
fn stays_so(place: &House, of: &House, client: &mut Client, program: &Program) {
    for path in ["Patient/gone", "Observation/gone-1", "Observation/gone-1/_history/1"] {
        assert_eq!(client.get(&format!("/fhir/{path}")).unwrap().status, 404, "{path}");
    }
    assert!(!found(client, GONE_CARD).contains("Patient/gone"));
    let mut locked = Client::connect(program.address, &token(&of.data, "li.mingyuan"), "TREAT").unwrap();
    assert_eq!(locked.get("/fhir/Patient/pat-0001").unwrap().status, 401);
    let (status, said, _) = asked(&place.config, &["verify"]);
    assert_eq!((status, &said["result"]), (Some(0), &json!("clean")), "{said}");
    let net = Net::new(vec![GONE.to_owned(), GONE_CARD.to_owned()]);
    for file in files(&place.data) {
        assert!(net.first(&fs::read(&file).unwrap()).is_none(), "{}", file.display());
    }
}

fn lock(program: &Program, house: &House, login: &str) {
    let admin = Session::log_in(program.address, &house.data, "yuan.bowen");
    let list = admin.get(program.address, &format!("/accounts?q={login}")).unwrap();
    let list = String::from_utf8(list.body).unwrap();
    let account = list.split("\"/accounts/").filter_map(|rest| rest.split('"').next()).find(|id| id.starts_with('0'));
    let account = account.unwrap_or_else(|| panic!("{login} is not listed: {list}"));
    assert_eq!(admin.post(program.address, &format!("/accounts/{account}/lock"), "").unwrap(), 303);
}

#[test]
fn sto_04_documents_come_back_to_a_point_in_time_on_the_other_engine_and_what_was_decided_or_destroyed_since_stays() {
    let (folder, house) = sample();
    let archive = folder.file("archive");
    sequence(&house, "before");
    let program = Program::serve(&house.config).unwrap();
    let mut client = gateway(&program, &house);
    let mut gone = with_card(patient("gone"), GONE_CARD);
    gone["name"] = json!([{ "text": GONE }]);
    put(&mut client, &[gone, observation("gone-1", "gone", "was here")]);
    let mut doctor = Client::connect(program.address, &token(&house.data, "li.mingyuan"), "TREAT").unwrap();
    assert_eq!(doctor.get("/fhir/Patient/pat-0001").unwrap().status, 200);
    let then = history_of(&mut client, "one");
    lock(&program, &house, "li.mingyuan");
    let officers = Officers::of(program.address, &house);
    let request = officers.ask(program.address, "gone", "person", "");
    assert_eq!(officers.approve(program.address, &request).unwrap(), 303);
    assert!(officers.certificate(program.address, &request).is_some());
    drop((client, doctor));
    program.stop();
    sequence(&house, "after");
    backup(&house.config, &archive);

    // Into PostgreSQL.
    let there = place(&folder, &house, "there", &postgres());
    let to = then.to_string();
    let (status, done, said) = asked(&there.config, &["restore", "--from", archive.to_str().unwrap(), "--to", &to]);
    assert_eq!(status, Some(0), "{said}");
    let point = &done["point"];
    assert_eq!([&point["changed"], &point["made"], &point["gone"], &point["left"]], [4, 1, 1, 0], "{point}");
    let versions = |done: &Value, name: &str| done[name].as_u64().unwrap();
    assert_eq!(versions(&done, "compared"), versions(&done, "versions") + 6, "what was written is compared too");
    let program = Program::serve(&there.config).unwrap_or_else(|said| panic!("{said}"));
    let mut client = gateway(&program, &house);
    is_as_it_was(&mut client, "one");
    stays_so(&there, &house, &mut client, &program);
    // It goes on: more is written there, and undone in its turn.
    let then = history_of(&mut client, "two");
    drop(client);
    program.stop();

    // From there into a folder, by a restore that is killed now and then.
    let second = folder.file("second");
    backup(&there.config, &second);
    let back = place(&folder, &house, "back", "");
    let from = ["restore", "--from", second.to_str().unwrap(), "--to", &then.to_string()];
    for round in 0..5 {
        let mut command = tacebo();
        command.args(from).arg("--config").arg(&back.config).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        thread::sleep(Duration::from_millis(200 + 300 * round));
        let _ = child.kill();
        if child.wait().unwrap().success() {
            break;
        }
        assert!(Program::serve(&back.config).is_err(), "half of it is served");
    }
    let (status, _, said) = asked(&back.config, &from);
    assert!(status == Some(0) || said.contains("an institution here already"), "{said}");
    let program = Program::serve(&back.config).unwrap_or_else(|said| panic!("{said}"));
    let mut client = gateway(&program, &house);
    for id in ["one", "two"] {
        is_as_it_was(&mut client, id);
    }
    stays_so(&back, &house, &mut client, &program);
    drop(client);
    program.stop();
    let told = details(&back, &house);
    let entry = told.iter().find(|detail| detail.starts_with("restored from backup 1 ")).unwrap();
    assert!(
        entry.contains(&format!("documents brought back to {then}: 3 changed, 1 made anew, 1 taken away")),
        "{entry}"
    );
    let (compared, sequence) = back.inside_with(house.custodian(), async |vault, asker| {
        let name = DocRef::new("MolecularSequence", "sequence");
        let read = vault.read(&Identity::restorer(), &name, At::Current).await.unwrap();
        let sequence = (read.value().version, read.value().body["observedSeq"].clone());
        (vault.compare(asker, Duration::ZERO).await.unwrap(), sequence)
    });
    assert_eq!((compared.unlike, sequence), (None, (3, json!("before"))));
}

#[test]
fn sto_04_a_moment_that_the_archive_cannot_know_is_refused_before_anything_is_written() {
    let (folder, house) = sample();
    let archive = folder.file("archive");
    backup(&house.config, &archive);
    let between = now().to_string();
    let there = place(&folder, &house, "there", "");
    let from = ["restore", "--from", archive.to_str().unwrap()];
    let refused = |to: &str, more: &[&str]| {
        let (status, _, said) = asked(&there.config, &[&from[..], &["--to", to], more].concat());
        assert_eq!(status, Some(1), "{to}: {said}");
        said
    };
    for wrong in ["yesterday", "2026-11-23", "1795372911", "2026-02-30T00:00:00Z"] {
        assert!(refused(wrong, &[]).contains("is no moment"), "{wrong}");
    }
    assert!(refused("2999-01-01T00:00:00+08:00", &[]).contains("is still to come"));
    assert!(refused("2001-01-01T00:00:00", &[]).contains("the archive begins at"));
    assert!(refused(&between, &[]).contains("backup 1 reaches to"));
    backup(&house.config, &archive);
    assert!(refused(&between, &["--run", "1"]).contains("backup 1 reaches to"));
    // Nothing of it is there: the place is still empty.
    restored(&there, &archive);
}
