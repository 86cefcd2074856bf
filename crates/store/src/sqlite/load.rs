//! Filling an empty file.

use std::{
    fs::{self, File},
    path::Path,
};

use rusqlite::{Connection, params};
use tacebo_ledger::Tile;

use super::{
    schema,
    writer::{copied_back, put_state},
};
use crate::{
    CheckpointRow, EntryRow, KeyBatch, PartNo, Rid, StoreError,
    conn::Conn,
    edge::Edge,
    load::{Free, Numbered, RESTORING, State},
    sql,
};

/// Transactions between two copies of the write-ahead log into the file.
const COPY_BACK_EVERY: u32 = 8;

pub(crate) struct FileLoader {
    conn: Connection,
    _lock: File,
    transactions: u32,
}

impl FileLoader {
    pub(crate) fn begin(
        dir: &Path,
        free: Free<'_>,
        now_us: i64,
        part: PartNo,
        state: &State<'_>,
        mark: &[u8],
    ) -> Result<Self, StoreError> {
        fs::create_dir_all(dir)?;
        let lock = schema::lock(dir)?;
        let path = schema::file_in(dir);
        if path.is_file() {
            remove_unfinished(&path)?;
        } else {
            free()?;
        }
        let conn = schema::open_writer(&path, now_us)?;
        let mut loader = Self { conn, _lock: lock, transactions: 0 };
        loader.whole(|conn| {
            state_row(conn, part, state)?;
            conn.prepare_cached(sql::META_PUT.sqlite)?.execute((part.sql(), RESTORING, mark))?;
            Ok(())
        })?;
        Ok(loader)
    }

    /// One transaction.
    fn whole(&mut self, write: impl FnOnce(&Connection) -> Result<(), rusqlite::Error>) -> Result<(), StoreError> {
        let tx = self.conn.transaction()?;
        write(&tx)?;
        tx.commit()?;
        self.transactions += 1;
        if self.transactions.is_multiple_of(COPY_BACK_EVERY) {
            copied_back(&self.conn, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        }
        Ok(())
    }

    pub(crate) fn versions(
        &mut self,
        part: PartNo,
        rows: &[Numbered<'_>],
        new_kinds: &[(i64, &str)],
        until: Rid,
    ) -> Result<(), StoreError> {
        self.whole(|conn| {
            for (no, name) in new_kinds {
                conn.prepare_cached(sql::KIND_PUT.sqlite)?.execute((part.sql(), no, name))?;
            }
            let mut put = conn.prepare_cached(sql::DOCUMENT_PUT.sqlite)?;
            for (kind, whole) in rows {
                let row = &whole.row;
                put.execute(params![
                    part.sql(),
                    row.rid,
                    kind,
                    row.id.0,
                    row.subject.map(|s| s.0.cast_signed()),
                    row.category.0,
                    row.version.cast_signed(),
                    until,
                    row.deleted,
                    row.time_us,
                    row.index,
                    whole.body
                ])?;
            }
            let mut put = conn.prepare_cached(sql::BLOB_PUT.sqlite)?;
            for (rid, blob) in rows.iter().filter_map(|(_, whole)| Some((whole.row.rid, whole.blob.as_ref()?))) {
                put.execute((part.sql(), rid, blob.name.0, blob.size.cast_signed(), blob.hash.0))?;
            }
            Ok(())
        })
    }

    pub(crate) fn entries(&mut self, part: PartNo, rows: &[EntryRow], tiles: &[Tile]) -> Result<(), StoreError> {
        self.whole(|conn| {
            let mut put = conn.prepare_cached(sql::LEAF_PUT.sqlite)?;
            for row in rows {
                put.execute((
                    part.place(row.index),
                    row.eid,
                    row.time_us,
                    row.subject.map(|s| s.0.cast_signed()),
                    row.actor.cast_signed(),
                    row.class,
                    &row.entry,
                    &row.sealed,
                ))?;
            }
            let mut put = conn.prepare_cached(sql::TILE_PUT.sqlite)?;
            for tile in tiles {
                put.execute((part.sql(), tile.id.level, tile.id.index.cast_signed(), &tile.bytes))?;
            }
            Ok(())
        })
    }

    pub(crate) fn checkpoints(&mut self, part: PartNo, rows: &[CheckpointRow]) -> Result<(), StoreError> {
        self.whole(|conn| {
            let mut put = conn.prepare_cached(sql::CHECKPOINT_PUT.sqlite)?;
            for row in rows {
                put.execute((part.sql(), row.seq.cast_signed(), row.size.cast_signed(), &row.note))?;
            }
            Ok(())
        })
    }

    pub(crate) fn keys(&mut self, part: PartNo, batch: &KeyBatch) -> Result<(), StoreError> {
        self.whole(|conn| {
            let part = part.sql();
            let mut put = conn.prepare_cached(sql::BUCKET_PUT.sqlite)?;
            for row in &batch.buckets {
                put.execute((part, row.bucket, row.epoch, &row.wrapped))?;
            }
            let mut put = conn.prepare_cached(sql::KEY_PUT.sqlite)?;
            for key in &batch.keys {
                let (bucket, subject) = (key.subject.bucket(), key.subject.0.cast_signed());
                put.execute((part, bucket, subject, key.category.0, key.generation, &key.wrapped))?;
            }
            let mut put = conn.prepare_cached(sql::SUBJECT_PUT.sqlite)?;
            for (id, no) in &batch.subjects {
                put.execute((part, id.0, no.0.cast_signed()))?;
            }
            let mut put = conn.prepare_cached(sql::META_PUT.sqlite)?;
            for (name, value) in &batch.metas {
                put.execute((part, name, value))?;
            }
            Ok(())
        })
    }

    pub(crate) fn lists(&mut self, range: [i64; 3]) -> Result<(), StoreError> {
        self.whole(|conn| {
            for list in [sql::FILE_SUBJECTS.sqlite, sql::FILE_ACTORS.sqlite] {
                conn.prepare_cached(list)?.execute(range)?;
            }
            Ok(())
        })
    }

    pub(crate) fn finish(mut self, part: PartNo, state: &State<'_>) -> Result<(), StoreError> {
        self.whole(|conn| {
            conn.prepare(sql::SUPERSEDE_ALL.sqlite)?.execute([part.sql()])?;
            state_row(conn, part, state)
        })?;
        copied_back(&self.conn, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(())
    }
}

fn state_row(conn: &Connection, part: PartNo, state: &State<'_>) -> rusqlite::Result<()> {
    let checkpoint = (state.checkpoint, 0);
    let edge = Edge { rid: state.rid, time_us: state.time_us, log_size: state.size, checkpoint };
    put_state(conn, part.sql(), state.origin, state.size, state.root, edge)
}

/// Removes the file of a restore that was not finished; never one with an institution in it.
fn remove_unfinished(path: &Path) -> Result<(), StoreError> {
    let reader = schema::open_reader(path)?;
    if schema::version(&reader)? > 0 {
        let conn = Conn::Sqlite(&reader);
        for part in conn.all(&sql::PARTS, &[], |r| r.small(0).map(PartNo))? {
            let mark = conn.first(&sql::META, &[part.into(), RESTORING.into()], |r| r.bytes(0))?;
            if mark.is_none_or(|mark| mark.is_empty()) {
                return Err(StoreError::Occupied);
            }
        }
    }
    drop(reader);
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match fs::remove_file(Path::new(&name)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        }
    }
    Ok(())
}
