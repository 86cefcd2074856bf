//! Finding versions by their rids alone: what a caller has opened already need not be read again.

use rusqlite::{Connection, OptionalExtension, Params};

use crate::{
    CURRENT, IdTerm, IndexRow, PartNo, Rid, Store, StoreError, SubjectNo,
    documents::{RowReader, sql_limit},
    sql,
};

impl Store {
    /// The newest version of a document (it may be a tombstone), `None` if there never was one.
    pub fn current_rid(&self, part: PartNo, kind: &str, id: &IdTerm) -> Result<Option<Rid>, StoreError> {
        self.of_kind(part, kind, |conn, kind| {
            let mut statement = conn.prepare_cached(sql::LATEST)?;
            Ok(statement.query_row((part.sql(), kind, id.0), |r| r.get(0)).optional()?)
        })
    }

    /// [`Store::current_rid`] of many documents, in the order asked, in one look at the store.
    pub fn current_rids(&self, part: PartNo, names: &[(&str, IdTerm)]) -> Result<Vec<Option<Rid>>, StoreError> {
        self.snapshot(|conn| {
            let mut statement = conn.prepare_cached(sql::LATEST)?;
            let mut one = |(kind, id): &(&str, IdTerm)| match self.kinds().number(conn, part, kind)? {
                Some(kind) => Ok(statement.query_row((part.sql(), kind, id.0), |r| r.get(0)).optional()?),
                None => Ok(None),
            };
            names.iter().map(&mut one).collect()
        })
    }

    /// One version of a document.
    pub fn version_rid(&self, part: PartNo, kind: &str, id: &IdTerm, no: u64) -> Result<Option<Rid>, StoreError> {
        self.of_kind(part, kind, |conn, kind| {
            let mut statement = conn.prepare_cached(sql::VERSION_RID)?;
            Ok(statement.query_row((part.sql(), kind, id.0, no.cast_signed()), |r| r.get(0)).optional()?)
        })
    }

    /// Current versions of one person's documents, newest first, tombstones among them. `kinds` empty means all kinds;
    /// `as_of` gives the state after that rid.
    pub fn subject_rids(
        &self,
        part: PartNo,
        subject: SubjectNo,
        kinds: &[&str],
        as_of: Option<Rid>,
    ) -> Result<Vec<Rid>, StoreError> {
        let no = subject.0.cast_signed();
        let at = as_of.unwrap_or(CURRENT);
        let mut out = Vec::new();
        self.snapshot(|conn| {
            if kinds.is_empty() {
                extend(conn, sql::SUBJECT_RIDS, (part.sql(), no, CURRENT, at), &mut out)?;
                if as_of.is_some() {
                    extend(conn, sql::SUBJECT_RIDS_SUPERSEDED, (part.sql(), no, CURRENT, at), &mut out)?;
                }
            }
            for kind in kinds {
                let Some(kind) = self.kinds().number(conn, part, kind)? else {
                    continue;
                };
                extend(conn, sql::SUBJECT_KIND_RIDS, (part.sql(), no, CURRENT, at, kind), &mut out)?;
                if as_of.is_some() {
                    extend(conn, sql::SUBJECT_KIND_RIDS_SUPERSEDED, (part.sql(), no, CURRENT, at, kind), &mut out)?;
                }
            }
            Ok(())
        })?;
        out.sort_unstable_by_key(|rid| std::cmp::Reverse(*rid));
        Ok(out)
    }

    /// Every version that is sealed under one person's keys, superseded ones and tombstones too, in commit order.
    pub fn subject_versions(&self, part: PartNo, subject: SubjectNo) -> Result<Vec<Rid>, StoreError> {
        let mut out = Vec::new();
        self.read(|conn| extend(conn, sql::SUBJECT_VERSIONS, (part.sql(), subject.0.cast_signed()), &mut out))?;
        out.sort_unstable();
        Ok(out)
    }

    /// Documents that are found under some term, in commit order: a page of those after `after`, up to `last`.
    pub fn found_rids(&self, part: PartNo, after: Rid, last: Rid, limit: usize) -> Result<Vec<Rid>, StoreError> {
        let mut out = Vec::new();
        self.read(|conn| extend(conn, sql::TERM_HOLDERS, (part.sql(), after, last, sql_limit(limit)), &mut out))?;
        Ok(out)
    }

    /// Current versions of the documents of a kind in commit order, tombstones among them.
    pub fn kind_rids(&self, part: PartNo, kind: &str, limit: usize) -> Result<Vec<Rid>, StoreError> {
        self.of_kind(part, kind, |conn, kind| {
            let mut out = Vec::new();
            extend(conn, sql::KIND_RIDS, (part.sql(), kind, CURRENT, sql_limit(limit)), &mut out)?;
            Ok(out)
        })
    }

    /// Versions by their rids, in the order asked; a rid that is not there is an error, since rids come from here.
    pub fn rows(&self, part: PartNo, rids: &[Rid]) -> Result<Vec<IndexRow>, StoreError> {
        self.read(|conn| {
            let reader = RowReader { conn, kinds: self.kinds(), part };
            let mut out = Vec::with_capacity(rids.len());
            for rid in rids {
                reader.rows(conn.prepare_cached(sql::BY_RID)?, (part.sql(), rid), &mut out)?;
            }
            if out.len() == rids.len() { Ok(out) } else { Err(StoreError::Damaged("document")) }
        })
    }
}

fn extend(conn: &Connection, sql: &str, params: impl Params, out: &mut Vec<Rid>) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        out.push(row.get(0)?);
    }
    Ok(())
}
