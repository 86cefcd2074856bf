//! The one error type of this room.

use crate::Suite;
use crate::custody::{ShareFault, Trouble};
use std::io;

/// Why a key or a sealed message could not be used.
///
/// No variant carries key bytes, plain text or anything about a person, so an error may be logged as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The bytes do not begin with this format's mark.
    #[error("these bytes are not a sealed message; check which column or file they were read from")]
    NotSealed,
    /// Written by a later version of this format.
    #[error("sealed format version {0} is not known here; use the release that wrote it, or a later one")]
    UnknownVersion(u8),
    /// Sealed with a suite that this build does not carry.
    #[error("cipher suite {0} is not in this build; use a build that carries it")]
    UnknownSuite(u8),
    /// Made in another suite than this institution's.
    #[error("this was sealed in the suite {found} and belongs to another institution: the suite here is {here}")]
    OtherSuite {
        /// The one it was made in.
        found: Suite,
        /// The one in use here.
        here: Suite,
    },
    /// No suite has this name.
    #[error("there is no suite called {0}: use international or shangmi")]
    NoSuchSuite(String),
    /// The length cannot be that of a whole message.
    #[error("the sealed message is cut short or has bytes added; restore it from a copy")]
    Truncated,
    /// The commitment does not match: another key, another place, or a changed header.
    #[error("the sealed message does not belong to this key and place, or its header was changed")]
    WrongPlace,
    /// The cipher's own check failed on a chunk.
    #[error("the sealed message was changed after it was sealed; restore it from a copy")]
    Damaged,
    /// A name in a [`Place`](crate::Place) or a range is longer than the format can say.
    #[error("a name or range is too long for the sealed format")]
    TooLong,
    /// The asked range lies outside the message.
    #[error("the range lies outside the sealed message")]
    OutOfRange,
    /// A wrapped key does not open with the key that should hold it.
    #[error("a wrapped key does not open under its bucket and owner: it was destroyed, moved or changed")]
    KeyUnreadable,
    /// Key rows are missing, doubled or of several epochs.
    #[error("the key rows of this realm are not one whole set: {0}; load all of them again")]
    KeyRows(&'static str),
    /// A key row was handed in for a bucket that is not being re-keyed.
    #[error("a surviving key is not in a bucket that is being re-keyed; pass the keys of the touched buckets only")]
    StrayKey,
    /// Somebody asked to destroy every key of the house itself.
    #[error("the keys of the house are destroyed one category at a time; name the category")]
    HouseKeys,
    /// The custodian has no such root epoch (any more).
    #[error("root epoch {0} is not held by the custodian: it was destroyed, or this is another custodian's data")]
    EpochGone(u32),
    /// The epoch in use cannot be destroyed.
    #[error("root epoch {0} is in use; turn the epoch and re-wrap every realm before destroying it")]
    EpochInUse(u32),
    /// There can be no further epoch.
    #[error("the epoch counter is used up")]
    EpochsUsedUp,
    /// The passphrase is too short to protect anything.
    #[error("the passphrase is too short; use at least {least} characters")]
    PassphraseTooShort {
        /// Fewest characters accepted.
        least: usize,
    },
    /// The passphrase does not open the custodian's file.
    #[error("wrong passphrase for the root key file (or its header was changed); try again or use a copy of the file")]
    WrongPassphrase,
    /// The effort is below what may protect a root key, or above what a machine can do.
    #[error("the passphrase work factor is out of bounds; use at least 19456 KiB, 2 passes and 1 lane")]
    Effort,
    /// The custodian's file is not one.
    #[error("the root key file cannot be read: {0}; use a copy of the file")]
    CustodyDamaged(&'static str),
    /// A root key file is already there.
    #[error("a root key file is already there; open it, or choose another path")]
    CustodyExists,
    /// The file changed since it was read.
    #[error("the root key file was changed by another process; open it again before changing it")]
    CustodyChanged,
    /// Several root epochs exist where one is wanted.
    #[error("an older root epoch is not destroyed yet; finish the turn first")]
    TurnUnfinished,
    /// The shares of a recovery file do not bring the key back.
    #[error(transparent)]
    Share(#[from] ShareFault),
    /// The module or service that holds the root keys did not do what was asked.
    #[error("the {who} {trouble}")]
    Custodian {
        /// What sort of custodian.
        who: &'static str,
        /// What is wrong with it.
        trouble: Trouble,
    },
    /// The operating system refused.
    #[error("cannot {doing} the root key file")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The system's own words.
        source: io::Error,
    },
    /// The system's random source failed.
    #[error("the system's random source failed; do not go on")]
    Random,
    /// A primitive refused for a reason that it does not tell.
    #[error("a cryptographic primitive refused; do not go on")]
    Cipher,
}
