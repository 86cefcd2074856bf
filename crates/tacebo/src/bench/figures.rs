//! Measured figures, in the order they were taken.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::print;

enum Figure {
    Text(String),
    Number(f64, &'static str),
}

/// Named figures.
#[derive(Default)]
pub(crate) struct Figures(Vec<(String, Figure)>);

impl Figures {
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.0.push((name.to_owned(), Figure::Text(text.to_owned())));
    }

    pub(crate) fn number(&mut self, name: &str, value: f64, unit: &'static str) {
        self.0.push((name.to_owned(), Figure::Number(value, unit)));
    }

    /// Median and 95th percentile.
    pub(crate) fn latencies(&mut self, name: &str, times: &Times) {
        self.number(&format!("{name} p50"), times.percentile(50), "ms");
        self.number(&format!("{name} p95"), times.percentile(95), "ms");
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, figure) in &self.0 {
            let key = name.replace(' ', "_");
            match figure {
                Figure::Text(text) => map.serialize_entry(&key, text)?,
                Figure::Number(value, "") => map.serialize_entry(&key, value)?,
                Figure::Number(value, unit) => {
                    map.serialize_entry(&format!("{key}_{}", unit.replace('/', "_per_")), value)?;
                }
            }
        }
        map.end()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.0.iter().map(|(name, _)| print::width(name)).max().unwrap_or(0);
        for (name, figure) in &self.0 {
            let name = print::pad(name, widest);
            match figure {
                Figure::Text(text) => writeln!(f, "{name}  {text}")?,
                Figure::Number(value, unit) if *value >= 100.0 => writeln!(f, "{name}  {value:.0} {unit}")?,
                Figure::Number(value, unit) => writeln!(f, "{name}  {value:.2} {unit}")?,
            }
        }
        Ok(())
    }
}

/// A count as a figure: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of a run stay far below 2^53")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

/// How long each request took.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn gather(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self(all)
    }

    /// These and others.
    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.sort_unstable();
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// In milliseconds (nearest rank).
    fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(rank).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let times = Times::gather((1..=100).rev().map(Duration::from_millis).collect());
        assert!((times.percentile(50) - 50.0).abs() < 1e-9);
        assert!((times.percentile(95) - 95.0).abs() < 1e-9);
        assert!(Times::default().percentile(95).abs() < 1e-9);
    }

    #[test]
    fn a_unit_is_part_of_the_json_key() {
        let mut figures = Figures::default();
        figures.number("read p95", 2.5, "ms");
        figures.number("rate", 10.0, "resources/s");
        let json = serde_json::to_string(&figures).unwrap();
        assert_eq!(json, r#"{"read_p95_ms":2.5,"rate_resources_per_s":10.0}"#);
    }
}
