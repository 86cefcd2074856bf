//! What is measured on every engine, over rows of the size that sealed ones have.

use std::{sync::Arc, time::Duration};

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime};
use tacebo_store::{
    At, Category, Change, DocumentWrite, EntryQuery, EntryWrite, Hash, IdTerm, Options, PartNo, Store, SubjectNo, Term,
};
use tokio::runtime::Runtime;

const PART: PartNo = PartNo(1);
pub(crate) const BODY: usize = 1024;
pub(crate) const INDEX: usize = 160;
const SEALED_ENTRY: usize = 300;

/// Bytes that spread over the key space as random ids do.
pub(crate) fn scatter<const N: usize>(n: u64) -> [u8; N] {
    let mut out = [0; N];
    for (i, chunk) in (0..).zip(out.chunks_mut(8)) {
        let x = (n ^ (i << 60)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&x.to_be_bytes()[..chunk.len()]);
    }
    out
}

fn document(n: u64) -> DocumentWrite {
    DocumentWrite {
        kind: "Observation".to_owned(),
        id: IdTerm(scatter(n)),
        subject: Some(SubjectNo(n / 700 + 1)),
        category: Category(1),
        version: 1,
        deleted: false,
        index: vec![7; INDEX],
        body: vec![8; BODY],
        terms: Vec::<Term>::new(),
    }
}

fn entry(n: u64) -> EntryWrite {
    EntryWrite {
        eid: scatter(n),
        subject: Some(SubjectNo(n / 700 + 1)),
        actor: n % 50,
        class: 1,
        commitment: Hash([9; 32]),
        sealed: vec![6; SEALED_ENTRY],
    }
}

/// An empty store with one part.
pub(crate) fn open(at: &At) -> Store {
    let options = Options::new(Arc::new(|| 1_800_000_000_000_000), Arc::new(|why| panic!("{why}")));
    let store = Store::open(at, options).unwrap();
    store.create_part_blocking(PART, "log.example/bench").unwrap();
    store
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Commits by a store that `new` makes, for batches of each size; `bare` measures the floor for the same bytes first.
pub(crate) fn commits(
    c: &mut Criterion,
    name: &str,
    runtime: &Runtime,
    mut bare: impl FnMut(&mut BenchmarkGroup<'_, WallTime>, u64),
    mut new: impl FnMut() -> Store,
) {
    let mut group = c.benchmark_group(name);
    group.sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    for batch in [1_u64, 16, 256] {
        group.throughput(Throughput::Elements(batch));
        bare(&mut group, batch);

        let store = new();
        let mut n = 0;
        group.bench_function(BenchmarkId::new("store, one change", batch), |b| {
            b.iter(|| {
                let mut change = Change::new(PART);
                change.documents.extend((n..n + batch).map(document));
                n += batch;
                store.commit_blocking(change).unwrap();
            });
        });

        let store = new();
        let mut n = 0;
        group.bench_function(BenchmarkId::new("store, callers with an entry each", batch), |b| {
            b.iter(|| {
                let tasks: Vec<_> = (n..n + batch)
                    .map(|n| {
                        let mut change = Change::new(PART);
                        change.documents.push(document(n));
                        change.entries.push(entry(n));
                        let store = store.clone();
                        runtime.spawn(async move { store.commit(change).await })
                    })
                    .collect();
                n += batch;
                runtime.block_on(async {
                    for task in tasks {
                        task.await.unwrap().unwrap();
                    }
                });
            });
        });
    }
    group.finish();
}

/// Reads from an empty store, filled first.
pub(crate) fn reads(c: &mut Criterion, name: &str, store: &Store) {
    const DOCUMENTS: u64 = 70_000;
    for start in (0..DOCUMENTS).step_by(1000) {
        let mut change = Change::new(PART);
        change.documents.extend((start..start + 1000).map(document));
        change.entries.extend((start..start + 1000).map(entry));
        store.commit_blocking(change).unwrap();
    }
    let mut group = c.benchmark_group(name);
    group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    let mut n = 0_u64;
    group.bench_function("a document by id", |b| {
        b.iter(|| {
            n = (n + 7919) % DOCUMENTS;
            let rid = store.current_rid(PART, "Observation", &IdTerm(scatter(n))).unwrap().unwrap();
            (store.rows(PART, &[rid]).unwrap(), store.bodies(PART, &[rid]).unwrap())
        });
    });
    group.throughput(Throughput::Elements(700));
    group.bench_function("index rows of a person with 700", |b| {
        b.iter(|| {
            n = (n + 7919) % DOCUMENTS;
            let rids = store.subject_rids(PART, SubjectNo(n / 700 + 1), &["Observation"], None).unwrap();
            let rows = store.rows(PART, &rids).unwrap();
            assert_eq!(rows.len(), 700);
            rows
        });
    });
    group.throughput(Throughput::Elements(50));
    group.bench_function("the last 50 entries about a person", |b| {
        b.iter(|| {
            n = (n + 7919) % DOCUMENTS;
            let query = EntryQuery { subject: Some(SubjectNo(n / 700 + 1)), limit: 50, ..EntryQuery::default() };
            store.entries(PART, &query).unwrap()
        });
    });
    group.finish();
}
