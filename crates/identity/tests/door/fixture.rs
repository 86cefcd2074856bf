//! A house with a settable clock.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;
use tacebo_identity::{Authenticated, Handed, Identity, IdentityError, LoggedIn, NewAccount, Settings};
use tacebo_vault::policy::Role;
use tacebo_vault::{
    Asker, Custodian, Digest, Door, Effort, Institution, LogEntry, LogQuery, Opening, Origin, PassphraseFile, Speech,
    Suite, Vault,
};

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const BROWSER: &str = "cookie 1 Firefox";
pub(crate) const PASSWORD: &str = "a quiet blue kettle";

/// A language that speaks of nothing.
struct Mute;

impl Speech for Mute {
    fn knows(&self, _: &str) -> bool {
        false
    }
    fn is_personal(&self, _: &str) -> bool {
        false
    }
    fn fact_kinds(&self) -> &[&'static str] {
        &[]
    }
    fn stays(&self, _: &str) -> bool {
        false
    }

    fn digest(&self, _: &str, _: &Value) -> Result<Digest, String> {
        Err("nothing is spoken here".into())
    }
}

pub(crate) struct House {
    pub(crate) identity: Identity,
    pub(crate) vault: Vault,
    clock: Arc<AtomicI64>,
    custodian: Arc<dyn Custodian>,
    dir: tempfile::TempDir,
}

fn opening(dir: &Path, custodian: &Arc<dyn Custodian>, clock: &Arc<AtomicI64>) -> Opening {
    let clock = Arc::clone(clock);
    Opening {
        dir: dir.join("data"),
        custodian: Arc::clone(custodian),
        speeches: vec![Arc::new(Mute)],
        clock: Arc::new(move || clock.load(Ordering::SeqCst)),
        on_fatal: Arc::new(|why| panic!("{why}")),
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// A house with other limits.
    pub(crate) async fn with(settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        let suite: Suite = tacebo_fixtures::suite().parse().unwrap();
        let file = PassphraseFile::create(&dir.path().join("root.json"), "a passphrase", Effort::LEAST, suite).unwrap();
        let custodian: Arc<dyn Custodian> = Arc::new(file);
        let clock = Arc::new(AtomicI64::new(1_800_000_000 * SECOND));
        let institution =
            Institution { name: "示例医院".into(), realm: 7, origin: "log.example.cn/hospital".into(), suite };
        let vault = Vault::found(opening(dir.path(), &custodian, &clock), &institution).await.unwrap();
        let identity = Identity::with(vault.clone(), settings).unwrap();
        Self { identity, vault, clock, custodian, dir }
    }

    /// The same folder after the program ended and began again.
    pub(crate) fn restart(self) -> Self {
        let Self { identity, vault, clock, custodian, dir } = self;
        drop((identity, vault));
        let vault = Vault::open(opening(dir.path(), &custodian, &clock)).unwrap();
        let identity = Identity::new(vault.clone()).unwrap();
        Self { identity, vault, clock, custodian, dir }
    }

    pub(crate) fn folder(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn pass(&self, us: i64) {
        self.clock.fetch_add(us, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// A doctor and a security administrator who need not change their secrets first.
    pub(crate) async fn people(&self) -> (Handed, Handed) {
        let mut made = self.identity.bootstrap(&[doctor(), admin()]).await.unwrap().into_iter();
        (made.next().unwrap(), made.next().unwrap())
    }

    pub(crate) async fn password(
        &self,
        login: &str,
        password: &str,
        at: &str,
    ) -> Result<tacebo_identity::FirstStep, IdentityError> {
        self.identity.first_step(login, &password.to_owned().into(), BROWSER, &from(at)).await
    }

    /// Both steps, thirty seconds after the last, so that the code is fresh.
    pub(crate) async fn log_in(&self, who: &Handed) -> LoggedIn {
        self.pass(30 * SECOND);
        let first = self.password(&who.account.login, secret(who), "10.0.0.1").await.unwrap();
        let code = who.factor.as_ref().unwrap().code_at(self.now()).unwrap();
        self.identity.second_step(&first.ticket, BROWSER, &code, None, &from("10.0.0.1")).await.unwrap()
    }

    pub(crate) fn session(&self, of: &LoggedIn) -> Option<Authenticated> {
        self.identity.session(of.session.expose()).unwrap()
    }

    /// Entries in order, without those that reading the log wrote.
    pub(crate) async fn entries(&self) -> Vec<LogEntry> {
        let mut asker = Identity::house(Door::Cli);
        Arc::make_mut(&mut asker.who).grants.insert("HSYSADMIN.read-log".into());
        let query = LogQuery { limit: 10_000, ..LogQuery::default() };
        let mut entries = self.vault.log(&asker, &query).await.unwrap().into_parts().0;
        entries.retain(|entry| entry.get("action") != "read-log");
        entries.reverse();
        entries
    }

    /// The words of the entries since an earlier count.
    pub(crate) async fn words_since(&self, count: usize) -> Vec<String> {
        self.entries().await.iter().skip(count).map(|entry| entry.get("detail").to_owned()).collect()
    }
}

pub(crate) fn secret(who: &Handed) -> &str {
    who.password.as_ref().unwrap().expose()
}

pub(crate) fn doctor() -> NewAccount {
    NewAccount {
        password: Some(PASSWORD.to_owned().into()),
        department: Some("Organization/d1".into()),
        practitioner: Some("Practitioner/p1".into()),
        must_change: false,
        ..NewAccount::staff("drwang", "王小明", "主治医师", [Role::Doctor])
    }
}

pub(crate) fn admin() -> NewAccount {
    NewAccount {
        must_change: false, ..NewAccount::staff("anquan", "李安全", "安全管理员", [Role::SecurityAdmin])
    }
}

pub(crate) fn from(address: &str) -> Origin {
    Origin { door: Door::Console, address: Some(address.parse::<IpAddr>().unwrap()) }
}

pub(crate) fn house() -> Asker {
    Identity::house(Door::Cli)
}
