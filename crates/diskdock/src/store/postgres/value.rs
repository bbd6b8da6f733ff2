//! A value of a statement.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};

/// A value of a statement: the store's columns are text or numbers.
#[derive(Clone, Debug)]
pub(super) enum SqlValue {
    Text(String),
    Integer(i64),
    Texts(Vec<String>),
    Integers(Vec<i64>),
}

impl From<&str> for SqlValue {
    /// PostgreSQL keeps no NUL. Texts of clients that could have one lie in JSON, which escapes
    /// it; in a column that only narrows a search, another sign does as well.
    fn from(text: &str) -> SqlValue {
        SqlValue::Text(kept(text))
    }
}

fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl FromIterator<i64> for SqlValue {
    fn from_iter<I: IntoIterator<Item = i64>>(numbers: I) -> SqlValue {
        SqlValue::Integers(numbers.into_iter().collect())
    }
}

impl<'t> FromIterator<&'t str> for SqlValue {
    fn from_iter<I: IntoIterator<Item = &'t str>>(texts: I) -> SqlValue {
        SqlValue::Texts(texts.into_iter().map(kept).collect())
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
            SqlValue::Texts(texts) => texts.to_sql(of, out),
            SqlValue::Integers(numbers) => numbers.to_sql(of, out),
        }
    }

    accepts!(TEXT, INT8, TEXT_ARRAY, INT8_ARRAY);

    to_sql_checked!();
}

/// Values of a statement, each of its own type.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::postgres::value::SqlValue::from($value)),*] };
}

pub(super) use values;
