//! Which bytes the caller takes and sends, and how he wants to be answered.

use tacebo_fhir::service::Return;

use crate::http::Incoming;

/// What this door answers with.
pub(crate) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// Whether the caller takes JSON of FHIR R4. `_format` wins over `Accept`.
pub(super) fn takes_json(incoming: &Incoming) -> bool {
    let format = form_urlencoded::parse(incoming.query().as_bytes()).find(|(name, _)| name == "_format");
    if let Some((_, format)) = format.filter(|(_, format)| !format.is_empty()) {
        // A `+` in a query arrives as a space.
        return is_json(&format.replace(' ', "+"), true);
    }
    match incoming.header("accept") {
        None => !incoming.headers.contains_key("accept"),
        Some(accept) => accept.split(',').any(|range| is_json(range, true) && !is_refused(range)),
    }
}

/// Whether the body is said to be JSON. Without a word about it, it is read as JSON.
pub(super) fn sends_json(incoming: &Incoming) -> bool {
    incoming.header("content-type").map_or(!incoming.headers.contains_key("content-type"), |sent| is_json(sent, false))
}

/// Whether the body is said to be a form.
pub(super) fn sends_form(incoming: &Incoming) -> bool {
    let essence = |sent: &str| sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    incoming.header("content-type").is_none_or(|sent| essence(sent) == "application/x-www-form-urlencoded")
}

fn is_json(range: &str, ranges: bool) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let known = matches!(&*essence, "application/fhir+json" | "application/json" | "text/json" | "json")
        || (ranges && matches!(&*essence, "*/*" | "application/*"));
    known
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, version)) if name.trim().eq_ignore_ascii_case("fhirVersion") => {
                matches!(version.trim().trim_matches('"'), "4.0" | "4.0.1")
            }
            Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
                charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// `q=0` says no.
fn is_refused(range: &str) -> bool {
    range.split(';').skip(1).any(|parameter| {
        let quality = parameter.trim().strip_prefix("q=");
        quality.and_then(|q| q.trim().parse::<f32>().ok()).is_some_and(|q| q <= 0.0)
    })
}

/// `Prefer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Prefer {
    pub(super) back: Option<Return>,
    pub(super) lenient: bool,
}

impl Prefer {
    pub(super) fn of(incoming: &Incoming) -> Self {
        let mut out = Self::default();
        let values = incoming.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for wish in values.flat_map(|value| value.split([',', ';'])) {
            match wish.trim() {
                "return=minimal" => out.back = Some(Return::Minimal),
                "return=representation" => out.back = Some(Return::Representation),
                "return=OperationOutcome" => out.back = Some(Return::Outcome),
                "handling=lenient" => out.lenient = true,
                _ => {}
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_r4_is_taken_and_xml_is_not() {
        for range in [
            "application/fhir+json",
            "application/json; charset=UTF-8",
            "*/*",
            "application/fhir+json; fhirVersion=4.0",
            "text/json",
        ] {
            assert!(is_json(range, true), "{range}");
        }
        for range in [
            "application/fhir+xml",
            "text/html",
            "xml",
            "application/fhir+json; fhirVersion=5.0",
            "application/json; charset=gbk",
            "",
        ] {
            assert!(!is_json(range, true), "{range}");
        }
        assert!(!is_json("*/*", false));
        assert!(is_refused("application/json;q=0") && !is_refused("application/json;q=0.1"));
    }
}
