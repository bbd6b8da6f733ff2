//! Machines, disks and snapshots that the store does not know: left by another store, or put there
//! by hand. They are reported and left alone.

use std::collections::BTreeSet;

use domain::host::HostStorage;
use domain::{DiskId, InstanceId, SnapshotId};

use super::reconcile::Difference;
use crate::hypervisor::{Hypervisor, TransientError};
use crate::store::{EntityReads, ReadTx, Store, StoreError};

/// Machines, disks and snapshots of a hypervisor.
#[derive(Default)]
struct OfHypervisor {
    machines: Vec<InstanceId>,
    disks: Vec<DiskId>,
    snapshots: Vec<SnapshotId>,
}

impl OfHypervisor {
    async fn of(hypervisor: &dyn Hypervisor) -> Result<OfHypervisor, TransientError> {
        Ok(OfHypervisor {
            machines: hypervisor.running().await?,
            disks: hypervisor.stored().await?,
            snapshots: hypervisor.stored_snapshots().await?,
        })
    }

    /// The disks and snapshots that the store does not know.
    async fn unknown(self, store: &Store) -> Result<OfHypervisor, StoreError> {
        let host = store.host();
        store
            .read(move |tx| {
                let (mut discards, mut dropped) = (BTreeSet::new(), BTreeSet::new());
                for host in sharing_bytes(tx, &host)? {
                    discards.extend(tx.discards(&host, u32::MAX)?);
                    dropped.extend(tx.snapshot_discards(&host, u32::MAX)?);
                }
                let mut unknown = OfHypervisor::default();
                for instance in &self.machines {
                    if tx.instance(instance)?.is_none() {
                        unknown.machines.push(instance.clone());
                    }
                }
                for disk in self.disks.iter().filter(|disk| !discards.contains(*disk)) {
                    if tx.disk(disk)?.is_none() {
                        unknown.disks.push(disk.clone());
                    }
                }
                for snapshot in self.snapshots.iter().filter(|one| !dropped.contains(*one)) {
                    if tx.get(snapshot)?.is_none() {
                        unknown.snapshots.push(snapshot.clone());
                    }
                }
                Ok::<_, StoreError>(unknown)
            })
            .await
    }
}

/// The hosts whose bytes are there for this one, which is among them: in Ceph those of all.
fn sharing_bytes(tx: &dyn ReadTx, host: &str) -> Result<Vec<String>, StoreError> {
    if host.is_empty() {
        return Ok(vec![String::new()]);
    }
    let hosts = tx.hosts()?.into_iter().map(|one| one.host);
    let in_ceph = hosts.filter(|one| one.storage == HostStorage::Rbd && one.name != host);
    let mut names: Vec<_> = in_ceph.map(|one| one.name).collect();
    names.push(host.to_owned());
    Ok(names)
}

/// Looks for them. Resources that come or go meanwhile are none of them.
pub(crate) async fn orphans(
    store: &Store,
    hypervisor: &dyn Hypervisor,
) -> Result<Vec<Difference>, StoreError> {
    let listed = match OfHypervisor::of(hypervisor).await {
        Ok(listed) => listed,
        Err(TransientError(reason)) => {
            return Ok(vec![Difference { instance: None, what: reason }]);
        }
    };
    let unknown = listed.unknown(store).await?;
    if unknown.machines.is_empty() && unknown.disks.is_empty() && unknown.snapshots.is_empty() {
        return Ok(Vec::new());
    }
    // An orphan that was deleted since the first list is in the second no more.
    let still = OfHypervisor::of(hypervisor).await.unwrap_or_default();
    let machines = still.machines.into_iter().filter(|one| unknown.machines.contains(one));
    let disks = still.disks.into_iter().filter(|one| unknown.disks.contains(one));
    let snapshots = still.snapshots.into_iter().filter(|one| unknown.snapshots.contains(one));
    let bytes = disks.map(|disk| disk.to_string()).chain(snapshots.map(|one| one.to_string()));
    Ok(machines.map(of_machine).chain(bytes.map(of_bytes)).collect())
}

fn of_machine(instance: InstanceId) -> Difference {
    let what = "is on, but the store does not know it; is this the right data directory?";
    Difference { instance: Some(instance), what: what.to_owned() }
}

fn of_bytes(id: String) -> Difference {
    let what = format!(
        "there are bytes of {id}, which the store does not know; move its file away if it is not \
         needed"
    );
    Difference { instance: None, what }
}
