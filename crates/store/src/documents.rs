//! Reading versions with their columns: the history of a document, pages of a kind, sealed bodies.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row};

use crate::{CURRENT, Category, IdTerm, IndexRow, PartNo, Rid, Store, StoreError, SubjectNo, kinds::Kinds, sql};

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
        self.of_kind(part, kind, |conn, kind| {
            let reader = RowReader { conn, kinds: self.kinds(), part };
            let mut out = Vec::new();
            let params = (part.sql(), kind, id.0, as_of.unwrap_or(CURRENT), before, sql_limit(limit));
            reader.rows(conn.prepare_cached(sql::HISTORY)?, params, &mut out)?;
            Ok(out)
        })
    }

    /// Every version of every document in commit order: a page of those after `after`.
    pub fn versions(&self, part: PartNo, after: Rid, limit: usize) -> Result<Vec<IndexRow>, StoreError> {
        self.snapshot(|conn| {
            let reader = RowReader { conn, kinds: self.kinds(), part };
            let mut out = Vec::new();
            reader.rows(conn.prepare_cached(sql::RID_PAGE)?, (part.sql(), after, sql_limit(limit)), &mut out)?;
            Ok(out)
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

    /// Runs a read on a kind; a kind that the part does not have gives the empty answer.
    pub(crate) fn of_kind<T: Default>(
        &self,
        part: PartNo,
        kind: &str,
        f: impl FnOnce(&Connection, i64) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read(|conn| match self.kinds().number(conn, part, kind)? {
            Some(kind) => f(conn, kind),
            None => Ok(T::default()),
        })
    }
}

/// A limit as SQL takes it; SQL would read a negative one as "no limit".
pub(crate) fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
