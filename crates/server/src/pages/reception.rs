//! The counter: find, register, notice and consent. Names are masked before they come here.

use askama::Template;
use jiff::Timestamp;

use super::{Choice, Field, Shell, lang::Messages};

/// What the counter does next for a person found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Notice and consent are still to be given.
    Consent,
    /// Everything is there: to the department.
    Ready,
    /// Details are missing.
    Complete,
}

impl NextStep {
    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Consent => t.next_consent(),
            Self::Ready => t.next_ready(),
            Self::Complete => t.next_complete(),
        }
    }

    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Consent => "amber",
            Self::Ready => "green",
            Self::Complete => "plain",
        }
    }
}

/// A person found at the counter, masked.
#[derive(Clone)]
pub struct CounterRow {
    /// Id, for [`super::url::consent`].
    pub id: String,
    /// Masked name (`张*`).
    pub name: String,
    /// Masked identity number.
    pub number: String,
    /// Masked telephone.
    pub phone: String,
    /// Sex, in words.
    pub sex: String,
    /// Year of birth.
    pub born: String,
    /// What to do next.
    pub next: NextStep,
    /// Where the person is expected (`10:30 心内科门诊`), without a diagnosis.
    pub expected: Option<String>,
}

/// The counter (`GET` `q`).
#[derive(Template)]
#[template(path = "reception/counter.html")]
pub struct Counter {
    /// The frame.
    pub shell: Shell,
    /// What was asked.
    pub query: String,
    /// What was found; `None` before a search.
    pub found: Option<Vec<CounterRow>>,
    /// Whether there are more than shown.
    pub more: bool,
    /// Who is expected today.
    pub queue: Vec<CounterRow>,
}

/// Registration. Posts to [`super::url::REGISTER`]: `name`, `sex`, `born`, `id_number`, `phone`, `address`, `insurance`,
/// `contact_name`, `contact_phone`, `email`, `anyway` (`yes` to register in spite of a likely twin).
#[derive(Template)]
#[template(path = "reception/register.html")]
pub struct Register {
    /// The frame.
    pub shell: Shell,
    /// Name.
    pub name: Field,
    /// Sex: one is chosen.
    pub sex: Vec<Choice>,
    /// Whether no sex was chosen.
    pub sex_missing: bool,
    /// Birth date.
    pub born: Field,
    /// Resident identity number.
    pub id_number: Field,
    /// Telephone.
    pub phone: Field,
    /// Address (optional).
    pub address: Field,
    /// Insurance number (optional).
    pub insurance: Field,
    /// Whom to call in an emergency (optional).
    pub contact_name: Field,
    /// Their telephone (optional).
    pub contact_phone: Field,
    /// Mail address (optional).
    pub email: Field,
    /// People who may be the same one.
    pub twins: Vec<CounterRow>,
}

impl Register {
    /// How many fields are wrong, for the line at the top.
    pub(crate) fn wrong(&self) -> usize {
        [
            &self.name,
            &self.born,
            &self.id_number,
            &self.phone,
            &self.address,
            &self.insurance,
            &self.contact_name,
            &self.contact_phone,
            &self.email,
        ]
        .into_iter()
        .filter(|f| f.is_wrong())
        .count()
            + usize::from(self.sex_missing)
    }
}

/// The notice shown: its text and version.
#[derive(Clone)]
pub struct Notice {
    /// Title.
    pub title: String,
    /// Version.
    pub version: String,
    /// In force since.
    pub since: String,
    /// The text, a paragraph each.
    pub paragraphs: Vec<String>,
    /// Hash of exactly this text: what is recorded is what was shown.
    pub digest: String,
}

/// One thing a person is asked to agree to.
#[derive(Clone)]
pub struct ConsentItem {
    /// Code; the form field is `item.{code}` with `yes` or `no`.
    pub code: String,
    /// What is asked, in plain words.
    pub title: String,
    /// What it means and what happens after "no".
    pub effect: String,
    /// Needed by law or for treatment: shown, not asked.
    pub needed: bool,
    /// The answer, if there is one.
    pub answer: Option<bool>,
    /// Whether an answer was missing.
    pub missing: bool,
}

impl ConsentItem {
    pub(crate) fn is_yes(&self) -> bool {
        self.answer == Some(true)
    }

    pub(crate) fn is_no(&self) -> bool {
        self.answer == Some(false)
    }
}

/// An earlier record of notice and consent.
#[derive(Clone)]
pub struct ConsentPast {
    /// When it was recorded.
    pub when: Timestamp,
    /// Which version of the notice.
    pub version: String,
    /// Since when that version was in force.
    pub since: String,
    /// The day on which it was given.
    pub given_on: String,
    /// The parent or guardian who answered, as far as it may be shown here.
    pub guardian: Option<String>,
    /// How, in words.
    pub method: String,
    /// What was agreed to, in words.
    pub agreed: Vec<String>,
    /// What was declined, in words.
    pub declined: Vec<String>,
}

/// Notice and consent. Posts to [`super::url::consent`]: `version`, `digest`, `method` (`screen` | `paper` | `aloud`),
/// `by` (`self` | `guardian`), `guardian`, `given_on`, `item.{code}`.
#[derive(Template)]
#[template(path = "reception/consent.html")]
pub struct Consent {
    /// The frame.
    pub shell: Shell,
    /// Whom it concerns, masked.
    pub patient: CounterRow,
    /// What was shown.
    pub notice: Notice,
    /// What is asked.
    pub items: Vec<ConsentItem>,
    /// How it was given: one is chosen.
    pub method: String,
    /// Whether a guardian speaks for the person.
    pub by_guardian: bool,
    /// The guardian's name.
    pub guardian: Field,
    /// The day on which the notice was given.
    pub given_on: Field,
    /// Earlier records, the latest first.
    pub past: Vec<ConsentPast>,
}

super::no_content_in_debug!(CounterRow, Counter, Register, Notice, ConsentItem, ConsentPast, Consent);
