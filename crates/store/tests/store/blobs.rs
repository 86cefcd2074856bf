//! What every engine must do with blobs, in a folder and in a bucket.

use std::{collections::BTreeSet, time::Duration};

use tacebo_objects::{Name, Objects, Patience};
use tacebo_store::{
    Blob, BlobHold, BlobWrite, Change, CommitError, DocumentWrite, GRACE, NewBlob, Reseal, Rid, Store, StoreError,
};
use tacebo_testbed::{Fault, S3Faults};

use crate::harness::{BUCKETS, Home, PART, World, bucket, change, document, entry, id, of};

fn bytes(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|n| seed.wrapping_mul(31).wrapping_add(u8::try_from(n % 251).unwrap())).collect()
}

/// Puts one and gives what a change names.
fn put(store: &Store, bytes: Vec<u8>) -> (Blob, BlobHold) {
    let new = NewBlob::new(bytes).unwrap();
    let blob = new.blob();
    (blob, store.put_blobs(PART, vec![new]).unwrap())
}

fn with(document: DocumentWrite, blob: Blob) -> Change {
    Change { blobs: vec![BlobWrite { document: 0, blob }], entries: vec![entry(1)], ..of(vec![document]) }
}

/// A version with a blob, committed.
async fn written(store: &Store, no: u64, bytes: Vec<u8>) -> (Rid, Blob) {
    let (blob, hold) = put(store, bytes);
    let done = store.commit_holding(with(document("A", no, 1), blob), Box::new(hold)).await.unwrap();
    (done.first_rid, blob)
}

fn listed(objects: &Objects) -> BTreeSet<Name> {
    objects.list("").map(|one| one.unwrap().name).collect()
}

fn named(blob: &Blob) -> Name {
    let hex = blob.name.hex();
    format!("0007/{}/{hex}", &hex[..2]).parse().unwrap()
}

async fn a_blob_comes_with_its_version_and_comes_back_as_it_was(home: Home) {
    let world = World::default();
    let store = world.store(&home).await;
    let (first, second) = (bytes(1, 100_000), bytes(2, 70_001));
    let (one, hold_one) = put(&store, first.clone());
    let (two, hold_two) = put(&store, second.clone());
    let change = Change {
        blobs: vec![BlobWrite { document: 2, blob: two }, BlobWrite { document: 0, blob: one }],
        ..of(vec![document("A", 1, 1), document("A", 2, 1), document("A", 1, 2)])
    };
    store.commit_holding(change, Box::new((hold_one, hold_two))).await.unwrap();
    drop(store);
    let store = world.store(&home).await;
    assert_eq!(store.blobs_of(PART, &[3, 2, 1, 9]).unwrap(), [Some(two), None, Some(one), None]);
    assert_eq!(store.read_blob(PART, &one).unwrap(), first);
    assert_eq!(store.read_blob(PART, &two).unwrap(), second);
    assert_eq!(store.blob_bytes(PART).unwrap(), (2, 170_001));
    assert_eq!(listed(home.objects()), [named(&one), named(&two)].into());
}

async fn only_what_was_put_can_be_named_and_once(home: Home) {
    let store = World::default().store(&home).await;
    let never = NewBlob::new(bytes(1, 10)).unwrap().blob();
    let (blob, hold) = put(&store, bytes(2, 10));
    let twice = vec![BlobWrite { document: 0, blob }, BlobWrite { document: 0, blob: never }];
    let nobodys = vec![BlobWrite { document: 1, blob }];
    for blobs in [twice, nobodys, vec![BlobWrite { document: 0, blob: never }]] {
        let refused = store.commit(Change { blobs, ..of(vec![document("A", 1, 1)]) }).await.unwrap_err();
        assert!(matches!(refused, CommitError::Malformed(_)), "{refused}");
    }
    assert_eq!(store.head(PART).unwrap(), 0);
    store.commit(with(document("A", 1, 1), blob)).await.unwrap();
    let again = store.commit(with(document("A", 2, 1), blob)).await.unwrap_err();
    assert!(matches!(again, CommitError::Malformed(_)), "{again}");
    let (late, released) = put(&store, bytes(3, 10));
    drop((hold, released));
    let late = store.commit(with(document("A", 2, 1), late)).await.unwrap_err();
    assert!(matches!(late, CommitError::Malformed(_)), "{late}");
    assert_eq!((store.head(PART).unwrap(), store.blob_bytes(PART).unwrap()), (1, (1, 10)));
}

async fn an_object_that_nothing_names_is_swept_when_it_is_old_and_nothing_else_is(home: Home) {
    let store = World::default().store(&home).await;
    let (_, kept) = written(&store, 1, bytes(1, 5000)).await;
    // One whose commit failed, one whose writer was killed, one on its way.
    let (failed, hold) = put(&store, bytes(2, 5000));
    store.commit_holding(with(document("A", 1, 7), failed), Box::new(hold)).await.unwrap_err();
    let (left, _) = put(&store, bytes(3, 5000));
    let (underway, hold) = put(&store, bytes(4, 5000));
    // What others put there is theirs.
    let foreign: Name = "0007/notes/read-me".parse().unwrap();
    home.objects().put(&foreign, b"x".to_vec()).unwrap();
    let all: BTreeSet<_> = [&kept, &failed, &left, &underway].map(named).into_iter().chain([foreign.clone()]).collect();
    let young = store.sweep_blobs(PART, Duration::ZERO).unwrap();
    assert_eq!((young.orphans, store.orphans(PART, GRACE).unwrap()), (0, 0));
    assert_eq!(listed(home.objects()), all);
    let swept = store.sweep_blobs_now(PART).unwrap();
    assert_eq!((swept.orphans, swept.kept), (2, 2));
    assert_eq!(listed(home.objects()), [named(&kept), named(&underway), foreign].into());
    store.commit_holding(with(document("A", 2, 1), underway), Box::new(hold)).await.unwrap();
    assert_eq!(store.sweep_blobs_now(PART).unwrap().orphans, 0);
    assert_eq!(store.read_blob(PART, &underway).unwrap(), bytes(4, 5000));
}

async fn what_is_erased_or_sealed_anew_loses_its_object(home: Home) {
    let store = World::default().store(&home).await;
    let (erased, gone) = written(&store, 1, bytes(1, 5000)).await;
    let (anew, old) = written(&store, 2, bytes(2, 5000)).await;
    let (shrunk, shrunk_old) = written(&store, 3, bytes(3, 5000)).await;
    let (stays, other) = written(&store, 4, bytes(4, 5000)).await;
    let (new, hold) = put(&store, bytes(5, 6000));
    let reseal = |rid, blob| Reseal { rid, index: b"i".to_vec(), body: b"b".to_vec(), blob };
    let change = Change {
        erase: vec![erased],
        reseal: vec![reseal(anew, Some(new)), reseal(shrunk, None)],
        entries: vec![entry(5)],
        ..change()
    };
    store.commit_holding(change, Box::new(hold)).await.unwrap();
    assert_eq!(store.blobs_of(PART, &[erased, anew, shrunk, stays]).unwrap(), [None, Some(new), None, Some(other)]);
    // The objects are still there, and remembered.
    assert_eq!(listed(home.objects()).len(), 5);
    assert_eq!(store.clear_gone_blobs(PART).await.unwrap(), 3);
    assert_eq!(store.clear_gone_blobs(PART).await.unwrap(), 0);
    assert_eq!(listed(home.objects()), [named(&new), named(&other)].into());
    for blob in [gone, old, shrunk_old] {
        assert!(matches!(store.read_blob(PART, &blob), Err(StoreError::BlobMissing)));
    }
}

async fn a_missing_cut_changed_or_swapped_object_is_named_and_never_read(home: Home) {
    let store = World::default().store(&home).await;
    let objects = home.objects();
    let (_, one) = written(&store, 1, bytes(1, 40_000)).await;
    let (_, two) = written(&store, 2, bytes(2, 40_000)).await;
    let lie = |blob: &Blob, bytes: Vec<u8>| {
        objects.delete(&named(blob)).unwrap();
        objects.put(&named(blob), bytes).unwrap();
    };
    let good = bytes(1, 40_000);
    let mut flipped = good.clone();
    flipped[20_000] ^= 1;
    let longer = [good.clone(), vec![0]].concat();
    for wrong in [bytes(2, 40_000), good[..39_999].to_vec(), Vec::new(), flipped, longer] {
        lie(&one, wrong);
        assert!(matches!(store.read_blob(PART, &one), Err(StoreError::BlobChanged)));
    }
    lie(&one, good.clone());
    assert_eq!(store.read_blob(PART, &one).unwrap(), good);
    objects.delete(&named(&two)).unwrap();
    assert!(matches!(store.read_blob(PART, &two), Err(StoreError::BlobMissing)));
}

/// Changes that wait together share a transaction; each blob goes to its own version.
async fn of_many_writers_each_gets_its_own_blob(home: Home) {
    let store = World::default().store(&home).await;
    let tasks: Vec<_> = (1..=12_u8)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let body = bytes(n, 1000 + usize::from(n));
                if n % 3 == 0 {
                    store.commit(of(vec![document("A", n.into(), 1)])).await.unwrap();
                    None
                } else {
                    let (rid, blob) = written(&store, n.into(), body).await;
                    Some((rid, blob))
                }
            })
        })
        .collect();
    for (n, task) in (1..=12_u8).zip(tasks) {
        let rid = store_rid(&store, n.into(), task.await.unwrap());
        assert_eq!(store.rows(PART, &[rid.0]).unwrap()[0].id, id(n.into()));
        assert_eq!(store.blobs_of(PART, &[rid.0]).unwrap(), [rid.1]);
    }
    assert_eq!(store.blob_bytes(PART).unwrap().0, 8);
}

fn store_rid(store: &Store, no: u64, told: Option<(Rid, Blob)>) -> (Rid, Option<Blob>) {
    match told {
        Some((rid, blob)) => (rid, Some(blob)),
        None => (store.current_rid(PART, "A", &id(no)).unwrap().unwrap(), None),
    }
}

macro_rules! suite {
    ($name:ident, $home:expr) => {
        mod $name {
            use super::Home;

            tests! { (flavor = "current_thread") $home =>
                a_blob_comes_with_its_version_and_comes_back_as_it_was,
                only_what_was_put_can_be_named_and_once,
                an_object_that_nothing_names_is_swept_when_it_is_old_and_nothing_else_is,
                what_is_erased_or_sealed_anew_loses_its_object,
                a_missing_cut_changed_or_swapped_object_is_named_and_never_read,
            }
            tests! { (flavor = "multi_thread", worker_threads = 2) $home =>
                of_many_writers_each_gets_its_own_blob,
            }
        }
    };
}
macro_rules! tests {
    ($runtime:tt $home:expr => $($name:ident,)*) => {
        $(
            #[tokio::test $runtime]
            async fn $name() {
                super::$name($home).await;
            }
        )*
    };
}

suite!(sqlite_and_a_folder, Home::folder().with_folder());
suite!(sqlite_and_a_bucket, Home::folder().with_bucket());
suite!(postgres_and_a_folder, Home::postgres().with_folder());
suite!(postgres_and_a_bucket, Home::postgres().with_bucket());
suite!(pgbouncer_and_a_folder, Home::pgbouncer().with_folder());
suite!(pgbouncer_and_a_bucket, Home::pgbouncer().with_bucket());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_bucket_is_away_nothing_big_is_written_and_small_things_go_on() {
    let line = S3Faults::start(BUCKETS.port());
    let mut at = bucket(&line.endpoint());
    at.patience = Patience { answer: Duration::from_secs(2), again: 1, ..Patience::default() };
    let objects = Objects::open(&tacebo_objects::At::S3(Box::new(at))).unwrap();
    let store = World::default().store(&Home::folder().with_objects(&objects)).await;
    let (rid, blob) = written(&store, 1, bytes(1, 5000)).await;
    line.fail("", Fault::Refused, 1000);
    let away = |done: Result<(), StoreError>| {
        assert!(matches!(&done, Err(StoreError::Objects(error)) if error.is_passing()), "{done:?}");
    };
    away(store.put_blobs(PART, vec![NewBlob::new(bytes(2, 5000)).unwrap()]).map(drop));
    away(store.read_blob(PART, &blob).map(drop));
    away(store.sweep_blobs_now(PART).map(drop));
    store.commit(Change { erase: vec![rid], ..of(vec![document("A", 2, 1)]) }).await.unwrap();
    away(store.clear_gone_blobs(PART).await.map(drop));
    assert_eq!(store.blobs_of(PART, &[1, 2]).unwrap(), [None, None]);
    line.heal();
    // What could not be removed is remembered.
    assert_eq!(store.clear_gone_blobs(PART).await.unwrap(), 1);
    assert!(matches!(store.read_blob(PART, &blob), Err(StoreError::BlobMissing)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_bytes_on_the_line_are_never_taken_for_the_blob() {
    let line = S3Faults::start(BUCKETS.port());
    let mut at = bucket(&line.endpoint());
    at.patience = Patience { again: 0, ..Patience::default() };
    let objects = Objects::open(&tacebo_objects::At::S3(Box::new(at))).unwrap();
    let store = World::default().store(&Home::folder().with_objects(&objects)).await;
    let (_, blob) = written(&store, 1, bytes(1, 50_000)).await;
    line.fail("GET", Fault::Flipped, 1);
    assert!(matches!(store.read_blob(PART, &blob), Err(StoreError::BlobChanged)));
    line.fail("GET", Fault::Cut, 100);
    assert!(matches!(store.read_blob(PART, &blob), Err(StoreError::Objects(_))));
    line.heal();
    assert_eq!(store.read_blob(PART, &blob).unwrap(), bytes(1, 50_000));
}

#[tokio::test]
async fn a_database_without_a_place_for_blobs_says_so() {
    let store = World::default().store(&Home::postgres()).await;
    let done = store.put_blobs(PART, vec![NewBlob::new(bytes(1, 10)).unwrap()]);
    assert!(matches!(done, Err(StoreError::NoObjects)));
    assert!(store.put_blobs(PART, Vec::new()).is_ok());
}
