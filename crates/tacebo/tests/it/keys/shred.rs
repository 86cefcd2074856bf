//! RET-04 from outside: a person is destroyed in the running program, and then looked for everywhere.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tacebo_fixtures::Net;
use tacebo_vault::Unlike;

use super::absent::{around, data_keys, database, memory};
use super::house::{House, token};
use crate::compare::compare;
use crate::folder::{Folder, copy, files};
use crate::http::Client;
use crate::program::{Program, run, verify};
use crate::session::{Session, form};

const NAME: &str = "欧阳骏骐";
const CARD: &str = "110101196507142319";
const PHONE: &str = "13712345678";

fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "name": [{ "text": NAME, "family": "欧阳", "given": ["骏骐"] }],
        "identifier": [{ "type": { "coding": [{ "code": "NI" }] }, "system": "urn:oid:2.16.156.10011.1.3", "value": CARD }],
        "telecom": [{ "system": "phone", "value": PHONE }], "gender": "male", "birthDate": "1965-07-14" })
}

fn observation(id: &str, of: &str) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final", "code": { "text": "罕见的苯丙酮尿症筛查" },
        "subject": { "reference": format!("Patient/{of}") }, "valueString": "欧阳骏骐的结果" })
}

/// The two officers, logged in.
pub(crate) struct Officers {
    asks: Session,
    approves: Session,
}

impl Officers {
    pub(crate) fn of(address: SocketAddr, house: &House) -> Self {
        let log_in = |login| Session::log_in(address, &house.data, login);
        Self { asks: log_in("ye.qinglan"), approves: log_in("pan.lijun") }
    }

    /// Asks and gives the address of the request.
    pub(crate) fn ask(&self, address: SocketAddr, whom: &str, what: &str, doc: &str) -> String {
        let fields = [
            ("q", whom),
            ("what", what),
            ("doc", doc),
            ("ground", "registered-in-error"),
            ("reference", "2026-17"),
            ("text", "a test"),
        ];
        let to = self.asks.go(address, "/privacy/destructions", &form(&fields)).unwrap();
        assert!(to.starts_with("/privacy/destructions/"), "{to}");
        to.split('?').next().unwrap().to_owned()
    }

    pub(crate) fn approve(&self, address: SocketAddr, path: &str) -> std::io::Result<u16> {
        self.approves.post(address, path, &form(&[("answer", "approved")]))
    }

    /// The certificate, once there is one.
    pub(crate) fn certificate(&self, address: SocketAddr, path: &str) -> Option<String> {
        let answer = self.asks.get(address, &format!("{path}/certificate")).unwrap();
        (answer.status == 200).then(|| String::from_utf8(answer.body).unwrap())
    }
}

/// Whose number a document is sealed under: the newest person.
fn newest_subject(house: &House) -> i64 {
    let text = "SELECT subject FROM document WHERE subject IS NOT NULL ORDER BY rid DESC LIMIT 1";
    database(&house.data).query_row(text, [], |row| row.get(0)).unwrap()
}

#[test]
fn ret_04_after_a_destruction_the_person_is_in_no_file_no_older_copy_and_not_in_memory() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let gateway = token(&house.data, "his-gateway");
    let net = Net::new(vec![NAME.to_owned(), CARD.to_owned(), PHONE.to_owned(), "苯丙酮尿症".to_owned()]);
    let program = Program::serve(&house.config).unwrap();
    let mut client = Client::connect(program.address, &gateway, "TREAT").unwrap();
    for body in [patient("gone"), observation("gone-1", "gone"), observation("gone-1", "gone")] {
        let path = format!("/fhir/{}/{}", body["resourceType"].as_str().unwrap(), body["id"].as_str().unwrap());
        assert!(client.put(&path, &body).unwrap().status < 300);
    }
    let subject = newest_subject(&house);
    program.stop();
    let before = Folder::new();
    copy(&folder.data(), &before.data());
    let keys = data_keys(&house.data, &*house.custodian(), subject);
    assert_eq!(keys.len(), 6);

    // Read it all into memory: it is there, else the search below would prove nothing.
    let program = Program::serve(&house.config).unwrap();
    let address = program.address;
    let mut client = Client::connect(address, &gateway, "TREAT").unwrap();
    for path in [
        "Patient/gone",
        "Patient?identifier=110101196507142319",
        "Observation?patient=gone",
        "Patient/gone/$everything",
    ] {
        let answer = client.get(&format!("/fhir/{path}")).unwrap();
        assert!(answer.status == 200 && net.first(&answer.body).is_some(), "{}", answer.text());
    }
    let readable = memory(&program);
    if let Ok(bytes) = &readable {
        assert!(!around(bytes, NAME.as_bytes()).is_empty(), "the name is not found where it is");
    }
    let officers = Officers::of(address, &house);
    let path = officers.ask(address, "gone", "person", "");
    assert_eq!(officers.approve(address, &path).unwrap(), 303);
    let certificate = officers.certificate(address, &path).expect("a certificate");
    assert_eq!(net.first(certificate.as_bytes()), None);
    for path in ["Patient/gone", "Observation/gone-1", "Observation/gone-1/_history/1"] {
        assert_eq!(client.get(&format!("/fhir/{path}")).unwrap().status, 404, "{path}");
    }
    // What somebody sent lies in the buffer of his connection as long as that is open.
    drop(client);
    thread::sleep(Duration::from_millis(300));
    match memory(&program) {
        Ok(bytes) => {
            for (word, what) in [(NAME, "name"), (CARD, "resident id"), (PHONE, "phone"), ("苯丙酮尿症", "finding")]
            {
                assert_eq!(around(&bytes, word.as_bytes()), [""; 0], "{what} in memory");
            }
            let opened = keys.iter().map(|(key, _)| key).enumerate().filter(|(at, _)| *at != 4);
            for (at, key) in opened.filter_map(|(at, key)| Some((at, key.as_ref()?))) {
                assert!(around(&bytes, key).is_empty(), "data key {at} in memory");
            }
            println!("{} MiB of memory hold nothing of the person", bytes.len() >> 20);
        }
        Err(error) => println!("memory of another process is not open here ({error}): not searched"),
    }
    program.stop();

    // Every file: no word in any disguise, and no wrapped key but the one of the record of who saw the person.
    for file in files(&folder.data()) {
        let bytes = fs::read(&file).unwrap();
        assert!(net.first(&bytes).is_none(), "{}", file.display());
        for (at, (key, wrapped)) in keys.iter().enumerate() {
            if let Some(key) = key {
                assert!(around(&bytes, key).is_empty(), "key {at} in {}", file.display());
            }
            assert!(around(&bytes, wrapped).is_empty(), "wrapped key {at} in {}", file.display());
        }
    }
    let left: i64 = database(&house.data)
        .query_row("SELECT count(*) FROM document WHERE subject = ?1", [subject], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
    assert_eq!(verify(&folder.data(), &[&crate::folder::early_checkpoint()]).0, 0);
    // The log says that it is gone, so nothing is missed.
    assert_eq!(compare(&house).unlike, None);

    // The copy of before with the root keys of now.
    fs::copy(house.root(), before.data().join("custody/root.json")).unwrap();
    fs::copy(house.passphrase(), before.data().join("custody/passphrase")).unwrap();
    let old = House::of(&before);
    assert!(Program::serve(&old.config).err().unwrap().contains("root epoch 1 is not held"));
    // The rows of before put back beside the keys of now, by somebody who can write the database.
    put_back(&house, &before, subject);
    let program = Program::serve(&house.config).unwrap();
    let mut client = Client::connect(program.address, &gateway, "TREAT").unwrap();
    for path in ["Patient/gone", "Observation/gone-1", "Patient?identifier=110101196507142319"] {
        let answer = client.get(&format!("/fhir/{path}")).unwrap();
        assert!(answer.status >= 400, "{}", answer.text());
        assert_eq!(net.first(&answer.body), None);
    }
    program.stop();
    assert!(matches!(compare(&house).unlike, Some(Unlike::Unreadable { .. })));

    // Anybody checks the certificate, with nothing but the log's key.
    let file = folder.write("certificate.json", &certificate);
    let vkey = folder.data().join("log.vkey");
    let check = |file: &std::path::Path| {
        let args =
            ["verify", "--lang", "en", "--certificate", file.to_str().unwrap(), "--vkey", vkey.to_str().unwrap()];
        let output = run(args);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = check(&file);
    assert!(code == Some(0) && said.contains("Destroyed: all data of one person"), "{said}");
    assert!(said.contains("Asked by 叶青岚") && said.contains("Root epoch 1 (key "), "{said}");
    let forged = folder.write("forged.json", certificate.replace("2026-17", "2026-18"));
    let (code, said) = check(&forged);
    assert!(code == Some(1) && said.contains("does not hold"), "{said}");
}

/// Documents, name, terms and wrapped keys of a person, from an older copy into the database of now.
fn put_back(house: &House, before: &Folder, subject: i64) {
    let now = rusqlite::Connection::open(house.data.join("store.db")).unwrap();
    now.execute("ATTACH ?1 AS old", [before.data().join("store.db").to_str().unwrap()]).unwrap();
    for text in [
        "INSERT INTO document SELECT * FROM old.document WHERE subject = ?1",
        "INSERT INTO subject SELECT * FROM old.subject WHERE no = ?1",
        "INSERT INTO term SELECT * FROM old.term WHERE rid IN (SELECT rid FROM old.document WHERE subject = ?1)",
        "INSERT OR IGNORE INTO subject_key SELECT * FROM old.subject_key WHERE subject = ?1",
    ] {
        assert!(now.execute(text, [subject]).unwrap() > 0, "{text}");
    }
}

#[test]
fn ret_04_a_destruction_killed_at_any_moment_is_finished_or_not_begun() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let gateway = token(&house.data, "his-gateway");
    let rounds = u64::from(crate::rounds(5, 200));
    let mut officers: Option<Officers> = None;
    let (mut finished, mut never) = (0, 0);
    for round in 0..rounds {
        let mut program = Program::serve(&house.config).unwrap();
        let address = program.address;
        let officers = officers.get_or_insert_with(|| Officers::of(address, &house));
        let mut client = Client::connect(address, &gateway, "TREAT").unwrap();
        let (gone, stays) = (format!("gone-{round}"), format!("stays-{round}"));
        for id in [&gone, &stays] {
            assert_eq!(client.put(&format!("/fhir/Patient/{id}"), &patient(id)).unwrap().status, 201);
            for n in 0..4 {
                let document = format!("{id}-{n}");
                let path = format!("/fhir/Observation/{document}");
                assert_eq!(client.put(&path, &observation(&document, id)).unwrap().status, 201);
            }
        }
        let whole = round % 2 == 0;
        let document = format!("Observation/{gone}-2");
        let (what, doc) = if whole { ("person", "") } else { ("document", document.as_str()) };
        let path = officers.ask(address, &gone, what, doc);
        thread::scope(|scope| {
            let approving = scope.spawn(|| officers.approve(address, &path));
            thread::sleep(Duration::from_millis(round * 37 % 220));
            program.kill();
            let _ = approving.join().unwrap();
        });

        let program = Program::serve(&house.config).unwrap();
        let address = program.address;
        let approved = settled(officers, address, &path);
        let mut client = Client::connect(address, &gateway, "TREAT").unwrap();
        let mut status = |path: String| client.get(&format!("/fhir/{path}")).unwrap().status;
        let expected = |there: bool| if there { 200 } else { 404 };
        assert_eq!(status(format!("Patient/{gone}")), expected(!(approved && whole)), "round {round}");
        for n in 0..4 {
            let there = !approved || (!whole && n != 2);
            assert_eq!(status(format!("Observation/{gone}-{n}")), expected(there), "round {round}, document {n}");
            assert_eq!(status(format!("Observation/{stays}-{n}")), 200, "round {round}");
        }
        if approved {
            finished += 1;
        } else {
            never += 1;
        }
        program.stop();
        assert_eq!(house.epochs().len(), 1);
        assert_eq!(verify(&folder.data(), &[]).0, 0, "round {round}");
    }
    assert!(finished > 0);
    // Persons and documents are gone, and what stayed beside the documents was sealed anew: nothing is missed, and one more
    // that somebody takes out is.
    assert_eq!(compare(&house).unlike, None);
    let raw = rusqlite::Connection::open(house.data.join("store.db")).unwrap();
    let newest = "DELETE FROM document WHERE rid = (SELECT max(rid) FROM document WHERE subject IS NOT NULL)";
    assert_eq!(raw.execute(newest, []).unwrap(), 1);
    drop(raw);
    let found = compare(&house).unlike;
    assert!(matches!(found, Some(Unlike::Missing { .. } | Unlike::Changed { .. })), "{found:?}");
    println!("{rounds} rounds: {finished} finished, {never} not begun");
}

/// Waits until the program has brought it to rest: true when it is certified, false when nobody has approved it.
fn settled(officers: &Officers, address: SocketAddr, path: &str) -> bool {
    for _ in 0..600 {
        if officers.certificate(address, path).is_some() {
            return true;
        }
        let page = officers.asks.get(address, path).unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
        if String::from_utf8_lossy(&page.body).contains("待批准") {
            return false;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the destruction does not come to rest");
}

#[test]
fn a_destruction_that_was_stopped_before_its_root_key_was_destroyed_is_finished_by_a_turn_by_hand() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let gateway = token(&house.data, "his-gateway");
    let program = Program::serve(&house.config).unwrap();
    let address = program.address;
    let mut client = Client::connect(address, &gateway, "TREAT").unwrap();
    assert_eq!(client.put("/fhir/Patient/gone", &patient("gone")).unwrap().status, 201);
    let officers = Officers::of(address, &house);
    let path = officers.ask(address, "gone", "person", "");
    // The custodian fails: the file of root keys cannot be replaced any more.
    let root = fs::read(house.root()).unwrap();
    fs::write(house.root(), b"{}").unwrap();
    assert_eq!(officers.approve(address, &path).unwrap(), 303);
    assert!(officers.certificate(address, &path).is_none());
    assert_eq!(client.get("/fhir/Patient/gone").unwrap().status, 404);
    let page = officers.asks.get(address, &path).unwrap();
    assert!(String::from_utf8_lossy(&page.body).contains("等待旧的根密钥销毁"));
    program.stop();
    fs::write(house.root(), root).unwrap();
    let output = super::house::keys(&house.config, ["turn"]).stdout(Stdio::null()).status().unwrap();
    assert!(output.success());
    let program = Program::serve(&house.config).unwrap();
    assert!(officers.certificate(program.address, &path).is_some());
    program.stop();
}

/// How many entries of a house that may be running tell of disclosures, and how many of changes.
pub(crate) fn told(house: &House) -> (i64, i64) {
    let text = "SELECT count(*) FILTER (WHERE class = 1), count(*) FILTER (WHERE class = 2) FROM log_leaf";
    database(&house.data).query_row(text, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}
