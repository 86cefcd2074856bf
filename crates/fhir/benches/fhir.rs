//! Reading, checking and indexing, per resource. `SYNTHEA=dir cargo bench -p tacebo-fhir` adds a Synthea population.

#![expect(clippy::expect_used, reason = "a benchmark stops when its data is not there")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::Value;
use tacebo_fhir::{Query, RecordMeta, SearchContext, Tables, Zone, index, json, validate};

/// Resources as bytes: the examples under `tests/data`, and the entries of Synthea bundles.
fn corpora() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let mut out = Vec::new();
    let examples = include_bytes!("../tests/data/examples.ndjson.zst");
    let plain = zstd::decode_all(examples.as_slice()).expect("examples unpack");
    out.push(("examples", plain.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec).collect()));
    if let Some(dir) = std::env::var_os("SYNTHEA") {
        let mut all = Vec::new();
        for file in std::fs::read_dir(Path::new(&dir)).expect("SYNTHEA is a folder").flatten() {
            let bundle: Value = serde_json::from_slice(&std::fs::read(file.path()).expect("readable")).expect("json");
            let entries = bundle.get("entry").and_then(Value::as_array).cloned().unwrap_or_default();
            all.extend(entries.iter().filter_map(|e| e.get("resource")).map(|r| r.to_string().into_bytes()));
        }
        out.push(("synthea", all));
    }
    out
}

fn resources(c: &mut Criterion) {
    let t = Tables::r4();
    for (name, corpus) in corpora() {
        let values: Vec<Value> = corpus.iter().map(|b| json::read(b).expect("valid")).collect();
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(corpus.len() as u64)).sample_size(10);
        group.bench_function("parse", |b| b.iter(|| corpus.iter().for_each(|x| drop(black_box(json::read(x))))));
        group.bench_function("parse with serde_json", |b| {
            b.iter(|| corpus.iter().for_each(|x| drop(black_box(serde_json::from_slice::<Value>(x)))));
        });
        group.bench_function("validate", |b| b.iter(|| values.iter().for_each(|x| drop(black_box(validate(t, x))))));
        group.bench_function("extract", |b| {
            b.iter(|| values.iter().for_each(|x| drop(black_box(index(t, Zone::CHINA, x)))));
        });
        group.finish();
    }
}

fn search(c: &mut Criterion) {
    let t = Tables::r4();
    let records: Vec<Vec<u8>> = corpora()
        .into_iter()
        .flat_map(|(_, corpus)| corpus)
        .map(|b| json::read(&b).expect("valid"))
        .filter(|v| v.get("resourceType").and_then(Value::as_str) == Some("Observation"))
        .map(|v| index(t, Zone::CHINA, &v))
        .collect();
    let ctx = SearchContext { tables: t, zone: Zone::CHINA, base: "https://h/fhir", lenient: false, now_us: 0 };
    let query =
        Query::parse(&ctx, "Observation", "code=http://loinc.org|8302-2&date=ge2015-01-01&_sort=-date").expect("query");
    let meta = RecordMeta { id: "x", version: 1, last_updated_us: 0 };
    let mut group = c.benchmark_group("search");
    group.throughput(Throughput::Elements(records.len() as u64)).sample_size(10);
    group.bench_function("admit observations", |b| {
        b.iter(|| records.iter().filter(|r| query.admits(black_box(r), &meta)).count());
    });
    group.finish();
}

criterion_group!(benches, resources, search);
criterion_main!(benches);
