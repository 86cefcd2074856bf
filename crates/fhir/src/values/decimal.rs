//! Exact decimals with the precision that they were written with.

use std::cmp::Ordering;

/// `mantissa × 10^exponent`; the exponent is the written precision, so `6.0` and `6` compare equal but span different ranges.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    /// Digits, at most [`DIGITS`].
    pub mantissa: i128,
    /// Power of ten.
    pub exponent: i32,
}

/// Significant digits kept; further ones are cut off. FHIR asks for 18.
const DIGITS: u32 = 34;

/// Exponents beyond this are refused: no measurement has them, and comparing them would cost.
const MAX_EXPONENT: i32 = 4096;

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { mantissa: 0, exponent: 0 };

    /// Reads JSON number syntax (and a leading `+`, as some clients write).
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (negative, mut rest) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] | rest => (false, rest),
        };
        let mut mantissa: i128 = 0;
        let (mut kept, mut exponent, mut any, mut fraction) = (0u32, 0i32, false, false);
        while let [byte, tail @ ..] = rest {
            match byte {
                b'0'..=b'9' => {
                    any = true;
                    if kept < DIGITS {
                        mantissa = mantissa * 10 + i128::from(byte - b'0');
                        kept += u32::from(mantissa != 0);
                        exponent -= i32::from(fraction);
                    } else {
                        exponent += i32::from(!fraction);
                    }
                    if exponent.unsigned_abs() > MAX_EXPONENT.unsigned_abs() {
                        return None;
                    }
                }
                b'.' if !fraction && any => fraction = true,
                b'e' | b'E' if any => {
                    let written: i32 = std::str::from_utf8(tail).ok()?.parse().ok()?;
                    exponent = exponent.checked_add(written)?;
                    rest = &[];
                    break;
                }
                _ => return None,
            }
            rest = tail;
        }
        if !any || !rest.is_empty() || exponent.unsigned_abs() > MAX_EXPONENT.unsigned_abs() {
            return None;
        }
        Some(Self { mantissa: if negative { -mantissa } else { mantissa }, exponent })
    }

    /// The range that the written precision stands for: `100` is `[99.5, 100.5)`, `1e2` is `[95, 105)` (R4 §3.1.1.4.7).
    pub fn span(self) -> (Self, Self) {
        let (shift, factor) = if self.exponent > 0 { (2, 100) } else { (1, 10) };
        let (m, e) = (self.mantissa * factor, self.exponent - shift);
        (Self { mantissa: m - 5, exponent: e }, Self { mantissa: m + 5, exponent: e })
    }

    /// A tenth around: what `ap` accepts.
    pub fn about(self) -> (Self, Self) {
        let (low, high) = (self.mantissa * 9, self.mantissa * 11);
        let e = self.exponent - 1;
        (Self { mantissa: low.min(high), exponent: e }, Self { mantissa: low.max(high), exponent: e })
    }

    /// Bytes whose order is the order of the numbers.
    pub fn sort_bytes(self) -> Vec<u8> {
        if self.mantissa == 0 {
            return vec![1];
        }
        let mut digits = self.mantissa.unsigned_abs().to_string();
        let magnitude = i32::try_from(digits.len()).unwrap_or(0) + self.exponent;
        digits.truncate(digits.trim_end_matches('0').len());
        let mut out = Vec::with_capacity(digits.len() + 5);
        let biased = u16::try_from(magnitude + 0x4000).unwrap_or(0);
        out.extend_from_slice(&biased.to_be_bytes());
        out.extend_from_slice(digits.as_bytes());
        out.push(0);
        if self.mantissa < 0 {
            for b in &mut out {
                *b = !*b;
            }
            out.insert(0, 0);
        } else {
            out.insert(0, 2);
        }
        out
    }

    fn digits(self) -> u32 {
        self.mantissa.unsigned_abs().checked_ilog10().map_or(0, |d| d + 1)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.mantissa.signum(), other.mantissa.signum());
        if a != b || a == 0 {
            return a.cmp(&b);
        }
        let size = |d: &Self| i64::from(d.digits()) + i64::from(d.exponent);
        let magnitude = size(self).cmp(&size(other)).then_with(|| {
            let (da, db) = (self.digits(), other.digits());
            let widest = da.max(db);
            let scale = |m: i128, d: u32| m.unsigned_abs().saturating_mul(10u128.saturating_pow(widest - d));
            scale(self.mantissa, da).cmp(&scale(other.mantissa, db))
        });
        if a < 0 { magnitude.reverse() } else { magnitude }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn decimals_compare_by_value_and_span_by_precision() {
        assert_eq!(d("6.0"), d("6"));
        assert_eq!(d("1e2"), d("100"));
        assert!(d("-0.5") < d("0") && d("0.1") < d("0.11") && d("1e10") > d("9999999999"));
        assert_eq!(d("100").span(), (d("99.5"), d("100.5")));
        assert_eq!(d("100.00").span(), (d("99.995"), d("100.005")));
        assert_eq!(d("5.40").span(), (d("5.395"), d("5.405")));
        assert_eq!(d("1e2").span(), (d("95"), d("105")));
        assert_eq!(d("-10").about(), (d("-11"), d("-9")));
        for bad in ["", "-", ".", ".5", "1.2.3", "1e", "x", "1e999999999", "NaN", "1 "] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn order_and_sort_bytes_agree_with_integers(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000, e in -6i32..6) {
            let (x, y) = (d(&format!("{a}e{e}")), d(&format!("{b}e{e}")));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.sort_bytes().cmp(&y.sort_bytes()), a.cmp(&b));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9eE.+-]{0,60}") {
            if let Some(x) = Decimal::parse(&text) {
                let (low, high) = x.span();
                prop_assert!(low < x && x < high);
                prop_assert!(x.about().0 <= x.about().1);
            }
        }
    }
}
