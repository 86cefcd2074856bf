//! Reading documents by name, by person, by kind, in commit order.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row};

use crate::{
    CURRENT, Category, Document, IdTerm, IndexRow, PartNo, Rid, Store, StoreError, SubjectNo, kinds::Kinds, sql,
};

/// Turns stored columns into an [`IndexRow`].
pub(crate) struct RowReader<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) kinds: &'a Kinds,
    pub(crate) part: PartNo,
}

impl RowReader<'_> {
    pub(crate) fn index_row(&self, row: &Row<'_>) -> Result<IndexRow, StoreError> {
        Ok(IndexRow {
            rid: row.get(0)?,
            kind: self.kinds.name(self.conn, self.part, row.get(1)?)?,
            id: IdTerm(row.get(2)?),
            subject: row.get::<_, Option<i64>>(3)?.map(|n| SubjectNo(n.cast_unsigned())),
            category: Category(row.get(4)?),
            version: row.get::<_, i64>(5)?.cast_unsigned(),
            until: row.get(6)?,
            deleted: row.get(7)?,
            time_us: row.get(8)?,
            index: row.get(9)?,
        })
    }

    fn document(&self, row: &Row<'_>) -> Result<Document, StoreError> {
        Ok(Document { row: self.index_row(row)?, body: row.get(10)? })
    }

    /// Appends every row of a statement to `out`.
    pub(crate) fn rows(
        &self,
        mut statement: CachedStatement<'_>,
        params: impl Params,
        out: &mut Vec<IndexRow>,
    ) -> Result<(), StoreError> {
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            out.push(self.index_row(row)?);
        }
        Ok(())
    }
}

impl Store {
    /// The rid given last in a part, 0 when it has no document: the state that a page or a guard is pinned to.
    pub fn head(&self, part: PartNo) -> Result<Rid, StoreError> {
        self.read(|conn| {
            let rid = conn.prepare_cached(sql::HEAD)?.query_row([part.sql()], |r| r.get(0)).optional()?;
            Ok(rid.unwrap_or(0))
        })
    }

    /// The newest version of a document (it may be a tombstone), `None` if there never was one.
    pub fn current(&self, part: PartNo, kind: &str, id: &IdTerm) -> Result<Option<Document>, StoreError> {
        self.one(part, kind, |reader, kind| reader.one_document(sql::DOCUMENT_CURRENT, (part.sql(), kind, id.0)))
    }

    /// One version of a document.
    pub fn version(&self, part: PartNo, kind: &str, id: &IdTerm, no: u64) -> Result<Option<Document>, StoreError> {
        self.one(part, kind, |reader, kind| {
            reader.one_document(sql::DOCUMENT_VERSION, (part.sql(), kind, id.0, no.cast_signed()))
        })
    }

    /// Versions of a document, newest first: those below version `before` that were there at `as_of`.
    pub fn history(
        &self,
        part: PartNo,
        kind: &str,
        id: &IdTerm,
        as_of: Option<Rid>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<IndexRow>, StoreError> {
        let before = before.map_or(i64::MAX, u64::cast_signed);
        let found = self.one(part, kind, |reader, kind| {
            let mut out = Vec::new();
            let params = (part.sql(), kind, id.0, as_of.unwrap_or(CURRENT), before, sql_limit(limit));
            reader.rows(reader.conn.prepare_cached(sql::HISTORY)?, params, &mut out)?;
            Ok(Some(out))
        })?;
        Ok(found.unwrap_or_default())
    }

    /// One version by its rid.
    pub fn by_rid(&self, part: PartNo, rid: Rid) -> Result<Option<IndexRow>, StoreError> {
        self.read(|conn| {
            let reader = RowReader { conn, kinds: self.kinds(), part };
            let mut out = Vec::with_capacity(1);
            reader.rows(conn.prepare_cached(sql::BY_RID)?, (part.sql(), rid), &mut out)?;
            Ok(out.pop())
        })
    }

    /// Sealed bodies of versions, in the order asked; a rid that is not there is an error, since rids come from rows.
    pub fn bodies(&self, part: PartNo, rids: &[Rid]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql::BODY)?;
            let one = |rid: &Rid| {
                let body = statement.query_row((part.sql(), *rid), |r| r.get(0)).optional()?;
                body.ok_or(StoreError::Damaged("document"))
            };
            rids.iter().map(one).collect()
        })
    }

    /// Index rows of one person, newest first, tombstones left out. `kinds` empty means all kinds; `as_of` gives the
    /// state after that rid.
    pub fn by_subject(
        &self,
        part: PartNo,
        subject: SubjectNo,
        kinds: &[&str],
        as_of: Option<Rid>,
    ) -> Result<Vec<IndexRow>, StoreError> {
        let mut out = Vec::new();
        self.scan_subject(part, subject, kinds, as_of, |row| out.push(row))?;
        out.sort_unstable_by_key(|row| std::cmp::Reverse(row.rid));
        Ok(out)
    }

    /// The same, one row at a time and in no promised order, for persons with very many documents.
    pub fn scan_subject(
        &self,
        part: PartNo,
        subject: SubjectNo,
        kinds: &[&str],
        as_of: Option<Rid>,
        mut visit: impl FnMut(IndexRow),
    ) -> Result<(), StoreError> {
        let no = subject.0.cast_signed();
        let at = as_of.unwrap_or(CURRENT);
        self.snapshot(|conn| {
            let reader = RowReader { conn, kinds: self.kinds(), part };
            if kinds.is_empty() {
                reader.each(sql::SUBJECT_ALL, (part.sql(), no, CURRENT, at), &mut visit)?;
                if as_of.is_some() {
                    reader.each(sql::SUBJECT_ALL_SUPERSEDED, (part.sql(), no, CURRENT, at), &mut visit)?;
                }
            }
            for kind in kinds {
                let Some(kind) = self.kinds().number(conn, part, kind)? else {
                    continue;
                };
                reader.each(sql::SUBJECT_KIND, (part.sql(), no, CURRENT, at, kind), &mut visit)?;
                if as_of.is_some() {
                    reader.each(sql::SUBJECT_KIND_SUPERSEDED, (part.sql(), no, CURRENT, at, kind), &mut visit)?;
                }
            }
            Ok(())
        })
    }

    /// How many current documents of a kind a person has.
    pub fn count_by_subject(&self, part: PartNo, subject: SubjectNo, kind: &str) -> Result<u64, StoreError> {
        self.count(part, kind, |conn, kind| {
            let params = (part.sql(), subject.0.cast_signed(), CURRENT, kind);
            Ok(conn.prepare_cached(sql::SUBJECT_COUNT)?.query_row(params, |r| r.get(0))?)
        })
    }

    /// How many current documents of a kind a part has.
    pub fn count_by_kind(&self, part: PartNo, kind: &str) -> Result<u64, StoreError> {
        self.count(part, kind, |conn, kind| {
            Ok(conn.prepare_cached(sql::KIND_COUNT)?.query_row((part.sql(), kind, CURRENT), |r| r.get(0))?)
        })
    }

    /// Current documents of a kind in commit order, tombstones left out: a page of those after `after`. With `as_of`
    /// the pages show the state after that rid, whatever is written meanwhile.
    pub fn by_kind(
        &self,
        part: PartNo,
        kind: &str,
        after: Rid,
        limit: usize,
        as_of: Option<Rid>,
    ) -> Result<Vec<IndexRow>, StoreError> {
        let at = as_of.unwrap_or(CURRENT);
        self.snapshot(|conn| {
            let mut out = Vec::new();
            let Some(kind) = self.kinds().number(conn, part, kind)? else {
                return Ok(out);
            };
            let reader = RowReader { conn, kinds: self.kinds(), part };
            let params = (part.sql(), kind, CURRENT, after, at, sql_limit(limit));
            reader.rows(conn.prepare_cached(sql::KIND_PAGE)?, params, &mut out)?;
            if as_of.is_some() {
                reader.rows(conn.prepare_cached(sql::KIND_PAGE_SUPERSEDED)?, params, &mut out)?;
                out.sort_unstable_by_key(|row| row.rid);
                out.truncate(limit);
            }
            Ok(out)
        })
    }

    /// All versions of all kinds in commit order, tombstones included: those after `after`, up to `as_of`.
    pub fn changes(
        &self,
        part: PartNo,
        after: Rid,
        as_of: Option<Rid>,
        limit: usize,
    ) -> Result<Vec<IndexRow>, StoreError> {
        self.read(|conn| {
            let reader = RowReader { conn, kinds: self.kinds(), part };
            let mut out = Vec::new();
            let params = (part.sql(), after, as_of.unwrap_or(CURRENT), sql_limit(limit));
            reader.rows(conn.prepare_cached(sql::CHANGES)?, params, &mut out)?;
            Ok(out)
        })
    }

    /// All versions of all kinds, newest first: those below `before`.
    pub fn changes_back(&self, part: PartNo, before: Rid, limit: usize) -> Result<Vec<IndexRow>, StoreError> {
        self.read(|conn| {
            let reader = RowReader { conn, kinds: self.kinds(), part };
            let mut out = Vec::new();
            let params = (part.sql(), before, sql_limit(limit));
            reader.rows(conn.prepare_cached(sql::CHANGES_BACK)?, params, &mut out)?;
            Ok(out)
        })
    }

    /// Runs a read on a kind; a kind that the part does not have gives `None`.
    fn one<T>(
        &self,
        part: PartNo,
        kind: &str,
        f: impl FnOnce(&RowReader<'_>, i64) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.read(|conn| {
            let Some(kind) = self.kinds().number(conn, part, kind)? else {
                return Ok(None);
            };
            f(&RowReader { conn, kinds: self.kinds(), part }, kind)
        })
    }

    fn count(
        &self,
        part: PartNo,
        kind: &str,
        f: impl FnOnce(&Connection, i64) -> Result<i64, StoreError>,
    ) -> Result<u64, StoreError> {
        let n = self.one(part, kind, |reader, kind| f(reader.conn, kind).map(Some))?;
        Ok(n.unwrap_or(0).cast_unsigned())
    }
}

impl RowReader<'_> {
    fn one_document(&self, sql: &str, params: impl Params) -> Result<Option<Document>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(|row| self.document(row)).transpose()
    }

    fn each(&self, sql: &str, params: impl Params, visit: &mut impl FnMut(IndexRow)) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            visit(self.index_row(row)?);
        }
        Ok(())
    }
}

/// A limit as SQL takes it; SQL would read a negative one as "no limit".
pub(crate) fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
