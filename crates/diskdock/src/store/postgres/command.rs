//! A statement that is sent together with others, and what has to come of it.

use super::super::StoreError;
use super::value::SqlValue;

/// The SQLSTATE of a division by zero, which a guard ends in that does not hold.
pub(super) const GUARD_FAILS_WITH: &str = "22012";

/// A statement that is sent together with others.
pub(super) struct SqlCommand {
    sql: String,
    /// None of one that is sent as it is, such as the begin of a transaction.
    values: Option<Vec<SqlValue>>,
    outcome: SqlOutcome,
}

/// The outcome that a statement has to have.
enum SqlOutcome {
    Any,
    /// A row is changed, or the transaction fails in the database itself, so that a commit that was
    /// sent along undoes it: for this reason.
    Changes(StoreError),
    /// The number of the recorded call is in its row.
    NumbersCall,
}

impl SqlCommand {
    /// A statement without values, as it is.
    pub(super) fn plain(sql: &str) -> SqlCommand {
        SqlCommand { sql: sql.to_owned(), values: None, outcome: SqlOutcome::Any }
    }

    /// A statement that is prepared.
    pub(super) fn new(sql: impl Into<String>, values: &[SqlValue]) -> SqlCommand {
        SqlCommand { sql: sql.into(), values: Some(values.to_vec()), outcome: SqlOutcome::Any }
    }

    /// A statement that has to change a row; otherwise the transaction fails with this error.
    pub(super) fn guarded(sql: &str, values: &[SqlValue], or: StoreError) -> SqlCommand {
        let sql = format!("WITH changed AS ({sql} RETURNING 1) SELECT 1 / count(*) FROM changed");
        SqlCommand { outcome: SqlOutcome::Changes(or), ..SqlCommand::new(sql, values) }
    }

    /// A statement that records a call, and gives its number.
    pub(super) fn numbering_call(sql: &str, values: &[SqlValue]) -> SqlCommand {
        SqlCommand { outcome: SqlOutcome::NumbersCall, ..SqlCommand::new(sql, values) }
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn values(&self) -> Option<&[SqlValue]> {
        self.values.as_deref()
    }

    /// The meaning of a division by zero, if it is a guard.
    pub(super) fn guard(&self) -> Option<&StoreError> {
        match &self.outcome {
            SqlOutcome::Changes(or) => Some(or),
            SqlOutcome::Any | SqlOutcome::NumbersCall => None,
        }
    }

    pub(super) fn numbers_call(&self) -> bool {
        matches!(self.outcome, SqlOutcome::NumbersCall)
    }
}
