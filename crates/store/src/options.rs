//! How a store is opened.

use std::{fmt, sync::Arc, time::Duration};

use tacebo_objects::Objects;

/// Tells the time in microseconds since 1970. A parameter, so that tests set it and a jump can be played.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Called once, from a thread of the store's, when a commit failed at the disk, when nobody can say what became of one, or
/// when another program has taken the database over. The program should abort.
pub type FatalHook = Arc<dyn Fn(&str) + Send + Sync>;

/// Asked just before each COMMIT; `true` makes it fail. Only for tests of what follows.
pub type CommitFault = Arc<dyn Fn() -> bool + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Stamps commits.
    pub clock: Clock,
    /// What to do when the store cannot go on.
    pub on_fatal: FatalHook,
    /// Changes that may wait for the writer; more callers wait for a place.
    pub queue: usize,
    /// How long a caller waits for a place before [`crate::CommitError::Busy`].
    pub busy_after: Duration,
    /// At most so many changes in one durable transaction.
    pub group_changes: usize,
    /// No further change joins a transaction that holds this many bytes.
    pub group_bytes: usize,
    /// Idle read connections to a file that are kept.
    pub readers: usize,
    /// Where blobs lie. Without it those of a file are in the folder beside it, and a database has none.
    pub objects: Option<Objects>,
    /// Tests only.
    #[doc(hidden)]
    pub commit_fault: Option<CommitFault>,
}

impl Options {
    /// The usual sizes, with the clock and the fatal hook that only the program can give.
    #[must_use]
    pub fn new(clock: Clock, on_fatal: FatalHook) -> Self {
        Self {
            clock,
            on_fatal,
            queue: 1024,
            busy_after: Duration::from_secs(5),
            group_changes: 512,
            group_bytes: 8 << 20,
            readers: 4,
            objects: None,
            commit_fault: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("queue", &self.queue)
            .field("busy_after", &self.busy_after)
            .field("group_changes", &self.group_changes)
            .field("group_bytes", &self.group_bytes)
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}
