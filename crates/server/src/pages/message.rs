//! Pages that say one thing: a refusal with its ways on, or why something could not be done.

use askama::Template;

use super::{Field, Shell, lang::Messages};

/// What a message page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// No such page.
    NotFound,
    /// Not with this account.
    NotForYou,
    /// The session ended.
    Expired,
    /// Too many requests.
    TooMany,
    /// The request could not be understood.
    BadRequest,
    /// The form came from elsewhere.
    CrossSite,
    /// Somebody else changed it meanwhile.
    Conflict,
    /// Too large.
    TooLarge,
    /// The house cannot answer now.
    Unavailable,
    /// The house is closed: its keys are not here.
    Closed,
    /// A fault of the house.
    Fault,
    /// Logged out.
    LoggedOut,
    /// The request was noted and will be answered.
    Noted,
}

impl MessageKind {
    pub(crate) fn title(self, t: &Messages) -> String {
        match self {
            Self::NotFound => t.message_not_found(),
            Self::NotForYou => t.message_not_for_you(),
            Self::Expired => t.message_expired(),
            Self::TooMany => t.message_too_many(),
            Self::BadRequest => t.message_bad_request(),
            Self::CrossSite => t.message_cross_site(),
            Self::Conflict => t.message_conflict(),
            Self::TooLarge => t.message_too_large(),
            Self::Unavailable => t.message_unavailable(),
            Self::Closed => t.message_closed(),
            Self::Fault => t.message_fault(),
            Self::LoggedOut => t.message_logged_out(),
            Self::Noted => t.message_noted(),
        }
    }

    pub(crate) fn text(self, shell: &Shell) -> String {
        let t = shell.t();
        match self {
            Self::NotFound => t.message_not_found_text(),
            Self::NotForYou => t.message_not_for_you_text(),
            Self::Expired => t.message_expired_text(),
            Self::TooMany => t.message_too_many_text(),
            Self::BadRequest => t.message_bad_request_text(),
            Self::CrossSite => t.message_cross_site_text(),
            Self::Conflict => t.message_conflict_text(),
            Self::TooLarge => t.message_too_large_text(),
            Self::Unavailable => t.message_unavailable_text(),
            Self::Closed => t.message_closed_text(),
            Self::Fault => t.message_fault_text(),
            Self::LoggedOut => t.message_logged_out_text(),
            Self::Noted => t.message_noted_text(shell.figures.answer_workdays),
        }
    }

    pub(crate) fn icon(self) -> &'static str {
        match self {
            Self::LoggedOut | Self::Noted => "circle-check",
            Self::NotForYou | Self::CrossSite | Self::Expired | Self::Closed => "lock",
            Self::NotFound => "scan-search",
            _ => "triangle-alert",
        }
    }
}

/// One thing said, and where to go from here.
#[derive(Template)]
#[template(path = "message/message.html")]
pub struct Message {
    /// The frame.
    pub shell: Shell,
    /// What it says.
    pub kind: MessageKind,
    /// A sentence more, in the reader's language.
    pub detail: Option<String>,
    /// A reference to give to the help desk.
    pub reference: Option<String>,
    /// Where the one button goes; `/` if nothing else makes sense.
    pub back: String,
}

/// A colleague who may see the record and can be asked.
#[derive(Clone)]
pub struct Colleague {
    /// Name.
    pub name: String,
    /// Role or title, in words.
    pub role: String,
    /// Department.
    pub department: String,
    /// Extension or pager.
    pub contact: Option<String>,
}

/// A refusal on patient data: one sentence, and the three ways on.
///
/// The page is the same whether or not the patient exists: it shows nothing of the record. "Request access" posts to
/// [`super::url::request_access`]: `text`.
#[derive(Template)]
#[template(path = "message/refusal.html")]
pub struct Refusal {
    /// The frame.
    pub shell: Shell,
    /// Why, in one sentence, in the reader's language.
    pub sentence: String,
    /// The id that was asked for.
    pub patient: String,
    /// Who can be asked; the same for every patient (the house's desk), or empty.
    pub ask: Vec<Colleague>,
    /// Whether this person may ask for ordinary access.
    pub may_request: bool,
    /// What was typed in the request.
    pub request: Field,
    /// Whether this person may declare an emergency.
    pub may_declare_emergency: bool,
}

super::no_content_in_debug!(Message, Colleague, Refusal);
