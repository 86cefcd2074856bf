//! The committed subset of the official examples: valid, extracted, and written back as read.

use tacebo_fhir::walker::record::Entries;
use tacebo_fhir::{Tables, Zone, compartment, index, json, terms, validate};

#[expect(clippy::unwrap_used, reason = "test data, compiled in")]
fn examples() -> Vec<Vec<u8>> {
    let plain = zstd::decode_all(include_bytes!("data/examples.ndjson.zst").as_slice()).unwrap();
    plain.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec).collect()
}

#[test]
fn examples_are_valid_indexed_and_come_back_byte_for_byte() {
    let t = Tables::r4();
    let all = examples();
    assert!(all.len() > 500);
    let (mut values, mut patients, mut found) = (0, 0, 0);
    for text in all {
        let resource = json::read(&text).unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&text).unwrap(), resource);
        let kind = resource["resourceType"].as_str().unwrap().to_owned();
        let issues = validate(t, &resource);
        assert!(issues.is_empty(), "{kind}/{}: {issues:?}", resource["id"]);
        values += Entries::of(&index(t, Zone::UTC, &resource)).count();
        patients += compartment::patients(t, &kind, &resource).len();
        found += terms::terms(t, &kind, &resource).len();
    }
    assert!(values > 5_000 && patients > 200 && found > 500, "{values} {patients} {found}");
}

/// A change that removes the name of any property, or any value, is noticed or harmless, never a panic.
#[test]
fn damaged_examples_are_read_without_panic() {
    let t = Tables::r4();
    for text in examples().into_iter().step_by(7) {
        for cut in (0..text.len()).step_by(97) {
            assert!(json::read(text.get(..cut).unwrap()).is_err());
        }
        let Ok(serde_json::Value::Object(whole)) = json::read(&text) else { panic!("an example is an object") };
        for key in whole.keys() {
            let mut less = whole.clone();
            less.insert(key.clone(), serde_json::json!([{ "reference": 7, "coding": {}, "value": [null] }]));
            let less = serde_json::Value::Object(less);
            assert!(!validate(t, &less).is_empty(), "{key}");
            let _ = index(t, Zone::UTC, &less);
        }
    }
}
