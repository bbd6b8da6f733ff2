//! The hypervisor of a server, as the options choose it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::InstanceId;

use super::RealMachines;
use crate::catalog::{Console, StorageAbilities};
use crate::hypervisor::qemu::{self, Qemu};
use crate::hypervisor::{Elsewhere, Hypervisor, Machines, Pace, Simulated};
use crate::operations::ask_for_console;
use crate::storage::{Directory, Rbd, StorageError, StoragePlace, Volumes};
use crate::store::{Store, StoreError};

/// Where the machines of a server are.
pub(super) enum MachinesAt {
    /// They are simulated.
    Nowhere,
    /// They run on this host.
    Here(Box<RealMachines>),
    /// They run on hosts, each with a process of its own.
    Hosts,
}

impl MachinesAt {
    /// The place that the options choose; with the directory that guests can fill, if they can.
    pub(super) fn of(
        real: Option<RealMachines>,
        on_hosts: bool,
        directory: &Path,
    ) -> (MachinesAt, Option<PathBuf>) {
        match real {
            Some(real) => (MachinesAt::Here(Box::new(real)), Some(directory.to_owned())),
            None if on_hosts => (MachinesAt::Hosts, None),
            None => (MachinesAt::Nowhere, None),
        }
    }
}

/// A driver with what the rest has to know of it.
pub(super) struct Driver {
    pub hypervisor: Arc<dyn Hypervisor>,
    pub simulated: Option<Arc<Simulated>>,
    pub console: Console,
    pub creating_takes_time: bool,
    pub can_snapshot_shared_disks: bool,
    pub can_snapshot: bool,
    pub storage: StorageAbilities,
}

impl Driver {
    /// The driver; where the store is shared, it is one of several.
    pub(super) fn of(
        machines: MachinesAt,
        pace: Pace,
        shares_store: bool,
        directory: &Path,
        store: &Arc<Store>,
    ) -> Result<Driver, StoreError> {
        match machines {
            MachinesAt::Hosts => Ok(Driver::elsewhere(store)),
            MachinesAt::Nowhere if shares_store => {
                Ok(Driver::simulated(Simulated::following_store(pace)))
            }
            MachinesAt::Nowhere => Ok(Driver::simulated(Simulated::new(pace))),
            MachinesAt::Here(real) => {
                let storage = match real.storage {
                    StoragePlace::Directory => StorageAbilities::ALL,
                    StoragePlace::Rbd(_) => StorageAbilities::RBD,
                };
                let opened = open_qemu(*real, directory);
                let driver = opened.map(|qemu| Driver::qemu(qemu, storage));
                driver.map_err(|fault| StoreError::Engine(fault.to_string()))
            }
        }
    }

    fn simulated(simulated: Simulated) -> Driver {
        let simulated = Arc::new(simulated);
        let speaks = Arc::clone(&simulated);
        Driver {
            creating_takes_time: simulated.creating_takes_time(),
            hypervisor: Arc::<Simulated>::clone(&simulated),
            simulated: Some(simulated),
            console: Arc::new(move |id: &InstanceId| speaks.console_output(id)),
            can_snapshot_shared_disks: true,
            can_snapshot: true,
            storage: StorageAbilities::ALL,
        }
    }

    /// Machines run on hosts. New disks are there at once: no host has them yet.
    fn elsewhere(store: &Arc<Store>) -> Driver {
        // Writes hold the environment, and so this: the last of them must not close the store.
        let store = Arc::downgrade(store);
        let console = move |id: &InstanceId| {
            let store = store.upgrade().ok_or_else(|| io::Error::other("the server stops"))?;
            tokio::runtime::Handle::current().block_on(ask_for_console(&store, id))
        };
        Driver {
            hypervisor: Arc::new(Elsewhere::default()),
            simulated: None,
            console: Arc::new(console),
            creating_takes_time: false,
            can_snapshot_shared_disks: true,
            can_snapshot: true,
            storage: StorageAbilities::ALL,
        }
    }

    fn qemu(qemu: Arc<Qemu>, storage: StorageAbilities) -> Driver {
        let speaks = Arc::clone(&qemu);
        Driver {
            hypervisor: qemu,
            simulated: None,
            console: Arc::new(move |id: &InstanceId| speaks.console_output(id)),
            creating_takes_time: true,
            can_snapshot_shared_disks: false,
            can_snapshot: true,
            storage,
        }
    }
}

/// The driver of QEMU with the disks of the data directory, or those of a pool of Ceph.
pub(super) fn open_qemu(real: RealMachines, directory: &Path) -> Result<Arc<Qemu>, StorageError> {
    let RealMachines { qemu, storage, disk_cache } = real;
    let directory = qemu::prepare(directory, qemu.user)?;
    let disks: Arc<dyn Volumes> = match storage {
        StoragePlace::Directory => {
            Arc::new(Directory::open(&directory, qemu.user)?.with_cache(disk_cache)?)
        }
        StoragePlace::Rbd(options) => Arc::new(Rbd::open(options, &directory, qemu.user)?),
    };
    Ok(Qemu::open(qemu, &directory, disks))
}
