//! Writing resources of any kind: the row, its terms, the count of its place.

use std::sync::Arc;

use domain::AccountId;
use rusqlite::types::ToSqlOutput;
use rusqlite::{params, params_from_iter};

use super::super::engine_rows::{self, TermChange};
use super::super::{DynEntity, EntityType, StoreError};
use super::sqlite_tx::SqliteTx;
use super::{attachments, hosts};

/// The columns that the table of every kind has, besides its revision.
const FIXED: [&str; 5] = ["id", "account", "region", "created_at", "body"];
/// Enough for the SQL of most kinds.
const SQL_LENGTH: usize = 256;

/// Saves a resource: a new one, or one that this transaction has read.
pub(super) fn save(tx: &SqliteTx<'_>, resource: Arc<dyn DynEntity>) -> Result<(), StoreError> {
    let (of, now) = (resource.resource_type(), resource.as_ref());
    let loaded = tx.take_loaded(of, now.id());
    let before = loaded.as_ref().map(|(before, _)| before.as_ref());
    let revision = match &loaded {
        Some((before, revision)) => update(tx, before.as_ref(), now, *revision)?,
        None => insert(tx, now)?,
    };
    follow_terms(tx, before, Some(now))?;
    attachments::follow(tx, before, Some(now))?;
    hosts::follow(tx, before, Some(now))?;
    let saved = (Arc::clone(&resource), revision);
    tx.touch(|delta, _| delta.set_resource(of, now.id(), Some(saved.clone())));
    tx.set_loaded(saved);
    Ok(())
}

/// Removes a resource; false if it is not there.
pub(super) fn remove(
    tx: &SqliteTx<'_>,
    of: &'static EntityType,
    id: &str,
) -> Result<bool, StoreError> {
    let Some(before) = tx.find(of, id)? else { return Ok(false) };
    tx.take_loaded(of, id);
    let before = before.as_ref();
    follow_terms(tx, Some(before), None)?;
    attachments::follow(tx, Some(before), None)?;
    hosts::follow(tx, Some(before), None)?;
    tx.execute(&format!("DELETE FROM {} WHERE id = ?1", of.kind.plural), [id])?;
    tx.touch(|delta, _| delta.set_resource(of, id, None));
    count(tx, of, before.account(), before.region(), -1)?;
    Ok(true)
}

fn insert(tx: &SqliteTx<'_>, now: &dyn DynEntity) -> Result<i64, StoreError> {
    let of = now.resource_type();
    let body = now.encode();
    let mut values = Vec::with_capacity(FIXED.len() + of.kind.columns.len());
    values.push(text(now.id()));
    values.push(text(now.account().as_str()));
    values.push(text(now.region()));
    values.push(ToSqlOutput::from(now.created_at().0));
    values.push(text(&body));
    values.extend(now.columns().into_iter().map(text));
    let mut sql = String::with_capacity(SQL_LENGTH);
    sql.extend(["INSERT INTO ", of.kind.plural, " (revision"]);
    for column in FIXED.iter().chain(of.kind.columns) {
        sql.extend([", ", *column]);
    }
    sql.push_str(") VALUES (1");
    sql.extend(std::iter::repeat_n(", ?", values.len()));
    sql.push(')');
    tx.execute(&sql, params_from_iter(values))?;
    count(tx, of, now.account(), now.region(), 1)?;
    Ok(1)
}

/// Updates the body and the columns that changed, if the row is still in this revision. Gives the
/// new one.
fn update(
    tx: &SqliteTx<'_>,
    before: &dyn DynEntity,
    now: &dyn DynEntity,
    revision: i64,
) -> Result<i64, StoreError> {
    let kind = &now.resource_type().kind;
    let body = now.encode();
    let mut values = vec![text(&body)];
    let mut sql = String::with_capacity(SQL_LENGTH);
    sql.extend(["UPDATE ", kind.plural, " SET revision = revision + 1, body = ?"]);
    let columns = kind.columns.iter().zip(before.columns().into_iter().zip(now.columns()));
    for (column, (_, value)) in columns.filter(|(_, (before, now))| before != now) {
        values.push(text(value));
        sql.extend([", ", *column, " = ?"]);
    }
    values.extend([text(now.id()), ToSqlOutput::from(revision)]);
    sql.push_str(" WHERE id = ? AND revision = ?");
    let updated = tx.execute(&sql, params_from_iter(values))?;
    if updated == 1 { Ok(revision + 1) } else { Err(StoreError::Conflict) }
}

fn text(text: &str) -> ToSqlOutput<'_> {
    ToSqlOutput::from(text)
}

/// Brings the terms from what a resource was found by to what it is found by now.
fn follow_terms(
    tx: &SqliteTx<'_>,
    before: Option<&dyn DynEntity>,
    now: Option<&dyn DynEntity>,
) -> Result<(), StoreError> {
    engine_rows::follow_terms(before, now, |change, resource, term, value| {
        let sql = match change {
            TermChange::Remove => {
                "DELETE FROM terms WHERE kind = ?1 AND account = ?2 AND region = ?3 \
                 AND term = ?4 AND value = ?5 AND created_at = ?6 AND id = ?7"
            }
            TermChange::Add => {
                "INSERT OR IGNORE INTO terms \
                 (kind, account, region, term, value, created_at, id) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            }
        };
        let kind = resource.resource_type().kind.name;
        let (account, region) = (resource.account().as_str(), resource.region());
        let (created_at, id) = (resource.created_at().0, resource.id());
        tx.execute(sql, params![kind, account, region, term, value, created_at, id]).map(drop)
    })
}

fn count(
    tx: &SqliteTx<'_>,
    of: &EntityType,
    account: &AccountId,
    region: &str,
    by: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO counts (what, account, region, amount) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (what, account, region) DO UPDATE SET amount = counts.amount + ?4",
        params![of.kind.name, account.as_str(), region, by],
    )?;
    Ok(())
}
