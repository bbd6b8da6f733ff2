//! Lists of any kind of resource: a page of what matches, read through whichever index fits, a
//! bounded number of rows at a time.
//!
//! SQL only narrows lists down; whether a resource is wanted is decided once, by the filter itself.

use std::sync::Arc;

use super::super::list::within;
use super::super::pages::{Matches, PageFill, best_term, of_ids};
use super::super::{Amounts, Cursor, DynEntity, EntityType, ListPage, Page, Scope, StoreError};
use super::postgres_tx::PostgresTx;
use super::value::{SqlValue, values};

/// Rows of a list that are read in one statement: few at first, since most pages are short.
const FIRST_ROWS: i64 = 128;
const MORE_ROWS: i64 = 1_024;

/// The resources in the scope that match, newest first.
pub(super) fn page(
    tx: &PostgresTx<'_>,
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
fn counted(tx: &PostgresTx<'_>, of: &EntityType, scope: &Scope<'_>) -> Result<u64, StoreError> {
    let sql = "SELECT amount FROM counts WHERE kind = $1 AND account = $2 AND region = $3";
    let found = tx.one(sql, values![of.kind.name, scope.account, scope.region])?;
    Ok(found.map_or(0, |row| row.get::<_, i64>(0)).unsigned_abs())
}

/// The counts of an account in all regions. A write that asks for them decides on them, so they
/// stay as they are until its commit; where there is none to hold, it has to be alone.
pub(super) fn amounts(tx: &PostgresTx<'_>, account: &str) -> Result<Amounts, StoreError> {
    let of = |kind| {
        let sql = "SELECT amount FROM counts WHERE kind = $1 AND account = $2 ORDER BY region";
        let found = tx.query(&format!("{sql}{}", tx.locking()), values![kind, account])?;
        if found.is_empty() {
            tx.allow_lists()?;
        }
        Ok(found.iter().map(|row| row.get::<_, i64>(0)).sum::<i64>().unsigned_abs())
    };
    Ok(Amounts { disks: of("disk")?, instances: of("instance")? })
}

/// SQL with its values.
struct ListQuery {
    sql: String,
    values: Vec<SqlValue>,
}

impl ListQuery {
    /// Entries in the scope, newest first, after this one.
    fn of(
        of: &EntityType,
        scope: &Scope<'_>,
        after: Option<&Cursor>,
        offset: u64,
        most: i64,
    ) -> ListQuery {
        let mut query = ListQuery { sql: String::new(), values: Vec::new() };
        let table = of.kind.plural;
        let at = match best_term(scope) {
            Some((term, value)) => query.through_terms(of, scope, &term, value),
            None => query.through_age(table, scope),
        };
        for (column, value) in &scope.columns {
            query.and(&format!("{table}.{column} ="), *value);
        }
        let (from, to) = scope.created;
        if let Some(from) = from {
            query.and(&format!("{at}.created_at >="), from.0);
        }
        if let Some(to) = to {
            query.and(&format!("{at}.created_at <="), to.0);
        }
        if let Some(after) = after {
            let (moment, id) = (query.place(after.created_at.0), query.place(&*after.id));
            query.sql.push_str(&format!(" AND ({at}.created_at, {at}.id) < ({moment}, {id})"));
        }
        let (most, offset) =
            (query.place(most), query.place(i64::try_from(offset).unwrap_or(i64::MAX)));
        query.sql.push_str(&format!(
            " ORDER BY {at}.created_at DESC, {at}.id DESC LIMIT {most} OFFSET {offset}"
        ));
        query
    }

    fn through_age(&mut self, table: &'static str, scope: &Scope<'_>) -> &'static str {
        self.sql = format!("SELECT {table}.body, {table}.revision FROM {table} WHERE true");
        self.and(&format!("{table}.account ="), scope.account);
        self.and(&format!("{table}.region ="), scope.region);
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
            "SELECT {table}.body, {table}.revision FROM terms \
             JOIN {table} ON {table}.id = terms.id WHERE true"
        );
        self.and("terms.kind =", of.kind.name);
        self.and("terms.account =", scope.account);
        self.and("terms.region =", scope.region);
        self.and("terms.term =", term);
        if let Some(value) = value {
            self.and("terms.value =", value);
        }
        "terms"
    }

    fn place(&mut self, value: impl Into<SqlValue>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str, value: impl Into<SqlValue>) {
        let place = self.place(value);
        self.sql.push_str(&format!(" AND {condition} {place}"));
    }
}

/// Walks the scope from its newest entry on, until the page has ended.
fn scan(
    tx: &PostgresTx<'_>,
    of: &'static EntityType,
    scope: &Scope<'_>,
    page: &Page,
    total: Option<u64>,
    matches: Matches<'_>,
) -> Result<ListPage<Arc<dyn DynEntity>>, StoreError> {
    let mut fill = PageFill::new(page, total);
    let (mut after, mut offset, mut most) = (fill.after().cloned(), fill.offset(), FIRST_ROWS);
    loop {
        let ListQuery { sql, values } = ListQuery::of(of, scope, after.as_ref(), offset, most);
        let rows = tx.query(&sql, &values)?;
        for row in &rows {
            if !fill.takes_another() {
                return Ok(fill.into_page());
            }
            let entry = tx.decoded(of, row)?;
            after = Some(Cursor { created_at: entry.created_at(), id: entry.id().into() });
            if within(entry.created_at(), scope.created)
                && matches(entry.as_ref())?
                && !fill.take(entry)
            {
                return Ok(fill.into_page());
            }
        }
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) < most {
            return Ok(fill.into_page());
        }
        (offset, most) = (0, MORE_ROWS);
    }
}
