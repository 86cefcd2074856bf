//! Moments as a page tells them: in the hospital's zone, and as seen from now.

use jiff::Timestamp;

use super::Shell;

impl Shell {
    /// Day and minute: `2026-03-11 14:05`.
    pub fn when(&self, at: &Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The day: `2026-03-11`.
    pub fn day(&self, at: &Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d").to_string()
    }

    /// The minute of the day: `14:05`.
    pub fn minute(&self, at: &Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string()
    }

    /// The exact time for the `datetime` attribute.
    #[expect(clippy::unused_self, reason = "templates reach every helper through the shell")]
    pub(crate) fn machine(&self, at: &Timestamp) -> String {
        at.to_string()
    }

    /// How long until (or since) a moment, in the largest two units that matter.
    pub(crate) fn span(&self, at: &Timestamp) -> String {
        let t = self.t();
        let minutes = (at.as_second() - self.now.as_second()).unsigned_abs() / 60;
        // A message takes its arguments in the order in which it names them: the smaller unit selects the form.
        match minutes {
            0 => t.span_under_a_minute(),
            1..60 => t.span_minutes(minutes),
            60..1440 => t.span_hours_minutes(minutes % 60, minutes / 60),
            1440..4320 => t.span_days_hours(minutes % 1440 / 60, minutes / 1440),
            _ => t.span_days(minutes / 1440),
        }
    }

    /// "4 h 20 min left" or "3 h overdue".
    pub(crate) fn due(&self, at: &Timestamp) -> String {
        let span = self.span(at);
        if self.is_past(at) { self.t().due_over(span) } else { self.t().due_left(span) }
    }

    /// "2 h ago".
    pub(crate) fn ago(&self, at: &Timestamp) -> String {
        self.t().ago(self.span(at))
    }

    pub(crate) fn is_past(&self, at: &Timestamp) -> bool {
        *at <= self.now
    }

    /// Under four hours left or past: a person or a law is waiting.
    pub(crate) fn is_urgent(&self, at: &Timestamp) -> bool {
        at.as_second() - self.now.as_second() < 4 * 3600
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Lang;

    fn shell() -> Shell {
        Shell::new(Lang::En, "Sample Hospital", "2026-03-11T06:00:00Z".parse().unwrap())
    }

    #[test]
    fn times_are_shown_in_the_hospitals_zone() {
        let at = "2026-03-11T16:30:00Z".parse().unwrap();
        assert_eq!(shell().when(&at), "2026-03-12 00:30");
        assert_eq!(shell().day(&at), "2026-03-12");
    }

    #[test]
    fn a_passed_deadline_reads_as_overdue() {
        let shell = shell();
        let past = "2026-03-11T03:00:00Z".parse().unwrap();
        let coming = "2026-03-11T10:20:00Z".parse().unwrap();
        assert_eq!(shell.due(&past), "3 h overdue");
        assert_eq!(shell.due(&coming), "4 h 20 min left");
        assert!(shell.is_urgent(&past));
        assert!(!shell.is_urgent(&coming));
    }
}
