//! Disks on machines that the store, an older one that was put back, has as Available: what a guest
//! can reach is In_use, whatever the store was last told.

use domain::disk::first_free_device;
use domain::{Disk, DiskStatus, Instance, Moment, Uptime};

use crate::hypervisor::{AttachmentId, Hypervisor, Progress};
use crate::store::{Store, StoreError, WriteTx};

/// The store learns that the disk is attached, if it has it as Available. One that is attached
/// elsewhere, or not there, stays a difference.
pub(super) async fn learn(
    store: &Store,
    seen: Instance,
    attachment: AttachmentId,
    now: Moment,
) -> Result<(), StoreError> {
    let learned = store.write(move |tx| mark_attached(tx, &seen, &attachment, now)).await?;
    if let Some(disk) = learned {
        tracing::warn!(%disk.id, "is In_use again: a guest has it, and the store did not know");
    }
    Ok(())
}

fn mark_attached(
    tx: &mut dyn WriteTx,
    seen: &Instance,
    attachment: &AttachmentId,
    now: Moment,
) -> Result<Option<Disk>, StoreError> {
    if !super::is_unchanged(tx, seen)? {
        return Ok(None);
    }
    let AttachmentId { instance, disk, generation } = attachment;
    let Some(mut disk) = tx.disk(disk)? else { return Ok(None) };
    let others = tx.attached(instance)?;
    let device = first_free_device(|name| others.iter().any(|at| at.device == name));
    let Some(device) = device else { return Ok(None) };
    match disk.found_attached(instance.clone(), device, *generation, now) {
        Ok(()) => {
            tx.save_disk(&disk)?;
            Ok(Some(disk))
        }
        Err(domain::IllegalTransition) => Ok(None),
    }
}

/// Takes the disk, if the store has it as Available, off the record of a machine that is off, so
/// that its next guest does not get it. One that is being made belongs to its operation.
pub(super) async fn take_off(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    attachment: AttachmentId,
) -> Result<(), StoreError> {
    let id = attachment.disk.clone();
    let is_free = store.read(move |tx| tx.disk(&id)).await?;
    if is_free.is_none_or(|disk| disk.status() != DiskStatus::Available) {
        return Ok(());
    }
    let disk = &attachment.disk;
    // A machine that is off does not wait, so that no time is needed.
    match hypervisor.unplug(&attachment, Uptime(0)).await {
        Ok(Progress::Done) => tracing::warn!(%disk, "was taken off a machine that is off"),
        Ok(waits) => tracing::warn!(%disk, ?waits, "cannot be taken off a machine that is off"),
        Err(error) => tracing::warn!(%disk, %error, "cannot be taken off a machine that is off"),
    }
    Ok(())
}
