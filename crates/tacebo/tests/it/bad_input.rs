//! Bad input through the real server: a clear OperationOutcome, nothing stored, and an entry where patient data was asked
//! for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tacebo_fhir::speech::Fhir;
use tacebo_fixtures::bad_json;
use tacebo_identity::{Identity, TokenHolder};
use tacebo_vault::{Door, Opening, PassphraseFile, Vault};

use crate::folder::Folder;
use crate::http::{Answer, Client};
use crate::program::Program;

/// Rows that hold what people wrote, and entries of the log.
fn counts(folder: &Folder) -> (u64, u64) {
    let database =
        Connection::open_with_flags(folder.data().join("store.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = |table: &str| {
        let count: i64 = database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        count.cast_unsigned()
    };
    (count("document"), count("log_leaf"))
}

/// An OperationOutcome that says something, and nothing of what was sent.
fn outcome(name: &str, answer: &Answer) -> Value {
    assert_eq!(
        answer.header("content-type"),
        Some("application/fhir+json; charset=utf-8"),
        "{name}: {}",
        answer.text()
    );
    let outcome = answer.json();
    assert_eq!(outcome["resourceType"], "OperationOutcome", "{name}: {outcome}");
    let issues = outcome["issue"].as_array().unwrap();
    assert!(!issues.is_empty(), "{name}");
    for issue in issues {
        assert_eq!(issue["severity"], "error", "{name}: {outcome}");
        let words = issue["diagnostics"].as_str().unwrap_or_default();
        assert!(words.len() > 8 && words.len() < 400, "{name}: {outcome}");
        assert!(issue["code"].as_str().is_some_and(|code| !code.is_empty()), "{name}: {outcome}");
    }
    outcome
}

fn house() -> (Folder, Program) {
    let folder = Folder::sample();
    let program = Program::demo(&folder.data());
    (folder, program)
}

#[test]
fn no_bad_document_is_stored_and_each_is_refused_with_its_place_and_an_entry() {
    let (folder, program) = house();
    let mut client = program.gateway();
    let before = counts(&folder);
    let inputs = bad_json();
    assert!(inputs.len() > 60);
    let mut entries = 0;
    for (name, bytes) in &inputs {
        for (method, path) in [("PUT", "/fhir/Patient/bad"), ("POST", "/fhir"), ("POST", "/fhir/Patient")] {
            // What is bad for its address or its id alone is a document elsewhere.
            let elsewhere = method == "POST" && path == "/fhir/Patient" && name.starts_with("another id");
            if elsewhere || (path == "/fhir/Patient" && name.starts_with("id with")) {
                continue;
            }
            let answer = client.send(method, path, &[], bytes).unwrap();
            assert!(matches!(answer.status, 400 | 413 | 422), "{method} {path}, {name}: {}", answer.text());
            outcome(name, &answer);
            assert_eq!(answer.receipts().len(), 1, "{method} {path}, {name}: no entry");
            entries += 1;
        }
    }
    let after = counts(&folder);
    assert_eq!(after, (before.0, before.1 + entries), "something was stored");
    assert_eq!(client.get("/fhir/Patient/bad").unwrap().status, 404);
    eprintln!("{} bad inputs, {entries} requests", inputs.len());
    program.stop();
}

#[test]
fn a_body_beyond_the_limit_is_not_read_to_its_end() {
    let (folder, program) = house();
    let before = counts(&folder);
    let mut client = program.gateway();
    let head = client.head("PUT", "/fhir/Patient/bad", &[], 80 << 20);
    client.raw(head.as_bytes()).unwrap();
    let block = vec![b' '; 1 << 20];
    for _ in 0..80 {
        // The server may hang up before all of it is sent: that is the point.
        if client.raw(&block).is_err() {
            break;
        }
    }
    if let Ok(answer) = client.answer("PUT") {
        assert_eq!(answer.status, 413, "{}", answer.text());
        outcome("80 MiB", &answer);
    }
    assert_eq!(counts(&folder).0, before.0);
    assert_eq!(program.gateway().get("/fhir/Patient/bad").unwrap().status, 404);
}

#[test]
fn a_request_that_breaks_off_leaves_nothing_and_harms_nobody() {
    let (folder, program) = house();
    let before = counts(&folder);
    let body = serde_json::to_vec(&json!({ "resourceType": "Patient", "id": "bad", "active": true })).unwrap();
    for cut in [0, 1, body.len() - 1] {
        let mut client = program.gateway();
        let head = client.head("PUT", "/fhir/Patient/bad", &[], body.len());
        client.raw(head.as_bytes()).unwrap();
        client.raw(&body[..cut]).unwrap();
        drop(client);
    }
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\0\0\r\n\r\n",
        b"PUT /fhir HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(program.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(noise).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    }
    let mut client = program.gateway();
    assert_eq!(client.get("/fhir/Patient/bad").unwrap().status, 404);
    assert_eq!(counts(&folder).0, before.0);
    assert!(!program.log().contains("panicked"), "{}", program.log());
    program.stop();
}

#[test]
fn wrong_requests_are_told_what_is_wrong() {
    let (folder, program) = house();
    let own = program.patient("own");
    let mut client = program.gateway();
    let path = "/fhir/Observation/conditions";
    let observation = |text: &str| {
        json!({
            "resourceType": "Observation", "id": "conditions", "status": "final", "code": { "text": text },
            "subject": { "reference": format!("Patient/{own}") },
        })
    };
    assert_eq!(client.put(path, &observation("one")).unwrap().status, 201);
    assert_eq!(client.put(path, &observation("two")).unwrap().status, 200);
    let before = counts(&folder);
    let two = serde_json::to_vec(&observation("three")).unwrap();
    // Header, method, path, status, word of the answer.
    let patient = format!("/fhir/Patient/{own}");
    for (headers, method, path, status, word) in [
        (("if-match", "W/\"1\""), "PUT", path, 412, "version"),
        (("if-match", "W/\"7\""), "PUT", path, 412, "version"),
        (("if-match", "\"x\""), "PUT", path, 400, "If-Match"),
        (("if-match", "W/\"1\""), "DELETE", path, 412, "version"),
        (("content-type", "application/fhir+xml"), "PUT", path, 415, "json"),
        (("content-type", "application/json; charset=gbk"), "PUT", path, 415, "json"),
        (("accept", "application/fhir+xml"), "GET", &patient, 406, "json"),
        (("x-purpose-of-use", "CURIOSITY"), "GET", &patient, 400, "X-Purpose-Of-Use"),
        (("x-purpose-of-use", ""), "GET", &patient, 400, "X-Purpose-Of-Use"),
        (("x-purpose-of-use", "treat"), "GET", &patient, 400, "X-Purpose-Of-Use"),
        (("x-purpose-of-use", "HRESCH"), "GET", &patient, 403, "purpose"),
        (("authorization", ""), "GET", &patient, 401, "token"),
        (("authorization", "Bearer tct_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "GET", &patient, 401, "token"),
        (("authorization", "Basic YTpi"), "GET", &patient, 401, "token"),
        (("x-test", "1"), "GET", "/fhir/Pacient/x", 404, "resource type"),
        (("x-test", "1"), "GET", "/fhir/Patient?shoe-size=43", 400, "shoe-size"),
        (("x-test", "1"), "GET", "/fhir/Observation?date=yesterday", 400, "date"),
        (("x-test", "1"), "PATCH", &patient, 405, "method"),
        (("x-test", "1"), "GET", "/fhir/Patient/x/y/z/w", 404, "address"),
    ] {
        let body: &[u8] = if method == "PUT" { &two } else { b"" };
        let answer = client.send(method, path, &[headers], body).unwrap();
        assert_eq!(answer.status, status, "{headers:?} {method} {path}: {}", answer.text());
        let told = outcome(&format!("{headers:?} {method} {path}"), &answer).to_string();
        assert!(told.contains(word), "{headers:?} {method} {path}: {word} is not in {told}");
    }
    assert_eq!(counts(&folder).0, before.0, "something was stored");
    let kept = client.get(path).unwrap();
    assert_eq!((kept.json()["code"]["text"].as_str(), kept.header("etag")), (Some("two"), Some("W/\"2\"")));
    let answer = client.send("PUT", path, &[("if-match", "W/\"2\"")], &two).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    program.stop();
}

/// A token of the client system that is over before anybody can use it.
fn short_token(folder: &Folder) -> String {
    let data = folder.data();
    let passphrase = std::fs::read_to_string(data.join("custody/passphrase")).unwrap();
    let custodian = PassphraseFile::open(&data.join("custody/root.json"), passphrase.trim_end()).unwrap();
    let opening = Opening {
        dir: data,
        custodian: Arc::new(custodian),
        speeches: vec![Arc::new(Fhir::default())],
        clock: Arc::new(|| jiff::Timestamp::now().as_microsecond()),
        on_fatal: Arc::new(|why: &str| panic!("{why}")),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let identity = Identity::new(Vault::open(opening).unwrap()).unwrap();
        let holder = TokenHolder::Client("his-gateway".into());
        let issued = identity.issue_token(&Identity::house(Door::Cli), &holder, 1, "test", None).await.unwrap();
        issued.token.expose().to_owned()
    })
}

#[test]
fn an_expired_token_opens_nothing() {
    let folder = Folder::sample();
    let token = short_token(&folder);
    let program = Program::demo(&folder.data());
    let before = counts(&folder);
    let mut client = Client::connect(program.address, &token, "TREAT").unwrap();
    for path in ["/fhir/Patient/pat-0001", "/fhir/Patient?name=x", "/fhir/Nothing/x"] {
        let answer = client.get(path).unwrap();
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert!(answer.header("www-authenticate").is_some_and(|value| value.contains("invalid_token")));
        outcome(path, &answer);
    }
    assert_eq!(counts(&folder), before);
}
