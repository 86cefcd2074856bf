//! The security administrator: accounts and roles.

use askama::Template;
use jiff::Timestamp;

use super::{Field, Html, Pager, Role, Shell, lang::Messages, url};

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// In use.
    Active,
    /// Locked by a person.
    Locked,
    /// Waits after too many wrong tries.
    Waiting,
    /// Never used yet.
    New,
}

impl AccountState {
    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Active => t.account_active(),
            Self::Locked => t.account_locked(),
            Self::Waiting => t.account_waiting(),
            Self::New => t.account_new(),
        }
    }

    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Active => "green",
            Self::Locked => "red",
            Self::Waiting => "amber",
            Self::New => "blue",
        }
    }
}

/// An account in the list.
#[derive(Clone)]
pub struct AccountRow {
    /// Id, for [`url::account`].
    pub id: String,
    /// Name to log in with.
    pub user: String,
    /// The person's name.
    pub name: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Department.
    pub department: String,
    /// How it stands.
    pub state: AccountState,
    /// Whether a second factor is set up.
    pub factor: bool,
    /// Last log-in.
    pub last: Option<Timestamp>,
}

/// The list (`GET` `q`).
#[derive(Template)]
#[template(path = "accounts/list.html")]
pub struct Accounts {
    /// The frame.
    pub shell: Shell,
    /// What was asked.
    pub query: String,
    /// Accounts.
    pub rows: Vec<AccountRow>,
    /// Where in the list.
    pub pager: Pager,
}

/// A role to give or not.
#[derive(Debug, Clone, Copy)]
pub struct RoleChoice {
    /// The role; the form field is `role` with its code, repeated.
    pub role: Role,
    /// Whether it is given.
    pub given: bool,
    /// Whether it cannot be given now, because an administrator's role stands alone.
    pub barred: bool,
}

/// What is shown exactly once after a new account or a reset.
#[derive(Clone)]
pub struct Once {
    /// One-time password.
    pub password: Option<String>,
    /// `otpauth://` address, drawn.
    pub qr: Option<Html>,
    /// Secret in Base32.
    pub secret: Option<String>,
}

/// An earlier change of the account.
#[derive(Clone)]
pub struct AccountChange {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What, in words.
    pub what: String,
}

/// An account to make or change. New: posts to [`url::ACCOUNTS`]; otherwise to [`url::account`]. Fields: `user` (new
/// only), `name`, `department`, `practitioner`, `role` (repeated), `training_until`, `shown`. Steps post to [`url::account_step`].
#[derive(Template)]
#[template(path = "accounts/edit.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact shown by itself")]
pub struct AccountEdit {
    /// The frame.
    pub shell: Shell,
    /// Id; `None` for a new account.
    pub id: Option<String>,
    /// Name to log in with.
    pub user: Field,
    /// The person's name.
    pub name: Field,
    /// Department.
    pub department: Field,
    /// Job number or id of the practitioner whose patients this account sees.
    pub practitioner: Field,
    /// Day until which the privacy training is valid.
    pub training_until: Field,
    /// Roles.
    pub roles: Vec<RoleChoice>,
    /// Whether the roles chosen cannot be held together.
    pub roles_clash: bool,
    /// Whether none was chosen.
    pub roles_missing: bool,
    /// How it stands.
    pub state: AccountState,
    /// Whether a second factor is set up.
    pub factor: bool,
    /// Running sessions.
    pub sessions: u64,
    /// Last log-in.
    pub last: Option<Timestamp>,
    /// Shown exactly once.
    pub once: Option<Once>,
    /// Whether it is one's own account: roles and lock are for somebody else to change.
    pub own: bool,
    /// Whether it is of the portal: whose it is, is not shown, and it can only be locked.
    pub portal: bool,
    /// Mark of the version shown; the form sends it back as `shown`.
    pub shown: Option<i64>,
    /// Earlier changes, the latest first.
    pub changes: Vec<AccountChange>,
}

impl AccountEdit {
    pub(crate) fn action(&self) -> String {
        self.id.as_deref().map_or_else(|| url::ACCOUNTS.to_owned(), url::account)
    }

    pub(crate) fn step(&self, step: &str) -> String {
        self.id.as_deref().map(|id| url::account_step(id, step)).unwrap_or_default()
    }
}

super::no_content_in_debug!(AccountRow, Accounts, Once, AccountChange, AccountEdit);
