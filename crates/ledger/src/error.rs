//! What can go wrong in the log.

/// Why the log could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The storage behind [`crate::Tiles`] failed.
    #[error("the stored tiles cannot be read: {0}")]
    Tiles(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A tile that the tree's size calls for is not stored.
    #[error("tile {level}/{index} of the log is missing; run the offline check")]
    TileMissing {
        /// Level, 0 holds leaf hashes.
        level: u8,
        /// Index within the level.
        index: u64,
    },
    /// A stored tile has too few, too many or broken hashes.
    #[error("tile {level}/{index} of the log has the wrong length; run the offline check")]
    TileLength {
        /// Level, 0 holds leaf hashes.
        level: u8,
        /// Index within the level.
        index: u64,
    },
    /// A log entry does not fit a bundle's 16-bit length (C2SP tlog-tiles, "Log entries").
    #[error("a log entry of {0} bytes is longer than 65535 bytes; shorten it")]
    EntryTooLong(usize),
    /// Another stage was committed between this one's making and its commit.
    #[error("the staged entries start at {staged} but the log is at {log}; stage them again")]
    StaleStage {
        /// Size the stage was made for.
        staged: u64,
        /// Size the log has.
        log: u64,
    },
    /// A proof was asked for something outside the tree.
    #[error("there is no such place in a log of {size} entries")]
    OutOfRange {
        /// Size of the tree asked about.
        size: u64,
    },
    /// An origin that cannot be a key name (C2SP signed-note, "Format").
    #[error("a log's origin must be non-empty and without spaces, plus signs or control characters")]
    Origin,
    /// Key material or a verifier key text that does not parse.
    #[error("not a valid log key: {0}")]
    Key(&'static str),
    /// Text that is no signed note.
    #[error("not a signed note: {0}")]
    Note(&'static str),
    /// A note whose text is no checkpoint.
    #[error("not a checkpoint: {0}")]
    Checkpoint(&'static str),
    /// The note is not signed by the key, or not rightly.
    #[error("the checkpoint's signature does not verify with this key; do not trust it")]
    SignatureInvalid,
    /// A hash path does not lead to the root.
    #[error("the proof does not lead to the checkpoint's root; do not trust it")]
    ProofInvalid,
    /// A `.tlog-proof` file or its extra data that does not parse.
    #[error("not a transparency log proof: {0}")]
    Proof(&'static str),
    /// Entry bytes that are no entry head, or a bundle that does not parse.
    #[error("not a log entry: {0}")]
    Entry(&'static str),
    /// Fields that cannot be committed to or disclosed.
    #[error("fields cannot be committed: {0}")]
    Fields(&'static str),
    /// A disclosed field does not belong to the commitment in the log.
    #[error("the disclosed field is not the one that was logged; do not trust it")]
    DisclosureInvalid,
}
