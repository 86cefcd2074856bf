use proptest::prelude::*;
use serde_json::json;

use super::*;

fn first(resource: &Value) -> Option<(String, IssueType)> {
    validate(Tables::r4(), resource).into_iter().next().map(|i| (i.expression, i.code))
}

#[test]
fn a_good_patient_has_no_issues() {
    let patient = json!({
        "resourceType": "Patient", "id": "p1",
        "name": [{ "family": "张", "given": ["三", null], "_given": [null, { "extension": [{ "url": "urn:x", "valueCode": "a" }] }] }],
        "gender": "female", "birthDate": "1980-02", "_birthDate": { "id": "b" },
        "deceasedBoolean": false,
        "contained": [{ "resourceType": "Organization", "id": "o", "name": "医院" }],
        "managingOrganization": { "reference": "#o" }
    });
    assert_eq!(validate(Tables::r4(), &patient), []);
}

#[test]
fn each_kind_of_fault_is_named_with_its_place() {
    let cases = [
        (json!([]), "Resource", IssueType::Structure),
        (json!({ "resourceType": "Nobody" }), "Resource", IssueType::Structure),
        (json!({ "resourceType": "Patient", "nam": [] }), "Patient.nam", IssueType::Structure),
        (json!({ "resourceType": "Patient", "张三 110101": 1 }), "Patient", IssueType::Structure),
        (json!({ "resourceType": "Patient", "name": { "family": "x" } }), "Patient.name", IssueType::Structure),
        (json!({ "resourceType": "Patient", "name": [] }), "Patient.name", IssueType::Structure),
        (json!({ "resourceType": "Patient", "name": [{}] }), "Patient.name[0]", IssueType::Invariant),
        (
            json!({ "resourceType": "Patient", "name": [{ "given": [null] }] }),
            "Patient.name[0].given[0]",
            IssueType::Structure,
        ),
        (json!({ "resourceType": "Patient", "gender": ["male"] }), "Patient.gender", IssueType::Structure),
        (json!({ "resourceType": "Patient", "gender": "f" }), "Patient.gender", IssueType::CodeInvalid),
        (json!({ "resourceType": "Patient", "gender": null }), "Patient.gender", IssueType::Value),
        (json!({ "resourceType": "Patient", "birthDate": "1980-02-30" }), "Patient.birthDate", IssueType::Value),
        (json!({ "resourceType": "Patient", "id": "a b" }), "Patient.id", IssueType::Value),
        (
            json!({ "resourceType": "Patient", "deceasedBoolean": true, "deceasedDateTime": "2020" }),
            "Patient.deceasedDateTime",
            IssueType::Structure,
        ),
        (json!({ "resourceType": "Patient", "_name": [{ "id": "x" }] }), "Patient._name", IssueType::Structure),
        (json!({ "resourceType": "Observation", "code": { "text": "x" } }), "Observation.status", IssueType::Required),
        (
            json!({ "resourceType": "Patient", "managingOrganization": { "reference": "Patient/1" } }),
            "Patient.managingOrganization",
            IssueType::Invalid,
        ),
        (
            json!({ "resourceType": "Patient", "managingOrganization": { "reference": "#no" } }),
            "Patient.managingOrganization",
            IssueType::Invariant,
        ),
        (
            json!({ "resourceType": "Patient", "extension": [{ "url": "urn:x" }] }),
            "Patient.extension[0]",
            IssueType::Invariant,
        ),
        (
            json!({ "resourceType": "Patient", "contained": [{ "resourceType": "Organization", "id": "o", "name": "x" }] }),
            "Patient.contained[0]",
            IssueType::Invariant,
        ),
        (
            json!({ "resourceType": "Patient", "contact": [{ "period": { "start": "2020", "end": "2019" } }] }),
            "Patient.contact[0].period",
            IssueType::Invariant,
        ),
        (
            json!({ "resourceType": "Bundle", "type": "batch", "entry": [{ "resource": { "resourceType": "Patient", "gender": "x" } }] }),
            "Bundle.entry[0].resource.gender",
            IssueType::CodeInvalid,
        ),
    ];
    for (resource, place, code) in cases {
        assert_eq!(first(&resource), Some((place.to_owned(), code)), "{resource}");
    }
}

#[test]
fn diagnostics_repeat_no_value() {
    let resource = json!({ "resourceType": "Patient", "birthDate": "SECRET", "SECRET-1": 1, "gender": "SECRET", "id": "SECRET _" });
    for issue in validate(Tables::r4(), &resource) {
        assert!(!issue.diagnostics.contains("SECRET") && !issue.expression.contains("SECRET"), "{issue:?}");
    }
}

/// JSON that often looks like a resource.
pub(crate) fn jsonish() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~张é]{0,12}".prop_map(Value::from),
        "(Patient/1|#a|2024-01|Observation|http://x/Patient/2|6.0|urn:uuid:1)".prop_map(Value::from),
    ];
    let key = prop_oneof![
        "(resourceType|id|meta|name|value|valueQuantity|code|coding|system|subject|reference|contained|extension|url|_id|component)",
        "[a-z_]{0,6}",
    ];
    let any_value = leaf.prop_recursive(5, 60, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|kv| Value::Object(kv.into_iter().collect())),
        ]
    });
    let kind = "(Patient|Observation|Bundle|Questionnaire|Encounter|Appointment|MolecularSequence|Consent)";
    (kind, any_value).prop_map(|(kind, mut v)| {
        if let Some(map) = v.as_object_mut() {
            map.insert("resourceType".into(), kind.into());
        }
        v
    })
}

proptest! {
    #[test]
    fn any_json_is_validated_and_indexed_without_panic(v in jsonish()) {
        let _ = validate(Tables::r4(), &v);
        let record = crate::walker::index(Tables::r4(), crate::Zone::CHINA, &v);
        prop_assert!(crate::walker::record::Entries::of(&record).count() < 100_000);
    }
}
