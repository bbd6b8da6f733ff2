//! The periodic tasks of a server besides those of operations.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::actions::snapshot_policy::schedule::{Now, carry_out_due};
use crate::catalog::Environments;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::gateway::nonce::stored::delete_stored;
use crate::hypervisor::Hypervisor;
use crate::inventory::InventorySource;
use crate::operations::PeriodicTask;
use crate::reserve;
use crate::service::Services;

/// How long the server rests between two looks for imported images, and between two clearings of
/// the memory of nonces.
const REFRESHED_EVERY: Duration = Duration::from_secs(20);
/// How long it rests between two reads of the access keys of a store that other servers change.
const KEYS_READ_EVERY: Duration = Duration::from_secs(2);

/// How long the server rests between two looks at how much disks are used.
const MEASURED_EVERY: Duration = Duration::from_secs(5);

/// How long the server rests between two looks for automatic snapshots that are due.
const SCHEDULED_EVERY: Duration = Duration::from_secs(20);

/// Adds the images that are imported by now to the environment.
pub(super) fn scan_images(source: &InventorySource, environment: &Environments) {
    match source.scan() {
        Ok(found) => found.into_iter().for_each(|inventory| environment.inventory(inventory)),
        Err(fault) => tracing::error!(%fault, "cannot look for imported images"),
    }
}

/// Looks for images that were imported into the data directory.
pub(super) fn look_for_images(
    source: &Arc<InventorySource>,
    environment: &Arc<Environments>,
) -> PeriodicTask {
    let (source, environment) = (Arc::clone(source), Arc::clone(environment));
    PeriodicTask::new("look for imported images", REFRESHED_EVERY, move || {
        let (source, environment) = (Arc::clone(&source), Arc::clone(&environment));
        async move { source.refresh(|found| environment.inventory(found)).await }
    })
}

/// Maintenance besides that of operations, with the task that finds `images`. With real machines,
/// space is set aside in `kept`, since guests can fill the file system of the store, and the use of
/// disks is measured.
pub(super) fn tasks(
    gateway: &Arc<Gateway>,
    images: PeriodicTask,
    hypervisor: &Arc<dyn Hypervisor>,
    kept: Option<PathBuf>,
) -> Vec<PeriodicTask> {
    let Services { store, clock, environment, .. } = &gateway.services;
    let (nonces, keys) = (Arc::clone(&gateway.nonces), Arc::clone(&gateway.keys));
    let policies = Arc::clone(environment);
    let (kept_in, runner) = (Arc::clone(store), Arc::clone(&gateway.services.runner));
    let time = Arc::clone(clock);
    let measured = kept.is_some().then(|| measure_disks(hypervisor, clock));
    let keys_changed = store.keys_changed();
    let (store, clock) = (Arc::clone(store), Arc::clone(clock));
    let mut tasks = vec![
        PeriodicTask::new("make automatic snapshots", SCHEDULED_EVERY, move || {
            let (store, runner) = (Arc::clone(&kept_in), Arc::clone(&runner));
            let environment = policies.current();
            let now = Now { moment: time.now(), uptime: time.uptime() };
            async move { carry_out_due(&store, &runner, &environment, now).await }
        })
        .also_after(&clock.advanced()),
        images,
        PeriodicTask::new("forget old nonces", REFRESHED_EVERY, move || {
            let now_s = clock.now_for_signatures().seconds();
            let expired_s = nonces.forget_expired(now_s, clock.uptime_for_signatures());
            nonces.forget_keys(|id| keys.find(id).is_some());
            let store = Arc::clone(&store);
            async move { delete_stored(&store, expired_s).await }
        }),
    ];
    tasks.extend(kept.map(keep_reserve));
    tasks.extend(measured);
    tasks.extend(keys_changed.map(|changed| reload_keys(gateway, &changed)));
    tasks
}

/// Sets space aside in a directory that guests can fill.
pub(super) fn keep_reserve(directory: PathBuf) -> PeriodicTask {
    PeriodicTask::new("keep room in reserve for the store", REFRESHED_EVERY, move || {
        std::future::ready(reserve::keep(&directory))
    })
    .also_at_start()
}

/// Looks at how much real disks are used, for DescribeDiskMonitorData, and writes down which are
/// damaged where that has failed.
pub(super) fn measure_disks(hypervisor: &Arc<dyn Hypervisor>, clock: &Arc<Clock>) -> PeriodicTask {
    let (hypervisor, clock) = (Arc::clone(hypervisor), Arc::clone(clock));
    PeriodicTask::new("measure and maintain disks", MEASURED_EVERY, move || {
        let (hypervisor, now) = (Arc::clone(&hypervisor), clock.now());
        async move { hypervisor.maintain(now).await }
    })
}

/// Follows the access keys that other servers add and remove: soon after it hears of them, and
/// regularly.
fn reload_keys(gateway: &Arc<Gateway>, changed: &Arc<Notify>) -> PeriodicTask {
    let gateway = Arc::downgrade(gateway);
    PeriodicTask::new("read the access keys", KEYS_READ_EVERY, move || {
        let gateway = gateway.upgrade();
        async move {
            match gateway {
                Some(gateway) => gateway.keys.reload(&gateway.services.store).await,
                None => Ok(()),
            }
        }
    })
    .also_after(changed)
}
