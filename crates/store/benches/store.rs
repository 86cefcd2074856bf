//! What a durable commit costs, beside the same bytes written to bare SQLite with the same durability in the same
//! run. Read the figures as ratios: `store/N` ÷ `bare/N`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first surprise"
)]

mod rows;

use std::{sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rows::{BODY, INDEX, PART, document, entry, scatter};
use rusqlite::Connection;
use tacebo_store::{At, Change, EntryQuery, IdTerm, Options, Store, SubjectNo};

fn open(dir: &std::path::Path) -> Store {
    let options = Options::new(Arc::new(|| 1_800_000_000_000_000), Arc::new(|why| panic!("{why}")));
    let store = Store::open(&At::Folder(dir.to_owned()), options).unwrap();
    store.create_part_blocking(PART, "log.example/bench").unwrap();
    store
}

/// The floor: one table, the same bytes, one index, the same sync.
fn bare(dir: &std::path::Path) -> Connection {
    let conn = Connection::open(dir.join("bare.db")).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.pragma_update(None, "synchronous", "FULL").unwrap();
    conn.execute_batch("CREATE TABLE row (id BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT").unwrap();
    conn
}

fn commits(c: &mut Criterion) {
    let mut group = c.benchmark_group("commit");
    group.sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for batch in [1_u64, 16, 256] {
        group.throughput(Throughput::Elements(batch));

        let dir = tempfile::tempdir().unwrap();
        let mut conn = bare(dir.path());
        let mut n = 0;
        group.bench_function(BenchmarkId::new("bare", batch), |b| {
            b.iter(|| {
                let tx = conn.transaction().unwrap();
                for _ in 0..batch {
                    n += 1;
                    let bytes = vec![8; BODY + INDEX];
                    tx.prepare_cached("INSERT INTO row VALUES (?1, ?2)")
                        .unwrap()
                        .execute((scatter::<16>(n), bytes))
                        .unwrap();
                }
                tx.commit().unwrap();
            });
        });

        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let mut n = 0;
        group.bench_function(BenchmarkId::new("store, one change", batch), |b| {
            b.iter(|| {
                let mut change = Change::new(PART);
                change.documents.extend((0..batch).map(|_| {
                    n += 1;
                    document(n)
                }));
                store.commit_blocking(change).unwrap();
            });
        });

        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let mut n = 0;
        group.bench_function(BenchmarkId::new("store, callers with an entry each", batch), |b| {
            b.iter(|| {
                let tasks: Vec<_> = (0..batch)
                    .map(|_| {
                        n += 1;
                        let mut change = Change::new(PART);
                        change.documents.push(document(n));
                        change.entries.push(entry(n));
                        let store = store.clone();
                        runtime.spawn(async move { store.commit(change).await })
                    })
                    .collect();
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

fn reads(c: &mut Criterion) {
    const DOCUMENTS: u64 = 70_000;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for start in (0..DOCUMENTS).step_by(1000) {
        let mut change = Change::new(PART);
        change.documents.extend((start..start + 1000).map(document));
        change.entries.extend((start..start + 1000).map(entry));
        store.commit_blocking(change).unwrap();
    }
    let mut group = c.benchmark_group("read");
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

criterion_group!(benches, commits, reads);
criterion_main!(benches);
