//! Proof, inside this process, that an entry is durable.

use std::{fmt, sync::Arc};

use crate::Hash;

/// Says that an entry is in the log, durably, at this index. Only [`crate::Sequencer::committed`]
/// makes one; whoever must show that something was logged asks for it by value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    origin: Arc<str>,
    index: u64,
    leaf: Hash,
    time_us: i64,
}

impl Receipt {
    pub(crate) fn new(origin: Arc<str>, index: u64, leaf: Hash, time_us: i64) -> Self {
        Self { origin, index, leaf, time_us }
    }

    /// The log that holds the entry.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The entry's index in it.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The entry's leaf hash.
    pub fn leaf(&self) -> Hash {
        self.leaf
    }

    /// When the commit was stamped, in microseconds since 1970.
    pub fn time_us(&self) -> i64 {
        self.time_us
    }
}

/// For an answer's header: an RFC 9651 dictionary, `log="…", index=7, leaf=:…:`.
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "log=\"{}\", index={}, leaf=:{}:", self.origin, self.index, self.leaf.to_base64())
    }
}
