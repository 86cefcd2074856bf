//! The one writer of a log.

use std::sync::Arc;

use crate::{Checkpoint, Hash, LedgerError, MAX_ENTRY, Receipt, Tile, Tiles, compact::Edge, key::check_origin};

/// One log's right edge in memory, owned by the store's only writer.
///
/// Indices are assigned inside a commit: [`Sequencer::stage`] computes what a transaction has to
/// write and changes nothing; [`Sequencer::committed`] is called once that transaction is durable.
#[derive(Debug)]
pub struct Sequencer {
    origin: Arc<str>,
    edge: Edge,
}

/// Entries with their indices, the tiles they change and the new root: what a transaction has to
/// write before [`Sequencer::committed`] may be called. Dropping it undoes it.
#[derive(Debug)]
pub struct Staged {
    base: u64,
    edge: Edge,
    leaves: Vec<(Hash, i64)>,
    /// Tiles filled by these entries.
    full: Vec<Tile>,
}

impl Sequencer {
    /// Takes up a log of `size` entries from its stored tiles (`size` 0: a new log). The caller
    /// compares [`Sequencer::root`] with the root it has stored and refuses to start on a
    /// difference.
    pub fn load<T: Tiles + ?Sized>(origin: &str, size: u64, tiles: &T) -> Result<Self, LedgerError> {
        check_origin(origin)?;
        Ok(Self { origin: origin.into(), edge: Edge::load(size, tiles)? })
    }

    /// The log's name: first line of its checkpoints, name of its key.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Entries committed so far; the next one gets this index.
    pub fn size(&self) -> u64 {
        self.edge.compact.size
    }

    /// The root over all committed entries.
    pub fn root(&self) -> Hash {
        self.edge.compact.root()
    }

    /// The tree head to sign.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: self.origin.to_string(), size: self.size(), root: self.root() }
    }

    /// Computes what appending `entries` at `time_us` (microseconds since 1970, as stamped in the
    /// commit) has to write. The log itself is untouched.
    pub fn stage<E: AsRef<[u8]>>(&self, time_us: i64, entries: &[E]) -> Result<Staged, LedgerError> {
        let mut staged = Staged {
            base: self.size(),
            edge: self.edge.clone(),
            leaves: Vec::with_capacity(entries.len()),
            full: Vec::new(),
        };
        staged.push(time_us, entries)?;
        Ok(staged)
    }

    /// Takes over a stage whose transaction is durable, and gives one receipt per entry, in
    /// order. This is the only place where a [`Receipt`] is made.
    pub fn committed(&mut self, staged: Staged) -> Result<Vec<Receipt>, LedgerError> {
        if staged.base != self.size() {
            return Err(LedgerError::StaleStage { staged: staged.base, log: self.size() });
        }
        self.edge = staged.edge;
        Ok((staged.base..)
            .zip(staged.leaves)
            .map(|(index, (leaf, time_us))| Receipt::new(Arc::clone(&self.origin), index, leaf, time_us))
            .collect())
    }
}

impl Staged {
    /// Adds more entries to the same transaction (a group commit's next member).
    pub fn push<E: AsRef<[u8]>>(&mut self, time_us: i64, entries: &[E]) -> Result<(), LedgerError> {
        if let Some(long) = entries.iter().find(|e| e.as_ref().len() > MAX_ENTRY) {
            return Err(LedgerError::EntryTooLong(long.as_ref().len()));
        }
        self.leaves.reserve(entries.len());
        for entry in entries {
            let leaf = Hash::leaf(entry.as_ref());
            self.edge.push(leaf, &mut self.full);
            self.leaves.push((leaf, time_us));
        }
        Ok(())
    }

    /// Index of the first staged entry.
    pub fn first_index(&self) -> u64 {
        self.base
    }

    /// The tiles to write, each in place of a narrower one at the same level and index.
    pub fn tiles(&self) -> Vec<Tile> {
        self.full.iter().cloned().chain(self.edge.partial_since(self.base)).collect()
    }

    /// Leaf hashes in order.
    pub fn leaves(&self) -> impl Iterator<Item = Hash> + '_ {
        self.leaves.iter().map(|(leaf, _)| *leaf)
    }

    /// Size of the log once committed.
    pub fn size(&self) -> u64 {
        self.edge.compact.size
    }

    /// Root of the log once committed.
    pub fn root(&self) -> Hash {
        self.edge.compact.root()
    }
}
