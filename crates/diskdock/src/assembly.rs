//! Puts the parts together: the same for the program and for tests.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::InstanceId;
use domain::inventory::Inventory;
use rustix::fs::OFlags;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::actions::OPERATIONS;
use crate::catalog::{Console, Environment, Environments, Written};
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::gateway::faults::Faults;
use crate::gateway::guard::Guard;
use crate::gateway::keys::Keys;
use crate::gateway::metrics::Metrics;
use crate::gateway::nonce::stored::StoredNonces;
use crate::gateway::nonce::{MAX_NONCES, Nonces};
use crate::gateway::recent::Recent;
use crate::gateway::throttle::Throttle;
use crate::hypervisor::qemu::{self, Qemu};
use crate::hypervisor::{Change, Hypervisor, Pace, Simulated};
use crate::ids::Ids;
use crate::inventory::InventorySource;
use crate::operations::{
    Difference, Runner, UnknownInstances, reconcile, reconcile_one, sweep, unclaimed,
};
use crate::service::{Quotas, Services};
use crate::storage::{Images, StorageError};
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::{Store, StoreError};

/// What has to be known to put a server together.
pub struct Plan {
    /// Where the store is kept.
    pub directory: PathBuf,
    /// How hard.
    pub durability: Durability,
    /// What can be had, besides the images that are imported into the directory.
    pub inventory: Inventory,
    /// Leave out the images of the inventory: instances start from imported ones only.
    pub only_imported_images: bool,
    /// The time.
    pub clock: Clock,
    /// The source of ids.
    pub ids: Ids,
    /// How long simulated transitions take.
    pub pace: Pace,
    /// How QEMU is run; none for the simulated hypervisor.
    pub qemu: Option<qemu::Config>,
    /// Refuse parameters that have no effect, instead of naming them.
    pub strict: bool,
    /// What an account may have at most.
    pub quotas: Quotas,
    /// Whether the vendor's request limits hold.
    pub throttle: bool,
    /// Whether the development key opens the door.
    pub development_key: bool,
    /// Names that this server may be called by, besides loopback.
    pub extra_hosts: Vec<String>,
}

/// A server without its sockets.
pub struct Assembly {
    /// The edge of the API, with all that is behind it.
    pub gateway: Arc<Gateway>,
    /// Where instances run.
    pub hypervisor: Arc<dyn Hypervisor>,
    /// The simulated hypervisor, if it is that one, for the operator's controls.
    pub simulated: Option<Arc<Simulated>>,
    /// What can be had, with what is imported.
    pub inventory_source: Arc<InventorySource>,
    /// Where the store is kept.
    pub directory: PathBuf,
}

impl Assembly {
    /// Opens the store and puts everything together. Nothing runs yet.
    pub fn new(plan: Plan) -> Result<Assembly, StoreError> {
        let store = Arc::new(Store::new(Sqlite::open(&plan.directory, plan.durability)?));
        let nonces = store.read(|tx| tx.nonces())??;
        let keys = Keys::load(&store, plan.development_key)?;
        let clock = Arc::new(plan.clock);
        let driver = Driver::of(plan.pace, plan.qemu, &plan.directory)?;
        let Driver { hypervisor, simulated, console, creating_takes_time, shares_disks } = driver;
        let runner = Arc::clone(&hypervisor);
        let runner = Runner::new(Arc::clone(&store), runner, Arc::clone(&clock), OPERATIONS);
        let images = Images::of(&plan.directory);
        let inventory_source =
            InventorySource::new(plan.inventory, images, plan.only_imported_images);
        let environment = Environment {
            inventory: Arc::new(inventory_source.bare()),
            ids: Arc::new(plan.ids),
            creating_takes_time: Arc::new(creating_takes_time.into()),
            shares_disks,
            console,
        };
        let environment = Environments::new(environment);
        match inventory_source.look() {
            Ok(inventory) => {
                inventory.into_iter().for_each(|inventory| environment.inventory(inventory))
            }
            Err(fault) => tracing::error!(%fault, "cannot look for imported images"),
        }
        let services = Services {
            store,
            runner: Arc::new(runner),
            clock,
            environment,
            strict: plan.strict,
            quotas: plan.quotas,
        };
        let gateway = Gateway {
            services,
            keys,
            nonces: Nonces::new(MAX_NONCES, StoredNonces::new(nonces)),
            guard: Guard { extra_hosts: plan.extra_hosts },
            throttle: plan.throttle.then(Throttle::default),
            faults: Faults::default(),
            metrics: Metrics::default(),
            recent: Recent::default(),
        };
        let directory = plan.directory;
        let (gateway, inventory_source) = (Arc::new(gateway), Arc::new(inventory_source));
        Ok(Assembly { gateway, hypervisor, simulated, inventory_source, directory })
    }

    /// Introduces the hypervisor to the store and takes up what was in flight.
    pub async fn recover(&self) -> Result<(), StoreError> {
        let services = &self.gateway.services;
        self.compare(UnknownInstances::TakeIn).await?;
        report(unclaimed(&services.store, self.hypervisor.as_ref()).await?);
        let claimed = services.runner.claim().await?;
        if claimed > 0 {
            tracing::info!(claimed, "operations taken up again");
        }
        Ok(())
    }
}

impl Assembly {
    /// Compares store and hypervisor while operations run, and renews their leases. Looks for
    /// images that nobody told us of.
    pub async fn run_maintenance(&self) -> Result<(), StoreError> {
        if let Err(fault) =
            refresh_images(&self.inventory_source, &self.gateway.services.environment).await
        {
            tracing::error!(%fault, "cannot look for imported images");
        }
        // First, since a lease runs out if it is not renewed, however long the comparison takes.
        self.gateway.services.runner.claim().await?;
        self.compare(UnknownInstances::Report).await
    }

    async fn compare(&self, unknown: UnknownInstances) -> Result<(), StoreError> {
        let services = &self.gateway.services;
        let (store, now) = (&services.store, services.clock.now());
        report(reconcile(store, self.hypervisor.as_ref(), unknown, now).await?);
        sweep(store, self.hypervisor.as_ref()).await.map(drop)
    }

    /// Follows what happens to machines, for as long as the driver lives. Whoever waits for a
    /// machine looks again at once; the store follows what was not waited for. A machine that is
    /// slow to look at keeps no other waiting.
    pub async fn follow(&self, mut changes: broadcast::Receiver<Change>) {
        let pending = Pending::default();
        loop {
            match changes.recv().await {
                Ok(Change { instance, disk }) => {
                    self.gateway.services.runner.wake(disk.as_ref(), Some(&instance));
                    if pending.begin(&instance) {
                        tokio::spawn(self.follower(pending.clone()).look_at(instance));
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    self.gateway.services.runner.wake(None, None);
                    if let Err(fault) = self.compare(UnknownInstances::Report).await {
                        tracing::error!(%fault, "cannot compare the store with the hypervisor");
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn follower(&self, pending: Pending) -> ChangeFollower {
        let services = &self.gateway.services;
        ChangeFollower {
            store: Arc::clone(&services.store),
            clock: Arc::clone(&services.clock),
            hypervisor: Arc::clone(&self.hypervisor),
            pending,
        }
    }
}

/// The pending that are under way: one at each machine, and one more if something happened since it
/// began.
#[derive(Clone, Default)]
struct Pending(Arc<Mutex<HashMap<InstanceId, bool>>>);

impl Pending {
    /// True if a look has to begin; one that is under way will be followed by another.
    fn begin(&self, instance: &InstanceId) -> bool {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pending.insert(instance.clone(), true).is_none()
    }

    /// True if another look has to follow, which then is the one under way.
    fn goes_on(&self, instance: &InstanceId) -> bool {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match pending.get_mut(instance) {
            Some(again) if *again => {
                *again = false;
                true
            }
            Some(_) | None => {
                pending.remove(instance);
                false
            }
        }
    }
}

/// What pending at one machine.
struct ChangeFollower {
    store: Arc<Store>,
    clock: Arc<Clock>,
    hypervisor: Arc<dyn Hypervisor>,
    pending: Pending,
}

impl ChangeFollower {
    async fn look_at(self, instance: InstanceId) {
        while self.pending.goes_on(&instance) {
            let now = self.clock.now();
            let (store, hypervisor) = (&self.store, self.hypervisor.as_ref());
            match reconcile_one(store, hypervisor, &instance, now).await {
                Ok(found) => report(found),
                Err(fault) => {
                    tracing::error!(%fault, "cannot follow what happened to a machine");
                }
            }
        }
    }
}

fn report(differences: Vec<Difference>) {
    for found in differences {
        let instance = found.instance.as_ref().map_or("", InstanceId::as_str);
        tracing::warn!(instance, what = found.what, "store and hypervisor disagree");
    }
}

/// A driver with what the rest has to know of it.
struct Driver {
    hypervisor: Arc<dyn Hypervisor>,
    simulated: Option<Arc<Simulated>>,
    console: Console,
    creating_takes_time: bool,
    shares_disks: bool,
}

impl Driver {
    fn of(pace: Pace, qemu: Option<qemu::Config>, directory: &Path) -> Result<Driver, StoreError> {
        match qemu {
            None => Ok(Driver::simulated(pace)),
            Some(config) => {
                let opened = Qemu::open(config, directory);
                opened.map(Driver::qemu).map_err(|fault| StoreError::Engine(fault.to_string()))
            }
        }
    }

    fn simulated(pace: Pace) -> Driver {
        let simulated = Arc::new(Simulated::new(pace));
        let console = |id: &InstanceId| {
            let text = format!("{id} is simulated: no guest runs, so nothing is on its console.\n");
            Ok(Written { bytes: text.into(), at: None })
        };
        Driver {
            creating_takes_time: simulated.creating_takes_time(),
            hypervisor: Arc::<Simulated>::clone(&simulated),
            simulated: Some(simulated),
            console: Arc::new(console),
            shares_disks: true,
        }
    }

    fn qemu(qemu: Arc<Qemu>) -> Driver {
        let speaks = Arc::clone(&qemu);
        Driver {
            hypervisor: qemu,
            simulated: None,
            console: Arc::new(move |id: &InstanceId| {
                let (bytes, at) = speaks.console(id)?;
                Ok(Written { bytes, at })
            }),
            creating_takes_time: true,
            shares_disks: false,
        }
    }
}

/// Offers the images that are imported by now, looked at on a thread that may wait.
pub async fn refresh_images(
    inventory_source: &Arc<InventorySource>,
    environment: &Environments,
) -> Result<(), StorageError> {
    let pending = Arc::clone(inventory_source);
    let looked = tokio::task::spawn_blocking(move || pending.look()).await;
    // A look that panicked has told the log why; what was offered stays.
    if let Some(inventory) = looked.unwrap_or(Ok(None))? {
        environment.inventory(inventory);
    }
    Ok(())
}

/// A directory for store that are thrown away; gone when this is dropped.
///
/// What a killed process left behind is cleared away by the next one: its lock is free.
#[derive(Debug)]
pub struct Ephemeral(PathBuf);

const EPHEMERAL: &str = "diskdock-ephemeral-";

impl Ephemeral {
    /// Makes the directory among the machine's temporary files.
    pub fn new(ids: &Ids) -> std::io::Result<Ephemeral> {
        let parent = std::env::temp_dir();
        clear_left_behind(&parent);
        let path = parent.join(format!("{EPHEMERAL}{:016x}", ids.random()));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Ephemeral(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Ephemeral {
    fn drop(&mut self) {
        // Left behind at worst; the next start clears it away.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How old a directory must be before it can have been left behind: a server that is about to
/// start may not have its lock yet.
const SETTLED: Duration = Duration::from_secs(60);

fn clear_left_behind(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(EPHEMERAL);
        let made = entry.metadata().and_then(|metadata| metadata.modified());
        let settled = made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > SETTLED));
        if !ours || !settled {
            continue;
        }
        // Nonblocking: whoever put a pipe here must not stop us.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let lock = File::options().read(true).custom_flags(flags).open(entry.path().join("lock"));
        let Ok(lock) = lock else { continue };
        // The lock is held until the directory is gone.
        if lock.try_lock().is_ok() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opening a pipe that has no writer would wait for ever.
    #[test]
    fn clear_left_behind_does_not_block_on_a_named_pipe() {
        let parent = tempfile::tempdir().unwrap();
        let old = parent.path().join(format!("{EPHEMERAL}1"));
        std::fs::create_dir(&old).unwrap();
        let made = std::process::Command::new("mkfifo").arg(old.join("lock")).status().unwrap();
        assert!(made.success());
        let long_ago = std::time::UNIX_EPOCH;
        File::open(&old).unwrap().set_modified(long_ago).unwrap();
        clear_left_behind(parent.path());
    }
}
