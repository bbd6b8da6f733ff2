//! The environment of a server whose instances run on hosts: it follows the records of these, their
//! images, whether there are guests, and what the storage of their disks can do.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::host::{HostHypervisor, HostStorage};
use domain::inventory::{Image, Inventory};

use super::periodic_tasks::{look_for_images, scan_images};
use crate::catalog::{Environments, StorageAbilities};
use crate::inventory::InventorySource;
use crate::operations::PeriodicTask;
use crate::store::{HostRecord, Store, StoreError};

/// How long the server rests between two looks at the hosts.
const LOOKS_EVERY: Duration = Duration::from_secs(5);

/// The hosts as the environment follows them.
#[derive(Clone, Debug, Default, PartialEq)]
struct Followed {
    /// Whether instances are virtual machines.
    real: bool,
    /// Whether disks are in Ceph.
    in_ceph: bool,
    /// The images that a host has at least, by id.
    images: Vec<Image>,
}

impl Followed {
    fn of(hosts: &[HostRecord]) -> Followed {
        let real = hosts.iter().filter(|one| one.host.hypervisor == HostHypervisor::Qemu);
        let mut images: Vec<_> = real.clone().flat_map(|one| one.host.images.clone()).collect();
        // Of two with the same id, that of the host that comes first by name.
        images.sort_by(|one, other| one.id.cmp(&other.id));
        images.dedup_by(|one, other| one.id == other.id);
        let in_ceph = hosts.iter().any(|one| one.host.storage == HostStorage::Rbd);
        Followed { real: real.count() > 0, in_ceph, images }
    }
}

/// Adds the images that there are by now to the environment. Gives the task that goes on with that:
/// it looks at the hosts, if machines are `on_hosts`, else into the data directory.
pub(super) fn images_task(
    on_hosts: bool,
    source: &Arc<InventorySource>,
    environment: &Arc<Environments>,
    store: &Arc<Store>,
) -> Result<PeriodicTask, StoreError> {
    if on_hosts {
        let view = HostsView::new(source, environment);
        view.follow(&store.read_blocking(|tx| tx.hosts())?);
        return Ok(Arc::new(view).task(store));
    }
    scan_images(source, environment);
    Ok(look_for_images(source, environment))
}

/// Keeps the environment of a server like its hosts.
struct HostsView {
    source: Arc<InventorySource>,
    environment: Arc<Environments>,
    followed: Mutex<Followed>,
}

impl HostsView {
    fn new(source: &Arc<InventorySource>, environment: &Arc<Environments>) -> HostsView {
        let (source, environment) = (Arc::clone(source), Arc::clone(environment));
        HostsView { source, environment, followed: Mutex::default() }
    }

    /// Brings the environment to what these hosts are. With virtual machines there are the images
    /// that hosts have, and no others.
    fn follow(&self, hosts: &[HostRecord]) {
        let now = Followed::of(hosts);
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if *followed == now {
            return;
        }
        let inventory = match now.real {
            true => self.source.with_only(&now.images),
            false => Inventory::clone(&self.source.bare()),
        };
        let storage = if now.in_ceph { StorageAbilities::RBD } else { StorageAbilities::ALL };
        self.environment.machines_on_hosts(inventory, now.real, storage);
        *followed = now;
    }

    /// Follows the hosts of the store.
    fn task(self: Arc<Self>, store: &Arc<Store>) -> PeriodicTask {
        let store = Arc::clone(store);
        PeriodicTask::new("look at the hosts", LOOKS_EVERY, move || {
            let (store, view) = (Arc::clone(&store), Arc::clone(&self));
            async move { store.read(|tx| tx.hosts()).await.map(|hosts| view.follow(&hosts)) }
        })
    }
}
