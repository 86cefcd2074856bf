//! The official R4 examples: each is PUT under its own id and comes back equal but for `meta`, or is refused for a fault
//! that is listed in `data/faulty-examples.json` with its place and reason, and is then refused for that very place.
//! The nine AuditEvents are on the list, too: they are faultless, and the log of the house takes entries from nobody.
//!
//! Each file is one resource and is sent as it is, Bundles too: a Bundle is kept as the document it is, not taken apart
//! (taking apart is the POST of a transaction, and has its own tests). Files that repeat another file's type and id
//! become its second version.
//!
//! Short: all examples of clinical and administrative types, and every tenth of the about 4,400 definitions (profiles,
//! code systems, search parameters …); nothing over 6 MB. Long (`LONG=1`): all 5,306, up to 35 MB.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use serde::Deserialize;
use serde_json::Value;

use crate::folder::Folder;
use crate::outside::official_examples;
use crate::program::Program;

/// Types of which there are hundreds, each much like the next.
const DEFINITIONS: [&str; 5] = ["CodeSystem", "SearchParameter", "StructureDefinition", "ValueSet", "ConceptMap"];
const SHORT_BYTES: usize = 6 << 20;
const THREADS: usize = 4;

/// A fault of an example itself.
#[derive(Deserialize)]
struct Fault {
    file: String,
    /// End of the element's path in the answer's OperationOutcome; its words where no element is named.
    expression: String,
    /// What is wrong there, for the reader.
    #[expect(dead_code, reason = "a fault without a reason is no documented one: the file does not parse without it")]
    reason: String,
}

fn faults() -> Vec<Fault> {
    serde_json::from_str(include_str!("data/faulty-examples.json")).unwrap()
}

impl Fault {
    fn is_of(&self, file: &str) -> bool {
        self.file == file
    }
}

/// Without what the server sets in `meta`; a `meta` with nothing else in it was not there.
fn plain(mut resource: Value) -> Value {
    let Some(fields) = resource.as_object_mut() else { return resource };
    if let Some(meta) = fields.get_mut("meta").and_then(Value::as_object_mut) {
        for set in ["versionId", "lastUpdated"] {
            meta.shift_remove(set);
        }
        if meta.is_empty() {
            fields.shift_remove("meta");
        }
    }
    resource
}

#[derive(Default)]
struct Found {
    equal: usize,
    refused: BTreeMap<String, String>,
    wrong: Vec<String>,
    kinds: BTreeMap<String, usize>,
}

/// One file there and back.
fn there_and_back(client: &mut crate::http::Client, name: &str, bytes: &[u8], found: &Mutex<Found>) {
    let sent: Value = serde_json::from_slice(bytes).unwrap();
    let (kind, id) = (sent["resourceType"].as_str().unwrap_or_default(), sent["id"].as_str().unwrap_or_default());
    let path = format!("/fhir/{kind}/{id}");
    let put = client.send("PUT", &path, &[("prefer", "return=minimal")], bytes).unwrap();
    if !matches!(put.status, 200 | 201) {
        let mut found = found.lock().unwrap();
        let places: Vec<String> = put.json()["issue"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|issue| {
                issue["expression"][0].as_str().or(issue["diagnostics"].as_str()).unwrap_or_default().to_owned()
            })
            .collect();
        let known = faults()
            .into_iter()
            .any(|fault| fault.is_of(name) && places.iter().any(|place| place.ends_with(&fault.expression)));
        if !known {
            found.wrong.push(format!("{name}: {}", put.text()));
        }
        found.refused.insert(name.to_owned(), places.into_iter().next().unwrap_or_default());
        return;
    }
    let got = client.get(&path).unwrap();
    let mut found = found.lock().unwrap();
    if got.status != 200 {
        found.wrong.push(format!("{name} was taken and not given back: {}", got.text()));
    } else if plain(got.json()) != plain(sent.clone()) {
        found.wrong.push(format!("{name} came back changed"));
    } else {
        found.equal += 1;
        *found.kinds.entry(kind.to_owned()).or_default() += 1;
    }
}

#[test]
fn official_examples_come_back_as_they_were_sent() {
    let all = official_examples();
    assert!(all.len() > 5_000, "only {} examples", all.len());
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let chosen: Vec<&PathBuf> = all
        .iter()
        .enumerate()
        .filter(|(number, path)| {
            let definition = DEFINITIONS.iter().any(|kind| name(path).starts_with(&format!("{kind}-")));
            let faulty = faults().iter().any(|fault| fault.is_of(&name(path)));
            let small = usize::try_from(fs::metadata(path).unwrap().len()).unwrap() < SHORT_BYTES;
            crate::long() || ((!definition || number % 10 == 0 || faulty) && small)
        })
        .map(|(_, path)| path)
        .collect();
    let folder = Folder::sample();
    let program = Program::demo(&folder.data());
    let (next, found, begin) = (AtomicUsize::new(0), Mutex::new(Found::default()), Instant::now());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut client = program.gateway();
                while let Some(path) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    there_and_back(&mut client, &name(path), &fs::read(path).unwrap(), &found);
                }
            });
        }
    });
    let Found { equal, refused, wrong, kinds } = found.into_inner().unwrap();
    eprintln!(
        "{} of {} examples in {:?}: {equal} of {} types came back equal, {} refused: {refused:#?}",
        chosen.len(),
        all.len(),
        begin.elapsed(),
        kinds.len(),
        refused.len()
    );
    assert!(wrong.is_empty(), "{} went wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(equal + refused.len(), chosen.len());
    // A fault that is listed and is none would hide one that appears there later.
    for fault in faults() {
        let there = chosen.iter().any(|path| fault.is_of(&name(path)));
        assert!(!there || refused.keys().any(|file| fault.is_of(file)), "{} was taken", fault.file);
    }
    assert!(kinds.len() > 120, "only {} types", kinds.len());
    program.stop();
}
