//! What the server's errors mean for a store. The one place that decides what is tried again.

use tokio_postgres::{
    Error,
    error::{Severity, SqlState},
};

use crate::StoreError;

/// Why the server did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection is gone, or the server is going: whether the last step happened is not known.
    Lost(String),
    /// The transaction was rolled back for a reason that may be over in a moment.
    Again(Error),
    /// The server does not take it.
    Refused(Error),
    /// The server has a setting with which no store can be kept.
    Unfit(String),
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        let Some(db) = e.as_db_error() else {
            return if is_ours(&e) { Self::Refused(e) } else { Self::Lost(words(&e)) };
        };
        let ends = matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
        if ends || is_going(db.code()) {
            Self::Lost(words(&e))
        } else if is_passing(db.code()) {
            Self::Again(e)
        } else {
            Self::Refused(e)
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost(why) => Self::Unreachable(why),
            Failure::Again(e) | Failure::Refused(e) => Self::Postgres(e),
            Failure::Unfit(setting) => Self::Unfit(setting),
        }
    }
}

impl Failure {
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Lost(why) | Self::Unfit(why) => why.clone(),
            Self::Again(e) | Self::Refused(e) => words(e),
        }
    }
}

/// An error in words, without the values that it may quote.
pub(crate) fn words(e: &Error) -> String {
    match e.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => match std::error::Error::source(e) {
            Some(source) => format!("{e}: {source}"),
            None => e.to_string(),
        },
    }
}

/// A value that cannot be sent, or a column of another type: nothing of the wire's. The driver tells only in words.
fn is_ours(e: &Error) -> bool {
    let words = e.to_string();
    ["error serializing", "error deserializing", "error encoding", "invalid column", "expected "]
        .iter()
        .any(|begins| words.starts_with(begins))
}

/// The session ends with this error, or the server takes no writes (it has become a standby).
pub(super) fn is_going(code: &SqlState) -> bool {
    let class = code.code().get(..2).unwrap_or_default();
    class == "08"
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            SqlState::TOO_MANY_CONNECTIONS,
        ]
        .contains(code)
        || code.code() == "57P05"
}

/// Conflicts with somebody else, and time that ran out.
fn is_passing(code: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ]
    .contains(code)
}

/// Whether an error says "this table is damaged" rather than "I could not look".
pub(crate) fn is_damage(e: &Error) -> bool {
    e.code().is_some_and(|code| [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code))
}
