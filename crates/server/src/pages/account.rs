//! The person's own account: password and sessions.

use askama::Template;
use jiff::Timestamp;

use super::{Field, Role, Shell};

/// A running session.
#[derive(Clone)]
pub struct SessionRow {
    /// Public id (never the secret), for [`super::url::session_end`].
    pub id: String,
    /// Whether it is this one.
    pub this: bool,
    /// Machine, in words (`Chrome · Windows`).
    pub machine: String,
    /// Network address.
    pub address: String,
    /// Since when.
    pub since: Timestamp,
    /// Last used.
    pub last: Timestamp,
}

/// The page. Password posts to [`super::url::ACCOUNT_PASSWORD`]: `current`, `new`, `again`.
#[derive(Template)]
#[template(path = "account/account.html")]
pub struct MyAccount {
    /// The frame.
    pub shell: Shell,
    /// Name to log in with.
    pub user: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Whether a second factor is set up.
    pub factor: bool,
    /// Present password.
    pub current: Field,
    /// New password.
    pub new: Field,
    /// The same once more.
    pub again: Field,
    /// Running sessions.
    pub sessions: Vec<SessionRow>,
}

super::no_content_in_debug!(SessionRow, MyAccount);
