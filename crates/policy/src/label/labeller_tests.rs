use serde_json::json;

use super::*;
use crate::Category;

fn labeller() -> Labeller {
    Labeller::shipped().unwrap()
}

fn condition(system: &str, code: &str) -> Value {
    json!({"resourceType": "Condition", "code": {"coding": [{"system": system, "code": code}]}})
}

const ICD: &str = "http://hl7.org/fhir/sid/icd-10";

#[test]
fn codes_raise_their_sensitivity_at_the_edges_of_the_range_and_not_beyond() {
    let labeller = labeller();
    let of = |code: &str| labeller.label("Condition", &condition(ICD, code)).sensitivity;
    for (code, expected) in [
        ("B20", Some(Sensitivity::Hiv)),
        ("B24.x00", Some(Sensitivity::Hiv)),
        ("b22.7", Some(Sensitivity::Hiv)),
        ("Z21", Some(Sensitivity::Hiv)),
        ("B19.9", None),
        ("B25", None),
        ("A50.0", Some(Sensitivity::Std)),
        ("A64", Some(Sensitivity::Std)),
        ("A65", None),
        ("F10.2", Some(Sensitivity::Eth)),
        ("F19", Some(Sensitivity::Eth)),
        ("F20", Some(Sensitivity::Psy)),
        ("F09", Some(Sensitivity::Psy)),
        ("O00.9", Some(Sensitivity::Sex)),
        ("O08", Some(Sensitivity::Sex)),
        ("O09", None),
        ("I10", None),
    ] {
        assert_eq!(of(code).into_iter().next(), expected, "{code}");
    }
}

#[test]
fn cls_02_hiv_is_level_five_and_core_and_sets_no_statutory_flag() {
    let labels = labeller().label("Condition", &condition(ICD, "B20"));
    assert_eq!(labels.level, 5);
    assert_eq!(labels.grade, Grade::Core);
    assert_eq!(labels.confidentiality, Confidentiality::Restricted);
    assert!(labels.flags.is_empty());
}

#[test]
fn a_code_without_a_system_is_tried_as_icd_10_and_a_foreign_one_is_not() {
    let labeller = labeller();
    let bare = json!({"resourceType": "Condition", "code": {"coding": [{"code": "B20"}]}});
    assert!(labeller.label("Condition", &bare).sensitivity.contains(&Sensitivity::Hiv));
    assert!(labeller.label("Condition", &condition("http://example.org/wards", "B20")).sensitivity.is_empty());
}

#[test]
fn cls_03_genetic_by_kind_by_category_by_loinc_and_by_contained() {
    let labeller = labeller();
    let report = json!({"resourceType": "DiagnosticReport",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "GE"}]}]});
    let variant =
        json!({"resourceType": "Observation", "code": {"coding": [{"system": "http://loinc.org", "code": "69548-6"}]}});
    let holds = json!({"resourceType": "Observation", "contained": [{"resourceType": "MolecularSequence", "id": "s"}]});
    let plain =
        json!({"resourceType": "Observation", "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}});
    let sequence = json!({"resourceType": "MolecularSequence"});
    assert_eq!(labeller.label("DiagnosticReport", &report).category, Category::Genetic);
    assert_eq!(labeller.label("Observation", &variant).category, Category::Genetic);
    assert_eq!(labeller.label("Observation", &holds).category, Category::Genetic);
    assert_eq!(labeller.label("MolecularSequence", &sequence).category, Category::Genetic);
    assert_eq!(labeller.label("Observation", &plain).category, Category::Health);
}

#[test]
fn words_are_found_in_any_field_but_not_inside_others_and_not_in_bytes() {
    let labeller = labeller();
    let typed = json!({"resourceType": "Condition", "note": [{"text": "考虑艾滋病期"}]});
    let archive = json!({"resourceType": "Condition", "note": [{"text": "see archive"}]});
    let bytes = json!({"resourceType": "DocumentReference", "content": [{"attachment": {"data": "HIVHIV=="}}]});
    assert!(labeller.label("Condition", &typed).sensitivity.contains(&Sensitivity::Hiv));
    assert!(labeller.label("Condition", &archive).sensitivity.is_empty());
    assert!(labeller.label("DocumentReference", &bytes).sensitivity.is_empty());
}

fn secured(system: &str, code: &str) -> Value {
    let mut body = condition(ICD, "B20");
    body["meta"] = json!({"security": [{"system": system, "code": code}]});
    body
}

#[test]
fn a_client_raises_labels_and_never_lowers_them() {
    let labeller = labeller();
    let plain = labeller.label("Condition", &condition(ICD, "B20"));
    let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    assert_eq!(labeller.label("Condition", &secured(system, "U")), plain);
    assert_eq!(labeller.label("Condition", &secured(system, "V")).confidentiality, Confidentiality::VeryRestricted);
    let act = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    assert!(labeller.label("Condition", &secured(act, "SDV")).sensitivity.contains(&Sensitivity::Sdv));
    assert!(labeller.label("Condition", &secured(act, "NOPAT")).flags.contains("withheld"));
    let harmless = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
    assert_eq!(labeller.label("Condition", &secured(harmless, "HTEST")), plain);
}

#[test]
fn what_cannot_be_read_is_the_strictest() {
    let labeller = labeller();
    for body in [json!([]), json!("x"), json!({"resourceType": "Patient"}), json!({"resourceType": 3})] {
        assert_eq!(labeller.label("Condition", &body), Labels::strictest(), "{body}");
    }
    assert_eq!(labeller.label("Konditionen", &json!({})), Labels::strictest());
    for body in [
        secured("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "X"),
        secured("http://terminology.hl7.org/CodeSystem/v3-ActCode", "NEWCODE"),
        secured("http://example.org/own-labels", "secret"),
        json!({"resourceType": "Condition", "meta": {"security": {}}}),
        json!({"resourceType": "Condition", "meta": {"security": [{}]}}),
        json!({"resourceType": "Condition", "contained": [{"resourceType": "Neu"}]}),
    ] {
        let labels = labeller.label("Condition", &body);
        assert!(labels.sensitivity.contains(&Sensitivity::Unlisted), "{body}");
        assert_eq!(labels.confidentiality, Confidentiality::VeryRestricted, "{body}");
        assert_eq!(labels.level, 5);
    }
}

#[test]
fn documents_about_nobody_keep_their_kinds_labels() {
    let set =
        json!({"resourceType": "ValueSet", "compose": {"include": [{"system": ICD, "concept": [{"code": "B20"}]}]}});
    let labeller = labeller();
    assert_eq!(&labeller.label("ValueSet", &set), labeller.of_kind("ValueSet"));
}

#[test]
fn images_are_marked_so_that_a_radiographer_may_see_them() {
    let labeller = labeller();
    let report = json!({"resourceType": "DiagnosticReport",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}]});
    assert!(labeller.label("DiagnosticReport", &report).flags.contains("imaging"));
    assert!(labeller.of_kind("ImagingStudy").flags.contains("imaging"));
    assert!(labeller.of_kind("DiagnosticReport").flags.is_empty());
}

#[test]
fn deep_nesting_does_not_overflow() {
    let mut deep = Value::from("艾滋");
    for _ in 0..50_000 {
        deep = Value::Array(vec![deep]);
    }
    let deep = Value::Object(Map::from_iter([("note".to_owned(), deep)]));
    let labels = labeller().label("Condition", &deep);
    assert!(labels.sensitivity.contains(&Sensitivity::Hiv));
    // Dropping such a value recurses inside serde_json; that is the parser's limit, not ours.
    std::mem::forget(deep);
}

proptest::proptest! {
    #[test]
    fn no_security_entry_ever_lowers_a_label(system in "[a-z:/.]{0,12}", code in "[A-Z]{0,6}") {
        let labeller = labeller_once();
        let plain = labeller.label("Condition", &condition(ICD, "B20"));
        let said = labeller.label("Condition", &secured(&system, &code));
        proptest::prop_assert_eq!(said.clone().stricter(&plain), said);
    }
}

fn labeller_once() -> &'static Labeller {
    static ONCE: std::sync::OnceLock<Labeller> = std::sync::OnceLock::new();
    ONCE.get_or_init(labeller)
}
