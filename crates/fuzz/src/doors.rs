//! What comes in by the FHIR door.

use tacebo_fhir::{
    Query, RecordMeta, SearchContext, Tables, Zone, bundle, compartment, index, terms, validate, walker,
};

/// The JSON door: whatever it accepts, `serde_json` accepts as the same value.
pub fn json(bytes: &[u8]) {
    let Ok(value) = tacebo_fhir::read(bytes) else { return };
    // serde_json keeps numbers under a key of its own, which an object may not have.
    if !bytes.windows(5).any(|word| word == b"serde") {
        let theirs: serde_json::Value = serde_json::from_slice(bytes).expect("serde_json reads what the door reads");
        assert_eq!(value, theirs, "the door and serde_json read another value");
    }
    let again = serde_json::to_vec(&value).expect("a value is written");
    assert_eq!(tacebo_fhir::read(&again).expect("what is written is read"), value, "written and read again");
}

/// Query strings, evaluated on any record: one byte of choice, the query up to a NUL, the record.
pub fn search(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let (text, record) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(text) = std::str::from_utf8(text) else { return };
    let lenient = choice & 1 == 1;
    let ctx = SearchContext { tables: Tables::r4(), zone: Zone::CHINA, base: "https://h/fhir", lenient, now_us: 0 };
    for kind in ["Observation", "Patient", "Questionnaire"] {
        if let Ok(query) = Query::parse(&ctx, kind, text) {
            let meta = RecordMeta { id: "x", version: 1, last_updated_us: 0 };
            let _ = (query.admits(record, &meta), query.sort_key(record, &meta), query.terms(), query.self_query());
        }
    }
}

/// Validation, extraction, terms, compartment and rewriting of any JSON.
pub fn walker(bytes: &[u8]) {
    let Ok(mut value) = tacebo_fhir::read(bytes) else { return };
    let t = Tables::r4();
    let _ = validate(t, &value);
    let record = index(t, Zone::CHINA, &value);
    assert!(walker::record::Entries::of(&record).count() <= record.len(), "a record has more entries than bytes");
    if let Some(kind) = value.get("resourceType").and_then(|k| k.as_str()).map(str::to_owned) {
        let _ = terms::terms(t, &kind, &value);
        let _ = compartment::patients(t, &kind, &value);
    }
    let _ = bundle::conditional_references(t, &mut value);
    bundle::rewrite(t, &mut value, &|from| from.len().is_multiple_of(2).then(|| "Patient/x".to_owned()));
    let _ = bundle::plan(t, "https://h/fhir", value);
}
