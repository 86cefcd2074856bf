//! The index record: a list of (parameter number, value), compact because every version carries one.
//!
//! Layout: a version byte, then entries of parameter `u16` LE, kind `u8`, length varint, payload. Lengths and decimals are
//! LEB128 varints; texts are UTF-8.

use crate::values::decimal::Decimal;
use crate::values::time::Span;

/// First byte of a record.
pub const VERSION: u8 = 1;

/// How a reference was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefForm {
    /// `Type/id`.
    Local,
    /// An address on some server, without version.
    Absolute,
    /// A canonical, `url|version`.
    Canonical,
    /// `urn:…` and the rest.
    Other,
}

/// A value of a search parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexed<'a> {
    /// The element is there but has nothing to compare.
    Present,
    /// A code.
    Token {
        /// Code system or identifier system.
        system: Option<&'a str>,
        /// The system follows from the element, not from the data.
        implied: bool,
        /// Code or identifier value.
        code: &'a str,
    },
    /// Normalised text, and the original if it differs.
    Text {
        /// Compared by default.
        normal: &'a str,
        /// Compared by `:exact`; `None` for derived forms (readings of a name).
        original: Option<&'a str>,
    },
    /// A reference without version.
    Reference {
        /// How it was written.
        form: RefForm,
        /// `Type/id` or the address.
        target: &'a str,
    },
    /// A range of time.
    Time(Span),
    /// A number or range of numbers; `None` is open.
    Number {
        /// Least value.
        low: Option<Decimal>,
        /// Greatest value.
        high: Option<Decimal>,
    },
    /// A number with its unit.
    Quantity {
        /// Least value.
        low: Option<Decimal>,
        /// Greatest value.
        high: Option<Decimal>,
        /// Unit system.
        system: &'a str,
        /// Unit code.
        code: &'a str,
        /// Unit as printed.
        unit: &'a str,
    },
    /// A uri.
    Uri(&'a str),
    /// One instance of a composite.
    Composite(&'a [u8]),
    /// Words beside a code, for `:text`, normalised.
    Display(&'a str),
    /// Identifier of a reference, for `:identifier`.
    RefIdentifier {
        /// Identifier system.
        system: Option<&'a str>,
        /// Identifier value.
        value: &'a str,
    },
    /// Identifier with its type, for `:of-type`.
    OfType {
        /// System of the type.
        system: &'a str,
        /// Code of the type.
        code: &'a str,
        /// Identifier value.
        value: &'a str,
    },
}

/// Writes a record.
#[derive(Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
    scratch: Vec<u8>,
}

impl Writer {
    pub(crate) fn record() -> Self {
        let mut out = Vec::with_capacity(512);
        out.push(VERSION);
        Self { out, scratch: Vec::new() }
    }

    pub(crate) fn part() -> Self {
        Self::default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// One instance of a composite: each part's entries, length first.
    pub(crate) fn composite(&mut self, param: u16, parts: &[Vec<u8>]) {
        let mut payload = Vec::new();
        for part in parts {
            text_bytes(&mut payload, part);
        }
        self.put(param, &Indexed::Composite(&payload));
    }

    pub(crate) fn put(&mut self, param: u16, value: &Indexed<'_>) {
        let p = &mut self.scratch;
        p.clear();
        let kind = match value {
            Indexed::Present => 0,
            Indexed::Token { system, implied, code } => {
                p.push(u8::from(system.is_some()) | u8::from(*implied) << 1);
                text(p, system.unwrap_or_default());
                p.extend_from_slice(code.as_bytes());
                1
            }
            Indexed::Text { normal, original } => {
                let same = *original == Some(*normal);
                p.push(if original.is_none() { 2 } else { u8::from(same) });
                text(p, normal);
                if !same {
                    p.extend_from_slice(original.unwrap_or_default().as_bytes());
                }
                2
            }
            Indexed::Reference { form, target } => {
                p.push(match form {
                    RefForm::Local => 0,
                    RefForm::Absolute => 1,
                    RefForm::Canonical => 2,
                    RefForm::Other => 3,
                });
                p.extend_from_slice(target.as_bytes());
                3
            }
            Indexed::Time(span) => {
                p.extend_from_slice(&span.from.to_le_bytes());
                p.extend_from_slice(&span.to.to_le_bytes());
                4
            }
            Indexed::Number { low, high } => {
                numbers(p, *low, *high);
                5
            }
            Indexed::Quantity { low, high, system, code, unit } => {
                numbers(p, *low, *high);
                text(p, system);
                text(p, code);
                p.extend_from_slice(unit.as_bytes());
                6
            }
            Indexed::Uri(uri) => {
                p.extend_from_slice(uri.as_bytes());
                7
            }
            Indexed::Composite(parts) => {
                p.extend_from_slice(parts);
                8
            }
            Indexed::Display(words) => {
                p.extend_from_slice(words.as_bytes());
                9
            }
            Indexed::RefIdentifier { system, value } => {
                p.push(u8::from(system.is_some()));
                text(p, system.unwrap_or_default());
                p.extend_from_slice(value.as_bytes());
                10
            }
            Indexed::OfType { system, code, value } => {
                text(p, system);
                text(p, code);
                p.extend_from_slice(value.as_bytes());
                11
            }
        };
        self.out.extend_from_slice(&param.to_le_bytes());
        self.out.push(kind);
        varint(&mut self.out, self.scratch.len() as u128);
        self.out.extend_from_slice(&self.scratch);
    }
}

fn varint(out: &mut Vec<u8>, mut n: u128) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push((n & 0x7f) as u8);
}

fn text_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint(out, bytes.len() as u128);
    out.extend_from_slice(bytes);
}

fn text(out: &mut Vec<u8>, text: &str) {
    text_bytes(out, text.as_bytes());
}

/// Presence bits, then each number as zigzag mantissa and exponent; equal ends are written once.
fn numbers(out: &mut Vec<u8>, low: Option<Decimal>, high: Option<Decimal>) {
    let point = match (low, high) {
        (Some(l), Some(h)) => l.mantissa == h.mantissa && l.exponent == h.exponent,
        _ => false,
    };
    out.push(u8::from(low.is_some()) | u8::from(high.is_some()) << 1 | u8::from(point) << 2);
    for d in low.into_iter().chain(high.filter(|_| !point)) {
        varint(out, ((d.mantissa << 1) ^ (d.mantissa >> 127)).cast_unsigned());
        varint(out, u128::from(((d.exponent << 1) ^ (d.exponent >> 31)).cast_unsigned()));
    }
}

/// Reads a record (or a part of a composite): each entry's parameter and value. Stops at the first damaged entry.
#[derive(Debug, Clone)]
pub struct Entries<'a>(&'a [u8]);

impl<'a> Entries<'a> {
    /// Entries of a record; none if it has another version.
    pub fn of(record: &'a [u8]) -> Self {
        Self(record.strip_prefix(&[VERSION]).unwrap_or_default())
    }

    /// Parts of a composite, each with its own entries.
    pub fn parts(composite: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut at = Input(composite);
        std::iter::from_fn(move || (!at.0.is_empty()).then(|| at.bytes().map(Self)).flatten())
    }

    /// The values of one parameter. Entries of others are passed over undecoded.
    pub fn values(self, param: u16) -> impl Iterator<Item = Indexed<'a>> {
        let mut at = Input(self.0);
        std::iter::from_fn(move || {
            while !at.0.is_empty() {
                let (no, kind, payload) = at.entry()?;
                if no == param {
                    return decode(kind, payload);
                }
            }
            None
        })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (u16, Indexed<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut at = Input(self.0);
        let (no, kind, payload) = at.entry()?;
        self.0 = at.0;
        Some((no, decode(kind, payload)?))
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn varint(&mut self) -> Option<u128> {
        let (mut n, mut shift) = (0u128, 0u32);
        loop {
            let b = self.byte()?;
            n |= u128::from(b & 0x7f).checked_shl(shift)?;
            if b < 0x80 {
                return Some(n);
            }
            shift += 7;
        }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let n = usize::try_from(self.varint()?).ok()?;
        self.take(n)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn rest(&mut self) -> Option<&'a str> {
        std::str::from_utf8(std::mem::take(&mut self.0)).ok()
    }

    fn entry(&mut self) -> Option<(u16, u8, &'a [u8])> {
        let no = u16::from_le_bytes([self.byte()?, self.byte()?]);
        Some((no, self.byte()?, self.bytes()?))
    }

    fn decimal(&mut self) -> Option<Decimal> {
        let m = self.varint()?;
        let e = u32::try_from(self.varint()?).ok()?;
        let mantissa = (m >> 1).cast_signed() ^ -((m & 1).cast_signed());
        let exponent = (e >> 1).cast_signed() ^ -((e & 1).cast_signed());
        Some(Decimal { mantissa, exponent })
    }

    fn numbers(&mut self) -> Option<(Option<Decimal>, Option<Decimal>)> {
        let bits = self.byte()?;
        let low = if bits & 1 != 0 { Some(self.decimal()?) } else { None };
        let high = if bits & 4 != 0 {
            low
        } else if bits & 2 != 0 {
            Some(self.decimal()?)
        } else {
            None
        };
        Some((low, high))
    }
}

fn decode(kind: u8, payload: &[u8]) -> Option<Indexed<'_>> {
    let mut at = Input(payload);
    Some(match kind {
        0 => Indexed::Present,
        1 => {
            let bits = at.byte()?;
            let system = Some(at.text()?).filter(|_| bits & 1 != 0);
            Indexed::Token { system, implied: bits & 2 != 0, code: at.rest()? }
        }
        2 => {
            let bits = at.byte()?;
            let normal = at.text()?;
            let original = match bits {
                1 => Some(normal),
                2 => None,
                _ => Some(at.rest()?),
            };
            Indexed::Text { normal, original }
        }
        3 => {
            let form = match at.byte()? {
                0 => RefForm::Local,
                1 => RefForm::Absolute,
                2 => RefForm::Canonical,
                _ => RefForm::Other,
            };
            Indexed::Reference { form, target: at.rest()? }
        }
        4 => {
            let from = i64::from_le_bytes(at.take(8)?.try_into().ok()?);
            Indexed::Time(Span { from, to: i64::from_le_bytes(at.take(8)?.try_into().ok()?) })
        }
        5 => {
            let (low, high) = at.numbers()?;
            Indexed::Number { low, high }
        }
        6 => {
            let (low, high) = at.numbers()?;
            Indexed::Quantity { low, high, system: at.text()?, code: at.text()?, unit: at.rest()? }
        }
        7 => Indexed::Uri(at.rest()?),
        8 => Indexed::Composite(payload),
        9 => Indexed::Display(at.rest()?),
        10 => {
            let bits = at.byte()?;
            let system = Some(at.text()?).filter(|_| bits & 1 != 0);
            Indexed::RefIdentifier { system, value: at.rest()? }
        }
        11 => Indexed::OfType { system: at.text()?, code: at.text()?, value: at.rest()? },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let d = |t: &str| Decimal::parse(t);
        let all = [
            Indexed::Present,
            Indexed::Token { system: Some("s"), implied: false, code: "c" },
            Indexed::Token { system: None, implied: true, code: "c" },
            Indexed::Text { normal: "a b", original: Some("A B") },
            Indexed::Text { normal: "a", original: Some("a") },
            Indexed::Text { normal: "zs", original: None },
            Indexed::Reference { form: RefForm::Absolute, target: "https://x/Patient/1" },
            Indexed::Time(Span { from: i64::MIN, to: 7 }),
            Indexed::Number { low: d("-1.50"), high: None },
            Indexed::Quantity { low: d("1e3"), high: d("1e3"), system: "s", code: "mg", unit: "毫克" },
            Indexed::Uri("urn:x"),
            Indexed::Display("words"),
            Indexed::RefIdentifier { system: None, value: "1" },
            Indexed::OfType { system: "s", code: "MR", value: "1" },
        ];
        let mut w = Writer::record();
        for (no, v) in (0u16..).zip(&all) {
            w.put(no, v);
        }
        let record = w.finish();
        let back: Vec<_> = Entries::of(&record).collect();
        assert_eq!(back, (0u16..).zip(all).collect::<Vec<_>>());
        assert_eq!(Entries::of(&record).values(10).collect::<Vec<_>>(), [Indexed::Uri("urn:x")]);
    }

    proptest! {
        #[test]
        fn damaged_records_end_early_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let mut record = vec![VERSION];
            record.extend(bytes);
            for (_, v) in Entries::of(&record) {
                if let Indexed::Composite(c) = v {
                    for part in Entries::parts(c) { let _ = part.count(); }
                }
            }
            let _ = Entries::of(&record).values(3).count();
        }
    }
}
