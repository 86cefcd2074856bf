//! Access requests: what a refused person sends to the privacy officer (ACC-03), and the access for a limited time that
//! an accepted one gives.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tacebo_vault::policy::{Action, Basis, Fact};
use tacebo_vault::{ASKED_BY, Asker, Expect, Keep, Look, Meant, PatientId, Record, RecordKind, Refused, VaultFault};
use uuid::Uuid;

use crate::{Governance, Outcome};

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// Waiting for an answer.
    Open,
    /// Accepted: the asker sees the record until the end that was accepted.
    Accepted,
    /// Answered: no.
    Declined,
    /// Accepted, and ended before its time.
    Ended,
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
    /// Who answered and when.
    pub answer: Option<Answered>,
}

/// The answer to a request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Account of the person who answered.
    pub by: String,
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
    /// End of the access, exclusive, microseconds since the Unix epoch; none where it was declined.
    pub until_us: Option<i64>,
}

impl AccessRequest {
    /// Whether the asker sees the record through it at this moment.
    pub fn is_running(&self, now_us: i64) -> bool {
        let until_us = self.answer.as_ref().and_then(|answer| answer.until_us);
        self.state == RequestState::Accepted && until_us.is_some_and(|until_us| now_us < until_us)
    }
}

impl std::fmt::Debug for AccessRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessRequest").field("state", &self.state).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answered").field("until_us", &self.until_us).finish_non_exhaustive()
    }
}

/// What the officer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes, for so many of the days that are offered.
    Accept {
        /// Days from now.
        days: u32,
    },
    /// No.
    Decline,
    /// An access that was accepted ends now.
    End,
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The vault said no, or somebody else was faster.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nobody decides on his own request.
    #[error("nobody decides on a request of his own; another person answers it")]
    Own,
    /// The request is not in a state that this decision fits, or the days are none that are offered.
    #[error("this request takes no such answer now; look at it again")]
    Unfit,
}

impl From<VaultFault> for AnswerError {
    fn from(fault: VaultFault) -> Self {
        Self::Refused(fault.into())
    }
}

const DAY_US: i64 = 24 * 3_600 * 1_000_000;

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
            answer: None,
        };
        let id = Uuid::now_v7().to_string();
        let keep = Keep {
            patient: Some(patient.clone()),
            terms: vec![(ASKED_BY.to_owned(), request.account.clone())],
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

    /// Answers a request, or ends the access that an earlier answer gave, in the commit at the end of the ask.
    /// Accepting makes the asker one who treats the patient from now until the end: a fact of the patient's profile,
    /// in the same commit as the answer.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn answer_request(
        &self,
        look: &mut Look<'_>,
        request: &Record<AccessRequest>,
        decision: Decision,
    ) -> Result<RequestState, AnswerError> {
        let sent = &request.value;
        let by = &look.asker().who.account;
        if sent.account == *by {
            return Err(AnswerError::Own);
        }
        let now_us = self.vault.now_us();
        let answer = |until_us| Answered { by: by.clone(), at_us: now_us, until_us };
        let (state, answer, event) = match decision {
            Decision::Accept { days } if sent.state == RequestState::Open && self.offers(days) => {
                let until_us = now_us.saturating_add(i64::from(days).saturating_mul(DAY_US));
                (RequestState::Accepted, answer(Some(until_us)), "access-request-accepted")
            }
            Decision::Decline if sent.state == RequestState::Open => {
                (RequestState::Declined, answer(None), "access-request-declined")
            }
            Decision::End if sent.is_running(now_us) => {
                (RequestState::Ended, answer(Some(now_us)), "access-request-ended")
            }
            _ => return Err(AnswerError::Unfit),
        };
        let value = AccessRequest { state, answer: Some(answer), ..sent.clone() };
        let patient = request.patient.as_deref().map(|patient| PatientId::new(patient).into());
        let keep = Keep {
            patient,
            terms: vec![(ASKED_BY.to_owned(), value.account.clone())],
            expect: Expect::Version(request.version),
            facts: relation(&request.id, &value)?.into_iter().collect(),
            ..Keep::new(RecordKind::Request, &request.id, &value, Action::Review, event)
        };
        look.keep(&keep)?;
        Ok(state)
    }

    fn offers(&self, days: u32) -> bool {
        self.library.terms().access_days.values.contains(&days)
    }
}

/// What an accepted request says for decisions; any other says nothing, which takes back what an earlier version said.
fn relation(id: &str, request: &AccessRequest) -> Result<Option<Fact>, VaultFault> {
    let moment = |us| Timestamp::from_microsecond(us).map_err(|_| VaultFault::Decode("the house's clock"));
    match (&request.answer, request.state) {
        (Some(Answered { at_us, until_us: Some(until_us), .. }), RequestState::Accepted) => Ok(Some(Fact::Relation {
            with: request.account.clone(),
            evidence: format!("{}/{id}", RecordKind::Request.as_str()),
            basis: Basis::Request,
            from: Some(moment(*at_us)?),
            until: Some(moment(*until_us)?),
            open: false,
        })),
        _ => Ok(None),
    }
}
