//! Destroying personal data by destroying its keys: asked for by one person, approved by another, carried out in one
//! commit, and final when the root key of that day is destroyed too (`docs/cryptography.md`).
//!
//! A destruction is a record of the house, kept among its named values and not among its documents: a value is replaced
//! and has no history. It holds the person's internal number, which tells nobody anything, and what the asker wrote.

mod ask;
mod blocked;
mod carry;
mod certificate;
pub(crate) mod gone;
mod kept;
mod plan;
mod rekey;
mod renew;

use serde::{Deserialize, Serialize};

pub use self::blocked::{Block, Hold, ShredTerms};
pub use self::carry::ShredWhom;
pub use self::certificate::{CERTIFICATE, certified};

use crate::disclosed::{Refused, VaultFault};
use crate::meant::Meant;
use crate::nodes::Forgotten;
use crate::root::GoneRoot;

/// The kind under which destructions are decided.
pub(crate) const SHRED_KIND: &str = "Shredding";
/// The kind under which holds are decided.
pub(crate) const HOLD_KIND: &str = "LegalHold";

/// What is to be destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShredTarget {
    /// A person: every document and record about them. The record of who saw them stays for its legal term.
    Person,
    /// One group of a person's data, by its code.
    Category(String),
    /// One document with its whole history.
    Document {
        /// Its kind.
        kind: String,
        /// Its id; empty once it is destroyed.
        id: String,
    },
}

/// Where a destruction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShredStage {
    /// Asked for; somebody else decides.
    Asked,
    /// Declined.
    Declined,
    /// Approved; about to be carried out.
    Approved,
    /// Approved, and something stood in the way when it was to be carried out; nothing was destroyed.
    Stopped,
    /// Keys and data are gone; the root key of that day is still to be destroyed.
    Pending,
    /// The root key is destroyed too: certified.
    Final,
}

/// What somebody did, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShredAct {
    /// The account.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// Roles, by their codes.
    pub roles: Vec<String>,
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
}

/// What was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShredDone {
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
    /// The root epoch of that moment: older copies hang on it.
    pub epoch: u32,
    /// Documents destroyed.
    pub documents: u64,
    /// Versions of them.
    pub versions: u64,
    /// Keys destroyed.
    pub keys: u64,
    /// Versions of other documents that were sealed anew, because they were under the same key.
    pub resealed: u64,
    /// Accounts of the portal that were erased with the person.
    pub accounts: Vec<String>,
    /// Until when the record of who saw the person is kept, microseconds since the Unix epoch.
    pub log_until_us: Option<i64>,
    /// Days for which copies of keys may be kept.
    pub copies_days: u32,
    /// Whether the institution has signed that figure.
    pub copies_sure: bool,
    /// Days after which the custodian itself has let go of a destroyed root key.
    pub window_days: u32,
}

/// The end of the root key that older copies hang on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShredRoot {
    /// Its epoch.
    pub epoch: u32,
    /// Its fingerprint, hex.
    pub fingerprint: String,
    /// What the custodian's word is worth; none where no receipt was kept.
    pub worth: Option<String>,
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
}

/// One destruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shredding {
    /// Its id.
    pub id: String,
    /// What.
    pub target: ShredTarget,
    /// The person's internal number.
    pub(crate) subject: u64,
    /// Why it may be destroyed: a code of the house's list.
    pub ground: String,
    /// Why, in the asker's words.
    pub reason: String,
    /// Number of the case, order or request, as the asker gave it.
    pub reference: String,
    /// Where it stands.
    pub stage: ShredStage,
    /// Who asked.
    pub asked: ShredAct,
    /// Who approved or declined.
    pub answered: Option<ShredAct>,
    /// What was destroyed.
    pub done: Option<ShredDone>,
    /// The end of the root key.
    pub root: Option<ShredRoot>,
    /// What the nodes had forgotten by then; none where there can be one only.
    pub nodes: Option<Forgotten>,
    /// The statement that is certified, exactly.
    pub(crate) statement: Option<String>,
    /// The entry that certifies it.
    pub(crate) entry: Option<u64>,
}

/// A destruction as an officer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShredSeen {
    /// The destruction.
    pub shredding: Shredding,
    /// The patient, as long as there is one.
    pub patient: Option<String>,
    /// What stands in its way now, while it waits for an answer.
    pub blocks: Vec<Block>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ShredAsk {
    /// Whom it is about.
    pub whom: Meant,
    /// What.
    pub target: ShredTarget,
    /// Why it may be destroyed: a code of the house's list.
    pub ground: String,
    /// Why, in words.
    pub reason: String,
    /// Number of the case, order or request.
    pub reference: String,
    /// Name of the asker.
    pub name: String,
}

/// Why nothing is destroyed.
#[derive(Debug, thiserror::Error)]
pub enum ShredError {
    /// Refused by policy, recorded; or the house cannot answer.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is no such person, group of data or document; recorded.
    #[error("there is nothing of that kind to destroy")]
    Nothing,
    /// Law or another person's data stand in the way; recorded.
    #[error("something stands in the way")]
    Blocked(Vec<Block>),
    /// Whoever asked cannot approve.
    #[error("another person must answer")]
    Own,
    /// It is answered already.
    #[error("it is answered already")]
    Answered,
}

impl From<VaultFault> for ShredError {
    fn from(fault: VaultFault) -> Self {
        Self::Refused(fault.into())
    }
}

impl ShredRoot {
    pub(crate) fn of(gone: &GoneRoot, at_us: i64) -> Self {
        let GoneRoot { epoch, fingerprint, worth } = gone.clone();
        Self { epoch, fingerprint, worth, at_us }
    }
}
