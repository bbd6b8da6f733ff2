//! The environment of a request: the inventory, the source of ids, the abilities of the hypervisor.

use std::io;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::entity::EntityId;
use domain::inventory::Inventory;
use domain::usage::MinuteOfUse;
use domain::{Activity, DiskId, InstanceId, Moment, SnapshotId};

use super::errors::{Refusal, SNAPSHOTS_NOT_HERE};
pub(crate) use crate::ids::IdGenerator;
pub use crate::operations::ConsoleOutput;

/// Ports of this host that may lead into guests unless an operator says otherwise: those that are
/// not kept for the services of a host.
pub const FORWARD_PORTS: RangeInclusive<u16> = 1_024..=u16::MAX;

/// Reads the latest of what an instance has written to its console, from files of the host, or from
/// the host that it is on. It may block, so it is called outside of transactions, on a thread for
/// that. The kind of the error is [`io::ErrorKind::TimedOut`] where that host does not answer.
pub type Console = Arc<dyn Fn(&InstanceId) -> io::Result<ConsoleOutput> + Send + Sync>;

/// Tells whether there is room for another disk, or for a larger one. A short look at the file
/// system that the store is on, too.
pub type HasFreeSpace = Arc<dyn Fn() -> bool + Send + Sync>;

/// Tells how much of a snapshot that is being made is there, in percent.
pub(super) type SnapshotPercent = Arc<dyn Fn(&SnapshotId) -> u8 + Send + Sync>;

/// Tells what guests did with a disk in the latest minutes, oldest first; from memory.
pub(super) type UseOfDisk = Arc<dyn Fn(&DiskId) -> Vec<MinuteOfUse> + Send + Sync>;

/// Tells how many bytes of storage a disk takes, from the file system that it is on; none where
/// there are no real disks, or where it cannot be told. It may block.
pub(super) type UsedBytes = Arc<dyn Fn(&DiskId) -> Option<u64> + Send + Sync>;

/// The needs of an action of the hypervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// No capability beyond those of every hypervisor.
    Nothing,
    /// Snapshots of disks, and all that is made with them.
    Snapshots,
}

/// The abilities of a storage of disks beyond those that every one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageAbilities {
    /// Disks can be encrypted.
    pub encrypts: bool,
    /// A disk can be on several instances.
    pub shares: bool,
    /// Disks of a running instance can have snapshots of the same moment.
    pub snapshots_together: bool,
}

impl StorageAbilities {
    /// All of them: the simulated one, and a directory.
    pub const ALL: StorageAbilities =
        StorageAbilities { encrypts: true, shares: true, snapshots_together: true };
    /// Those of Ceph RBD.
    pub const RBD: StorageAbilities =
        StorageAbilities { encrypts: false, shares: false, snapshots_together: false };
}

/// The environment of one request: the same from its beginning to its end.
#[derive(Clone)]
pub struct Environment {
    /// Regions, zones, types and images.
    pub inventory: Arc<Inventory>,
    /// The source of ids.
    pub ids: Arc<IdGenerator>,
    /// Whether new disks are Creating for a while instead of Available at once.
    pub creating_takes_time: Arc<AtomicBool>,
    /// Whether a disk can have a snapshot while several instances have it. Real machines copy it as
    /// of one moment only if one of them alone writes to it.
    pub can_snapshot_shared_disks: bool,
    /// The abilities of the storage of disks.
    pub storage: StorageAbilities,
    /// Whether instances are simulated, so that no guest has to be told of a change.
    pub is_simulated: bool,
    /// Whether machines run on hosts, each with a process of its own, and not here.
    pub on_hosts: bool,
    /// Whether disks can have snapshots, with all that is made with them.
    pub can_snapshot: bool,
    /// Whether a disk that was never attached can have a snapshot, which the vendor refuses.
    pub can_snapshot_new_disks: bool,
    /// Ports of this host that tags of instances may lead into their guests.
    pub forward_ports: RangeInclusive<u16>,
    /// Reads the consoles of instances.
    pub console: Console,
    /// Tells how far snapshots are.
    pub snapshot_percent: SnapshotPercent,
    /// Tells how much a disk is used.
    pub use_of_disk: UseOfDisk,
    /// Tells how much storage a disk takes.
    pub used_bytes: UsedBytes,
    /// Tells whether there is room for disks.
    pub has_free_space: HasFreeSpace,
}

impl Environment {
    /// A new id of a resource in a region.
    pub(crate) fn new_id<I: EntityId + From<String>>(&self, region: &str, now: Moment) -> I {
        let region = self.inventory.region(region);
        self.ids.of(region.map_or("bp1", |region| &region.id_hint), now)
    }

    /// An environment with all abilities, in which every console is empty.
    pub fn plain(inventory: Inventory, ids: IdGenerator, creating_takes_time: bool) -> Environment {
        Environment {
            inventory: Arc::new(inventory),
            ids: Arc::new(ids),
            creating_takes_time: Arc::new(creating_takes_time.into()),
            can_snapshot_shared_disks: true,
            storage: StorageAbilities::ALL,
            can_snapshot: true,
            can_snapshot_new_disks: false,
            forward_ports: FORWARD_PORTS,
            is_simulated: true,
            on_hosts: false,
            console: Arc::new(|_| Ok(ConsoleOutput::default())),
            snapshot_percent: Arc::new(|_| 0),
            use_of_disk: Arc::new(|_| Vec::new()),
            used_bytes: Arc::new(|_| None),
            has_free_space: Arc::new(|| true),
        }
    }

    /// Refuses what this hypervisor cannot do. The one place that decides it, before anything is
    /// looked up.
    pub(super) fn refuse_without(&self, needs: Needs) -> Result<(), Refusal> {
        match needs {
            Needs::Snapshots if !self.can_snapshot => {
                let why = "real disks can be neither copied into snapshots nor set back yet.";
                Err(Refusal::about(&SNAPSHOTS_NOT_HERE, why))
            }
            Needs::Snapshots | Needs::Nothing => Ok(()),
        }
    }

    /// The activity of a disk that is created now. Hosts always have to make its bytes.
    pub(crate) fn activity_of_new_disk(&self) -> Option<Activity> {
        let takes_time = self.on_hosts || self.creating_takes_time.load(Ordering::Relaxed);
        takes_time.then_some(Activity::Creating)
    }
}

/// The current environment: the inventory changes when an image is imported or deleted.
pub struct Environments {
    /// The source of ids.
    pub ids: Arc<IdGenerator>,
    /// Whether new disks are Creating for a while instead of Available at once.
    pub creating_takes_time: Arc<AtomicBool>,
    current: RwLock<Arc<Environment>>,
}

impl Environments {
    /// An environment to begin with.
    pub fn new(environment: Environment) -> Environments {
        let ids = Arc::clone(&environment.ids);
        let creating_takes_time = Arc::clone(&environment.creating_takes_time);
        Environments { ids, creating_takes_time, current: RwLock::new(Arc::new(environment)) }
    }

    /// The environment of a request that begins now.
    pub fn current(&self) -> Arc<Environment> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the whole environment but for the source of ids.
    pub fn replace(&self, environment: Environment) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(environment);
    }

    /// Replaces the inventory by that of hosts, whose instances are virtual machines if they are
    /// `real`, with disks in this storage.
    pub(crate) fn machines_on_hosts(
        &self,
        inventory: Inventory,
        real: bool,
        storage: StorageAbilities,
    ) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(Environment {
            inventory: Arc::new(inventory),
            is_simulated: !real,
            can_snapshot_shared_disks: !real,
            storage,
            ..Environment::clone(&current)
        });
    }

    /// Replaces the inventory. Requests in progress keep the environment that they began with.
    pub(crate) fn inventory(&self, inventory: Inventory) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(Environment {
            inventory: Arc::new(inventory),
            ..Environment::clone(&current)
        });
    }
}
