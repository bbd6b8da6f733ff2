//! Throws away the bytes of disks and snapshots that the store no longer has.
//!
//! A disk or a snapshot is removed from the store in a transaction that remembers its bytes; they
//! are discarded afterwards, as often as it takes, so that neither a crash nor a failing driver
//! leaves any behind.

use crate::hypervisor::Hypervisor;
use crate::store::{Store, StoreError, WriteTx};

/// Disks, and snapshots, that are discarded at a time.
const BATCH_SIZE: u32 = 1_000;

/// Discards the bytes of removed disks and snapshots: those of the host that this process works
/// for, in a server its own. Gives how many are gone now; what could not be discarded is in the
/// log, and tried again the next time.
pub async fn discard_volumes(
    store: &Store,
    hypervisor: &dyn Hypervisor,
) -> Result<usize, StoreError> {
    let host = store.host();
    let removed = store.read(move |tx| tx.discards(&host, BATCH_SIZE)).await?;
    let mut gone = Vec::new();
    for disk in removed {
        match hypervisor.discard(&disk).await {
            Ok(()) => gone.push(disk),
            Err(error) => tracing::warn!(%disk, %error, "cannot discard a disk"),
        }
    }
    let count = gone.len();
    if count > 0 {
        store.write(move |tx| gone.iter().try_for_each(|disk| tx.delete_discard(disk))).await?;
    }
    Ok(count + discard_snapshots(store, hypervisor).await?)
}

async fn discard_snapshots(
    store: &Store,
    hypervisor: &dyn Hypervisor,
) -> Result<usize, StoreError> {
    let host = store.host();
    let removed = store.read(move |tx| tx.snapshot_discards(&host, BATCH_SIZE)).await?;
    let mut gone = Vec::new();
    for snapshot in removed {
        match hypervisor.discard_snapshot(&snapshot).await {
            Ok(()) => gone.push(snapshot),
            Err(error) => tracing::warn!(%snapshot, %error, "cannot discard a snapshot yet"),
        }
    }
    let count = gone.len();
    if count > 0 {
        let forget = move |tx: &mut dyn WriteTx| {
            gone.iter().try_for_each(|snapshot| tx.delete_snapshot_discard(snapshot))
        };
        store.write(forget).await?;
    }
    Ok(count)
}
