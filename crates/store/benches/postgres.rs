//! What a durable commit to PostgreSQL costs, beside the same bytes sent to the bare server in one set-based statement with
//! the same durability in the same run. Read the figures as ratios: `store/N` ÷ `bare/N`.

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
use tacebo_store::{At, Change, EntryQuery, IdTerm, Options, PostgresAt, PostgresHost, Store, SubjectNo};
use tacebo_testbed::Postgres;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

fn open(server: &Postgres) -> Store {
    let options = Options::new(Arc::new(|| 1_800_000_000_000_000), Arc::new(|why| panic!("{why}")));
    let host = PostgresHost::Unix(server.socket().to_owned(), server.port());
    let at = PostgresAt::new(vec![host], &server.database(), "postgres");
    let store = Store::open(&At::Postgres(Box::new(at)), options).unwrap();
    store.create_part_blocking(PART, "log.example/bench").unwrap();
    store
}

/// The floor: one table, the same bytes, one index, one statement, the same sync.
fn bare(server: &Postgres, runtime: &Runtime) -> Client {
    runtime.block_on(async {
        let mut config = tokio_postgres::Config::new();
        config.host_path(server.socket()).port(server.port()).user("postgres").dbname(server.database());
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        let table = "CREATE TABLE row (id bytea PRIMARY KEY, bytes bytea NOT NULL);
            ALTER TABLE row ALTER bytes SET STORAGE EXTERNAL";
        client.batch_execute(table).await.unwrap();
        client
    })
}

fn commits(c: &mut Criterion) {
    let mut group = c.benchmark_group("commit to PostgreSQL");
    group.sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = Postgres::start();
    for batch in [1_u64, 16, 256] {
        group.throughput(Throughput::Elements(batch));

        let client = bare(&server, &runtime);
        let put = "INSERT INTO row SELECT * FROM unnest($1::bytea[], $2::bytea[])";
        let put = runtime.block_on(client.prepare(put)).unwrap();
        let mut n = 0;
        group.bench_function(BenchmarkId::new("bare", batch), |b| {
            b.iter(|| {
                let ids: Vec<_> = (n..n + batch).map(|n| scatter::<16>(n).to_vec()).collect();
                let bytes = vec![vec![8_u8; BODY + INDEX]; ids.len()];
                n += batch;
                runtime.block_on(client.execute(&put, &[&ids, &bytes])).unwrap();
            });
        });

        let store = open(&server);
        let mut n = 0;
        group.bench_function(BenchmarkId::new("store, one change", batch), |b| {
            b.iter(|| {
                let mut change = Change::new(PART);
                change.documents.extend((n..n + batch).map(document));
                n += batch;
                store.commit_blocking(change).unwrap();
            });
        });

        let store = open(&server);
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

fn reads(c: &mut Criterion) {
    const DOCUMENTS: u64 = 70_000;
    let server = Postgres::start();
    let store = open(&server);
    for start in (0..DOCUMENTS).step_by(1000) {
        let mut change = Change::new(PART);
        change.documents.extend((start..start + 1000).map(document));
        change.entries.extend((start..start + 1000).map(entry));
        store.commit_blocking(change).unwrap();
    }
    let mut group = c.benchmark_group("read from PostgreSQL");
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
