//! The patient's own switches (ACC-13): a limit is a FHIR Consent that denies a
//! department, in force on the next request.

use serde_json::{Value, json};
use tacebo_vault::{Asker, Disclosed, DocRef, Document, Everything, Expect, Find, PatientId, Scope, Write, instant};
use uuid::Uuid;

use crate::{Department, Governance, Outcome};

/// One switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentChoice {
    /// The department.
    pub department: Department,
    /// Whether it is kept from the record.
    pub limited: bool,
}

/// What a patient switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The department may see the record when it treats the patient.
    Allow,
    /// It may not, except in an emergency and where the law says so.
    Limit,
}

impl Governance {
    /// The patient's switches as they stand.
    ///
    /// # Errors
    /// [`tacebo_vault::Refused`], recorded.
    pub async fn choices(&self, asker: &Asker, patient: &PatientId) -> Outcome<Vec<DepartmentChoice>> {
        let departments = self.directory.departments().await?;
        let limits = self.limits(asker, patient).await?;
        Ok(limits.map(|limits| {
            departments
                .into_iter()
                .map(|department| {
                    let limited = limits.iter().any(|d| active(&d.body) && denies(&d.body, &department.reference));
                    DepartmentChoice { department, limited }
                })
                .collect()
        }))
    }

    /// Sets one switch.
    ///
    /// # Errors
    /// [`tacebo_vault::Refused`], recorded.
    pub async fn choose(
        &self,
        asker: &Asker,
        patient: &PatientId,
        department: &str,
        choice: Choice,
    ) -> Outcome<Choice> {
        let limits = self.limits(asker, patient).await?;
        let found = limits.value().iter().find(|d| denies(&d.body, department));
        let status = match choice {
            Choice::Limit => "active",
            Choice::Allow => "inactive",
        };
        let write = match found {
            Some(found) if active(&found.body) == (choice == Choice::Limit) => {
                return Ok(limits.map(|_| choice));
            }
            Some(found) => {
                let mut body = Value::clone(&found.body);
                if let Some(body) = body.as_object_mut() {
                    body.insert("status".into(), json!(status));
                    body.insert("dateTime".into(), json!(instant(self.vault.now_us())));
                }
                Write::put(found.name.clone(), body).expecting(Expect::Version(found.version))
            }
            None if choice == Choice::Allow => return Ok(limits.map(|_| choice)),
            None => {
                let id = Uuid::new_v4().to_string();
                let body = limit(&id, patient, department, &instant(self.vault.now_us()));
                Write::create(DocRef::new("Consent", id), body)
            }
        };
        let written = self.vault.write(asker, vec![write]).await?;
        Ok(written.zip(limits).map(|_| choice))
    }

    async fn limits(&self, asker: &Asker, patient: &PatientId) -> Outcome<Vec<Document>> {
        let find = Find::new(&["Consent"], Scope::Patient(patient.clone()), &Everything);
        let page: Disclosed<_> = self.vault.search(asker, &find).await?;
        Ok(page.map(|page| page.documents.into_iter().filter(|d| is_limit(&d.body)).collect()))
    }
}

/// Marks the consents that are switches of the portal.
const TAG_SYSTEM: &str = "https://tacebo.org/fhir/CodeSystem/consent-origin";
const TAG_CODE: &str = "portal-department-limit";

fn limit(id: &str, patient: &PatientId, department: &str, now: &str) -> Value {
    json!({
        "resourceType": "Consent",
        "id": id,
        "meta": {"tag": [{"system": TAG_SYSTEM, "code": TAG_CODE}]},
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": format!("Patient/{}", patient.as_str())},
        "dateTime": now,
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTOUT"}]},
        "provision": {
            "type": "deny",
            "actor": [{
                "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
                "reference": {"reference": department}
            }]
        }
    })
}

fn is_limit(body: &Value) -> bool {
    body.pointer("/meta/tag")
        .and_then(Value::as_array)
        .is_some_and(|tags| tags.iter().any(|tag| tag.get("code").and_then(Value::as_str) == Some(TAG_CODE)))
}

fn active(body: &Value) -> bool {
    body.get("status").and_then(Value::as_str) == Some("active")
}

fn denies(body: &Value, department: &str) -> bool {
    body.pointer("/provision/actor").and_then(Value::as_array).is_some_and(|actors| {
        actors.iter().any(|a| a.pointer("/reference/reference").and_then(Value::as_str) == Some(department))
    })
}
