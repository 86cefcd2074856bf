//! The two ways an ask can end: [`Disclosed`] or [`Refused`].
//!
//! Both carry the receipts of the log entries that were durable before the
//! value existed (promise 2). Neither can be made outside this crate.

use std::fmt;
use std::sync::Arc;

use tacebo_ledger::Receipt;
use tacebo_policy::{Permit, Refusal};
use tacebo_store::StoreError;

use crate::decide::Leave;

/// Data that was decided, masked and logged, and may now leave the house.
///
/// Only the vault makes one, from a [`tacebo_policy::Permit`] and a [`Receipt`] (log).
/// A door can reshape it with [`Disclosed::map`]; the receipts stay with it.
#[must_use]
#[derive(Clone)]
pub struct Disclosed<T> {
    value: T,
    receipts: Arc<[Receipt]>,
    permit: Option<Permit>,
}

impl<T> Disclosed<T> {
    /// The only constructor. `leave` (permits) proves that policy said yes.
    pub(crate) fn new(value: T, leave: &[Leave], receipts: Vec<Receipt>) -> Self {
        let permit = leave.iter().flat_map(|leave| &leave.0).next().cloned();
        Self { value, receipts: receipts.into(), permit }
    }

    /// Shapes the answer.
    pub fn map<U>(self, shape: impl FnOnce(T) -> U) -> Disclosed<U> {
        Disclosed { value: shape(self.value), receipts: self.receipts, permit: self.permit }
    }

    /// Joins two disclosures of one request, as `$everything` and pages do.
    pub fn zip<U>(self, other: Disclosed<U>) -> Disclosed<(T, U)> {
        let receipts = self.receipts.iter().chain(other.receipts.iter()).cloned().collect();
        Disclosed { value: (self.value, other.value), receipts, permit: self.permit.or(other.permit) }
    }

    /// Joins many disclosures of one request.
    pub fn gather(many: Vec<Self>) -> Option<Disclosed<Vec<T>>> {
        if many.is_empty() {
            return None;
        }
        let mut values = Vec::with_capacity(many.len());
        let mut receipts = Vec::new();
        let mut permit = None;
        for one in many {
            permit = permit.or(one.permit);
            receipts.extend(one.receipts.iter().cloned());
            values.push(one.value);
        }
        Some(Disclosed { value: values, receipts: receipts.into(), permit })
    }

    /// The value, to look at. It has been logged already.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The log's receipts for this answer, at least one.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// By whose leave, for the sentence "you may see this because …"; of several permits the first.
    /// `None` where nothing was found and so nothing was to be allowed.
    pub fn permit(&self) -> Option<&Permit> {
        self.permit.as_ref()
    }

    /// Takes the value and its receipts apart, for the door that writes the bytes.
    pub fn into_parts(self) -> (T, Arc<[Receipt]>) {
        (self.value, self.receipts)
    }
}

impl<T> fmt::Debug for Disclosed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosed").field("receipts", &self.receipts.len()).finish_non_exhaustive()
    }
}

/// Why an ask ended without data. What a caller may learn from it is the same
/// whether or not the thing asked for exists.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Denial {
    /// Policy says no.
    #[error("refused by policy")]
    Forbidden(Refusal),
    /// There is no such thing, or the asker may not know of it.
    #[error("not found")]
    NotFound,
    /// It was deleted.
    #[error("deleted")]
    Gone,
    /// The caller's `If-Match` does not hold, or a create found something there.
    #[error("the version given is not the current one")]
    Precondition {
        /// The current version, told only to a caller who may read it.
        current: Option<u64>,
    },
    /// Somebody else wrote what this write rested on; search again and retry.
    #[error("someone was faster; try again")]
    Raced,
    /// Too many candidates to open one by one; narrow the search.
    #[error("too many candidates; give a more selective criterion")]
    TooCostly,
    /// The document cannot be kept as asked.
    #[error("{0}")]
    Invalid(String),
    /// The house cannot answer now (log not writable, store busy). Nothing was disclosed.
    #[error("temporarily unavailable: {0}")]
    Unavailable(String),
}

/// A refusal with the receipts of its log entries.
#[derive(Debug, Clone)]
pub struct Refused {
    denial: Denial,
    receipts: Arc<[Receipt]>,
}

impl Refused {
    pub(crate) fn new(denial: Denial, receipts: Vec<Receipt>) -> Self {
        Self { denial, receipts: receipts.into() }
    }

    /// Why.
    pub fn denial(&self) -> &Denial {
        &self.denial
    }

    /// The log's receipts; empty only for [`Denial::Unavailable`] and
    /// [`Denial::Invalid`] faults found before policy was asked.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.denial.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl From<VaultFault> for Refused {
    fn from(fault: VaultFault) -> Self {
        if let VaultFault::Refused(refused) = fault {
            return refused;
        }
        tracing::error!(error = %fault, "the vault could not answer");
        Self::new(Denial::Unavailable(fault.public().to_owned()), Vec::new())
    }
}

/// Faults of the house itself. Their text is for program logs and carries no personal data.
#[derive(Debug, thiserror::Error)]
pub enum VaultFault {
    /// The store failed.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// A commit failed.
    #[error("commit: {0}")]
    Commit(#[from] tacebo_store::CommitError),
    /// A key or a sealed message could not be opened.
    #[error("seal: {0}")]
    Seal(#[from] tacebo_seal::SealError),
    /// The log could not be proved or signed.
    #[error("ledger: {0}")]
    Ledger(#[from] tacebo_ledger::LedgerError),
    /// What was opened is not what was sealed.
    #[error("a stored record does not decode: {0}")]
    Decode(&'static str),
    /// The policy set does not load.
    #[error("policy: {0}")]
    Policy(String),
    /// The data folder is not set up as it should be.
    #[error("data folder: {0}")]
    Folder(String),
    /// This node has not reached the others for its term, and has forgotten its keys.
    #[error("this node is cut off from the others")]
    CutOff,
    /// What other nodes did could not be followed.
    #[error("what other nodes did cannot be followed: {0}")]
    Unfollowed(String),
    /// Other nodes live and have not said that they have forgotten what is to be destroyed.
    #[error("{0} other nodes have not yet acknowledged that they have forgotten: it is gone on with later")]
    Unacknowledged(u32),
    /// Another node is doing this.
    #[error("another node is at it")]
    Elsewhere,
    /// Policy or what is there stood in the way; recorded.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl VaultFault {
    fn public(&self) -> &'static str {
        match self {
            Self::Commit(_) => "the log or the store cannot be written; nothing was disclosed",
            Self::Store(StoreError::Objects(_)) => {
                "the place of large documents does not answer; nothing was disclosed and nothing written; try again later"
            }
            Self::Seal(_) | Self::Decode(_) | Self::Store(StoreError::BlobMissing | StoreError::BlobChanged) => {
                "a stored record does not open; the security officer has been told"
            }
            _ => "the store cannot be read",
        }
    }
}
