//! Filling an empty database, table by table, in large transactions.

use std::{sync::Arc, time::Duration};

use tacebo_ledger::Tile;

use super::{
    columns::{Column, Put},
    link::{Link, Step},
    schema,
    server::Server,
    sql,
};
use crate::{
    CheckpointRow, EntryRow, KeyBatch, PartNo, PostgresAt, Rid, StoreError, WholeRow,
    conn::{Conn, Value},
    load::{Free, Numbered, RESTORING, State},
};

/// The longest that one transaction may take: the last one looks at every version.
const LONGEST: Duration = Duration::from_hours(12);
/// Bytes of documents that one statement takes.
const DOCUMENT_BYTES: usize = 16 << 20;

pub(crate) struct ServerLoader {
    server: Arc<Server>,
    link: Arc<Link>,
    part: PartNo,
    mark: Vec<u8>,
}

impl ServerLoader {
    pub(crate) fn begin(
        at: &PostgresAt,
        free: Free<'_>,
        now_us: i64,
        part: PartNo,
        state: &State<'_>,
        mark: &[u8],
    ) -> Result<Self, StoreError> {
        let server = Server::new(at)?;
        let link = server.connect()?;
        schema::check_fitness(&link, server.longest())?;
        schema::bring_up(&server, &link, now_us)?;
        let unfinished = server.read(|conn| {
            let parts = conn.all(&crate::sql::PARTS, &[], |r| r.small(0).map(PartNo))?;
            for part in &parts {
                if marked(conn, *part)?.is_none_or(|mark| mark.is_empty()) {
                    return Err(StoreError::Occupied);
                }
            }
            Ok(parts)
        })?;
        if unfinished.is_empty() {
            free()?;
        }
        let loader = Self { server, link, part, mark: mark.to_vec() };
        let mut puts = Vec::new();
        for old in unfinished {
            puts.extend(sql::EMPTY.iter().map(|text| Put::new(text, [Column::Int(old.sql())])));
        }
        let row = [Column::Int(part.sql()), Column::Text(state.origin), Column::Byte(&state.root.0)];
        puts.push(Put::new(sql::CREATE_STATE, row));
        let named = [Column::Int(part.sql()), Column::Texts(vec![RESTORING]), Column::Bytes(vec![&loader.mark])];
        puts.push(Put::new(sql::PUT_META, named));
        loader.commit(&puts)?;
        Ok(loader)
    }

    /// One transaction, if the restore is still this one.
    fn whole(&self, puts: &[Put<'_>]) -> Result<(), StoreError> {
        let mark = self.server.read(|conn| marked(conn, self.part))?;
        if mark.as_deref() != Some(&self.mark[..]) {
            return Err(StoreError::Overtaken);
        }
        self.commit(puts)
    }

    fn commit(&self, puts: &[Put<'_>]) -> Result<(), StoreError> {
        let begin = self.server.begin("READ COMMITTED READ WRITE", true);
        let mut steps = vec![Step::Plain(&begin), Step::Plain("SET LOCAL statement_timeout = 0")];
        steps.extend(puts.iter().map(Put::step));
        steps.push(Step::Plain("COMMIT"));
        let done = self.link.run(&steps, LONGEST);
        if done.is_err() && !self.link.is_lost() {
            self.link.send_only("ROLLBACK");
        }
        done?;
        Ok(())
    }

    pub(crate) fn versions(
        &self,
        part: PartNo,
        rows: &[Numbered<'_>],
        new_kinds: &[(i64, &str)],
        until: Rid,
    ) -> Result<(), StoreError> {
        let mut puts = Vec::new();
        if !new_kinds.is_empty() {
            let (numbers, names) = new_kinds.iter().copied().unzip();
            puts.push(Put::new(sql::PUT_KINDS, [number(part), Column::Ints(numbers), Column::Texts(names)]));
        }
        let mut bytes = 0;
        let pieces = rows.chunk_by(|(_, whole), _| {
            bytes += whole.row.index.len() + whole.body.len();
            let full = bytes >= DOCUMENT_BYTES;
            if full {
                bytes = 0;
            }
            !full
        });
        puts.extend(pieces.map(|piece| Put::new(sql::PUT_DOCUMENTS, document_columns(part, piece, until))));
        let blobs: Vec<_> = rows.iter().filter_map(|(_, whole)| Some((whole.row.rid, whole.blob.as_ref()?))).collect();
        if !blobs.is_empty() {
            let columns = [
                number(part),
                Column::Ints(blobs.iter().map(|(rid, _)| *rid).collect()),
                Column::Bytes(blobs.iter().map(|(_, blob)| &blob.name.0[..]).collect()),
                Column::Ints(blobs.iter().map(|(_, blob)| blob.size.cast_signed()).collect()),
                Column::Bytes(blobs.iter().map(|(_, blob)| &blob.hash.0[..]).collect()),
            ];
            puts.push(Put::new(sql::PUT_BLOBS, columns));
        }
        self.whole(&puts)
    }

    pub(crate) fn entries(&self, part: PartNo, rows: &[EntryRow], tiles: Vec<Tile>) -> Result<(), StoreError> {
        let (mut levels, mut indices, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for tile in tiles {
            levels.push(tile.id.level.into());
            indices.push(tile.id.index.cast_signed());
            hashes.push(tile.bytes);
        }
        let tiles = [number(part), Column::Ints(levels), Column::Ints(indices), Column::Owned(hashes)];
        self.whole(&[Put::new(sql::PUT_LEAVES, leaf_columns(part, rows)), Put::new(sql::PUT_TILES, tiles)])
    }

    pub(crate) fn checkpoints(&self, part: PartNo, rows: &[CheckpointRow]) -> Result<(), StoreError> {
        let seqs = rows.iter().map(|row| row.seq.cast_signed()).collect();
        let sizes = rows.iter().map(|row| row.size.cast_signed()).collect();
        let notes = rows.iter().map(|row| &*row.note).collect();
        let columns = [number(part), Column::Ints(seqs), Column::Ints(sizes), Column::Texts(notes)];
        self.whole(&[Put::new(sql::PUT_CHECKPOINTS, columns)])
    }

    pub(crate) fn keys(&self, part: PartNo, batch: &KeyBatch) -> Result<(), StoreError> {
        let mut puts = Vec::new();
        if !batch.buckets.is_empty() {
            let buckets = batch.buckets.iter().map(|row| row.bucket.into()).collect();
            let epochs = batch.buckets.iter().map(|row| row.epoch.into()).collect();
            let wrapped = batch.buckets.iter().map(|row| &row.wrapped[..]).collect();
            let columns = [number(part), Column::Ints(buckets), Column::Ints(epochs), Column::Bytes(wrapped)];
            puts.push(Put::new(sql::PUT_BUCKETS, columns));
        }
        if !batch.keys.is_empty() {
            let keys = &batch.keys;
            let columns = [
                number(part),
                Column::Ints(keys.iter().map(|key| key.subject.bucket().into()).collect()),
                Column::Ints(keys.iter().map(|key| key.subject.0.cast_signed()).collect()),
                Column::Ints(keys.iter().map(|key| key.category.0.into()).collect()),
                Column::Ints(keys.iter().map(|key| key.generation.into()).collect()),
                Column::Bytes(keys.iter().map(|key| &key.wrapped[..]).collect()),
            ];
            puts.push(Put::new(sql::PUT_KEYS, columns));
        }
        if !batch.subjects.is_empty() {
            let (names, numbers) = batch.subjects.iter().map(|(id, no)| (&id.0[..], no.0.cast_signed())).unzip();
            puts.push(Put::new(sql::PUT_SUBJECTS, [number(part), Column::Bytes(names), Column::Ints(numbers)]));
        }
        if !batch.metas.is_empty() {
            let (names, values) = batch.metas.iter().map(|(name, value)| (&**name, &value[..])).unzip();
            puts.push(Put::new(sql::PUT_META, [number(part), Column::Texts(names), Column::Bytes(values)]));
        }
        self.whole(&puts)
    }

    pub(crate) fn lists(&self, range: [i64; 3]) -> Result<(), StoreError> {
        let lists = [&crate::sql::FILE_SUBJECTS, &crate::sql::FILE_ACTORS];
        self.whole(&lists.map(|list| Put::new(list.postgres, range.map(Column::Int))))
    }

    pub(crate) fn finish(self, part: PartNo, state: &State<'_>) -> Result<(), StoreError> {
        let row = [
            number(part),
            Column::Int(state.size.cast_signed()),
            Column::Fixed(state.root.0.to_vec()),
            Column::Int(state.checkpoint.cast_signed()),
            Column::Int(state.rid),
            Column::Int(state.time_us),
            // There is nobody to tell.
            Column::Int(0),
        ];
        self.whole(&[Put::new(crate::sql::SUPERSEDE_ALL.postgres, [number(part)]), Put::new(sql::PUT_STATE, row)])?;
        // Plans that were made while the tables were empty are made anew sooner.
        self.link.send_only("ANALYZE document, log_leaf, subject_key, subject");
        Ok(())
    }
}

fn marked(conn: Conn<'_>, part: PartNo) -> Result<Option<Vec<u8>>, StoreError> {
    let values: [Value<'_>; 2] = [part.into(), RESTORING.into()];
    conn.first(&crate::sql::META, &values, |r| r.bytes(0))
}

const fn number<'a>(part: PartNo) -> Column<'a> {
    Column::Int(part.sql())
}

fn document_columns<'a>(part: PartNo, rows: &[Numbered<'a>], until: Rid) -> Vec<Column<'a>> {
    let ints = |read: fn(&WholeRow) -> i64| Column::Ints(rows.iter().map(|(_, whole)| read(whole)).collect());
    let bytes = |read: fn(&WholeRow) -> &[u8]| Column::Bytes(rows.iter().map(|(_, whole)| read(whole)).collect());
    vec![
        number(part),
        ints(|whole| whole.row.rid),
        Column::Ints(rows.iter().map(|(kind, _)| *kind).collect()),
        bytes(|whole| &whole.row.id.0),
        Column::OptInts(rows.iter().map(|(_, whole)| whole.row.subject.map(|s| s.0.cast_signed())).collect()),
        ints(|whole| whole.row.category.0.into()),
        ints(|whole| whole.row.version.cast_signed()),
        Column::Ints(vec![until; rows.len()]),
        ints(|whole| whole.row.deleted.into()),
        ints(|whole| whole.row.time_us),
        bytes(|whole| &whole.row.index),
        bytes(|whole| &whole.body),
    ]
}

fn leaf_columns(part: PartNo, rows: &[EntryRow]) -> Vec<Column<'_>> {
    let bytes = |read: fn(&EntryRow) -> &[u8]| Column::Bytes(rows.iter().map(read).collect());
    vec![
        number(part),
        Column::Ints(rows.iter().map(|row| part.place(row.index)).collect()),
        bytes(|row| &row.eid),
        Column::Ints(rows.iter().map(|row| row.time_us).collect()),
        Column::OptInts(rows.iter().map(|row| row.subject.map(|s| s.0.cast_signed())).collect()),
        Column::Ints(rows.iter().map(|row| row.actor.cast_signed()).collect()),
        Column::Ints(rows.iter().map(|row| row.class.into()).collect()),
        bytes(|row| &row.entry),
        bytes(|row| &row.sealed),
    ]
}
