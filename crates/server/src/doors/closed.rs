//! What is answered while the house is closed: its keys are not here, so nothing of it can be shown to anybody.

use http::{HeaderMap, StatusCode, Uri, header};
use jiff::Timestamp;
use tacebo_fhir::IssueType;

use super::problem;
use crate::http::{Open, Reply};
use crate::pages::message::{Message, MessageKind};
use crate::pages::{Lang, Shell};

/// When a program should ask again, seconds: the custodian is asked at least that often.
const RETRY_S: &str = "30";

/// The words for programs.
const TITLE: &str = "the house is closed: the custodian of its root keys does not answer";

/// An answer for any path and method.
pub(crate) fn answer(uri: &Uri, headers: &HeaderMap, institution: &str) -> Reply {
    if let Some(asset) = crate::assets::by_path(uri.path()) {
        return Reply::open(StatusCode::OK, Open::asset(asset));
    }
    if uri.path() == "/healthz" {
        return Reply::open(StatusCode::OK, Open::text("ok\n"));
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let reply = if !super::is_fhir(uri) && text(header::ACCEPT).contains("text/html") {
        let lang = text(header::ACCEPT_LANGUAGE).split(',').find_map(Lang::from_tag).unwrap_or_default();
        // The clock of the machine: the house's is with the house. The page shows no time.
        let shell = Shell::new(lang, institution, Timestamp::UNIX_EPOCH);
        let page = Message { shell, kind: MessageKind::Closed, detail: None, reference: None, back: "/".to_owned() };
        Reply::open(StatusCode::SERVICE_UNAVAILABLE, Open::page(&page))
    } else {
        problem(uri, None, StatusCode::SERVICE_UNAVAILABLE, IssueType::Exception, TITLE)
    };
    reply.with(header::RETRY_AFTER, RETRY_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(path: &'static str, accept: &'static str) -> StatusCode {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, http::HeaderValue::from_static(accept));
        answer(&Uri::from_static(path), &headers, "市第一医院").status()
    }

    #[test]
    fn a_closed_house_answers_everybody_alike_and_says_that_the_program_runs() {
        for path in ["/", "/login", "/fhir/Patient/x", "/readyz", "/metrics", "/log/checkpoint", "/dicomweb/studies"] {
            for accept in ["*/*", "text/html", "application/fhir+json"] {
                assert_eq!(status(path, accept), StatusCode::SERVICE_UNAVAILABLE, "{path} as {accept}");
            }
        }
        assert_eq!(status("/healthz", "*/*"), StatusCode::OK);
    }
}
