//! Throws away the bytes of disks and snapshots that the store no longer has.
//!
//! A disk or a snapshot is removed from the store in a transaction that remembers its bytes; they
//! are discarded afterwards, as often as it takes, so that neither a crash nor a failing driver
//! leaves any behind.

use domain::host::{HostAdmission, HostStorage};

use crate::hypervisor::Hypervisor;
use crate::store::{HostRecord, ReadTx, Store, StoreError, WriteTx};

/// Disks, and snapshots, that are discarded at a time.
const BATCH_SIZE: u32 = 1_000;

/// Discards the bytes of removed disks and snapshots: those of the host that this process works
/// for, in a server its own; in Ceph also those of hosts that are gone or fenced. Gives how many
/// are gone now; what could not be discarded is in the log, and tried again the next time.
pub async fn discard_volumes(
    store: &Store,
    hypervisor: &dyn Hypervisor,
) -> Result<usize, StoreError> {
    let own = store.host();
    let owners = store.read(move |tx| discarded_here(tx, &own)).await?;
    let mut count = 0;
    for owner in owners {
        count += discard_disks(store, hypervisor, owner.clone()).await?;
        count += discard_snapshots(store, hypervisor, owner).await?;
    }
    Ok(count)
}

/// The hosts whose bytes a process discards that works for this one, or for none: its own. All
/// hosts of one pool of Ceph have all bytes there, and those of a fenced one are left to them.
fn discarded_here(tx: &dyn ReadTx, own: &str) -> Result<Vec<String>, StoreError> {
    let mut owners = vec![own.to_owned()];
    if own.is_empty() {
        return Ok(owners);
    }
    let hosts = tx.hosts()?;
    let of = |name: &str| hosts.iter().find(|one| one.host.name == name);
    if of(own).is_some_and(|it| it.host.is_fenced()) {
        return Ok(Vec::new());
    }
    if of(own).is_none_or(|it| it.host.storage != HostStorage::Rbd) {
        return Ok(owners);
    }
    let is_lost = |found: &HostRecord| found.host.admission == HostAdmission::Fenced;
    let others = tx.discarding_hosts()?.into_iter();
    owners.extend(others.filter(|name| name != own && of(name).is_none_or(is_lost)));
    Ok(owners)
}

async fn discard_disks(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    host: String,
) -> Result<usize, StoreError> {
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
    Ok(count)
}

async fn discard_snapshots(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    host: String,
) -> Result<usize, StoreError> {
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
