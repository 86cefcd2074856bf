//! Lexical rules of the primitive types (R4 §2.24.0.1).

use serde_json::Value;

use crate::tables::Primitive;
use crate::values::reference::is_id;
use crate::values::time::span;
use crate::walker::Zone;

/// Longest string, in bytes (R4: 1 MB).
const MAX_STRING: usize = 1024 * 1024;

/// Whether a JSON value is written as its primitive type asks; if not, the rule.
pub(crate) fn check(primitive: Primitive, value: &Value) -> Result<(), &'static str> {
    match primitive {
        Primitive::Boolean => ok(value.is_boolean(), "must be true or false"),
        Primitive::Decimal => ok(value.is_number(), "must be a number"),
        Primitive::Integer => integer(value, i64::from(i32::MIN), "must be a 32-bit integer"),
        Primitive::UnsignedInt => integer(value, 0, "must be a 32-bit integer of 0 or more"),
        Primitive::PositiveInt => integer(value, 1, "must be a 32-bit integer of 1 or more"),
        other => match value.as_str() {
            Some(text) => string(other, text),
            None => Err("must be a string"),
        },
    }
}

fn ok(good: bool, rule: &'static str) -> Result<(), &'static str> {
    if good { Ok(()) } else { Err(rule) }
}

fn integer(value: &Value, least: i64, rule: &'static str) -> Result<(), &'static str> {
    let Value::Number(n) = value else { return Err(rule) };
    let plain = n.as_str().bytes().all(|b| b.is_ascii_digit() || b == b'-');
    ok(plain && n.as_i64().is_some_and(|n| n >= least && n <= i64::from(i32::MAX)), rule)
}

fn string(primitive: Primitive, text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("must not be empty");
    }
    match primitive {
        Primitive::Code => {
            let single = !text.contains("  ") && !text.chars().any(|c| c.is_whitespace() && c != ' ');
            ok(single && text.trim_matches(' ').len() == text.len(), "a code has no surplus space")
        }
        Primitive::Id => ok(is_id(text), "an id has 1 to 64 letters, digits, - and ."),
        Primitive::Uri | Primitive::Url | Primitive::Canonical => {
            ok(!text.chars().any(char::is_whitespace), "a uri has no space")
        }
        Primitive::Oid => ok(is_oid(text), "an oid is written urn:oid:1.2.3"),
        Primitive::Uuid => ok(is_uuid(text), "a uuid is written urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
        Primitive::Base64Binary => ok(is_base64(text), "must be base64"),
        Primitive::Date => {
            ok(!text.contains('T') && span(text, Zone::UTC).is_some(), "a date is YYYY, YYYY-MM or YYYY-MM-DD")
        }
        Primitive::DateTime => {
            ok(is_date_time(text, false), "a dateTime is a date, or a date, time with seconds and zone")
        }
        Primitive::Instant => ok(is_date_time(text, true), "an instant is a date, time with seconds and zone"),
        Primitive::Time => ok(is_time(text), "a time is hh:mm:ss"),
        Primitive::Xhtml => super::narrative::check(text),
        _ => {
            let printable =
                !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r') && u32::from(c) < 0x20);
            ok(printable, "must not contain control characters")?;
            ok(text.len() <= MAX_STRING, "must not be longer than 1 MB")
        }
    }
}

fn is_date_time(text: &str, whole: bool) -> bool {
    let Some((_, clock)) = text.split_once('T') else { return !whole && span(text, Zone::UTC).is_some() };
    let zone = clock.ends_with('Z') || clock.find(['+', '-']).is_some();
    let seconds = clock.as_bytes().get(5) == Some(&b':');
    zone && seconds && span(text, Zone::UTC).is_some()
}

fn is_time(text: &str) -> bool {
    let zoneless = !text.contains(['Z', '+', '-']);
    zoneless && text.as_bytes().get(5) == Some(&b':') && span(&format!("2000-01-01T{text}Z"), Zone::UTC).is_some()
}

fn is_oid(text: &str) -> bool {
    let Some(dotted) = text.strip_prefix("urn:oid:") else { return false };
    let arc = |a: &str| !a.is_empty() && a.bytes().all(|b| b.is_ascii_digit()) && (a.len() == 1 || !a.starts_with('0'));
    matches!(dotted.as_bytes(), [b'0'..=b'2', b'.', ..]) && dotted.split('.').all(arc)
}

fn is_uuid(text: &str) -> bool {
    let Some(hex) = text.strip_prefix("urn:uuid:") else { return false };
    hex.len() == 36
        && hex
            .bytes()
            .enumerate()
            .all(|(at, b)| if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() })
}

fn is_base64(text: &str) -> bool {
    let (mut signs, mut padding) = (0usize, 0usize);
    for b in text.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => signs += 1,
            b'=' => padding += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => return false,
        }
    }
    padding <= 2 && (signs + padding).is_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn primitives_are_checked_by_their_lexical_rules() {
        use Primitive as P;
        let good = [
            (P::Boolean, json!(true)),
            (P::Integer, json!(-7)),
            (P::PositiveInt, json!(1)),
            (P::Decimal, json!(1.50)),
            (P::Code, json!("a b")),
            (P::Id, json!("A-1.b")),
            (P::Uri, json!("urn:x")),
            (P::Oid, json!("urn:oid:1.2.840")),
            (P::Uuid, json!("urn:uuid:c757873d-ec9a-4326-a141-556f43239520")),
            (P::Base64Binary, json!("YQ==")),
            (P::Date, json!("2024-02")),
            (P::DateTime, json!("2024-02-29T10:00:00+08:00")),
            (P::DateTime, json!("2024")),
            (P::Instant, json!("2024-02-29T10:00:00.1Z")),
            (P::Time, json!("10:00:00")),
            (P::String, json!("一\n二")),
        ];
        for (p, v) in good {
            assert_eq!(check(p, &v), Ok(()), "{p:?} {v}");
        }
        let bad = [
            (P::Boolean, json!("true")),
            (P::Integer, json!(1.0)),
            (P::Integer, json!(3_000_000_000u32)),
            (P::PositiveInt, json!(0)),
            (P::UnsignedInt, json!(-1)),
            (P::Decimal, json!("1")),
            (P::Code, json!(" a")),
            (P::Code, json!("a  b")),
            (P::Id, json!("a_b")),
            (P::Id, json!("")),
            (P::Uri, json!("a b")),
            (P::Oid, json!("1.2")),
            (P::Oid, json!("urn:oid:1.02")),
            (P::Uuid, json!("urn:uuid:1")),
            (P::Base64Binary, json!("Y")),
            (P::Date, json!("2024-02-30")),
            (P::DateTime, json!("2024-02-29T10:00Z")),
            (P::DateTime, json!("2024-02-29T10:00:00")),
            (P::Instant, json!("2024-02-29")),
            (P::Time, json!("10:00")),
            (P::Time, json!("10:00:00Z")),
            (P::String, json!("")),
            (P::String, json!("\u{1}")),
            (P::String, json!(1)),
        ];
        for (p, v) in bad {
            assert!(check(p, &v).is_err(), "{p:?} {v}");
        }
    }
}
