//! How the vault reads FHIR documents.

use serde_json::Value;
use tacebo_vault::policy::Fact;
use tacebo_vault::{Digest, PatientId, Speech};

use crate::compartment;
use crate::facts;
use crate::tables::Tables;
use crate::terms::{self, ALSO_ABOUT};
use crate::walker::{self, Zone};

/// The language of FHIR R4, for [`tacebo_vault::Opening`].
#[derive(Debug, Clone, Copy)]
pub struct Fhir {
    zone: Zone,
}

impl Fhir {
    /// The language, with the zone of dates that name none. It is part of every index record:
    /// never change it once data is there.
    pub fn new(zone: Zone) -> Self {
        Self { zone }
    }
}

impl Default for Fhir {
    fn default() -> Self {
        Self::new(Zone::CHINA)
    }
}

/// Whether documents of a type belong to patients: those of the patient compartment, and Patient.
pub(crate) fn is_personal(tables: &Tables, kind: &str) -> bool {
    kind == "Patient" || tables.patient_params(kind).is_some_and(|params| !params.is_empty())
}

/// Kinds that a restore to a point in time leaves as they are. It undoes what went wrong with the record of care, not what was
/// decided meanwhile about who may see it, nor what proves what was done:
///
/// - `Consent`: who withdrew one, or forbade something, has not given it again.
/// - `RelatedPerson`: who no longer stands for a patient does not do so again.
/// - `Person`: says which patient is a colleague, and so is protected from colleagues.
/// - `AuditEvent`, `Provenance`, `VerificationResult`: evidence; it also tells of the versions that stay in the history.
const STAYS: &[&str] = &["AuditEvent", "Consent", "Person", "Provenance", "RelatedPerson", "VerificationResult"];

impl Speech for Fhir {
    fn knows(&self, kind: &str) -> bool {
        Tables::r4().resource(kind).is_some()
    }

    fn is_personal(&self, kind: &str) -> bool {
        is_personal(Tables::r4(), kind)
    }

    fn fact_kinds(&self) -> &[&'static str] {
        facts::KINDS
    }

    fn stays(&self, kind: &str) -> bool {
        STAYS.contains(&kind)
    }

    fn digest(&self, kind: &str, body: &Value) -> Result<Digest, String> {
        let tables = Tables::r4();
        if body.get("resourceType").and_then(Value::as_str) != Some(kind) {
            return Err("the resource is of another type than its name".into());
        }
        let patients = compartment::patients(tables, kind, body).into_iter().map(PatientId::new).collect();
        let facts: Vec<Fact> = facts::facts(self.zone, kind, body);
        // The vault has its own term for further patients.
        let terms = terms::terms(tables, kind, body).into_iter().filter(|(param, _)| param != ALSO_ABOUT).collect();
        Ok(Digest { patients, params: walker::index(tables, self.zone, body), terms, facts })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_resource_of_the_compartment_is_read_with_its_patients() {
        let body = json!({ "resourceType": "Observation", "id": "o", "subject": { "reference": "Patient/a" },
            "performer": [{ "reference": "Patient/b" }] });
        let digest = Fhir::default().digest("Observation", &body).unwrap();
        assert_eq!(digest.patients, [PatientId::new("a"), PatientId::new("b")]);
        assert!(digest.terms.iter().all(|(param, _)| param != ALSO_ABOUT));
    }

    #[test]
    fn a_body_of_another_type_is_not_read() {
        assert!(Fhir::default().digest("Patient", &json!({ "resourceType": "Group" })).is_err());
    }

    #[test]
    fn what_is_about_patients_is_personal_and_the_house_is_not() {
        for kind in ["Patient", "Observation", "Encounter", "Consent", "Appointment"] {
            assert!(Fhir::default().is_personal(kind), "{kind}");
        }
        for kind in ["Practitioner", "Organization", "Location", "ValueSet"] {
            assert!(!Fhir::default().is_personal(kind), "{kind}");
        }
        assert!(!Fhir::default().knows("BreakGlass"));
    }

    #[test]
    fn what_stays_at_a_restore_is_a_kind_of_fhir_and_the_record_of_care_does_not() {
        for kind in STAYS {
            assert!(Fhir::default().knows(kind) && Fhir::default().stays(kind), "{kind}");
        }
        for kind in ["Patient", "Observation", "Encounter", "CareTeam", "Flag", "DocumentReference"] {
            assert!(!Fhir::default().stays(kind), "{kind}");
        }
    }
}
