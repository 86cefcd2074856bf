//! The privacy officer answers a request for access.

use askama::Template;
use jiff::Timestamp;

use super::{Choice, Shell};

/// The answer that was given.
#[derive(Clone)]
pub struct Answer {
    /// Yes, no, or ended before its time.
    pub kind: AnswerKind,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// End of the access.
    pub until: Option<Timestamp>,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// Accepted, and the access is running.
    Running,
    /// Accepted, and the access ended by itself.
    Over,
    /// Accepted, and ended before its time.
    Ended,
    /// Declined.
    Declined,
}

/// One request. Posts to [`super::url::access_request`]: `answer` (`accepted` | `declined` | `ended`), `days`.
#[derive(Template)]
#[template(path = "privacy/request.html")]
pub struct Request {
    /// The frame.
    pub shell: Shell,
    /// Id, for the address.
    pub id: String,
    /// Reference that can be read out.
    pub reference: String,
    /// Who asks.
    pub actor: String,
    /// The person's post.
    pub post: String,
    /// Department.
    pub department: String,
    /// Number that was asked for; it may be nobody's.
    pub patient: String,
    /// Why, in the person's own words.
    pub text: String,
    /// When it was sent.
    pub at: Timestamp,
    /// Whether the person here asked it: somebody else answers.
    pub own: bool,
    /// Days offered, the shortest first; one is chosen.
    pub days: Vec<Choice>,
    /// The answer, once given.
    pub answer: Option<Answer>,
}

super::no_content_in_debug!(Answer, Request);
