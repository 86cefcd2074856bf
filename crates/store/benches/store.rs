//! What a durable commit costs, beside the same bytes written to bare SQLite with the same durability in the same
//! run. Read the figures as ratios: `store/N` ÷ `bare/N`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first surprise"
)]

mod shared;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rusqlite::Connection;
use shared::{BODY, INDEX, open, runtime, scatter};
use tacebo_store::At;

/// The floor: one table, the same bytes, one index, the same sync.
fn bare(dir: &std::path::Path) -> Connection {
    let conn = Connection::open(dir.join("bare.db")).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.pragma_update(None, "synchronous", "FULL").unwrap();
    conn.execute_batch("CREATE TABLE row (id BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT").unwrap();
    conn
}

fn commits(c: &mut Criterion) {
    let mut dirs = Vec::new();
    let floor = |group: &mut criterion::BenchmarkGroup<'_, _>, batch| {
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
    };
    shared::commits(c, "commit", &runtime(), floor, || {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&At::Folder(dir.path().to_owned()));
        dirs.push(dir);
        store
    });
}

fn reads(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    shared::reads(c, "read", &open(&At::Folder(dir.path().to_owned())));
}

criterion_group!(benches, commits, reads);
criterion_main!(benches);
