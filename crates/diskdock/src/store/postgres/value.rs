//! A value of a statement.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};

/// A value of a statement: the store's columns are text or numbers.
#[derive(Clone, Debug)]
pub(super) enum SqlValue {
    Text(String),
    Integer(i64),
}

impl From<&str> for SqlValue {
    /// PostgreSQL keeps no NUL. Texts of clients that could have one lie in JSON, which escapes
    /// it; in a column that only narrows a search, another sign does as well.
    fn from(text: &str) -> SqlValue {
        SqlValue::Text(text.replace('\0', "\u{fffd}"))
    }
}

impl From<String> for SqlValue {
    fn from(text: String) -> SqlValue {
        SqlValue::from(text.as_str())
    }
}

impl From<i64> for SqlValue {
    fn from(number: i64) -> SqlValue {
        SqlValue::Integer(number)
    }
}

impl ToSql for SqlValue {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            SqlValue::Text(text) => text.to_sql(of, out),
            SqlValue::Integer(number) => number.to_sql(of, out),
        }
    }

    accepts!(TEXT, INT8);

    to_sql_checked!();
}

/// Values of a statement, each of its own type.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::postgres::value::SqlValue::from($value)),*] };
}

pub(super) use values;
