//! The rows that a group writes, by table, borrowed from its changes.

use std::collections::{BTreeMap, BTreeSet};

use tacebo_ledger::Staged;

use super::{
    columns::{Column, Put},
    sql,
    wanted::{Known, Latest},
};
use crate::{Blob, CURRENT, Change, DocumentWrite, EntryWrite, KeyDrop, PartNo, Rid};

/// Bytes of documents that one statement takes; the next ones go into another.
const DOCUMENT_BYTES: usize = 64 << 20;

/// The rows of one part.
#[derive(Default)]
pub(super) struct Rows<'g> {
    documents: Vec<(&'g DocumentWrite, Document)>,
    /// Stored versions that are superseded, and by which.
    superseded: Vec<(Rid, Rid)>,
    /// Versions whose terms are gone, stored or not.
    termless: BTreeSet<Rid>,
    /// What a change takes away or seals anew; it stands alone.
    erased: Option<(&'g Change, i64)>,
    blobs: Vec<(Rid, &'g Blob)>,
    forgotten: Vec<&'g [u8]>,
    subjects: Vec<(&'g [u8; 16], u64)>,
    drops: Vec<KeyDrop>,
    keys: BTreeMap<(u16, i64, u8, u32), &'g [u8]>,
    buckets: BTreeMap<u16, (i64, &'g [u8])>,
    leaves: Vec<(&'g EntryWrite, Leaf)>,
    pub(super) guards: BTreeMap<&'g [u8; 12], Rid>,
    pub(super) meta: BTreeMap<&'g str, &'g [u8]>,
    /// Number and size, and the note.
    pub(super) checkpoints: Vec<((u64, u64), &'g str)>,
}

/// What the store adds to a document.
struct Document {
    rid: Rid,
    kind: i64,
    until: Rid,
    time_us: i64,
}

/// What the store adds to an entry.
struct Leaf {
    place: i64,
    time_us: i64,
    head: Vec<u8>,
}

impl<'g> Rows<'g> {
    /// Adds a document and says where it stands.
    pub(super) fn document(&mut self, new: &'g DocumentWrite, kind: i64, rid: Rid, time_us: i64) -> usize {
        self.documents.push((new, Document { rid, kind, until: CURRENT, time_us }));
        self.documents.len() - 1
    }

    /// Adds the blobs of a change whose first document has this rid.
    pub(super) fn blobs(&mut self, change: &'g Change, first: Rid) {
        let rid = |document: usize| first + i64::try_from(document).unwrap_or(0);
        self.blobs.extend(change.blobs.iter().map(|one| (rid(one.document), &one.blob)));
        self.forgotten.extend(change.forget_blobs.iter().map(|name| &name.0[..]));
    }

    pub(super) fn supersede(&mut self, old: Latest, by: Rid) {
        match old.row.and_then(|row| self.documents.get_mut(row)) {
            Some((_, document)) => document.until = by,
            None => self.superseded.push((old.rid, by)),
        }
        self.termless.insert(old.rid);
    }

    pub(super) fn leaf(&mut self, place: i64, entry: &'g EntryWrite, head: Vec<u8>, time_us: i64) {
        self.leaves.push((entry, Leaf { place, time_us, head }));
    }

    pub(super) fn subjects(&mut self, change: &'g Change, known: &mut Known<'g>) {
        for (id, no) in &change.subjects {
            known.names.insert(id.0, no.0);
            known.numbers.insert(no.0, id.0);
            self.subjects.push((&id.0, no.0));
        }
    }

    pub(super) fn erase(&mut self, change: &'g Change, time_us: i64) {
        self.erased = Some((change, time_us)).filter(|(change, _)| change.stands_alone());
    }

    pub(super) fn keys(&mut self, change: &'g Change) {
        self.drops.extend(&change.drop_keys);
        for row in &change.buckets {
            self.buckets.insert(row.bucket, (row.epoch.into(), &row.wrapped));
        }
        for key in &change.keys {
            let place = (key.subject.bucket(), key.subject.0.cast_signed(), key.category.0, key.generation);
            self.keys.insert(place, &key.wrapped);
        }
    }

    /// The statements, in an order in which each finds what it needs.
    pub(super) fn puts(self, part: PartNo, new_kinds: &[(i64, &'g str)], puts: &mut Vec<Put<'g>>) {
        let number = part.sql();
        let mut put = |text, columns: Vec<Column<'g>>| {
            let mut all = vec![Column::Int(number)];
            all.extend(columns);
            puts.push(Put::new(text, all));
        };
        if !new_kinds.is_empty() {
            let (numbers, names) = new_kinds.iter().copied().unzip();
            put(sql::PUT_KINDS, vec![Column::Ints(numbers), Column::Texts(names)]);
        }
        if let Some((change, time_us)) = self.erased {
            let reworked: Vec<Rid> = change.reworked().collect();
            if !reworked.is_empty() {
                put(sql::PUT_REWORKED, vec![Column::Int(time_us), Column::Ints(reworked)]);
            }
            erase(change, &mut put);
        }
        for gone in &self.drops {
            let (bucket, subject) = (Column::Int(gone.subject.bucket().into()), gone.subject.0.cast_signed());
            let subject = || Column::Int(subject);
            if let Some(category) = gone.category {
                let category = || Column::Int(category.0.into());
                if !self.erased.is_some_and(|(change, _)| change.renews(gone)) {
                    put(sql::DROP_TERMS_OF_CATEGORY, vec![subject(), category()]);
                }
                put(sql::DROP_KEYS_OF_CATEGORY, vec![bucket, subject(), category()]);
            } else {
                put(sql::DROP_TERMS_OF_SUBJECT, vec![subject()]);
                put(sql::DROP_KEYS, vec![bucket, subject()]);
            }
        }
        if !self.buckets.is_empty() {
            let (mut buckets, mut epochs, mut wrapped) = (Vec::new(), Vec::new(), Vec::new());
            for (bucket, (epoch, bytes)) in self.buckets {
                buckets.push(bucket.into());
                epochs.push(epoch);
                wrapped.push(bytes);
            }
            put(sql::PUT_BUCKETS, vec![Column::Ints(buckets), Column::Ints(epochs), Column::Bytes(wrapped)]);
        }
        if !self.subjects.is_empty() {
            let (names, numbers) = self.subjects.iter().map(|(id, no)| (&id[..], no.cast_signed())).unzip();
            put(sql::PUT_SUBJECTS, vec![Column::Bytes(names), Column::Ints(numbers)]);
        }
        if !self.keys.is_empty() {
            let mut columns: [Vec<i64>; 4] = Default::default();
            let [buckets, subjects, categories, generations] = &mut columns;
            let mut wrapped = Vec::with_capacity(self.keys.len());
            for ((bucket, subject, category, generation), bytes) in self.keys {
                buckets.push(bucket.into());
                subjects.push(subject);
                categories.push(category.into());
                generations.push(generation.into());
                wrapped.push(bytes);
            }
            let mut columns: Vec<_> = columns.into_iter().map(Column::Ints).collect();
            columns.push(Column::Bytes(wrapped));
            put(sql::PUT_KEYS, columns);
        }
        if !self.superseded.is_empty() {
            let (rids, untils): (Vec<_>, _) = self.superseded.into_iter().unzip();
            put(sql::DROP_TERMS, vec![Column::Ints(rids.clone())]);
            put(sql::SUPERSEDE, vec![Column::Ints(rids), Column::Ints(untils)]);
        }
        let (mut terms, mut rids) = (Vec::new(), Vec::new());
        for (new, document) in &self.documents {
            if !self.termless.contains(&document.rid) {
                terms.extend(new.terms.iter().map(|term| &term.0[..]));
                rids.resize(terms.len(), document.rid);
            }
        }
        let mut bytes = 0;
        let pieces = self.documents.chunk_by(|(one, _), _| {
            bytes += one.index.len() + one.body.len();
            let full = bytes >= DOCUMENT_BYTES;
            if full {
                bytes = 0;
            }
            !full
        });
        for piece in pieces {
            put(sql::PUT_DOCUMENTS, document_columns(piece));
        }
        if !self.blobs.is_empty() {
            put(sql::PUT_BLOBS, blob_columns(self.blobs));
        }
        if !self.forgotten.is_empty() {
            put(sql::FORGET_BLOBS, vec![Column::Bytes(self.forgotten)]);
        }
        if !terms.is_empty() {
            put(sql::PUT_TERMS, vec![Column::Bytes(terms), Column::Ints(rids)]);
        }
        if !self.guards.is_empty() {
            let (terms, rids) = self.guards.into_iter().map(|(term, rid)| (&term[..], rid)).unzip();
            put(sql::PUT_GUARDS, vec![Column::Bytes(terms), Column::Ints(rids)]);
        }
        if !self.meta.is_empty() {
            let (names, values) = self.meta.into_iter().unzip();
            put(sql::PUT_META, vec![Column::Texts(names), Column::Bytes(values)]);
        }
        if !self.checkpoints.is_empty() {
            let (mut seqs, mut sizes, mut notes) = (Vec::new(), Vec::new(), Vec::new());
            for ((seq, size), note) in self.checkpoints {
                seqs.push(seq.cast_signed());
                sizes.push(size.cast_signed());
                notes.push(note);
            }
            put(sql::PUT_CHECKPOINTS, vec![Column::Ints(seqs), Column::Ints(sizes), Column::Texts(notes)]);
        }
        if !self.leaves.is_empty() {
            put(sql::PUT_LEAVES, leaf_columns(self.leaves));
        }
    }
}

/// Takes versions out, and seals others anew.
fn erase<'g>(change: &'g Change, put: &mut impl FnMut(&'static str, Vec<Column<'g>>)) {
    if !change.erase.is_empty() {
        // The guards go by the terms of the versions, so they go first.
        for text in [sql::DROP_GUARDS_OF, sql::DROP_TERMS, sql::DROP_BLOBS, sql::DROP_DOCUMENTS] {
            put(text, vec![Column::Ints(change.erase.clone())]);
        }
    }
    if !change.drop_subjects.is_empty() {
        let numbers = change.drop_subjects.iter().map(|no| no.0.cast_signed()).collect();
        put(sql::DROP_SUBJECTS, vec![Column::Ints(numbers)]);
    }
    if !change.reterm.is_empty() {
        put(sql::DROP_TERMS, vec![Column::Ints(change.reterm.iter().map(|one| one.rid).collect())]);
        // The last word on a version counts.
        let last: BTreeMap<_, _> = change.reterm.iter().map(|one| (one.rid, &one.terms)).collect();
        let (terms, rids) =
            last.into_iter().flat_map(|(rid, terms)| terms.iter().map(move |term| (&term.0[..], rid))).unzip();
        put(sql::PUT_TERMS_OF_CURRENT, vec![Column::Bytes(terms), Column::Ints(rids)]);
    }
    if change.drop_guards {
        put(sql::DROP_GUARDS, Vec::new());
    }
    if !change.reseal.is_empty() {
        let last: BTreeMap<_, _> = change.reseal.iter().map(|one| (one.rid, one)).collect();
        let (mut rids, mut indices, mut bodies, mut blobs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (rid, one) in last {
            rids.push(rid);
            indices.push(&one.index[..]);
            bodies.push(&one.body[..]);
            blobs.extend(one.blob.as_ref().map(|blob| (rid, blob)));
        }
        put(sql::DROP_BLOBS, vec![Column::Ints(rids.clone())]);
        if !blobs.is_empty() {
            put(sql::PUT_BLOBS, blob_columns(blobs));
        }
        put(sql::RESEAL, vec![Column::Ints(rids), Column::Bytes(indices), Column::Bytes(bodies)]);
    }
}

/// The tiles that a stage changes.
pub(super) fn tiles<'g>(part: PartNo, staged: &Staged) -> Put<'g> {
    let (mut levels, mut indices, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for tile in staged.tiles() {
        levels.push(tile.id.level.into());
        indices.push(tile.id.index.cast_signed());
        hashes.push(tile.bytes);
    }
    let columns = [Column::Int(part.sql()), Column::Ints(levels), Column::Ints(indices), Column::Owned(hashes)];
    Put::new(sql::PUT_TILES, columns)
}

fn document_columns<'g>(rows: &[(&'g DocumentWrite, Document)]) -> Vec<Column<'g>> {
    let ints =
        |read: fn(&DocumentWrite, &Document) -> i64| Column::Ints(rows.iter().map(|row| read(row.0, &row.1)).collect());
    let bytes = |read: fn(&DocumentWrite) -> &[u8]| Column::Bytes(rows.iter().map(|row| read(row.0)).collect());
    let subjects = rows.iter().map(|(new, _)| new.subject.map(|s| s.0.cast_signed())).collect();
    vec![
        ints(|_, document| document.rid),
        ints(|_, document| document.kind),
        bytes(|new| &new.id.0),
        Column::OptInts(subjects),
        ints(|new, _| new.category.0.into()),
        ints(|new, _| new.version.cast_signed()),
        ints(|_, document| document.until),
        ints(|new, _| new.deleted.into()),
        ints(|_, document| document.time_us),
        bytes(|new| &new.index),
        bytes(|new| &new.body),
    ]
}

fn blob_columns(blobs: Vec<(Rid, &Blob)>) -> Vec<Column<'_>> {
    let sizes = blobs.iter().map(|(_, blob)| blob.size.cast_signed()).collect();
    let hashes = blobs.iter().map(|(_, blob)| &blob.hash.0[..]).collect();
    let (rids, names) = blobs.into_iter().map(|(rid, blob)| (rid, &blob.name.0[..])).unzip();
    vec![Column::Ints(rids), Column::Bytes(names), Column::Ints(sizes), Column::Bytes(hashes)]
}

fn leaf_columns(leaves: Vec<(&EntryWrite, Leaf)>) -> Vec<Column<'_>> {
    let ints = |read: fn(&EntryWrite, &Leaf) -> i64| {
        Column::Ints(leaves.iter().map(|(entry, leaf)| read(entry, leaf)).collect())
    };
    let subjects = leaves.iter().map(|(entry, _)| entry.subject.map(|s| s.0.cast_signed())).collect();
    let mut columns = vec![
        ints(|_, leaf| leaf.place),
        Column::Bytes(leaves.iter().map(|leaf| &leaf.0.eid[..]).collect()),
        ints(|_, leaf| leaf.time_us),
        Column::OptInts(subjects),
        ints(|entry, _| entry.actor.cast_signed()),
        ints(|entry, _| entry.class.into()),
    ];
    let (sealed, heads) = leaves.into_iter().map(|(entry, leaf)| (&entry.sealed[..], leaf.head)).unzip();
    columns.push(Column::Owned(heads));
    columns.push(Column::Bytes(sealed));
    columns
}
