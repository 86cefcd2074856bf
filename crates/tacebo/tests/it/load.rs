//! Mixed load from all sides: what is sent, and what the senders were told before the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Answer, Client};
use crate::program::Program;
use crate::random::Random;

const WRITERS: u64 = 3;

/// Index and leaf of an entry, as an answer names them.
pub(crate) type Held = (u64, String);

/// What a thread was told before the end.
pub(crate) enum Told {
    /// A receipt, from an answer of any kind.
    Receipt(Held),
    /// About to be sent by this writer: until it is acknowledged, it may be there or not.
    Sent(String, Vec<Kept>),
    /// The same, acknowledged with these receipts.
    Acknowledged(String, Vec<Kept>, Vec<Held>),
    /// An answer about patients without a receipt.
    Unlogged(String),
    /// A signed checkpoint.
    Checkpoint(Vec<u8>),
    Done(&'static str),
}

/// One document version as it was sent.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) address: String,
    pub(crate) version: u64,
    /// The marker in it; `None` when deleted.
    pub(crate) text: Option<String>,
}

/// What the answers may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Every one as it should be.
    Good,
    /// The disk fails now and then: 5xx is an answer too. What was sent then may be there or not.
    Failing,
}

/// Somebody at work until the program is gone.
struct Worker {
    health: Health,
    name: String,
    client: Client,
    tell: Sender<Told>,
    random: Random,
}

impl Worker {
    /// Sends; `None` when nobody answers any more.
    fn ask(&mut self, what: &'static str, ask: impl FnOnce(&mut Client) -> std::io::Result<Answer>) -> Option<Answer> {
        let answer = ask(&mut self.client).ok()?;
        let receipts = answer.receipts();
        let failed = self.health == Health::Failing && answer.status >= 500;
        if receipts.is_empty() && !failed {
            let _ = self.tell.send(Told::Unlogged(answer.text()));
        }
        for held in receipts {
            let _ = self.tell.send(Told::Receipt(held));
        }
        let _ = self.tell.send(Told::Done(if failed { "refused" } else { what }));
        Some(answer)
    }

    /// Whether it was acknowledged; `None` when nobody answers any more.
    fn write(&mut self, kept: Vec<Kept>, patients: &[String]) -> Option<bool> {
        let patient = self.random.pick(patients).clone();
        let _ = self.tell.send(Told::Sent(self.name.clone(), kept.clone()));
        let answer = match kept.as_slice() {
            [one] if one.text.is_none() => {
                self.ask("deletes", |client| client.delete(&format!("/fhir/{}", one.address)))
            }
            [one] => {
                self.ask("writes", |client| client.put(&format!("/fhir/{}", one.address), &document(one, &patient)))
            }
            all => self.ask("transactions", |client| client.post("/fhir", &transaction(all))),
        }?;
        if self.health == Health::Failing && answer.status >= 500 {
            return Some(false);
        }
        assert!(matches!(answer.status, 200 | 201 | 204), "{}", answer.text());
        let _ = self.tell.send(Told::Acknowledged(self.name.clone(), kept, answer.receipts()));
        Some(true)
    }

    /// New documents, new versions, deletions, transactions.
    fn writes(mut self, patients: &[String]) {
        let name = self.name.clone();
        let mut versions: BTreeMap<String, u64> = BTreeMap::new();
        for step in 0_u64.. {
            let old = versions.keys().nth(self.random.index(versions.len().max(1))).cloned();
            let next = |versions: &mut BTreeMap<String, u64>, address: String, text: Option<String>| {
                let version = versions.entry(address.clone()).and_modify(|version| *version += 1).or_insert(1);
                Kept { address, version: *version, text }
            };
            let text = || Some(format!("marker {name} {step}"));
            let kept = match (self.random.below(10), old) {
                (0..3, Some(old)) => vec![next(&mut versions, old, text())],
                (3, Some(old)) => {
                    let kept = next(&mut versions, old.clone(), None);
                    versions.remove(&old);
                    vec![kept]
                }
                (4..6, _) => {
                    let address = |part: &str| format!("{part}/{name}-{step}");
                    let parts = ["Patient", "Condition", "Observation"];
                    parts.map(|part| Kept { address: address(part), version: 1, text: text() }).into()
                }
                _ => vec![next(&mut versions, format!("Observation/{name}-{step}"), text())],
            };
            let addresses: Vec<String> = kept.iter().map(|kept| kept.address.clone()).collect();
            match self.write(kept, patients) {
                Some(true) => {}
                // Nobody knows which version is there now.
                Some(false) => versions.retain(|address, _| !addresses.contains(address)),
                None => return,
            }
        }
    }

    /// Reads and searches of what there is, some of it refused.
    fn reads(mut self, what: &'static str, paths: &[String]) {
        loop {
            let path = self.random.pick(paths).clone();
            let Some(answer) = self.ask(what, |client| client.get(&path)) else { return };
            let failed = self.health == Health::Failing && answer.status >= 500;
            assert!(failed || matches!(answer.status, 200 | 403 | 404), "{path}: {}", answer.text());
        }
    }
}

fn document(kept: &Kept, patient: &str) -> Value {
    let (kind, id) = kept.address.split_once('/').unwrap();
    let text = kept.text.as_deref().unwrap_or_default();
    match kind {
        "Patient" => json!({ "resourceType": kind, "id": id, "name": [{ "text": text }] }),
        "Condition" => json!({
            "resourceType": kind, "id": id, "code": { "text": text }, "subject": { "reference": format!("Patient/{patient}") },
        }),
        _ => json!({
            "resourceType": kind, "id": id, "status": "final", "code": { "text": text },
            "subject": { "reference": format!("Patient/{patient}") },
        }),
    }
}

/// A new patient with two documents, which come together or not at all.
fn transaction(all: &[Kept]) -> Value {
    let patient = all[0].address.split_once('/').unwrap().1;
    let entries: Vec<Value> = all
        .iter()
        .map(|kept| json!({ "resource": document(kept, patient), "request": { "method": "PUT", "url": kept.address } }))
        .collect();
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
}

pub(crate) fn marker(resource: &Value) -> &str {
    let place = if resource["resourceType"] == "Patient" { "/name/0/text" } else { "/code/text" };
    resource.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

/// Works on the program from all sides until `end` has ended it, and says what everybody was told. The documents' names
/// begin with `name`.
pub(crate) fn until(
    end: impl FnOnce(&mut Program),
    health: Health,
    program: &mut Program,
    name: &str,
    random: &mut Random,
) -> Vec<Told> {
    let parts = ["own", "stranger", "other_ward", "vip", "hiv", "minor"];
    let patients: Vec<String> = parts.iter().map(|part| program.patient(part)).collect();
    let pages = |patient: &String| {
        ["Patient/{}", "Observation?patient={}&_count=5", "Condition?patient={}", "Encounter?patient={}&_count=3"]
            .map(|path| format!("/fhir/{}", path.replace("{}", patient)))
    };
    let paths: Vec<String> = patients.iter().flat_map(pages).collect();
    let (tell, hear) = channel();
    let alive = AtomicBool::new(true);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let worker = Worker {
                health,
                name: format!("{name}-{writer}"),
                client: program.gateway(),
                tell: tell.clone(),
                random: Random::new(random.below(u64::MAX)),
            };
            let patients = &patients;
            scope.spawn(move || worker.writes(patients));
        }
        for (login, purpose, what) in [
            ("li.mingyuan", "TREAT", "asked by a doctor"),
            ("yang.ruoliu", "TREAT", "asked by a nurse"),
            ("patient.own", "PATRQT", "asked by a patient"),
            ("his-gateway", "TREAT", "asked by a system"),
        ] {
            let worker = Worker {
                health,
                name: format!("{name}-{login}"),
                client: program.client(login, purpose),
                tell: tell.clone(),
                random: Random::new(random.below(u64::MAX)),
            };
            let paths = &paths;
            scope.spawn(move || worker.reads(what, paths));
        }
        // Somebody outside keeps every checkpoint, as he should.
        let (address, alive, outside) = (program.address, &alive, tell.clone());
        scope.spawn(move || {
            while alive.load(Ordering::Relaxed) {
                let got = Client::connect(address, "", "").and_then(|mut client| client.get("/log/checkpoint"));
                if let Some(note) = got.ok().filter(|answer| answer.status == 200) {
                    let _ = outside.send(Told::Checkpoint(note.body));
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        drop(tell);
        end(program);
        alive.store(false, Ordering::Relaxed);
        hear.into_iter().collect()
    })
}
