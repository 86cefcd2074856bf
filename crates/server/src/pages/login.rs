//! Logging in: name and password, then a one-time code; the first code; a password to change.

use askama::Template;

use super::{Field, Html, Shell};

/// Why a log-in did not succeed. Never tells whether the name exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogInFault {
    /// Name or password or code is not right.
    NotRight,
    /// Too many tries; wait this many minutes.
    TooMany {
        /// Minutes to wait.
        minutes: u32,
    },
    /// The session ended by itself.
    Expired,
}

/// Name and password. Posts to [`super::url::LOG_IN`]: `name`, `password`, `next`.
#[derive(Template)]
#[template(path = "login/log_in.html")]
pub struct LogIn {
    /// The frame.
    pub shell: Shell,
    /// What was typed as name.
    pub name: Field,
    /// Why it did not succeed.
    pub fault: Option<LogInFault>,
    /// Where to go afterwards: a path of this site, checked by the handler.
    pub next: String,
}

/// The one-time code. Posts to [`super::url::LOG_IN_CODE`]: `code`, `next`.
#[derive(Template)]
#[template(path = "login/code.html")]
pub struct LogInCode {
    /// The frame.
    pub shell: Shell,
    /// Why it did not succeed.
    pub fault: Option<LogInFault>,
    /// Where to go afterwards.
    pub next: String,
}

/// Setting up the one-time code. Posts to [`super::url::LOG_IN_ENROL`]: `code`, `next`.
#[derive(Template)]
#[template(path = "login/enrol.html")]
pub struct Enrol {
    /// The frame.
    pub shell: Shell,
    /// The `otpauth://` address, drawn ([`Html::qr_code`]).
    pub qr: Option<Html>,
    /// The secret in Base32, for typing in.
    pub secret: String,
    /// The code typed to prove that it works.
    pub code: Field,
    /// Where to go afterwards.
    pub next: String,
}

/// A new password before anything else. Posts to [`super::url::LOG_IN_PASSWORD`]: `new`, `again`, `next`.
#[derive(Template)]
#[template(path = "login/password.html")]
pub struct NewPassword {
    /// The frame.
    pub shell: Shell,
    /// The new password (never shown again).
    pub new: Field,
    /// The same once more.
    pub again: Field,
    /// Where to go afterwards.
    pub next: String,
}

super::no_content_in_debug!(LogIn, LogInCode, Enrol, NewPassword);
