//! How somebody asks.

use crate::code::codes;

codes! {
    /// What the asker wants to do with the document.
    "action"
    pub enum Action {
        /// Read one document.
        Read = "read",
        /// Find documents.
        Search = "search",
        /// Read older versions.
        History = "history",
        /// Write a new document.
        Create = "create",
        /// Write a new version.
        Update = "update",
        /// Mark a document deleted.
        Delete = "delete",
        /// Take data out in bulk.
        Export = "export",
        /// Put data on paper.
        Print = "print",
        /// Open a break-glass ticket.
        DeclareBreakGlass = "declare-break-glass",
        /// Decide on somebody else's act, such as a break-glass use.
        Review = "review",
        /// Read the access log.
        ReadLog = "read-log",
        /// Verify the access log.
        VerifyLog = "verify-log",
        /// Change how the house runs: accounts, roles, configuration, policies.
        Administer = "administer",
    }
}

/// The family of an action, used in the registrations of client systems (`TREAT.read`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Read, search, history.
    Read,
    /// Create, update, delete.
    Write,
    /// Export.
    Export,
    /// Everything that no client system does.
    Other,
}

impl Action {
    /// The family this action belongs to.
    pub const fn manner(self) -> Manner {
        match self {
            Self::Read | Self::Search | Self::History => Manner::Read,
            Self::Create | Self::Update | Self::Delete => Manner::Write,
            Self::Export => Manner::Export,
            Self::Print
            | Self::DeclareBreakGlass
            | Self::Review
            | Self::ReadLog
            | Self::VerifyLog
            | Self::Administer => Manner::Other,
        }
    }
}

impl Manner {
    /// The code in a grant.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Export => "export",
            Self::Other => "other",
        }
    }
}
