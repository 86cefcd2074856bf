//! Whose a resource is: the patient compartment, exactly as CompartmentDefinition/patient says.

use serde_json::Value;

use crate::tables::Tables;
use crate::values::reference::Target;
use crate::walker::{find, text};

/// Ids of the patients in whose compartment a resource is, the owner first.
///
/// A Patient is its own owner. Of several patients, the one of `patient` or `subject` owns the resource; the others are told by
/// [`crate::terms::ALSO_ABOUT`].
pub fn patients(tables: &Tables, kind: &str, resource: &Value) -> Vec<String> {
    let mut out = Vec::new();
    if kind == "Patient" {
        out.extend(text(resource, "id").map(str::to_owned));
    }
    let Some(branches) = tables.compartment_program(kind) else { return out };
    let mut found: Vec<(u16, String)> = Vec::new();
    find(branches, resource, resource, &mut |rank, value| {
        if let Some(Target::Local { kind: "Patient", id }) = text(value, "reference").map(Target::of) {
            found.push((rank, id.to_owned()));
        }
    });
    found.sort_by_key(|(rank, _)| *rank);
    for (_, id) in found {
        if !out.contains(&id) {
            out.push(id);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_subject_owns_and_performers_that_are_patients_come_after() {
        let t = Tables::r4();
        let o = json!({ "performer": [{ "reference": "Patient/b" }], "subject": { "reference": "Patient/a/_history/3" },
            "focus": [{ "reference": "Patient/c" }] });
        assert_eq!(patients(t, "Observation", &o), ["a", "b"]);
        let allergy = json!({ "recorder": { "reference": "Patient/r" }, "patient": { "reference": "Patient/a" } });
        assert_eq!(patients(t, "AllergyIntolerance", &allergy), ["a", "r"]);
        assert_eq!(patients(t, "Patient", &json!({ "id": "p" })), ["p"]);
        assert_eq!(patients(t, "Practitioner", &json!({ "id": "p" })), Vec::<String>::new());
        let group = json!({ "subject": { "reference": "Group/g" } });
        assert_eq!(patients(t, "Observation", &group), Vec::<String>::new());
    }
}
