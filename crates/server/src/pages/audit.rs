//! The auditor: the log, one entry with its openings and proof, and verification in words.

use askama::Template;
use jiff::Timestamp;

use super::{Choice, Field, Outcome, Pager, Purpose, Shell};

/// Filters of the log (`GET` `from`, `to`, `actor`, `patient`, `action`, `outcome`, `purpose`, `page`).
#[derive(Clone, Default)]
pub struct LogFilters {
    /// From this day.
    pub from: Field,
    /// To this day.
    pub to: Field,
    /// Account name.
    pub actor: Field,
    /// Number of the record.
    pub patient: Field,
    /// Kinds of action, the first being "all".
    pub action: Vec<Choice>,
    /// Outcomes, the first being "all".
    pub outcome: Vec<Choice>,
}

/// One entry in the list.
#[derive(Clone)]
pub struct EntryRow {
    /// Number.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// Who, as the auditor may see it.
    pub actor: String,
    /// Role, in words.
    pub role: String,
    /// What was done, in words.
    pub action: String,
    /// On what kind of document, in words; several kinds are counted.
    pub kind: String,
    /// Whose, masked; empty for the house itself.
    pub patient: String,
    /// What for.
    pub purpose: Purpose,
    /// How it ended.
    pub outcome: Outcome,
}

/// Where the log stands.
#[derive(Clone)]
pub struct LogHead {
    /// Entries in the tree.
    pub size: u64,
    /// Root hash, in hex.
    pub root: String,
    /// When the latest checkpoint was signed.
    pub signed: Option<Timestamp>,
    /// When the log was last verified here, and whether it held.
    pub verified: Option<(Timestamp, bool)>,
}

/// The log.
#[derive(Template)]
#[template(path = "audit/log.html")]
pub struct Log {
    /// The frame.
    pub shell: Shell,
    /// Where the log stands.
    pub head: LogHead,
    /// Filters as sent.
    pub filters: LogFilters,
    /// Entries, the latest first.
    pub rows: Vec<EntryRow>,
    /// Where in the list.
    pub pager: Pager,
}

/// One committed field of an entry.
#[derive(Clone)]
pub struct CommittedField {
    /// Code in the commitment; the form value of `field`.
    pub code: String,
    /// Name, in words.
    pub label: String,
    /// Commitment, in hex.
    pub commitment: String,
    /// The value once opened, and whether it matches its commitment.
    pub opened: Option<(String, bool)>,
    /// Whether this person may open it; opening is itself logged.
    pub may_open: bool,
}

/// One entry. Opening posts to [`super::url::entry_open`]: `field`.
#[derive(Template)]
#[template(path = "audit/entry.html")]
pub struct Entry {
    /// The frame.
    pub shell: Shell,
    /// Number.
    pub index: u64,
    /// The minute it was logged under.
    pub at: Timestamp,
    /// Class, in words.
    pub class: String,
    /// Leaf hash, in hex.
    pub leaf: String,
    /// Commitment of all fields, in hex.
    pub commitment: String,
    /// Hash of the stored row, in hex.
    pub row: String,
    /// Its fields.
    pub fields: Vec<CommittedField>,
    /// Hashes of the inclusion proof, in hex, from the leaf up.
    pub path: Vec<String>,
    /// Size of the tree the proof is for.
    pub size: u64,
    /// Root hash, in hex.
    pub root: String,
    /// Neighbours, for turning pages.
    pub earlier: Option<u64>,
    /// The next one.
    pub later: Option<u64>,
}

/// One step of a verification.
#[derive(Clone)]
pub struct Step {
    /// What was checked, in words.
    pub what: String,
    /// Whether it held; `None` when it was not reached.
    pub held: Option<bool>,
    /// Numbers (`12 431 entries`), in words.
    pub detail: String,
}

/// The result of a verification.
#[derive(Clone)]
pub struct Verification {
    /// Whether everything held.
    pub held: bool,
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Entries checked.
    pub entries: u64,
    /// Root hash, in hex.
    pub root: String,
    /// Steps in order.
    pub steps: Vec<Step>,
    /// The first broken place, in words.
    pub fault: Option<String>,
    /// Whether an older checkpoint was compared.
    pub compared: bool,
}

/// Where the comparison of documents and log stands. Posts to [`super::url::COMPARE`].
#[derive(Clone)]
pub struct Comparing {
    /// How much of the one that runs is done, in hundredths.
    pub running: Option<u64>,
    /// The last that ended.
    pub last: Option<LastComparison>,
}

/// A comparison that ended.
#[derive(Clone)]
pub struct LastComparison {
    /// When.
    pub at: Timestamp,
    /// Versions of documents.
    pub versions: u64,
    /// Entries of changes.
    pub entries: u64,
    /// The first that did not fit, in words.
    pub fault: Option<String>,
}

/// Verify now. Posts to [`super::url::VERIFY`]: `checkpoint` (text of an older checkpoint, may be empty).
#[derive(Template)]
#[template(path = "audit/verify.html")]
pub struct Verify {
    /// The frame.
    pub shell: Shell,
    /// Where the log stands.
    pub head: LogHead,
    /// An older checkpoint to compare with.
    pub checkpoint: Field,
    /// The result; `None` before.
    pub result: Option<Verification>,
    /// Documents beside the log.
    pub comparing: Comparing,
    /// The latest signed checkpoint, to keep somewhere else.
    pub latest_checkpoint: String,
    /// The log's public key.
    pub public_key: String,
}

super::no_content_in_debug!(
    LogFilters,
    EntryRow,
    LogHead,
    Log,
    CommittedField,
    Entry,
    Step,
    Verification,
    Comparing,
    LastComparison,
    Verify
);
