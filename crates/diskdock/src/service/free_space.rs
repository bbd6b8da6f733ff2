//! Free space on the host: on a full file system no action makes a disk or enlarges one.

use domain::Disk;

use crate::catalog::errors::DISK_CAPACITY;
use crate::catalog::{ActionError, HasFreeSpace, Refusal, StoreChange};
use crate::store::ReadTx;

/// Refuses changes that need room for disks if there is none. It is looked up only where a change
/// may need some; whether one does is looked up only if there is none.
pub(super) fn check(
    has_free_space: &HasFreeSpace,
    tx: &dyn ReadTx,
    changes: &[StoreChange],
) -> Result<(), ActionError> {
    let disks = || changes.iter().filter_map(|change| change.saved::<Disk>());
    if disks().next().is_none() || has_free_space() {
        return Ok(());
    }
    for disk in disks() {
        let before = tx.disk(&disk.id)?;
        let grows = before.is_none_or(|before| before.size_gib < disk.size_gib);
        if grows {
            return Err(Refusal::about(&DISK_CAPACITY, &disk.zone).into());
        }
    }
    Ok(())
}
