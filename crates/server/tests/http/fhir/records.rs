//! What the FHIR tests keep: a patient, an encounter, an observation.

use serde_json::{Value, json};

use crate::house::House;

impl House {
    /// A house with a patient in the doctor's care.
    pub(crate) async fn with_patient(id: &str) -> Self {
        let house = Self::new().await;
        house.admit(id).await;
        house
    }

    /// A patient, an encounter with the doctor, an observation.
    pub(crate) async fn admit(&self, id: &str) {
        let encounter = json!({ "resourceType": "Encounter", "id": format!("e-{id}"), "status": "in-progress",
            "class": { "code": "IMP" }, "subject": { "reference": format!("Patient/{id}") },
            "period": { "start": "2026-01-01" },
            "participant": [{ "individual": { "reference": "Practitioner/li" } }] });
        for body in [patient(id), encounter, observation(&format!("o-{id}"), id)] {
            let path = format!("/fhir/{}/{}", body["resourceType"].as_str().unwrap(), body["id"].as_str().unwrap());
            self.put(&self.his, &path, &body).await.is(201);
        }
    }
}

pub(crate) fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id,
        "identifier": [{ "system": "urn:mrn", "value": format!("M-{id}") }],
        "name": [{ "text": "王小明", "family": "王", "given": ["小明"] }],
        "telecom": [{ "system": "phone", "value": "13800138000" }],
        "gender": "male", "birthDate": "1980-02-03" })
}

pub(crate) fn observation(id: &str, of: &str) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "718-7" }] },
        "subject": { "reference": format!("Patient/{of}") },
        "effectiveDateTime": "2026-05-01", "valueQuantity": { "value": decimal("13.20"), "unit": "g/dL" } })
}

/// A number with its digits, which a Rust float would lose.
fn decimal(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
