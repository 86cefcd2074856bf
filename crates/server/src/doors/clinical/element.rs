//! Elements of a FHIR document, as people read them.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use crate::pages::Shell;

pub(in crate::doors) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

pub(in crate::doors) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The words of a CodeableConcept.
pub(in crate::doors) fn concept(value: Option<&Value>) -> String {
    let Some(value) = value else { return String::new() };
    ["/text", "/coding/0/display", "/coding/0/code"]
        .iter()
        .map(|path| text(value, path))
        .find(|words| !words.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// A date or time as it was written, to the minute.
pub(in crate::doors) fn written(date: &str) -> String {
    match (date.get(..10), date.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute}"),
        _ => date.to_owned(),
    }
}

/// The moment of a FHIR date or time; days begin at the hospital's midnight.
pub(in crate::doors) fn at(date: &str, shell: &Shell) -> Option<Timestamp> {
    if let Ok(at) = date.parse::<Timestamp>() {
        return Some(at);
    }
    let whole = match date.len() {
        4 => format!("{date}-01-01"),
        7 => format!("{date}-01"),
        _ => date.to_owned(),
    };
    let day: Date = whole.parse().ok()?;
    day.to_zoned(shell.zone.clone()).ok().map(|zoned| zoned.timestamp())
}

/// When something took place: the first of the usual elements.
pub(super) fn happened(body: &Value) -> &str {
    const PLACES: [&str; 14] = [
        "/effectiveDateTime",
        "/effectivePeriod/start",
        "/performedDateTime",
        "/performedPeriod/start",
        "/occurrenceDateTime",
        "/onsetDateTime",
        "/onsetPeriod/start",
        "/period/start",
        "/authoredOn",
        "/started",
        "/issued",
        "/recordedDate",
        "/date",
        "/start",
    ];
    PLACES.iter().map(|path| text(body, path)).find(|date| !date.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Lang;

    fn shell() -> Shell {
        Shell::new(Lang::En, "House", "2026-11-22T04:00:00Z".parse().unwrap())
    }

    #[test]
    fn dates_are_shown_as_written_and_days_begin_at_the_hospitals_midnight() {
        assert_eq!(written("2026-03-02T09:05:00+08:00"), "2026-03-02 09:05");
        assert_eq!(written("2026-03"), "2026-03");
        assert_eq!(at("2026-03-02", &shell()), Some("2026-03-01T16:00:00Z".parse().unwrap()));
        assert_eq!(at("2026", &shell()), Some("2025-12-31T16:00:00Z".parse().unwrap()));
        assert_eq!(at("soon", &shell()), None);
    }
}
