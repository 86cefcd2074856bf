//! All official R4 examples, if `cargo run -p xtask -- fhir-examples` has fetched them, validate and extract.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tacebo_fhir::{Tables, Zone, index, json, validate};

/// Faults of the examples themselves: file and where in it.
const FAULTS: &[(&str, &str)] = &[
    ("Questionnaire-qs1.json", ".linkId"),
    ("DeviceMetric-example.json", "DeviceMetric.parent"),
    ("Observation-clinical-gender.json", "Observation.performer[0]"),
    ("MedicationRequest-medrx0301.json", "MedicationRequest.dispenseRequest.performer"),
    ("DeviceUseStatement-example.json", "DeviceUseStatement.reasonReference[0]"),
    ("Bundle-dataelements.json", "Bundle.entry"),
    ("ig-r4.json", "ImplementationGuide.name"),
    ("ig-r4.json", "ImplementationGuide.status"),
    ("ImplementationGuide-fhir.json", "ImplementationGuide.name"),
    ("ImplementationGuide-fhir.json", "ImplementationGuide.status"),
    ("CodeSystem-v2-0550.json", ".code"),
    ("Bundle-v2-valuesets.json", ".code"),
    ("SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json", "SearchParameter.id"),
];

fn documented_fault(file: &str, expression: &str) -> bool {
    let base_of_extension =
        file.starts_with("SearchParameter-") && file.contains("-extensions-") && expression == "SearchParameter.base";
    base_of_extension || FAULTS.iter().any(|(f, e)| *f == file && expression.ends_with(e))
}

#[test]
fn official_examples_validate_and_extract_except_for_their_documented_faults() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/npm-cache/hl7.fhir.r4.examples/package");
    let Ok(files) = std::fs::read_dir(&dir) else { return };
    let t = Tables::r4();
    let mut faults: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut read, mut bytes) = (0, 0);
    for file in files.flatten() {
        let name = file.file_name().into_string().unwrap();
        if name.rsplit_once('.').is_none_or(|(_, end)| end != "json") || name.starts_with('.') || name == "package.json"
        {
            continue;
        }
        let text = std::fs::read(file.path()).unwrap();
        let resource = json::read(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        read += 1;
        let record = index(t, Zone::UTC, &resource);
        bytes += record.len();
        assert!(!record.is_empty());
        for issue in validate(t, &resource) {
            if !documented_fault(&name, &issue.expression) {
                faults
                    .entry(format!("{} {}", issue.code.code(), issue.diagnostics))
                    .or_default()
                    .push(format!("{name} {}", issue.expression));
            }
        }
    }
    assert!(read > 5_000, "only {read} examples");
    assert!(bytes > 500_000, "{bytes}");
    for (fault, places) in &faults {
        println!("{} × {fault}: {:?}", places.len(), places.iter().take(12).collect::<Vec<_>>());
    }
    assert!(faults.is_empty(), "{} unexpected faults", faults.len());
}
