//! What every engine of the store must do, through the public API only. Each test runs on SQLite, on PostgreSQL, and on
//! PostgreSQL behind PgBouncer.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use crate::harness::{Home, ORIGIN, PART, World, change, document, entry, guard, id, key, of, term};
use proptest::{prelude::*, test_runner::TestRunner};
use tacebo_ledger::{LogKey, audit, inclusion_proof, verify_inclusion};
use tacebo_store::{
    BucketRow, CURRENT, Category, Change, CheckpointWrite, CommitError, DocumentWrite, EntryQuery, EntryWrite,
    IndexRow, Integrity, KeyDrop, KeyRow, PartNo, Reseal, Reterm, Rid, Store, StoreError, SubjectNo,
};

fn rids(rows: &[IndexRow]) -> Vec<Rid> {
    rows.iter().map(|r| r.rid).collect()
}

/// What of a row never changes afterwards.
fn frozen(rows: &[IndexRow]) -> Vec<(Rid, u64, Vec<u8>)> {
    rows.iter().map(|r| (r.rid, r.version, r.index.clone())).collect()
}

async fn a_version_must_follow_the_stored_one(home: Home) {
    let store = World::default().store(&home).await;
    for (version, current) in [(0, 0), (2, 0), (u64::MAX, 0)] {
        let refused = store.commit(of(vec![document("A", 1, version)])).await.unwrap_err();
        assert_eq!(refused, CommitError::VersionMismatch { kind: "A".to_owned(), id: id(1), current });
    }
    store.commit(of(vec![document("A", 1, 1)])).await.unwrap();
    let refused = store.commit(of(vec![document("A", 1, 1)])).await.unwrap_err();
    assert_eq!(refused, CommitError::VersionMismatch { kind: "A".to_owned(), id: id(1), current: 1 });
    // The same name in another kind, or another part, is another document.
    store.commit(of(vec![document("B", 1, 1)])).await.unwrap();
    store.create_part(PartNo(8), "log.example/eight").await.unwrap();
    let other = Change { part: PartNo(8), ..of(vec![document("A", 1, 1)]) };
    assert_eq!(store.commit(other).await.unwrap().first_rid, 1);
}

async fn two_versions_of_one_document_may_come_in_one_change(home: Home) {
    let store = World::default().store(&home).await;
    let done = store.commit(of(vec![document("A", 1, 1), document("A", 1, 2)])).await.unwrap();
    assert_eq!(done.first_rid, 1);
    assert_eq!(store.current_rid(PART, "A", &id(1)).unwrap(), Some(2));
    assert_eq!(store.version_rid(PART, "A", &id(1), 1).unwrap(), Some(1));
    assert_eq!(store.version_rid(PART, "A", &id(1), 3).unwrap(), None);
    let names = [("B", id(1)), ("A", id(1)), ("A", id(2))];
    assert_eq!(store.current_rids(PART, &names).unwrap(), [None, Some(2), None]);
    let rows = store.rows(PART, &[2, 1]).unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.rid, row.version, row.until)).collect();
    assert_eq!(told, [(2, 2, CURRENT), (1, 1, 2)]);
    assert!(matches!(store.rows(PART, &[2, 3]), Err(StoreError::Damaged(_))));
    assert_eq!(rids(&store.history(PART, "A", &id(1), None, None, 9).unwrap()), [2, 1]);
    assert_eq!(rids(&store.history(PART, "A", &id(1), Some(1), None, 9).unwrap()), [1]);
    assert_eq!(rids(&store.history(PART, "A", &id(1), None, Some(2), 9).unwrap()), [1]);
    assert_eq!(store.bodies(PART, &[2, 1]).unwrap(), [b"body A 1 2".to_vec(), b"body A 1 1".to_vec()]);
    assert!(matches!(store.bodies(PART, &[3]), Err(StoreError::Damaged(_))));
}

async fn of_fifty_guarded_creates_one_wins(home: Home) {
    let store = World::default().store(&home).await;
    let seen = store.head(PART).unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let store = store.clone();
            let create = Change { guards: vec![guard(1, seen)], ..of(vec![document("A", n, 1)]) };
            tokio::spawn(async move { store.commit(create).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(e) => assert_eq!(e, CommitError::Conflict { term: term(1), touched: 1 }),
        }
    }
    assert_eq!((won, store.head(PART).unwrap()), (1, 1));
}

async fn a_guard_sees_documents_that_were_written_without_one(home: Home) {
    let store = World::default().store(&home).await;
    let seen = store.head(PART).unwrap();
    let mut unguarded = document("A", 1, 1);
    unguarded.terms = vec![term(1)];
    store.commit(of(vec![unguarded])).await.unwrap();
    let late = |seen| Change { guards: vec![guard(1, seen)], ..of(vec![document("A", 2, 1)]) };
    let refused = store.commit(late(seen)).await.unwrap_err();
    assert_eq!(refused, CommitError::Conflict { term: term(1), touched: 1 });
    store.commit(late(store.head(PART).unwrap())).await.unwrap();
    let nothing_to_stamp = Change { guards: vec![guard(1, 9)], ..change() };
    assert!(matches!(store.commit(nothing_to_stamp).await, Err(CommitError::Malformed(_))));
}

async fn a_bad_change_fails_alone_in_its_group(home: Home) {
    let world = World::default();
    let store = world.store(&home).await;
    world.transactions.store(0, Ordering::SeqCst);
    world.shut();
    let mut tasks = Vec::new();
    for n in 0..34 {
        // The first holds the writer at the gate; number 20 writes half of itself before it fails.
        let mut one = of(vec![document("A", n, 1), document("A", if n == 20 { 5 } else { n + 100 }, 1)]);
        one.entries = vec![entry(n)];
        one.meta = vec![(format!("m{n}"), vec![1])];
        let store = store.clone();
        tasks.push(tokio::spawn(async move { store.commit(one).await }));
        tokio::task::yield_now().await;
    }
    world.open_gate();
    let mut indices = BTreeSet::new();
    for (n, task) in (0..).zip(tasks) {
        match task.await.unwrap() {
            Ok(done) => {
                assert_ne!(n, 20);
                assert_eq!(done.receipts.len(), 1);
                indices.insert(done.receipts[0].index());
            }
            Err(e) => {
                assert_eq!(n, 20);
                assert_eq!(e, CommitError::VersionMismatch { kind: "A".to_owned(), id: id(5), current: 1 });
            }
        }
    }
    assert!(world.transactions.load(Ordering::SeqCst) <= 2, "the changes did not share a transaction");
    assert!(indices.into_iter().eq(0..33));
    assert_eq!(store.head(PART).unwrap(), 66);
    assert!(store.current_rid(PART, "A", &id(20)).unwrap().is_none());
    assert!(store.meta(PART, "m20").unwrap().is_none());
    assert_eq!(store.metas(PART, "m").unwrap().len(), 33);
}

async fn a_full_queue_is_busy_and_nothing_of_the_change_is_kept(home: Home) {
    let world = World::default();
    let mut options = world.options();
    (options.queue, options.group_changes, options.busy_after) = (1, 1, Duration::from_millis(1));
    let store = Store::open(home.at(), options).unwrap();
    store.create_part(PART, ORIGIN).await.unwrap();
    world.shut();
    let mut tasks = Vec::new();
    for n in 0..3 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move { store.commit(of(vec![document("A", n, 1)])).await }));
    }
    // One at the gate, one in the queue at most: of three, at least one finds no place.
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.open_gate();
    let mut busy = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => {}
            Err(e) => {
                assert_eq!(e, CommitError::Busy);
                busy += 1;
            }
        }
    }
    assert!(busy >= 1);
    assert_eq!(store.head(PART).unwrap(), 3 - busy);
}

async fn rids_and_log_places_have_no_gaps_under_concurrency(home: Home) {
    let store = World::default().store(&home).await;
    let second = PartNo(9);
    store.create_part(second, "log.example/nine").await.unwrap();
    let tasks: Vec<_> = (0..12_u64)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                for n in 0..20_u64 {
                    let no = task * 1000 + n * 10;
                    let mut one = Change::new(if n % 4 == 0 { second } else { PART });
                    one.documents = (0..n % 3).map(|i| document("A", no + i, 1)).collect();
                    one.entries = (0..n % 4).map(|i| entry(no + i)).collect();
                    if n % 5 == 0 {
                        one.documents.push(document("A", no, 7)); // fails
                    }
                    let (part, documents) = (one.part, one.documents.len());
                    if let Ok(committed) = store.commit(one).await {
                        done.push((part, documents, committed));
                    }
                }
                done
            })
        })
        .collect();
    let mut seen = std::collections::BTreeMap::<PartNo, (Vec<Rid>, Vec<u64>, Vec<i64>)>::new();
    for task in tasks {
        for (part, documents, committed) in task.await.unwrap() {
            let (rids, places, times) = seen.entry(part).or_default();
            rids.extend((committed.first_rid..).take(documents));
            places.extend(committed.receipts.iter().map(tacebo_store::Receipt::index));
            times.push(committed.time_us);
        }
    }
    assert_eq!(seen.len(), 2);
    for (part, (mut rids, mut places, mut times)) in seen {
        rids.sort_unstable();
        places.sort_unstable();
        times.sort_unstable();
        assert!(rids.iter().copied().eq(1..=store.head(part).unwrap()));
        assert_eq!(store.kind_rids(part, "A", 10_000).unwrap(), rids);
        assert!(places.iter().copied().eq(0..store.log_head(part).unwrap().unwrap().size));
        let entries = store.entries(part, &EntryQuery { limit: 10_000, ..EntryQuery::default() }).unwrap();
        assert!(entries.iter().rev().map(|e| e.index).eq(places));
        assert!(times.windows(2).all(|w| w[0] < w[1]), "two commits at one time");
    }
}

async fn reopening_finds_everything_and_goes_on(home: Home) {
    let world = World::default();
    let store = world.store(&home).await;
    let log_key = LogKey::from_bytes(ORIGIN, &[3; 32]).unwrap();
    for n in 0..300 {
        let mut one = of(vec![document("A", n, 1)]);
        one.entries = vec![entry(n)];
        one.keys = vec![key(n, 1, 1)];
        one.subjects = vec![(id(n), SubjectNo(n))];
        store.commit(one).await.unwrap();
    }
    let head = store.log_head(PART).unwrap().unwrap();
    let note = log_key
        .sign(&tacebo_ledger::Checkpoint { origin: ORIGIN.to_owned(), size: head.size, root: head.root })
        .unwrap();
    let kept = Change { checkpoint: Some(CheckpointWrite { size: head.size, note: note.clone() }), ..change() };
    store.commit(kept).await.unwrap();
    drop(store);

    let store = Store::open(home.at(), world.options()).unwrap();
    assert_eq!(store.parts().unwrap(), [PART]);
    assert_eq!(store.head(PART).unwrap(), 300);
    let after = store.log_head(PART).unwrap().unwrap();
    assert_eq!((after.size, after.root, after.checkpoint), (300, head.root, 1));
    assert_eq!(store.last_checkpoint(PART).unwrap().unwrap().note, note);
    assert_eq!(store.checkpoint_covering(PART, 299).unwrap().unwrap().seq, 1);
    assert!(store.checkpoint_covering(PART, 300).unwrap().is_none());
    let last = store.current_rid(PART, "A", &id(299)).unwrap().unwrap();
    assert_eq!(store.bodies(PART, &[last]).unwrap(), [b"body A 299 1"]);
    assert_eq!(store.subject_of(PART, &id(5)).unwrap(), Some(SubjectNo(5)));
    assert_eq!(store.keys_of(PART, SubjectNo(5)).unwrap(), [key(5, 1, 1)]);
    let counts = store.counts(PART).unwrap();
    assert_eq!((counts.versions, counts.entries, counts.subjects, counts.keys), (300, 300, 300, 300));
    let more = Change { entries: vec![entry(300)], ..of(vec![document("B", 1, 1)]) };
    let done = store.commit(more).await.unwrap();
    assert_eq!((done.first_rid, done.receipts[0].index(), done.receipts[0].origin()), (301, 300, ORIGIN));
    assert!(matches!(store.create_part(PART, "log.example/other").await, Err(StoreError::Origin(7))));
}

async fn time_moves_on_when_the_clock_is_set_back(home: Home) {
    let world = World::default();
    let store = world.store(&home).await;
    let mut last = 0_i64;
    for now in [1_000, 5_000, 2_000, 5_000, 0, i64::from(u32::MAX), 7] {
        world.now.store(now, Ordering::SeqCst);
        let one = Change { entries: vec![entry(1)], ..of(vec![document("A", last.unsigned_abs() + 10, 1)]) };
        let done = store.commit(one).await.unwrap();
        assert!(done.time_us > last && done.time_us >= now);
        assert_eq!(done.receipts[0].time_us(), done.time_us);
        last = done.time_us;
    }
    drop(store);
    let store = world.store(&home).await;
    assert!(store.commit(of(vec![document("B", 1, 1)])).await.unwrap().time_us > last);
}

async fn a_change_to_a_part_without_a_log_is_refused(home: Home) {
    let store = World::default().store(&home).await;
    assert_eq!(store.commit(Change::new(PartNo(3))).await.unwrap_err(), CommitError::NoPart);
    assert!(matches!(store.create_part(PartNo(4096), "x").await, Err(StoreError::Part(4096))));
    assert!(matches!(store.create_part(PartNo(4), "with space").await, Err(StoreError::Log(_))));
}

async fn a_person_gets_one_number_and_a_number_one_person(home: Home) {
    let store = World::default().store(&home).await;
    let name = |n, no| Change { subjects: vec![(id(n), SubjectNo(no))], ..change() };
    store.commit(name(1, 11)).await.unwrap();
    assert_eq!(store.commit(name(1, 12)).await.unwrap_err(), CommitError::SubjectTaken { id: id(1) });
    assert_eq!(store.commit(name(2, 11)).await.unwrap_err(), CommitError::SubjectTaken { id: id(2) });
    store.commit(name(2, u64::MAX)).await.unwrap();
    assert_eq!(store.subject_of(PART, &id(2)).unwrap(), Some(SubjectNo(u64::MAX)));
    assert_eq!(store.subject_term(PART, SubjectNo(u64::MAX)).unwrap(), Some(id(2)));
    assert_eq!(store.subject_of(PART, &id(3)).unwrap(), None);
    let all = store.subjects(PART, None, 10).unwrap();
    assert_eq!(all, [(id(1), SubjectNo(11)), (id(2), SubjectNo(u64::MAX))]);
    assert_eq!(store.subjects(PART, Some(id(1)), 10).unwrap(), all[1..]);
}

async fn dropped_keys_are_gone_with_the_terms_of_what_they_sealed(home: Home) {
    let store = World::default().store(&home).await;
    let mut one = change();
    for (no, category) in [(1, 1), (2, 2)] {
        let mut sealed = document("A", no, 1);
        (sealed.subject, sealed.category, sealed.terms) = (Some(SubjectNo(1)), Category(category), vec![term(no)]);
        one.documents.push(sealed);
    }
    one.keys = vec![key(1, 1, 1), key(1, 1, 2), key(1, 2, 1), key(2, 1, 1)];
    one.buckets = vec![BucketRow { bucket: SubjectNo(1).bucket(), epoch: 1, wrapped: b"old".to_vec() }];
    store.commit(one).await.unwrap();
    assert_eq!(store.key_of(PART, SubjectNo(1), Category(1)).unwrap(), Some(key(1, 1, 2)));
    assert_eq!(store.keys_in_bucket(PART, SubjectNo(1).bucket()).unwrap().len(), 3);

    let mut shred = change();
    shred.drop_keys = vec![KeyDrop { subject: SubjectNo(1), category: Some(Category(1)) }];
    shred.buckets = vec![BucketRow { bucket: SubjectNo(1).bucket(), epoch: 2, wrapped: b"new".to_vec() }];
    shred.keys = vec![KeyRow { wrapped: b"again".to_vec(), ..key(1, 2, 1) }];
    store.commit(shred).await.unwrap();
    let left = store.keys_of(PART, SubjectNo(1)).unwrap();
    assert_eq!(
        left.iter().map(|k| (k.category, k.wrapped.as_slice())).collect::<Vec<_>>(),
        [(Category(2), &b"again"[..])]
    );
    assert_eq!(store.buckets(PART).unwrap()[0].epoch, 2);
    assert!(store.term_rids(PART, &[term(1)], 9).unwrap().is_empty());
    assert_eq!(store.term_rids(PART, &[term(2)], 9).unwrap(), [2]);

    // A new key in the place of the destroyed one: what was under it is sealed anew, and found as before.
    let mut renewed = change();
    renewed.drop_keys = vec![KeyDrop { subject: SubjectNo(1), category: Some(Category(2)) }];
    renewed.keys = vec![key(1, 2, 2)];
    store.commit(renewed).await.unwrap();
    assert_eq!(store.keys_of(PART, SubjectNo(1)).unwrap(), [key(1, 2, 2)]);
    assert_eq!(store.term_rids(PART, &[term(2)], 9).unwrap(), [2]);

    let all = Change { drop_keys: vec![KeyDrop { subject: SubjectNo(1), category: None }], ..change() };
    store.commit(all).await.unwrap();
    assert!(store.keys_of(PART, SubjectNo(1)).unwrap().is_empty());
    assert_eq!(store.keys_of(PART, SubjectNo(2)).unwrap().len(), 1);
    assert!(store.term_rids(PART, &[term(2)], 9).unwrap().is_empty());
}

async fn only_the_current_version_is_found_by_its_terms(home: Home) {
    let store = World::default().store(&home).await;
    let with = |no, version, terms: &[u64]| {
        let mut one = document("A", no, version);
        one.terms = terms.iter().map(|n| term(*n)).collect();
        one
    };
    store.commit(of(vec![with(1, 1, &[1, 2]), with(2, 1, &[1, 2, 2]), with(3, 1, &[1])])).await.unwrap();
    let found = |terms: &[u64]| {
        let terms: Vec<_> = terms.iter().map(|n| term(*n)).collect();
        store.term_rids(PART, &terms, 9).unwrap()
    };
    assert_eq!(found(&[1]), [3, 2, 1]);
    assert_eq!(found(&[1, 2]), [2, 1]);
    assert_eq!(found(&[2, 1, 3]), [] as [Rid; 0]);
    assert_eq!(found(&[]), [] as [Rid; 0]);
    assert_eq!(store.term_rids(PART, &[term(1)], 1).unwrap(), [3]);
    store.commit(of(vec![with(2, 2, &[1])])).await.unwrap();
    assert_eq!(found(&[1]), [4, 3, 1]);
    assert_eq!(found(&[1, 2]), [1]);
}

async fn the_largest_numbers_come_back_as_they_were(home: Home) {
    let store = World::default().store(&home).await;
    let subject = SubjectNo(u64::MAX);
    let mut one = change();
    let mut largest = document("A", 1, 1);
    (largest.subject, largest.category, largest.deleted) = (Some(subject), Category(u8::MAX), true);
    one.documents = vec![largest];
    let mut event = entry(1);
    (event.subject, event.actor, event.class) = (Some(subject), u64::MAX, u8::MAX);
    one.entries = vec![event];
    one.keys = vec![KeyRow { subject, category: Category(u8::MAX), generation: u32::MAX, wrapped: Vec::new() }];
    one.buckets = vec![BucketRow { bucket: u16::MAX, epoch: u32::MAX, wrapped: vec![0; 3] }];
    one.guards = vec![guard(1, i64::MAX)];
    let (key, bucket) = (one.keys[0].clone(), one.buckets[0].clone());
    store.commit(one).await.unwrap();
    let row = store.rows(PART, &[1]).unwrap().remove(0);
    assert_eq!((row.subject, row.category, row.deleted), (Some(subject), Category(u8::MAX), true));
    assert_eq!(store.subject_rids(PART, subject, &[], None).unwrap(), [1]);
    let query = EntryQuery { subject: Some(subject), class: Some(u8::MAX), limit: 9, ..EntryQuery::default() };
    let found = store.entries(PART, &query).unwrap();
    assert_eq!((found.len(), found[0].actor, found[0].class), (1, u64::MAX, u8::MAX));
    assert_eq!(store.keys_of(PART, subject).unwrap(), [key]);
    let buckets = store.buckets(PART).unwrap();
    assert_eq!(
        (buckets[0].bucket, buckets[0].epoch, &buckets[0].wrapped),
        (bucket.bucket, bucket.epoch, &bucket.wrapped)
    );
    let highest = PartNo::MAX;
    store.create_part(highest, "log.example/highest").await.unwrap();
    let other = Change { part: highest, entries: vec![entry(7)], ..change() };
    store.commit(other).await.unwrap();
    assert_eq!(store.entry(highest, 0).unwrap().unwrap().index, 0);
    assert_eq!(store.entries(PART, &EntryQuery { limit: 9, ..EntryQuery::default() }).unwrap().len(), 1);
}

async fn what_one_engine_could_not_keep_both_refuse(home: Home) {
    let store = World::default().store(&home).await;
    let note = Some(CheckpointWrite { size: 0, note: "a\0".to_owned() });
    for zero in [
        Change { meta: vec![("a\0b".to_owned(), vec![1])], ..change() },
        of(vec![document("A\0", 1, 1)]),
        Change { checkpoint: note, ..change() },
    ] {
        assert!(matches!(store.commit(zero).await, Err(CommitError::Malformed(_))));
    }
    store.commit(of(vec![document("A", 1, 1)])).await.unwrap();
}

async fn an_entry_that_is_too_long_is_refused_alone(home: Home) {
    let world = World::default();
    let store = world.store(&home).await;
    let long = |n: u64, length| Change {
        entries: vec![entry(n), EntryWrite { sealed: vec![7; length], ..entry(n + 100) }],
        ..of(vec![document("A", n, 1)])
    };
    world.shut();
    let mut tasks = Vec::new();
    for n in 0..8 {
        let (store, length) = (store.clone(), if n == 5 { (1 << 20) + 1 } else { 1 << 20 });
        tasks.push(tokio::spawn(async move { store.commit(long(n, length)).await }));
        tokio::task::yield_now().await;
    }
    world.open_gate();
    for (n, task) in (0..).zip(tasks) {
        let done = task.await.unwrap();
        let refused = matches!(done, Err(CommitError::Malformed("an entry is too long")));
        assert_eq!(refused, n == 5, "{done:?}");
        assert!(refused || done.is_ok(), "{done:?}");
    }
    assert_eq!(store.head(PART).unwrap(), 7);
    assert_eq!(store.log_head(PART).unwrap().unwrap().size, 14);
    let query = EntryQuery { limit: 20, ..EntryQuery::default() };
    let kept = store.entries(PART, &query).unwrap();
    assert_eq!(kept.iter().filter(|row| row.sealed.len() == 1 << 20).count(), 7);
}

async fn a_checkpoint_speaks_of_durable_entries_and_never_goes_back(home: Home) {
    let store = World::default().store(&home).await;
    let at = |size| Some(CheckpointWrite { size, note: "note\n".to_owned() });
    let own = Change { entries: vec![entry(1)], checkpoint: at(1), ..change() };
    assert!(matches!(store.commit(own).await, Err(CommitError::Malformed(_))));
    assert_eq!(store.log_head(PART).unwrap().unwrap().size, 0);
    store.commit(Change { entries: vec![entry(1), entry(2)], ..change() }).await.unwrap();
    store.commit(Change { checkpoint: at(2), ..change() }).await.unwrap();
    assert!(matches!(store.commit(Change { checkpoint: at(1), ..change() }).await, Err(CommitError::Malformed(_))));
    store.commit(Change { checkpoint: at(2), ..change() }).await.unwrap();
    let kept = store.checkpoints(PART, 0, 10).unwrap();
    assert_eq!(kept.iter().map(|c| (c.seq, c.size)).collect::<Vec<_>>(), [(1, 2), (2, 2)]);
    assert_eq!(store.log_head(PART).unwrap().unwrap().checkpoint, 2);
}

async fn after_a_failed_sync_nothing_works_any_more(home: Home) {
    let world = World::default();
    let store = world.store(&home).await;
    store.commit(of(vec![document("A", 1, 1)])).await.unwrap();
    world.fail_commits.store(true, Ordering::SeqCst);
    assert_eq!(store.commit(of(vec![document("A", 2, 1)])).await.unwrap_err(), CommitError::Fatal);
    assert_eq!(world.fatal.lock().unwrap().len(), 1);
    world.fail_commits.store(false, Ordering::SeqCst);
    assert_eq!(store.commit(of(vec![document("A", 3, 1)])).await.unwrap_err(), CommitError::Fatal);
    assert!(store.is_poisoned());
    assert!(matches!(store.head(PART), Err(StoreError::Poisoned)));
    assert!(matches!(store.current_rid(PART, "A", &id(1)), Err(StoreError::Poisoned)));
    assert!(matches!(store.create_part(PartNo(1), "x.example/y").await, Err(StoreError::Poisoned)));
    assert_eq!(world.fatal.lock().unwrap().len(), 1, "the hook is called once");
    drop(store);
    let store = world.store(&home).await;
    assert_eq!(store.head(PART).unwrap(), 1);
    assert_eq!(store.commit(of(vec![document("A", 2, 1)])).await.unwrap().first_rid, 2);
}

async fn the_log_of_a_busy_store_passes_the_offline_check(home: Home) {
    let store = World::default().store(&home).await;
    let log_key = LogKey::from_bytes(ORIGIN, &[3; 32]).unwrap();
    let tasks: Vec<_> = (0..6_u64)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut receipts = Vec::new();
                for n in 0..60 {
                    let entries = (0..(n + task) % 4).map(|i| entry(task * 1000 + n * 4 + i)).collect();
                    let one = Change { entries, ..of(vec![document("A", task * 1000 + n, 1)]) };
                    receipts.extend(store.commit(one).await.unwrap().receipts);
                }
                receipts
            })
        })
        .collect();
    // Meanwhile: checkpoints, as the signer makes them.
    let mut older = None;
    for _ in 0..10 {
        let head = store.log_head(PART).unwrap().unwrap();
        let tree = tacebo_ledger::Checkpoint { origin: ORIGIN.to_owned(), size: head.size, root: head.root };
        let note = log_key.sign(&tree).unwrap();
        older.get_or_insert_with(|| note.clone());
        let checkpoint = Some(CheckpointWrite { size: head.size, note });
        store.commit(Change { checkpoint, ..change() }).await.unwrap();
    }
    let mut receipts = Vec::new();
    for task in tasks {
        receipts.extend(task.await.unwrap());
    }
    let head = store.log_head(PART).unwrap().unwrap();
    assert_eq!(head.size, u64::try_from(receipts.len()).unwrap());
    for receipt in &receipts {
        let proof = inclusion_proof(&store.tiles(PART), receipt.index(), head.size).unwrap();
        verify_inclusion(&receipt.leaf(), receipt.index(), head.size, &proof, &head.root).unwrap();
        let stored = store.entry(PART, receipt.index()).unwrap().unwrap();
        assert_eq!(tacebo_ledger::Hash::leaf(&stored.entry), receipt.leaf());
        assert_eq!(stored.time_us, receipt.time_us());
    }
    let logged = store.logged(PART, 3, 9).unwrap();
    assert_eq!(logged.len(), 6);
    assert_eq!(logged[0], store.entry(PART, 3).unwrap().unwrap().entry);
    let source = store.audit_source(PART).unwrap();
    let older = older.unwrap();
    let report = audit::audit(&source, &log_key.verifier().unwrap(), &[older.as_bytes()], &mut |_| {}).unwrap();
    assert_eq!((report.size, report.root, report.checkpoints), (head.size, head.root, 10));
    assert!(!matches!(source.integrity().unwrap(), Integrity::Damaged(_)));
}

async fn entries_are_found_by_person_actor_place_and_time(home: Home) {
    let world = World::default();
    let store = world.store(&home).await;
    // The first 1,024 are in the lists, the others are not yet.
    for n in 0..1_070_u64 {
        world.now.store(i64::try_from(n * 10).unwrap(), Ordering::SeqCst);
        store.commit(Change { entries: vec![entry(n)], ..change() }).await.unwrap();
    }
    let all = store.entries(PART, &EntryQuery { limit: 9_999, ..EntryQuery::default() }).unwrap();
    assert!(all.iter().map(|e| e.index).eq((0..1_070).rev()));
    for (subject, actor, class) in [
        (None, None, None),
        (Some(1), None, None),
        (None, Some(2), None),
        (Some(4), Some(3), None),
        (Some(1), None, Some(1)),
        (None, None, Some(2)),
    ] {
        for (from, before) in [
            (None, None),
            (Some(5), None),
            (None, Some(30)),
            (Some(7), Some(29)),
            (Some(30), Some(7)),
            (Some(1_017), Some(1_026)),
            (Some(1_024), None),
            (None, Some(1_025)),
            (Some(9_000), None),
        ] {
            for by_time in [false, true] {
                let query = EntryQuery {
                    subject: subject.map(SubjectNo),
                    actor,
                    class,
                    from_index: from.filter(|_| !by_time),
                    before_index: before.filter(|_| !by_time),
                    from_us: from.filter(|_| by_time).map(|n| i64::try_from(n * 10).unwrap()),
                    before_us: before.filter(|_| by_time).map(|n| i64::try_from(n * 10).unwrap()),
                    limit: 5,
                };
                let expected = all.iter().filter(|e| {
                    subject.is_none_or(|s| e.subject == Some(SubjectNo(s)))
                        && actor.is_none_or(|a| e.actor == a)
                        && class.is_none_or(|c| e.class == c)
                        && from.is_none_or(|f| e.index >= f)
                        && before.is_none_or(|b| e.index < b)
                });
                let found = store.entries(PART, &query).unwrap();
                assert!(found.iter().eq(expected.take(5)), "{query:?}");
            }
        }
    }
    assert_eq!(store.entry(PART, 1_070).unwrap(), None);
}

/// One random write: which document, whose, tombstone or not.
fn writes() -> impl Strategy<Value = Vec<(u64, bool)>> {
    proptest::collection::vec((0..12_u64, proptest::bool::weighted(0.2)), 1..60)
}

/// Every state that a page was ever pinned to is read the same after any later writes.
fn what_was_read_as_of_a_rid_stays_so(new_home: fn() -> Home, cases: u32) {
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let outcome = runner.run(&writes(), |writes| as_of_any_rid(new_home, writes));
    assert!(outcome.is_ok(), "{outcome:?}");
}

fn as_of_any_rid(new_home: fn() -> Home, writes: Vec<(u64, bool)>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let home = new_home();
        let store = World::default().store(&home).await;
        let kinds = ["A", "B"];
        let look = |as_of: Option<Rid>| {
            let mut seen = Vec::new();
            for subject in [SubjectNo(0), SubjectNo(1)] {
                for kinds in [&[][..], &["B"], &kinds] {
                    let rids = store.subject_rids(PART, subject, kinds, as_of).unwrap();
                    seen.push(frozen(&store.rows(PART, &rids).unwrap()));
                }
            }
            for kind in kinds {
                // In pages of two.
                let (mut after, mut pages) = (0, Vec::new());
                loop {
                    let page = store.by_kind(PART, kind, after, 2, as_of).unwrap();
                    let Some(last) = page.last() else { break };
                    after = last.rid;
                    pages.extend(frozen(&page));
                }
                seen.push(pages);
                for no in 0..12 {
                    seen.push(frozen(&store.history(PART, kind, &id(no), as_of, None, 99).unwrap()));
                }
            }
            seen
        };
        let mut versions = [0_u64; 12];
        let mut states = Vec::new();
        for (no, deleted) in writes {
            let version = &mut versions[usize::try_from(no).unwrap()];
            *version += 1;
            let mut one = document(kinds[usize::from(no >= 6)], no, *version);
            (one.deleted, one.subject) = (deleted, Some(SubjectNo(no % 2)));
            let done = store.commit(of(vec![one])).await.unwrap();
            states.push((done.first_rid, look(None)));
        }
        for (rid, then) in states {
            prop_assert_eq!(then, look(Some(rid)), "as of {}", rid);
        }
        // The ways to what is there now agree; tombstones are among the rids.
        let there = |rids: &[Rid]| {
            let rows = store.rows(PART, rids).unwrap();
            rows.into_iter().filter(|row| !row.deleted).collect::<Vec<_>>()
        };
        for kind in kinds {
            let of_kind = store.kind_rids(PART, kind, 99).unwrap();
            prop_assert_eq!(rids(&store.by_kind(PART, kind, 0, 99, None).unwrap()), rids(&there(&of_kind)));
            let mut of_subjects: Vec<Rid> = Vec::new();
            for subject in [SubjectNo(0), SubjectNo(1)] {
                of_subjects.extend(store.subject_rids(PART, subject, &[kind], None).unwrap());
            }
            of_subjects.sort_unstable();
            prop_assert_eq!(of_subjects, of_kind);
        }
        Ok(())
    })
}

/// A person's document under a term.
fn personal(no: u64, version: u64, subject: u64) -> DocumentWrite {
    DocumentWrite { subject: Some(SubjectNo(subject)), terms: vec![term(no)], ..document("A", no, version) }
}

async fn what_is_erased_was_never_there_and_its_name_is_free(home: Home) {
    let store = World::default().store(&home).await;
    let documents = vec![personal(1, 1, 5), personal(2, 1, 6), personal(1, 2, 5)];
    let subjects = vec![(id(91), SubjectNo(5)), (id(92), SubjectNo(6))];
    store.commit(Change { subjects, guards: vec![guard(1, 0)], ..of(documents) }).await.unwrap();
    assert_eq!(store.subject_versions(PART, SubjectNo(5)).unwrap(), [1, 3]);
    let gone = Change { erase: vec![1, 3], drop_subjects: vec![SubjectNo(5)], entries: vec![entry(1)], ..change() };
    let done = store.commit(gone).await.unwrap();
    assert_eq!(done.receipts.len(), 1);
    assert_eq!(store.current_rid(PART, "A", &id(1)).unwrap(), None);
    assert_eq!(store.history(PART, "A", &id(1), None, None, 9).unwrap(), []);
    assert_eq!(store.subject_versions(PART, SubjectNo(5)).unwrap(), [0; 0]);
    assert_eq!(store.subject_of(PART, &id(91)).unwrap(), None);
    assert_eq!(store.term_rids(PART, &[term(1)], 9).unwrap(), [0; 0]);
    // Others are as they were.
    assert_eq!(store.subject_of(PART, &id(92)).unwrap(), Some(SubjectNo(6)));
    assert_eq!(store.term_rids(PART, &[term(2)], 9).unwrap(), [2]);
    // The name is free, its first version is the first, and no guard remembers that it was taken.
    let again = Change { guards: vec![guard(1, 0)], ..of(vec![personal(1, 1, 7)]) };
    assert_eq!(store.commit(again).await.unwrap().first_rid, 4);
}

async fn a_version_sealed_anew_is_the_same_version(home: Home) {
    let store = World::default().store(&home).await;
    store.commit(of(vec![personal(1, 1, 5), personal(1, 2, 5)])).await.unwrap();
    let anew = |rid| Reseal { rid, index: b"other index".to_vec(), body: b"other body".to_vec(), blob: None };
    store.commit(Change { reseal: vec![anew(1)], entries: vec![entry(1)], ..change() }).await.unwrap();
    let rows = store.rows(PART, &[1, 2]).unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.version, row.until, row.index.as_slice())).collect();
    assert_eq!(told, [(1, 2, &b"other index"[..]), (2, CURRENT, b"index A 1 2")]);
    assert_eq!(store.bodies(PART, &[1, 2]).unwrap(), [b"other body".to_vec(), b"body A 1 2".to_vec()]);
    // One that is not there fails the whole change.
    let before = store.log_head(PART).unwrap().unwrap().size;
    let stray = Change { reseal: vec![anew(2), anew(9)], entries: vec![entry(2)], ..change() };
    assert!(matches!(store.commit(stray).await.unwrap_err(), CommitError::Malformed(_)));
    assert_eq!(store.bodies(PART, &[2]).unwrap(), [b"body A 1 2".to_vec()]);
    assert_eq!(store.log_head(PART).unwrap().unwrap().size, before);
}

async fn other_terms_are_taken_by_the_newest_version_only_and_guards_can_be_forgotten(home: Home) {
    let store = World::default().store(&home).await;
    let documents = vec![personal(1, 1, 5), personal(2, 1, 6), document("B", 3, 1), personal(1, 2, 5)];
    store.commit(Change { guards: vec![guard(8, 0)], ..of(documents) }).await.unwrap();
    assert_eq!(store.found_rids(PART, 0, 9, 9).unwrap(), [2, 4]);
    assert_eq!(store.found_rids(PART, 2, 3, 9).unwrap(), [0; 0]);
    let reterm = vec![Reterm { rid: 1, terms: vec![term(11)] }, Reterm { rid: 4, terms: vec![term(12), term(13)] }];
    store.commit(Change { reterm, entries: vec![entry(1)], ..change() }).await.unwrap();
    // The first version of document 1 is history, and history is never found.
    assert_eq!(store.term_rids(PART, &[term(11)], 9).unwrap(), [0; 0]);
    assert_eq!(store.term_rids(PART, &[term(12), term(13)], 9).unwrap(), [4]);
    assert_eq!(store.term_rids(PART, &[term(1)], 9).unwrap(), [0; 0]);
    assert_eq!(store.term_rids(PART, &[term(2)], 9).unwrap(), [2]);
    let guarded = || Change { guards: vec![guard(8, 0)], ..of(vec![document("C", 4, 1)]) };
    assert!(matches!(store.commit(guarded()).await.unwrap_err(), CommitError::Conflict { .. }));
    store.commit(Change { drop_guards: true, entries: vec![entry(2)], ..change() }).await.unwrap();
    store.commit(guarded()).await.unwrap();
}

/// The tests of one engine.
macro_rules! suite {
    ($engine:ident, $home:expr, $cases:expr) => {
        mod $engine {
            use super::Home;

            #[test]
            fn what_was_read_as_of_a_rid_stays_so() {
                super::what_was_read_as_of_a_rid_stays_so(|| $home, $cases);
            }

            tests! { (flavor = "current_thread") $home =>
                a_version_must_follow_the_stored_one,
                two_versions_of_one_document_may_come_in_one_change,
                a_guard_sees_documents_that_were_written_without_one,
                a_bad_change_fails_alone_in_its_group,
                a_full_queue_is_busy_and_nothing_of_the_change_is_kept,
                reopening_finds_everything_and_goes_on,
                time_moves_on_when_the_clock_is_set_back,
                a_change_to_a_part_without_a_log_is_refused,
                a_person_gets_one_number_and_a_number_one_person,
                dropped_keys_are_gone_with_the_terms_of_what_they_sealed,
                only_the_current_version_is_found_by_its_terms,
                the_largest_numbers_come_back_as_they_were,
                what_one_engine_could_not_keep_both_refuse,
                an_entry_that_is_too_long_is_refused_alone,
                a_checkpoint_speaks_of_durable_entries_and_never_goes_back,
                after_a_failed_sync_nothing_works_any_more,
                entries_are_found_by_person_actor_place_and_time,
                what_is_erased_was_never_there_and_its_name_is_free,
                a_version_sealed_anew_is_the_same_version,
                other_terms_are_taken_by_the_newest_version_only_and_guards_can_be_forgotten,
            }
            tests! { (flavor = "multi_thread", worker_threads = 2) $home =>
                of_fifty_guarded_creates_one_wins,
                rids_and_log_places_have_no_gaps_under_concurrency,
                the_log_of_a_busy_store_passes_the_offline_check,
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

suite!(sqlite, Home::folder(), 12);
suite!(postgres, Home::postgres(), 4);
suite!(pgbouncer, Home::pgbouncer(), 4);
