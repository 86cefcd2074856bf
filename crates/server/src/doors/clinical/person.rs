//! Whom a record is about: names, numbers, age and marks.

use jiff::civil::Date;
use serde_json::Value;

use super::element::{at, list, text};
use crate::pages::{Flag, FlagKind, Shell};

/// A person's name as written or put together.
pub(in crate::doors) fn name_of(patient: &Value) -> String {
    let name = patient.pointer("/name/0").unwrap_or(&Value::Null);
    let written = text(name, "/text");
    if !written.is_empty() {
        return written.to_owned();
    }
    let given: String = list(name, "/given").iter().filter_map(Value::as_str).collect();
    format!("{}{given}", text(name, "/family"))
}

/// The first identifier of this type (HL7 v2 table 0203) or system.
pub(in crate::doors) fn identifier(patient: &Value, kind: &str, system: &str) -> Option<String> {
    list(patient, "/identifier")
        .iter()
        .find(|one| text(one, "/type/coding/0/code") == kind || text(one, "/system") == system)
        .map(|one| text(one, "/value").to_owned())
        .filter(|value| !value.is_empty())
}

/// Resident identity number (WS/T 500).
pub(in crate::doors) const RESIDENT_SYSTEM: &str = "urn:oid:2.16.156.10011.1.3";
/// Medical record number (WS/T 500).
pub(in crate::doors) const RECORD_SYSTEM: &str = "urn:oid:2.16.156.10011.1.13";

/// The number of the record, or any number there is.
pub(in crate::doors) fn record_number(patient: &Value) -> String {
    identifier(patient, "MR", RECORD_SYSTEM)
        .or_else(|| {
            let other = list(patient, "/identifier").iter().find(|one| text(one, "/system") != RESIDENT_SYSTEM)?;
            Some(text(other, "/value").to_owned())
        })
        .unwrap_or_default()
}

pub(in crate::doors) fn resident_id(patient: &Value) -> Option<String> {
    identifier(patient, "NI", RESIDENT_SYSTEM)
}

pub(in crate::doors) fn phone(patient: &Value) -> Option<String> {
    let found = list(patient, "/telecom").iter().find(|one| text(one, "/system") == "phone")?;
    Some(text(found, "/value").to_owned()).filter(|phone| !phone.is_empty())
}

/// Whole years, and days, between a birth date and today; `None` when the day is not known.
fn lived(patient: &Value, shell: &Shell) -> Option<(i32, i32)> {
    let born: Date = text(patient, "/birthDate").parse().ok()?;
    let ended = at(text(patient, "/deceasedDateTime"), shell);
    let today = ended.unwrap_or(shell.now).to_zoned(shell.zone.clone()).date();
    let before = (today.month(), today.day()) < (born.month(), born.day());
    let years = i32::from(today.year()) - i32::from(born.year()) - i32::from(before);
    let days = today.since(born).ok()?.get_days();
    Some((years, days))
}

pub(in crate::doors) fn age(patient: &Value, shell: &Shell) -> String {
    let t = shell.t();
    match lived(patient, shell) {
        None => String::new(),
        Some((years, days)) if years < 1 && days < 60 => t.age_days(days.max(0)),
        Some((years, days)) if years < 2 => t.age_months(days / 30),
        Some((years, _)) => t.age_years(years),
    }
}

/// Marks on the person.
pub(in crate::doors) fn flags(patient: &Value, shell: &Shell) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    let codes = list(patient, "/meta/security").iter().map(|one| text(one, "/code"));
    for code in codes {
        let kind = match code {
            "CEL" | "CELEB" | "VIP" => FlagKind::Vip,
            "EMP" => FlagKind::Colleague,
            "R" | "V" => FlagKind::Restricted,
            _ => continue,
        };
        if !flags.iter().any(|flag| flag.kind == kind) {
            flags.push(kind.into());
        }
    }
    if lived(patient, shell).is_some_and(|(years, _)| years < 18) {
        flags.push(FlagKind::Minor.into());
    }
    flags
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pages::Lang;

    fn shell() -> Shell {
        Shell::new(Lang::En, "House", "2026-11-22T04:00:00Z".parse().unwrap())
    }

    #[test]
    fn an_age_is_told_in_the_unit_that_matters() {
        let aged = |born: &str| age(&json!({"birthDate": born}), &shell());
        assert_eq!(aged("1959-11-23"), "66 y");
        assert_eq!(aged("1959-11-22"), "67 y");
        assert_eq!(aged("2025-11-30"), "11 months");
        assert_eq!(aged("2026-11-02"), "20 days");
        assert_eq!(aged("1959"), "");
    }
}
