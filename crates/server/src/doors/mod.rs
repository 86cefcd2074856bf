//! The doors, and what is answered where there is none.

mod bearer;
mod clinical;
pub(crate) mod closed;
mod console;
mod dicomweb;
mod faces;
pub mod fhir;
mod inside;
mod looks;
mod notices;
mod oauth;
mod ops;
mod portal;
pub(crate) mod session;
mod whose;
mod wording;

use http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use tacebo_fhir::{Issue, IssueType};

use crate::http::{Open, Reply, Route, SpeaksOfNobody};

/// All routes of all doors.
pub fn routes() -> Vec<Route> {
    let mut routes = fhir::routes();
    routes.extend(dicomweb::routes());
    routes.extend(oauth::routes());
    routes.extend(console::routes());
    routes.extend(portal::routes());
    routes.extend(ops::routes());
    routes
}

/// A fault of the request itself (RFC 9457).
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    title: &'static str,
    status: u16,
}

impl SpeaksOfNobody for Problem {}

fn problem(uri: &Uri, headers: Option<&HeaderMap>, status: StatusCode, code: IssueType, title: &'static str) -> Reply {
    if is_fhir(uri) {
        return fhir::outcome(status, &[Issue::error(code, "", title)]);
    }
    let html = headers
        .and_then(|headers| headers.get(http::header::ACCEPT))
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let open = if html {
        Open::text(title)
    } else {
        Open::json("application/problem+json", &Problem { title, status: status.as_u16() })
    };
    Reply::open(status, open)
}

fn is_fhir(uri: &Uri) -> bool {
    uri.path() == "/fhir" || uri.path().starts_with("/fhir/")
}

/// No route has this path.
pub(crate) async fn not_found(uri: Uri, headers: HeaderMap) -> Reply {
    problem(&uri, Some(&headers), StatusCode::NOT_FOUND, IssueType::NotFound, "there is nothing at this address")
}

/// The path has no such method.
pub(crate) async fn not_allowed(uri: Uri, headers: HeaderMap) -> Reply {
    let title = "this method is not served at this address";
    problem(&uri, Some(&headers), StatusCode::METHOD_NOT_ALLOWED, IssueType::NotSupported, title)
}

/// The body is longer than the limit.
pub(crate) fn too_large(uri: &Uri) -> Reply {
    problem(uri, None, StatusCode::PAYLOAD_TOO_LARGE, IssueType::TooLong, "the body is larger than this server takes")
}
