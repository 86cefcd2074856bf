use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::walker::index;

const BASE: &str = "https://h.example/fhir";
/// 2024-07-01T00:00:00Z.
const NOW: i64 = 1_719_792_000_000_000;

fn ctx() -> SearchContext<'static> {
    SearchContext { tables: Tables::r4(), zone: Zone::UTC, base: BASE, lenient: false, now_us: NOW }
}

fn admits(resource: &Value, query: &str) -> bool {
    let kind = resource["resourceType"].as_str().unwrap();
    let q = Query::parse(&ctx(), kind, query).unwrap_or_else(|e| panic!("{query}: {e}"));
    let record = index(Tables::r4(), Zone::UTC, resource);
    let meta = RecordMeta { id: resource["id"].as_str().unwrap_or("x"), version: 1, last_updated_us: NOW };
    q.admits(&record, &meta)
}

fn table(resource: &Value, yes: &[&str], no: &[&str]) {
    for q in yes {
        assert!(admits(resource, q), "should match: {q}");
    }
    for q in no {
        assert!(!admits(resource, q), "should not match: {q}");
    }
}

fn refusal(kind: &str, query: &str) -> IssueType {
    Query::parse(&ctx(), kind, query).expect_err(query).0.code
}

fn blood_pressure() -> Value {
    json!({
        "resourceType": "Observation", "id": "bp", "status": "final",
        "meta": { "tag": [{ "system": "urn:t", "code": "a" }], "profile": ["http://x/profile"], "security": [{ "code": "R" }] },
        "identifier": [{ "system": "urn:lab", "value": "L-1", "type": { "coding": [{ "system": "urn:ty", "code": "MR" }], "text": "病历号" } }],
        "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs", "display": "Vital Signs" }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": "85354-9", "display": "Blood pressure panel" }], "text": "血压" },
        "subject": { "reference": "Patient/p1" },
        "performer": [{ "reference": "https://h.example/fhir/Practitioner/d1" }, { "reference": "https://other.example/fhir/Practitioner/d2" },
            { "identifier": { "system": "urn:staff", "value": "007" } }],
        "effectiveDateTime": "2024-01-15T10:30:00Z",
        "component": [
            { "code": { "coding": [{ "system": "http://loinc.org", "code": "8480-6" }] },
              "valueQuantity": { "value": 120, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]" } },
            { "code": { "coding": [{ "system": "http://loinc.org", "code": "8462-4" }] },
              "valueQuantity": { "value": 80, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]" } }
        ]
    })
}

#[test]
fn tokens_follow_system_code_case_and_negation() {
    table(
        &blood_pressure(),
        &[
            "code=85354-9",
            "code=http://loinc.org|85354-9",
            "code=http://loinc.org|",
            "code=x,85354-9",
            "status=final",
            "status=|final",
            "status=http://hl7.org/fhir/observation-status|final",
            "identifier=l-1",
            "identifier=urn:lab|L-1",
            "code:not=1",
            "method:not=1",
            "code:text=blood",
            "code:text=血",
            "category:text=vital",
            "identifier:of-type=urn:ty|MR|L-1",
            "identifier:text=病历",
            "_tag=urn:t|a",
            "_security=R",
            "_profile=http://x/profile",
            "_id=bp",
            "_id=a,bp",
            "combo-code=8462-4",
            "component-code=8480-6",
        ],
        &[
            "code=|85354-9",
            "code=http://snomed.info/sct|85354-9",
            "code=血压",
            "code:not=85354-9",
            "code:not=1,85354-9",
            "code:text=pressure",
            "status=preliminary",
            "status=FINAL",
            "identifier=urn:x|L-1",
            "identifier:of-type=urn:ty|XX|L-1",
            "_tag=b",
            "_id=b",
            "_id:not=bp",
            "component-code=85354-9",
        ],
    );
}

#[test]
fn case_matters_only_where_the_code_system_says_so() {
    let of = |system: &str, code: &str| json!({ "resourceType": "Observation", "code": { "coding": [{ "system": system, "code": code }] } });
    assert!(!admits(&of("http://unitsofmeasure.org", "mG"), "code=http://unitsofmeasure.org|mg"));
    assert!(admits(&of("urn:house", "mG"), "code=urn:house|MG"));
}

#[test]
fn references_match_by_every_spelling_of_the_same_thing() {
    table(
        &blood_pressure(),
        &[
            "subject=Patient/p1",
            "subject=p1",
            "subject:Patient=p1",
            "patient=p1",
            "patient=Patient/p1",
            "subject=https://h.example/fhir/Patient/p1",
            "subject=Patient/p1/_history/4",
            "performer=Practitioner/d1",
            "performer=d1",
            "performer=https://other.example/fhir/Practitioner/d2",
            "performer:identifier=urn:staff|007",
            "performer:identifier=007",
            "performer:Practitioner=d1",
        ],
        &[
            "subject=p2",
            "subject=Group/p1",
            "subject:Group=p1",
            "performer=Practitioner/d2",
            "performer:identifier=urn:x|007",
            "patient=P1",
            "performer=https://third.example/fhir/Practitioner/d2",
            "encounter=p1",
        ],
    );
}

#[test]
fn dates_compare_as_ranges() {
    table(
        &blood_pressure(),
        &[
            "date=2024-01-15",
            "date=2024-01",
            "date=2024",
            "date=2024-01-15T10:30:00Z",
            "date=2024-01-15T18:30:00%2B08:00",
            "date=2024-01-15T18:30:00+08:00",
            "date=2024-01-15T10:30Z",
            "date=ge2024-01-15",
            "date=le2024-01-15",
            "date=gt2024-01-14",
            "date=lt2024-01-16",
            "date=sa2024-01-14",
            "date=eb2024-01-16",
            "date=ne2024-01-14",
            "date=ap2024-01-20",
            "date=ge2024-01-01&date=lt2024-02-01",
            "_lastUpdated=2024-07-01",
            "_lastUpdated=ge2024-07-01",
            "date=2023,2024",
        ],
        &[
            "date=2024-01-15T10:30:01Z",
            "date=2024-02",
            "date=gt2024-01-15",
            "date=lt2024-01-15",
            "date=sa2024-01-15",
            "date=eb2024-01-15",
            "date=ne2024-01-15",
            "date=ap2023-01-20",
            "_lastUpdated=lt2024-07-01",
            "date=ge2024-01-01&date=lt2024-01-10",
        ],
    );
}

#[test]
fn periods_are_contained_overlapped_or_beyond_and_may_be_open() {
    let stay = |period: Value| json!({ "resourceType": "Encounter", "period": period });
    let closed = stay(json!({ "start": "2024-01-10", "end": "2024-01-20" }));
    table(
        &closed,
        &[
            "date=2024-01",
            "date=ge2024-01-15",
            "date=le2024-01-15",
            "date=gt2024-01-15",
            "date=lt2024-01-15",
            "date=sa2024-01-09",
            "date=eb2024-01-21",
            "date=ap2024-01-15",
            "date=ne2024-01-15",
        ],
        &[
            "date=2024-01-15",
            "date=2024-01-10",
            "date=sa2024-01-15",
            "date=eb2024-01-15",
            "date=gt2024-01-20",
            "date=lt2024-01-10",
        ],
    );
    let open = stay(json!({ "start": "2024-01-10" }));
    table(&open, &["date=ge2024", "date=gt2030", "date=sa2023"], &["date=2024", "date=eb2040", "date=lt2024-01-10"]);
    let partial = json!({ "resourceType": "Patient", "birthDate": "1980-02" });
    table(&partial, &["birthdate=1980", "birthdate=1980-02"], &["birthdate=1980-02-03"]);
}

#[test]
fn strings_ignore_case_accents_and_position_only_as_the_modifier_says() {
    let p = json!({ "resourceType": "Patient", "name": [{ "family": "Müller", "given": ["Anne  Marie"] }, { "family": "张", "given": ["三丰"] }],
        "address": [{ "line": ["长安街 1 号"], "city": "北京" }] });
    table(
        &p,
        &[
            "name=mull",
            "family=MÜLLER",
            "given=anne m",
            "given:contains=marie",
            "family:exact=Müller",
            "name=张三丰",
            "name=zhangsan",
            "name=zsf",
            "family=zhang",
            "address=北京",
            "address-city=北",
            "address:contains=安",
            "name=x,mull",
            r"name=a\,b,mull",
        ],
        &[
            "name=uller",
            "family:exact=müller",
            "given:exact=Anne",
            "given=marie",
            "family:exact=zhang",
            "name:exact=张三丰",
            "address-city=长安",
        ],
    );
}

#[test]
fn numbers_and_quantities_respect_precision_for_equality_only() {
    let q = json!({ "resourceType": "Observation", "valueQuantity": { "value": 5.40, "unit": "mmol/l", "system": "http://unitsofmeasure.org", "code": "mmol/L" } });
    table(
        &q,
        &[
            "value-quantity=5.4",
            "value-quantity=5.40",
            "value-quantity=5",
            "value-quantity=5.4|http://unitsofmeasure.org|mmol/L",
            "value-quantity=5.4||mmol/L",
            "value-quantity=5.4||mmol/l",
            "value-quantity=ge5.4",
            "value-quantity=le5.4",
            "value-quantity=gt5.3999",
            "value-quantity=lt5.41",
            "value-quantity=ap5",
            "value-quantity=ne6",
            "value-quantity=sa5",
            "value-quantity=eb6",
        ],
        &[
            "value-quantity=5.3",
            "value-quantity=5.41",
            "value-quantity=6",
            "value-quantity=gt5.4",
            "value-quantity=lt5.4",
            "value-quantity=5.4|urn:x|mmol/L",
            "value-quantity=5.4||mg",
            "value-quantity=ap4",
            "value-quantity=ne5.4",
        ],
    );
    let below = json!({ "resourceType": "Observation", "valueQuantity": { "value": 5, "comparator": "<" } });
    table(&below, &["value-quantity=lt1", "value-quantity=le5"], &["value-quantity=5", "value-quantity=gt5"]);
    let risk = json!({ "resourceType": "RiskAssessment", "prediction": [{ "probabilityDecimal": 0.5 }] });
    table(
        &risk,
        &["probability=0.5", "probability=gt0.4", "probability=5e-1"],
        &["probability=0.50001", "probability=gt0.5"],
    );
}

#[test]
fn composites_match_within_one_instance() {
    table(
        &blood_pressure(),
        &[
            "component-code-value-quantity=http://loinc.org|8480-6$120",
            "component-code-value-quantity=8480-6$gt110",
            "combo-code-value-quantity=8462-4$lt90",
            "component-code-value-quantity=8480-6$120||mmHg",
        ],
        &[
            "component-code-value-quantity=8480-6$80",
            "component-code-value-quantity=8462-4$gt110",
            "code-value-quantity=85354-9$120",
        ],
    );
}

#[test]
fn missing_asks_for_the_element_and_not_for_a_usable_value() {
    let o = json!({ "resourceType": "Observation", "code": { "text": "x" }, "subject": { "display": "somebody" } });
    table(
        &o,
        &[
            "code:missing=false",
            "subject:missing=false",
            "date:missing=true",
            "value-quantity:missing=true",
            "_id:missing=false",
        ],
        &["code:missing=true", "subject:missing=true", "date:missing=false", "_id:missing=true", "code=x"],
    );
    let p = json!({ "resourceType": "Patient", "deceasedDateTime": "2020" });
    table(&p, &["deceased=true", "death-date=2020"], &["deceased=false"]);
    table(&json!({ "resourceType": "Patient" }), &["deceased=false"], &["deceased=true"]);
}

#[test]
fn uris_match_whole_above_and_below() {
    let v = json!({ "resourceType": "ValueSet", "url": "http://x/fhir/vs/a" });
    table(
        &v,
        &[
            "url=http://x/fhir/vs/a",
            "url:below=http://x/fhir",
            "url:below=http://x/fhir/vs/a",
            "url:above=http://x/fhir/vs/a/b",
        ],
        &["url=http://x/fhir", "url=http://X/fhir/vs/a", "url:below=http://x/fh", "url:above=http://x/fhir/vs/ab"],
    );
}

#[test]
fn what_is_not_understood_is_refused_and_never_passed_over() {
    use IssueType as I;
    for (query, code) in [
        ("foo=1", I::NotSupported),
        ("code:foo=1", I::NotSupported),
        ("code:exact=1", I::NotSupported),
        ("code:in=urn:vs", I::NotSupported),
        ("subject.name=x", I::NotSupported),
        ("subject:Patient.name=x", I::NotSupported),
        ("_has:Observation:patient:code=1", I::NotSupported),
        ("_include=Observation:subject", I::NotSupported),
        ("_text=x", I::NotSupported),
        ("_content=x", I::NotSupported),
        ("_sort=foo", I::NotSupported),
        ("_sort=code-value-quantity", I::NotSupported),
        ("date=yesterday", I::Value),
        ("value-quantity=x", I::Value),
        ("value-quantity=1|x", I::Value),
        ("code:missing=maybe", I::Value),
        ("_count=-1", I::Value),
        ("_summary=maybe", I::Value),
        ("component-code-value-quantity=8480-6", I::Value),
        ("subject:Nobody=1", I::Invalid),
        ("subject:Practitioner=1", I::Invalid),
        ("subject:Patient=Group/1", I::Value),
        ("code=%ff", I::Invalid),
        ("_elements=id", I::NotSupported),
        ("_id:above=1", I::NotSupported),
    ] {
        assert_eq!(refusal("Observation", query), code, "{query}");
    }
    assert_eq!(refusal("Location", "near=1|2"), I::NotSupported);
    assert_eq!(refusal("Nobody", ""), I::NotSupported);
    let lenient = SearchContext { lenient: true, ..ctx() };
    let q = Query::parse(&lenient, "Observation", "foo=1&code=2&_sort=foo").unwrap();
    assert_eq!((q.ignored().len(), q.self_query().as_str()), (2, "code=2&_sort=foo"));
    assert!(Query::parse(&lenient, "Observation", "code:foo=1").is_err(), "an unknown modifier is refused even then");
}

#[test]
fn refusals_do_not_repeat_values() {
    for q in ["date=SECRET", "value-quantity=SECRET", "张三=SECRET", "SECRET 110101=1", "_sort=SECRET 1"] {
        let e = Query::parse(&ctx(), "Observation", q).unwrap_err();
        assert!(!e.to_string().contains("SECRET") && !e.to_string().contains('张'), "{e}");
    }
}

#[test]
fn a_query_knows_its_patient_only_when_it_is_certain() {
    let of = |kind: &str, q: &str| Query::parse(&ctx(), kind, q).unwrap().patient().map(str::to_owned);
    for (kind, q) in [
        ("Observation", "patient=p1"),
        ("Observation", "patient=Patient/p1&code=1"),
        ("Observation", "subject=Patient/p1"),
        ("Observation", "subject:Patient=p1"),
        ("Patient", "_id=p1"),
        ("Appointment", "patient=p1"),
        ("Appointment", "actor=Patient/p1"),
        ("Observation", "performer=Patient/p1"),
        ("Observation", "subject=https://h.example/fhir/Patient/p1"),
    ] {
        assert_eq!(of(kind, q).as_deref(), Some("p1"), "{kind}?{q}");
    }
    for (kind, q) in [
        ("Observation", "subject=p1"),
        ("Observation", "patient=p1,p2"),
        ("Observation", "focus=Patient/p1"),
        ("Observation", "patient:missing=false"),
        ("Observation", "subject=Group/p1"),
        ("Observation", "code=1"),
        ("Patient", "_id=p1,p2"),
        ("Patient", "_id:not=p1"),
        ("Observation", "_id=p1"),
        ("Observation", "subject=https://elsewhere/fhir/Patient/p1"),
    ] {
        assert_eq!(of(kind, q), None, "{kind}?{q}");
    }
    let c = Query::parse_in_compartment(&ctx(), "p1", "Observation", "code=85354-9").unwrap();
    assert_eq!(c.patient(), Some("p1"));
    let meta = RecordMeta { id: "bp", version: 1, last_updated_us: NOW };
    assert!(c.admits(&index(Tables::r4(), Zone::UTC, &blood_pressure()), &meta));
    let other = Query::parse_in_compartment(&ctx(), "p2", "Observation", "").unwrap();
    assert!(!other.admits(&index(Tables::r4(), Zone::UTC, &blood_pressure()), &meta));
    assert!(Query::parse_in_compartment(&ctx(), "p1", "Practitioner", "").is_err());
}

#[test]
fn sorting_puts_absent_values_last_both_ways() {
    let list = [
        (
            "a",
            json!({ "resourceType": "Observation", "effectiveDateTime": "2024-02-01", "valueQuantity": { "value": 10 } }),
        ),
        (
            "b",
            json!({ "resourceType": "Observation", "effectiveDateTime": "2024-01-01", "valueQuantity": { "value": 9.5 } }),
        ),
        ("c", json!({ "resourceType": "Observation" })),
        (
            "d",
            json!({ "resourceType": "Observation", "effectiveDateTime": "2024-01-01", "valueQuantity": { "value": -100 } }),
        ),
    ];
    let sorted = |sort: &str| {
        let q = Query::parse(&ctx(), "Observation", sort).unwrap();
        let mut keys: Vec<_> = list
            .iter()
            .map(|(id, r)| {
                (
                    q.sort_key(
                        &index(Tables::r4(), Zone::UTC, r),
                        &RecordMeta { id, version: 1, last_updated_us: NOW },
                    ),
                    *id,
                )
            })
            .collect();
        keys.sort();
        keys.into_iter().map(|(_, id)| id).collect::<String>()
    };
    assert_eq!(sorted("_sort=date"), "bdac");
    assert_eq!(sorted("_sort=-date"), "abdc");
    assert_eq!(sorted("_sort=value-quantity"), "dbac");
    assert_eq!(sorted("_sort=-value-quantity"), "abdc");
    assert_eq!(sorted("_sort=date,-value-quantity"), "bdac");
    assert_eq!(sorted("_sort=-_id"), "dcba");
    assert_eq!(sorted(""), "abcd");
}

#[test]
fn paging_parameters_pass_through_and_the_self_link_shows_what_was_used() {
    let q = Query::parse(
        &ctx(),
        "Observation",
        "code=a%20b&_count=7&_page=tok&_summary=count&_format=json&date=&_total=none",
    )
    .unwrap();
    assert_eq!((q.count(), q.page(), q.summary(), q.total()), (Some(7), Some("tok"), Some("count"), Some("none")));
    assert_eq!(q.self_query(), "code=a%20b&_count=7&_summary=count&_total=none");
}

/// A reading of the specification that shares no code with the implementation.
fn naive_token(system: Option<&str>, code: &str, wanted: &str) -> bool {
    match wanted.split_once('|') {
        None => wanted.eq_ignore_ascii_case(code),
        Some(("", c)) => system.is_none() && (c.is_empty() || c.eq_ignore_ascii_case(code)),
        Some((s, c)) => system == Some(s) && (c.is_empty() || c.eq_ignore_ascii_case(code)),
    }
}

fn naive_date(prefix: &str, (a, b): (i64, i64), (c, d): (i64, i64)) -> bool {
    let inside = (c..d).all(|x| (a..b).contains(&x));
    let beyond_above = (c..d).any(|x| x >= b);
    let beyond_below = (c..d).any(|x| x < a);
    match prefix {
        "gt" => beyond_above,
        "lt" => beyond_below,
        "ge" => beyond_above || inside,
        "le" => beyond_below || inside,
        "sa" => (c..d).all(|x| x >= b),
        "eb" => (c..d).all(|x| x < a),
        "ne" => !inside,
        _ => inside,
    }
}

proptest! {
    #[test]
    fn tokens_agree_with_a_naive_reading(
        system in prop::option::of("urn:[ab]"), code in "[aAbB]{1,2}", wanted in "(urn:[ab]\\||\\|)?[aAbB]{1,2}|urn:[ab]\\|"
    ) {
        let mut coding = json!({ "code": code });
        if let Some(s) = &system { coding["system"] = json!(s); }
        let o = json!({ "resourceType": "Observation", "code": { "coding": [coding] } });
        prop_assert_eq!(admits(&o, &format!("code={wanted}")), naive_token(system.as_deref(), &code, &wanted));
        prop_assert_eq!(admits(&o, &format!("code:not={wanted}")), !naive_token(system.as_deref(), &code, &wanted));
    }

    #[test]
    fn dates_agree_with_a_naive_reading(a in 1u32..28, la in 0u32..3, c in 1u32..28, lc in 0u32..3, prefix in "(eq|ne|gt|lt|ge|le|sa|eb|)") {
        // Days of January 2024 as units; a month when the length is 2.
        let text = |d: u32, l: u32| if l == 2 { "2024-01".to_owned() } else { format!("2024-01-{d:02}") };
        let unit = |d: u32, l: u32| if l == 2 { (1, 32) } else { (i64::from(d), i64::from(d) + 1) };
        let o = json!({ "resourceType": "Observation", "effectiveDateTime": text(c, lc) });
        prop_assert_eq!(admits(&o, &format!("date={prefix}{}", text(a, la))), naive_date(&prefix, unit(a, la), unit(c, lc)));
    }

    #[test]
    fn any_query_text_is_parsed_or_refused(query in r"([ -~张%&=|$,\\]{0,40}|(code|date|subject|value-quantity|_sort|_id|code-value-quantity)(:(not|missing|text|Patient|identifier))?=[ -~张]{0,20})") {
        if let Ok(q) = Query::parse(&ctx(), "Observation", &query) {
            let record = index(Tables::r4(), Zone::UTC, &blood_pressure());
            let meta = RecordMeta { id: "bp", version: 1, last_updated_us: NOW };
            let _ = (q.admits(&record, &meta), q.sort_key(&record, &meta), q.terms(), q.self_query());
        }
    }

    #[test]
    fn any_record_is_searched_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut record = vec![1];
        record.extend(bytes);
        let q = Query::parse(&ctx(), "Observation", "code=a&date=gt2020&subject=x&combo-code-value-quantity=a$1&_sort=date").unwrap();
        let meta = RecordMeta { id: "bp", version: 1, last_updated_us: NOW };
        let _ = (q.admits(&record, &meta), q.sort_key(&record, &meta));
    }
}
