// Large bodies, included once for each suite behind `cases.rs`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tacebo_vault::{Comparison, Meant, Unlike};

/// A text that packs to more than a row takes, and to more than is kept in memory.
fn large(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut words = format!("很长的病程记录 {seed} ");
    while words.len() < 1 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        words.extend([format!("{state:016x}")]);
    }
    words
}

async fn put(vault: &Vault, id: &str, of: &str, note: &str) {
    let body = json!({"resourceType": "Observation", "of": of, "note": note});
    let _ = vault.write(&importer(), vec![Write::put(DocRef::new("Observation", id), body)]).await.unwrap();
}

async fn note(vault: &Vault, id: &str, at: At) -> Result<String, String> {
    let read = vault.read(&doctor(), &DocRef::new("Observation", id), at).await;
    read.map(|read| read.value().body["note"].as_str().unwrap().to_owned()).map_err(|refused| text(refused.denial()))
}

/// Every object, by its file.
fn objects(dir: &std::path::Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.join("data/blobs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(path).unwrap());
            }
        }
    }
    found
}

async fn compare(vault: &Vault) -> Comparison {
    vault.compare(&importer(), Duration::ZERO).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_lies_as_an_object_that_tells_nothing_and_comes_back_as_it_was() {
    let house = house().await;
    load(&house.vault, "a", Some("Practitioner/li")).await;
    assert!(objects(house.dir.path()).is_empty(), "small bodies lie in their rows");
    let (first, second) = (large(1), large(2));
    put(&house.vault, "o-a", "a", &first).await;
    put(&house.vault, "o-a", "a", &second).await;
    assert_eq!(note(&house.vault, "o-a", At::Current).await.unwrap(), second);
    assert_eq!(note(&house.vault, "o-a", At::Version(2)).await.unwrap(), first);
    let lie = objects(house.dir.path());
    assert_eq!(lie.len(), 2);
    for (path, bytes) in &lie {
        assert!(bytes.len() > 400 << 10, "{}", bytes.len());
        for needle in ["很长的病程记录", "Observation", first.get(50..82).unwrap()] {
            let seen = |bytes: &[u8]| bytes.windows(needle.len()).any(|w| w == needle.as_bytes());
            assert!(!seen(bytes) && !path.to_string_lossy().contains(needle), "{needle}");
        }
    }
    let found = compare(&house.vault).await;
    assert_eq!((found.unlike, found.orphans), (None, Some(0)));
    let House { vault, dir, clock } = house;
    drop(vault);
    let database = std::fs::metadata(dir.path().join("data/store.db")).unwrap().len();
    assert!(database < 700 << 10, "the rows have it too: {database}");
    let again = Vault::open(opening(dir.path(), &clock, false)).unwrap();
    assert_eq!(note(&again, "o-a", At::Current).await.unwrap(), second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_to_an_object_is_found_and_never_read_as_something_else() {
    let house = house().await;
    load(&house.vault, "a", Some("Practitioner/li")).await;
    load(&house.vault, "b", Some("Practitioner/li")).await;
    put(&house.vault, "o-a", "a", &large(1)).await;
    let first: Vec<PathBuf> = objects(house.dir.path()).into_keys().collect();
    put(&house.vault, "o-a", "a", &large(2)).await;
    let both: Vec<PathBuf> = objects(house.dir.path()).into_keys().collect();
    put(&house.vault, "o-b", "b", &large(3)).await;
    let lie = objects(house.dir.path());
    let older = &first[0];
    let newer = both.iter().find(|path| *path != older).unwrap();
    let others = lie.keys().find(|path| !both.contains(path)).unwrap();
    let good = lie[newer].clone();
    let chunk = 60 + 16_400;
    let mut flipped = good.clone();
    flipped[chunk + 5] ^= 1;
    let swapped_chunks =
        [&good[..60], &good[chunk..chunk + 16_400], &good[60..chunk], &good[chunk + 16_400..]].concat();
    let done: [(&str, Option<Vec<u8>>); 8] = [
        ("a bit flipped", Some(flipped)),
        ("the last chunk cut off", Some(good[..60 + (good.len() - 60) / 16_400 * 16_400].to_vec())),
        ("all but the head cut off", Some(good[..60].to_vec())),
        ("two chunks swapped", Some(swapped_chunks)),
        ("the older version's object", Some(lie[older].clone())),
        ("another person's object", Some(lie[others].clone())),
        ("something behind it", Some([&good[..], b"x"].concat())),
        ("removed", None),
    ];
    for (what, bytes) in done {
        match &bytes {
            Some(bytes) => std::fs::write(newer, bytes).unwrap(),
            None => std::fs::remove_file(newer).unwrap(),
        }
        let said = note(&house.vault, "o-a", At::Current).await.unwrap_err();
        assert!(said.contains("does not open"), "{what}: {said}");
        let found = compare(&house.vault).await.unlike;
        let named = match bytes {
            Some(_) => matches!(&found, Some(Unlike::BlobChanged { kind, .. }) if kind == "Observation"),
            None => matches!(&found, Some(Unlike::BlobMissing { kind, .. }) if kind == "Observation"),
        };
        assert!(named, "{what}: {found:?}");
        // All else is served.
        assert_eq!(note(&house.vault, "o-a", At::Version(2)).await.unwrap(), large(1), "{what}");
        assert_eq!(note(&house.vault, "o-b", At::Current).await.unwrap(), large(3), "{what}");
    }
    std::fs::write(newer, &good).unwrap();
    assert_eq!(compare(&house.vault).await.unlike, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_keys_seal_objects_anew_and_leave_none_of_before() {
    let house = house().await;
    load(&house.vault, "a", Some("Practitioner/li")).await;
    load(&house.vault, "b", Some("Practitioner/li")).await;
    for (id, of, seed) in [("o-a", "a", 1), ("o-a", "a", 2), ("o-b", "b", 3)] {
        put(&house.vault, id, of, &large(seed)).await;
    }
    let before = objects(house.dir.path());
    let officer = ask(who("ye", 11, PersonKind::Staff, &[Role::PrivacyOfficer]), Purpose::Compliance);
    let whom = Meant::from(PatientId::new("a"));
    let renewed = house.vault.renew_keys(&officer, &whom).await.unwrap();
    assert!(*renewed.value() >= 4);
    let after = objects(house.dir.path());
    assert_eq!((before.len(), after.len()), (3, 3));
    let kept: Vec<_> = before.iter().filter(|(path, bytes)| after.get(*path) == Some(bytes)).collect();
    assert_eq!(kept.len(), 1, "those of the other person stay");
    assert_eq!(note(&house.vault, "o-a", At::Current).await.unwrap(), large(2));
    assert_eq!(note(&house.vault, "o-a", At::Version(2)).await.unwrap(), large(1));
    assert_eq!(note(&house.vault, "o-b", At::Current).await.unwrap(), large(3));
    assert_eq!(compare(&house.vault).await.unlike, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_writer_left_is_swept_after_a_day_and_nothing_else() {
    let house = house().await;
    load(&house.vault, "a", Some("Practitioner/li")).await;
    put(&house.vault, "o-a", "a", &large(1)).await;
    let (named, bytes) = objects(house.dir.path()).pop_first().unwrap();
    let left = |name: &str, age: Duration| {
        let folder = named.parent().unwrap().with_file_name(name.get(..2).unwrap());
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, &bytes).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        path
    };
    let hour = Duration::from_hours(1);
    let old = left("00000000000000000000000000000001", 25 * hour);
    let half = left("00000000000000000000000000000003#1", 25 * hour);
    let young = left("00000000000000000000000000000002", 23 * hour);
    std::fs::File::options().write(true).open(&named).unwrap().set_modified(SystemTime::now() - 100 * hour).unwrap();
    let found = compare(&house.vault).await;
    assert_eq!((found.unlike, found.orphans), (None, Some(1)));
    assert_eq!(house.vault.sweep_blobs().await.unwrap().orphans, 1);
    assert!(!old.exists() && !half.exists() && young.exists() && named.exists());
    assert_eq!(compare(&house.vault).await.orphans, Some(0));
    assert_eq!(note(&house.vault, "o-a", At::Current).await.unwrap(), large(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_large_can_be_written_small_things_go_on_and_no_entry_tells_of_what_was_not_done() {
    let house = house().await;
    load(&house.vault, "a", Some("Practitioner/li")).await;
    // A file where the folder would have to be.
    std::fs::write(house.dir.path().join("data/blobs"), b"").unwrap();
    let before = house.vault.log_state().unwrap().0;
    let body = json!({"resourceType": "Observation", "of": "a", "note": large(1)});
    let writes = vec![
        Write::put(DocRef::new("Observation", "small"), json!({"resourceType": "Observation", "of": "a", "note": "x"})),
        Write::put(DocRef::new("Observation", "o-a"), body),
    ];
    let refused = house.vault.write(&importer(), writes).await.unwrap_err();
    assert!(text(refused.denial()).contains("large documents"), "{refused:?}");
    assert_eq!(house.vault.log_state().unwrap().0, before);
    assert!(note(&house.vault, "small", At::Current).await.is_err(), "half of a change is there");
    put(&house.vault, "small", "a", "y").await;
    assert_eq!(note(&house.vault, "small", At::Current).await.unwrap(), "y");
    std::fs::remove_file(house.dir.path().join("data/blobs")).unwrap();
    put(&house.vault, "o-a", "a", &large(1)).await;
    assert_eq!(note(&house.vault, "o-a", At::Current).await.unwrap(), large(1));
}
