//! Who was let into the portal, on what document: proofs about the patient, and the guardian's own document (ACC-04, L-03).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tacebo_vault::policy::Action;
use tacebo_vault::{Expect, Keep, Look, PatientId, Record, RecordKind, Refused};
use uuid::Uuid;

use crate::Governance;

/// What was done at the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortalStep {
    /// An account was opened.
    Opened,
    /// A new one-time password was handed out.
    Password,
    /// A new second factor was handed out.
    Factor,
    /// The account was ended.
    Ended,
}

impl PortalStep {
    /// The word for the log.
    fn word(self) -> &'static str {
        match self {
            Self::Opened => "portal-opened",
            Self::Password => "portal-password-reset",
            Self::Factor => "portal-second-factor-reset",
            Self::Ended => "portal-ended",
        }
    }
}

/// Proof of one step.
#[derive(Clone, Serialize, Deserialize)]
pub struct PortalAccess {
    /// The account.
    pub account: String,
    /// The `RelatedPerson/…` whose account it is; none for the patient's own.
    pub related: Option<String>,
    /// What was done.
    pub step: PortalStep,
    /// Code of the document by which the person at the counter was known.
    pub document: String,
    /// Code of what showed that this is the parent or guardian, where that was looked at.
    pub proof: Option<String>,
    /// Account of the member of staff.
    pub by: String,
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
}

impl std::fmt::Debug for PortalAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PortalAccess").field("step", &self.step).finish_non_exhaustive()
    }
}

/// A parent or guardian as the counter records one.
#[derive(Clone)]
pub struct Authority {
    /// Name.
    pub name: String,
    /// Code of the relationship.
    pub relationship: String,
    /// The relationship in words.
    pub relationship_words: String,
    /// Telephone.
    pub phone: String,
    /// Last day, where there is one.
    pub until: Option<Date>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("relationship", &self.relationship).finish_non_exhaustive()
    }
}

/// The FHIR document that says so: the portal opens by it, for as long as it stands.
pub fn related_person(id: &str, patient: &PatientId, authority: &Authority, since: Date) -> Value {
    let mut period = json!({"start": since.to_string()});
    if let (Some(until), Some(period)) = (authority.until, period.as_object_mut()) {
        period.insert("end".into(), json!(until.to_string()));
    }
    json!({
        "resourceType": "RelatedPerson",
        "id": id,
        "active": true,
        "patient": {"reference": format!("Patient/{}", patient.as_str())},
        "relationship": [{
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": authority.relationship}],
            "text": authority.relationship_words
        }],
        "name": [{"use": "official", "text": authority.name}],
        "telecom": [{"system": "phone", "value": authority.phone, "use": "mobile"}],
        "period": period
    })
}

impl Governance {
    /// Records one step, in the commit at the end of the ask. The entry names the step and the documents seen.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn record_portal(look: &mut Look<'_>, patient: &PatientId, access: &PortalAccess) -> Result<(), Refused> {
        let id = Uuid::now_v7().to_string();
        let words = [access.step.word(), access.document.as_str(), access.proof.as_deref().unwrap_or_default()];
        let event = words.join(" ");
        let keep = Keep {
            patient: Some(patient.clone().into()),
            expect: Expect::Absent,
            ..Keep::new(RecordKind::Portal, &id, access, Action::Create, event.trim())
        };
        look.keep(&keep)
    }

    /// Steps recorded for one patient, the latest first.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn portal_of(look: &mut Look<'_>, patient: &PatientId) -> Result<Vec<Record<PortalAccess>>, Refused> {
        let mut records = look.records::<PortalAccess>(Action::Read, RecordKind::Portal, Some(patient))?;
        records.sort_by_key(|record| std::cmp::Reverse(record.value.at_us));
        Ok(records)
    }
}
