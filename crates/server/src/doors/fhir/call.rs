//! A request on its way in: who asks, for which purpose, of which type; and what went wrong before the vault.

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use serde_json::Value;
use tacebo_fhir::service::{Conditions, Failed};
use tacebo_fhir::{Issue, IssueType};
use tacebo_identity::IdentityError;
use tacebo_vault::policy::Action;
use tacebo_vault::{Asker, Door, Origin, Outcome};

use super::negotiate::{Prefer, sends_json, takes_json};
use super::{answer, outcome};
use crate::app::App;
use crate::http::{Incoming, Reply};

/// The header that names the purpose of use.
const PURPOSE: &str = "x-purpose-of-use";

/// One request of a known asker.
pub(super) struct Call {
    pub(super) app: App,
    pub(super) incoming: Incoming,
    pub(super) asker: Asker,
    pub(super) prefer: Prefer,
    action: Action,
}

impl Call {
    /// Lets a request in. Nothing is asked of the vault yet, so an answer from here has no entry.
    pub(super) async fn enter(app: App, incoming: Incoming, action: Action) -> Result<Self, Box<Reply>> {
        let wrong = |status, code, why: &str| Box::new(outcome(status, &[Issue::error(code, "", why)]));
        if !takes_json(&incoming) {
            let why = "this server speaks application/fhir+json of FHIR 4.0 only";
            return Err(wrong(StatusCode::NOT_ACCEPTABLE, IssueType::NotSupported, why));
        }
        let Some(token) = incoming.bearer() else {
            let reply = wrong(StatusCode::UNAUTHORIZED, IssueType::Login, "a bearer token is needed");
            return Err(Box::new(reply.with(WWW_AUTHENTICATE, "Bearer realm=\"tacebo\"")));
        };
        let known = match app.identity().token(token) {
            Ok(Some(known)) => known,
            Ok(None) => {
                let reply =
                    wrong(StatusCode::UNAUTHORIZED, IssueType::Login, "the token is unknown, expired or revoked");
                return Err(Box::new(reply.with(WWW_AUTHENTICATE, "Bearer realm=\"tacebo\", error=\"invalid_token\"")));
            }
            Err(error) => {
                tracing::error!(%error, "a token could not be looked up");
                return Err(wrong(StatusCode::SERVICE_UNAVAILABLE, IssueType::Exception, "temporarily unavailable"));
            }
        };
        let Some(purpose) = incoming.header(PURPOSE) else {
            let why = "X-Purpose-Of-Use is missing: name the HL7 purpose of use (TREAT, ETREAT, HPAYMT …); there is no default";
            return Err(wrong(StatusCode::BAD_REQUEST, IssueType::Required, why));
        };
        let origin = Origin { door: Door::Fhir, address: incoming.peer };
        let asker = match known.asker_for(purpose.trim(), origin.clone()) {
            Ok(asker) => asker,
            Err(IdentityError::PurposeNotAllowed(purpose)) => {
                // Somebody known tried a purpose that is not his: that is worth an entry.
                let asker = Asker::new(known.who, purpose, origin);
                let noted = app.vault().note(&asker, action, Outcome::Refused, "fhir purpose not for this token").await;
                let reply = match noted {
                    Ok(receipts) => {
                        let why = "this token may not declare that purpose of use";
                        wrong(StatusCode::FORBIDDEN, IssueType::Forbidden, why).receipts(&receipts)
                    }
                    Err(refused) => answer::failed(&refused.into()),
                };
                return Err(Box::new(reply));
            }
            Err(_) => {
                let why = "X-Purpose-Of-Use is not a purpose of use of HL7 v3";
                return Err(wrong(StatusCode::BAD_REQUEST, IssueType::CodeInvalid, why));
            }
        };
        let prefer = Prefer::of(&incoming);
        Ok(Self { app, incoming, asker, prefer, action })
    }

    /// The resource type of the path.
    pub(super) fn kind(&self) -> Result<&str, Failed> {
        let kind = self.incoming.param("kind");
        if self.app.fhir().knows(kind) {
            Ok(kind)
        } else {
            Err(Failed::error(404, IssueType::NotSupported, "this is not a resource type of FHIR R4"))
        }
    }

    /// The body, read strictly.
    pub(super) fn body(&self) -> Result<Value, Failed> {
        if !sends_json(&self.incoming) {
            return Err(Failed::error(415, IssueType::NotSupported, "send application/fhir+json of FHIR 4.0"));
        }
        self.app.fhir().parse(&self.incoming.body)
    }

    pub(super) fn conditions(&self) -> Conditions {
        let header = |name| self.incoming.header(name).map(str::to_owned);
        let since = self.incoming.header("if-modified-since").and_then(answer::read_date);
        Conditions { if_match: header("if-match"), if_none_match: header("if-none-match"), if_modified_since_us: since }
    }

    /// Ends without an answer. What was stopped before policy was asked is noted all the same when it
    /// was meant for patient data.
    pub(super) async fn fail(self, failed: Failed) -> Reply {
        let kind = self.incoming.param("kind");
        let personal = kind.is_empty() || self.app.fhir().is_personal(kind);
        if failed.was_asked() || !personal {
            return answer::failed(&failed);
        }
        let code = failed.issues().first().map_or("invalid", |issue| issue.code.code());
        let detail = format!("fhir {code} {}", failed.status());
        match self.app.vault().note(&self.asker, self.action, Outcome::Failed, &detail).await {
            Ok(receipts) => answer::failed(&failed).receipts(&receipts),
            Err(refused) => answer::failed(&refused.into()),
        }
    }
}
