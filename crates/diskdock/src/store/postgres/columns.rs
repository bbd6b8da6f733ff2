//! The columns by which lists are narrowed down, where servers of several versions write.
//!
//! A server of the version before does not know the columns that a kind has got since, and leaves
//! them as they were. So each row says in which revision how many of its columns were filled. A
//! trigger, which costs the others nothing, notes the rows of which that is not true; servers that
//! know all columns fill them at their start, and regularly.

use domain::entity::EntityKind;

use super::super::{EntityType, KINDS, StoreError};
use super::command::SqlCommand;
use super::session::Session;
use super::value::{SqlValue, values};

/// The column that says in which revision how many columns were filled.
pub(super) const FILLED: &str = "filled";
/// More than a kind has columns.
const COLUMNS: i64 = 1_000;
/// Rows that are filled in one transaction.
const FILLED_AT_ONCE: i64 = 500;
/// How often a page is begun again at which another server was faster.
const ATTEMPTS: u32 = 100;

fn count(kind: &EntityKind) -> i64 {
    i64::try_from(kind.columns.len()).unwrap_or(COLUMNS)
}

/// The mark of a row of which all columns are filled in this revision; none where there are none.
pub(super) fn filled(kind: &EntityKind, revision: i64) -> Option<i64> {
    (!kind.columns.is_empty()).then(|| revision.saturating_mul(COLUMNS).saturating_add(count(kind)))
}

/// Has all rows of a kind filled that has got columns: those there are, and those that a server
/// writes which does not know them.
pub(super) fn are_new(session: &Session, kind: &EntityKind) -> Result<(), StoreError> {
    let (table, many) = (kind.plural, count(kind));
    session.batch(&format!(
        "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {FILLED} bigint NOT NULL DEFAULT 0; \
         DROP TRIGGER IF EXISTS {table}_columns ON {table}; \
         CREATE TRIGGER {table}_columns AFTER INSERT OR UPDATE ON {table} FOR EACH ROW \
         WHEN (NEW.{FILLED} <> NEW.revision * {COLUMNS} + {many}) \
         EXECUTE FUNCTION note_stale_columns('{table}', '{many}')"
    ))?;
    let sql = "INSERT INTO column_fills (kind, columns, filled_to) VALUES ($1, $2, '') \
               ON CONFLICT (kind) DO UPDATE SET columns = excluded.columns, filled_to = ''";
    session.execute(sql, values![table, many]).map(drop)
}

/// Fills what is to be filled: a page at a time, so that no other write waits for long.
pub(super) fn fill(session: &Session) -> Result<(), StoreError> {
    let sql =
        "SELECT kind, columns FROM column_fills UNION SELECT kind, columns FROM stale_columns";
    let found = session.query(sql, &[])?;
    let found: Vec<(&str, i64)> = found.iter().map(|row| (row.get(0), row.get(1))).collect();
    let known = |of: &&&EntityType| found.contains(&(of.kind.plural, count(&of.kind)));
    for of in KINDS.iter().filter(known) {
        while page(session, || rows_of_all(session, of))? {}
        while page(session, || noted_rows(session, of))? {}
    }
    Ok(())
}

/// A transaction that fills some rows; again, if another server was faster.
fn page(
    session: &Session,
    work: impl Fn() -> Result<bool, StoreError>,
) -> Result<bool, StoreError> {
    let mut done = Err(StoreError::Conflict);
    for _ in 0..ATTEMPTS {
        session.begin("BEGIN ISOLATION LEVEL READ COMMITTED")?;
        done = work();
        session.batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        if !matches!(done, Err(StoreError::Conflict)) {
            break;
        }
    }
    done
}

/// Fills the next rows of a kind of which all are to be filled; false if there are no more.
fn rows_of_all(session: &Session, of: &EntityType) -> Result<bool, StoreError> {
    let (table, many) = (of.kind.plural, count(&of.kind));
    let sql = "SELECT filled_to FROM column_fills WHERE kind = $1 AND columns = $2 FOR UPDATE";
    let Some(row) = session.one(sql, values![table, many])? else { return Ok(false) };
    let sql = format!("SELECT id FROM {table} WHERE id > $1 ORDER BY id LIMIT $2");
    let ids = ids(session, &sql, values![row.get::<_, &str>(0), FILLED_AT_ONCE])?;
    let Some(last) = ids.last() else {
        session.execute("DELETE FROM column_fills WHERE kind = $1", values![table])?;
        return Ok(false);
    };
    fill_rows(session, of, &ids)?;
    let sql = "UPDATE column_fills SET filled_to = $2 WHERE kind = $1";
    session.execute(sql, values![table, last.as_str()])?;
    Ok(true)
}

/// Fills rows that were noted; false if there are no more. A row is locked before its note, as who
/// makes the note has them.
fn noted_rows(session: &Session, of: &EntityType) -> Result<bool, StoreError> {
    let (table, many) = (of.kind.plural, count(&of.kind));
    let sql = "SELECT id FROM stale_columns WHERE kind = $1 AND columns = $2 ORDER BY id LIMIT $3";
    let ids = ids(session, sql, values![table, many, FILLED_AT_ONCE])?;
    if ids.is_empty() {
        return Ok(false);
    }
    fill_rows(session, of, &ids)?;
    let gone: SqlValue = ids.iter().map(String::as_str).collect();
    let sql = "DELETE FROM stale_columns WHERE kind = $1 AND columns = $2 AND id = ANY($3)";
    session.execute(sql, &[table.into(), many.into(), gone])?;
    Ok(true)
}

fn ids(session: &Session, sql: &str, values: &[SqlValue]) -> Result<Vec<String>, StoreError> {
    Ok(session.query(sql, values)?.iter().map(|row| row.get(0)).collect())
}

/// Gives the columns of rows the values that their bodies have.
fn fill_rows(session: &Session, of: &EntityType, ids: &[String]) -> Result<(), StoreError> {
    let EntityKind { plural, columns, .. } = of.kind;
    let sets: Vec<_> = (3..)
        .zip(columns)
        .map(|(place, column): (usize, _)| format!("{column} = ${place}"))
        .collect();
    let update = format!("UPDATE {plural} SET {FILLED} = $2, {} WHERE id = $1", sets.join(", "));
    let sql = format!(
        "SELECT body, revision FROM {plural} WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
    );
    let named: SqlValue = ids.iter().map(String::as_str).collect();
    let mut commands = Vec::with_capacity(ids.len());
    for row in session.query(&sql, &[named])? {
        let resource = (of.decode)(row.get(0))?;
        let mut values =
            vec![resource.id().into(), filled(&of.kind, row.get(1)).unwrap_or(0).into()];
        values.extend(resource.columns().into_iter().map(SqlValue::from));
        commands.push(SqlCommand::new(update.as_str(), &values));
    }
    session.together(&commands).map(drop)
}
