use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::issue::IssueType;
use crate::tables::Tables;

const BASE: &str = "https://h.example/fhir";

fn made(kind: &str, entries: &Value) -> Result<Plan, Vec<Issue>> {
    plan(Tables::r4(), BASE, json!({ "resourceType": "Bundle", "type": kind, "entry": entries }))
}

#[test]
fn a_transaction_is_done_in_the_order_of_the_specification_and_remembers_positions() {
    let p = made(
        "transaction",
        &json!([
            { "request": { "method": "GET", "url": "Patient?name=x" } },
            { "resource": { "resourceType": "Patient", "id": "a" }, "request": { "method": "PUT", "url": "Patient/a", "ifMatch": "W/\"3\"" } },
            { "resource": { "resourceType": "Patient" }, "fullUrl": "urn:uuid:1", "request": { "method": "POST", "url": "Patient", "ifNoneExist": "identifier=x|1" } },
            { "request": { "method": "DELETE", "url": "https://h.example/fhir/Patient/b" } },
            { "resource": { "resourceType": "Binary" }, "request": { "method": "PATCH", "url": "Patient/c" } },
            { "resource": { "resourceType": "Observation" }, "request": { "method": "POST", "url": "Observation" } },
        ]),
    )
    .unwrap();
    assert_eq!(p.entries.iter().map(|e| e.position).collect::<Vec<_>>(), [3, 2, 5, 1, 4, 0]);
    let put = &p.entries[3];
    assert_eq!((put.if_match.as_deref(), put.target.id.as_deref()), (Some("3"), Some("a")));
    assert_eq!(p.entries[1].if_none_exist.as_deref(), Some("identifier=x|1"));
    assert_eq!(p.entries[5].target.query.as_deref(), Some("name=x"));
}

#[test]
fn a_transaction_with_one_bad_entry_is_refused_and_a_batch_keeps_the_others() {
    let entries = json!([
        { "request": { "method": "GET", "url": "Patient/1" } },
        { "request": { "method": "POST", "url": "Patient" } },
        { "request": { "method": "GET", "url": "https://elsewhere/Patient/1" } },
        { "resource": { "resourceType": "Patient", "id": "x" }, "request": { "method": "PUT", "url": "Patient/y" } },
        { "request": { "method": "DELETE", "url": "Patient" } },
        { "request": { "method": "EAT", "url": "Patient" } },
        { "request": { "method": "GET", "url": "Nothing/1" } },
        {},
        7,
    ]);
    assert_eq!(made("transaction", &entries).unwrap_err().len(), 8);
    let batch = made("batch", &entries).unwrap();
    assert_eq!((batch.entries.len(), batch.failed.len(), batch.count), (1, 8, 9));
    assert!(made("collection", &json!([])).is_err());
}

#[test]
fn the_same_identity_twice_is_refused() {
    let put = json!({ "resource": { "resourceType": "Patient", "id": "a" }, "request": { "method": "PUT", "url": "Patient/a" } });
    let delete = json!({ "request": { "method": "DELETE", "url": "Patient/a" } });
    let issues = made("transaction", &json!([put, delete])).unwrap_err();
    assert_eq!((issues[0].code, issues[0].expression.as_str()), (IssueType::Duplicate, "Bundle.entry[1]"));
    let post = json!({ "resource": { "resourceType": "Patient" }, "fullUrl": "urn:uuid:1", "request": { "method": "POST", "url": "Patient" } });
    assert!(made("transaction", &json!([post, post])).is_err());
    assert!(made("batch", &json!([put, delete])).is_ok());
}

#[test]
fn references_uris_and_narrative_links_are_rewritten_and_canonicals_are_not() {
    let t = Tables::r4();
    let mut renames = Renames::new();
    renames.add("urn:uuid:1", "Patient/new");
    renames.add("https://old.example/fhir/Organization/7", "Organization/o");
    renames.add("Practitioner?identifier=x|1", "Practitioner/d");
    let mut r = Arc::new(json!({
        "resourceType": "Observation",
        "instantiatesCanonical": "urn:uuid:1",
        "meta": { "profile": ["urn:uuid:1"], "source": "urn:uuid:1" },
        "text": { "status": "generated", "div": "<div><a href=\"urn:uuid:1\">urn:uuid:1</a><img src='urn:uuid:2'/></div>" },
        "subject": { "reference": "urn:uuid:1", "display": "urn:uuid:1" },
        "performer": [{ "reference": "Practitioner?identifier=x|1" }, { "reference": "Organization/7" }, { "reference": "Organization/8" }],
        "extension": [{ "url": "urn:x", "valueReference": { "reference": "urn:uuid:1" } }],
        "_status": { "extension": [{ "url": "urn:y", "valueUri": "urn:uuid:1" }] },
        "contained": [{ "resourceType": "Encounter", "id": "e", "subject": { "reference": "urn:uuid:1" } }],
        "encounter": { "reference": "#e" }
    }));
    let conditional = conditional_references(t, &mut r);
    assert_eq!(conditional.len(), 1);
    assert_eq!((conditional[0].kind.as_str(), conditional[0].query.as_str()), ("Practitioner", "identifier=x|1"));
    rewrite(t, &mut r, &renames);
    assert_eq!(r["subject"], json!({ "reference": "Patient/new", "display": "urn:uuid:1" }));
    assert_eq!(r["meta"], json!({ "profile": ["urn:uuid:1"], "source": "Patient/new" }));
    assert_eq!(r["text"]["div"], "<div><a href=\"Patient/new\">urn:uuid:1</a><img src='urn:uuid:2'/></div>");
    assert_eq!(
        r["performer"],
        json!([{ "reference": "Practitioner/d" }, { "reference": "Organization/o" }, { "reference": "Organization/8" }])
    );
    assert_eq!(r["extension"][0]["valueReference"]["reference"], "Patient/new");
    assert_eq!(r["_status"]["extension"][0]["valueUri"], "Patient/new");
    assert_eq!(r["contained"][0]["subject"]["reference"], "Patient/new");
    assert_eq!(r["encounter"]["reference"], "#e");
    assert_eq!(r["instantiatesCanonical"], "urn:uuid:1");
}

#[test]
fn the_answer_is_in_the_order_of_the_request() {
    let answers = vec![
        Answer {
            status: "201 Created".into(),
            location: Some("Patient/1/_history/1".into()),
            version: Some(1),
            ..Answer::default()
        },
        Answer {
            status: "200 OK".into(),
            resource: Some(json!({ "resourceType": "Patient", "id": "2" })),
            ..Answer::default()
        },
    ];
    let bundle = response(BundleKind::Transaction, BASE, answers);
    assert_eq!(crate::validate(Tables::r4(), &bundle), []);
    assert_eq!(bundle["type"], "transaction-response");
    assert_eq!(bundle["entry"][0]["response"]["location"], "https://h.example/fhir/Patient/1/_history/1");
    assert_eq!(bundle["entry"][0]["response"]["etag"], "W/\"1\"");
    assert_eq!(bundle["entry"][1]["fullUrl"], "https://h.example/fhir/Patient/2");
}
