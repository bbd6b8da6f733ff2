//! Writing resources of any kind: the row, its terms, the count of its place.

use std::sync::Arc;

use super::super::engine_rows::{self, TermChange};
use super::super::{DynEntity, EntityType, StoreError};
use super::command::SqlCommand;
use super::postgres_tx::PostgresTx;
use super::value::{SqlValue, values};
use super::{attachments, columns, hosts};

/// The revision of a new resource.
const FIRST_REVISION: i64 = 1;

/// Saves a resource: a new one, or one that this transaction has read.
pub(super) fn save(tx: &PostgresTx<'_>, resource: Arc<dyn DynEntity>) -> Result<(), StoreError> {
    let (of, now) = (resource.resource_type(), resource.as_ref());
    let loaded = tx.take_loaded(of, now.id());
    let before = loaded.as_ref().map(|(before, _)| before.as_ref());
    let revision = match &loaded {
        Some((_, revision)) => update(tx, now, *revision)?,
        None => insert(tx, now)?,
    };
    follow_terms(tx, before, Some(now))?;
    attachments::follow(tx, before, Some(now))?;
    hosts::follow(tx, before, Some(now))?;
    tx.follow(now, Some(now));
    tx.set_loaded((resource, revision));
    Ok(())
}

/// Removes a resource; false if it is not there.
pub(super) fn remove(
    tx: &PostgresTx<'_>,
    of: &'static EntityType,
    id: &str,
) -> Result<bool, StoreError> {
    let Some(before) = tx.find(of, id)? else { return Ok(false) };
    tx.take_loaded(of, id);
    let before = before.as_ref();
    follow_terms(tx, Some(before), None)?;
    attachments::follow(tx, Some(before), None)?;
    hosts::follow(tx, Some(before), None)?;
    tx.change(&format!("DELETE FROM {} WHERE id = $1", of.kind.plural), values![id])?;
    count(tx, before, -1)?;
    tx.set_removed(before);
    Ok(true)
}

fn insert(tx: &PostgresTx<'_>, now: &dyn DynEntity) -> Result<i64, StoreError> {
    let kind = &now.resource_type().kind;
    let mut columns = vec!["id", "account", "region", "created_at", "body"];
    columns.extend(kind.columns);
    let filled = columns::filled(kind, FIRST_REVISION);
    columns.extend(filled.map(|_| columns::FILLED));
    let mut values =
        values![now.id(), now.account().as_str(), now.region(), now.created_at().0, now.encode()]
            .to_vec();
    values.extend(now.columns().into_iter().map(SqlValue::from));
    values.extend(filled.map(SqlValue::from));
    let places: Vec<_> = (1..=values.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "INSERT INTO {} (revision, {}) VALUES ({FIRST_REVISION}, {})",
        kind.plural,
        columns.join(", "),
        places.join(", ")
    );
    tx.change(&sql, &values)?;
    count(tx, now, 1)?;
    Ok(FIRST_REVISION)
}

/// Updates the row, if it is still in this revision. Gives the new one.
fn update(tx: &PostgresTx<'_>, now: &dyn DynEntity, revision: i64) -> Result<i64, StoreError> {
    let kind = &now.resource_type().kind;
    let mut sql = format!("UPDATE {} SET revision = revision + 1, body = $1", kind.plural);
    let mut values = values![now.encode(), now.id(), revision].to_vec();
    for (column, value) in kind.columns.iter().zip(now.columns()) {
        values.push(SqlValue::from(value));
        sql.push_str(&format!(", {column} = ${}", values.len()));
    }
    if let Some(filled) = columns::filled(kind, revision + 1) {
        values.push(filled.into());
        sql.push_str(&format!(", {} = ${}", columns::FILLED, values.len()));
    }
    sql.push_str(" WHERE id = $2 AND revision = $3");
    tx.defer(SqlCommand::guarded(&sql, &values, StoreError::Conflict))?;
    Ok(revision + 1)
}

/// Brings the terms from what a resource was found by to what it is found by now.
fn follow_terms(
    tx: &PostgresTx<'_>,
    before: Option<&dyn DynEntity>,
    now: Option<&dyn DynEntity>,
) -> Result<(), StoreError> {
    engine_rows::follow_terms(before, now, |change, resource, term, value| {
        let sql = match change {
            TermChange::Remove => {
                "DELETE FROM terms WHERE kind = $1 AND account = $2 AND region = $3 \
                 AND term = $4 AND value = $5 AND created_at = $6 AND id = $7"
            }
            TermChange::Add => {
                "INSERT INTO terms (kind, account, region, term, value, created_at, id) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
            }
        };
        let kind = resource.resource_type().kind.name;
        let (account, region) = (resource.account().as_str(), resource.region());
        let (created_at, id) = (resource.created_at().0, resource.id());
        tx.change(sql, values![kind, account, region, term, value, created_at, id])
    })
}

fn count(tx: &PostgresTx<'_>, resource: &dyn DynEntity, by: i64) -> Result<(), StoreError> {
    let of: &EntityType = resource.resource_type();
    tx.change(
        "INSERT INTO counts (kind, account, region, amount) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (kind, account, region) DO UPDATE SET amount = counts.amount + $4",
        values![of.kind.name, resource.account().as_str(), resource.region(), by],
    )
}
