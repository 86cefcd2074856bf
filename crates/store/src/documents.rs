//! Reading versions with their columns: the history of a document, pages of a kind, sealed bodies.

use crate::{
    CURRENT, Category, IdTerm, IndexRow, PartNo, Rid, Store, StoreError, SubjectNo,
    conn::{Conn, Row, Value},
    kinds::Kinds,
    postgres::sql as set,
    sql::{self, Sql},
};

/// Turns stored columns into an [`IndexRow`].
pub(crate) struct RowReader<'a> {
    pub(crate) conn: Conn<'a>,
    pub(crate) kinds: &'a Kinds,
    pub(crate) part: PartNo,
}

impl RowReader<'_> {
    pub(crate) fn index_row(&self, row: &Row<'_>) -> Result<IndexRow, StoreError> {
        Ok(IndexRow {
            rid: row.int(0)?,
            kind: self.kinds.name(self.conn, self.part, row.int(1)?)?,
            id: IdTerm(row.array(2)?),
            subject: row.opt_int(3)?.map(|n| SubjectNo(n.cast_unsigned())),
            category: Category(row.small(4)?),
            version: row.unsigned(5)?,
            until: row.int(6)?,
            deleted: row.int(7)? != 0,
            time_us: row.int(8)?,
            index: row.bytes(9)?,
        })
    }

    /// Appends every row of a statement to `out`.
    pub(crate) fn rows(&self, sql: &Sql, values: &[Value<'_>], out: &mut Vec<IndexRow>) -> Result<(), StoreError> {
        self.conn.each(sql, values, |row| {
            out.push(self.index_row(row)?);
            Ok(())
        })
    }
}

impl Store {
    /// The rid given last in a part, 0 when it has no document: the state that a page or a guard is pinned to.
    pub fn head(&self, part: PartNo) -> Result<Rid, StoreError> {
        self.read(|conn| Ok(conn.first(&sql::HEAD, &[part.into()], |r| r.int(0))?.unwrap_or(0)))
    }

    /// Time of the last commit to a part, microseconds since 1970; 0 when there was none.
    pub fn last_us(&self, part: PartNo) -> Result<i64, StoreError> {
        self.read(|conn| Ok(conn.first(&sql::HEAD, &[part.into()], |r| r.int(1))?.unwrap_or(0)))
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
            let at = as_of.unwrap_or(CURRENT);
            let values = [part.into(), kind.into(), (&id.0).into(), at.into(), before.into(), sql_limit(limit).into()];
            reader.rows(&sql::HISTORY, &values, &mut out)?;
            Ok(out)
        })
    }

    /// Every version of every document in commit order: a page of those after `after`.
    pub fn versions(&self, part: PartNo, after: Rid, limit: usize) -> Result<Vec<IndexRow>, StoreError> {
        self.snapshot(|conn| {
            let reader = RowReader { conn, kinds: self.kinds(), part };
            let mut out = Vec::new();
            reader.rows(&sql::RID_PAGE, &[part.into(), after.into(), sql_limit(limit).into()], &mut out)?;
            Ok(out)
        })
    }

    /// Sealed bodies of versions, in the order asked; a rid that is not there is an error, since rids come from rows.
    pub fn bodies(&self, part: PartNo, rids: &[Rid]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|conn| {
            let mut out = Vec::with_capacity(rids.len());
            conn.of_rids(&sql::BODY, set::BODIES, part, rids, |row| {
                out.push(row.ok_or(StoreError::Damaged("document"))?.bytes(1)?);
                Ok(())
            })?;
            Ok(out)
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
            let values = [part.into(), kind.into(), CURRENT.into(), after.into(), at.into(), sql_limit(limit).into()];
            reader.rows(&sql::KIND_PAGE, &values, &mut out)?;
            if as_of.is_some() {
                reader.rows(&sql::KIND_PAGE_SUPERSEDED, &values, &mut out)?;
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
        f: impl FnOnce(Conn<'_>, i64) -> Result<T, StoreError>,
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
