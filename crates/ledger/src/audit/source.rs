//! Where the check reads from: one consistent snapshot of the log's tables.

use std::{fmt, ops::ControlFlow};

use crate::Tiles;

/// The stored log, read-only, within one snapshot (one read transaction). Values are passed on as
/// they are stored, even if absurd: judging them is the check's work. A row whose columns cannot
/// be read at all is passed with an empty `entry`.
pub trait LogSource: Tiles {
    /// The state row; `None` when there is none.
    fn state(&self) -> Result<Option<StateRow>, Self::Error>;
    /// All entry rows by index, until told to stop.
    fn rows(&self, visit: &mut dyn FnMut(LogRow<'_>) -> ControlFlow<()>) -> Result<(), Self::Error>;
    /// Place (level, index) of every tile row, in any order, until told to stop.
    fn tile_rows(&self, visit: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<(), Self::Error>;
    /// An entry that the lists by person and by actor miss or hold wrongly: it would be whole and never found. Asked
    /// last, of a log whose entries are whole; storage that keeps no lists has nothing to say.
    fn misfiled(&self) -> Result<Option<u64>, Self::Error> {
        Ok(None)
    }
    /// All checkpoint rows by sequence number, until told to stop.
    fn checkpoints(&self, visit: &mut dyn FnMut(CheckpointRow<'_>) -> ControlFlow<()>) -> Result<(), Self::Error>;
}

/// What the store says of the log as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// Entries.
    pub size: u64,
    /// Root over them, 32 bytes.
    pub root: Vec<u8>,
    /// Sequence number of the newest checkpoint; 0 when none was signed yet.
    pub last_checkpoint: u64,
}

/// A stored checkpoint. Sequence numbers start at 1 and have no gaps.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointRow<'a> {
    /// Its number.
    pub seq: u64,
    /// The size it is stored for.
    pub size: u64,
    /// The signed note: the log's own signature and nothing else.
    pub note: &'a [u8],
}

/// A stored log row. Integers are as wide as storage can hold them; an `i64` of a database is
/// passed bit by bit (`cast_unsigned`).
#[derive(Clone, Copy)]
pub struct LogRow<'a> {
    /// Index in the log.
    pub index: u64,
    /// When, in microseconds since 1970.
    pub time_us: i64,
    /// Whom it concerns.
    pub subject: Option<u64>,
    /// Who acted.
    pub actor: u64,
    /// The event's own id.
    pub eid: &'a [u8],
    /// What sort of event.
    pub class: i64,
    /// The logged bytes ([`crate::EntryHead::encode`]).
    pub entry: &'a [u8],
    /// The sealed body.
    pub sealed: &'a [u8],
}

impl fmt::Debug for LogRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogRow").field("index", &self.index).finish_non_exhaustive()
    }
}
