//! Text as string searches compare it: without case, accents, width and surplus space (R4 §3.1.1.4.8).

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The normalised form.
pub fn normalise(text: &str) -> String {
    if text.is_ascii() {
        let mut out = String::with_capacity(text.len());
        squeeze(text.chars().map(|c| c.to_ascii_lowercase()), &mut out);
        return out;
    }
    let mut out = String::with_capacity(text.len());
    squeeze(text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase), &mut out);
    out
}

fn squeeze(chars: impl Iterator<Item = char>, out: &mut String) {
    let mut gap = false;
    for c in chars {
        if c.is_whitespace() {
            gap = !out.is_empty();
        } else {
            if gap {
                out.push(' ');
                gap = false;
            }
            out.push(c);
        }
    }
}

/// Codes where the system does not tell case apart.
pub fn fold(code: &str) -> Cow<'_, str> {
    if code.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(code)
    } else {
        Cow::Owned(code.to_lowercase())
    }
}

/// Equality of codes without case.
pub fn same_folded(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { fold(a) == fold(b) }
}

/// Digits of a telephone number, without the Chinese country code; `None` if there are too few to be one.
pub fn phone(text: &str) -> Option<String> {
    let digits: String = text.nfkd().filter(char::is_ascii_digit).collect();
    let digits =
        digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86").filter(|d| d.len() == 11)).unwrap_or(&digits);
    (digits.len() >= 5).then(|| digits.to_owned())
}

/// Han characters: those that have a pinyin reading.
pub fn has_han(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|c| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_compared_without_case_accents_width_and_space() {
        assert_eq!(normalise("  Müller\t LÜDENSCHEIDT "), "muller ludenscheidt");
        assert_eq!(normalise("Ｚｈａｎｇ　三"), "zhang 三");
        assert!(same_folded("ÄB", "äb") && same_folded("Ab", "aB") && !same_folded("a", "b"));
        assert_eq!(phone("+86 138-0013-8000").as_deref(), Some("13800138000"));
        assert_eq!(phone("8612345").as_deref(), Some("8612345"));
        assert_eq!(phone("x"), None);
    }
}
