//! Tree heads as text (C2SP tlog-checkpoint).

use std::fmt;

use crate::{Hash, LedgerError, text::decimal};

/// What a log says of itself: "at this size, this is my root".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Entries in the tree.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads a note's text; total on arbitrary text. Extension lines are refused: this log writes
    /// none, and a monitor could not check them.
    pub fn parse(text: &str) -> Result<Self, LedgerError> {
        let mut lines = text.strip_suffix('\n').ok_or(LedgerError::Checkpoint("no newline at the end"))?.split('\n');
        let origin = lines.next().filter(|o| !o.is_empty());
        let size = lines.next().and_then(decimal);
        let root = lines.next().and_then(Hash::from_base64);
        match (origin, size, root, lines.next()) {
            (Some(origin), Some(size), Some(root), None) => Ok(Self { origin: origin.to_owned(), size, root }),
            (None, ..) => Err(LedgerError::Checkpoint("no origin")),
            (_, None, ..) => Err(LedgerError::Checkpoint("no tree size")),
            (_, _, None, _) => Err(LedgerError::Checkpoint("no root hash")),
            _ => Err(LedgerError::Checkpoint("extension lines")),
        }
    }
}

/// The note text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.to_base64())
    }
}
