//! Filling an empty store from an archive: rows as they were, in large transactions, and no log entry of its own. A store
//! that is being filled bears a mark until its owner takes it away; nobody serves it before.

use std::collections::BTreeMap;

use tacebo_ledger::{MemoryTiles, Sequencer, Tile};
use tacebo_objects::{ObjectError, Objects};

use crate::{
    At, Blob, BucketRow, CheckpointRow, EntryRow, IdTerm, KeyRow, LogHead, PartNo, Rid, StoreError, SubjectNo,
    WholeRow,
    blobs::{self, object},
    log::filed,
    model::{CURRENT, Hash},
    postgres::ServerLoader,
    sqlite::FileLoader,
};

/// The named value that marks a store whose restore is not finished; empty or absent otherwise.
pub(crate) const RESTORING: &str = "restoring";
/// Entries whose lists are written by one statement.
const LISTED: u64 = 1 << 16;

/// Keys, names and named values.
#[derive(Default)]
pub struct KeyBatch {
    /// Bucket keys.
    pub buckets: Vec<BucketRow>,
    /// Data keys.
    pub keys: Vec<KeyRow>,
    /// Persons.
    pub subjects: Vec<(IdTerm, SubjectNo)>,
    /// Named values.
    pub metas: Vec<(String, Vec<u8>)>,
}
crate::fmt::opaque_debug!(KeyBatch);

/// A store that is being filled.
pub struct Loader {
    part: PartNo,
    engine: Engine,
    log: Sequencer,
    kinds: BTreeMap<String, i64>,
    checkpoint: u64,
}
crate::fmt::opaque_debug!(Loader);

enum Engine {
    File(FileLoader),
    Server(ServerLoader),
}

/// Where the part stands when all is there.
pub(crate) struct State<'a> {
    pub(crate) origin: &'a str,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) checkpoint: u64,
    pub(crate) rid: Rid,
    pub(crate) time_us: i64,
}

/// Tells whether there is nothing of anybody's in the place of large documents.
pub(crate) type Free<'a> = &'a dyn Fn() -> Result<(), StoreError>;

/// A version with the number of its kind and, for now, as a current one.
pub(crate) type Numbered<'a> = (i64, &'a WholeRow);

impl Loader {
    /// Takes an empty place, or one where a restore was not finished: what that left is removed. `mark` says which restore
    /// this is.
    pub fn begin(
        at: &At,
        blobs: &Objects,
        now_us: i64,
        part: PartNo,
        origin: &str,
        mark: &[u8],
    ) -> Result<Self, StoreError> {
        let log = Sequencer::load(origin, 0, &MemoryTiles::default()).map_err(|e| StoreError::Log(e.to_string()))?;
        let state = State { origin, size: 0, root: log.root(), checkpoint: 0, rid: 0, time_us: 0 };
        // Asked where nothing was begun: what an unfinished restore put there is the same again.
        let free = || match blobs.list(&blobs::folder(part)).next() {
            None => Ok(()),
            Some(found) => found.map_err(StoreError::from).and(Err(StoreError::OccupiedObjects)),
        };
        let engine = match at {
            At::Folder(dir) => Engine::File(FileLoader::begin(dir, &free, now_us, part, &state, mark)?),
            At::Postgres(at) => Engine::Server(ServerLoader::begin(at, &free, now_us, part, &state, mark)?),
        };
        Ok(Self { part, engine, log, kinds: BTreeMap::new(), checkpoint: 0 })
    }

    /// Versions, in one transaction. Which of them are current is told at the end.
    pub fn versions(&mut self, rows: &[WholeRow]) -> Result<(), StoreError> {
        let mut new_kinds = Vec::new();
        let mut numbered: Vec<Numbered<'_>> = Vec::with_capacity(rows.len());
        for whole in rows {
            let next = i64::try_from(self.kinds.len()).unwrap_or(i64::MAX).saturating_add(1);
            let kind = *self.kinds.entry(whole.row.kind.to_string()).or_insert_with(|| {
                new_kinds.push((next, &*whole.row.kind));
                next
            });
            numbered.push((kind, whole));
        }
        match &mut self.engine {
            Engine::File(file) => file.versions(self.part, &numbered, &new_kinds, CURRENT),
            Engine::Server(server) => server.versions(self.part, &numbered, &new_kinds, CURRENT),
        }
    }

    /// Puts the object of a version that is filled in. One that an earlier attempt left is the same.
    pub fn blob(&self, into: &Objects, blob: &Blob, bytes: Vec<u8>) -> Result<(), StoreError> {
        let name = object(self.part, blob.name)?;
        match into.put(&name, bytes) {
            Err(ObjectError::Taken) if into.head(&name)?.length == blob.size => Ok(()),
            done => Ok(done?),
        }
    }

    /// The next entries of the log, in one transaction.
    pub fn entries(&mut self, rows: &[EntryRow]) -> Result<(), StoreError> {
        if !(self.log.size()..).zip(rows).all(|(index, row)| row.index == index) {
            return Err(StoreError::Unfitting("entries of the log"));
        }
        let logged: Vec<&[u8]> = rows.iter().map(|row| &row.entry[..]).collect();
        let staged = self.log.stage(0, &logged).map_err(|e| StoreError::Log(e.to_string()))?;
        let tiles: Vec<Tile> = staged.tiles();
        match &mut self.engine {
            Engine::File(file) => file.entries(self.part, rows, &tiles)?,
            Engine::Server(server) => server.entries(self.part, rows, tiles)?,
        }
        self.log.committed(staged).map_err(|e| StoreError::Log(e.to_string()))?;
        Ok(())
    }

    /// The next checkpoints.
    pub fn checkpoints(&mut self, rows: &[CheckpointRow]) -> Result<(), StoreError> {
        if !(self.checkpoint + 1..).zip(rows).all(|(seq, row)| row.seq == seq) {
            return Err(StoreError::Unfitting("checkpoints of the log"));
        }
        match &mut self.engine {
            Engine::File(file) => file.checkpoints(self.part, rows)?,
            Engine::Server(server) => server.checkpoints(self.part, rows)?,
        }
        self.checkpoint += rows.len() as u64;
        Ok(())
    }

    /// Keys, names and named values.
    pub fn keys(&mut self, batch: &KeyBatch) -> Result<(), StoreError> {
        match &mut self.engine {
            Engine::File(file) => file.keys(self.part, batch),
            Engine::Server(server) => server.keys(self.part, batch),
        }
    }

    /// Where the log is: its size and root over what was filled in.
    pub fn log_head(&self) -> LogHead {
        let origin = self.log.origin().to_owned();
        LogHead { origin, size: self.log.size(), root: self.log.root(), checkpoint: self.checkpoint }
    }

    /// Says where the part stands, which versions are current and whose the entries are. The mark stays.
    pub fn finish(mut self, rid: Rid, time_us: i64) -> Result<(), StoreError> {
        let head = self.log_head();
        let (mut from, to) = (0, filed(head.size));
        while from < to {
            let until = to.min(from + LISTED);
            let range = [self.part.sql(), self.part.place(from), self.part.place(until)];
            match &mut self.engine {
                Engine::File(file) => file.lists(range)?,
                Engine::Server(server) => server.lists(range)?,
            }
            from = until;
        }
        let (root, checkpoint) = (head.root, head.checkpoint);
        let state = State { origin: &head.origin, size: head.size, root, checkpoint, rid, time_us };
        match self.engine {
            Engine::File(file) => file.finish(self.part, &state),
            Engine::Server(server) => server.finish(self.part, &state),
        }
    }
}
