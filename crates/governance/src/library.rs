//! Texts and legal figures, read from data files that ship with the program.

use jiff::civil::Date;
use serde::Deserialize;

use crate::{Destruction, Terms};

/// How sure we are of a legal figure (the classes of the regulation register).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Confidence {
    /// Read in the text of the law or rule.
    A,
    /// From a trustworthy secondary source.
    B,
    /// From a weak source.
    C,
    /// Unconfirmed: shown as 待核实 until a person signs it.
    U,
}

/// One version of a notice that is shown to people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Stable name, for example `treatment`.
    pub id: String,
    /// Version; the proof of reading names it.
    pub version: String,
    /// In force since.
    #[serde(deserialize_with = "crate::day::deserialize")]
    pub since: Date,
    /// Purpose of use that a consent to it is for (HL7 code).
    pub purpose: String,
    /// Whether the answer is a consent (else it only has to be read).
    pub consent: bool,
    /// Whether care may begin without it (L-02, L-04).
    pub needed_for_care: bool,
    /// Title, Chinese.
    pub title_zh: String,
    /// Title, English.
    pub title_en: String,
    /// Text, Chinese.
    pub text_zh: String,
    /// Text, English.
    pub text_en: String,
    /// Articles it rests on.
    pub source: String,
    /// How sure we are of them.
    pub confidence: Confidence,
}

/// How long something is kept, and why.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// What, as a stable name.
    pub what: String,
    /// What, in Chinese.
    pub name_zh: String,
    /// What, in English.
    pub name_en: String,
    /// Why it is kept, in Chinese.
    pub why_zh: String,
    /// Why it is kept, in English.
    pub why_en: String,
    /// Years from the last entry.
    pub years: u16,
    /// The rule.
    pub source: String,
    /// How sure we are of it.
    pub confidence: Confidence,
}

/// A shipped data file does not read.
#[derive(Debug, thiserror::Error)]
#[error("data file {file} does not read: {why}")]
pub struct LibraryError {
    file: &'static str,
    why: String,
}

/// All texts and figures.
#[derive(Debug)]
pub struct Library {
    notices: Vec<Notice>,
    retention: Vec<Retention>,
    terms: Terms,
    portal: PortalLists,
    destruction: Destruction,
}

/// One thing to choose at the counter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offered {
    /// Stable code; what is recorded.
    pub code: String,
    /// In Chinese.
    pub name_zh: String,
    /// In English.
    pub name_en: String,
    /// The rule.
    pub source: String,
    /// How sure we are of it.
    pub confidence: Confidence,
}

/// What the counter chooses from when it lets somebody into the portal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalLists {
    /// Who a parent or guardian is to the patient (HL7 v3 `RoleCode`).
    #[serde(rename = "relationship")]
    pub relationships: Vec<Offered>,
    /// Documents by which a person is known.
    #[serde(rename = "document")]
    pub documents: Vec<Offered>,
    /// What shows that somebody is the parent or guardian.
    #[serde(rename = "proof")]
    pub proofs: Vec<Offered>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notices {
    notice: Vec<Notice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rule: Vec<Retention>,
}

impl Library {
    pub(crate) fn shipped() -> Result<Self, LibraryError> {
        let notices: Notices = read("notices.toml", include_str!("../data/notices.toml"))?;
        let rules: Rules = read("retention.toml", include_str!("../data/retention.toml"))?;
        let terms: Terms = read("terms.toml", include_str!("../data/terms.toml"))?;
        let portal: PortalLists = read("portal.toml", include_str!("../data/portal.toml"))?;
        let destruction: Destruction = read("destruction.toml", include_str!("../data/destruction.toml"))?;
        Ok(Self { notices: notices.notice, retention: rules.rule, terms, portal, destruction })
    }

    /// The notices in force.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// A notice by id.
    pub fn notice(&self, id: &str) -> Option<&Notice> {
        self.notices.iter().find(|notice| notice.id == id)
    }

    /// The retention rules.
    pub fn retention(&self) -> &[Retention] {
        &self.retention
    }

    /// The rule for one sort of record.
    pub fn retention_of(&self, what: &str) -> Option<&Retention> {
        self.retention.iter().find(|rule| rule.what == what)
    }

    /// Terms of the house's own procedures.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Why personal data may be destroyed, and the figures that go with it.
    pub fn destruction(&self) -> &Destruction {
        &self.destruction
    }

    /// What the counter chooses from when it lets somebody into the portal.
    pub fn portal(&self) -> &PortalLists {
        &self.portal
    }
}

pub(crate) fn read<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<T, LibraryError> {
    toml::from_str(text).map_err(|error| LibraryError { file, why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_text_and_figure_reads_and_names_its_source() {
        let library = Library::shipped().unwrap();
        assert!(
            library.notices().iter().all(|n| !n.source.is_empty() && !n.text_zh.is_empty() && !n.text_en.is_empty())
        );
        assert!(library.retention().iter().all(|r| !r.source.is_empty() && r.years > 0));
        assert!(library.notice("treatment").is_some_and(|n| n.needed_for_care));
    }

    #[test]
    fn the_notice_that_people_read_names_the_years_of_the_rules() {
        let library = Library::shipped().unwrap();
        let notice = library.notice("treatment").unwrap();
        for what in ["outpatient", "inpatient"] {
            let years = library.retention_of(what).unwrap().years;
            assert!(notice.text_zh.contains(&format!("不少于{years}年")), "{what}");
            assert!(notice.text_en.contains(&format!("at least {years} years")), "{what}");
        }
    }

    #[test]
    fn every_term_of_the_house_names_its_source_and_offers_rise() {
        let library = Library::shipped().unwrap();
        let terms = library.terms();
        assert!([&terms.access_answer_workdays, &terms.complaint_answer_days].iter().all(|one| one.value > 0));
        assert!(!terms.access_answer_workdays.source.is_empty() && !terms.complaint_answer_days.source.is_empty());
        assert!(!terms.access_days.values.is_empty() && terms.access_days.values.is_sorted());
        assert!(terms.access_days.values.iter().all(|days| (1..=365).contains(days)));
    }

    #[test]
    fn each_list_of_the_counter_has_names_in_both_languages_and_no_code_twice() {
        let library = Library::shipped().unwrap();
        let lists = library.portal();
        for list in [&lists.relationships, &lists.documents, &lists.proofs] {
            assert!(
                list.iter().all(|one| !one.name_zh.is_empty() && !one.name_en.is_empty() && !one.source.is_empty())
            );
            let codes: std::collections::BTreeSet<_> = list.iter().map(|one| &one.code).collect();
            assert!(!list.is_empty() && codes.len() == list.len());
            // Codes stand in the log between words.
            assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_alphabetic() || c == '-')));
        }
    }

    #[test]
    fn col_05_consent_is_asked_per_purpose_and_care_needs_only_its_own() {
        let library = Library::shipped().unwrap();
        let needed: Vec<_> = library.notices().iter().filter(|n| n.needed_for_care).collect();
        assert!(needed.iter().all(|n| n.purpose == "TREAT"));
        assert!(library.notices().iter().any(|n| n.consent && n.purpose == "HRESCH"));
    }
}
