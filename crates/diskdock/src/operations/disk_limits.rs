//! Keeps the guests of Running instances to the limits of their disks as the store has them: after
//! a restart of the server, and where a change came to a disk that was on its way to a guest.

use std::sync::Arc;

use domain::{Instance, InstanceStatus, Phase};

use crate::hypervisor::{DiskLimit, Hypervisor, TransientError};
use crate::store::{AttachedDisk, EntityReads, Store, StoreError};

/// Limits the disks of an instance, if it is Running; the inner error is the hypervisor's.
pub(super) async fn limit_disks(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    instance: &Instance,
    disks: &[Arc<AttachedDisk>],
) -> Result<Result<(), TransientError>, StoreError> {
    if !hypervisor.limits_disks() || instance.status != InstanceStatus::Running {
        return Ok(Ok(()));
    }
    let attached = disks.iter().filter(|at| at.phase == Phase::Attached);
    let attached: Vec<_> = attached.map(|at| at.disk.clone()).collect();
    let read = store.read(move |tx| {
        let mut limits = Vec::new();
        for disk in &attached {
            // A change of its specification that is under way sets the limit itself.
            let found = tx.look_at(disk)?.filter(|disk| !disk.is_modifying());
            limits.extend(found.map(|disk| DiskLimit::of(&disk)));
        }
        Ok::<_, StoreError>(limits)
    });
    let limits = read.await?;
    Ok(hypervisor.limit_disks(&instance.id, &limits).await)
}
