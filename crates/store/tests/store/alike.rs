//! The same changes, in the same groups, at the same times: both engines answer alike and hold the same, to the last
//! entry of the log.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use tacebo_store::{
    BucketRow, Category, Change, CheckpointWrite, EntryQuery, KeyDrop, PartNo, Reseal, Reterm, Store, SubjectNo, Term,
};

use crate::harness::{Home, PART, World, change, document, entry, guard, id, key, term};

/// The second part that the changes go to; the third has no log.
const OTHER: PartNo = PartNo(4095);

/// One thing that a change does, by small numbers, so that changes meet.
#[derive(Debug, Clone)]
enum Deed {
    /// Kind, name, how far the version is from the right one, whose, category, terms.
    Document(u8, u64, i64, Option<u64>, u8, Vec<u64>),
    Entry(u64),
    /// How old the look was, in documents.
    Guard(u64, i64),
    Subject(u64, u64),
    Key(u64, u8, u32),
    Drop(u64, Option<u8>),
    Bucket(u16, u32),
    Meta(u8, u8),
    Checkpoint(u64),
    /// All versions of a document.
    Erase(u64),
    /// A version, which need not be there.
    Reseal(i64),
    Reterm(i64, Vec<u64>),
    DropGuards,
    DropSubject(u64),
}

impl Deed {
    /// Whether a change with it has a transaction of its own on PostgreSQL.
    fn stands_alone(&self) -> bool {
        use Deed::{Drop, DropGuards, DropSubject, Erase, Reseal, Reterm};
        matches!(self, Drop(..) | Erase(_) | Reseal(_) | Reterm(..) | DropGuards | DropSubject(_))
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    let version = prop_oneof![8 => Just(0_i64), 1 => Just(1), 1 => Just(-1)];
    let terms = || proptest::collection::vec(0..4_u64, 0..3);
    prop_oneof![
        6 => (0..3_u8, 0..5_u64, version, proptest::option::of(0..3_u64), 0..3_u8, terms())
            .prop_map(|(kind, no, off, subject, category, terms)| Deed::Document(kind, no, off, subject, category, terms)),
        4 => (0..50_u64).prop_map(Deed::Entry),
        2 => (0..4_u64, 0..3_i64).prop_map(|(term, old)| Deed::Guard(term, old)),
        1 => (0..4_u64, 0..4_u64).prop_map(|(name, no)| Deed::Subject(name, no)),
        1 => (0..3_u64, 0..3_u8, 0..3_u32).prop_map(|(no, category, generation)| Deed::Key(no, category, generation)),
        1 => (0..3_u64, proptest::option::of(0..3_u8)).prop_map(|(no, category)| Deed::Drop(no, category)),
        1 => (0..3_u16, 0..9_u32).prop_map(|(bucket, epoch)| Deed::Bucket(bucket, epoch)),
        1 => (0..3_u8, 0..9_u8).prop_map(|(name, value)| Deed::Meta(name, value)),
        1 => (0..9_u64).prop_map(Deed::Checkpoint),
        1 => (0..5_u64).prop_map(Deed::Erase),
        1 => (1..12_i64).prop_map(Deed::Reseal),
        1 => (1..12_i64, terms()).prop_map(|(rid, terms)| Deed::Reterm(rid, terms)),
        1 => Just(Deed::DropGuards),
        1 => (0..4_u64).prop_map(Deed::DropSubject),
    ]
}

/// Groups of changes: what waits together shares a transaction.
fn groups() -> impl Strategy<Value = Vec<Vec<(u8, Vec<Deed>)>>> {
    let one = (0..12_u8, proptest::collection::vec(deed(), 0..5));
    // A change that has a transaction of its own on PostgreSQL is sent alone, so that a checkpoint beside it finds the same
    // entries durable on both.
    let alone = |(_, deeds): &(u8, Vec<Deed>)| deeds.iter().any(Deed::stands_alone);
    proptest::collection::vec(proptest::collection::vec(one, 1..7), 1..9).prop_map(move |groups| {
        let apart = groups.iter().flat_map(|group| group.chunk_by(|a, b| !alone(a) && !alone(b)));
        apart.map(<[_]>::to_vec).collect()
    })
}

/// The change that a few deeds come to. Versions and looks are what the caller would know: those of before the group.
fn build(store: &Store, part: u8, deeds: &[Deed]) -> Change {
    let part = [PART, PART, PART, OTHER, OTHER, PartNo(99)][usize::from(part / 2)];
    let mut one = Change { part, ..change() };
    let mut names = Vec::new();
    for deed in deeds.iter().cloned() {
        match deed {
            Deed::Document(kind, no, off, subject, category, terms) => {
                let kind = ["A", "B", ""][usize::from(kind)];
                let stored = store.current_rid(part, kind, &id(no)).unwrap();
                let stored = stored.map_or(0, |rid| store.rows(part, &[rid]).unwrap()[0].version);
                let own = names.iter().filter(|name| **name == (kind, no)).count();
                names.push((kind, no));
                let next = stored.cast_signed() + i64::try_from(own).unwrap() + 1 + off;
                let mut new = document(kind, no, next.cast_unsigned());
                new.subject = subject.map(SubjectNo);
                new.category = Category(category);
                new.deleted = no == 4;
                new.terms = terms.into_iter().map(term).collect();
                one.documents.push(new);
            }
            Deed::Entry(n) => one.entries.push(entry(n)),
            Deed::Guard(n, old) => one.guards.push(guard(n, store.head(part).unwrap() - old)),
            Deed::Subject(name, no) => one.subjects.push((id(name), SubjectNo(no))),
            Deed::Key(no, category, generation) => one.keys.push(key(no, category, generation)),
            Deed::Drop(no, category) => {
                one.drop_keys.push(KeyDrop { subject: SubjectNo(no), category: category.map(Category) });
            }
            Deed::Bucket(bucket, epoch) => one.buckets.push(BucketRow { bucket, epoch, wrapped: vec![1] }),
            Deed::Meta(name, value) => one.meta.push((format!("name {name}"), vec![value])),
            Deed::Erase(no) => {
                let rows = store.history(part, "A", &id(no), None, None, 99).unwrap();
                one.erase.extend(rows.iter().map(|row| row.rid));
            }
            Deed::Reseal(rid) => {
                one.reseal.push(Reseal {
                    rid,
                    index: b"anew".to_vec(),
                    body: format!("anew {rid}").into_bytes(),
                    blob: None,
                });
            }
            Deed::Reterm(rid, terms) => {
                one.reterm.push(Reterm { rid, terms: terms.into_iter().map(term).collect() });
            }
            Deed::DropGuards => one.drop_guards = true,
            Deed::DropSubject(no) => one.drop_subjects.push(SubjectNo(no)),
            Deed::Checkpoint(size) => one.checkpoint = Some(CheckpointWrite { size, note: format!("note {size}\n") }),
        }
    }
    one
}

/// Everything that can be read of a part.
fn seen(store: &Store, part: PartNo) -> impl Debug + PartialEq + use<> {
    let mut documents = Vec::new();
    for kind in ["A", "B"] {
        for no in 0..5 {
            let rows = store.history(part, kind, &id(no), None, None, 99).unwrap();
            let rids: Vec<_> = rows.iter().map(|row| row.rid).collect();
            let told = rows.iter().map(|r| (r.rid, r.version, r.until, r.deleted, r.time_us, r.subject, r.category));
            documents.push((told.collect::<Vec<_>>(), store.bodies(part, &rids).unwrap()));
        }
    }
    let terms: Vec<_> = (0..4).map(|n| store.term_rids(part, &[term(n)], 99).unwrap()).collect();
    let pairs: Vec<[Term; 2]> = (0..3).map(|n| [term(n), term(n + 1)]).collect();
    let pairs: Vec<_> = pairs.iter().map(|pair| store.term_rids(part, pair, 99).unwrap()).collect();
    let of_subjects: Vec<_> = (0..3)
        .map(|no| {
            let subject = SubjectNo(no);
            (store.subject_rids(part, subject, &[], None).unwrap(), store.subject_versions(part, subject).unwrap())
        })
        .collect();
    let found = (store.found_rids(part, 0, 99, 99).unwrap(), store.versions(part, 0, 99).unwrap().len());
    let keys: Vec<_> = (0..3)
        .flat_map(|no| store.keys_of(part, SubjectNo(no)).unwrap())
        .map(|key| (key.subject, key.category, key.generation, key.wrapped))
        .collect();
    let buckets: Vec<_> = store.buckets(part).unwrap().into_iter().map(|row| (row.bucket, row.epoch)).collect();
    let entries = store.entries(part, &EntryQuery { limit: 9_999, ..EntryQuery::default() }).unwrap();
    let entries: Vec<_> = entries.into_iter().map(|e| (e.index, e.time_us, e.entry, e.sealed)).collect();
    let house = (store.subjects(part, None, 99).unwrap(), store.metas(part, "").unwrap());
    let log = (store.log_head(part).unwrap(), store.checkpoints(part, 0, 99).unwrap(), entries);
    (documents, (terms, pairs, of_subjects, found), (keys, buckets), house, log, store.head(part).unwrap())
}

/// Sends the changes so that they wait together, and says how each of them fared.
async fn commit(world: &World, store: &Store, changes: Vec<Change>) -> Vec<String> {
    world.shut();
    // The writer takes this one alone, and waits at the clock.
    let first = store.clone();
    let gate = tokio::spawn(async move { first.commit(change()).await.map(|done| done.first_rid) });
    tokio::task::yield_now().await;
    while !world.is_waiting() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let tasks: Vec<_> = changes
        .into_iter()
        .map(|one| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(one).await })
        })
        .collect();
    tokio::task::yield_now().await;
    world.open_gate();
    gate.await.unwrap().unwrap();
    let mut fared = Vec::new();
    for task in tasks {
        fared.push(match task.await.unwrap() {
            Ok(done) => {
                let places: Vec<_> = done.receipts.iter().map(|r| (r.index(), r.leaf())).collect();
                format!("{} {} {places:?}", done.first_rid, done.time_us)
            }
            Err(e) => format!("{e:?}"),
        });
    }
    fared
}

async fn alike(groups: Vec<Vec<(u8, Vec<Deed>)>>) -> Result<(), TestCaseError> {
    let homes = [Home::folder(), Home::postgres()];
    let worlds = [World::default(), World::default()];
    let mut stores = Vec::new();
    for (home, world) in homes.iter().zip(&worlds) {
        let store = world.store(home).await;
        store.create_part(OTHER, "log.example/other").await.unwrap();
        stores.push(store);
    }
    for group in groups {
        let mut fared = Vec::new();
        for (world, store) in worlds.iter().zip(&stores) {
            let changes = group.iter().map(|(part, deeds)| build(store, *part, deeds)).collect();
            fared.push(commit(world, store, changes).await);
        }
        prop_assert_eq!(&fared[0], &fared[1], "after {:?}", group);
        for part in [PART, OTHER] {
            prop_assert_eq!(seen(&stores[0], part), seen(&stores[1], part), "after {:?}", group);
        }
    }
    drop(stores);
    homes.into_iter().for_each(Home::remove);
    Ok(())
}

#[test]
fn both_engines_answer_alike_and_hold_the_same() {
    let cases = if std::env::var_os("LONG").is_some() { 400 } else { 24 };
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let outcome = runner.run(&groups(), |groups| {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(alike(groups))
    });
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
}
