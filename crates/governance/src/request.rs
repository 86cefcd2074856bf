//! Access requests: what a refused person sends to the privacy officer (ACC-03).

use serde::{Deserialize, Serialize};
use tacebo_vault::policy::Action;
use tacebo_vault::{Asker, Expect, Keep, Look, Meant, PatientId, Record, RecordKind, Refused};
use uuid::Uuid;

use crate::{Governance, Outcome};

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// Waiting for an answer.
    Open,
    /// Answered: care relation to be recorded by the department.
    Accepted,
    /// Answered: no.
    Declined,
}

/// One request.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccessRequest {
    /// Account that asks.
    pub account: String,
    /// Name shown to the officer.
    pub name: String,
    /// Department of the asker.
    pub department: Option<String>,
    /// Why, in words.
    pub words: String,
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
    /// Where it stands.
    pub state: RequestState,
}

impl std::fmt::Debug for AccessRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessRequest").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Governance {
    /// Sends a request. The answer does not depend on whether the patient exists.
    ///
    /// # Errors
    /// [`tacebo_vault::Refused`], recorded.
    pub async fn request_access(&self, asker: &Asker, patient: &Meant, words: &str) -> Outcome<String> {
        let request = AccessRequest {
            account: asker.who.account.clone(),
            name: asker.who.display.clone(),
            department: asker.who.department.clone(),
            words: words.trim().to_owned(),
            at_us: self.vault.now_us(),
            state: RequestState::Open,
        };
        let id = Uuid::now_v7().to_string();
        let keep = Keep {
            patient: Some(patient.clone()),
            expect: Expect::Absent,
            ..Keep::new(RecordKind::Request, &id, &request, Action::Create, "access-requested")
        };
        let kept = self.vault.keep(asker, &keep).await?;
        Ok(kept.map(|_| id.clone()))
    }

    /// Requests, newest first.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn access_requests(look: &mut Look<'_>) -> Result<Vec<Record<AccessRequest>>, Refused> {
        look.records(Action::Review, RecordKind::Request, None)
    }

    /// Answers a request in the commit at the end of the ask.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends.
    pub fn answer_request(
        look: &mut Look<'_>,
        request: &Record<AccessRequest>,
        state: RequestState,
    ) -> Result<(), Refused> {
        let patient = request.patient.as_deref().map(|patient| PatientId::new(patient).into());
        let value = AccessRequest { state, ..request.value.clone() };
        let keep = Keep {
            patient,
            expect: Expect::Version(request.version),
            ..Keep::new(RecordKind::Request, &request.id, &value, Action::Review, "access-request-answered")
        };
        look.keep(&keep)
    }
}
