//! The privacy officer: what to do today, emergency accesses to review, who saw whom.

use askama::Template;
use jiff::Timestamp;

use super::{
    Field, Outcome, Pager, Purpose, Shell,
    chart::{Bars, Heat},
    emergency::Reason,
    lang::Messages,
};

/// What a task asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskKind {
    /// An emergency access to review.
    Review,
    /// A request for ordinary access to answer.
    AccessRequest,
    /// A patient's request to answer.
    RightsRequest,
    /// Anything else.
    Other,
}

impl TaskKind {
    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Review => t.task_review(),
            Self::AccessRequest => t.task_access_request(),
            Self::RightsRequest => t.task_rights_request(),
            Self::Other => t.task_other(),
        }
    }

    pub(crate) fn icon(self) -> &'static str {
        match self {
            Self::Review => "siren",
            Self::AccessRequest => "key-round",
            Self::RightsRequest => "scale",
            Self::Other => "clipboard-list",
        }
    }
}

/// One task. No patient's name is shown here.
#[derive(Clone)]
pub struct Task {
    /// Reference (`BG-2026-0007`).
    pub reference: String,
    /// What it asks for.
    pub kind: TaskKind,
    /// What, in words without a name.
    pub title: String,
    /// Since when it waits.
    pub since: Timestamp,
    /// Until when it must be done.
    pub due: Timestamp,
    /// Where to do it.
    pub href: String,
}

/// An access by request that is running.
#[derive(Clone)]
pub struct Granted {
    /// Who sees the record through it.
    pub actor: String,
    /// Whose record.
    pub patient: String,
    /// When it ends by itself.
    pub until: Timestamp,
    /// Where it can be ended.
    pub href: String,
}

/// The privacy officer's start page.
#[derive(Template)]
#[template(path = "privacy/today.html")]
pub struct Today {
    /// The frame.
    pub shell: Shell,
    /// The nearest deadline of all.
    pub nearest: Option<Timestamp>,
    /// Emergency accesses not yet reviewed.
    pub unreviewed: u64,
    /// Requests waiting.
    pub waiting: u64,
    /// Refusals of the last seven days.
    pub refusals: u64,
    /// Tasks, the most urgent first.
    pub tasks: Vec<Task>,
    /// Accesses by request that are running, those that end first first.
    pub granted: Vec<Granted>,
    /// What was shown this week, by purpose.
    pub by_purpose: Bars,
    /// When records were opened this week, by day and hour.
    pub by_hour: Heat,
}

/// How a review ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewOutcome {
    /// It was right.
    Justified,
    /// It was right, but the ordinary rules should have covered it.
    WidenRules,
    /// More must be asked.
    AskMore,
    /// It was not right.
    NotJustified,
}

impl ReviewOutcome {
    /// Every outcome, in the order shown.
    pub const ALL: [Self; 4] = [Self::Justified, Self::WidenRules, Self::AskMore, Self::NotJustified];

    /// The code in forms.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::WidenRules => "widen-rules",
            Self::AskMore => "ask-more",
            Self::NotJustified => "not-justified",
        }
    }

    /// Reads the code of a form.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.code() == code)
    }

    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Justified => t.review_justified(),
            Self::WidenRules => t.review_widen_rules(),
            Self::AskMore => t.review_ask_more(),
            Self::NotJustified => t.review_not_justified(),
        }
    }

    pub(crate) fn hint(self, t: &Messages) -> String {
        match self {
            Self::Justified => t.review_justified_hint(),
            Self::WidenRules => t.review_widen_rules_hint(),
            Self::AskMore => t.review_ask_more_hint(),
            Self::NotJustified => t.review_not_justified_hint(),
        }
    }

    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Justified => "green",
            Self::WidenRules => "blue",
            Self::AskMore => "amber",
            Self::NotJustified => "red",
        }
    }
}

/// One emergency access.
#[derive(Clone)]
pub struct ReviewRow {
    /// The ticket.
    pub ticket: String,
    /// Who declared it.
    pub actor: String,
    /// Role, in words.
    pub role: String,
    /// Department.
    pub department: String,
    /// Whose record, masked.
    pub patient: String,
    /// When it was declared.
    pub at: Timestamp,
    /// For how many minutes.
    pub minutes: u32,
    /// The reason.
    pub reason: Reason,
    /// How many documents were shown.
    pub documents: u64,
    /// Until when it must be reviewed.
    pub due: Timestamp,
    /// How the review ended.
    pub outcome: Option<ReviewOutcome>,
}

/// The queue.
#[derive(Template)]
#[template(path = "privacy/reviews.html")]
pub struct Reviews {
    /// The frame.
    pub shell: Shell,
    /// Waiting, the most urgent first.
    pub waiting: Vec<ReviewRow>,
    /// Reviewed, the latest first.
    pub done: Vec<ReviewRow>,
    /// Where among the reviewed.
    pub pager: Pager,
}

/// Something that was shown under the ticket.
#[derive(Clone)]
pub struct Shown {
    /// When.
    pub at: Timestamp,
    /// What, in words, without content (`检验报告`).
    pub what: String,
    /// Number of the log entry.
    pub entry: u64,
}

/// One review. Posts to [`super::url::review`]: `outcome`, `note`.
#[derive(Template)]
#[template(path = "privacy/review.html")]
pub struct Review {
    /// The frame.
    pub shell: Shell,
    /// What it is about.
    pub row: ReviewRow,
    /// The reason in the person's own words.
    pub text: String,
    /// What was shown.
    pub shown: Vec<Shown>,
    /// Whether an ordinary relation came about afterwards, in words.
    pub relation_after: Option<String>,
    /// The outcome chosen before, if the form comes back.
    pub chosen: Option<ReviewOutcome>,
    /// Whether an outcome was missing.
    pub outcome_missing: bool,
    /// The note.
    pub note: Field,
    /// The reviewer and time, once reviewed.
    pub reviewed: Option<(String, Timestamp)>,
}

impl Review {
    pub(crate) fn is_chosen(&self, outcome: &ReviewOutcome) -> bool {
        self.chosen == Some(*outcome)
    }
}

/// From which side one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// Who saw this patient.
    #[default]
    Patient,
    /// Whom this member of staff saw.
    Staff,
}

/// One access.
#[derive(Clone)]
pub struct SawRow {
    /// Number of the log entry.
    pub entry: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Role, in words.
    pub role: String,
    /// Department.
    pub department: String,
    /// Whose record, masked.
    pub patient: String,
    /// What was done, in words.
    pub action: String,
    /// What for.
    pub purpose: Purpose,
    /// How it ended.
    pub outcome: Outcome,
}

/// Who saw whom (`GET` `by`, `q`, `page`).
#[derive(Template)]
#[template(path = "privacy/who_saw.html")]
pub struct WhoSaw {
    /// The frame.
    pub shell: Shell,
    /// From which side.
    pub by: By,
    /// What was asked (number of the record, account name).
    pub query: Field,
    /// Whom the list is about, masked; `None` before a search.
    pub subject: Option<String>,
    /// Accesses, the latest first.
    pub rows: Vec<SawRow>,
    /// How many by department (or by patient).
    pub bars: Option<Bars>,
    /// When, by day and hour.
    pub heat: Option<Heat>,
    /// Where in the list.
    pub pager: Pager,
}

super::no_content_in_debug!(Granted, Task, Today, ReviewRow, Reviews, Shown, Review, SawRow, WhoSaw);
