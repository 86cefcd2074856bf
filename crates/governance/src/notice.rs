//! Notices read and consents given or refused at the counter (COL-04, COL-05).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tacebo_vault::policy::Action;
use tacebo_vault::{DocRef, Expect, Keep, Look, PatientId, Record, RecordKind, Refused, Write, instant};
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
    /// In which language it was shown.
    pub language: String,
    /// How.
    pub method: Method,
    /// The answer.
    pub answer: Answer,
    /// Account of the member of staff.
    pub by: String,
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
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
        language: &str,
        method: Method,
        answer: Answer,
    ) -> Result<(), Refused> {
        let proof = NoticeProof {
            notice: notice.id.clone(),
            version: notice.version.clone(),
            language: language.to_owned(),
            method,
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
            let body = consent(&id, patient, notice, answer, &instant(proof.at_us));
            look.write(Write::create(DocRef::new("Consent", id), body));
        }
        Ok(())
    }

    /// Notices given to one patient, newest first.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn notices_of(look: &mut Look<'_>, patient: &PatientId) -> Result<Vec<Record<NoticeProof>>, Refused> {
        look.records(Action::Read, RecordKind::Notice, Some(patient))
    }
}

/// A refusal is a consent too: one that denies its purpose.
fn consent(id: &str, patient: &PatientId, notice: &Notice, answer: Answer, now: &str) -> Value {
    let (kind, rule) = if answer == Answer::Agreed { ("permit", "OPTIN") } else { ("deny", "OPTOUT") };
    json!({
        "resourceType": "Consent",
        "id": id,
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": format!("Patient/{}", patient.as_str())},
        "dateTime": now,
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": rule}]},
        "provision": {
            "type": kind,
            "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": notice.purpose}]
        }
    })
}
