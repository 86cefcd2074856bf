//! A request on its way in: who asks, for which purpose, of which type; and what went wrong before the vault.

use http::StatusCode;
use serde_json::Value;
use tacebo_fhir::service::{Conditions, Failed};
use tacebo_fhir::{Issue, IssueType};
use tacebo_vault::policy::Action;
use tacebo_vault::{Asker, Door, Outcome};

use super::negotiate::{Prefer, sends_json, takes_json};
use super::{answer, outcome};
use crate::app::App;
use crate::doors::bearer::admit;
use crate::http::{Incoming, Reply};

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
        if !takes_json(&incoming) {
            let why = "this server speaks application/fhir+json of FHIR 4.0 only";
            let issue = Issue::error(IssueType::NotSupported, "", why);
            return Err(Box::new(outcome(StatusCode::NOT_ACCEPTABLE, &[issue])));
        }
        let asker = match admit(&app, &incoming, Door::Fhir, action).await {
            Ok(asker) => asker,
            Err(turned) => {
                let reply = outcome(turned.status, &[Issue::error(turned.code, "", turned.why)]);
                return Err(Box::new(turned.around(reply)));
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
