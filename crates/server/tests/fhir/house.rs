//! A house with a client system and staff, a settable clock, and requests in process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tacebo_fhir::service::{Service, Settings};
use tacebo_fhir::speech::Fhir;
use tacebo_governance::Governance;
use tacebo_identity::{Identity, NewAccount, NewClient, TokenHolder};
use tacebo_server::{App, Options};
use tacebo_vault::policy::{Purpose, Role};
use tacebo_vault::{Door, Effort, Institution, LogEntry, LogQuery, Opening, PassphraseFile, Vault};
use tower::ServiceExt;

pub(crate) const BASE: &str = "http://localhost/fhir";
const START: i64 = 1_795_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

/// Somebody with a token and the purpose for which he asks.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) token: String,
    pub(crate) purpose: &'static str,
}

pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) app: App,
    pub(crate) identity: Identity,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) his: Person,
    /// Treats the patients of [`House::admit`].
    pub(crate) doctor: Person,
    /// Treats nobody.
    pub(crate) stranger: Person,
    pub(crate) counter: Person,
    pub(crate) officer: Person,
    _dir: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The first issue's code.
    pub(crate) fn issue(&self) -> String {
        let body = self.json();
        assert_eq!(body["resourceType"], "OperationOutcome", "{}", self.text());
        body["issue"][0]["code"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        let custodian = PassphraseFile::create(&dir.path().join("root.json"), "a passphrase", Effort::LEAST).unwrap();
        let clock = Arc::new(AtomicI64::new(START));
        let ticking = Arc::clone(&clock);
        let opening = Opening {
            dir: dir.path().join("data"),
            custodian: Arc::new(custodian),
            speeches: vec![Arc::new(Fhir::default())],
            clock: Arc::new(move || ticking.load(Ordering::SeqCst)),
            on_fatal: Arc::new(|why| panic!("{why}")),
        };
        let institution = Institution { name: "示例医院".into(), realm: 1, origin: "hospital.example/log".into() };
        let vault = Vault::found(opening, &institution).await.unwrap();
        let identity = Identity::new(vault.clone()).unwrap();
        let governance = Governance::new(vault.clone(), Identity::house(Door::Job)).unwrap();
        let service = Service::new(vault, Settings { body: 4 << 20, ..Settings::at(BASE) });
        let app = App::new(service, identity.clone(), governance, Options::default());
        let router = tacebo_server::http::router(app.clone(), tacebo_server::routes());

        let me = Identity::house(Door::Cli);
        let client = NewClient {
            id: "his".into(),
            name: "HIS".into(),
            purposes: [Purpose::Treat].into(),
            grants: ["TREAT.read".to_owned(), "TREAT.write".to_owned()].into(),
        };
        let _ = identity.register_client(&me, &client).await.unwrap();
        let token = identity.issue_token(&me, &TokenHolder::Client("his".into()), HOUR, "", None).await.unwrap();
        let his = Person { token: token.token.expose().to_owned(), purpose: "TREAT" };
        let staff = |login: &str, role, practitioner: &str| NewAccount {
            practitioner: Some(format!("Practitioner/{practitioner}")),
            department: Some("Organization/cardiology".into()),
            must_change: false,
            ..NewAccount::staff(login, login, "主治医师", [role])
        };
        let people = [
            staff("doctor", Role::Doctor, "li"),
            staff("stranger", Role::Doctor, "wang"),
            staff("counter", Role::Receptionist, "zhao"),
            staff("officer", Role::PrivacyOfficer, "qian"),
        ];
        let mut tokens = Vec::new();
        for (handed, purpose) in
            identity.bootstrap(&people).await.unwrap().into_iter().zip(["TREAT", "TREAT", "PATADMIN", "HCOMPL"])
        {
            let holder = TokenHolder::Account(handed.account.id.clone());
            let token = identity.issue_token(&me, &holder, HOUR, "", None).await.unwrap();
            tokens.push(Person { token: token.token.expose().to_owned(), purpose });
        }
        let mut tokens = tokens.into_iter();
        let mut next = || tokens.next().unwrap();
        let (doctor, stranger, counter, officer) = (next(), next(), next(), next());
        Self { router, app, identity, clock, his, doctor, stranger, counter, officer, _dir: dir }
    }

    /// A house with a patient in the doctor's care.
    pub(crate) async fn with_patient(id: &str) -> Self {
        let house = Self::new().await;
        house.admit(id).await;
        house
    }

    /// A patient, an encounter with the doctor, an observation.
    pub(crate) async fn admit(&self, id: &str) {
        let encounter = json!({ "resourceType": "Encounter", "id": format!("e-{id}"), "status": "in-progress",
            "class": { "code": "IMP" }, "subject": { "reference": format!("Patient/{id}") },
            "period": { "start": "2026-01-01" },
            "participant": [{ "individual": { "reference": "Practitioner/li" } }] });
        for body in [patient(id), encounter, observation(&format!("o-{id}"), id)] {
            let path = format!("/fhir/{}/{}", body["resourceType"].as_str().unwrap(), body["id"].as_str().unwrap());
            self.put(&self.his, &path, &body).await.is(201);
        }
    }

    pub(crate) async fn request(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answered { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn send(
        &self,
        who: &Person,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answered {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", who.token))
            .header("x-purpose-of-use", who.purpose);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.request(request.body(Body::from(body)).unwrap()).await
    }

    pub(crate) async fn get(&self, who: &Person, path: &str) -> Answered {
        self.send(who, Method::GET, path, &[], Vec::new()).await
    }

    pub(crate) async fn put(&self, who: &Person, path: &str, body: &Value) -> Answered {
        self.send(who, Method::PUT, path, &[JSON], body.to_string().into_bytes()).await
    }

    pub(crate) async fn post(&self, who: &Person, path: &str, body: &Value) -> Answered {
        self.send(who, Method::POST, path, &[JSON], body.to_string().into_bytes()).await
    }

    pub(crate) async fn delete(&self, who: &Person, path: &str) -> Answered {
        self.send(who, Method::DELETE, path, &[], Vec::new()).await
    }

    /// The newest entries, newest first.
    async fn newest(&self, limit: usize) -> Vec<LogEntry> {
        let mut asker = Identity::house(Door::Cli);
        asker.who.grants.insert("HSYSADMIN.read-log".into());
        let query = LogQuery { limit, ..LogQuery::default() };
        self.app.vault().log(&asker, &query).await.unwrap().into_parts().0
    }

    /// A place in the log to look on from.
    pub(crate) async fn mark(&self) -> u64 {
        self.newest(1).await.first().map_or(0, |entry| entry.index)
    }

    /// Entries since then in order, without those that reading the log wrote.
    pub(crate) async fn since(&self, mark: u64) -> Vec<LogEntry> {
        let mut entries = self.newest(100).await;
        assert!(entries.last().is_none_or(|oldest| oldest.index <= mark), "more entries than were read");
        entries.retain(|entry| entry.index > mark && entry.get("action") != "read-log");
        entries.reverse();
        entries
    }
}

pub(crate) const JSON: (&str, &str) = ("content-type", "application/fhir+json");

pub(crate) fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id,
        "identifier": [{ "system": "urn:mrn", "value": format!("M-{id}") }],
        "name": [{ "text": "王小明", "family": "王", "given": ["小明"] }],
        "telecom": [{ "system": "phone", "value": "13800138000" }],
        "gender": "male", "birthDate": "1980-02-03" })
}

pub(crate) fn observation(id: &str, of: &str) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "718-7" }] },
        "subject": { "reference": format!("Patient/{of}") },
        "effectiveDateTime": "2026-05-01", "valueQuantity": { "value": decimal("13.20"), "unit": "g/dL" } })
}

/// A number with its digits, which a Rust float would lose.
fn decimal(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
