//! The list of an instance's disks: which they are is kept beside the disks, and always as they
//! say; the rest is read from them.

use std::sync::Arc;

use domain::{Disk, Instance, InstanceId};

use super::super::engine_rows::{attachments, disk_in};
use super::super::{AttachedDisk, AttachedDisks, DynEntity, StoreError, StoredEntity};
use super::postgres_tx::PostgresTx;
use super::value::values;

/// The disks of an instance. A write that asks for them holds the instance, so that no other server
/// attaches one meanwhile.
pub(super) fn of_instance(
    tx: &PostgresTx<'_>,
    instance: &InstanceId,
) -> Result<AttachedDisks, StoreError> {
    if !tx.locking().is_empty() {
        tx.find(Instance::TYPE, instance.as_str())?;
    }
    let sql = "SELECT disks.body FROM attachments JOIN disks ON disks.id = attachments.disk \
               WHERE attachments.instance = $1 ORDER BY attachments.disk";
    let mut attached = Vec::new();
    for row in tx.query(sql, values![instance.as_str()])? {
        let found = (Disk::TYPE.decode)(row.get(0))?;
        let Some(disk) = disk_in(found.as_ref()) else { continue };
        attached.extend(disk.on(instance).map(|at| {
            Arc::new(AttachedDisk {
                disk: disk.id.clone(),
                device: at.device.clone(),
                phase: at.phase,
                generation: at.generation,
            })
        }));
    }
    Ok(attached)
}

/// Brings the lists from where a disk was to where it is now. Other resources are on no list.
pub(super) fn follow(
    tx: &PostgresTx<'_>,
    before: Option<&dyn DynEntity>,
    now: Option<&dyn DynEntity>,
) -> Result<(), StoreError> {
    let (before, now) = (before.and_then(disk_in), now.and_then(disk_in));
    let (was, is) = (attachments(before), attachments(now));
    let Some(id) = now.or(before).map(|disk| &disk.id) else { return Ok(()) };
    for gone in was.iter().filter(|at| is.iter().all(|now| now.instance != at.instance)) {
        tx.execute(
            "DELETE FROM attachments WHERE instance = $1 AND disk = $2",
            values![gone.instance.as_str(), id.as_str()],
        )?;
    }
    for new in is.iter().filter(|at| was.iter().all(|was| was.instance != at.instance)) {
        tx.execute(
            "INSERT INTO attachments (instance, disk) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            values![new.instance.as_str(), id.as_str()],
        )?;
    }
    Ok(())
}
