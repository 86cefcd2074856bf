//! A moment as people name it.

use anyhow::{Context, Result, bail};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Microseconds since the Unix epoch of an RFC 3339 time with its offset, or of a date with a time of this machine's zone.
pub(super) fn parse(text: &str, here: &TimeZone) -> Result<i64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.as_microsecond());
    }
    let wrong = || {
        format!(
            "{text:?} is no moment: write it like 2026-11-23T08:30:00+08:00, or 2026-11-23T08:30:00 for the time here"
        )
    };
    // A date alone would be its midnight, which nobody may have meant.
    if !text.contains(':') {
        bail!(wrong());
    }
    let local: DateTime = text.parse().with_context(wrong)?;
    let moment = here.to_ambiguous_timestamp(local).unambiguous();
    Ok(moment.with_context(|| format!("{text} is not one moment here: write it with its offset"))?.as_microsecond())
}

/// The moment for people: with the offset of the zone here.
pub(super) fn shown(at_us: i64, here: &TimeZone) -> String {
    let moment = Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.display_with_offset(here.to_offset(moment)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_an_offset_or_is_of_the_zone_here_and_anything_else_is_refused() {
        let china = TimeZone::fixed(jiff::tz::offset(8));
        let at = parse("2026-11-23T08:30:00.5+08:00", &TimeZone::UTC).unwrap();
        assert_eq!(shown(at, &TimeZone::UTC), "2026-11-23T00:30:00.5+00:00");
        assert_eq!(shown(at, &china), "2026-11-23T08:30:00.5+08:00");
        for same in
            ["2026-11-23T00:30:00.5Z", "2026-11-23T08:30:00.5", "2026-11-23 08:30:00.5", "2026-11-23t08:30:00.500"]
        {
            assert_eq!(parse(same, &china).unwrap(), at, "{same}");
        }
        for wrong in
            ["", "yesterday", "2026-11-23", "08:30", "2026-13-01T00:00:00Z", "2026-11-23T25:00:00", "1795372911"]
        {
            let said = parse(wrong, &china).unwrap_err().to_string();
            assert!(said.contains("is no moment"), "{wrong}: {said}");
        }
    }

    #[test]
    fn an_hour_that_is_there_twice_or_never_needs_its_offset() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for two in ["2026-10-25T02:30:00", "2026-03-29T02:30:00"] {
            assert!(parse(two, &berlin).unwrap_err().to_string().contains("with its offset"), "{two}");
        }
        assert!(parse("2026-10-25T02:30:00+01:00", &berlin).is_ok());
    }
}
