//! The program itself, twice over one database: served side by side, stopped, killed, cut off.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tacebo_identity::{Identity, NewClient, TokenHolder};
use tacebo_seal::PassphraseFile;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Door, Meant, Vault};

use super::{Node, PASSWORD, SERVER, observation, of, patient, staff};
use crate::folder::Folder;
use crate::http::Client;
use crate::program::{Program, tacebo};

/// A database with a house that the program founded.
struct Site {
    folder: Folder,
    database: String,
    token: String,
}

impl Site {
    /// The configuration of a node: a data folder of its own, the same database and root key.
    fn config(&self, node: &str) -> PathBuf {
        let text = format!(
            "data = \"{node}\"\nlisten = [\"127.0.0.1:0\"]\n[store]\nengine = \"postgres\"\nhosts = [\"{}:{}\"]\n\
            database = \"{}\"\nuser = \"postgres\"\npatience-s = 20\n\
            [custody]\nfile = \"keys/root.json\"\npassphrase-file = \"keys/passphrase\"\n",
            SERVER.socket().display(),
            SERVER.port(),
            self.database,
        );
        self.folder.write(&format!("{node}.toml"), text)
    }

    fn new() -> Self {
        let mut site = Self { folder: Folder::new(), database: SERVER.database(), token: String::new() };
        let config = site.config("house");
        let args = ["init", "--name", "第一医院", "--origin", "log.first.example", "--json", "--config"];
        let made = tacebo().args(args).arg(&config).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        site.token = site.inside(async |node| {
            let house = Identity::house(Door::Cli);
            let new = NewClient {
                id: "gateway".to_owned(),
                name: "gateway".to_owned(),
                purposes: [Purpose::Treat].into(),
                grants: ["TREAT.read", "TREAT.write"].map(str::to_owned).into(),
            };
            let _ = node.identity.register_client(&house, &new).await.unwrap();
            let holder = TokenHolder::Client("gateway".to_owned());
            let issued = node.identity.issue_token(&house, &holder, 3_600_000_000, "test", None).await.unwrap();
            issued.token.expose().to_owned()
        });
        site
    }

    /// One more node, in this process.
    fn inside<T>(&self, act: impl AsyncFnOnce(Node) -> T) -> T {
        let passphrase = fs::read_to_string(self.folder.file("keys/passphrase")).unwrap();
        let custodian = PassphraseFile::open(&self.folder.file("keys/root.json"), passphrase.trim_end()).unwrap();
        let place = super::Place { folder: Folder::new(), database: self.database.clone() };
        fs::create_dir(place.folder.data()).unwrap();
        let opening = tacebo_vault::Opening {
            dir: place.folder.data(),
            custodian: Arc::new(custodian),
            speeches: vec![Arc::new(tacebo_fhir::speech::Fhir::default())],
            clock: Arc::new(|| jiff::Timestamp::now().as_microsecond()),
            on_fatal: Arc::new(|why: &str| panic!("{why}")),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async { act(Node::of(Vault::open_at(&place.at("inside", None), opening).unwrap())).await })
    }

    fn serve(&self, node: &str) -> Program {
        let folder = self.folder.file(node);
        if !folder.exists() {
            fs::create_dir(&folder).unwrap();
        }
        Program::serve(&self.config(node)).unwrap()
    }

    fn client(&self, program: &Program) -> Client {
        Client::connect(program.address, &self.token, "TREAT").unwrap()
    }
}

/// Writes new versions of one's own document until told to stop or refused by a closed door; gives the last one answered.
fn writing(site: &Site, program: &Program, id: &str, stop: &Arc<AtomicBool>) -> thread::JoinHandle<(u64, Vec<u64>)> {
    let (address, token, id) = (program.address, site.token.clone(), id.to_owned());
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let Ok(mut client) = Client::connect(address, &token, "TREAT") else { return (0, Vec::new()) };
        let (mut last, mut receipts) = (0, Vec::new());
        while !stop.load(Ordering::Relaxed) {
            let body = observation(&id, "one", last + 1);
            let Ok(answer) = client.put(&format!("/fhir/Observation/{id}"), &body) else { break };
            assert!([200, 201].contains(&answer.status), "{}", answer.text());
            last += 1;
            receipts.extend(answer.receipts().into_iter().map(|(index, _)| index));
        }
        (last, receipts)
    })
}

#[test]
fn two_programs_serve_one_house_and_when_one_is_killed_under_load_the_other_goes_on() {
    let site = Site::new();
    let (mut a, b) = (site.serve("house"), site.serve("other"));
    // The second one's folder was empty: it has the log's public key from the database now.
    assert_eq!(
        fs::read(site.folder.file("other/log.vkey")).unwrap(),
        fs::read(site.folder.file("house/log.vkey")).unwrap()
    );
    let (mut at_a, mut at_b) = (site.client(&a), site.client(&b));
    assert_eq!(at_a.put("/fhir/Patient/one", &patient("one")).unwrap().status, 201);
    // A client's requests go to both in turns, as behind a load balancer that knows of no sessions.
    for round in 0..30 {
        let (writer, reader) = if round % 2 == 0 { (&mut at_a, &mut at_b) } else { (&mut at_b, &mut at_a) };
        let wrote = writer.put("/fhir/Observation/turn", &observation("turn", "one", round)).unwrap();
        assert!([200, 201].contains(&wrote.status), "{}", wrote.text());
        let read = reader.get("/fhir/Observation/turn").unwrap();
        assert_eq!((read.status, read.json()["valueQuantity"]["value"].as_u64()), (200, Some(round)));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let names = ["w-0", "w-1", "w-2", "w-3"];
    let writers: Vec<_> =
        names.iter().zip([&a, &b, &a, &b]).map(|(name, program)| writing(&site, program, name, &stop)).collect();
    thread::sleep(Duration::from_secs(3));
    let mut notes = vec![a.checkpoint(), b.checkpoint()];
    a.kill();
    thread::sleep(Duration::from_secs(3));
    stop.store(true, Ordering::Relaxed);
    let told: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
    assert!(told.iter().all(|(last, _)| *last > 0), "{told:?}");
    for (name, (last, _)) in names.iter().zip(&told) {
        let answer = at_b.get(&format!("/fhir/Observation/{name}")).unwrap();
        // The killed one may have made one more durable than it could say.
        let found = answer.json()["valueQuantity"]["value"].as_u64().unwrap();
        assert!((*last..=*last + 1).contains(&found), "{name}: {found} after {last}");
    }
    let mut places: Vec<u64> = told.into_iter().flat_map(|(_, receipts)| receipts).collect();
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "two entries at one place");
    let begin = Instant::now();
    while notes.last() == Some(&b.checkpoint()) {
        assert!(begin.elapsed() < Duration::from_mins(1), "nobody signs any more");
        thread::sleep(Duration::from_millis(100));
    }
    notes.push(b.checkpoint());
    b.stop();
    // Nobody waits for one that was stopped in order; the killed one is silent.
    assert_eq!(SERVER.run(&site.database, "SELECT count(*) FROM node"), "1");
    // One tree: every checkpoint of either is in it.
    let mut verify = tacebo();
    verify.args(["verify", "--json", "--config"]).arg(site.config("other"));
    for (n, note) in notes.iter().enumerate() {
        verify.arg("--checkpoint").arg(site.folder.write(&format!("{n}.checkpoint"), note));
    }
    let output = verify.output().unwrap();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &found["older"]), (Some(0), &json!(notes.len())), "{found}");
    // A folder that has the key of another log is refused.
    fs::copy(Folder::sample().data().join("log.vkey"), site.folder.file("other/log.vkey")).unwrap();
    let said = Program::serve(&site.config("other")).err().unwrap();
    assert!(said.contains("log.vkey"), "{said}");
}

#[test]
fn ret_04_a_stopped_program_is_waited_for_and_answers_nothing_about_the_destroyed_when_it_wakes() {
    let site = Site::new();
    let b = site.serve("house");
    let mut at_b = site.client(&b);
    for body in [patient("one"), patient("two"), observation("o-one", "one", 1)] {
        let path = format!("/fhir/{}/{}", body["resourceType"].as_str().unwrap(), body["id"].as_str().unwrap());
        assert_eq!(at_b.put(&path, &body).unwrap().status, 201);
    }
    assert_eq!(at_b.get("/fhir/Observation/o-one").unwrap().status, 200);
    let waited = site.inside(async |node| {
        let terms = node.app.governance().library().shred_terms();
        // The house has administrators; officers are made for this.
        let new = |login: &str| tacebo_identity::NewAccount {
            must_change: false,
            password: Some(tacebo_identity::Secret::new(PASSWORD)),
            ..tacebo_identity::NewAccount::staff(login, login, "x", [tacebo_vault::policy::Role::PrivacyOfficer])
        };
        let house = Identity::house(Door::Cli);
        let mut made = Vec::new();
        for login in ["ye.qinglan", "he.shuang"] {
            made.push(node.identity.create(&house, &new(login)).await.unwrap().into_parts().0);
        }
        let officer = |login| staff(of(&made, login), Purpose::Compliance);
        let ask = tacebo_vault::ShredAsk {
            whom: Meant::from(tacebo_vault::PatientId::new("one")),
            target: tacebo_vault::ShredTarget::Person,
            ground: "registered-in-error".into(),
            reason: "a slip".into(),
            reference: "1".into(),
            name: "x".into(),
        };
        let id = node.vault.ask_shredding(&officer("ye.qinglan"), ask, &terms).await.unwrap().into_parts().0;
        b.signal("STOP");
        let begin = Instant::now();
        let _ = node.vault.answer_shredding(&officer("he.shuang"), &id, true, "y", &terms).await.unwrap();
        node.app.settle_keys().await.unwrap();
        begin.elapsed()
    });
    // The term of a program is fifteen seconds, and its last beat may have been a while ago.
    assert!(waited > Duration::from_secs(10), "{waited:?}");
    b.signal("CONT");
    // At once after it woke, and for good.
    let begin = Instant::now();
    loop {
        let mut client = site.client(&b);
        let (gone, other) = (client.get("/fhir/Observation/o-one").unwrap(), client.get("/fhir/Patient/two").unwrap());
        assert!([404, 503].contains(&gone.status), "{}", gone.text());
        if (gone.status, other.status) == (404, 200) {
            break;
        }
        assert!(begin.elapsed() < Duration::from_mins(1), "it does not come back: {}", other.text());
    }
    b.stop();
}
