//! The list of an instance's disks: kept beside the disks, and always as they say.

use std::any::Any;
use std::sync::Arc;

use domain::{Attachment, Disk, DiskId, InstanceId};
use rusqlite::params;

use super::super::{AttachedDisk, DynEntity, StoreError};
use super::engine;
use super::sqlite_tx::{SqliteTx, body};

/// The disks of an instance, from memory or from SQL.
pub(super) fn of_instance(
    tx: &SqliteTx<'_>,
    instance: &InstanceId,
) -> Result<Vec<AttachedDisk>, StoreError> {
    if let Some(known) = tx.known(|delta, cache| delta.attached(cache, instance)) {
        return Ok(Vec::clone(&known));
    }
    let found = in_sql(tx, instance)?;
    tx.touch(|delta, _| delta.set_attached(instance, Some(Arc::new(found.clone()))));
    Ok(found)
}

fn in_sql(tx: &SqliteTx<'_>, instance: &InstanceId) -> Result<Vec<AttachedDisk>, StoreError> {
    let sql = "SELECT disk, device, phase, generation FROM attachments WHERE instance = ?1";
    let mut statement = tx.prepare(sql)?;
    let mut rows = statement.query([instance.as_str()]).map_err(engine)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        let generation: i64 = row.get(3).map_err(engine)?;
        found.push(AttachedDisk {
            disk: row.get::<_, String>(0).map_err(engine)?.into(),
            device: row.get(1).map_err(engine)?,
            phase: body(row, 2)?,
            generation: generation.unsigned_abs(),
        });
    }
    Ok(found)
}

/// Brings the lists from where a disk was to where it is now. What is no disk is on no list.
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
    is.iter().filter(|at| !was.contains(at)).try_for_each(|at| save(tx, id, at))
}

fn disk_in(resource: &dyn DynEntity) -> Option<&Disk> {
    let any: &dyn Any = resource;
    any.downcast_ref()
}

fn attachments(disk: Option<&Disk>) -> &[Attachment] {
    disk.map_or(&[], |disk| &disk.attachments)
}

fn save(tx: &SqliteTx<'_>, disk: &DiskId, at: &Attachment) -> Result<(), StoreError> {
    let phase = serde_json::to_string(&at.phase).expect("a phase is plain data");
    let generation = i64::try_from(at.generation).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO attachments (instance, disk, device, phase, generation) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (instance, disk) \
         DO UPDATE SET device = ?3, phase = ?4, generation = ?5",
        params![at.instance.as_str(), disk.as_str(), at.device, phase, generation],
    )?;
    let attached = AttachedDisk {
        disk: disk.clone(),
        device: at.device.clone(),
        phase: at.phase,
        generation: at.generation,
    };
    touch(tx, &at.instance, disk, Some(attached));
    Ok(())
}

/// Updates the known disks of an instance; unknown ones stay unknown.
fn touch(tx: &SqliteTx<'_>, instance: &InstanceId, disk: &DiskId, now: Option<AttachedDisk>) {
    tx.touch(|delta, cache| {
        let known = delta.attached(cache, instance).map(|known| {
            let others = known.iter().filter(|at| at.disk != *disk).cloned();
            Arc::new(others.chain(now).collect())
        });
        delta.set_attached(instance, known);
    });
}
