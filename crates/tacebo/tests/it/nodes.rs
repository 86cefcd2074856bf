//! Several nodes over one PostgreSQL: what one has made durable, the next answer of each of them knows.
//!
//! Most of it is played with two houses in this process, each with its own memory, its own custodian over the same file and
//! its own connections; `programs.rs` does so with the program itself.

mod access;
mod gone;
mod load;
mod programs;
mod wire;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tacebo_fhir::service::{Service, Settings};
use tacebo_fhir::speech::Fhir;
use tacebo_governance::Governance;
use tacebo_identity::{Handed, Identity, LoggedIn, NewAccount, Secret};
use tacebo_seal::{Effort, PassphraseFile};
use tacebo_server::{App, Options};
use tacebo_store::{At, NodeAt, PostgresAt, PostgresHost};
use tacebo_testbed::Postgres;
use tacebo_vault::policy::{PersonKind, Purpose, Role, Who};
use tacebo_vault::{
    Asker, DocRef, Document, Door, Expect, Institution, Opening, Origin, PatientId, Refused, Vault, Write,
};

use crate::folder::Folder;

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

const PASSWORD: &str = "a sentence to remember";
const PASSPHRASE: &str = "a passphrase";
/// How long the nodes of these tests may be silent.
const TERM: Duration = Duration::from_secs(3);

/// A database with a house in it, and what a node needs to serve it.
struct Place {
    folder: Folder,
    database: String,
}

/// One node.
struct Node {
    vault: Vault,
    identity: Identity,
    app: App,
}

impl Place {
    /// A founded house, and its first node.
    async fn new() -> (Self, Node) {
        let folder = Folder::new();
        std::fs::create_dir(folder.data()).unwrap();
        let suite = tacebo_fixtures::suite().parse().unwrap();
        drop(PassphraseFile::create(&folder.file("root.json"), PASSPHRASE, Effort::LEAST, suite).unwrap());
        let place = Self { folder, database: SERVER.database() };
        let institution =
            Institution { name: "第一医院".into(), realm: 1, origin: "log.first.example".into(), suite };
        let at = place.at("a", None);
        let vault = Vault::found_at(&at, place.opening(), &institution).await.unwrap();
        let node = Node::of(vault);
        (place, node)
    }

    fn opening(&self) -> Opening {
        Opening {
            dir: self.folder.data(),
            custodian: Arc::new(PassphraseFile::open(&self.folder.file("root.json"), PASSPHRASE).unwrap()),
            speeches: vec![Arc::new(Fhir::default())],
            clock: Arc::new(|| jiff::Timestamp::now().as_microsecond()),
            on_fatal: Arc::new(|why: &str| panic!("{why}")),
        }
    }

    /// The database as a node reaches it; over a wire of the test's where there is one.
    fn at(&self, name: &str, wire: Option<u16>) -> At {
        let host = match wire {
            Some(port) => PostgresHost::Tcp("127.0.0.1".to_owned(), port),
            None => PostgresHost::Unix(SERVER.socket().to_owned(), SERVER.port()),
        };
        let mut at = PostgresAt::new(vec![host], &self.database, "postgres");
        at.node = Some(NodeAt { name: name.to_owned(), term: TERM, alone: false });
        at.patience = Duration::from_secs(5);
        At::Postgres(Box::new(at))
    }

    /// One more node.
    fn node(&self, name: &str) -> Node {
        Node::of(Vault::open_at(&self.at(name, None), self.opening()).unwrap())
    }

    fn sql(&self, sql: &str) -> String {
        SERVER.run(&self.database, sql)
    }

    /// Everybody's internal numbers.
    fn numbers(&self) -> Vec<u64> {
        self.sql("SELECT no FROM subject").lines().map(|no| no.parse::<i64>().unwrap().cast_unsigned()).collect()
    }
}

impl Node {
    fn of(vault: Vault) -> Self {
        let identity = Identity::new(vault.clone()).unwrap();
        let governance = Governance::new(vault.clone(), Identity::house(Door::Job)).unwrap();
        let service = Service::new(vault.clone(), Settings::at("http://localhost/fhir"));
        let app = App::new(service, identity.clone(), governance, Options::default());
        Self { vault, identity, app }
    }

    async fn put(&self, body: Value) -> Result<u64, Refused> {
        let name = DocRef::new(body["resourceType"].as_str().unwrap(), body["id"].as_str().unwrap());
        let write = Write::put(name, body).expecting(Expect::Any);
        Ok(self.vault.write(&gateway(), vec![write]).await?.value()[0].version)
    }

    async fn get(&self, asker: &Asker, kind: &str, id: &str) -> Result<Document, Refused> {
        Ok(self.vault.read(asker, &DocRef::new(kind, id), tacebo_vault::At::Current).await?.into_parts().0)
    }

    /// Takes somebody in whom the doctor treats.
    async fn take_in(&self, id: &str) {
        let encounter = json!({ "resourceType": "Encounter", "id": format!("e-{id}"), "status": "in-progress",
            "class": { "code": "IMP" }, "subject": { "reference": format!("Patient/{id}") },
            "period": { "start": "2026-01-01" },
            "participant": [{ "individual": { "reference": "Practitioner/li" } }] });
        for body in [patient(id), encounter, observation(&format!("o-{id}"), id, 0)] {
            self.put(body).await.unwrap();
        }
    }
}

fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "active": true, "birthDate": "1961-05-02",
        "identifier": [{ "system": "urn:mrn", "value": format!("M-{id}") }] })
}

fn observation(id: &str, of: &str, value: u64) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final",
        "identifier": [{ "system": "urn:lab", "value": format!("L-{id}") }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": "718-7" }] },
        "subject": { "reference": format!("Patient/{of}") },
        "effectiveDateTime": "2026-05-01", "valueQuantity": { "value": value, "unit": "g/L" } })
}

/// A client system that may do everything with care's records.
fn gateway() -> Asker {
    let grants = ["TREAT.read", "TREAT.write"].map(str::to_owned).into();
    let roles = [Role::Client].into();
    Asker::new(Who { grants, roles, ..Who::new(PersonKind::Client, "gateway", 1, "gateway") }, Purpose::Treat, origin())
}

fn origin() -> Origin {
    Origin { door: Door::Job, address: Some("10.0.0.1".parse().unwrap()) }
}

/// People of the house with passwords and factors.
async fn people(node: &Node) -> Vec<Handed> {
    let staff = |login: &str, role, practitioner: Option<&str>| NewAccount {
        practitioner: practitioner.map(|id| format!("Practitioner/{id}")),
        department: Some("Organization/cardiology".into()),
        must_change: false,
        password: Some(Secret::new(PASSWORD)),
        ..NewAccount::staff(login, login, "x", [role])
    };
    let people = [
        staff("li.mingyuan", Role::Doctor, Some("li")),
        staff("yuan.bowen", Role::SecurityAdmin, None),
        staff("ye.qinglan", Role::PrivacyOfficer, None),
        staff("he.shuang", Role::PrivacyOfficer, None),
        staff("dong.haoran", Role::SystemAdmin, None),
    ];
    node.identity.bootstrap(&people).await.unwrap()
}

fn of<'a>(people: &'a [Handed], login: &str) -> &'a Handed {
    people.iter().find(|one| one.account.login == login).unwrap()
}

/// Logs in: the first step at one node, the second at another.
async fn log_in(first: &Node, second: &Node, who: &Handed) -> LoggedIn {
    let password = Secret::new(PASSWORD);
    let step = first.identity.first_step(&who.account.login, &password, "browser", &origin()).await.unwrap();
    let code = code(who);
    second.identity.second_step(&step.ticket, "browser", &code, None, &origin()).await.unwrap()
}

fn code(who: &Handed) -> String {
    who.factor.as_ref().unwrap().code_at(jiff::Timestamp::now().as_microsecond()).unwrap()
}

/// Somebody of the house as policy sees them, without a log-in.
fn staff(who: &Handed, purpose: Purpose) -> Asker {
    let account = &who.account;
    let who = Who {
        roles: account.roles.clone(),
        practitioner: account.practitioner.clone(),
        department: account.department.clone(),
        assurance: tacebo_vault::policy::Assurance::Two,
        ..Who::new(account.kind, &account.id, account.number, &account.display)
    };
    Asker::new(who, purpose, origin())
}

/// A limit of the patient's on the cardiology, on or off.
fn limit(id: &str, of: &str, on: bool) -> Value {
    json!({
        "resourceType": "Consent", "id": id, "status": if on { "active" } else { "inactive" },
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": format!("Patient/{of}")},
        "dateTime": "2026-05-01T00:00:00Z",
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTOUT"}]},
        "provision": { "type": "deny", "actor": [{
            "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
            "reference": {"reference": "Organization/cardiology"} }] }
    })
}

async fn until(what: &str, mut held: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !held() {
        assert!(begin.elapsed() < Duration::from_mins(1), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn whom(id: &str) -> tacebo_vault::Meant {
    PatientId::new(id).into()
}
