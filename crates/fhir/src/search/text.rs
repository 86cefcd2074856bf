//! The text of a query: percent-encoding, and the escapes of search values.

/// Pairs of name and value, decoded. Broken percent-encoding stays as it is; bytes that are not UTF-8 are refused.
pub(crate) fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    let query = query.strip_prefix('?').unwrap_or(query);
    let mut out = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        out.push((decode(name)?, decode(value)?));
    }
    Some(out)
}

fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8(out).ok(),
            [b'+', tail @ ..] => {
                out.push(b' ');
                tail
            }
            [b'%', a, b, tail @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                out.push(hex(*a) << 4 | hex(*b));
                tail
            }
            [byte, tail @ ..] => {
                out.push(*byte);
                tail
            }
        };
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

/// Percent-encodes what a query value may not contain.
pub(crate) fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.~:/|,$".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push('%');
            for nibble in [b >> 4, b & 15] {
                out.push(HEX.get(usize::from(nibble)).copied().map_or('0', char::from));
            }
        }
    }
}

/// Splits at a separator that is not escaped. The parts keep their escapes.
pub(crate) fn split(value: &str, separator: u8) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut escaped) = (0, false);
    for (at, b) in value.bytes().enumerate() {
        if escaped {
            escaped = false;
        } else if b == b'\\' {
            escaped = true;
        } else if b == separator {
            parts.push(value.get(from..at).unwrap_or_default());
            from = at + 1;
        }
    }
    parts.push(value.get(from..).unwrap_or_default());
    parts
}

/// Removes the escapes `\,` `\$` `\|` `\\`.
pub(crate) fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some(next @ (',' | '$' | '|' | '\\')) => out.push(next),
            Some(next) => out.extend(['\\', next]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_once_and_escapes_kept_until_the_last_split() {
        let p = pairs("?name=%E5%BC%A0+x&a&b=1%2&&c=x%3Dy").unwrap();
        assert_eq!(
            p,
            [
                ("name".into(), "张 x".into()),
                ("a".into(), String::new()),
                ("b".into(), "1%2".into()),
                ("c".into(), "x=y".into())
            ]
        );
        assert!(pairs("a=%ff").is_none());
        assert_eq!(split(r"a\,b,c", b','), [r"a\,b", "c"]);
        assert_eq!(unescape(r"a\,b\\c\d"), r"a,b\c\d");
        let mut out = String::new();
        encode("a b张&=", &mut out);
        assert_eq!(out, "a%20b%E5%BC%A0%26%3D");
    }
}
