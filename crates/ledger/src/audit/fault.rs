//! What the check can find.

/// The first broken place of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The state row is gone.
    #[error("the state row of the log is missing")]
    StateMissing,
    /// The state row speaks of another size than the entries and tiles do.
    #[error("the state row of the log was altered: it says {stated} entries, the tree has {found}")]
    StateAltered {
        /// Size in the state row.
        stated: u64,
        /// Size by the entries.
        found: u64,
    },
    /// Entries and tiles agree with each other, but not with the root in the state row.
    #[error("the root in the state row does not fit the {size} entries of the log")]
    RootMismatch {
        /// Size of the tree.
        size: u64,
    },
    /// An entry is gone.
    #[error("log entry {index} is missing")]
    EntryMissing {
        /// Its index.
        index: u64,
    },
    /// A row that was never logged, or stands twice.
    #[error("log entry {index} is stored but was never part of the log")]
    EntrySuperfluous {
        /// Its index.
        index: u64,
    },
    /// The logged bytes differ from what the tree holds.
    #[error("log entry {index} was altered")]
    EntryAltered {
        /// Its index.
        index: u64,
    },
    /// The entry is whole, but another column of its row was changed.
    #[error("the stored row of log entry {index} was altered")]
    RowAltered {
        /// Its index.
        index: u64,
    },
    /// The entry is whole, but who looks for a person's or an actor's entries does not find it, or finds another's.
    #[error("log entry {index} is not in the list of its person or actor, or in another's")]
    EntryMisfiled {
        /// Its index.
        index: u64,
    },
    /// A tile is gone.
    #[error("tile {level}/{index} of the log is missing")]
    TileMissing {
        /// Its level.
        level: u8,
        /// Its index.
        index: u64,
    },
    /// A tile differs from the tree.
    #[error("tile {level}/{index} of the log was altered")]
    TileAltered {
        /// Its level.
        level: u8,
        /// Its index.
        index: u64,
    },
    /// A tile that a tree of this size does not have.
    #[error("tile {level}/{index} is stored but is not part of the log")]
    TileSuperfluous {
        /// Its level.
        level: u64,
        /// Its index.
        index: u64,
    },
    /// A checkpoint is gone (or the state row promises one that never was).
    #[error("checkpoint {seq} of the log is missing")]
    CheckpointMissing {
        /// Its number.
        seq: u64,
    },
    /// A checkpoint that the state row does not know of, or that stands twice.
    #[error("checkpoint {seq} is stored but the log's state does not know it")]
    CheckpointSuperfluous {
        /// Its number.
        seq: u64,
    },
    /// A checkpoint's text, signature line or size column was changed.
    #[error("checkpoint {seq} of the log was altered")]
    CheckpointAltered {
        /// Its number.
        seq: u64,
    },
    /// A checkpoint is well-formed, but its signature is wrong.
    #[error("the signature of checkpoint {seq} does not verify")]
    SignatureInvalid {
        /// Its number.
        seq: u64,
    },
    /// A checkpoint bears a signature of a key that the check was not given.
    #[error("checkpoint {seq} bears a signature by a key that was not given, or by a stranger")]
    SignatureUnknown {
        /// Its number.
        seq: u64,
    },
    /// A signed checkpoint contradicts the entries: the past was rewritten.
    #[error("checkpoint {seq} contradicts the log: an entry between {intact} and {size} was rewritten")]
    CheckpointForked {
        /// Its number.
        seq: u64,
        /// Its size.
        size: u64,
        /// Up to here the log agrees with its signed checkpoints.
        intact: u64,
    },
    /// A signed checkpoint is larger than the log: its end was cut off.
    #[error("the log was cut off at {size} entries; checkpoint {seq} was signed for {signed}")]
    Truncated {
        /// Entries that are left.
        size: u64,
        /// Entries that were signed.
        signed: u64,
        /// The checkpoint's number.
        seq: u64,
    },
    /// A checkpoint that the verifier kept contradicts the log.
    #[error(
        "an older checkpoint of {size} entries contradicts the log: an entry between {intact} and {size} was rewritten"
    )]
    OlderCheckpointForked {
        /// Its size.
        size: u64,
        /// Up to here the log agrees with the verifier's checkpoints.
        intact: u64,
    },
    /// A checkpoint that the verifier kept is larger than the log: its end was cut off.
    #[error("the log was cut off or rolled back to {size} entries; an older checkpoint has {signed}")]
    RolledBack {
        /// Entries that are left.
        size: u64,
        /// Entries that the verifier's checkpoint has.
        signed: u64,
    },
}

impl Fault {
    /// A stable name, for message files and scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::StateMissing => "state-missing",
            Self::StateAltered { .. } => "state-altered",
            Self::RootMismatch { .. } => "root-mismatch",
            Self::EntryMissing { .. } => "entry-missing",
            Self::EntrySuperfluous { .. } => "entry-superfluous",
            Self::EntryAltered { .. } => "entry-altered",
            Self::RowAltered { .. } => "row-altered",
            Self::EntryMisfiled { .. } => "entry-misfiled",
            Self::TileMissing { .. } => "tile-missing",
            Self::TileAltered { .. } => "tile-altered",
            Self::TileSuperfluous { .. } => "tile-superfluous",
            Self::CheckpointMissing { .. } => "checkpoint-missing",
            Self::CheckpointSuperfluous { .. } => "checkpoint-superfluous",
            Self::CheckpointAltered { .. } => "checkpoint-altered",
            Self::SignatureInvalid { .. } => "signature-invalid",
            Self::SignatureUnknown { .. } => "signature-unknown",
            Self::CheckpointForked { .. } => "checkpoint-forked",
            Self::Truncated { .. } => "truncated",
            Self::OlderCheckpointForked { .. } => "older-checkpoint-forked",
            Self::RolledBack { .. } => "rolled-back",
        }
    }
}

/// Why a check ended without a clean report.
#[derive(Debug, thiserror::Error)]
pub enum AuditError<E> {
    /// The log is broken, here.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The log could not be read.
    #[error("the log cannot be read: {0}")]
    Source(#[source] E),
    /// One of the older checkpoints that the verifier brought is itself no valid checkpoint of
    /// this log.
    #[error("the older checkpoint number {position} cannot be used: {reason}")]
    Older {
        /// Which one, counted from 1.
        position: usize,
        /// Why not.
        reason: crate::LedgerError,
    },
}
