//! Who stands at a door with a token, and what for: the same at every door of programs.

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use tacebo_fhir::IssueType;
use tacebo_identity::IdentityError;
use tacebo_vault::ledger::Receipt;
use tacebo_vault::policy::Action;
use tacebo_vault::{Asker, Door, Origin, Outcome};

use crate::app::App;
use crate::http::{Incoming, Reply};

/// The header that names the purpose of use.
const PURPOSE: &str = "x-purpose-of-use";

/// Why somebody was not let in.
pub(super) struct Turned {
    pub(super) status: StatusCode,
    pub(super) code: IssueType,
    pub(super) why: &'static str,
    challenge: Option<&'static str>,
    receipts: Vec<Receipt>,
}

impl Turned {
    fn wrong(status: StatusCode, code: IssueType, why: &'static str) -> Self {
        Self { status, code, why, challenge: None, receipts: Vec::new() }
    }

    fn unknown(why: &'static str, challenge: &'static str) -> Self {
        Self { challenge: Some(challenge), ..Self::wrong(StatusCode::UNAUTHORIZED, IssueType::Login, why) }
    }

    /// The answer in the words of a door.
    pub(super) fn around(self, reply: Reply) -> Reply {
        let reply = reply.receipts(&self.receipts);
        match self.challenge {
            Some(challenge) => reply.with(WWW_AUTHENTICATE, challenge),
            None => reply,
        }
    }
}

/// Lets a request in. Nothing is asked of the vault yet, so an answer from here has no entry, unless
/// somebody known tried a purpose that is not his.
pub(super) async fn admit(app: &App, incoming: &Incoming, door: Door, action: Action) -> Result<Asker, Turned> {
    let Some(token) = incoming.bearer() else {
        return Err(Turned::unknown("a bearer token is needed", "Bearer realm=\"tacebo\""));
    };
    let unavailable =
        || Turned::wrong(StatusCode::SERVICE_UNAVAILABLE, IssueType::Exception, "temporarily unavailable");
    let known = match app.identity().token(token) {
        Ok(Some(known)) => known,
        Ok(None) => {
            let challenge = "Bearer realm=\"tacebo\", error=\"invalid_token\"";
            return Err(Turned::unknown("the token is unknown, expired or revoked", challenge));
        }
        Err(error) => {
            tracing::error!(%error, "a token could not be looked up");
            return Err(unavailable());
        }
    };
    let Some(purpose) = incoming.header(PURPOSE) else {
        let why =
            "X-Purpose-Of-Use is missing: name the HL7 purpose of use (TREAT, ETREAT, HPAYMT …); there is no default";
        return Err(Turned::wrong(StatusCode::BAD_REQUEST, IssueType::Required, why));
    };
    let origin = Origin { door, address: incoming.peer };
    match known.asker_for(purpose.trim(), origin.clone()) {
        Ok(asker) => Ok(asker),
        Err(IdentityError::PurposeNotAllowed(purpose)) => {
            let asker = Asker::new(known.who, purpose, origin);
            let detail = format!("{} purpose not for this token", door.as_str());
            let Ok(receipts) = app.vault().note(&asker, action, Outcome::Refused, &detail).await else {
                return Err(unavailable());
            };
            let why = "this token may not declare that purpose of use";
            Err(Turned { receipts, ..Turned::wrong(StatusCode::FORBIDDEN, IssueType::Forbidden, why) })
        }
        Err(_) => {
            let why = "X-Purpose-Of-Use is not a purpose of use of HL7 v3";
            Err(Turned::wrong(StatusCode::BAD_REQUEST, IssueType::CodeInvalid, why))
        }
    }
}
