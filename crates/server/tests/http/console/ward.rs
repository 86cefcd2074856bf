//! A ward with its people: two departments, their staff, and patients as the console shows them.

use serde_json::{Value, json};

use crate::house::{House, NAME, PHONE, RESIDENT_ID};

impl House {
    /// A house with departments and staff.
    pub(crate) async fn staffed() -> Self {
        let house = Self::new().await;
        house.build().await;
        house
    }

    /// Departments and staff.
    async fn build(&self) {
        self.keep(&json!({ "resourceType": "Organization", "id": "hospital", "name": "示例医院" })).await;
        for (id, name) in [("cardiology", "心内科"), ("endocrinology", "内分泌科")] {
            let part = json!({ "reference": "Organization/hospital" });
            self.keep(&json!({ "resourceType": "Organization", "id": id, "name": name, "partOf": part })).await;
        }
        for (id, name) in [("li", "李明远"), ("wang", "王思齐"), ("yang", "杨若柳")] {
            self.keep(&json!({ "resourceType": "Practitioner", "id": id, "name": [{ "text": name }] })).await;
        }
    }

    /// A patient in 李明远's ward, with a diagnosis, a result, a medicine and an allergy.
    pub(crate) async fn take_in(&self, id: &str) {
        let subject = json!({ "reference": format!("Patient/{id}") });
        let encounter = json!({ "reference": format!("Encounter/e-{id}") });
        let all = [
            patient(id),
            json!({ "resourceType": "Encounter", "id": format!("e-{id}"), "status": "in-progress", "class": { "code": "IMP" },
                "subject": subject, "period": { "start": "2026-11-01T09:00:00+08:00" },
                "participant": [{ "individual": { "reference": "Practitioner/li" } }],
                "serviceProvider": { "reference": "Organization/cardiology" },
                "diagnosis": [{ "condition": { "reference": format!("Condition/c-{id}") } }] }),
            json!({ "resourceType": "Condition", "id": format!("c-{id}"), "subject": subject, "code": { "text": "心力衰竭" },
                "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active" }] },
                "onsetDateTime": "2026-10-30" }),
            json!({ "resourceType": "Observation", "id": format!("o-{id}"), "status": "final", "code": { "text": "血钾" },
                "subject": subject, "encounter": encounter, "effectiveDateTime": "2026-11-02T08:00:00+08:00",
                "valueQuantity": { "value": 5.90, "unit": "mmol/L" },
                "referenceRange": [{ "low": { "value": 3.5 }, "high": { "value": 5.3 } }] }),
            json!({ "resourceType": "MedicationRequest", "id": format!("m-{id}"), "status": "active", "intent": "order",
                "medicationCodeableConcept": { "text": "呋塞米" }, "subject": subject, "encounter": encounter,
                "authoredOn": "2026-11-01", "dosageInstruction": [{ "text": "每次20mg，每日1次" }] }),
            json!({ "resourceType": "AllergyIntolerance", "id": format!("a-{id}"), "patient": subject, "code": { "text": "青霉素" },
                "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active" }] } }),
        ];
        for body in &all {
            self.keep(body).await;
        }
    }
}

pub(crate) fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id,
        "identifier": [
            { "type": { "coding": [{ "code": "NI" }] }, "system": "urn:oid:2.16.156.10011.1.3", "value": RESIDENT_ID },
            { "type": { "coding": [{ "code": "MR" }] }, "system": "urn:oid:2.16.156.10011.1.13", "value": format!("10{id}77") }],
        "name": [{ "text": NAME, "family": "王", "given": ["秀兰"] }],
        "telecom": [{ "system": "phone", "value": PHONE }],
        "gender": "female", "birthDate": "1949-12-31" })
}
