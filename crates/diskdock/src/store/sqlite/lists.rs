//! Lists of any kind of resource: a page of what matches, read through whichever index fits.
//!
//! SQL only narrows lists down; whether a resource is wanted is decided once, by the
//! filter itself. Without ids, a tag or another term, every resource of the place in the span of
//! time with the wanted columns is decoded: a walk whose cost grows with their number.

use std::borrow::Cow;
use std::sync::Arc;

use rusqlite::types::Value;

use super::super::list::within;
use super::super::resource::tag_term;
use super::super::{
    Amounts, Cursor, DynEntity, EntityType, ListPage, Page, ReadTx, Scope, StoreError,
};
use super::engine;
use super::sqlite_tx::{SqliteTx, decoded};

/// Decides whether a resource is wanted.
type Matches<'m> = &'m mut dyn FnMut(&dyn DynEntity) -> Result<bool, StoreError>;

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

/// Those of these resources that match, newest first.
pub(super) fn of_ids(
    tx: &dyn ReadTx,
    of: &'static EntityType,
    ids: &[&str],
    page: &Page,
    matches: Matches<'_>,
) -> Result<ListPage<Arc<dyn DynEntity>>, StoreError> {
    let mut ids = Cow::Borrowed(ids);
    if ids.len() > 1 {
        let ids = ids.to_mut();
        ids.sort_unstable();
        ids.dedup();
    }
    let mut matching = Vec::new();
    for id in ids.iter() {
        let Some(resource) = tx.resource(of, id)? else { continue };
        if matches(resource.as_ref())? {
            matching.push(resource);
        }
    }
    matching.sort_by(|one, other| order(other.as_ref()).cmp(&order(one.as_ref())));
    Ok(cut(matching, page))
}

fn order(resource: &dyn DynEntity) -> (domain::Moment, &str) {
    (resource.created_at(), resource.id())
}

fn last_of(entries: &[Arc<dyn DynEntity>]) -> Option<Cursor> {
    entries.last().map(|last| cursor(last.as_ref()))
}

fn cursor(resource: &dyn DynEntity) -> Cursor {
    Cursor { created_at: resource.created_at(), id: resource.id().into() }
}

/// A page of a short list that is there already.
fn cut(entries: Vec<Arc<dyn DynEntity>>, page: &Page) -> ListPage<Arc<dyn DynEntity>> {
    let total = entries.len();
    let (skip, size) = match page {
        Page::Numbered { number, size } => {
            ((*number as usize).saturating_sub(1).saturating_mul(*size as usize), *size as usize)
        }
        Page::After { after, most } => {
            let comes_later = |entry: &Arc<dyn DynEntity>| {
                after.as_ref().is_none_or(|after| {
                    order(entry.as_ref()) < (after.created_at, after.id.as_ref())
                })
            };
            (entries.iter().position(comes_later).unwrap_or(total), *most as usize)
        }
    };
    let on_page: Vec<_> = entries.into_iter().skip(skip).take(size).collect();
    let is_last = skip.saturating_add(size) >= total;
    let next = on_page.last().filter(|_| !is_last).map(|last| cursor(last.as_ref()));
    ListPage { entries: on_page, total: Some(total as u64), next }
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
        self.sql = format!("SELECT {table}.body FROM {table} WHERE 1");
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
            "SELECT {table}.body FROM terms CROSS JOIN {table} ON {table}.id = terms.id WHERE 1"
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

/// The term that leaves least to look at: one with a value, if there is one.
fn best_term<'s>(scope: &'s Scope<'_>) -> Option<(String, Option<&'s str>)> {
    let texts = scope.terms.iter().filter(|(_, value)| !value.is_empty());
    let texts = texts.map(|(term, value)| ((*term).to_owned(), Some(*value)));
    let tags = scope.tags.iter().map(|(key, value)| (tag_term(key), value.as_deref()));
    texts.chain(tags).max_by_key(|(_, value)| value.is_some())
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
    let (skip, size, after) = match page {
        Page::Numbered { number, size } => {
            (u64::from(number.saturating_sub(1)) * u64::from(*size), *size, None)
        }
        Page::After { after, most } => (0, *most, after.as_ref()),
    };
    let by_token = matches!(page, Page::After { .. });
    let offset = if total.is_some() { skip } else { 0 };
    let ListSql { sql, values } = ListSql::of(of, scope, after, offset);
    let mut statement = tx.prepare(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values)).map_err(engine)?;
    let (mut seen, mut entries, mut next) = (offset, Vec::new(), None);
    while let Some(row) = rows.next().map_err(engine)? {
        let full = entries.len() == size as usize;
        if full && total.is_some() && !by_token {
            next = last_of(&entries);
            break;
        }
        let entry = decoded(of, row, 0)?;
        if !within(entry.created_at(), scope.created) || !matches(entry.as_ref())? {
            continue;
        }
        seen += 1;
        if full {
            next = last_of(&entries);
            if by_token {
                break;
            }
        } else if seen > skip {
            entries.push(entry);
        }
    }
    let total = total.or((!by_token).then_some(seen));
    Ok(ListPage { entries, total, next })
}
