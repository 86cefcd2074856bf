//! Why personal data may be destroyed, and the figures that go with it (RET-04).

use serde::Deserialize;
use tacebo_vault::ShredTerms;

use crate::{Confidence, Library, Term};

/// A ground for which data may be destroyed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// Stable code; what is recorded.
    pub code: String,
    /// In Chinese.
    pub name_zh: String,
    /// In English.
    pub name_en: String,
    /// Whether retention rules do not stand in its way.
    pub lifts: bool,
    /// The rule.
    pub source: String,
    /// How sure we are of it.
    pub confidence: Confidence,
}

/// How long a custodian keeps a root key that it was told to destroy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What its word is worth, as the log names it.
    pub worth: String,
    /// Days.
    pub days: u32,
    /// The rule.
    pub source: String,
    /// How sure we are of it.
    pub confidence: Confidence,
}

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destruction {
    /// Grounds, in the order offered.
    #[serde(rename = "ground")]
    pub grounds: Vec<Ground>,
    /// Days for which copies of keys may be kept.
    pub copies_days: Term,
    /// By custodian.
    #[serde(rename = "window")]
    pub windows: Vec<Window>,
}

impl Library {
    /// What a destruction goes by: these figures and the retention rules.
    pub fn shred_terms(&self) -> ShredTerms {
        let destruction = self.destruction();
        // Whether a visit was an admission is not looked at when a record is to be destroyed: the longest rule counts.
        let records = ["outpatient", "inpatient"].iter().filter_map(|what| self.retention_of(what));
        let longest = records.max_by_key(|rule| rule.years);
        ShredTerms {
            record_years: longest.map_or(u16::MAX, |rule| rule.years),
            record_rule: longest.map(|rule| rule.source.clone()).unwrap_or_default(),
            log_years: self.retention_of("access-log").map_or(u16::MAX, |rule| rule.years),
            overriding: destruction.grounds.iter().filter(|one| one.lifts).map(|one| one.code.clone()).collect(),
            copies_days: destruction.copies_days.value,
            copies_sure: destruction.copies_days.confidence != Confidence::U,
            window_days: destruction.windows.iter().map(|one| (one.worth.clone(), one.days)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_keeps_a_record_and_only_named_grounds_lift_it() {
        let library = Library::shipped().unwrap();
        let terms = library.shred_terms();
        assert_eq!(terms.record_years, library.retention_of("inpatient").unwrap().years);
        assert_eq!(terms.log_years, library.retention_of("access-log").unwrap().years);
        let lifting: Vec<_> = terms.overriding.iter().map(String::as_str).collect();
        assert_eq!(lifting, ["order", "registered-in-error"]);
    }

    #[test]
    fn every_ground_and_figure_names_its_source_and_every_custodian_has_a_window() {
        let library = Library::shipped().unwrap();
        let file = library.destruction();
        assert!(
            file.grounds.iter().all(|one| !one.source.is_empty() && !one.name_zh.is_empty() && !one.name_en.is_empty())
        );
        assert!(file.copies_days.value > 0 && !file.copies_days.source.is_empty());
        for worth in ["module", "tpm", "service", "software-module", "file"] {
            assert!(file.windows.iter().any(|one| one.worth == worth && !one.source.is_empty()), "{worth}");
        }
    }
}
