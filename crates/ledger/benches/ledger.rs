//! Append, prove, verify: `cargo bench -p tacebo-ledger`.
#![expect(clippy::unwrap_used, reason = "a benchmark may stop on a fault")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tacebo_ledger::{
    Hash, LogKey, MemoryTiles, Salt, Sequencer, consistency_proof, inclusion_proof, verify_consistency,
    verify_inclusion,
};

const SIZE: u64 = 100_000;

fn log() -> (Sequencer, MemoryTiles) {
    let mut tiles = MemoryTiles::default();
    let mut log = Sequencer::load("log.example/bench", 0, &tiles).unwrap();
    let entries: Vec<_> = (0..SIZE).map(|i| [i.to_be_bytes().as_slice(), &[7; 66]].concat()).collect();
    let staged = log.stage(1, &entries).unwrap();
    tiles.put(&staged.tiles());
    log.committed(staged).unwrap();
    (log, tiles)
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("append");
    for batch in [1_usize, 100, 10_000] {
        let entries: Vec<_> = (0..batch).map(|i| [i.to_be_bytes().as_slice(), &[7; 66]].concat()).collect();
        group.throughput(Throughput::Elements(batch as u64));
        let (mut log, _) = log();
        group.bench_function(format!("entries of 74 bytes, {batch} a commit"), |b| {
            b.iter(|| {
                let staged = log.stage(1, black_box(&entries)).unwrap();
                black_box((staged.tiles().len(), staged.root()));
                black_box(log.committed(staged).unwrap().len())
            });
        });
    }
    group.finish();
}

fn prove(c: &mut Criterion) {
    let (log, tiles) = log();
    let mut at = 0_u64;
    let mut turn = move || {
        at = (at + 7_919) % SIZE;
        at
    };
    c.bench_function("inclusion proof, 100k", |b| {
        b.iter(|| inclusion_proof(&tiles, turn(), SIZE).unwrap());
    });
    c.bench_function("consistency proof, 100k", |b| {
        b.iter(|| consistency_proof(&tiles, turn() + 1, SIZE).unwrap());
    });
    let root = log.root();
    let leaf = Hash::leaf(&[77_777_u64.to_be_bytes().as_slice(), &[7; 66]].concat());
    let path = inclusion_proof(&tiles, 77_777, SIZE).unwrap();
    c.bench_function("verify inclusion, 100k", |b| {
        b.iter(|| verify_inclusion(&leaf, 77_777, SIZE, black_box(&path), &root).unwrap());
    });
    let old = tacebo_ledger::root_at(&tiles, 77_777).unwrap();
    let path = consistency_proof(&tiles, 77_777, SIZE).unwrap();
    c.bench_function("verify consistency, 100k", |b| {
        b.iter(|| verify_consistency(77_777, &old, SIZE, &root, black_box(&path)).unwrap());
    });
    let key = LogKey::generate("log.example/bench").unwrap();
    let verifier = key.verifier().unwrap();
    c.bench_function("sign a checkpoint", |b| {
        b.iter(|| key.sign(&log.checkpoint()).unwrap());
    });
    let note = key.sign(&log.checkpoint()).unwrap();
    c.bench_function("verify a checkpoint", |b| {
        b.iter_batched(|| note.as_bytes(), |n| verifier.open(n).unwrap(), BatchSize::SmallInput);
    });
}

fn commit_to(c: &mut Criterion) {
    let names = [
        "actor",
        "roles",
        "department",
        "purpose",
        "action",
        "outcome",
        "door",
        "address",
        "request",
        "patient",
        "items",
        "policies",
        "evidence",
    ];
    let value = b"Observation/01a2b3c4d5e6/_history/1".as_slice();
    let fields: Vec<(&str, &[u8])> = names.into_iter().map(|name| (name, value)).collect();
    let salt = Salt::random().unwrap();
    c.bench_function("commit to the 13 fields of an entry", |b| {
        b.iter(|| tacebo_ledger::commit(&salt, black_box(&fields)).unwrap());
    });
}

criterion_group!(benches, append, prove, commit_to);
criterion_main!(benches);
