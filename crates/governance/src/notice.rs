//! Notices read and consents given or refused at the counter (COL-04, COL-05).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tacebo_vault::policy::Action;
use tacebo_vault::veil::{MaskSet, veil};
use tacebo_vault::{DocRef, Expect, Keep, Look, PatientId, Record, RecordKind, Refused, Write};
use uuid::Uuid;

use crate::{Governance, Notice};

/// How a notice was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Read and signed on a tablet.
    Tablet,
    /// Read and signed on paper.
    Paper,
    /// Read aloud, with a witness.
    Aloud,
}

/// What the person answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Read it (a notice that asks for no consent).
    Read,
    /// Consents.
    Agreed,
    /// Does not consent; care goes on, and nobody asks again without cause (L-02).
    Declined,
}

/// Proof of one notice.
#[derive(Clone, Serialize, Deserialize)]
pub struct NoticeProof {
    /// Which notice.
    pub notice: String,
    /// Which version of its text.
    pub version: String,
    /// Since when that version was in force.
    #[serde(with = "crate::day")]
    pub since: Date,
    /// How it was given.
    #[serde(flatten)]
    pub given: Given,
    /// The answer.
    pub answer: Answer,
    /// Account of the member of staff.
    pub by: String,
    /// When it was recorded, microseconds since the Unix epoch.
    pub at_us: i64,
}

/// How a notice was given, and who spoke for the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The day: on paper it may be earlier than the record.
    #[serde(with = "crate::day")]
    pub on: Date,
    /// In which language it was shown.
    pub language: String,
    /// How.
    pub method: Method,
    /// Name of the parent or guardian who read and answered, where it was not the person (PIPL 31).
    pub guardian: Option<String>,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").field("method", &self.method).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for NoticeProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NoticeProof")
            .field("notice", &self.notice)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Governance {
    /// Records that a notice was given, and for a consent what was answered, as FHIR `Consent`: both
    /// in the commit at the end of the ask.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn record_notice(
        &self,
        look: &mut Look<'_>,
        patient: &PatientId,
        notice: &Notice,
        given: &Given,
        answer: Answer,
    ) -> Result<(), Refused> {
        let proof = NoticeProof {
            notice: notice.id.clone(),
            version: notice.version.clone(),
            since: notice.since,
            given: given.clone(),
            answer,
            by: look.asker().who.account.clone(),
            at_us: self.vault.now_us(),
        };
        let id = Uuid::now_v7().to_string();
        let keep = Keep {
            patient: Some(patient.clone().into()),
            expect: Expect::Absent,
            ..Keep::new(RecordKind::Notice, &id, &proof, Action::Create, "notice-recorded")
        };
        look.keep(&keep)?;
        if notice.consent {
            let body = consent(&id, patient, notice, &proof);
            look.write(Write::create(DocRef::new("Consent", id), body));
        }
        Ok(())
    }

    /// Notices given to one patient, newest first.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn notices_of(look: &mut Look<'_>, patient: &PatientId) -> Result<Vec<Record<NoticeProof>>, Refused> {
        let mut records = look.records::<NoticeProof>(Action::Read, RecordKind::Notice, Some(patient))?;
        let masks = look.masks();
        for record in &mut records {
            let guardian = &mut record.value.given.guardian;
            *guardian = guardian.take().map(|name| masked(&name, masks));
        }
        Ok(records)
    }
}

/// A guardian's name as the asker may see it: masked like that of a person in the record.
fn masked(name: &str, masks: MaskSet) -> String {
    let mut person = json!({"resourceType": "RelatedPerson", "name": [{"text": name}]});
    let _ = veil("RelatedPerson", &mut person, masks);
    person.pointer("/name/0/text").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A refusal is a consent too: one that denies its purpose.
fn consent(id: &str, patient: &PatientId, notice: &Notice, proof: &NoticeProof) -> Value {
    let (kind, rule) = if proof.answer == Answer::Agreed { ("permit", "OPTIN") } else { ("deny", "OPTOUT") };
    let mut consent = json!({
        "resourceType": "Consent",
        "id": id,
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": format!("Patient/{}", patient.as_str())},
        "dateTime": proof.given.on.to_string(),
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": rule}]},
        "provision": {
            "type": kind,
            "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": notice.purpose}]
        }
    });
    // Who agreed, where it was not the patient.
    if let (Some(name), Some(consent)) = (&proof.given.guardian, consent.as_object_mut()) {
        consent.insert("performer".into(), json!([{"display": name}]));
    }
    consent
}
