//! What can go wrong. Names objects by their names, which say nothing of anybody.

use tacebo_objects::ObjectError;
use tacebo_store::StoreError;

/// Why an archive could not be written, read or believed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is no archive.
    #[error("there is no archive here, or no backup in it was finished")]
    None,
    /// An archive of another house.
    #[error("this is the archive of another institution ({0})")]
    OtherHouse(String),
    /// The archive is ahead of the records.
    #[error(
        "the archive holds {archived} entries of the log and the records {here}: an older copy of the records was put back; restore from the archive instead"
    )]
    Behind {
        /// Entries in the archive.
        archived: u64,
        /// Entries in the store.
        here: u64,
    },
    /// The records do not continue the archive.
    #[error("the log of the records is not the one that was archived: they part before entry {0}")]
    Forked(u64),
    /// Somebody else finished a run at the same time.
    #[error("another backup into this archive was finished meanwhile: begin again")]
    Overtaken,
    /// It was told to stop.
    #[error("it was stopped")]
    Stopped,
    /// An object that a manifest names is not there.
    #[error("object {0} is missing from the archive")]
    Missing(String),
    /// An object is not the one that the manifest names.
    #[error("object {0} of the archive was changed")]
    Altered(String),
    /// An object cannot be understood.
    #[error("object {object} of the archive is damaged ({why})")]
    Damaged {
        /// Which.
        object: String,
        /// What of it.
        why: &'static str,
    },
    /// Manifests do not follow each other.
    #[error("backup {run} of the archive does not follow from the one before ({why})")]
    Chain {
        /// Which.
        run: u64,
        /// What does not fit.
        why: &'static str,
    },
    /// The log of a run is not the one that its manifest and the checkpoints speak of.
    #[error("the log in backup {run} of the archive is not whole ({why})")]
    Log {
        /// Which.
        run: u64,
        /// What does not fit.
        why: String,
    },
    /// The keys of a run were removed.
    #[error("the keys of backup {0} are no longer in the archive: give the archive that has keys of now (--keys-from)")]
    NoKeys(u64),
    /// No such run.
    #[error("there is no backup {0} in the archive")]
    NoRun(u64),
    /// What was written into the store reads back otherwise.
    #[error("what was restored does not read back as it was archived")]
    ReadBack,
    /// The archive was made by a later version of the program.
    #[error("the archive has format {0}: use the newer program")]
    Newer(u32),
    /// The place of the archive.
    #[error("the archive cannot be used: {0}")]
    Objects(#[from] ObjectError),
    /// The records.
    #[error("the records cannot be used: {0}")]
    Store(#[from] StoreError),
}

impl ArchiveError {
    /// Whether the archive itself is broken: something in it is not what was written.
    pub fn is_fault(&self) -> bool {
        matches!(
            self,
            Self::Missing(_) | Self::Altered(_) | Self::Damaged { .. } | Self::Chain { .. } | Self::Log { .. }
        )
    }
}
