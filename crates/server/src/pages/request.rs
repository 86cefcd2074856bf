//! The privacy officer answers a request for access.

use askama::Template;
use jiff::Timestamp;

use super::Shell;

/// One request. Posts to [`super::url::access_request`]: `answer` (`accepted` | `declined`).
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
    /// The answer, once given.
    pub accepted: Option<bool>,
}

super::no_content_in_debug!(Request);
