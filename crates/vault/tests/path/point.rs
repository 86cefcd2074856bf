// A restore to a point in time, included once for each suite behind `cases.rs`.

use tacebo_objects::Objects;
use tacebo_store::{Change, Options, Store};
use tacebo_vault::policy::Action;
use tacebo_vault::{Finished, Outcome, Restoring, ToldRestore};

const MINUTE: i64 = 60_000_000;

fn restorer() -> Asker {
    let grants = ["HSYSADMIN.read", "HSYSADMIN.write", "HSYSADMIN.administer"].map(str::to_owned).into();
    ask(Who { grants, ..who("house", 0, PersonKind::System, &[]) }, Purpose::SystemAdmin)
}

fn observation(of: &str, value: i64) -> Value {
    json!({"resourceType": "Observation", "of": of, "value": value})
}

async fn write(vault: &Vault, writes: Vec<Write>) {
    let _ = vault.write(&importer(), writes).await.unwrap();
}

fn name(kind: &str, id: &str) -> DocRef {
    DocRef::new(kind, id)
}

/// The house as a restore finds it, brought back to a moment. `spoil` is done to the store before.
async fn brought_back(house: House, to_us: i64, spoil: impl FnOnce(&Store, &mut Change)) -> (Finished, tempfile::TempDir) {
    let House { vault, dir, clock } = house;
    drop(vault);
    let at = tacebo_store::At::Folder(dir.path().join("data"));
    {
        let Opening { clock, on_fatal, .. } = opening(dir.path(), &clock, false);
        let store = Store::open(&at, Options::new(clock, on_fatal)).unwrap();
        let part = store.parts().unwrap()[0];
        let mut change = Change::new(part);
        spoil(&store, &mut change);
        change.meta.push((Store::restored().0, b"a restore".to_vec()));
        store.commit(change).await.unwrap();
    }
    let blobs = Objects::open(&tacebo_objects::At::Folder(dir.path().join("data/blobs"))).unwrap();
    let told = ToldRestore { run: 1, manifest: "m".into(), other_keys: false, below: None, to_us: Some(to_us) };
    let unfinished = Vault::open(opening(dir.path(), &clock, false)).unwrap_err().to_string();
    assert!(unfinished.contains("was not finished"), "{unfinished}");
    let restoring = Restoring::open(&at, blobs, opening(dir.path(), &clock, false)).unwrap();
    (restoring.finish(&restorer(), &told, &mut |_| {}).await.unwrap(), dir)
}

async fn versions(vault: &Vault, kind: &str, id: &str) -> Vec<(u64, bool, Value)> {
    let history = vault.history(&importer(), &name(kind, id)).await.unwrap();
    history.value().iter().map(|d| (d.version, d.deleted, d.body["value"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_made_or_deleted_later_is_as_it_was_and_what_decides_access_follows() {
    let house = house().await;
    let vault = &house.vault;
    load(vault, "a", Some("Practitioner/li")).await;
    load(vault, "b", None).await;
    let first = large(1);
    put(vault, "o-long", "a", &first).await;
    write(vault, vec![Write::put(name("Observation", "o-gone"), observation("a", 1))]).await;
    write(vault, vec![Write::put(name("Observation", "o-deleted"), observation("a", 1))]).await;
    write(vault, vec![Write::delete(name("Observation", "o-deleted"))]).await;
    let limit = json!({"resourceType": "Consent", "id": "c", "of": "b", "against": "Organization/cardiology"});
    write(vault, vec![Write::put(name("Consent", "c"), limit)]).await;
    let to_us = house.clock.fetch_add(MINUTE, Ordering::SeqCst) + MINUTE / 2;
    // Later: the patient is another by name, the doctor treats the other one, a limit is withdrawn.
    let renamed = json!({"resourceType": "Patient", "id": "a", "name": "王大明"});
    write(vault, vec![Write::put(name("Patient", "a"), renamed), Write::delete(name("Encounter", "e-a"))]).await;
    let other = json!({"resourceType": "Encounter", "id": "e-b", "of": "b", "with": "Practitioner/li"});
    write(vault, vec![Write::put(name("Encounter", "e-b"), other), Write::delete(name("Consent", "c"))]).await;
    write(vault, vec![Write::delete(name("Observation", "o-gone"))]).await;
    write(vault, vec![Write::put(name("Observation", "o-deleted"), observation("a", 2))]).await;
    write(vault, vec![Write::put(name("Observation", "o-new"), observation("a", 3))]).await;
    write(vault, vec![Write::put(name("Observation", "o-brief"), observation("a", 4))]).await;
    write(vault, vec![Write::delete(name("Observation", "o-brief"))]).await;
    put(vault, "o-long", "a", &large(2)).await;
    let _ = vault.read(&doctor(), &name("Observation", "o-b"), At::Current).await.unwrap();
    vault.read(&doctor(), &name("Observation", "o-a"), At::Current).await.unwrap_err();

    let (Finished { vault, compared, point }, _dir) = brought_back(house, to_us, |_, _| {}).await;
    let point = point.unwrap();
    assert_eq!((point.changed, point.made, point.gone, point.left), (2, 2, 3, 0), "{point:?}");
    assert_eq!(compared.unlike, None);
    assert_eq!(compare(&vault).await.unlike, None);
    // Who treats whom is as it was; the withdrawn limit stays withdrawn.
    let read = vault.read(&doctor(), &name("Patient", "a"), At::Current).await.unwrap();
    assert_eq!((&read.value().body["name"], &read.value().body["meta"]["versionId"]), (&json!("王小明"), &json!("3")));
    assert!(read.value().time_us > to_us);
    vault.read(&doctor(), &name("Observation", "o-b"), At::Current).await.unwrap_err();
    let gone = vault.read(&importer(), &name("Consent", "c"), At::Current).await.unwrap_err();
    assert!(matches!(gone.denial(), Denial::Gone));
    assert_eq!(note(&vault, "o-long", At::Current).await.unwrap(), first);
    assert!(note(&vault, "o-long", At::Version(2)).await.unwrap() != first);
    // Found by what it says now, and not by what it said in between.
    for (said, found) in [("王小明", 2), ("王大明", 0)] {
        let find = Find::new(&["Patient"], Scope::Terms(vec![vec![("name".into(), said.into())]]), &Everything);
        assert_eq!(vault.search(&importer(), &find).await.unwrap().value().total, found, "{said}");
    }
    // Nothing of what was in between is lost.
    let none = Value::Null;
    let deleted = |version| (version, true, none.clone());
    assert_eq!(versions(&vault, "Observation", "o-gone").await, [(3, false, json!(1)), deleted(2), (1, false, json!(1))]);
    assert_eq!(versions(&vault, "Observation", "o-new").await, [deleted(2), (1, false, json!(3))]);
    assert_eq!(versions(&vault, "Observation", "o-brief").await, [deleted(2), (1, false, json!(4))]);
    assert_eq!(versions(&vault, "Observation", "o-deleted").await.len(), 4);
    // Each person's trail tells of it, by the house; and the house's own how it went.
    let mine = LogQuery { patient: Some(PatientId::new("b")), ..LogQuery::default() };
    let log = vault.log(&patient("b"), &mine).await.unwrap();
    let entry = log.value().iter().find(|entry| entry.get(field::DETAIL).starts_with("brought back to ")).unwrap();
    let told = format!("brought back to {} by a restore", jiff::Timestamp::from_microsecond(to_us).unwrap());
    assert_eq!((entry.get(field::DETAIL), entry.get(field::ACTOR), entry.get(field::ACTION)), (&*told, "house", "delete"));
    assert_eq!((entry.get(field::ITEMS), entry.get(field::DOOR)), ("Encounter/e-b/_history/2", "fhir"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_document_was_then_and_was_destroyed_since_does_not_come_back_and_nor_does_whom_it_spoke_of() {
    let house = house().await;
    let vault = &house.vault;
    load(vault, "a", None).await;
    load(vault, "b", None).await;
    let both = json!({"resourceType": "Observation", "of": "a", "also": "b", "value": 1});
    write(vault, vec![Write::put(name("Observation", "both"), both)]).await;
    write(vault, vec![Write::put(name("Observation", "o"), observation("a", 1))]).await;
    write(vault, vec![Write::put(name("Observation", "o"), observation("a", 2))]).await;
    write(vault, vec![Write::put(name("Observation", "first"), observation("a", 1))]).await;
    let to_us = house.clock.fetch_add(MINUTE, Ordering::SeqCst) + MINUTE / 2;
    write(vault, vec![Write::put(name("Observation", "both"), observation("a", 2))]).await;
    write(vault, vec![Write::put(name("Observation", "o"), observation("a", 3))]).await;
    write(vault, vec![Write::put(name("Observation", "first"), observation("a", 2))]).await;
    // As the log tells of a destruction.
    let told = "destruction d-1 carried out: 2 documents in 4 versions, 0 keys";
    let _ = vault.note(&importer(), Action::Administer, Outcome::Done, told).await.unwrap();
    let (Finished { vault, compared, point }, _dir) = brought_back(house, to_us, |store, change| {
        // Second version of the one, first of the other: in commit order before the last three.
        let rows = store.versions(change.part, 0, 100).unwrap();
        change.erase = rows.iter().rev().skip(3).take(2).map(|row| row.rid).collect();
        // And all of the person who is only spoken of.
        let other = rows.iter().filter(|row| &*row.kind == "Patient").nth(1).unwrap().subject.unwrap();
        change.erase.extend(store.subject_versions(change.part, other).unwrap());
        change.drop_subjects.push(other);
    })
    .await;
    let point = point.unwrap();
    assert_eq!((point.changed, point.made, point.gone, point.left), (0, 0, 0, 3), "{point:?}");
    assert_eq!(compared.unlike, None);
    assert_eq!(versions(&vault, "Observation", "o").await, [(3, false, json!(3)), (1, false, json!(1))]);
    assert_eq!(versions(&vault, "Observation", "first").await, [(2, false, json!(2))]);
    let both = vault.read(&importer(), &name("Observation", "both"), At::Current).await.unwrap();
    assert_eq!((both.value().version, &both.value().body["also"]), (2, &Value::Null));
    let nobody = vault.read(&importer(), &name("Patient", "b"), At::Current).await.unwrap_err();
    assert!(matches!(nobody.denial(), Denial::NotFound));
}
