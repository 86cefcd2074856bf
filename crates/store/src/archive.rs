//! What an archive carries, read beside whoever has the store open: in pages, so that nothing is held up, and the keys in one
//! look, so that they fit each other.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::Connection;
use tacebo_ledger::Tiles;
use tacebo_objects::Objects;

use crate::{
    At, Blob, BucketRow, CheckpointRow, EntryRow, Hash, IdTerm, KeyRow, PartEdge, PartNo, Rid, StoreError, SubjectNo,
    WholeRow,
    blobs::{blob_row, fetch},
    conn::{Conn, Value},
    documents::{RowReader, sql_limit},
    entries::{checkpoint_row, entry_row},
    keys::{bucket_row, key_row, subject_row},
    kinds::Kinds,
    load::RESTORING,
    log::ConnTiles,
    postgres, sql,
    sqlite::schema,
};

/// Versions that are weighed at once.
const WEIGHED: usize = 1024;
/// Names of persons that are read at once.
const NAMES: usize = 4096;
/// Bucket keys of an institution.
const BUCKETS: u16 = 4096;

/// A store that is read for an archive.
pub struct ArchiveSource {
    reader: Reader,
    kinds: Kinds,
    objects: Option<Objects>,
}

enum Reader {
    File(Connection),
    Server(Arc<postgres::Server>),
}

/// What the look at the keys comes upon, in this order: bucket keys, data keys, names of persons, named values.
#[derive(Debug)]
pub enum KeyVisit {
    /// Bucket keys.
    Buckets(Vec<BucketRow>),
    /// Data keys of one bucket.
    Keys(Vec<KeyRow>),
    /// Persons.
    Subjects(Vec<(IdTerm, SubjectNo)>),
    /// A named value.
    Named(String, Vec<u8>),
}

impl std::fmt::Debug for ArchiveSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArchiveSource").finish_non_exhaustive()
    }
}

impl ArchiveSource {
    /// Opens a store for reading, beside whoever writes it.
    pub fn open(at: &At) -> Result<Self, StoreError> {
        let reader = match at {
            At::Folder(dir) => {
                let path = schema::file_in(dir);
                if !path.is_file() {
                    return Err(StoreError::Missing);
                }
                let conn = schema::open_reader(&path)?;
                match schema::version(&conn)? {
                    0 => return Err(StoreError::Missing),
                    found if found > schema::KNOWN => {
                        return Err(StoreError::NewerSchema { found, known: schema::KNOWN });
                    }
                    _ => Reader::File(conn),
                }
            }
            At::Postgres(at) => {
                let server = postgres::Server::new(at)?;
                postgres::present(&server)?;
                Reader::Server(server)
            }
        };
        Ok(Self { reader, kinds: Kinds::default(), objects: None })
    }

    /// Where its large documents lie.
    #[must_use]
    pub fn with_objects(self, objects: Objects) -> Self {
        Self { objects: Some(objects), ..self }
    }

    /// The sealed bytes of a blob; none where its object is gone, because the version was taken out or sealed anew meanwhile.
    pub fn blob(&self, part: PartNo, blob: &Blob) -> Result<Option<Vec<u8>>, StoreError> {
        match fetch(self.objects.as_ref().ok_or(StoreError::NoObjects)?, part, blob) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StoreError::BlobMissing) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn read<T>(&self, f: impl FnOnce(Conn<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match &self.reader {
            Reader::File(conn) => f(Conn::Sqlite(conn)),
            Reader::Server(server) => server.read(f),
        }
    }

    /// The same with one state for all that is read.
    fn snapshot<T>(&self, f: impl FnOnce(Conn<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match &self.reader {
            Reader::File(conn) => {
                let tx = conn.unchecked_transaction()?;
                let answer = f(Conn::Sqlite(&tx));
                tx.finish()?;
                answer
            }
            Reader::Server(server) => f(Conn::Postgres(&postgres::Lent::calm(server)?)),
        }
    }

    /// The parts that have a log, in order.
    pub fn parts(&self) -> Result<Vec<PartNo>, StoreError> {
        self.read(|conn| conn.all(&sql::PARTS, &[], |r| r.small(0).map(PartNo)))
    }

    /// Whether a restore into this store was not finished.
    pub fn is_half_restored(&self, part: PartNo) -> Result<bool, StoreError> {
        Ok(self.meta(part, RESTORING)?.is_some_and(|mark| !mark.is_empty()))
    }

    /// A named value of the institution.
    pub fn meta(&self, part: PartNo, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|conn| conn.first(&sql::META, &[part.into(), name.into()], |r| r.bytes(0)))
    }

    /// How far a part has come, in one short look: all at or below it stays where it is.
    pub fn edge(&self, part: PartNo) -> Result<Option<PartEdge>, StoreError> {
        self.read(|conn| part_edge(conn, part))
    }

    /// The versions after one rid up to another, in commit order: as many as weigh `bytes`, and one at least.
    pub fn versions(&self, part: PartNo, after: Rid, last: Rid, bytes: u64) -> Result<Vec<WholeRow>, StoreError> {
        let values = [part.into(), after.into(), last.into(), sql_limit(WEIGHED).into()];
        let weights = self.read(|conn| conn.all(&sql::WEIGHTS, &values, |r| Ok((r.int(0)?, r.unsigned(1)?))))?;
        let (mut sum, mut until) = (0, None);
        for (rid, weight) in weights {
            if until.is_some() && sum + weight > bytes {
                break;
            }
            sum += weight;
            until = Some(rid);
        }
        let Some(until) = until else { return Ok(Vec::new()) };
        self.snapshot(|conn| {
            let reader = RowReader { conn, kinds: &self.kinds, part };
            let values: [Value<'_>; 3] = [part.into(), after.into(), until.into()];
            let blobs = conn.all(&sql::BLOBS_PAGE, &values, |r| Ok((r.int(0)?, blob_row(r)?)))?;
            let blobs: BTreeMap<Rid, Blob> = blobs.into_iter().collect();
            conn.all(&sql::WHOLE_PAGE, &values, |r| {
                let row = reader.index_row(r)?;
                Ok(WholeRow { blob: blobs.get(&row.rid).copied(), row, body: r.bytes(10)? })
            })
        })
    }

    /// The version with this rid; none where it was taken out.
    pub fn version(&self, part: PartNo, rid: Rid) -> Result<Option<WholeRow>, StoreError> {
        Ok(self.versions(part, rid.saturating_sub(1), rid, 0)?.pop())
    }

    /// Entries from one place to before another, in order: at most so many.
    pub fn entries(&self, part: PartNo, from: u64, to: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        let Some(last) = to.checked_sub(1).filter(|last| *last >= from) else { return Ok(Vec::new()) };
        let values = [part.into(), part.place(from).into(), part.place(last).into(), sql_limit(limit).into()];
        self.read(|conn| conn.all(&sql::ENTRIES_UP, &values, |r| entry_row(part, r)))
    }

    /// Kept checkpoints in order: a page of those after number `after`.
    pub fn checkpoints(&self, part: PartNo, after: u64, limit: usize) -> Result<Vec<CheckpointRow>, StoreError> {
        let values = [part.into(), after.cast_signed().into(), sql_limit(limit).into()];
        self.read(|conn| conn.all(&sql::CHECKPOINTS, &values, checkpoint_row))
    }

    /// Versions that were sealed anew or taken out after a time and rid: a page of them, in that order.
    pub fn reworked(&self, part: PartNo, after: (i64, Rid), limit: usize) -> Result<Vec<(i64, Rid)>, StoreError> {
        self.read(|conn| reworked(conn, part, after, limit))
    }

    /// Keys, names and named values, all of one moment. Where something was reworked after `since`, nothing is visited and
    /// the answer is false: it is carried first, so that no key is newer than what it should open.
    pub fn keys(&self, part: PartNo, since: (i64, Rid), visit: &mut dyn FnMut(KeyVisit)) -> Result<bool, StoreError> {
        self.snapshot(|conn| {
            if !reworked(conn, part, since, 1)?.is_empty() {
                return Ok(false);
            }
            visit(KeyVisit::Buckets(conn.all(&sql::BUCKETS, &[part.into()], bucket_row)?));
            for bucket in 0..BUCKETS {
                let keys = conn.all(&sql::KEYS_IN_BUCKET, &[part.into(), i64::from(bucket).into()], key_row)?;
                if !keys.is_empty() {
                    visit(KeyVisit::Keys(keys));
                }
            }
            let mut after = Vec::new();
            loop {
                let values = [part.into(), Value::Bytes(&after), sql_limit(NAMES).into()];
                let page = conn.all(&sql::SUBJECTS, &values, subject_row)?;
                let Some((last, _)) = page.last() else { break };
                after = last.0.to_vec();
                visit(KeyVisit::Subjects(page));
            }
            let values: [Value<'_>; 3] = [part.into(), "".into(), "\u{10ffff}".into()];
            conn.each(&sql::METAS, &values, |r| {
                visit(KeyVisit::Named(r.text(0)?, r.bytes(1)?));
                Ok(())
            })?;
            Ok(true)
        })
    }

    /// The stored tiles of a part's log.
    pub fn tiles(&self, part: PartNo) -> SourceTiles<'_> {
        SourceTiles { source: self, part }
    }

    /// How many versions there are, history included and what was taken out not.
    pub fn count_versions(&self, part: PartNo) -> Result<u64, StoreError> {
        self.snapshot(|conn| Ok(conn.first(&sql::COUNT_VERSIONS, &[part.into()], |r| r.unsigned(0))?.unwrap_or(0)))
    }
}

/// The tiles of a log, as [`ArchiveSource::tiles`] gives them.
#[derive(Debug)]
pub struct SourceTiles<'a> {
    source: &'a ArchiveSource,
    part: PartNo,
}

impl Tiles for SourceTiles<'_> {
    type Error = StoreError;

    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.source.read(|conn| ConnTiles { conn, part: self.part }.tile(level, index))
    }
}

fn part_edge(conn: Conn<'_>, part: PartNo) -> Result<Option<PartEdge>, StoreError> {
    conn.first(&sql::EDGE, &[part.into()], |r| {
        Ok(PartEdge {
            origin: r.text(0)?,
            size: r.unsigned(1)?,
            root: Hash(r.array(2)?),
            checkpoint: r.unsigned(3)?,
            rid: r.int(4)?,
            time_us: r.int(5)?,
        })
    })
}

fn reworked(conn: Conn<'_>, part: PartNo, after: (i64, Rid), limit: usize) -> Result<Vec<(i64, Rid)>, StoreError> {
    let values = [part.into(), after.0.into(), after.1.into(), sql_limit(limit).into()];
    conn.all(&sql::REWORKED, &values, |r| Ok((r.int(0)?, r.int(1)?)))
}
