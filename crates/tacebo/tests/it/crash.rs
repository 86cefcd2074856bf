//! `kill -9` under mixed load, round after round on one folder, against a record of what was acknowledged:
//! every acknowledged write is there and opens, a transaction is there whole or not at all, every receipt that somebody
//! holds names its entry in the log, and the tree continues every checkpoint that was handed out.
//!
//! Short: 12 rounds. Long (`LONG=1`): 200.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tacebo_ledger::Hash;
use tacebo_ledger::audit::{LogSource, audit};
use tacebo_store::{At, AuditSource};

use crate::folder::Folder;
use crate::http::{Answer, Client};
use crate::program::{Program, verify, vkey};
use crate::random::Random;

const SHORT: u32 = 12;
const LONG: u32 = 200;
const WRITERS: u64 = 3;

/// What a thread was told before the end.
enum Told {
    /// A receipt, from an answer of any kind.
    Receipt(u64, String),
    /// About to be sent: until it is acknowledged, it may be there or not.
    Sent(Vec<Kept>),
    /// The same, acknowledged.
    Acknowledged(Vec<Kept>),
    /// An answer about patients without a receipt.
    Unlogged(String),
    Done(&'static str),
}

/// One document version as it was sent.
#[derive(Clone, PartialEq, Eq)]
struct Kept {
    address: String,
    version: u64,
    /// The marker in it; `None` when deleted.
    text: Option<String>,
}

/// What must be found.
#[derive(Default)]
struct Record {
    receipts: BTreeMap<u64, String>,
    acknowledged: BTreeMap<String, Kept>,
    /// Sent and never answered, each as a whole.
    open: Vec<Vec<Kept>>,
    done: BTreeMap<&'static str, u64>,
}

impl Record {
    fn hear(&mut self, told: Told) {
        match told {
            Told::Receipt(index, leaf) => {
                let other = self.receipts.insert(index, leaf.clone());
                assert!(other.is_none_or(|other| other == leaf), "two entries at {index}");
            }
            Told::Sent(all) => self.open.push(all),
            Told::Acknowledged(all) => {
                self.open.retain(|open| *open != all);
                for kept in all {
                    self.acknowledged.insert(kept.address.clone(), kept);
                }
            }
            Told::Unlogged(words) => panic!("an answer without its entry: {words}"),
            Told::Done(what) => *self.done.entry(what).or_default() += 1,
        }
    }
}

/// Somebody at work until the program is gone.
struct Worker {
    client: Client,
    tell: Sender<Told>,
    random: Random,
}

impl Worker {
    /// Sends; `None` when nobody answers any more.
    fn ask(&mut self, what: &'static str, ask: impl FnOnce(&mut Client) -> std::io::Result<Answer>) -> Option<Answer> {
        let answer = ask(&mut self.client).ok()?;
        let receipts = answer.receipts();
        if receipts.is_empty() {
            let _ = self.tell.send(Told::Unlogged(answer.text()));
        }
        for (index, leaf) in receipts {
            let _ = self.tell.send(Told::Receipt(index, leaf));
        }
        let _ = self.tell.send(Told::Done(what));
        Some(answer)
    }

    fn write(&mut self, kept: Vec<Kept>, patients: &[String]) -> Option<()> {
        let patient = self.random.pick(patients).clone();
        let _ = self.tell.send(Told::Sent(kept.clone()));
        let answer = match kept.as_slice() {
            [one] if one.text.is_none() => {
                self.ask("deletes", |client| client.delete(&format!("/fhir/{}", one.address)))
            }
            [one] => {
                self.ask("writes", |client| client.put(&format!("/fhir/{}", one.address), &document(one, &patient)))
            }
            all => self.ask("transactions", |client| client.post("/fhir", &transaction(all))),
        }?;
        assert!(matches!(answer.status, 200 | 201 | 204), "{}", answer.text());
        let _ = self.tell.send(Told::Acknowledged(kept));
        Some(())
    }

    /// New documents, new versions, deletions, transactions.
    fn writes(mut self, name: &str, patients: &[String]) {
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
            if self.write(kept, patients).is_none() {
                return;
            }
        }
    }

    /// Reads and searches of what there is, some of it refused.
    fn reads(mut self, what: &'static str, paths: &[String]) {
        loop {
            let path = self.random.pick(paths).clone();
            let Some(answer) = self.ask(what, |client| client.get(&path)) else { return };
            assert!(matches!(answer.status, 200 | 403 | 404), "{path}: {}", answer.text());
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

fn marker(resource: &Value) -> &str {
    let place = if resource["resourceType"] == "Patient" { "/name/0/text" } else { "/code/text" };
    resource.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

/// Works on the program from all sides for a while and kills it in the midst of it.
fn round(number: u32, program: &mut Program, record: &mut Record, notes: &Path, random: &mut Random) {
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
            let name = format!("crash-{number}-{writer}");
            let worker =
                Worker { client: program.gateway(), tell: tell.clone(), random: Random::new(random.below(u64::MAX)) };
            let patients = &patients;
            scope.spawn(move || worker.writes(&name, patients));
        }
        for (login, purpose, what) in [
            ("li.mingyuan", "TREAT", "asked by a doctor"),
            ("yang.ruoliu", "TREAT", "asked by a nurse"),
            ("patient.own", "PATRQT", "asked by a patient"),
            ("his-gateway", "TREAT", "asked by a system"),
        ] {
            let client = program.client(login, purpose);
            let worker = Worker { client, tell: tell.clone(), random: Random::new(random.below(u64::MAX)) };
            let paths = &paths;
            scope.spawn(move || worker.reads(what, paths));
        }
        // Somebody outside keeps the newest checkpoint, as he should.
        let (address, alive) = (program.address, &alive);
        scope.spawn(move || {
            while alive.load(Ordering::Relaxed) {
                let got = Client::connect(address, "", "").and_then(|mut client| client.get("/log/checkpoint"));
                if let Some(note) = got.ok().filter(|answer| answer.status == 200) {
                    fs::write(notes, note.body).unwrap();
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        drop(tell);
        let life = Duration::from_millis(100 + random.below(1_500));
        thread::sleep(life);
        program.kill();
        alive.store(false, Ordering::Relaxed);
        for told in hear {
            record.hear(told);
        }
    });
}

/// The log as the crash left it: consistent in itself and with the kept checkpoint, every held receipt in its place.
fn check_log(data: &Path, record: &Record, note: &[u8]) -> u64 {
    let part = AuditSource::parts(&At::Folder(data.to_owned())).unwrap()[0];
    let source = AuditSource::open(&At::Folder(data.to_owned()), part).unwrap();
    let report = audit(&source, &vkey(data), &[note], &mut |_| {}).unwrap();
    let (mut next, mut found) = (0, 0);
    source
        .rows(&mut |row| {
            assert_eq!(row.index, next, "a gap in the log");
            next += 1;
            if let Some(leaf) = record.receipts.get(&row.index) {
                assert_eq!(
                    *leaf,
                    Hash::leaf(row.entry).to_base64(),
                    "the entry of a receipt at {} is another",
                    row.index
                );
                found += 1;
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(next, report.size);
    assert_eq!(found, record.receipts.len(), "a receipt names an entry that is not there");
    next
}

/// What was acknowledged is there; what was not is there whole or not at all.
fn check_documents(program: &Program, record: &mut Record, addresses: &BTreeSet<String>) {
    let mut client = program.gateway();
    let mut get = |address: &str| {
        let answer = client.get(&format!("/fhir/{address}")).unwrap();
        for (index, leaf) in answer.receipts() {
            record.receipts.insert(index, leaf);
        }
        answer
    };
    let is = |answer: &Answer, kept: &Kept| match &kept.text {
        None => answer.status == 410,
        Some(text) => {
            answer.status == 200 && {
                let resource = answer.json();
                let version = resource["meta"]["versionId"].as_str().and_then(|version| version.parse().ok());
                version == Some(kept.version) && marker(&resource) == text
            }
        }
    };
    let mut settled = Vec::new();
    for open in std::mem::take(&mut record.open) {
        let there = open.iter().filter(|kept| is(&get(&kept.address), kept)).count();
        assert!(there == 0 || there == open.len(), "a transaction is there in part: {}", open[0].address);
        if there > 0 {
            settled.extend(open);
        }
    }
    for kept in settled {
        record.acknowledged.insert(kept.address.clone(), kept);
    }
    for address in addresses {
        let Some(kept) = record.acknowledged.get(address) else { continue };
        let answer = get(address);
        assert!(is(&answer, kept), "version {} of {address} was acknowledged: {}", kept.version, answer.text());
    }
}

#[test]
fn no_kill_loses_an_acknowledged_write_or_the_entry_of_an_answer() {
    let rounds = if crate::long() { LONG } else { SHORT };
    let folder = Folder::sample();
    let data = folder.data();
    let notes = folder.write("kept.checkpoint", fs::read(crate::folder::early_checkpoint()).unwrap());
    let mut record = Record::default();
    let mut random = Random::new(7);
    let mut slowest = Duration::ZERO;
    let mut program = Program::demo(&data);
    let mut entries = 0;
    for number in 0..rounds {
        let before: BTreeSet<String> = record.acknowledged.keys().cloned().collect();
        round(number, &mut program, &mut record, &notes, &mut random);
        if number % 10 == 0 {
            let (status, found) = verify(&data, &[&notes]);
            assert_eq!((status, &found["result"]), (0, &json!("clean")), "{found}");
        }
        entries = check_log(&data, &record, &fs::read(&notes).unwrap());
        let begin = Instant::now();
        program = Program::demo(&data);
        slowest = slowest.max(begin.elapsed());
        // Those of this round, and some of the others.
        let mut addresses: BTreeSet<String> =
            record.acknowledged.keys().filter(|one| !before.contains(*one)).cloned().collect();
        let old: Vec<String> = before.into_iter().collect();
        addresses.extend((0..20.min(old.len())).map(|_| random.pick(&old).clone()));
        check_documents(&program, &mut record, &addresses);
    }
    let everything = record.acknowledged.keys().cloned().collect();
    check_documents(&program, &mut record, &everything);
    program.stop();
    let (status, found) = verify(&data, &[&notes, &crate::folder::early_checkpoint()]);
    assert_eq!((status, &found["unsigned"]), (0, &json!(0)), "{found}");
    eprintln!(
        "{rounds} kills: {} documents acknowledged, {} receipts held, {entries} entries at the last kill, slowest start {slowest:?}, {:?}",
        record.acknowledged.len(),
        record.receipts.len(),
        record.done
    );
    let shapes = ["writes", "deletes", "transactions", "asked by a doctor", "asked by a patient"];
    for shape in shapes {
        assert!(
            record.done.get(shape).is_some_and(|count| *count > u64::from(rounds)),
            "too few {shape}: {:?}",
            record.done
        );
    }
}
