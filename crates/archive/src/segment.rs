//! Rows in objects: a mark, the class, and row after row behind its length.

use std::sync::Arc;

use tacebo_store::{
    Blob, BlobName, BucketRow, CURRENT, Category, CheckpointRow, EntryRow, Hash, IdTerm, IndexRow, KeyRow, KeyVisit,
    Rid, SubjectNo, WholeRow,
};

use crate::{
    ArchiveError, Class,
    bytes::{In, Out},
};

/// `Tacebo archive, form 1`.
const MARK: [u8; 8] = *b"TACEBO\xe7\x01";
/// An object holds about so many bytes: it is made and checked in memory.
pub(crate) const FULL: usize = 8 << 20;
/// The largest object that is read: one version can weigh 256 MiB in each of its columns.
pub(crate) const MOST: u64 = 1 << 30;

/// An object that is being made.
pub(crate) struct Segment {
    out: Out,
    pub(crate) class: Class,
    pub(crate) rows: u64,
}

impl Segment {
    pub(crate) fn new(class: Class) -> Self {
        let mut out = Out(Vec::with_capacity(FULL + FULL / 8));
        out.fixed(&MARK);
        out.u8(class.code());
        Self { out, class, rows: 0 }
    }

    pub(crate) fn push(&mut self, row: &Row) {
        let mut one = Out::default();
        row.encode(&mut one);
        self.out.bytes(&one.0);
        self.rows += 1;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.out.0.len() >= FULL
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out.0
    }
}

/// One row of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    Version(WholeRow),
    /// A version that was taken out.
    Gone(Rid),
    Entry(EntryRow),
    Checkpoint(CheckpointRow),
    Bucket(BucketRow),
    Key(KeyRow),
    Subject(IdTerm, SubjectNo),
    Named(String, Vec<u8>),
}

impl Row {
    /// What the look at the keys came upon, row by row.
    pub(crate) fn of_keys(visit: KeyVisit) -> Vec<Self> {
        match visit {
            KeyVisit::Buckets(rows) => rows.into_iter().map(Self::Bucket).collect(),
            KeyVisit::Keys(rows) => rows.into_iter().map(Self::Key).collect(),
            KeyVisit::Subjects(rows) => rows.into_iter().map(|(id, no)| Self::Subject(id, no)).collect(),
            KeyVisit::Named(name, value) => vec![Self::Named(name, value)],
        }
    }

    pub(crate) fn encode(&self, out: &mut Out) {
        match self {
            Self::Version(whole) => {
                out.u8(1);
                version(whole, out);
            }
            Self::Gone(rid) => {
                out.u8(2);
                out.i64(*rid);
            }
            Self::Entry(row) => {
                out.u8(3);
                out.u64(row.index);
                out.fixed(&row.eid);
                out.i64(row.time_us);
                out.opt_u64(row.subject.map(|s| s.0));
                out.u64(row.actor);
                out.u8(row.class);
                out.bytes(&row.entry);
                out.bytes(&row.sealed);
            }
            Self::Checkpoint(row) => {
                out.u8(4);
                out.u64(row.seq);
                out.u64(row.size);
                out.bytes(row.note.as_bytes());
            }
            Self::Bucket(row) => {
                out.u8(5);
                out.u32(row.bucket.into());
                out.u32(row.epoch);
                out.bytes(&row.wrapped);
            }
            Self::Key(row) => {
                out.u8(6);
                out.u64(row.subject.0);
                out.u8(row.category.0);
                out.u32(row.generation);
                out.bytes(&row.wrapped);
            }
            Self::Subject(id, no) => {
                out.u8(7);
                out.fixed(&id.0);
                out.u64(no.0);
            }
            Self::Named(name, value) => {
                out.u8(8);
                out.bytes(name.as_bytes());
                out.bytes(value);
            }
        }
    }

    fn decode(row: &[u8]) -> Option<Self> {
        let mut from = In(row);
        let read = match from.u8()? {
            1 => Self::Version(read_version(&mut from)?),
            2 => Self::Gone(from.i64()?),
            3 => Self::Entry(EntryRow {
                index: from.u64()?,
                eid: from.array()?,
                time_us: from.i64()?,
                subject: from.opt_u64()?.map(SubjectNo),
                actor: from.u64()?,
                class: from.u8()?,
                entry: from.bytes()?.to_vec(),
                sealed: from.bytes()?.to_vec(),
            }),
            4 => Self::Checkpoint(CheckpointRow { seq: from.u64()?, size: from.u64()?, note: from.text()?.to_owned() }),
            5 => Self::Bucket(BucketRow {
                bucket: from.u32()?.try_into().ok()?,
                epoch: from.u32()?,
                wrapped: from.bytes()?.to_vec(),
            }),
            6 => Self::Key(KeyRow {
                subject: SubjectNo(from.u64()?),
                category: Category(from.u8()?),
                generation: from.u32()?,
                wrapped: from.bytes()?.to_vec(),
            }),
            7 => Self::Subject(IdTerm(from.array()?), SubjectNo(from.u64()?)),
            8 => Self::Named(from.text()?.to_owned(), from.bytes()?.to_vec()),
            _ => return None,
        };
        from.0.is_empty().then_some(read)
    }

    const fn fits(&self, class: Class) -> bool {
        matches!(
            (self, class),
            (Self::Version(_), Class::Versions | Class::Again)
                | (Self::Gone(_), Class::Again)
                | (Self::Entry(_), Class::Entries)
                | (Self::Checkpoint(_), Class::Checkpoints)
                | (Self::Bucket(_) | Self::Key(_) | Self::Subject(..) | Self::Named(..), Class::Keys)
        )
    }
}

/// What is archived of a version, byte for byte the same whichever engine it comes from. Which version superseded it is not:
/// that follows from the others.
pub(crate) fn version(whole: &WholeRow, out: &mut Out) {
    let row = &whole.row;
    out.i64(row.rid);
    out.bytes(row.kind.as_bytes());
    out.fixed(&row.id.0);
    out.opt_u64(row.subject.map(|s| s.0));
    out.u8(row.category.0);
    out.u64(row.version);
    out.u8(row.deleted.into());
    out.i64(row.time_us);
    out.bytes(&row.index);
    out.bytes(&whole.body);
    out.u8(whole.blob.is_some().into());
    if let Some(blob) = &whole.blob {
        out.fixed(&blob.name.0);
        out.u64(blob.size);
        out.fixed(&blob.hash.0);
    }
}

fn read_version(from: &mut In<'_>) -> Option<WholeRow> {
    let row = IndexRow {
        rid: from.i64()?,
        kind: Arc::from(from.text()?),
        id: IdTerm(from.array()?),
        subject: from.opt_u64()?.map(SubjectNo),
        category: Category(from.u8()?),
        version: from.u64()?,
        until: CURRENT,
        deleted: match from.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        },
        time_us: from.i64()?,
        index: from.bytes()?.to_vec(),
    };
    let body = from.bytes()?.to_vec();
    let blob = match from.u8()? {
        0 => None,
        1 => Some(Blob { name: BlobName(from.array()?), size: from.u64()?, hash: Hash(from.array()?) }),
        _ => return None,
    };
    Some(WholeRow { row, body, blob })
}

/// The rows of an object, in order.
pub(crate) fn rows(name: &str, class: Class, bytes: &[u8]) -> Result<Vec<Row>, ArchiveError> {
    let damaged = |why| ArchiveError::Damaged { object: name.to_owned(), why };
    let mut from = In(bytes);
    if from.array() != Some(MARK) || from.u8() != Some(class.code()) {
        return Err(damaged("not an object of this class"));
    }
    let mut rows = Vec::new();
    while !from.0.is_empty() {
        let row = from.bytes().and_then(Row::decode).filter(|row| row.fits(class));
        rows.push(row.ok_or_else(|| damaged("a row that is none"))?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(Class, Row)> {
        let row = IndexRow {
            rid: 7,
            kind: "Observation".into(),
            id: IdTerm([3; 16]),
            subject: Some(SubjectNo(9)),
            category: Category(2),
            version: 4,
            until: CURRENT,
            deleted: true,
            time_us: -5,
            index: vec![1, 2],
        };
        let blob = Blob { name: BlobName([1; 16]), size: 70_000, hash: Hash([2; 32]) };
        let entry = EntryRow {
            index: 3,
            eid: [4; 16],
            time_us: 8,
            subject: None,
            actor: u64::MAX,
            class: 2,
            entry: vec![5],
            sealed: vec![],
        };
        let key = KeyRow { subject: SubjectNo(1), category: Category(2), generation: 3, wrapped: vec![9] };
        vec![
            (Class::Versions, Row::Version(WholeRow { row: row.clone(), body: vec![7; 300], blob: None })),
            (Class::Again, Row::Version(WholeRow { row, body: vec![], blob: Some(blob) })),
            (Class::Again, Row::Gone(12)),
            (Class::Entries, Row::Entry(entry)),
            (Class::Checkpoints, Row::Checkpoint(CheckpointRow { seq: 1, size: 2, note: "n".to_owned() })),
            (Class::Keys, Row::Bucket(BucketRow { bucket: 4097, epoch: 2, wrapped: vec![1] })),
            (Class::Keys, Row::Key(key)),
            (Class::Keys, Row::Subject(IdTerm([1; 16]), SubjectNo(3))),
            (Class::Keys, Row::Named("institution".to_owned(), vec![2])),
        ]
    }

    #[test]
    fn every_row_comes_back_as_it_was_and_only_in_an_object_of_its_class() {
        for (class, row) in all() {
            let mut segment = Segment::new(class);
            segment.push(&row);
            segment.push(&row);
            let bytes = segment.into_bytes();
            assert_eq!(rows("x", class, &bytes).unwrap(), [row.clone(), row.clone()]);
            let other = if class == Class::Keys { Class::Entries } else { Class::Keys };
            assert!(rows("x", other, &bytes).is_err());
            let mut relabelled = bytes.clone();
            relabelled[8] = other.code();
            assert!(rows("x", other, &relabelled).is_err());
        }
    }

    #[test]
    fn an_object_cut_anywhere_but_between_rows_is_no_object() {
        for (class, row) in all() {
            let mut segment = Segment::new(class);
            let empty = Segment::new(class).into_bytes().len();
            segment.push(&row);
            let bytes = segment.into_bytes();
            for cut in (0..bytes.len()).filter(|cut| *cut != empty) {
                assert!(rows("x", class, &bytes[..cut]).is_err(), "{row:?} at {cut}");
            }
        }
    }
}
