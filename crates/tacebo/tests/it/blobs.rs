//! Large documents through the whole program: they lie as sealed objects in a folder or in a bucket, come back as they were,
//! and are gone with what is destroyed. A bucket that fails stops nothing else.

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tacebo_fhir::speech::Fhir;
use tacebo_fixtures::Net;
use tacebo_identity::Identity;
use tacebo_objects::{At, Objects, S3At};
use tacebo_testbed::{Fault, S3Faults, Seaweed};
use tacebo_vault::{Comparison, Door, Opening, Vault};

use crate::folder::{Folder, files};
use crate::http::Client;
use crate::keys::house::{House, token};
use crate::keys::shred::{Officers, told};
use crate::letter::{WORDS, letter};
use crate::program::{Program, tacebo};

static BUCKETS: LazyLock<Seaweed> = LazyLock::new(Seaweed::start);

const NAME: &str = "尉迟骏骐";

/// A copy of the sample hospital whose large documents lie in one of the two places.
struct Place {
    folder: Folder,
    house: House,
    objects: Objects,
}

impl Place {
    fn folder() -> Self {
        let folder = Folder::sample();
        let objects = Objects::open(&At::Folder(folder.data().join("blobs"))).unwrap();
        Self { house: House::of(&folder), folder, objects }
    }

    fn bucket(endpoint: &str) -> Self {
        let folder = Folder::sample();
        let house = House::of(&folder);
        let bucket = BUCKETS.bucket();
        folder.write_private("access", format!("{}\n", BUCKETS.access_key()));
        folder.write_private("secret", format!("{}\n", BUCKETS.secret_key()));
        let text = fs::read_to_string(&house.config).unwrap();
        let blobs = format!(
            "[blobs]\nendpoint = \"{endpoint}\"\nbucket = \"{bucket}\"\nprefix = \"house\"\naccess-key-file = \"access\"\n\
            secret-key-file = \"secret\"\npatience-s = 8\n"
        );
        fs::write(&house.config, text + &blobs).unwrap();
        // Past the line on which a test lets things go wrong.
        let mut at = S3At::new(&BUCKETS.endpoint(), &bucket, BUCKETS.access_key(), BUCKETS.secret_key());
        "house".clone_into(&mut at.prefix);
        Self { folder, house, objects: Objects::open(&At::S3(Box::new(at))).unwrap() }
    }

    fn listed(&self) -> Vec<(String, u64)> {
        let all = self.objects.list("").map(|one| one.unwrap());
        all.map(|one| (one.name.to_string(), one.length)).collect()
    }

    /// One comparison, the program stopped.
    fn compare(&self) -> Comparison {
        let opening = Opening {
            dir: self.folder.data(),
            custodian: self.house.custodian(),
            speeches: vec![Arc::new(Fhir::default())],
            clock: Arc::new(|| jiff::Timestamp::now().as_microsecond()),
            on_fatal: Arc::new(|why: &str| panic!("{why}")),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let at = tacebo_store::At::Folder(self.folder.data());
            let vault = Vault::open_with(&at, self.objects.clone(), opening).unwrap();
            vault.compare(&Identity::house(Door::Cli), Duration::ZERO).await.unwrap()
        })
    }

    /// What `tacebo verify` says: exit status, and what it found.
    fn verified(&self) -> (Option<i32>, Value) {
        let output = tacebo().args(["verify", "--json", "--config"]).arg(&self.house.config).output().unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (
            output.status.code(),
            if said["fault"].is_null() { said["objects"].clone() } else { said["fault"]["code"].clone() },
        )
    }

    fn gateway(&self, program: &Program) -> Client {
        Client::connect(program.address, &token(&self.house.data, "his-gateway"), "TREAT").unwrap()
    }
}

fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "name": [{ "text": NAME }], "birthDate": "1965-07-14" })
}

fn data(document: &Value) -> &str {
    document["content"][0]["attachment"]["data"].as_str().unwrap()
}

fn a_letter_of_five_mib_goes_in_comes_back_and_is_gone_when_it_is_destroyed(place: &Place, elsewhere: Option<&Path>) {
    let net = Net::new(vec![NAME.to_owned(), WORDS.to_owned()]);
    let program = Program::serve(&place.house.config).unwrap_or_else(|said| panic!("{said}"));
    let address = program.address;
    let mut client = place.gateway(&program);
    for id in ["gone", "stays"] {
        assert_eq!(client.put(&format!("/fhir/Patient/{id}"), &patient(id)).unwrap().status, 201);
    }
    let (first, second) = (letter("l-gone", "gone", 5 << 20, 1), letter("l-gone", "gone", 5 << 20, 2));
    let other = letter("l-stays", "stays", 200_000, 3);
    for (body, status) in [(&first, 201), (&second, 200), (&other, 201)] {
        let path = format!("/fhir/DocumentReference/{}", body["id"].as_str().unwrap());
        let answer = client.put(&path, body).unwrap();
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.receipts().len(), 1);
    }
    for (path, body) in [("l-gone", &second), ("l-gone/_history/1", &first), ("l-stays", &other)] {
        let answer = client.get(&format!("/fhir/DocumentReference/{path}")).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.receipts().len(), 1);
        assert!(data(&answer.json()) == data(body), "{path} came back as something else");
    }
    let lie = place.listed();
    assert_eq!(lie.len(), 3, "{lie:?}");
    assert_eq!(lie.iter().filter(|(_, length)| *length > 2 << 20).count(), 2, "{lie:?}");
    for (name, length) in &lie {
        let bytes = place.objects.get(&name.parse().unwrap(), *length).unwrap();
        assert!(net.first(&bytes).is_none() && net.first(name.as_bytes()).is_none(), "{name}");
        for body in [&first, &second, &other] {
            let needle = &data(body).as_bytes()[4096..4128];
            assert!(!bytes.windows(32).any(|window| window == needle), "{name}");
        }
    }
    let officers = Officers::of(address, &place.house);
    let path = officers.ask(address, "gone", "person", "");
    assert_eq!(officers.approve(address, &path).unwrap(), 303);
    assert!(officers.certificate(address, &path).is_some());
    for path in ["l-gone", "l-gone/_history/1", "l-gone/_history/2"] {
        assert_eq!(client.get(&format!("/fhir/DocumentReference/{path}")).unwrap().status, 404, "{path}");
    }
    let left = place.listed();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(lie.contains(&left[0]));
    assert!(data(&client.get("/fhir/DocumentReference/l-stays").unwrap().json()) == data(&other));
    drop(client);
    program.stop();
    let found = place.compare();
    assert_eq!((found.unlike, found.orphans), (None, Some(0)));
    // Without keys, too, it is seen whether an object is the one that was written.
    assert_eq!(place.verified(), (Some(0), json!(1)));
    let name = left[0].0.parse().unwrap();
    let good = place.objects.get(&name, left[0].1).unwrap();
    place.objects.delete(&name).unwrap();
    assert_eq!(place.verified(), (Some(1), json!("object-missing")));
    place.objects.put(&name, good[..good.len() - 1].to_vec()).unwrap();
    assert_eq!(place.verified(), (Some(1), json!("object-changed")));
    place.objects.delete(&name).unwrap();
    place.objects.put(&name, good).unwrap();
    for file in files(&place.folder.data()).into_iter().chain(elsewhere.into_iter().flat_map(files)) {
        let bytes = fs::read(&file).unwrap();
        assert!(net.first(&bytes).is_none(), "{}", file.display());
    }
}

#[test]
fn ret_04_a_letter_of_five_mib_in_a_folder_is_gone_when_it_is_destroyed() {
    a_letter_of_five_mib_goes_in_comes_back_and_is_gone_when_it_is_destroyed(&Place::folder(), None);
}

#[test]
fn ret_04_a_letter_of_five_mib_in_a_bucket_is_gone_when_it_is_destroyed() {
    let place = Place::bucket(&BUCKETS.endpoint());
    assert!(!place.folder.data().join("blobs").exists());
    a_letter_of_five_mib_goes_in_comes_back_and_is_gone_when_it_is_destroyed(&place, Some(&BUCKETS.data()));
    assert!(!place.folder.data().join("blobs").exists());
}

#[test]
fn while_the_bucket_fails_small_documents_are_served_and_large_ones_are_refused_in_a_sentence() {
    let line = S3Faults::start(BUCKETS.port());
    let place = Place::bucket(&line.endpoint());
    let program = Program::serve(&place.house.config).unwrap_or_else(|said| panic!("{said}"));
    let mut client = place.gateway(&program);
    assert_eq!(client.put("/fhir/Patient/one", &patient("one")).unwrap().status, 201);
    let (old, new) = (letter("l", "one", 600_000, 1), letter("l", "one", 600_000, 2));
    assert_eq!(client.put("/fhir/DocumentReference/l", &old).unwrap().status, 201);
    for fault in [Fault::Refused, Fault::Silent(Duration::from_mins(1)), Fault::Cut, Fault::RequestCut] {
        line.fail("GET", fault, 1000);
        line.fail("HEAD", fault, 1000);
        line.fail("PUT", if fault == Fault::Cut { Fault::Refused } else { fault }, 1000);
        let before = told(&place.house);
        let mut other = place.gateway(&program);
        // Somebody waits for the bucket; meanwhile everybody else is served.
        thread::scope(|scope| {
            let reading = scope.spawn(|| client.get("/fhir/DocumentReference/l").unwrap());
            let answer = other.get("/fhir/Patient/one").unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
            let read = reading.join().unwrap();
            assert!(read.status == 503 && read.text().contains("large documents"), "{fault:?}: {}", read.text());
        });
        let written = client.put("/fhir/DocumentReference/l", &new).unwrap();
        assert!(written.status == 503 && written.text().contains("large documents"), "{}", written.text());
        assert_eq!(client.put("/fhir/Patient/one", &patient("one")).unwrap().status, 200);
        // The small read and the small write, and no word of what was not done.
        assert_eq!(told(&place.house), (before.0 + 1, before.1 + 1), "{fault:?}");
        line.heal();
        let answer = client.get("/fhir/DocumentReference/l").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(data(&answer.json()) == data(&old) && answer.json()["meta"]["versionId"] == "1");
    }
    // Wrong bytes on the line are a fault of what is stored, as far as anybody can tell; they are never shown.
    line.fail("GET", Fault::Flipped, 1000);
    let answer = client.get("/fhir/DocumentReference/l").unwrap();
    assert!(answer.status == 503 && answer.text().contains("does not open"), "{}", answer.text());
    line.heal();
    assert_eq!(client.get("/fhir/DocumentReference/l").unwrap().status, 200);
    drop(client);
    program.stop();
    assert_eq!(place.compare().unlike, None);
}

#[test]
fn a_program_killed_between_the_object_and_its_commit_leaves_an_orphan_and_nothing_else() {
    let line = S3Faults::start(BUCKETS.port());
    let place = Place::bucket(&line.endpoint());
    let mut program = Program::serve(&place.house.config).unwrap_or_else(|said| panic!("{said}"));
    let mut client = place.gateway(&program);
    assert_eq!(client.put("/fhir/Patient/one", &patient("one")).unwrap().status, 201);
    let before = line.seen().len();
    // The object is there, and the program does not know.
    line.fail("PUT", Fault::AnswerLost, 1000);
    line.fail("GET", Fault::Silent(Duration::from_mins(1)), 1000);
    thread::scope(|scope| {
        let writing = scope.spawn(|| client.put("/fhir/DocumentReference/l", &letter("l", "one", 600_000, 1)));
        while place.listed().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        program.kill();
        assert!(writing.join().unwrap().is_err(), "an answer came from a killed program");
    });
    assert!(line.seen().len() > before);
    line.heal();
    let program = Program::serve(&place.house.config).unwrap_or_else(|said| panic!("{said}"));
    let mut client = place.gateway(&program);
    assert_eq!(client.get("/fhir/DocumentReference/l").unwrap().status, 404);
    assert_eq!(client.put("/fhir/DocumentReference/l", &letter("l", "one", 600_000, 2)).unwrap().status, 201);
    drop(client);
    program.stop();
    assert_eq!(place.listed().len(), 2);
    // Too young to be judged: another program's commit could still name it.
    let found = place.compare();
    assert_eq!((found.unlike, found.orphans), (None, Some(0)));
}
