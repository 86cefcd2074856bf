//! FHIR dates as half-open ranges of microseconds since the epoch.

use crate::walker::Zone;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// From (inclusive) and to (exclusive); open ends are `i64::MIN` and `i64::MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First microsecond.
    pub from: i64,
    /// Behind the last microsecond.
    pub to: i64,
}

/// The range that a `date`, `dateTime` or `instant` stands for: a day for a day, a second for a second.
///
/// A value without a zone is read in `zone`. Minutes without seconds are accepted because queries may have them.
pub fn span(text: &str, zone: Zone) -> Option<Span> {
    let mut at = Cursor(text.as_bytes());
    let year = at.number(4)?;
    if at.done() {
        return Some(whole(days(year, 1, 1), days(year + 1, 1, 1), zone));
    }
    at.expect(b'-')?;
    let month = at.number(2).filter(|m| (1..=12).contains(m))?;
    if at.done() {
        let (y, m) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        return Some(whole(days(year, month, 1), days(y, m, 1), zone));
    }
    at.expect(b'-')?;
    let day = at.number(2).filter(|d| (1..=month_length(year, month)).contains(d))?;
    let date = days(year, month, day);
    if at.done() {
        return Some(whole(date, date + 1, zone));
    }
    at.expect(b'T')?;
    let hour = at.number(2).filter(|h| *h < 24)?;
    at.expect(b':')?;
    let minute = at.number(2).filter(|m| *m < 60)?;
    let (mut unit, mut clock) = (60 * SECOND, (hour * 3600 + minute * 60) * SECOND);
    if at.take(b':') {
        // 60 is a leap second; it is counted as the first second of the next minute.
        clock += at.number(2).filter(|s| *s <= 60)? * SECOND;
        unit = SECOND;
        if at.take(b'.') {
            let mut digits = 0;
            while let Some(d) = at.number(1) {
                digits += 1;
                if digits <= 6 {
                    unit /= 10;
                    clock += d * unit;
                }
            }
            if digits == 0 {
                return None;
            }
        }
    }
    let offset = if at.done() {
        i64::from(zone.0)
    } else if at.take(b'Z') {
        0
    } else {
        let sign = if at.take(b'-') {
            -1
        } else {
            at.expect(b'+')?;
            1
        };
        let hours = at.number(2).filter(|h| *h <= 14)?;
        at.expect(b':')?;
        let minutes = at.number(2).filter(|m| *m < 60)?;
        sign * (hours * 3600 + minutes * 60)
    };
    if !at.done() {
        return None;
    }
    let from = date * DAY + clock - offset * SECOND;
    Some(Span { from, to: from + unit.max(1) })
}

fn whole(from: i64, to: i64, zone: Zone) -> Span {
    let shift = i64::from(zone.0) * SECOND;
    Span { from: from * DAY - shift, to: to * DAY - shift }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Days of a month.
pub(crate) fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn done(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, wanted: u8) -> bool {
        match self.0 {
            [first, rest @ ..] if *first == wanted => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        self.take(wanted).then_some(())
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        let mut n = 0;
        for b in head {
            n = n * 10 + i64::from(b.is_ascii_digit().then(|| b - b'0')?);
        }
        self.0 = rest;
        Some(n)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> (i64, i64) {
        let s = span(text, Zone::UTC).unwrap();
        (s.from, s.to)
    }

    #[test]
    fn a_date_is_the_range_of_its_precision() {
        assert_eq!(of("1970"), (0, 365 * DAY));
        assert_eq!(of("2000-02"), (of("2000-02-01").0, of("2000-02-29").1));
        assert_eq!(of("2024-02-29").1 - of("2024-02-29").0, DAY);
        assert_eq!(of("1970-01-01T00:00:01Z"), (SECOND, 2 * SECOND));
        assert_eq!(of("1970-01-01T08:00+08:00"), (0, 60 * SECOND));
        assert_eq!(of("1970-01-01T00:00:00.12Z"), (120_000, 130_000));
        assert_eq!(of("1970-01-01T00:00:00.1234567Z"), (123_456, 123_457));
        assert_eq!(of("2016-12-31T23:59:60Z").0, of("2017-01-01T00:00:00Z").0);
        assert_eq!(span("1970-01-01", Zone::CHINA).unwrap().from, -8 * 3600 * SECOND);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for bad in [
            "",
            "70",
            "2023-02-29",
            "2023-13",
            "2023-1",
            "2023-01-01T",
            "2023-01-01T24:00:00Z",
            "2023-01-01T10:00:00.Z",
            "2023-01-01 10:00",
            "2023-01-01T10:00:00+0800",
            "2023-01-01T10:00:61Z",
            "+2023",
            "２０２３",
        ] {
            assert!(span(bad, Zone::UTC).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn spans_agree_with_jiff(s in -62_000_000_000i64..250_000_000_000) {
            let t = jiff::Timestamp::from_second(s).unwrap();
            let text = t.to_string();
            prop_assert_eq!(of(&text), (s * SECOND, (s + 1) * SECOND));
            let day = text.split('T').next().unwrap();
            prop_assert_eq!(of(day).0, s.div_euclid(86_400) * DAY);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9T:Z.+-]{0,40}") {
            if let Some(s) = span(&text, Zone::CHINA) { prop_assert!(s.from < s.to); }
        }
    }
}
