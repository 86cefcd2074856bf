//! For those who run the house: health, measurements, the log's public head, assets.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::{Method, StatusCode, Uri};
use tacebo_fhir::IssueType;

use super::problem;
use crate::app::App;
use crate::http::{Exposure, Incoming, Open, Reply, Route};

/// The routes of operation. None of them speaks of a person.
pub(super) fn routes() -> Vec<Route> {
    let public = |path, why, handler: fn(&App, &Incoming) -> Reply| {
        Route::new(Method::GET, path, Exposure::Public(why), move |app, incoming| {
            let reply = handler(&app, &incoming);
            async move { reply }
        })
    };
    vec![
        public("/healthz", "says that the program runs", |_, _| Reply::open(StatusCode::OK, Open::text("ok\n"))),
        public("/readyz", "says that the store answers", ready),
        public("/metrics", "counts requests; loopback or token only", metrics),
        public("/log/checkpoint", "the signed head of the log, which names nobody, is for everybody", checkpoint),
        public("/log/vkey", "the public key of the log", vkey),
        public("/assets/{name}", "ships with the program", asset),
    ]
}

fn ready(app: &App, _: &Incoming) -> Reply {
    match app.vault().ready() {
        Ok(()) => Reply::open(StatusCode::OK, Open::text("ready\n")),
        Err(error) => {
            tracing::error!(%error, "the store does not answer");
            Reply::open(StatusCode::SERVICE_UNAVAILABLE, Open::text("not ready\n"))
        }
    }
}

fn metrics(app: &App, incoming: &Incoming) -> Reply {
    let allowed = match &app.options().metrics_token {
        Some(token) => {
            let given = incoming.bearer().unwrap_or_default();
            verify_slices_are_equal(given.as_bytes(), token.as_bytes()).is_ok()
        }
        None => incoming.peer.is_some_and(|peer| peer.to_canonical().is_loopback()),
    };
    if !allowed {
        return missing(&incoming.uri);
    }
    Reply::open(StatusCode::OK, Open::metrics(app.metrics()))
}

fn checkpoint(app: &App, incoming: &Incoming) -> Reply {
    match Open::checkpoint(app.vault()) {
        Ok(Some(note)) => Reply::open(StatusCode::OK, note),
        Ok(None) => missing(&incoming.uri),
        Err(error) => unavailable(&incoming.uri, &error),
    }
}

fn vkey(app: &App, incoming: &Incoming) -> Reply {
    match Open::vkey(app.vault()) {
        Ok(key) => Reply::open(StatusCode::OK, key),
        Err(error) => unavailable(&incoming.uri, &error),
    }
}

fn asset(_: &App, incoming: &Incoming) -> Reply {
    match crate::assets::by_path(incoming.uri.path()) {
        Some(asset) => Reply::open(StatusCode::OK, Open::asset(asset)),
        None => missing(&incoming.uri),
    }
}

fn missing(uri: &Uri) -> Reply {
    problem(uri, None, StatusCode::NOT_FOUND, IssueType::NotFound, "there is nothing at this address")
}

fn unavailable(uri: &Uri, error: &tacebo_vault::VaultFault) -> Reply {
    tracing::error!(%error, "the log's head could not be read");
    problem(uri, None, StatusCode::SERVICE_UNAVAILABLE, IssueType::Exception, "the log cannot be read now")
}
