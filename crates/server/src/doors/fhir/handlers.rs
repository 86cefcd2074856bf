//! One handler for each interaction.

use http::StatusCode;
use tacebo_fhir::service::{Failed, Return};
use tacebo_fhir::{Issue, IssueType};
use tacebo_vault::Outcome;
use tacebo_vault::policy::Action;

use super::answer::{created, disclosed, failed, together};
use super::call::Call;
use super::negotiate::{sends_form, takes_json};
use super::outcome;
use crate::app::App;
use crate::http::{Incoming, Reply};

/// Runs a step of a call, or answers why not.
macro_rules! step {
    ($call:ident, $result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return $call.fail(error).await,
        }
    };
}

macro_rules! enter {
    ($app:ident, $incoming:ident, $action:expr) => {
        match Call::enter($app, $incoming, $action).await {
            Ok(call) => call,
            Err(reply) => return *reply,
        }
    };
}

fn base(call: &Call) -> &str {
    &call.app.fhir().settings().base
}

pub(super) async fn metadata(app: App, incoming: Incoming) -> Reply {
    if !takes_json(&incoming) {
        let issue = Issue::error(IssueType::NotSupported, "", "this server speaks application/fhir+json only");
        return outcome(StatusCode::NOT_ACCEPTABLE, &[issue]);
    }
    Reply::open(StatusCode::OK, app.capability())
}

pub(super) async fn read(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Read);
    let kind = step!(call, call.kind());
    let answer = call.app.fhir().read(&call.asker, kind, call.incoming.param("id"), &call.conditions()).await;
    disclosed(base(&call), step!(call, answer))
}

pub(super) async fn vread(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Read);
    let kind = step!(call, call.kind());
    let (id, version) = (call.incoming.param("id"), call.incoming.param("version"));
    let answer = call.app.fhir().vread(&call.asker, kind, id, version, &call.conditions()).await;
    disclosed(base(&call), step!(call, answer))
}

pub(super) async fn history(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::History);
    let kind = step!(call, call.kind());
    let answer = call.app.fhir().history(&call.asker, kind, call.incoming.param("id"), call.incoming.query()).await;
    disclosed(base(&call), step!(call, answer))
}

pub(super) async fn create(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Create);
    let kind = step!(call, call.kind());
    let body = step!(call, call.body());
    let criteria = call.incoming.header("if-none-exist");
    let want = call.prefer.back.unwrap_or_default();
    let answer = Box::pin(call.app.fhir().create(&call.asker, kind, body, criteria, want)).await;
    created(base(&call), step!(call, answer))
}

pub(super) async fn update(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Update);
    let kind = step!(call, call.kind());
    let body = step!(call, call.body());
    let want = call.prefer.back.unwrap_or_default();
    let id = call.incoming.param("id");
    let answer = call.app.fhir().update(&call.asker, kind, id, body, &call.conditions(), want).await;
    disclosed(base(&call), step!(call, answer))
}

pub(super) async fn delete(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Delete);
    let kind = step!(call, call.kind());
    let want = call.prefer.back.unwrap_or(Return::Minimal);
    let answer = call.app.fhir().delete(&call.asker, kind, call.incoming.param("id"), &call.conditions(), want).await;
    disclosed(base(&call), step!(call, answer))
}

pub(super) async fn search(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Search);
    let kind = step!(call, call.kind());
    let query = call.incoming.query();
    let answer = Box::pin(call.app.fhir().search(&call.asker, kind, None, query, call.prefer.lenient)).await;
    disclosed(base(&call), step!(call, answer))
}

pub(super) async fn search_by_form(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Search);
    let kind = step!(call, call.kind());
    if !sends_form(&call.incoming) {
        let wrong = Failed::error(415, IssueType::NotSupported, "send application/x-www-form-urlencoded");
        return call.fail(wrong).await;
    }
    let Ok(form) = std::str::from_utf8(&call.incoming.body) else {
        return call.fail(Failed::error(400, IssueType::Invalid, "the form is not UTF-8")).await;
    };
    let query = match (call.incoming.query(), form.trim()) {
        ("", form) => form.to_owned(),
        (query, "") => query.to_owned(),
        (query, form) => format!("{query}&{form}"),
    };
    let answer = Box::pin(call.app.fhir().search(&call.asker, kind, None, &query, call.prefer.lenient)).await;
    disclosed(base(&call), step!(call, answer))
}

/// `Patient/[id]/[type]?…`
pub(super) async fn compartment(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Search);
    let inner = call.incoming.param("inner");
    if call.incoming.param("kind") != "Patient" || !call.app.fhir().knows(inner) {
        return call.fail(Failed::error(404, IssueType::NotSupported, "there is no such interaction")).await;
    }
    let (id, query) = (call.incoming.param("id"), call.incoming.query());
    let answer = Box::pin(call.app.fhir().search(&call.asker, inner, Some(id), query, call.prefer.lenient)).await;
    disclosed(base(&call), step!(call, answer))
}

pub(super) async fn everything(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Search);
    if call.incoming.param("kind") != "Patient" {
        return call.fail(Failed::error(404, IssueType::NotSupported, "$everything is an operation of Patient")).await;
    }
    let (id, query) = (call.incoming.param("id"), call.incoming.query());
    let answer = Box::pin(call.app.fhir().everything(&call.asker, id, query)).await;
    disclosed(base(&call), step!(call, answer))
}

pub(super) async fn bundle(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Update);
    let body = step!(call, call.body());
    let want = call.prefer.back.unwrap_or(Return::Minimal);
    let answer = Box::pin(call.app.fhir().bundle(&call.asker, body, want)).await;
    together(base(&call), step!(call, answer))
}

/// Looks at a document and keeps nothing of it; that it was looked at is noted.
pub(super) async fn validate(app: App, incoming: Incoming) -> Reply {
    let call = enter!(app, incoming, Action::Create);
    let kind = step!(call, call.kind());
    let body = step!(call, call.body());
    let issues = step!(call, call.app.fhir().validate(kind, &body));
    match call.app.vault().note(&call.asker, Action::Create, Outcome::Done, "fhir validate").await {
        Ok(receipts) => outcome(StatusCode::OK, &issues).receipts(&receipts),
        Err(refused) => failed(&refused.into()),
    }
}
