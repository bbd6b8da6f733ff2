//! Lists: a page of what matches, read through whichever index fits.
//!
//! The columns that SQL compares only narrow down; whether an entity matches is decided once, by
//! the filter itself.

use domain::{Disk, DiskId, DiskStatus, Instance};
use rusqlite::types::Value;
use serde::de::DeserializeOwned;

use super::super::records::{Amounts, DiskFilter, DiskPage, InstanceFilter, InstancePage, Page};
use super::super::{ReadTx, StoreError};
use super::engine;
use super::sqlite_tx::{SqliteTx, body};

/// The disks that match, newest first.
pub(super) fn disks(
    sqlite_tx: &SqliteTx<'_>,
    filter: &DiskFilter,
    page: &Page,
) -> Result<DiskPage, StoreError> {
    if let Some(ids) = narrow_to_ids(sqlite_tx, filter)? {
        return disks_of(sqlite_tx, ids, filter, page);
    }
    let total =
        counted(sqlite_tx, "disk", filter.account.as_str(), &filter.region, filter.is_plain())?;
    let found =
        scan(sqlite_tx, &narrow(filter), page, total, |disk| matches(sqlite_tx, filter, disk))?;
    Ok(DiskPage { disks: found.entries, total: found.total, next: found.next })
}

/// Those of these disks that match, newest first.
pub(super) fn disks_of(
    reader: &dyn ReadTx,
    mut ids: Vec<DiskId>,
    filter: &DiskFilter,
    page: &Page,
) -> Result<DiskPage, StoreError> {
    ids.sort();
    ids.dedup();
    let mut matching = Vec::new();
    for id in ids {
        let Some(disk) = reader.disk(&id)? else { continue };
        if matches(reader, filter, &disk)? {
            matching.push(disk);
        }
    }
    matching.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    let found = cut(matching, page);
    Ok(DiskPage { disks: found.entries, total: found.total, next: found.next })
}

/// The instances that match, newest first.
pub(super) fn instances(
    sqlite_tx: &SqliteTx<'_>,
    filter: &InstanceFilter,
    page: &Page,
) -> Result<InstancePage, StoreError> {
    let found: ListPage<Instance> = if let Some(ids) = &filter.ids {
        let mut matching = Vec::new();
        for id in ids {
            matching.extend(sqlite_tx.instance(id)?.filter(|instance| filter.matches(instance)));
        }
        matching
            .sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
        cut(matching, page)
    } else {
        let account = filter.account.as_str();
        let total = counted(sqlite_tx, "instance", account, &filter.region, filter.is_plain())?;
        let narrowed = Narrowed::to_place("instances", account, &filter.region);
        scan(sqlite_tx, &narrowed, page, total, |instance| Ok(filter.matches(instance)))?
    };
    Ok(InstancePage { instances: found.entries, total: found.total, next: found.next })
}

/// A lock is on the disk itself or, while it is In_use, on its instance.
fn matches(reader: &dyn ReadTx, filter: &DiskFilter, disk: &Disk) -> Result<bool, StoreError> {
    if !filter.matches(disk) {
        return Ok(false);
    }
    let Some(reason) = filter.lock else { return Ok(true) };
    if disk.locks.contains(&reason) {
        return Ok(true);
    }
    for at in disk.attachments.iter().filter(|_| disk.status() == DiskStatus::InUse) {
        let instance = reader.instance(&at.instance)?;
        if instance.is_some_and(|instance| instance.is_locked_for(reason)) {
            return Ok(true);
        }
    }
    Ok(false)
}

struct ListPage<T> {
    entries: Vec<T>,
    total: Option<u64>,
    next: Option<i64>,
}

/// The few disks that can match at all, where the filter names them or their instance.
fn narrow_to_ids(
    sqlite_tx: &SqliteTx<'_>,
    filter: &DiskFilter,
) -> Result<Option<Vec<domain::DiskId>>, StoreError> {
    if let Some(ids) = &filter.ids {
        return Ok(Some(ids.clone()));
    }
    let Some(instance) = &filter.instance else { return Ok(None) };
    Ok(Some(sqlite_tx.attached(instance)?.into_iter().map(|attached| attached.disk).collect()))
}

/// A page of a short list that is there already. Its token is the number of entries passed.
fn cut<T>(mut entries: Vec<T>, page: &Page) -> ListPage<T> {
    let total = entries.len();
    let (skip, size) = match page {
        Page::Numbered { number, size } => {
            ((*number as usize - 1) * *size as usize, *size as usize)
        }
        Page::After { after, most } => {
            (after.and_then(|at| usize::try_from(at).ok()).unwrap_or(0), *most as usize)
        }
    };
    let left = entries.split_off(skip.min(total));
    let next = (left.len() > size).then(|| i64::try_from(skip + size).unwrap_or(i64::MAX));
    let entries = left.into_iter().take(size).collect();
    ListPage { entries, total: Some(total as u64), next }
}

/// Conditions in SQL, with their values.
struct Narrowed {
    table: &'static str,
    conditions: String,
    values: Vec<Value>,
}

impl Narrowed {
    fn to_place(table: &'static str, account: &str, region: &str) -> Narrowed {
        let values = vec![Value::from(account.to_owned()), Value::from(region.to_owned())];
        Narrowed { table, conditions: "account = ?1 AND region = ?2".to_owned(), values }
    }

    fn and(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.values.push(Value::from(value.to_owned()));
            self.conditions.push_str(&format!(" AND {column} = ?{}", self.values.len()));
        }
    }
}

fn narrow(filter: &DiskFilter) -> Narrowed {
    let mut narrowed = Narrowed::to_place("disks", filter.account.as_str(), &filter.region);
    narrowed.and("zone", filter.zone.as_deref());
    narrowed.and("status", filter.status.map(|status| status.as_str()));
    narrowed.and("kind", filter.kind.map(|kind| kind.as_str()));
    narrowed.and("category", filter.category.map(|category| category.as_str()));
    narrowed.and("charge_type", filter.charge_type.map(|charge_type| charge_type.as_str()));
    narrowed.and("name", filter.name.as_deref().filter(|name| !name.contains('*')));
    narrowed
}

/// The number that is kept of a whole list; none if the list is restricted further.
fn counted(
    sqlite_tx: &SqliteTx<'_>,
    what: &str,
    account: &str,
    region: &str,
    plain: bool,
) -> Result<Option<u64>, StoreError> {
    if !plain {
        return Ok(None);
    }
    let sql = "SELECT amount FROM counts WHERE what = ?1 AND account = ?2 AND region = ?3";
    let amount = sqlite_tx.one(sql, [what, account, region], |row| row.get::<_, i64>(0))?;
    Ok(Some(amount.unwrap_or(0).unsigned_abs()))
}

/// What is counted of an account in all regions.
pub(super) fn amounts(sqlite_tx: &SqliteTx<'_>, account: &str) -> Result<Amounts, StoreError> {
    let sql = "SELECT sum(amount) FROM counts WHERE what = ?1 AND account = ?2";
    let of = |what| {
        let amount = sqlite_tx.one(sql, [what, account], |row| row.get::<_, Option<i64>>(0))?;
        Ok(amount.flatten().unwrap_or(0).unsigned_abs())
    };
    Ok(Amounts { disks: of("disk")?, instances: of("instance")? })
}

/// Walks a place from its newest entry on. A numbered page of a plain list skips in the index and
/// stops when full; a numbered page of a restricted list has to see all to count them.
fn scan<T: DeserializeOwned>(
    sqlite_tx: &SqliteTx<'_>,
    narrowed: &Narrowed,
    page: &Page,
    total: Option<u64>,
    matches: impl Fn(&T) -> Result<bool, StoreError>,
) -> Result<ListPage<T>, StoreError> {
    let (skip, size, after) = match *page {
        Page::Numbered { number, size } => (u64::from(number - 1) * u64::from(size), size, None),
        Page::After { after, most } => (0, most, Some(after.unwrap_or(i64::MAX))),
    };
    let mut values = narrowed.values.clone();
    let mut conditions = narrowed.conditions.clone();
    values.push(Value::from(after.unwrap_or(i64::MAX)));
    conditions.push_str(&format!(" AND number < ?{}", values.len()));
    let offset = if total.is_some() { skip } else { 0 };
    values.push(Value::from(i64::try_from(offset).unwrap_or(i64::MAX)));
    let sql = format!(
        "SELECT body, number FROM {} WHERE {conditions} ORDER BY number DESC LIMIT -1 OFFSET ?{}",
        narrowed.table,
        values.len()
    );
    let mut statement = sqlite_tx.prepare(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values)).map_err(engine)?;
    let (mut seen, mut entries, mut last, mut next) = (offset, Vec::new(), None, None);
    while let Some(row) = rows.next().map_err(engine)? {
        let full = entries.len() == size as usize;
        if full && total.is_some() && after.is_none() {
            next = last;
            break;
        }
        let entry: T = body(row, 0)?;
        if !matches(&entry)? {
            continue;
        }
        seen += 1;
        if full {
            next = last;
            if after.is_some() {
                break;
            }
        } else if seen > skip {
            last = Some(row.get(1).map_err(engine)?);
            entries.push(entry);
        }
    }
    let total = total.or(after.is_none().then_some(seen));
    Ok(ListPage { entries, total, next })
}
