//! Takes over into the store which disks are damaged, so that clients see it.

use domain::{DiskId, Moment};

use crate::hypervisor::{Hypervisor, TransientError};
use crate::store::{EntityReads, Store, StoreError, WriteTx};

/// Marks the disks that the hypervisor has as damaged. It removes no mark: the hypervisor of this
/// server may not have all disks, and what it does not know is not well.
pub(crate) async fn mark_damaged_disks(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    now: Moment,
) -> Result<(), StoreError> {
    let damaged = match hypervisor.damaged().await {
        Ok(damaged) => damaged,
        Err(TransientError(reason)) => {
            tracing::warn!(reason, "cannot ask which disks are damaged");
            return Ok(());
        }
    };
    if damaged.is_empty() {
        return Ok(());
    }
    let new = store.read(move |tx| {
        let mut new = Vec::new();
        for (disk, why) in &damaged {
            if tx.look_at(disk)?.is_some_and(|disk| disk.damage.is_none()) {
                new.push((disk.clone(), Some(why.clone())));
            }
        }
        Ok::<_, StoreError>(new)
    });
    let new = new.await?;
    if new.is_empty() {
        return Ok(());
    }
    save_damages(store, new, now).await
}

/// Marks one disk as the hypervisor has it, after an operator decided about its bytes.
pub(crate) async fn mark_disk(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    disk: &DiskId,
    now: Moment,
) -> Result<Result<(), TransientError>, StoreError> {
    let damaged = match hypervisor.damaged().await {
        Ok(damaged) => damaged,
        Err(error) => return Ok(Err(error)),
    };
    let why = damaged.into_iter().find(|(damaged, _)| damaged == disk).map(|(_, why)| why);
    save_damages(store, vec![(disk.clone(), why)], now).await.map(Ok)
}

/// Saves why these disks are damaged, or that they are not.
async fn save_damages(
    store: &Store,
    damages: Vec<(DiskId, Option<String>)>,
    now: Moment,
) -> Result<(), StoreError> {
    let save = move |tx: &mut dyn WriteTx| {
        for (id, why) in &damages {
            let Some(mut disk) = tx.disk(id)? else { continue };
            if disk.set_damage(why.as_deref(), now) {
                tx.save_disk(&disk)?;
            }
        }
        Ok(())
    };
    store.write(save).await
}
