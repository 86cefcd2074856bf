//! What a durable commit to PostgreSQL costs, beside the same bytes sent to the bare server in one set-based statement with
//! the same durability in the same run. Read the figures as ratios: `store/N` ÷ `bare/N`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first surprise"
)]

mod shared;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use shared::{BODY, INDEX, open, runtime, scatter};
use tacebo_store::{At, PostgresAt, PostgresHost};
use tacebo_testbed::Postgres;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

fn new(server: &Postgres) -> At {
    let host = PostgresHost::Unix(server.socket().to_owned(), server.port());
    At::Postgres(Box::new(PostgresAt::new(vec![host], &server.database(), "postgres")))
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
    let (runtime, server) = (runtime(), Postgres::start());
    let floor = |group: &mut criterion::BenchmarkGroup<'_, _>, batch| {
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
    };
    shared::commits(c, "commit to PostgreSQL", &runtime, floor, || open(&new(&server)));
}

fn reads(c: &mut Criterion) {
    let server = Postgres::start();
    shared::reads(c, "read from PostgreSQL", &open(&new(&server)));
}

criterion_group!(benches, commits, reads);
criterion_main!(benches);
