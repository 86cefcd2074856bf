//! Destruction of personal data: asked for, approved by somebody else, carried out, certified.

use askama::Template;
use jiff::Timestamp;

use super::{Choice, Field, Shell, lang::Messages};

/// Where a destruction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Waits for an answer.
    Asked,
    /// Declined.
    Declined,
    /// Approved, about to be carried out.
    Approved,
    /// Something stood in the way.
    Stopped,
    /// Gone; the root key of that day still is to be destroyed.
    Pending,
    /// Certified.
    Final,
}

impl Stage {
    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Asked => t.destroy_asked(),
            Self::Declined => t.destroy_declined(),
            Self::Approved => t.destroy_approved(),
            Self::Stopped => t.destroy_stopped(),
            Self::Pending => t.destroy_pending(),
            Self::Final => t.destroy_final(),
        }
    }

    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Asked | Self::Approved => "blue",
            Self::Declined => "plain",
            Self::Stopped | Self::Pending => "amber",
            Self::Final => "green",
        }
    }
}

/// A destruction in the list.
#[derive(Clone)]
pub struct Row {
    /// Address.
    pub href: String,
    /// Reference that can be read out.
    pub reference: String,
    /// What, in words.
    pub what: String,
    /// Number of the case, as the asker gave it.
    pub case: String,
    /// Where it stands.
    pub stage: Stage,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A hold in the list.
#[derive(Clone)]
pub struct HoldRow {
    /// Address that lifts it (`POST`, no fields).
    pub href: String,
    /// The patient.
    pub patient: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// All of them, and the forms. Posts to [`super::url::DESTRUCTIONS`]: `q` (whom), `what`, `doc` (`Kind/id`), `ground`,
/// `reference`, `text`; to [`super::url::HOLDS`]: `q`, `text`.
#[derive(Template)]
#[template(path = "privacy/destructions.html")]
pub struct Destructions {
    /// The frame.
    pub shell: Shell,
    /// Destructions, the newest first.
    pub rows: Vec<Row>,
    /// Holds.
    pub holds: Vec<HoldRow>,
    /// Why the form was not taken, sentence by sentence.
    pub problems: Vec<String>,
    /// Whether the person here may ask.
    pub may_ask: bool,
    /// Whom.
    pub whom: Field,
    /// What, one chosen.
    pub what: Vec<Choice>,
    /// Which document.
    pub doc: Field,
    /// Grounds.
    pub grounds: Vec<Choice>,
    /// Number of the case.
    pub case: Field,
    /// Why, in words.
    pub text: Field,
}

/// Somebody's part in it.
#[derive(Clone)]
pub struct Act {
    /// Who.
    pub by: String,
    /// As what, in words.
    pub roles: String,
    /// When.
    pub at: Timestamp,
}

/// What was destroyed.
#[derive(Clone)]
pub struct Done {
    /// When.
    pub at: Timestamp,
    /// Documents.
    pub documents: u64,
    /// Versions.
    pub versions: u64,
    /// Keys.
    pub keys: u64,
    /// Accounts of the portal.
    pub accounts: u64,
    /// Root epoch that older copies hang on.
    pub epoch: u32,
    /// Until when the record of who saw the person is kept.
    pub log_until: Option<Timestamp>,
}

/// The end of the root key.
#[derive(Clone)]
pub struct Root {
    /// Its fingerprint.
    pub key: String,
    /// What the custodian's word is worth, in words.
    pub worth: String,
    /// When.
    pub at: Timestamp,
    /// From when nothing can bring it back.
    pub from: Timestamp,
    /// Days for which copies of keys may be kept.
    pub copies_days: u32,
    /// Whether the institution has signed that figure.
    pub copies_sure: bool,
}

/// One destruction; final, it reads as its certificate. Posts to [`super::url::destruction`]: `answer` (`approved` |
/// `declined`).
#[derive(Template)]
#[template(path = "privacy/destruction.html")]
pub struct Destruction {
    /// The frame.
    pub shell: Shell,
    /// Id, for addresses.
    pub id: String,
    /// Reference that can be read out.
    pub reference: String,
    /// Where it stands.
    pub stage: Stage,
    /// The patient, as long as there is one.
    pub patient: Option<String>,
    /// What, in words.
    pub what: String,
    /// The ground, in words.
    pub ground: String,
    /// Number of the case.
    pub case: String,
    /// Why, in the asker's words.
    pub text: String,
    /// Who asked.
    pub asked: Act,
    /// Who answered.
    pub answered: Option<Act>,
    /// What stands in its way now.
    pub problems: Vec<String>,
    /// Whether the person here asked: somebody else answers.
    pub own: bool,
    /// What was destroyed.
    pub done: Option<Done>,
    /// The end of the root key.
    pub root: Option<Root>,
}

super::no_content_in_debug!(Row, HoldRow, Destructions, Act, Done, Root, Destruction);
