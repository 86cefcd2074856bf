//! Validation, extraction, terms, compartment and rewriting of any JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacebo_fhir::{Tables, Zone, bundle, compartment, index, terms, validate, walker};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut value) = tacebo_fhir::read(bytes) else { return };
    let t = Tables::r4();
    let _ = validate(t, &value);
    let record = index(t, Zone::CHINA, &value);
    assert!(walker::record::Entries::of(&record).count() <= record.len());
    if let Some(kind) = value.get("resourceType").and_then(|k| k.as_str()).map(str::to_owned) {
        let _ = terms::terms(t, &kind, &value);
        let _ = compartment::patients(t, &kind, &value);
    }
    let _ = bundle::conditional_references(t, &mut value);
    bundle::rewrite(t, &mut value, &|from| (from.len() % 2 == 0).then(|| "Patient/x".to_owned()));
    let _ = bundle::plan(t, "https://h/fhir", value);
});
