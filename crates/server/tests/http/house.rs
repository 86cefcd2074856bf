//! A small hospital: its people with tokens and browsers, a client system, a settable clock, requests in process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tacebo_fhir::service::{Service, Settings};
use tacebo_fhir::speech::Fhir;
use tacebo_governance::Governance;
use tacebo_identity::{FactorOffer, Handed, Identity, NewAccount, NewClient, Secret, TokenHolder};
use tacebo_server::{App, Options};
use tacebo_vault::policy::{Purpose, Role};
use tacebo_vault::{Door, Effort, Institution, LogEntry, LogQuery, Opening, PassphraseFile, Suite, Vault};
use tower::ServiceExt;

use crate::browser::{Browser, Page};

pub(crate) const BASE: &str = "http://localhost/fhir";
const START: i64 = 1_795_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

pub(crate) const PASSWORD: &str = "a sentence to remember";
pub(crate) const RESIDENT_ID: &str = "11010519491231002X";
pub(crate) const PHONE: &str = "13800138000";
pub(crate) const NAME: &str = "王秀兰";

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
    people: Vec<Handed>,
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
        let suite: Suite = tacebo_fixtures::suite().parse().unwrap();
        let file = dir.path().join("root.json");
        let custodian = PassphraseFile::create(&file, "a passphrase", Effort::LEAST, suite);
        let clock = Arc::new(AtomicI64::new(START));
        let ticking = Arc::clone(&clock);
        let opening = Opening {
            dir: dir.path().join("data"),
            custodian: Arc::new(custodian.unwrap()),
            speeches: vec![Arc::new(Fhir::default())],
            clock: Arc::new(move || ticking.load(Ordering::SeqCst)),
            on_fatal: Arc::new(|why| panic!("{why}")),
        };
        let institution =
            Institution { name: "示例医院".into(), realm: 1, origin: "log.hospital.example".into(), suite };
        let vault = Vault::found(opening, &institution).await.unwrap();
        let identity = Identity::new(vault.clone()).unwrap();
        let governance = Governance::new(vault.clone(), Identity::house(Door::Job)).unwrap();
        let mut options = Options::default();
        options.limits.log_ins_per_minute = 200;
        let service = Service::new(vault, Settings { body: 4 << 20, ..Settings::at(BASE) });
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
        let his = Person { token: token.token.expose().to_owned(), purpose: "TREAT" };
        let people = identity.bootstrap(&people()).await.unwrap();
        let nobody = Person { token: String::new(), purpose: "" };
        let (doctor, stranger) = (nobody.clone(), nobody.clone());
        let (counter, officer) = (nobody.clone(), nobody);
        let mut house =
            Self { router, app, identity, clock, his, doctor, stranger, counter, officer, people, _dir: dir };
        house.doctor = house.person("li.mingyuan", "TREAT").await;
        house.stranger = house.person("wang.siqi", "TREAT").await;
        house.counter = house.person("xiao.yutong", "PATADMIN").await;
        house.officer = house.person("ye.qinglan", "HCOMPL").await;
        house
    }

    /// Another client system, without grants.
    pub(crate) async fn client<const N: usize>(
        &self,
        id: &str,
        purposes: [Purpose; N],
        purpose: &'static str,
    ) -> Person {
        let me = Identity::house(Door::Cli);
        let new = NewClient { id: id.into(), name: id.into(), purposes: purposes.into(), grants: [].into() };
        let _ = self.identity.register_client(&me, &new).await.unwrap();
        let token = self.identity.issue_token(&me, &TokenHolder::Client(id.into()), HOUR, "", None).await.unwrap();
        Person { token: token.token.expose().to_owned(), purpose }
    }

    /// Somebody of the house with a token of his own.
    pub(crate) async fn person(&self, login: &str, purpose: &'static str) -> Person {
        let holder = TokenHolder::Account(self.account(login));
        let token = self.identity.issue_token(&Identity::house(Door::Cli), &holder, HOUR, "", None).await.unwrap();
        Person { token: token.token.expose().to_owned(), purpose }
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

    /// Kept by the hospital's own system.
    pub(crate) async fn keep(&self, body: &Value) {
        let path = format!("/fhir/{}/{}", body["resourceType"].as_str().unwrap(), body["id"].as_str().unwrap());
        let answer = self.put(&self.his, &path, body).await;
        assert!(answer.status.is_success(), "{}", answer.text());
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

    fn handed(&self, login: &str) -> &Handed {
        self.people.iter().find(|one| one.account.login == login).unwrap()
    }

    pub(crate) fn account(&self, login: &str) -> String {
        self.handed(login).account.id.clone()
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

    /// The newest entries, newest first.
    pub(crate) async fn newest(&self, limit: usize) -> Vec<LogEntry> {
        let mut asker = Identity::house(Door::Cli);
        Arc::make_mut(&mut asker.who).grants.insert("HSYSADMIN.read-log".into());
        let query = LogQuery { limit, ..LogQuery::default() };
        self.app.vault().log(&asker, &query).await.unwrap().into_parts().0
    }

    /// Entries in order, without those of the house's own jobs and those that reading the log here wrote.
    pub(crate) async fn entries(&self) -> Vec<LogEntry> {
        let mut asker = Identity::house(Door::Cli);
        Arc::make_mut(&mut asker.who).grants.insert("HSYSADMIN.read-log".into());
        let query = LogQuery { limit: 50_000, ..LogQuery::default() };
        let mut entries = self.app.vault().log(&asker, &query).await.unwrap().into_parts().0;
        entries.retain(|entry| !is_our_own(entry));
        entries.reverse();
        entries
    }

    /// The day by the house's clock, in China.
    pub(crate) fn today(&self) -> String {
        let now = jiff::Timestamp::from_microsecond(self.clock.load(Ordering::SeqCst)).unwrap();
        now.in_tz("Asia/Shanghai").unwrap().date().to_string()
    }

    /// A place in the log to look on from.
    pub(crate) fn mark(&self) -> u64 {
        self.app.vault().log_state().unwrap().0.saturating_sub(1)
    }

    /// Entries since then in order, without those that reading the log wrote.
    pub(crate) async fn since(&self, mark: u64) -> Vec<LogEntry> {
        let mut entries = self.newest(100).await;
        assert!(entries.last().is_none_or(|oldest| oldest.index <= mark), "more entries than were read");
        entries.retain(|entry| entry.index > mark && !is_our_own(entry));
        entries.reverse();
        entries
    }
}

pub(crate) const JSON: (&str, &str) = ("content-type", "application/fhir+json");

/// What the house's own jobs and the reading of the log here wrote.
fn is_our_own(entry: &LogEntry) -> bool {
    entry.get("door") == "job" || (entry.get("action") == "read-log" && entry.get("door") == "cli")
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
        staff("lu.xingye", "陆星野", Role::Radiographer, Some("lu"), "cardiology"),
        staff("shen.anran", "沈安然", Role::AuditAdmin, None, "cardiology"),
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
