//! The walk over a log, from the first entry to the last.

use std::{fmt, ops::ControlFlow};

use crate::{
    Checkpoint, EntryHead, Hash, LedgerError, LogVerifier, RowColumns, Tile,
    audit::{AuditError, CheckpointRow, Fault, LogRow, LogSource, StateRow},
    compact::{Compact, Edge},
    entry::minute_of,
    row_hash,
    tile::{hashes, subtree},
};

/// How far the walk has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Entries checked.
    pub checked: u64,
    /// Entries there are, by the state row.
    pub total: u64,
}

/// A log without fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Entries, all of them checked.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// Stored checkpoints, all of them verified.
    pub checkpoints: u64,
    /// The newest stored one.
    pub newest: Option<Checkpoint>,
    /// Entries after it, which no signature covers yet.
    pub unsigned_tail: u64,
    /// Checkpoints from the verifier's own hands that the log was found to continue.
    pub older: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the log is whole: {} entries, {} signed checkpoints, {} entries not yet signed, {} older checkpoints confirmed; root {}",
            self.size,
            self.checkpoints,
            self.unsigned_tail,
            self.older,
            self.root.to_base64()
        )
    }
}

/// Checks the whole log. `older` are signed notes that the verifier kept from before; `progress`
/// is told every few thousand entries.
pub fn audit<S: LogSource>(
    source: &S,
    log: &LogVerifier,
    older: &[&[u8]],
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, AuditError<S::Error>> {
    let state = source.state().map_err(AuditError::Source)?.ok_or(Fault::StateMissing)?;
    let mut marks = Vec::new();
    for (note, position) in older.iter().zip(1_usize..) {
        let Checkpoint { size, root, .. } = log.open(note).map_err(|reason| AuditError::Older { position, reason })?;
        let seq = None;
        marks.push(Mark { size, root, seq });
    }
    let newest = stored_checkpoints(source, log, &state, &mut marks)?;
    marks.sort_by_key(|mark| mark.size);

    let mut walk = Walk {
        source,
        state: &state,
        marks: &marks,
        next_mark: 0,
        intact: 0,
        intact_older: 0,
        fork: None,
        edge: Edge::default(),
        before_group: Compact::default(),
        full: Vec::new(),
        pending: None,
        extra: None,
        rows: 0,
    };
    walk.compare_marks();
    let mut outcome = Ok(());
    source
        .rows(&mut |row| {
            let step = walk.row(&row);
            if walk.rows.is_multiple_of(4096) {
                progress(Progress { checked: walk.rows, total: state.size });
            }
            or_stop(&mut outcome, step)
        })
        .map_err(AuditError::Source)?;
    outcome?;
    walk.finish()?;
    walk.superfluous_tiles()?;
    walk.judge_marks()?;
    if let Some(index) = source.misfiled().map_err(AuditError::Source)? {
        return Err(Fault::EntryMisfiled { index }.into());
    }
    progress(Progress { checked: walk.rows, total: state.size });
    let size = walk.edge.compact.size;
    let signed = newest.as_ref().map_or(0, |c| c.size);
    Ok(Report {
        size,
        root: walk.edge.compact.root(),
        checkpoints: state.last_checkpoint,
        newest,
        unsigned_tail: size.saturating_sub(signed),
        older: older.len(),
    })
}

/// "At this size the root was this", signed.
struct Mark {
    size: u64,
    root: Hash,
    /// A stored checkpoint's number; `None` for one the verifier brought.
    seq: Option<u64>,
}

/// Verifies every stored checkpoint by itself and collects what it says; gives the newest.
fn stored_checkpoints<S: LogSource>(
    source: &S,
    log: &LogVerifier,
    state: &StateRow,
    marks: &mut Vec<Mark>,
) -> Result<Option<Checkpoint>, AuditError<S::Error>> {
    let mut newest: Option<Checkpoint> = None;
    let mut seen = 0_u64;
    let mut outcome = Ok(());
    let mut step = |row: &CheckpointRow<'_>| {
        let expected = seen.saturating_add(1);
        if row.seq < expected || expected > state.last_checkpoint {
            return Err(Fault::CheckpointSuperfluous { seq: row.seq });
        }
        if row.seq > expected {
            return Err(Fault::CheckpointMissing { seq: expected });
        }
        let checkpoint = one_checkpoint(row, log)?;
        // Sizes grow; a log never signs a smaller head after a larger one.
        if newest.as_ref().is_some_and(|n| n.size > checkpoint.size) {
            return Err(Fault::CheckpointAltered { seq: row.seq });
        }
        marks.push(Mark { size: checkpoint.size, root: checkpoint.root, seq: Some(row.seq) });
        newest = Some(checkpoint);
        seen = expected;
        Ok(())
    };
    source.checkpoints(&mut |row| or_stop(&mut outcome, step(&row))).map_err(AuditError::Source)?;
    outcome?;
    if seen < state.last_checkpoint {
        let seq = seen.saturating_add(1);
        return Err(Fault::CheckpointMissing { seq }.into());
    }
    Ok(newest)
}

fn one_checkpoint(row: &CheckpointRow<'_>, log: &LogVerifier) -> Result<Checkpoint, Fault> {
    let seq = row.seq;
    let altered = Fault::CheckpointAltered { seq };
    let note = match log.open_note(row.note) {
        Ok(note) => note,
        Err(LedgerError::SignatureInvalid) => return Err(Fault::SignatureInvalid { seq }),
        Err(_) => return Err(altered),
    };
    // Exactly what was signed and the signatures: a further line would be bytes nobody checks.
    if note.signatures.len() > log.lines() {
        return Err(Fault::SignatureUnknown { seq });
    }
    if note.signatures.len() != log.lines() || note.to_string().as_bytes() != row.note {
        return Err(altered);
    }
    match Checkpoint::parse(&note.text) {
        Ok(c) if c.size == row.size && c.origin == log.origin() => Ok(c),
        _ => Err(altered),
    }
}

/// Lets a visitor's step fail: the failure is kept, the visit ends.
fn or_stop<E>(outcome: &mut Result<(), E>, step: Result<(), E>) -> ControlFlow<()> {
    match step {
        Ok(()) => ControlFlow::Continue(()),
        failed => {
            *outcome = failed;
            ControlFlow::Break(())
        }
    }
}

struct Walk<'a, S> {
    source: &'a S,
    state: &'a StateRow,
    marks: &'a [Mark],
    next_mark: usize,
    /// The largest size at which a signed head agreed.
    intact: u64,
    /// The same, by the verifier's own checkpoints only: where one of those contradicts, the
    /// stored ones may have been signed anew by a thief of the key.
    intact_older: u64,
    /// The first signed head that did not.
    fork: Option<Fault>,
    edge: Edge,
    /// The tree before the current group of 256 entries.
    before_group: Compact,
    full: Vec<Tile>,
    /// The first row of the current group that does not fit its entry: (index, fault). Judged
    /// when the group's tile has been compared, which tells an altered entry from an altered row.
    pending: Option<(u64, Fault)>,
    /// The first row beyond the size in the state row.
    extra: Option<u64>,
    rows: u64,
}

impl<S: LogSource> Walk<'_, S> {
    fn row(&mut self, row: &LogRow<'_>) -> Result<(), AuditError<S::Error>> {
        self.rows = self.rows.saturating_add(1);
        let expected = self.edge.compact.size;
        if self.extra.is_some() {
            return Ok(());
        }
        if expected >= self.state.size {
            self.extra = Some(row.index);
            return Ok(());
        }
        if row.index != expected {
            let gap = if row.index > expected {
                Fault::EntryMissing { index: expected }
            } else {
                Fault::EntrySuperfluous { index: row.index }
            };
            return Err(self.in_open_group(gap)?.into());
        }
        if self.pending.is_none() {
            self.pending = fault_of_row(row).map(|fault| (row.index, fault));
        }
        let mut full = std::mem::take(&mut self.full);
        self.edge.push(Hash::leaf(row.entry), &mut full);
        for tile in full.drain(..) {
            self.compare(&tile)?;
        }
        self.full = full;
        self.compare_marks();
        Ok(())
    }

    /// Compares a computed tile with the stored one and names what differs.
    fn compare(&mut self, tile: &Tile) -> Result<(), AuditError<S::Error>> {
        let (level, index) = (tile.id.level, tile.id.index);
        let stored = self.stored(level, index)?;
        let pending = self.pending.take_if(|_| level == 0);
        let Some(stored) = stored else {
            return Err(Fault::TileMissing { level, index }.into());
        };
        if stored != tile.bytes {
            let altered = Fault::TileAltered { level, index };
            if level > 0 || stored.len() != tile.bytes.len() {
                return Err(altered.into());
            }
            let slot = first_difference(&tile.bytes, &stored);
            let at = index.saturating_mul(256).saturating_add(slot);
            return Err(match pending {
                Some((row, fault)) if row < at => fault,
                _ if self.entries_are_right(tile)? => altered,
                _ => Fault::EntryAltered { index: at },
            }
            .into());
        }
        if let Some((_, fault)) = pending {
            return Err(fault.into());
        }
        if level == 0 {
            self.before_group = self.edge.compact.clone();
        }
        Ok(())
    }

    /// Entries and their tile differ: does the rest of the tree side with the entries?
    fn entries_are_right(&self, tile: &Tile) -> Result<bool, AuditError<S::Error>> {
        let width = usize::from(tile.id.width);
        if tile.id.width < crate::FULL_WIDTH {
            // No parent yet: the root in the state row decides.
            return Ok(self.state.root == self.edge.compact.root().0);
        }
        let root = subtree(&tile.bytes, 0, width);
        let parent = self.stored(1, tile.id.index / 256)?.unwrap_or_default();
        let slot = usize::try_from(tile.id.index % 256).unwrap_or(0);
        Ok(root.is_some() && root == hashes(&parent).nth(slot))
    }

    /// A fault that ends the walk inside a group: an earlier difference in that group goes first.
    fn in_open_group(&mut self, fault: Fault) -> Result<Fault, AuditError<S::Error>> {
        let first = self.before_group.size;
        let computed = self.edge.rows.first().cloned().unwrap_or_default();
        let stored = self.stored(0, first / 256)?.unwrap_or_default();
        let slot = first_difference(&computed, &stored);
        let pending = self.pending.take();
        let seen = (computed.len() / crate::HASH_BYTES) as u64;
        let comparable = (stored.len() / crate::HASH_BYTES) as u64;
        if slot < seen.min(comparable) {
            let index = first.saturating_add(slot);
            return Ok(match pending {
                Some((row, fault)) if row < index => fault,
                _ => Fault::EntryAltered { index },
            });
        }
        Ok(pending.map_or(fault, |(_, fault)| fault))
    }

    /// The end of the rows: their number, the partial tiles, the root.
    fn finish(&mut self) -> Result<(), AuditError<S::Error>> {
        let (size, stated) = (self.edge.compact.size, self.state.size);
        let root_fits = self.state.root == self.edge.compact.root().0;
        if let Some(index) = self.extra {
            let fault = if root_fits {
                Fault::EntrySuperfluous { index }
            } else {
                let found = self.rows;
                Fault::StateAltered { stated, found }
            };
            return Err(self.in_open_group(fault)?.into());
        }
        if size < stated {
            let fault = if root_fits {
                let found = size;
                Fault::StateAltered { stated, found }
            } else {
                Fault::EntryMissing { index: size }
            };
            return Err(self.in_open_group(fault)?.into());
        }
        let partial: Vec<Tile> = self.edge.partial_since(0).collect();
        for tile in &partial {
            self.compare(tile)?;
        }
        if !root_fits {
            return Err(Fault::RootMismatch { size }.into());
        }
        Ok(())
    }

    fn superfluous_tiles(&self) -> Result<(), AuditError<S::Error>> {
        let size = self.edge.compact.size;
        let mut outcome = Ok(());
        self.source
            .tile_rows(&mut |level, index| {
                let count =
                    u32::try_from(level).ok().and_then(|level| size.checked_shr(level.saturating_mul(8))).unwrap_or(0);
                let known = index < count.div_ceil(256);
                let fault = Fault::TileSuperfluous { level, index };
                or_stop(&mut outcome, if known { Ok(()) } else { Err(fault) })
            })
            .map_err(AuditError::Source)?;
        Ok(outcome?)
    }

    /// Compares the root with every signed head of the present size.
    fn compare_marks(&mut self) {
        let size = self.edge.compact.size;
        let mut root = None;
        while let Some(mark) = self.marks.get(self.next_mark)
            && mark.size == size
        {
            self.next_mark = self.next_mark.saturating_add(1);
            if self.fork.is_some() {
                continue;
            }
            if *root.get_or_insert_with(|| self.edge.compact.root()) == mark.root {
                self.intact = size;
                if mark.seq.is_none() {
                    self.intact_older = size;
                }
            } else {
                let (intact, intact_older) = (self.intact, self.intact_older);
                self.fork = Some(match mark.seq {
                    Some(seq) => Fault::CheckpointForked { seq, size, intact },
                    None => Fault::OlderCheckpointForked { size, intact: intact_older },
                });
            }
        }
    }

    /// What the signed heads say of a log whose tables agree with each other.
    fn judge_marks(&mut self) -> Result<(), Fault> {
        if let Some(fork) = self.fork.take() {
            return Err(fork);
        }
        let size = self.edge.compact.size;
        match self.marks.get(self.next_mark) {
            None => Ok(()),
            Some(Mark { size: signed, seq: Some(seq), .. }) => {
                Err(Fault::Truncated { size, signed: *signed, seq: *seq })
            }
            Some(Mark { size: signed, .. }) => Err(Fault::RolledBack { size, signed: *signed }),
        }
    }

    fn stored(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, AuditError<S::Error>> {
        self.source.tile(level, index).map_err(AuditError::Source)
    }
}

/// Whether the row fits the entry that was logged for it.
fn fault_of_row(row: &LogRow<'_>) -> Option<Fault> {
    let index = row.index;
    let Ok(head) = EntryHead::decode(row.entry) else {
        return Some(Fault::EntryAltered { index });
    };
    let altered = Some(Fault::RowAltered { index });
    let Ok(class) = u8::try_from(row.class) else {
        return altered;
    };
    let columns = RowColumns {
        index,
        time_us: row.time_us,
        subject: row.subject,
        actor: row.actor,
        eid: row.eid,
        class,
        sealed: row.sealed,
    };
    let fits = head.row == row_hash(&columns) && head.class == class && head.time_ms == minute_of(row.time_us);
    if fits { None } else { altered }
}

/// The first hash in which two rows differ; the shorter one's length when it is a prefix.
fn first_difference(a: &[u8], b: &[u8]) -> u64 {
    hashes(a).zip(hashes(b)).take_while(|(x, y)| x == y).count() as u64
}
