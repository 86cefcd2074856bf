//! The patient's own switches (ACC-13): a limit is a FHIR Consent that denies a
//! department, in force on the next request.

use serde_json::{Value, json};
use tacebo_vault::{
    Asker, DocRef, Document, Everything, Expect, Find, Look, PatientId, Refused, Scope, Write, instant,
};
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
    /// The patient's switches as they stand, over the departments that [`crate::Directory`] knows.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn choices(
        look: &mut Look<'_>,
        patient: &PatientId,
        departments: Vec<Department>,
    ) -> Result<Vec<DepartmentChoice>, Refused> {
        let limits = limits(look, patient)?;
        Ok(departments
            .into_iter()
            .map(|department| {
                let limited = limits.iter().any(|d| active(&d.body) && denies(&d.body, &department.reference));
                DepartmentChoice { department, limited }
            })
            .collect())
    }

    /// Sets one switch.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn choose(
        &self,
        asker: &Asker,
        patient: &PatientId,
        department: &str,
        choice: Choice,
    ) -> Outcome<Choice> {
        let now = instant(self.vault.now_us());
        let done = self.vault.act(asker, |look| {
            if let Some(write) = switched(limits(look, patient)?, patient, department, choice, &now) {
                look.write(write);
            }
            Ok::<_, Refused>(choice)
        });
        Ok(done.await?.map(|(choice, _)| choice))
    }
}

/// What has to be written so that the switch stands as chosen.
fn switched(limits: Vec<Document>, patient: &PatientId, department: &str, choice: Choice, now: &str) -> Option<Write> {
    let Some(found) = limits.into_iter().find(|d| denies(&d.body, department)) else {
        if choice == Choice::Allow {
            return None;
        }
        let id = Uuid::new_v4().to_string();
        let body = limit(&id, patient, department, now);
        return Some(Write::create(DocRef::new("Consent", id), body));
    };
    if active(&found.body) == (choice == Choice::Limit) {
        return None;
    }
    let Document { name, version, body, .. } = found;
    let mut body = body.into_value();
    if let Some(body) = body.as_object_mut() {
        let status = if choice == Choice::Limit { "active" } else { "inactive" };
        body.insert("status".into(), json!(status));
        body.insert("dateTime".into(), json!(now));
    }
    Some(Write::put(name, body).expecting(Expect::Version(version)))
}

fn limits(look: &mut Look<'_>, patient: &PatientId) -> Result<Vec<Document>, Refused> {
    let find = Find::new(&["Consent"], Scope::Patient(patient.clone()), &Everything);
    let page = look.search(&find)?;
    Ok(page.documents.into_iter().filter(|d| is_limit(&d.body)).collect())
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
