//! The room of the host: on a full file system no disk is made or made larger, whoever asks and by
//! whatever action.

use domain::Disk;

use crate::catalog::errors::DISK_CAPACITY;
use crate::catalog::{Refusal, RoomForDisks, Stop, StoreChange};
use crate::store::ReadTx;

/// Refuses changes that need room for disks if there is none. It is looked up only where a change
/// needs some.
pub(super) fn check(
    room_for_disks: &RoomForDisks,
    tx: &dyn ReadTx,
    changes: &[StoreChange],
) -> Result<(), Stop> {
    for disk in changes.iter().filter_map(|change| change.saved::<Disk>()) {
        let before = tx.disk(&disk.id)?;
        let grows = before.is_none_or(|before| before.size_gib < disk.size_gib);
        if grows {
            let full = Refusal::about(&DISK_CAPACITY, &disk.zone);
            return if room_for_disks() { Ok(()) } else { Err(full.into()) };
        }
    }
    Ok(())
}
