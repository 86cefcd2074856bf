//! Query strings, evaluated on any record.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacebo_fhir::{Query, RecordMeta, SearchContext, Tables, Zone};

fuzz_target!(|input: (&str, bool, &[u8])| {
    let (text, lenient, record) = input;
    let ctx = SearchContext { tables: Tables::r4(), zone: Zone::CHINA, base: "https://h/fhir", lenient, now_us: 0 };
    for kind in ["Observation", "Patient", "Questionnaire"] {
        if let Ok(query) = Query::parse(&ctx, kind, text) {
            let meta = RecordMeta { id: "x", version: 1, last_updated_us: 0 };
            let _ = (query.admits(record, &meta), query.sort_key(record, &meta), query.terms(), query.self_query());
        }
    }
});
