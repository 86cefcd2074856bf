//! One way to read from either engine: a statement of `sql.rs`, its values, and what is done with each row.

use rusqlite::{CachedStatement, OptionalExtension, params_from_iter, types::ToSqlOutput, types::ValueRef};

use crate::{PartNo, Rid, StoreError, postgres, sql::Sql};

/// A connection that is lent for a call.
#[derive(Clone, Copy)]
pub(crate) enum Conn<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a postgres::Lent),
}

/// A value that a statement is given.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<PartNo> for Value<'_> {
    fn from(part: PartNo) -> Self {
        Self::Int(part.sql())
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Int(n) => ValueRef::Integer(n),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// A row as it comes, by column.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get::<_, postgres::Int>(column)?.0),
        }
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get::<_, Option<postgres::Int>>(column)?.map(|n| n.0)),
        }
    }

    /// A number of a small type.
    pub(crate) fn small<T: TryFrom<i64>>(&self, column: usize) -> Result<T, StoreError> {
        T::try_from(self.int(column)?).map_err(|_| StoreError::Damaged("a number"))
    }

    /// A number that is kept as its two's complement.
    pub(crate) fn unsigned(&self, column: usize) -> Result<u64, StoreError> {
        self.int(column).map(i64::cast_unsigned)
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub(crate) fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => {
                row.try_get::<_, &[u8]>(column)?.try_into().map_err(|_| StoreError::Damaged("bytes of a fixed length"))
            }
        }
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// The number as it is stored, if it is one: for a reader who trusts nothing.
    pub(crate) fn found_int(&self, column: usize) -> Option<i64> {
        match self {
            Self::Sqlite(row) => match row.get_ref(column) {
                Ok(ValueRef::Integer(n)) => Some(n),
                _ => None,
            },
            Self::Postgres(row) => row.try_get::<_, postgres::Int>(column).ok().map(|n| n.0),
        }
    }

    /// The bytes as they are stored, if they are bytes.
    pub(crate) fn found_bytes(&self, column: usize) -> Option<&[u8]> {
        match self {
            Self::Sqlite(row) => match row.get_ref(column) {
                Ok(ValueRef::Blob(bytes)) => Some(bytes),
                _ => None,
            },
            Self::Postgres(row) => row.try_get(column).ok(),
        }
    }

    /// The text as it is stored, if it is text; on SQLite it need not be UTF-8.
    pub(crate) fn found_text(&self, column: usize) -> Option<&[u8]> {
        match self {
            Self::Sqlite(row) => match row.get_ref(column) {
                Ok(ValueRef::Text(text)) => Some(text),
                _ => None,
            },
            Self::Postgres(row) => row.try_get::<_, &str>(column).ok().map(str::as_bytes),
        }
    }

    pub(crate) fn is_null(&self, column: usize) -> bool {
        match self {
            Self::Sqlite(row) => matches!(row.get_ref(column), Ok(ValueRef::Null)),
            Self::Postgres(row) => matches!(row.try_get::<_, Option<postgres::Int>>(column), Ok(None)),
        }
    }
}

impl Conn<'_> {
    /// The first row of a statement.
    pub(crate) fn first<T>(
        self,
        sql: &Sql,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self {
            Self::Sqlite(conn) => first_of(&mut conn.prepare_cached(sql.sqlite)?, values, read),
            Self::Postgres(lent) => lent.rows(sql, values)?.first().map(|row| read(&Row::Postgres(row))).transpose(),
        }
    }

    /// Every row of a statement.
    pub(crate) fn each(
        self,
        sql: &Sql,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(sql.sqlite)?;
                let mut rows = statement.query(params_from_iter(values))?;
                while let Some(row) = rows.next()? {
                    read(&Row::Sqlite(row))?;
                }
                Ok(())
            }
            Self::Postgres(lent) => lent.rows(sql, values)?.iter().try_for_each(|row| read(&Row::Postgres(row))),
        }
    }

    /// What is read from every row of a statement.
    pub(crate) fn all<T>(
        self,
        sql: &Sql,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut out = Vec::new();
        self.each(sql, values, |row| {
            out.push(read(row)?);
            Ok(())
        })?;
        Ok(out)
    }

    /// The first row of a statement for each of many sets of values, in order: one after the other on SQLite, sent
    /// together to PostgreSQL.
    pub(crate) fn firsts<const N: usize>(
        self,
        sql: &Sql,
        many: &[[Value<'_>; N]],
        mut read: impl FnMut(Option<&Row<'_>>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(sql.sqlite)?;
                many.iter().try_for_each(|values| {
                    let mut rows = statement.query(params_from_iter(values))?;
                    read(rows.next()?.map(Row::Sqlite).as_ref())
                })
            }
            Self::Postgres(lent) => lent.firsts(sql, many, |row| read(row.map(Row::Postgres).as_ref())),
        }
    }
}

impl Conn<'_> {
    /// The row of each rid, in the order asked: one look-up after the other on SQLite, one question to PostgreSQL, which is
    /// `set`. Both give the rid first.
    pub(crate) fn of_rids(
        self,
        sql: &Sql,
        set: &'static str,
        part: PartNo,
        rids: &[Rid],
        mut read: impl FnMut(Option<&Row<'_>>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => {
                let many: Vec<_> = rids.iter().map(|rid| [part.into(), (*rid).into()]).collect();
                self.firsts(sql, &many, read)
            }
            Self::Postgres(lent) => lent.of_rids(set, part, rids, |row| read(row.map(Row::Postgres).as_ref())),
        }
    }
}

fn first_of<T>(
    statement: &mut CachedStatement<'_>,
    values: &[Value<'_>],
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let found = statement.query_row(params_from_iter(values), |row| Ok(read(&Row::Sqlite(row)))).optional()?;
    found.transpose()
}
