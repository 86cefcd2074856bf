//! Rows of a group as columns: each statement takes arrays.

use std::{error::Error, fmt};

use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use super::link::Step;

/// One value or one column of a set-based statement.
pub(super) enum Column<'g> {
    Int(i64),
    Ints(Vec<i64>),
    OptInts(Vec<Option<i64>>),
    Byte(&'g [u8]),
    Fixed(Vec<u8>),
    Bytes(Vec<&'g [u8]>),
    Owned(Vec<Vec<u8>>),
    Text(&'g str),
    Texts(Vec<&'g str>),
}

impl Column<'_> {
    const fn ty(&self) -> Type {
        match self {
            Self::Int(_) => Type::INT8,
            Self::Ints(_) | Self::OptInts(_) => Type::INT8_ARRAY,
            Self::Byte(_) | Self::Fixed(_) => Type::BYTEA,
            Self::Bytes(_) | Self::Owned(_) => Type::BYTEA_ARRAY,
            Self::Text(_) => Type::TEXT,
            Self::Texts(_) => Type::TEXT_ARRAY,
        }
    }
}

impl ToSql for Column<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Int(n) => n.to_sql(ty, out),
            Self::Ints(column) => column.to_sql(ty, out),
            Self::OptInts(column) => column.to_sql(ty, out),
            Self::Byte(bytes) => bytes.to_sql(ty, out),
            Self::Fixed(bytes) => bytes.to_sql(ty, out),
            Self::Bytes(column) => column.to_sql(ty, out),
            Self::Owned(column) => column.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Texts(column) => column.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT8_ARRAY | Type::BYTEA | Type::BYTEA_ARRAY | Type::TEXT | Type::TEXT_ARRAY)
    }

    to_sql_checked!();
}

/// The driver may be told to log its parameters.
impl fmt::Debug for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A statement with all that it is given.
pub(super) struct Put<'g> {
    text: &'static str,
    columns: Vec<Column<'g>>,
}

impl<'g> Put<'g> {
    pub(super) fn new(text: &'static str, columns: impl Into<Vec<Column<'g>>>) -> Self {
        Self { text, columns: columns.into() }
    }

    pub(super) fn step(&self) -> Step<'_> {
        let params = self.columns.iter().map(|column| (column as &(dyn ToSql + Sync), column.ty()));
        Step::Ask(self.text, params.collect())
    }
}
