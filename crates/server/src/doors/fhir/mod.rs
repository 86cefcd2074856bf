//! FHIR R4 over HTTP: `/fhir`.
//!
//! A request names its asker with a bearer token and its purpose with `X-Purpose-Of-Use` (HL7 v3
//! PurposeOfUse). A browser's session is not taken here.

mod answer;
mod call;
mod handlers;
mod negotiate;

use http::{Method, StatusCode};
use tacebo_fhir::capability::Statement;
use tacebo_fhir::service::{Outcomes, Service};
use tacebo_fhir::{Issue, Tables};
use tacebo_vault::policy::Action;

use crate::http::{Exposure, Open, Reply, Route, SpeaksOfNobody};

pub(crate) use negotiate::FHIR_JSON;

/// Only statuses, issues without values, and the CapabilityStatement.
impl SpeaksOfNobody for Outcomes {}

/// The routes of the FHIR door.
pub(crate) fn routes() -> Vec<Route> {
    use handlers as h;
    let decided = Exposure::Decided;
    vec![
        Route::new(Method::GET, "/fhir/metadata", Exposure::Public("what the server can do"), h::metadata),
        Route::new(Method::POST, "/fhir", decided(Action::Update), h::bundle),
        Route::new(Method::POST, "/fhir/", decided(Action::Update), h::bundle),
        Route::new(Method::GET, "/fhir/{kind}", decided(Action::Search), h::search),
        Route::new(Method::POST, "/fhir/{kind}", decided(Action::Create), h::create),
        Route::new(Method::POST, "/fhir/{kind}/_search", decided(Action::Search), h::search_by_form),
        Route::new(
            Method::POST,
            "/fhir/{kind}/$validate",
            Exposure::Own("the caller's own words, looked at and not kept"),
            h::validate,
        ),
        Route::new(Method::GET, "/fhir/{kind}/{id}", decided(Action::Read), h::read),
        Route::new(Method::PUT, "/fhir/{kind}/{id}", decided(Action::Update), h::update),
        Route::new(Method::DELETE, "/fhir/{kind}/{id}", decided(Action::Delete), h::delete),
        Route::new(Method::GET, "/fhir/{kind}/{id}/_history", decided(Action::History), h::history),
        Route::new(Method::GET, "/fhir/{kind}/{id}/_history/{version}", decided(Action::Read), h::vread),
        Route::new(Method::GET, "/fhir/{kind}/{id}/$everything", decided(Action::Search), h::everything),
        Route::new(Method::GET, "/fhir/{kind}/{id}/{inner}", decided(Action::Search), h::compartment),
    ]
}

/// An OperationOutcome that speaks of nobody.
pub(crate) fn outcome(status: StatusCode, issues: &[Issue]) -> Reply {
    Reply::open(status, Open::json(FHIR_JSON, &Outcomes::from(issues)))
}

/// When the door last learned something new.
const STATEMENT_DATE: &str = "2026-11-22";

/// The CapabilityStatement, made from the tables.
pub(crate) fn capability(service: &Service) -> Open {
    let about = Statement {
        base: &service.settings().base,
        date: STATEMENT_DATE,
        version: env!("CARGO_PKG_VERSION"),
        interactions: &["read", "vread", "update", "delete", "history-instance", "create", "search-type"],
        system_interactions: &["transaction", "batch"],
    };
    Open::json(FHIR_JSON, &Outcomes::capability(Tables::r4(), &about))
}
