//! What can go wrong. Nothing of an object's content is ever in a message.

/// Why an object could not be put, read or removed, or the place could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// There is no object of that name.
    #[error("the object is not there")]
    Missing,
    /// The name is taken, and an object is never replaced.
    #[error("an object of that name is there already")]
    Taken,
    /// Not a name for an object.
    #[error("this is no name for an object")]
    Name,
    /// More bytes than the caller wanted, or fewer than it asked for.
    #[error("the object has {found} bytes, {wanted} were expected")]
    Length {
        /// Bytes that the caller expected.
        wanted: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The place cannot be reached, or answers with a failure of its own. Says nothing about what is stored.
    #[error("the object storage cannot be reached ({0})")]
    Unreachable(String),
    /// No answer in time. What was asked may or may not have been done.
    #[error("the object storage did not answer within {0} s")]
    Silent(u64),
    /// So many requests are waiting already that another one would not be done in time.
    #[error("the object storage has too many requests waiting")]
    Busy,
    /// The place does not let us.
    #[error("the object storage denies access ({0})")]
    Denied(String),
    /// The place understood and does not do it.
    #[error("the object storage refused ({0})")]
    Refused(String),
    /// The folder cannot be used: full, read-only, or a failing disk.
    #[error("the folder of objects cannot be used ({0})")]
    Folder(String),
    /// A place that cannot be used as it is configured.
    #[error("{0}")]
    Configuration(String),
}

impl ObjectError {
    /// Whether the same may work later, with nothing changed here: the answer is 503 and not a fault of what is stored.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Silent(_) | Self::Busy | Self::Denied(_) | Self::Folder(_))
    }
}
