//! From the room's answers to HTTP's.

use http::StatusCode;
use http::header::{CONTENT_LOCATION, ETAG, LAST_MODIFIED, LOCATION};
use tacebo_fhir::service::{Answer, Failed, Together};
use tacebo_vault::Disclosed;

use super::FHIR_JSON;
use crate::http::{Open, Reply};

/// An answer with its headers.
pub(super) fn disclosed(base: &str, answer: Disclosed<Answer>) -> Reply {
    let Answer { status, version, modified_us, .. } = *answer.value();
    let location = answer.value().location.as_ref().map(|location| format!("{base}/{location}"));
    let bytes = answer.map(|answer| answer.body.map(|body| body.text().into_owned()).unwrap_or_default());
    let mut reply = Reply::disclosed(code(status), FHIR_JSON, bytes);
    if let Some(version) = version {
        reply = reply.with(ETAG, &format!("W/\"{version}\""));
    }
    if let Some(date) = modified_us.and_then(write_date) {
        reply = reply.with(LAST_MODIFIED, &date);
    }
    if let Some(location) = location {
        if status == 201 {
            reply = reply.with(LOCATION, &location);
        }
        reply = reply.with(CONTENT_LOCATION, &location);
    }
    reply
}

/// A conditional create that found what it would have created says where (R4 §3.1.0.8.1).
pub(super) fn created(base: &str, answer: Disclosed<Answer>) -> Reply {
    let location = answer.value().location.as_ref().map(|location| format!("{base}/{location}"));
    let reply = disclosed(base, answer);
    match location {
        Some(location) => reply.with(LOCATION, &location),
        None => reply,
    }
}

/// The answer to a bundle.
pub(super) fn together(base: &str, together: Together) -> Reply {
    match together {
        Together::Disclosed(answer, also) => disclosed(base, answer).receipts(&also),
        Together::Open(outcomes, receipts) => {
            Reply::open(StatusCode::OK, Open::json(FHIR_JSON, &outcomes)).receipts(&receipts)
        }
    }
}

/// No answer, in open words.
pub(super) fn failed(failed: &Failed) -> Reply {
    super::outcome(code(failed.status()), failed.issues()).receipts(failed.receipts())
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An HTTP date (RFC 9110 §5.6.7).
fn write_date(time_us: i64) -> Option<String> {
    let time = jiff::Timestamp::from_microsecond(time_us).ok()?;
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}

/// Microseconds since the Unix epoch of an HTTP date.
pub(super) fn read_date(text: &str) -> Option<i64> {
    let time = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(time.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_written_and_read() {
        let text = write_date(784_111_777_000_000).unwrap();
        assert_eq!(text, "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(read_date(&text), Some(784_111_777_000_000));
        assert_eq!(read_date("yesterday"), None);
    }
}
