//! Throws away the bytes of disks that the store no longer has.
//!
//! A disk is removed from the store in a transaction that remembers its bytes; they are discarded
//! afterwards, as often as it takes, so that neither a crash nor a failing driver leaves any
//! behind.

use crate::hypervisor::Hypervisor;
use crate::store::{Store, StoreError};

/// Disks that are discarded at a time.
const AT_A_TIME: u32 = 1_000;

/// Discards the bytes of removed disks. Gives how many are gone now; what could not be discarded is
/// in the log, and tried again the next time.
pub async fn sweep(store: &Store, hypervisor: &dyn Hypervisor) -> Result<usize, StoreError> {
    let removed = store.read(|tx| tx.discards(AT_A_TIME)).await?;
    let mut gone = Vec::new();
    for disk in removed {
        match hypervisor.discard(&disk).await {
            Ok(()) => gone.push(disk),
            Err(error) => tracing::warn!(%disk, %error, "cannot discard a disk"),
        }
    }
    let count = gone.len();
    if count > 0 {
        store.write(move |tx| gone.iter().try_for_each(|disk| tx.forget_discard(disk))).await?;
    }
    Ok(count)
}
