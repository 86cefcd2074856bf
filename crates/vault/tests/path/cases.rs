// Included once for each suite, as `SUITE`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tacebo_seal::{Effort, PassphraseFile, Suite};
use tacebo_vault::policy::{Basis, Fact, PersonKind, Purpose, Role, Who};
use tacebo_vault::{
    Asker, At, Denial, Digest, DocRef, Door, Everything, Expect, Find, Institution, LogQuery, Opening, Origin,
    PatientId, Scope, Speech, Vault, Write, field,
};

/// A language of four kinds, enough to carry relations and limits.
struct Toy;

impl Speech for Toy {
    fn knows(&self, kind: &str) -> bool {
        ["Patient", "Encounter", "Observation", "Consent", "Organization"].contains(&kind)
    }

    fn is_personal(&self, kind: &str) -> bool {
        kind != "Organization"
    }

    fn fact_kinds(&self) -> &[&'static str] {
        &["Patient", "Encounter", "Consent"]
    }

    fn stays(&self, kind: &str) -> bool {
        kind == "Consent"
    }

    fn digest(&self, kind: &str, body: &Value) -> Result<Digest, String> {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let mut digest = Digest::default();
        if self.is_personal(kind) {
            digest.patients = vec![PatientId::new(text(if kind == "Patient" { "id" } else { "of" }))];
            digest.patients.extend(body["also"].as_str().map(PatientId::new));
        }
        match kind {
            "Patient" => digest.terms.push(("name".into(), text("name"))),
            "Encounter" => digest.facts.push(Fact::Relation {
                with: text("with"),
                evidence: format!("Encounter/{}", text("id")),
                basis: Basis::Encounter,
                from: None,
                until: None,
                open: true,
            }),
            "Consent" => digest.facts.push(Fact::Consent {
                id: text("id"),
                deny: true,
                actors: vec![text("against")],
                purposes: Vec::new(),
                categories: Vec::new(),
                from: None,
                until: None,
            }),
            _ => {}
        }
        Ok(digest)
    }
}

struct House {
    vault: Vault,
    dir: tempfile::TempDir,
    clock: Arc<AtomicI64>,
}

const START: i64 = 1_790_000_000_000_000;

fn opening(dir: &std::path::Path, clock: &Arc<AtomicI64>, fresh: bool) -> Opening {
    let path = dir.join("root.json");
    let custodian = if fresh {
        PassphraseFile::create(&path, "correct horse", Effort::LEAST, SUITE).unwrap()
    } else {
        PassphraseFile::open(&path, "correct horse").unwrap()
    };
    let clock = Arc::clone(clock);
    Opening {
        dir: dir.join("data"),
        custodian: Arc::new(custodian),
        speeches: vec![Arc::new(Toy)],
        clock: Arc::new(move || clock.load(Ordering::SeqCst)),
        on_fatal: Arc::new(|why| panic!("fatal: {why}")),
    }
}

async fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(AtomicI64::new(START));
    let institution = Institution { name: "示例医院".into(), realm: 1, origin: "hospital.example/log".into(), suite: SUITE };
    let vault = Vault::found(opening(dir.path(), &clock, true), &institution).await.unwrap();
    House { vault, dir, clock }
}

fn who(account: &str, number: u64, kind: PersonKind, roles: &[Role]) -> Who {
    Who { roles: roles.iter().copied().collect(), ..Who::new(kind, account, number, account) }
}

fn ask(who: Who, why: Purpose) -> Asker {
    Asker::new(who, why, Origin { door: Door::Fhir, address: None })
}

fn importer() -> Asker {
    let grants = ["TREAT.read", "TREAT.write"].map(str::to_owned).into();
    ask(Who { grants, ..who("his", 7, PersonKind::Client, &[Role::Client]) }, Purpose::Treat)
}

fn doctor() -> Asker {
    let li = Who {
        practitioner: Some("Practitioner/li".into()),
        department: Some("Organization/cardiology".into()),
        ..who("li", 8, PersonKind::Staff, &[Role::Doctor])
    };
    ask(li, Purpose::Treat)
}

fn patient(id: &str) -> Asker {
    let own = Who { patient: Some(id.into()), ..who("p", 9, PersonKind::Patient, &[Role::Patient]) };
    ask(own, Purpose::PatientRequest)
}

async fn load(vault: &Vault, id: &str, with: Option<&str>) {
    let put = |kind: &str, id: &str, body: Value| Write::put(DocRef::new(kind, id), body);
    let mut writes = vec![
        put("Patient", id, json!({"resourceType": "Patient", "id": id, "name": "王小明"})),
        put("Observation", &format!("o-{id}"), json!({"resourceType": "Observation", "of": id, "value": 6.10})),
    ];
    if let Some(with) = with {
        let encounter = json!({"resourceType": "Encounter", "id": format!("e-{id}"), "of": id, "with": with});
        writes.push(put("Encounter", &format!("e-{id}"), encounter));
    }
    let _ = vault.write(&importer(), writes).await.unwrap();
}

fn text(denial: &Denial) -> String {
    format!("{denial:?}")
}

#[tokio::test]
async fn a_doctor_reads_a_patient_he_treats_and_the_entry_is_there_first() {
    let house = house().await;
    load(&house.vault, "a", Some("Practitioner/li")).await;
    let read = house.vault.read(&doctor(), &DocRef::new("Observation", "o-a"), At::Current).await.unwrap();
    assert_eq!(read.value().body["of"], "a");
    assert_eq!(read.value().body["meta"]["versionId"], "1");
    assert_eq!(read.receipts().len(), 1);
    let mine = LogQuery { patient: Some(PatientId::new("a")), ..LogQuery::default() };
    let log = house.vault.log(&patient("a"), &mine).await.unwrap();
    let newest = &log.value()[0];
    assert_eq!(newest.get(field::ACTION), "read");
    assert_eq!(newest.get(field::ACTOR), "li");
    assert_eq!(newest.get(field::ITEMS), "Observation/o-a/_history/1");
    assert_eq!(newest.index, read.receipts()[0].index());
}

#[tokio::test]
async fn a_stranger_is_refused_in_the_same_words_as_for_nobody() {
    let house = house().await;
    load(&house.vault, "a", Some("Practitioner/wu")).await;
    for kind in ["Patient", "Observation"] {
        let there = if kind == "Patient" { "a" } else { "o-a" };
        let real = house.vault.read(&doctor(), &DocRef::new(kind, there), At::Current).await.unwrap_err();
        let none = house.vault.read(&doctor(), &DocRef::new(kind, "nobody"), At::Current).await.unwrap_err();
        assert_eq!(text(real.denial()), text(none.denial()));
        assert_eq!((real.receipts().len(), none.receipts().len()), (1, 1));
    }
    for scope in ["a", "nobody"] {
        let find = Find::new(&["Observation"], Scope::Patient(PatientId::new(scope)), &Everything);
        let refused = house.vault.search(&doctor(), &find).await.unwrap_err();
        assert!(matches!(refused.denial(), Denial::Forbidden(_)));
    }
    let find = Find::new(&["Patient"], Scope::Terms(vec![vec![("name".into(), "王小明".into())]]), &Everything);
    assert_eq!(house.vault.search(&doctor(), &find).await.unwrap().value().total, 0);
}

#[tokio::test]
async fn the_patients_limit_bites_on_the_next_request() {
    let house = house().await;
    load(&house.vault, "a", Some("Practitioner/li")).await;
    let name = DocRef::new("Observation", "o-a");
    let _ = house.vault.read(&doctor(), &name, At::Current).await.unwrap();
    let limit = json!({"resourceType": "Consent", "id": "c", "of": "a", "against": "Organization/cardiology"});
    let _ = house.vault.write(&patient("a"), vec![Write::put(DocRef::new("Consent", "c"), limit)]).await.unwrap();
    let refused = house.vault.read(&doctor(), &name, At::Current).await.unwrap_err();
    assert!(matches!(refused.denial(), Denial::Forbidden(_)));
    let _ = house.vault.write(&patient("a"), vec![Write::delete(DocRef::new("Consent", "c"))]).await.unwrap();
    let _ = house.vault.read(&doctor(), &name, At::Current).await.unwrap();
}

#[tokio::test]
async fn a_limit_whose_writer_hangs_up_is_in_force_all_the_same() {
    // Now and then a change is durable before its writer can hang up; then another house is asked.
    for _ in 0..20 {
        if hangs_up_and_is_in_force(&house().await).await {
            return;
        }
    }
    panic!("no writer could hang up");
}

/// False when the change was durable before its writer could hang up.
async fn hangs_up_and_is_in_force(house: &House) -> bool {
    let vault = &house.vault;
    load(vault, "p1", Some("Practitioner/li")).await;
    let name = DocRef::new("Observation", "o-p1");
    let _ = vault.read(&doctor(), &name, At::Current).await.unwrap();
    let limit = json!({"resourceType": "Consent", "id": "c", "of": "p1", "against": "Organization/cardiology"});
    let writes = vec![Write::put(DocRef::new("Consent", "c"), limit)];
    let (hasty, asker) = (vault.clone(), patient("p1"));
    // Polled once: the change is on its way to the disk, then nobody waits for it any more.
    let mut write = Box::pin(async move { hasty.write(&asker, writes).await.map(drop) });
    let pending = std::future::poll_fn(|cx| std::task::Poll::Ready(write.as_mut().poll(cx).is_pending())).await;
    drop(write);
    // The writer takes one after the other, so when a later change is durable, so is this one.
    let _ =
        vault.write(&importer(), vec![Write::put(DocRef::new("Organization", "x"), json!({"id": "x"}))]).await.unwrap();
    let refused = vault.read(&doctor(), &name, At::Current).await.unwrap_err();
    assert!(matches!(refused.denial(), Denial::Forbidden(_)), "{refused:?}");
    pending
}

#[tokio::test]
async fn a_relation_written_over_to_another_patient_is_gone_from_the_first() {
    let house = house().await;
    let vault = &house.vault;
    load(vault, "p1", Some("Practitioner/li")).await;
    load(vault, "p2", None).await;
    let (first, second) = (DocRef::new("Observation", "o-p1"), DocRef::new("Observation", "o-p2"));
    let _ = vault.read(&doctor(), &first, At::Current).await.unwrap();
    vault.read(&doctor(), &second, At::Current).await.unwrap_err();
    let moved = json!({"resourceType": "Encounter", "id": "e-p1", "of": "p2", "with": "Practitioner/li"});
    let _ = vault.write(&importer(), vec![Write::put(DocRef::new("Encounter", "e-p1"), moved)]).await.unwrap();
    vault.read(&doctor(), &first, At::Current).await.unwrap_err();
    let _ = vault.read(&doctor(), &second, At::Current).await.unwrap();
}

#[tokio::test]
async fn an_emergency_opens_one_patient_for_one_person_until_its_end() {
    let house = house().await;
    load(&house.vault, "a", None).await;
    let urgent = doctor().for_purpose(Purpose::EmergencyTreat);
    let name = DocRef::new("Observation", "o-a");
    assert!(house.vault.read(&urgent, &name, At::Current).await.is_err());
    let declared = house
        .vault
        .declare_emergency(&urgent, &PatientId::new("a").into(), "unconscious", "昏迷送入", 30)
        .await
        .unwrap();
    assert_eq!(declared.value().review_by_us - declared.value().from_us, 24 * 3_600_000_000);
    let _ = house.vault.read(&urgent, &name, At::Current).await.unwrap();
    let other =
        Asker { who: Who { account: "wu".into(), number: 12, ..Who::clone(&urgent.who) }.into(), ..urgent.clone() };
    assert!(house.vault.read(&other, &name, At::Current).await.is_err());
    house.clock.fetch_add(31 * 60_000_000, Ordering::SeqCst);
    assert!(house.vault.read(&urgent, &name, At::Current).await.is_err());
}

#[tokio::test]
async fn a_stale_version_is_refused_and_nothing_of_the_change_is_kept() {
    let house = house().await;
    load(&house.vault, "a", None).await;
    let body = json!({"resourceType": "Observation", "of": "a", "value": 7});
    let good = Write::put(DocRef::new("Observation", "new"), body.clone());
    let stale = Write::put(DocRef::new("Observation", "o-a"), body).expecting(Expect::Version(9));
    let refused = house.vault.write(&importer(), vec![good, stale]).await.unwrap_err();
    assert!(matches!(refused.denial(), Denial::Precondition { current: Some(1) }));
    let none = house.vault.read(&importer(), &DocRef::new("Observation", "new"), At::Current).await.unwrap_err();
    assert!(matches!(none.denial(), Denial::NotFound));
}

#[tokio::test]
async fn a_deleted_document_is_gone_and_its_history_remains() {
    let house = house().await;
    load(&house.vault, "a", None).await;
    let name = DocRef::new("Observation", "o-a");
    let _ = house.vault.write(&importer(), vec![Write::delete(name.clone())]).await.unwrap();
    let gone = house.vault.read(&importer(), &name, At::Current).await.unwrap_err();
    assert!(matches!(gone.denial(), Denial::Gone));
    let history = house.vault.history(&importer(), &name).await.unwrap();
    assert_eq!(history.value().iter().map(|d| (d.version, d.deleted)).collect::<Vec<_>>(), [(2, true), (1, false)]);
    let _ = house.vault.read(&importer(), &name, At::Version(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_writers_of_one_document_make_twenty_versions() {
    let house = house().await;
    load(&house.vault, "a", None).await;
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let vault = house.vault.clone();
            let body = json!({"resourceType": "Observation", "of": "a", "value": n});
            tokio::spawn(async move {
                vault.write(&importer(), vec![Write::put(DocRef::new("Observation", "o-a"), body)]).await
            })
        })
        .collect();
    for task in tasks {
        let _ = task.await.unwrap().unwrap();
    }
    let now = house.vault.read(&importer(), &DocRef::new("Observation", "o-a"), At::Current).await.unwrap();
    assert_eq!(now.value().version, 21);
}

#[tokio::test]
async fn a_proof_of_an_entry_verifies_without_us() {
    let house = house().await;
    load(&house.vault, "a", Some("Practitioner/li")).await;
    let read = house.vault.read(&doctor(), &DocRef::new("Patient", "a"), At::Current).await.unwrap();
    let proof = house.vault.proof(&patient("a"), read.receipts()[0].index()).await.unwrap();
    let verifier = proof.value().vkey.parse().unwrap();
    let proved = tacebo_vault::ledger::Evidence::verify(proof.value().text.as_bytes(), &verifier).unwrap();
    let actor = proved.disclosures.iter().find(|d| d.name() == field::ACTOR).unwrap();
    assert_eq!(actor.value(), b"li");
    let stranger = house.vault.proof(&patient("b"), read.receipts()[0].index()).await.unwrap_err();
    assert!(!matches!(stranger.denial(), Denial::Unavailable(_)));
}

#[tokio::test]
async fn nothing_readable_is_in_the_folder_and_it_opens_again() {
    let House { vault, dir, clock } = house().await;
    load(&vault, "a", Some("Practitioner/li")).await;
    vault.sign_now().await.unwrap();
    drop(vault);
    for file in std::fs::read_dir(dir.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        // Names long enough that chance does not spell them in a sealed file.
        for needle in ["王小明", "Practitioner/li", "Observation/o-a"] {
            assert!(!bytes.windows(needle.len()).any(|w| w == needle.as_bytes()), "{needle}");
        }
    }
    let again = Vault::open(opening(dir.path(), &clock, false)).unwrap();
    let read = again.read(&doctor(), &DocRef::new("Patient", "a"), At::Current).await.unwrap();
    assert_eq!(read.value().body["name"], "王小明");
}

#[tokio::test]
async fn an_institution_keeps_its_suite_and_says_it() {
    let House { vault, dir, clock } = house().await;
    assert_eq!(vault.institution().suite, SUITE);
    load(&vault, "p1", None).await;
    vault.sign_now().await.unwrap();
    let lines = if SUITE == Suite::Shangmi { 2 } else { 1 };
    assert_eq!(vault.log_vkey().unwrap().lines().count(), lines);
    let note = vault.checkpoint().unwrap().unwrap();
    assert_eq!(note.lines().filter(|line| line.starts_with("\u{2014} ")).count(), lines);
    let key: tacebo_vault::ledger::LogVerifier = vault.log_vkey().unwrap().parse().unwrap();
    drop(vault);
    let again = Vault::open(opening(dir.path(), &clock, false)).unwrap();
    assert_eq!(again.institution().suite, SUITE);
    assert_eq!(again.log_vkey().unwrap(), key.to_string());
    assert!(key.open(note.as_bytes()).is_ok());
}

#[tokio::test]
async fn an_institution_is_not_founded_on_root_keys_of_another_suite() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(AtomicI64::new(START));
    let suite = Suite::ALL.into_iter().find(|suite| *suite != SUITE).unwrap();
    let institution = Institution { name: "示例医院".into(), realm: 1, origin: "hospital.example/log".into(), suite };
    let refused = Vault::found(opening(dir.path(), &clock, true), &institution).await.unwrap_err();
    assert!(refused.to_string().contains(SUITE.name()) && refused.to_string().contains(suite.name()), "{refused}");
    assert!(!Vault::is_founded(&dir.path().join("data")));
}
