//! The contents of a store in numbers and ids, for those who keep copies of it. Also read from
//! stores of older versions.

use std::collections::{BTreeMap, BTreeSet};

use domain::{DiskId, InstanceId, Moment, SnapshotId};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::super::{KINDS, StoreError};
use super::{engine, identity, migrate};

/// The rows of the identity that say where a backup comes from.
const MADE_AT: &str = "backed_up_at_ms";
const HYPERVISOR: &str = "backed_up_hypervisor";

const PASSING: &str =
    "SELECT id FROM disks WHERE status = 'Creating' UNION SELECT disk FROM discards";

const WHOLE: &str = "SELECT id FROM snapshots WHERE status = 'accomplished'";
const PASSING_SNAPSHOTS: &str = "SELECT id FROM snapshots WHERE status <> 'accomplished' \
                                 UNION SELECT snapshot FROM snapshot_discards";

/// The origin of a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackupOrigin {
    /// When it was made; none for a file that no backup wrote.
    pub made_at: Option<Moment>,
    /// The hypervisor of the instances in it, where that is known.
    pub hypervisor: Option<String>,
}

/// The contents of a store.
#[derive(Clone, Debug)]
pub struct StoreContents {
    /// The origin.
    pub origin: BackupOrigin,
    /// The version of its form.
    pub version: i64,
    /// How many resources of each kind an account has.
    pub accounts: BTreeMap<String, BTreeMap<&'static str, i64>>,
    /// Access keys.
    pub access_keys: i64,
    /// Operations that have not ended.
    pub operations: i64,
    /// All disks that are made.
    pub disks: BTreeSet<DiskId>,
    /// Disks whose files may be there or not: being made, or removed a moment ago.
    pub passing_disks: BTreeSet<DiskId>,
    /// Disks that no instance has.
    pub available_disks: BTreeSet<DiskId>,
    /// All snapshots that are there.
    pub snapshots: BTreeSet<SnapshotId>,
    /// Snapshots whose files may be there or not: being made, failed, or removed a moment ago.
    pub passing_snapshots: BTreeSet<SnapshotId>,
    /// All instances.
    pub instances: BTreeSet<InstanceId>,
}

impl StoreContents {
    /// Reads the contents.
    pub(super) fn read(connection: &Connection) -> Result<StoreContents, StoreError> {
        Ok(StoreContents {
            origin: read_origin(connection)?,
            version: migrate::version(connection)?,
            accounts: read_accounts(connection)?,
            access_keys: count(connection, "SELECT count(*) FROM access_keys")?,
            operations: count(connection, "SELECT count(*) FROM operations WHERE abandoned = 0")?,
            disks: ids(connection, "SELECT id FROM disks WHERE status <> 'Creating'")?
                .map(DiskId::from)
                .collect(),
            passing_disks: ids(connection, PASSING)?.map(DiskId::from).collect(),
            available_disks: ids(connection, "SELECT id FROM disks WHERE status = 'Available'")?
                .map(DiskId::from)
                .collect(),
            snapshots: read_snapshots(connection, WHOLE)?,
            passing_snapshots: read_snapshots(connection, PASSING_SNAPSHOTS)?,
            instances: ids(connection, "SELECT id FROM instances")?.map(InstanceId::from).collect(),
        })
    }

    /// How many resources of a kind there are.
    pub fn total(&self, plural: &str) -> i64 {
        self.accounts.values().filter_map(|kinds| kinds.get(plural)).sum()
    }
}

/// Records the origin of a backup in the backup.
pub(super) fn write_origin(
    connection: &Connection,
    origin: &BackupOrigin,
) -> Result<(), StoreError> {
    let made_at = origin.made_at.map(|moment| moment.0.to_string());
    for (name, value) in [(MADE_AT, made_at), (HYPERVISOR, origin.hypervisor.clone())] {
        identity::set(connection, name, value.as_deref())?;
    }
    Ok(())
}

fn read_origin(connection: &Connection) -> Result<BackupOrigin, StoreError> {
    // Stores of version 0.1.0 have no identity.
    if !has_table(connection, "identity")? {
        return Ok(BackupOrigin::default());
    }
    let made_at = identity::value(connection, MADE_AT)?.and_then(|text| text.parse().ok());
    let hypervisor = identity::value(connection, HYPERVISOR)?;
    Ok(BackupOrigin { made_at: made_at.map(Moment), hypervisor })
}

fn read_accounts(
    connection: &Connection,
) -> Result<BTreeMap<String, BTreeMap<&'static str, i64>>, StoreError> {
    let mut accounts: BTreeMap<String, BTreeMap<&'static str, i64>> = BTreeMap::new();
    for of in KINDS {
        let plural = of.kind.plural;
        // Older versions do not have every kind.
        if !has_table(connection, plural)? {
            continue;
        }
        let sql = format!("SELECT account, count(*) FROM {plural} GROUP BY account");
        let mut statement = connection.prepare(&sql).map_err(engine)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        for row in rows.map_err(engine)? {
            let (account, many): (String, i64) = row.map_err(engine)?;
            accounts.entry(account).or_default().insert(plural, many);
        }
    }
    Ok(accounts)
}

/// Snapshots; none in older versions, which have no files of them.
fn read_snapshots(connection: &Connection, sql: &str) -> Result<BTreeSet<SnapshotId>, StoreError> {
    if !has_table(connection, "snapshot_discards")? {
        return Ok(BTreeSet::new());
    }
    Ok(ids(connection, sql)?.map(SnapshotId::from).collect())
}

/// Whether a store has this table.
pub(super) fn has_table(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    let found = connection.query_row(sql, [name], |_| Ok(())).optional();
    found.map(|found| found.is_some()).map_err(engine)
}

fn count(connection: &Connection, sql: &str) -> Result<i64, StoreError> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(engine)
}

fn ids(
    connection: &Connection,
    sql: &str,
) -> Result<impl Iterator<Item = String> + use<>, StoreError> {
    let mut statement = connection.prepare(sql).map_err(engine)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(engine)?;
    let all: Vec<String> = rows.collect::<Result<_, _>>().map_err(engine)?;
    Ok(all.into_iter())
}
