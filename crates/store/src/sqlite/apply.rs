//! Applying one change inside its own savepoint.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Blob, CURRENT, Change, CommitError, DocumentWrite, Guard, PartNo, Rid,
    edge::{CHECKPOINT_SIZE, Edge, GUARD_ALONE, NO_KIND},
    kinds::Kinds,
    sql,
};

/// Why a change was not applied.
pub(crate) enum Failed {
    /// Its own fault: only this change fails.
    Change(CommitError),
    /// The database's.
    Sql(rusqlite::Error),
    /// The log's.
    Log(String),
}

impl From<rusqlite::Error> for Failed {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sql(e)
    }
}

impl From<CommitError> for Failed {
    fn from(e: CommitError) -> Self {
        Self::Change(e)
    }
}

/// Numbers of the kinds that this transaction has added; they are published when it is durable.
#[derive(Default)]
pub(crate) struct NewKinds(BTreeMap<(i32, String), i64>);

impl NewKinds {
    /// The number of a kind, given now if the part has none for it. Called outside the savepoints, so that a kind
    /// does not vanish with the change that first named it.
    pub(crate) fn intern(
        &mut self,
        conn: &Connection,
        kinds: &Kinds,
        part: PartNo,
        name: &str,
    ) -> rusqlite::Result<()> {
        if kinds.cached(part, name).is_some() || self.0.contains_key(&(part.0, name.to_owned())) {
            return Ok(());
        }
        let found = conn.prepare_cached(sql::KIND_NO.sqlite)?.query_row((part.sql(), name), |r| r.get(0)).optional()?;
        let no = if let Some(no) = found {
            no
        } else {
            let last: i64 = conn.prepare_cached(sql::KIND_LAST.sqlite)?.query_row([part.sql()], |r| r.get(0))?;
            conn.prepare_cached(sql::KIND_PUT.sqlite)?.execute((part.sql(), last + 1, name))?;
            last + 1
        };
        self.0.insert((part.0, name.to_owned()), no);
        Ok(())
    }

    fn number(&self, kinds: &Kinds, part: PartNo, name: &str) -> Option<i64> {
        kinds.cached(part, name).or_else(|| self.0.get(&(part.0, name.to_owned())).copied())
    }

    /// Hands the numbers to everybody.
    pub(crate) fn publish(self, kinds: &Kinds) {
        for ((part, name), no) in self.0 {
            kinds.learn(PartNo(part), &name, no);
        }
    }
}

/// What a change is applied to.
pub(crate) struct Applier<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) kinds: &'a Kinds,
    pub(crate) new_kinds: &'a NewKinds,
}

impl Applier<'_> {
    /// Writes everything of a change but its log entries, and gives the edge after it. What some changes delete is
    /// overwritten in the file too: terms are blind, and whoever holds the index key could still try values on them.
    pub(crate) fn apply(&self, change: &Change, before: Edge, time_us: i64) -> Result<Edge, Failed> {
        if !change.overwrites() {
            return self.write(change, before, time_us);
        }
        self.conn.execute_batch("PRAGMA secure_delete = ON")?;
        let written = self.write(change, before, time_us);
        // Also after a change that failed: the next ones would pay for it.
        self.conn.execute_batch("PRAGMA secure_delete = OFF")?;
        written
    }

    fn write(&self, change: &Change, before: Edge, time_us: i64) -> Result<Edge, Failed> {
        let mut edge = Edge { time_us, ..before };
        let part = change.part.sql();
        for guard in &change.guards {
            self.check_guard(part, guard)?;
        }
        self.erase(change, time_us)?;
        self.keys(change)?;
        for document in &change.documents {
            edge.rid += 1;
            self.document(change.part, document, edge.rid, time_us)?;
        }
        if edge.rid == before.rid && !change.guards.is_empty() {
            return Err(CommitError::Malformed(GUARD_ALONE).into());
        }
        for one in &change.blobs {
            let rid = before.rid + 1 + i64::try_from(one.document).unwrap_or(i64::MAX - before.rid - 1);
            self.put_blob(part, rid, &one.blob)?;
        }
        let mut forget = self.conn.prepare_cached(sql::BLOB_FORGET.sqlite)?;
        for name in &change.forget_blobs {
            forget.execute((part, name.0))?;
        }
        let mut stamp = self.conn.prepare_cached(sql::GUARD_PUT.sqlite)?;
        for guard in &change.guards {
            stamp.execute((part, guard.term.0, edge.rid))?;
        }
        let mut meta = self.conn.prepare_cached(sql::META_PUT.sqlite)?;
        for (name, value) in &change.meta {
            meta.execute((part, name, value))?;
        }
        if let Some(checkpoint) = &change.checkpoint {
            edge = edge.with_checkpoint(checkpoint.size).ok_or(CommitError::Malformed(CHECKPOINT_SIZE))?;
            let seq = edge.checkpoint.0.cast_signed();
            let row = (part, seq, checkpoint.size.cast_signed(), &checkpoint.note);
            self.conn.prepare_cached(sql::CHECKPOINT_PUT.sqlite)?.execute(row)?;
        }
        Ok(edge)
    }

    /// A term counts as touched by a guard's stamp and by a document that was written under it.
    fn check_guard(&self, part: i64, guard: &Guard) -> Result<(), Failed> {
        for sql in [sql::GUARD_GET.sqlite, sql::TERM_LAST.sqlite] {
            let touched: Option<Rid> =
                self.conn.prepare_cached(sql)?.query_row((part, guard.term.0), |r| r.get(0)).optional()?;
            if let Some(touched) = touched.filter(|rid| *rid > guard.seen) {
                return Err(CommitError::Conflict { term: guard.term, touched }.into());
            }
        }
        Ok(())
    }

    /// Takes versions out, gives others other terms, and seals others anew.
    fn erase(&self, change: &Change, time_us: i64) -> Result<(), Failed> {
        let part = change.part.sql();
        for rid in change.reworked() {
            self.conn.prepare_cached(sql::REWORKED_PUT.sqlite)?.execute((part, time_us, rid))?;
        }
        for rid in &change.erase {
            self.conn.prepare_cached(sql::GUARD_DROP.sqlite)?.execute((part, rid))?;
            self.conn.prepare_cached(sql::TERM_DROP.sqlite)?.execute((part, rid))?;
            self.drop_blob(part, *rid)?;
            self.conn.prepare_cached(sql::DOCUMENT_DROP.sqlite)?.execute((part, rid))?;
        }
        for subject in &change.drop_subjects {
            self.conn.prepare_cached(sql::SUBJECT_DROP.sqlite)?.execute((part, subject.0.cast_signed()))?;
        }
        for one in &change.reterm {
            self.conn.prepare_cached(sql::TERM_DROP.sqlite)?.execute((part, one.rid))?;
            let mut put = self.conn.prepare_cached(sql::TERM_PUT_CURRENT.sqlite)?;
            for term in &one.terms {
                put.execute((part, term.0, one.rid, CURRENT))?;
            }
        }
        if change.drop_guards {
            self.conn.prepare_cached(sql::GUARDS_DROP.sqlite)?.execute([part])?;
        }
        for one in &change.reseal {
            let changed = self
                .conn
                .prepare_cached(sql::DOCUMENT_RESEAL.sqlite)?
                .execute((part, one.rid, &one.index, &one.body))?;
            if changed != 1 {
                return Err(CommitError::Malformed("a version to be sealed anew is not there").into());
            }
            self.drop_blob(part, one.rid)?;
            if let Some(blob) = &one.blob {
                self.put_blob(part, one.rid, blob)?;
            }
        }
        Ok(())
    }

    fn put_blob(&self, part: i64, rid: Rid, blob: &Blob) -> Result<(), Failed> {
        let row = (part, rid, blob.name.0, blob.size.cast_signed(), blob.hash.0);
        self.conn.prepare_cached(sql::BLOB_PUT.sqlite)?.execute(row)?;
        Ok(())
    }

    /// Remembers that the object has to go.
    fn drop_blob(&self, part: i64, rid: Rid) -> Result<(), Failed> {
        self.conn.prepare_cached(sql::BLOB_GONE.sqlite)?.execute((part, rid))?;
        self.conn.prepare_cached(sql::BLOB_DROP.sqlite)?.execute((part, rid))?;
        Ok(())
    }

    fn keys(&self, change: &Change) -> Result<(), Failed> {
        let part = change.part.sql();
        for gone in &change.drop_keys {
            let (bucket, subject) = (gone.subject.bucket(), gone.subject.0.cast_signed());
            if let Some(category) = gone.category {
                if !change.renews(gone) {
                    self.conn.prepare_cached(sql::TERM_DROP_CATEGORY.sqlite)?.execute((part, subject, category.0))?;
                }
                self.conn
                    .prepare_cached(sql::KEY_DROP_CATEGORY.sqlite)?
                    .execute((part, bucket, subject, category.0))?;
            } else {
                self.conn.prepare_cached(sql::TERM_DROP_SUBJECT.sqlite)?.execute((part, subject))?;
                self.conn.prepare_cached(sql::KEY_DROP_SUBJECT.sqlite)?.execute((part, bucket, subject))?;
            }
        }
        let mut put = self.conn.prepare_cached(sql::BUCKET_PUT.sqlite)?;
        for row in &change.buckets {
            put.execute((part, row.bucket, row.epoch, &row.wrapped))?;
        }
        let mut put = self.conn.prepare_cached(sql::SUBJECT_PUT.sqlite)?;
        for (id, no) in &change.subjects {
            if put.execute((part, id.0, no.0.cast_signed()))? == 0 {
                return Err(CommitError::SubjectTaken { id: *id }.into());
            }
        }
        let mut put = self.conn.prepare_cached(sql::KEY_PUT.sqlite)?;
        for key in &change.keys {
            let subject = key.subject.0.cast_signed();
            put.execute((part, key.subject.bucket(), subject, key.category.0, key.generation, &key.wrapped))?;
        }
        Ok(())
    }

    fn document(&self, part: PartNo, new: &DocumentWrite, rid: Rid, time_us: i64) -> Result<(), Failed> {
        let Some(kind) = self.new_kinds.number(self.kinds, part, &new.kind) else {
            return Err(CommitError::Malformed(NO_KIND).into());
        };
        let latest: Option<(Rid, i64)> = self
            .conn
            .prepare_cached(sql::LATEST.sqlite)?
            .query_row((part.sql(), kind, new.id.0), |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        let current = latest.map_or(0, |(_, version)| version.cast_unsigned());
        if current.checked_add(1) != Some(new.version) {
            return Err(CommitError::VersionMismatch { kind: new.kind.clone(), id: new.id, current }.into());
        }
        if let Some((old, _)) = latest {
            self.conn.prepare_cached(sql::DOCUMENT_SUPERSEDE.sqlite)?.execute((part.sql(), old, rid))?;
            self.conn.prepare_cached(sql::TERM_DROP.sqlite)?.execute((part.sql(), old))?;
        }
        let subject = new.subject.map(|s| s.0.cast_signed());
        self.conn.prepare_cached(sql::DOCUMENT_PUT.sqlite)?.execute(params![
            part.sql(),
            rid,
            kind,
            new.id.0,
            subject,
            new.category.0,
            new.version.cast_signed(),
            CURRENT,
            new.deleted,
            time_us,
            new.index,
            new.body
        ])?;
        let mut put = self.conn.prepare_cached(sql::TERM_PUT.sqlite)?;
        for term in &new.terms {
            put.execute((part.sql(), term.0, rid))?;
        }
        Ok(())
    }
}
