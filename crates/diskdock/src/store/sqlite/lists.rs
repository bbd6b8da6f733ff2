//! Lists of any kind of resource: a page of what matches, read through whichever index fits.
//!
//! SQL only narrows lists down; whether a resource is wanted is decided once, by the
//! filter itself. Without ids, a tag or another term, every resource of the place in the span of
//! time with the wanted columns is decoded: a walk whose cost grows with their number.

use std::sync::Arc;

use rusqlite::types::Value;

use super::super::list::within;
use super::super::pages::{Matches, PageFill, best_term, of_ids};
use super::super::{Amounts, Cursor, DynEntity, EntityType, ListPage, Page, Scope, StoreError};
use super::engine;
use super::sqlite_tx::{SqliteTx, decoded};

/// The resources in the scope that match, newest first.
pub(super) fn page(
    tx: &SqliteTx<'_>,
    of: &'static EntityType,
    scope: &Scope<'_>,
    page: &Page,
    matches: Matches<'_>,
) -> Result<ListPage<Arc<dyn DynEntity>>, StoreError> {
    if let Some(ids) = &scope.ids {
        return of_ids(tx, of, ids, page, matches);
    }
    tx.allow_lists()?;
    let total = if scope.is_whole_place { Some(counted(tx, of, scope)?) } else { None };
    scan(tx, of, scope, page, total, matches)
}

/// The number that is kept of a whole list.
fn counted(tx: &SqliteTx<'_>, of: &EntityType, scope: &Scope<'_>) -> Result<u64, StoreError> {
    let sql = "SELECT amount FROM counts WHERE what = ?1 AND account = ?2 AND region = ?3";
    let values = [of.kind.name, scope.account, scope.region];
    let amount = tx.one(sql, values, |row| row.get::<_, i64>(0))?;
    Ok(amount.unwrap_or(0).unsigned_abs())
}

/// The counts of an account in all regions.
pub(super) fn amounts(tx: &SqliteTx<'_>, account: &str) -> Result<Amounts, StoreError> {
    let sql = "SELECT sum(amount) FROM counts WHERE what = ?1 AND account = ?2";
    let of = |what| {
        let amount = tx.one(sql, [what, account], |row| row.get::<_, Option<i64>>(0))?;
        Ok(amount.flatten().unwrap_or(0).unsigned_abs())
    };
    Ok(Amounts { disks: of("disk")?, instances: of("instance")? })
}

/// SQL with its values.
struct ListSql {
    sql: String,
    values: Vec<Value>,
}

impl ListSql {
    /// All entries in the scope, newest first, from where the page begins.
    fn of(of: &EntityType, scope: &Scope<'_>, after: Option<&Cursor>, offset: u64) -> ListSql {
        let mut query = ListSql { sql: String::new(), values: Vec::new() };
        let table = of.kind.plural;
        let at = match best_term(scope) {
            Some((term, value)) => query.through_terms(of, scope, &term, value),
            None => query.through_age(table, scope),
        };
        for (column, value) in &scope.columns {
            query.and(&format!("{table}.{column} ="), (*value).to_owned());
        }
        let (from, to) = scope.created;
        if let Some(from) = from {
            query.and(&format!("{at}.created_at >="), from.0);
        }
        if let Some(to) = to {
            query.and(&format!("{at}.created_at <="), to.0);
        }
        if let Some(after) = after {
            query.values.push(Value::from(after.created_at.0));
            query.values.push(Value::from(after.id.to_string()));
            let last = query.values.len();
            let place = format!(" AND ({at}.created_at, {at}.id) < (?{}, ?{last})", last - 1);
            query.sql.push_str(&place);
        }
        query.values.push(Value::from(i64::try_from(offset).unwrap_or(i64::MAX)));
        let order = format!(
            " ORDER BY {at}.created_at DESC, {at}.id DESC LIMIT -1 OFFSET ?{}",
            query.values.len()
        );
        query.sql.push_str(&order);
        query
    }

    fn through_age(&mut self, table: &'static str, scope: &Scope<'_>) -> &'static str {
        self.sql = format!("SELECT {table}.body, {table}.revision FROM {table} WHERE 1");
        self.and(&format!("{table}.account ="), scope.account.to_owned());
        self.and(&format!("{table}.region ="), scope.region.to_owned());
        table
    }

    fn through_terms(
        &mut self,
        of: &EntityType,
        scope: &Scope<'_>,
        term: &str,
        value: Option<&str>,
    ) -> &'static str {
        let table = of.kind.plural;
        self.sql = format!(
            "SELECT {table}.body, {table}.revision \
             FROM terms CROSS JOIN {table} ON {table}.id = terms.id WHERE 1"
        );
        self.and("terms.kind =", of.kind.name.to_owned());
        self.and("terms.account =", scope.account.to_owned());
        self.and("terms.region =", scope.region.to_owned());
        self.and("terms.term =", term.to_owned());
        if let Some(value) = value {
            self.and("terms.value =", value.to_owned());
        }
        "terms"
    }

    fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.sql.push_str(&format!(" AND {condition} ?{}", self.values.len()));
    }
}

/// Walks the scope from its newest entry on. A numbered page of a whole place skips in the index
/// and stops when full; a numbered page of a restricted list has to see all to count them.
fn scan(
    tx: &SqliteTx<'_>,
    of: &'static EntityType,
    scope: &Scope<'_>,
    page: &Page,
    total: Option<u64>,
    matches: Matches<'_>,
) -> Result<ListPage<Arc<dyn DynEntity>>, StoreError> {
    let mut fill = PageFill::new(page, total);
    let ListSql { sql, values } = ListSql::of(of, scope, fill.after(), fill.offset());
    let mut statement = tx.prepare(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values)).map_err(engine)?;
    while let Some(row) = rows.next().map_err(engine)? {
        if !fill.takes_another() {
            break;
        }
        let entry = decoded(of, row, 0)?;
        if !within(entry.created_at(), scope.created) || !matches(entry.as_ref())? {
            continue;
        }
        tx.allow_saving(&entry, row.get(1).map_err(engine)?);
        if !fill.take(entry) {
            break;
        }
    }
    Ok(fill.into_page())
}
