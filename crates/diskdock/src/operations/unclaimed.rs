//! Machines and disks that the store does not know: left by another store, or put there by hand.
//! They are reported and left alone.

use std::collections::BTreeSet;

use domain::{DiskId, InstanceId};

use super::reconcile::Difference;
use crate::hypervisor::{Hypervisor, TransientError};
use crate::store::{Store, StoreError};

/// Looks for them. What comes or goes meanwhile is none of them.
pub(crate) async fn unclaimed(
    store: &Store,
    hypervisor: &dyn Hypervisor,
) -> Result<Vec<Difference>, StoreError> {
    let (machines, disks) = match list(hypervisor).await {
        Ok(listed) => listed,
        Err(TransientError(reason)) => {
            return Ok(vec![Difference { instance: None, what: reason }]);
        }
    };
    let (machines, disks) = store
        .read(move |tx| {
            let discards: BTreeSet<_> = tx.discards(u32::MAX)?.into_iter().collect();
            let mut unknown = (BTreeSet::new(), BTreeSet::new());
            for instance in &machines {
                if tx.instance(instance)?.is_none() {
                    unknown.0.insert(instance.clone());
                }
            }
            for disk in disks.iter().filter(|disk| !discards.contains(disk)) {
                if tx.disk(disk)?.is_none() {
                    unknown.1.insert(disk.clone());
                }
            }
            Ok::<_, StoreError>(unknown)
        })
        .await?;
    if machines.is_empty() && disks.is_empty() {
        return Ok(Vec::new());
    }
    // What was deleted since the first list is not there any more.
    let (still_on, still_stored) = list(hypervisor).await.unwrap_or_default();
    let machines = still_on.into_iter().filter(|instance| machines.contains(instance));
    let disks = still_stored.into_iter().filter(|disk| disks.contains(disk));
    Ok(machines.map(of_machine).chain(disks.map(of_disk)).collect())
}

async fn list(
    hypervisor: &dyn Hypervisor,
) -> Result<(Vec<InstanceId>, Vec<DiskId>), TransientError> {
    Ok((hypervisor.running().await?, hypervisor.stored().await?))
}

fn of_machine(instance: InstanceId) -> Difference {
    let what = "is on, but the store does not know it; is this the right data directory?";
    Difference { instance: Some(instance), what: what.to_owned() }
}

fn of_disk(disk: DiskId) -> Difference {
    let what = format!(
        "there are bytes of {disk}, which the store does not know; move its file away if it is \
        not needed"
    );
    Difference { instance: None, what }
}
