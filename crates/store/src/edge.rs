//! How far a part has come: what the writer holds of it.

use tacebo_ledger::Sequencer;

use crate::{PartNo, Rid, StoreError, conn::Conn, entries::checkpoint_row, log, sql};

/// How far a part has come inside the open transaction.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Edge {
    /// The rid given last.
    pub(crate) rid: Rid,
    /// Time of the last change, microseconds.
    pub(crate) time_us: i64,
    /// Entries that are durable: what a checkpoint may speak of.
    pub(crate) log_size: u64,
    /// Number and size of the checkpoint kept last.
    pub(crate) checkpoint: (u64, u64),
}

impl Edge {
    /// The time of the next change: later than the last one even if the clock was set back.
    pub(crate) fn next_time(&self, now_us: i64) -> i64 {
        now_us.max(self.time_us.saturating_add(1))
    }

    /// The edge after one more checkpoint; `None` if its size is not between the last one's and the log's.
    pub(crate) fn with_checkpoint(self, size: u64) -> Option<Self> {
        let (seq, last) = self.checkpoint;
        let fits = (last..=self.log_size).contains(&size);
        fits.then_some(Self { checkpoint: (seq.saturating_add(1), size), ..self })
    }
}

/// What a checkpoint that does not fit is refused with.
pub(crate) const CHECKPOINT_SIZE: &str = "the checkpoint's size is not between the last one's and the log's";
/// What a change with a guard and without a document is refused with.
pub(crate) const GUARD_ALONE: &str = "a guard needs a document to stamp";
/// What a document without a kind is refused with.
pub(crate) const NO_KIND: &str = "a kind without a name";

/// A part as the writer knows it.
pub(crate) struct PartState {
    pub(crate) edge: Edge,
    pub(crate) log: Sequencer,
}

impl PartState {
    /// Takes a part up from what is stored, `None` if it has no log.
    pub(crate) fn load(conn: Conn<'_>, part: PartNo) -> Result<Option<Self>, StoreError> {
        let Some(log) = log::load(conn, part)? else {
            return Ok(None);
        };
        let head = conn.first(&sql::HEAD, &[part.into()], |r| Ok((r.int(0)?, r.int(1)?)))?;
        let (rid, time_us) = head.unwrap_or((0, 0));
        let last = conn.first(&sql::CHECKPOINT_LAST, &[part.into()], checkpoint_row)?;
        let checkpoint = last.map_or((0, 0), |c| (c.seq, c.size));
        Ok(Some(Self { edge: Edge { rid, time_us, log_size: log.size(), checkpoint }, log }))
    }
}
