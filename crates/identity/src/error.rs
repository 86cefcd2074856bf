//! What can go wrong, in words that tell nobody anything about a person.

use tacebo_vault::policy::{Purpose, Role};
use tacebo_vault::{Denial, Refused, VaultFault};

/// Why an ask about identity ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Policy said no, or the log cannot be written.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// The house failed.
    #[error("the account store cannot answer: {0}")]
    Fault(#[from] VaultFault),
    /// Name, password, code or state do not fit, or there were too many tries. One answer for all of them, so that it
    /// tells nobody which accounts exist (ASVS 6.3.8).
    #[error("name or password wrong, or too many tries; wait a while and try again")]
    LogInFailed,
    /// The code of the second step is wrong or was used already.
    #[error("the code is wrong or was used already; wait for the next one")]
    CodeWrong,
    /// The account has no second factor: log-in is refused until one is enrolled (ACC-05).
    #[error("no second factor is enrolled; ask the security administrator for one")]
    FactorMissing,
    /// The first step is too long ago, or was made in another browser.
    #[error("the log-in took too long; begin again")]
    TicketGone,
    /// The old password given for a change is wrong.
    #[error("the present password is wrong")]
    OldPassword,
    /// The new password is not good enough.
    #[error("choose another password: {0}")]
    Password(PasswordProblem),
    /// The account must be somebody else's.
    #[error("nobody administers his own account; ask another administrator")]
    OwnAccount,
    /// A session is needed, and a token was given, or changes are due first.
    #[error("log in again and finish the changes that are due")]
    SessionNeeded,
    /// Another account has this login name or client id.
    #[error("this name is taken; choose another")]
    NameTaken,
    /// Another account in use is of the same `Practitioner/…`: one person, one account.
    #[error("another account is of this member of staff; choose another, or disable that account")]
    PractitionerTaken,
    /// The login name or client id has a wrong form.
    #[error("a name has 2 to 64 letters, digits or . _ - @ and no spaces")]
    NameForm,
    /// Two of the three administrators in one hand (ACC-14).
    #[error("{0} and {1} cannot be held by one person; give one of them to somebody else")]
    RolesConflict(Role, Role),
    /// A role does not belong to this sort of account, or one is missing.
    #[error("roles and sort of account do not fit together")]
    RolesUnfit,
    /// There is no such account, client, session or token.
    #[error("no such account, client or token")]
    Unknown,
    /// The record changed meanwhile.
    #[error("somebody else changed this meanwhile; look at it again")]
    Changed,
    /// The account or client is not active.
    #[error("this account is locked or disabled; unlock it first")]
    NotActive,
    /// The house has accounts already.
    #[error("the first accounts exist already")]
    AlreadySetUp,
    /// A client asks in a way that its registration does not allow.
    #[error("the client is unknown or its secret is wrong")]
    ClientRefused,
    /// A purpose of use outside what the token or client may declare.
    #[error("this token may not be used for {0}")]
    PurposeNotAllowed(Purpose),
    /// The request names no known purpose of use.
    #[error("name a purpose of use, for example TREAT")]
    PurposeUnknown,
    /// A lifetime of zero or longer than allowed.
    #[error("give a shorter lifetime")]
    Lifetime,
    /// Too many log-ins at once.
    #[error("too many log-ins at once; try again in a moment")]
    Busy,
    /// The system gave no randomness, or hashing failed.
    #[error("a cryptographic operation failed: {0}")]
    Crypto(&'static str),
}

impl IdentityError {
    /// Key of the message shown to people.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Refused(refused) => match refused.denial() {
                Denial::Unavailable(_) => "identity-unavailable",
                _ => "identity-refused",
            },
            Self::Fault(_) | Self::Crypto(_) => "identity-unavailable",
            Self::LogInFailed => "identity-log-in-failed",
            Self::CodeWrong => "identity-code-wrong",
            Self::FactorMissing => "identity-factor-missing",
            Self::TicketGone => "identity-ticket-gone",
            Self::OldPassword => "identity-old-password",
            Self::Password(problem) => problem.key(),
            Self::OwnAccount => "identity-own-account",
            Self::SessionNeeded => "identity-session-needed",
            Self::NameTaken => "identity-name-taken",
            Self::PractitionerTaken => "identity-practitioner-taken",
            Self::NameForm => "identity-name-form",
            Self::RolesConflict(..) => "identity-roles-conflict",
            Self::RolesUnfit => "identity-roles-unfit",
            Self::Unknown => "identity-unknown",
            Self::Changed => "identity-changed",
            Self::NotActive => "identity-not-active",
            Self::AlreadySetUp => "identity-already-set-up",
            Self::ClientRefused => "identity-client-refused",
            Self::PurposeNotAllowed(_) => "identity-purpose-not-allowed",
            Self::PurposeUnknown => "identity-purpose-unknown",
            Self::Lifetime => "identity-lifetime",
            Self::Busy => "identity-busy",
        }
    }
}

/// What is wrong with a new password. No rules of composition: they make passwords worse (NIST SP 800-63B-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Fewer than 8 characters.
    #[error("at least 8 characters")]
    Short,
    /// More than 128 characters.
    #[error("at most 128 characters")]
    Long,
    /// Among the passwords that are tried first.
    #[error("it is among the commonest passwords")]
    Common,
    /// The login name, forwards or backwards.
    #[error("it repeats the login name")]
    LoginName,
    /// One character repeated, or a run along the keyboard or alphabet.
    #[error("it is a single pattern")]
    Pattern,
    /// The password in use.
    #[error("it is the present one")]
    Same,
}

impl PasswordProblem {
    /// Key of the message shown to people.
    pub fn key(self) -> &'static str {
        match self {
            Self::Short => "identity-password-short",
            Self::Long => "identity-password-long",
            Self::Common => "identity-password-common",
            Self::LoginName => "identity-password-login-name",
            Self::Pattern => "identity-password-pattern",
            Self::Same => "identity-password-same",
        }
    }
}
