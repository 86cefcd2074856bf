//! A small hospital: two departments, their people, one patient in the ward of one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tacebo_fhir::service::{Service, Settings};
use tacebo_fhir::speech::Fhir;
use tacebo_governance::Governance;
use tacebo_identity::{FactorOffer, Handed, Identity, NewAccount, NewClient, Secret, TokenHolder};
use tacebo_server::{App, Options};
use tacebo_vault::policy::{Purpose, Role};
use tacebo_vault::{Door, Effort, Institution, LogEntry, LogQuery, Opening, PassphraseFile, Vault};
use tower::ServiceExt;

use crate::browser::{Browser, Page};

const START: i64 = 1_795_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

pub(crate) const PASSWORD: &str = "a sentence to remember";
pub(crate) const RESIDENT_ID: &str = "11010519491231002X";
pub(crate) const PHONE: &str = "13800138000";
pub(crate) const NAME: &str = "王秀兰";

pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) app: App,
    pub(crate) clock: Arc<AtomicI64>,
    people: Vec<Handed>,
    token: String,
    _dir: tempfile::TempDir,
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
        let institution = Institution { name: "示例医院".into(), realm: 1, origin: "log.hospital.example".into() };
        let vault = Vault::found(opening, &institution).await.unwrap();
        let identity = Identity::new(vault.clone()).unwrap();
        let governance = Governance::new(vault.clone(), Identity::house(Door::Job)).unwrap();
        let service = Service::new(vault, Settings::at("http://localhost/fhir"));
        let mut options = Options::default();
        options.limits.log_ins_per_minute = 200;
        let app = App::new(service, identity.clone(), governance, options);
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
        let people = identity.bootstrap(&people()).await.unwrap();
        let house = Self { router, app, clock, people, token: token.token.expose().to_owned(), _dir: dir };
        house.build().await;
        house
    }

    /// Departments and staff.
    async fn build(&self) {
        self.put(&json!({ "resourceType": "Organization", "id": "hospital", "name": "示例医院" })).await;
        for (id, name) in [("cardiology", "心内科"), ("endocrinology", "内分泌科")] {
            let part = json!({ "reference": "Organization/hospital" });
            self.put(&json!({ "resourceType": "Organization", "id": id, "name": name, "partOf": part })).await;
        }
        for (id, name) in [("li", "李明远"), ("wang", "王思齐"), ("yang", "杨若柳")] {
            self.put(&json!({ "resourceType": "Practitioner", "id": id, "name": [{ "text": name }] })).await;
        }
    }

    /// A patient in 李明远's ward, with a diagnosis, a result, a medicine and an allergy.
    pub(crate) async fn admit(&self, id: &str) {
        let subject = json!({ "reference": format!("Patient/{id}") });
        let encounter = json!({ "reference": format!("Encounter/e-{id}") });
        let all = [
            patient(id),
            json!({ "resourceType": "Encounter", "id": format!("e-{id}"), "status": "in-progress", "class": { "code": "IMP" },
                "subject": subject, "period": { "start": "2026-11-01T09:00:00+08:00" },
                "participant": [{ "individual": { "reference": "Practitioner/li" } }],
                "serviceProvider": { "reference": "Organization/cardiology" },
                "diagnosis": [{ "condition": { "reference": format!("Condition/c-{id}") } }] }),
            json!({ "resourceType": "Condition", "id": format!("c-{id}"), "subject": subject, "code": { "text": "心力衰竭" },
                "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active" }] },
                "onsetDateTime": "2026-10-30" }),
            json!({ "resourceType": "Observation", "id": format!("o-{id}"), "status": "final", "code": { "text": "血钾" },
                "subject": subject, "encounter": encounter, "effectiveDateTime": "2026-11-02T08:00:00+08:00",
                "valueQuantity": { "value": 5.90, "unit": "mmol/L" },
                "referenceRange": [{ "low": { "value": 3.5 }, "high": { "value": 5.3 } }] }),
            json!({ "resourceType": "MedicationRequest", "id": format!("m-{id}"), "status": "active", "intent": "order",
                "medicationCodeableConcept": { "text": "呋塞米" }, "subject": subject, "encounter": encounter,
                "authoredOn": "2026-11-01", "dosageInstruction": [{ "text": "每次20mg，每日1次" }] }),
            json!({ "resourceType": "AllergyIntolerance", "id": format!("a-{id}"), "patient": subject, "code": { "text": "青霉素" },
                "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active" }] } }),
        ];
        for body in &all {
            self.put(body).await;
        }
    }

    /// Kept by the hospital's own system.
    pub(crate) async fn put(&self, body: &Value) {
        let path = format!("/fhir/{}/{}", body["resourceType"].as_str().unwrap(), body["id"].as_str().unwrap());
        let request = Request::builder()
            .method(Method::PUT)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("x-purpose-of-use", "TREAT")
            .header("content-type", "application/fhir+json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let answer = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{status} {}", String::from_utf8_lossy(&answer));
    }

    /// The six digits that a person logged in with last.
    pub(crate) fn used_code(&self, login: &str) -> String {
        let now = self.clock.load(Ordering::SeqCst);
        self.handed(login).factor.as_ref().unwrap().code_at(now).unwrap()
    }

    /// The next six digits of a person.
    pub(crate) fn next_code(&self, login: &str) -> String {
        self.code(self.handed(login).factor.as_ref().unwrap())
    }

    fn handed(&self, login: &str) -> &Handed {
        self.people.iter().find(|one| one.account.login == login).unwrap()
    }

    pub(crate) fn account(&self, login: &str) -> String {
        self.handed(login).account.id.clone()
    }

    /// The six digits of the next half minute: each is good once.
    pub(crate) fn code(&self, factor: &FactorOffer) -> String {
        let now = self.clock.fetch_add(30_000_000, Ordering::SeqCst) + 30_000_000;
        factor.code_at(now).unwrap()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.router)
    }

    /// Logs in by both forms; the last answer is where it leads.
    pub(crate) async fn log_in(&self, login: &str) -> Browser {
        let mut browser = self.browser();
        let factor = self.handed(login).factor.clone().unwrap();
        let password = self.handed(login).password.clone().unwrap();
        self.both_steps(&mut browser, login, password.expose(), &factor).await.is(303);
        browser
    }

    pub(crate) async fn both_steps(
        &self,
        browser: &mut Browser,
        login: &str,
        password: &str,
        factor: &FactorOffer,
    ) -> Page {
        browser.get("/login").await.is(200);
        browser.post("/login", &[("name", login), ("password", password), ("next", "/")]).await.goes_to("/login/code");
        browser.get("/login/code").await.is(200);
        let code = self.code(factor);
        browser.post("/login/code", &[("code", &code), ("next", "/")]).await
    }

    pub(crate) fn factor(secret: &str) -> FactorOffer {
        FactorOffer { secret: Secret::new(secret.replace(' ', "")), uri: Secret::new("") }
    }

    /// Entries in order, without those of the house's own jobs and those that reading the log here wrote.
    pub(crate) async fn entries(&self) -> Vec<LogEntry> {
        let mut asker = Identity::house(Door::Cli);
        asker.who.grants.insert("HSYSADMIN.read-log".into());
        let query = LogQuery { limit: 50_000, ..LogQuery::default() };
        let mut entries = self.app.vault().log(&asker, &query).await.unwrap().into_parts().0;
        entries.retain(|entry| {
            entry.get("door") != "job" && (entry.get("action") != "read-log" || entry.get("door") != "cli")
        });
        entries.reverse();
        entries
    }
}

fn people() -> Vec<NewAccount> {
    let staff = |login: &str, name: &str, role, practitioner: Option<&str>, department: &str| NewAccount {
        practitioner: practitioner.map(|id| format!("Practitioner/{id}")),
        department: Some(format!("Organization/{department}")),
        must_change: false,
        password: Some(Secret::new(PASSWORD)),
        ..NewAccount::staff(login, name, "主治医师", [role])
    };
    vec![
        staff("li.mingyuan", "李明远", Role::Doctor, Some("li"), "cardiology"),
        staff("wang.siqi", "王思齐", Role::Doctor, Some("wang"), "endocrinology"),
        staff("yang.ruoliu", "杨若柳", Role::Nurse, Some("yang"), "cardiology"),
        staff("xiao.yutong", "肖雨桐", Role::Receptionist, None, "cardiology"),
        staff("ye.qinglan", "叶青岚", Role::PrivacyOfficer, None, "cardiology"),
        // Who treats and watches over access, both.
        NewAccount {
            roles: [Role::Doctor, Role::PrivacyOfficer].into(),
            ..staff("he.shuang", "何双", Role::Doctor, Some("he"), "endocrinology")
        },
        staff("tian.ruogu", "田若谷", Role::Auditor, None, "cardiology"),
        staff("yuan.bowen", "袁博闻", Role::SecurityAdmin, None, "cardiology"),
        staff("dong.haoran", "董浩然", Role::SystemAdmin, None, "cardiology"),
        NewAccount {
            must_change: false,
            password: Some(Secret::new(PASSWORD)),
            ..NewAccount::patient("patient.own", NAME, "p1")
        },
        NewAccount {
            must_change: false,
            password: Some(Secret::new(PASSWORD)),
            ..NewAccount::patient("patient.other", "赵建军", "p2")
        },
        NewAccount {
            must_change: false,
            password: Some(Secret::new(PASSWORD)),
            ..NewAccount::guardian("parent.mother", "陈月", "RelatedPerson/mother")
        },
        // A father who is a patient here himself.
        NewAccount {
            must_change: false,
            password: Some(Secret::new(PASSWORD)),
            patient: Some("p1".into()),
            ..NewAccount::guardian("parent.father", "周川", "RelatedPerson/father")
        },
    ]
}

pub(crate) fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id,
        "identifier": [
            { "type": { "coding": [{ "code": "NI" }] }, "system": "urn:oid:2.16.156.10011.1.3", "value": RESIDENT_ID },
            { "type": { "coding": [{ "code": "MR" }] }, "system": "urn:oid:2.16.156.10011.1.13", "value": format!("10{id}77") }],
        "name": [{ "text": NAME, "family": "王", "given": ["秀兰"] }],
        "telecom": [{ "system": "phone", "value": PHONE }],
        "gender": "female", "birthDate": "1949-12-31" })
}
