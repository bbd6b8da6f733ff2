//! The list of an instance's disks: which they are is kept beside the disks, and always as they
//! say; the rest is read from them.

use std::sync::Arc;

use domain::{Attachment, Disk, DiskId, InstanceId};
use rusqlite::{Row, params};

use super::super::engine_rows::{attachments, disk_in};
use super::super::{AttachedDisk, AttachedDisks, DynEntity, StoreError, StoredEntity};
use super::engine;
use super::sqlite_tx::SqliteTx;

/// The disks of an instance, from memory or from SQL.
pub(super) fn of_instance(
    tx: &SqliteTx<'_>,
    instance: &InstanceId,
) -> Result<AttachedDisks, StoreError> {
    if let Some(known) = tx.known(|delta, cache| delta.attached(cache, instance)) {
        return Ok(Vec::clone(&known));
    }
    let mut found = Vec::new();
    for id in in_sql(tx, instance)? {
        let disk = tx.find(Disk::TYPE, id.as_str())?;
        let Some(disk) = disk.as_deref().and_then(disk_in) else { continue };
        found.extend(disk.on(instance).map(|at| Arc::new(attached(&disk.id, at))));
    }
    tx.touch(|delta, _| delta.set_attached(instance, Some(Arc::new(found.clone()))));
    Ok(found)
}

/// The ids of the disks of an instance; the rest is in the disks themselves.
fn in_sql(tx: &SqliteTx<'_>, instance: &InstanceId) -> Result<Vec<DiskId>, StoreError> {
    let mut statement = tx.prepare("SELECT disk FROM attachments WHERE instance = ?1")?;
    let read = |row: &Row<'_>| row.get::<_, String>(0).map(DiskId::from);
    let ids = statement.query_map([instance.as_str()], read).map_err(engine)?;
    ids.map(|id| id.map_err(engine)).collect()
}

/// Brings the lists from where a disk was to where it is now. Other resources are on no list.
pub(super) fn follow(
    tx: &SqliteTx<'_>,
    before: Option<&dyn DynEntity>,
    now: Option<&dyn DynEntity>,
) -> Result<(), StoreError> {
    let (before, now) = (before.and_then(disk_in), now.and_then(disk_in));
    let (was, is) = (attachments(before), attachments(now));
    let Some(id) = now.or(before).map(|disk| &disk.id) else { return Ok(()) };
    for gone in was.iter().filter(|at| is.iter().all(|now| now.instance != at.instance)) {
        tx.execute(
            "DELETE FROM attachments WHERE instance = ?1 AND disk = ?2",
            params![gone.instance.as_str(), id.as_str()],
        )?;
        touch(tx, &gone.instance, id, None);
    }
    for at in is.iter().filter(|at| !was.contains(at)) {
        if was.iter().all(|before| before.instance != at.instance) {
            tx.execute(
                "INSERT OR IGNORE INTO attachments (instance, disk) VALUES (?1, ?2)",
                params![at.instance.as_str(), id.as_str()],
            )?;
        }
        touch(tx, &at.instance, id, Some(attached(id, at)));
    }
    Ok(())
}

fn attached(disk: &DiskId, at: &Attachment) -> AttachedDisk {
    AttachedDisk {
        disk: disk.clone(),
        device: at.device.clone(),
        phase: at.phase,
        generation: at.generation,
    }
}

/// Updates the known disks of an instance; unknown ones stay unknown.
fn touch(tx: &SqliteTx<'_>, instance: &InstanceId, disk: &DiskId, now: Option<AttachedDisk>) {
    tx.touch(|delta, cache| {
        let known = delta.attached(cache, instance).map(|known| {
            let others = known.iter().filter(|at| at.disk != *disk).cloned();
            Arc::new(others.chain(now.map(Arc::new)).collect())
        });
        delta.set_attached(instance, known);
    });
}
