//! Puts the parts together: the same for the program and for tests.

mod driver;
pub mod fence;
pub mod host;
mod hosts_view;
mod periodic_tasks;
pub mod worlds;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use domain::inventory::Inventory;
use tokio::task::JoinHandle;

use crate::actions::OPERATIONS;
use crate::catalog::{Environment, Environments};
use crate::clock::Clock;
use crate::gateway::faults::Faults;
use crate::gateway::guard::Guard;
use crate::gateway::keys::{Keys, StartKeys};
use crate::gateway::metrics::Metrics;
use crate::gateway::nonce::stored::StoredNonces;
use crate::gateway::nonce::{MAX_NONCES, Nonces};
use crate::gateway::recent::Recent;
use crate::gateway::throttle::Throttle;
use crate::gateway::{Gateway, OtherWorlds};
use crate::hypervisor::qemu;
use crate::hypervisor::{Hypervisor, Pace, Simulated};
use crate::ids::IdGenerator;
use crate::inventory::InventorySource;
use crate::operations::{BackgroundTasks, Runner};
use crate::service::{Quotas, Services};
use crate::storage::{DiskCache, Images, StoragePlace};
use crate::store::memory::Memory;
use crate::store::postgres::{Postgres, PostgresAddress};
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::{Store, StoreError};
use driver::{Driver, MachinesAt};
use hosts_view::images_task;
use periodic_tasks::tasks;
use worlds::Worlds;

/// The configuration of real machines and of their disks.
#[derive(Clone, Debug)]
pub struct RealMachines {
    /// The configuration of QEMU.
    pub qemu: qemu::Config,
    /// The place of the bytes of disks.
    pub storage: StoragePlace,
    /// Whether disks in files go through the page cache of the host.
    pub disk_cache: DiskCache,
}

/// The options of a server.
pub struct AssemblyOptions {
    /// The directory of the store.
    pub directory: PathBuf,
    /// The durability of the store in the directory.
    pub durability: Durability,
    /// The database of the store, in the place of the directory.
    pub postgres: Option<PostgresAddress>,
    /// The inventory, without the images that are imported into the directory.
    pub inventory: Arc<Inventory>,
    /// Leave out the images of the inventory: instances start from imported ones only.
    pub only_imported_images: bool,
    /// The clock.
    pub clock: Clock,
    /// The source of ids.
    pub ids: IdGenerator,
    /// How long simulated transitions take.
    pub pace: Pace,
    /// Real machines; `None` for the simulated hypervisor.
    pub real: Option<RealMachines>,
    /// Whether machines run on hosts, each with a process of its own, and not here.
    pub on_hosts: bool,
    /// Whether parameters without effect are an error, instead of being listed in a header.
    pub strict: bool,
    /// The quotas of an account.
    pub quotas: Quotas,
    /// Whether snapshots of disks that were never attached are made.
    pub snapshot_new_disks: bool,
    /// Ports of this host that tags of instances may lead into their guests.
    pub forward_ports: RangeInclusive<u16>,
    /// Whether the vendor's request limits hold.
    pub throttle: bool,
    /// Keys that are valid while the server runs.
    pub keys: StartKeys,
    /// Names that this server may be called by, besides loopback.
    pub extra_hosts: Vec<String>,
}

/// A server without its sockets.
pub struct Assembly {
    /// The gateway of the API and the services behind it.
    pub gateway: Arc<Gateway>,
    /// The hypervisor.
    pub hypervisor: Arc<dyn Hypervisor>,
    /// The simulated hypervisor, if it is that one, for the operator's controls.
    pub simulated: Option<Arc<Simulated>>,
    /// The inventory with the imported images.
    pub inventory_source: Arc<InventorySource>,
    /// Recovery, serving and maintenance.
    pub life: Arc<BackgroundTasks>,
    /// The directory of the store.
    pub directory: PathBuf,
    /// Whether other servers may use the store too: it is in a database.
    pub shares_store: bool,
    /// The other worlds of this server.
    pub worlds: Arc<Worlds>,
}

impl Assembly {
    /// Opens the store and puts everything together. Nothing runs yet.
    pub fn new(plan: AssemblyOptions) -> Result<Assembly, StoreError> {
        let store = match &plan.postgres {
            None => match plan.durability {
                Durability::Ephemeral => Store::new(Memory::open(&plan.directory)?),
                Durability::Synced | Durability::Relaxed => {
                    Store::new(Sqlite::open(&plan.directory, plan.durability)?)
                }
            },
            Some(address) => {
                let number = plan.ids.random();
                Store::new(Postgres::open(address.clone(), &plan.directory, number)?)
            }
        };
        Assembly::over(store, plan)
    }

    /// Puts everything together over a store that is open already. Nothing runs yet.
    pub fn over(store: Store, plan: AssemblyOptions) -> Result<Assembly, StoreError> {
        let (store, shares_store) = (Arc::new(store), plan.postgres.is_some());
        let nonces = StoredNonces::new(store.read_blocking(|tx| tx.nonces())?);
        let keys = Keys::load(&store, plan.keys)?;
        let clock = Arc::new(plan.clock);
        if let Some(lease) = store.read_blocking(|tx| tx.lease(store.server()))? {
            clock.go_on_from(lease.uptime);
        }
        let (machines, kept) = MachinesAt::of(plan.real, plan.on_hosts, &plan.directory);
        let driver = Driver::of(machines, plan.pace, shares_store, &plan.directory, &store)?;
        let Driver {
            hypervisor,
            simulated,
            console,
            creating_takes_time,
            can_snapshot_shared_disks,
            can_snapshot,
            storage,
        } = driver;
        let [runner, disks, snapshots, measured, stored] = [&hypervisor; 5].map(Arc::clone);
        let runner = Runner::new(Arc::clone(&store), runner, Arc::clone(&clock), OPERATIONS);
        let images = Images::of(&plan.directory);
        let source = InventorySource::new(plan.inventory, images, plan.only_imported_images);
        let inventory_source = Arc::new(source);
        let environment = Environment {
            inventory: inventory_source.bare(),
            ids: Arc::new(plan.ids),
            creating_takes_time: Arc::new(creating_takes_time.into()),
            can_snapshot,
            can_snapshot_shared_disks,
            storage,
            can_snapshot_new_disks: plan.snapshot_new_disks,
            forward_ports: plan.forward_ports,
            is_simulated: simulated.is_some() || plan.on_hosts,
            on_hosts: plan.on_hosts,
            console,
            snapshot_percent: Arc::new(move |id| snapshots.snapshot_percent(id).unwrap_or(0)),
            has_free_space: Arc::new(move || disks.has_free_space()),
            use_of_disk: Arc::new(move |id| measured.use_of(id)),
            used_bytes: Arc::new(move |id| stored.used_bytes(id)),
        };
        let environment = Arc::new(Environments::new(environment));
        let images = images_task(plan.on_hosts, &inventory_source, &environment, &store)?;
        let services = Services {
            store,
            runner: Arc::new(runner),
            clock,
            environment,
            strict: plan.strict,
            quotas: plan.quotas,
        };
        let guard = Guard { extra_hosts: plan.extra_hosts };
        let stores_nonces = shares_store || plan.durability.outlives_process();
        let gateway = gateway(services, keys, nonces, stores_nonces, guard, plan.throttle);
        let (gateway, directory) = (Arc::new(gateway), plan.directory);
        let Services { store, clock, runner, .. } = &gateway.services;
        let others = tasks(&gateway, images, &hypervisor, kept);
        let life = Arc::new(BackgroundTasks::new(store, clock, &hypervisor, runner, others));
        let worlds = Worlds::new(&gateway, simulated.as_ref(), plan.pace, &directory, shares_store);
        Ok(Assembly {
            gateway,
            hypervisor,
            simulated,
            inventory_source,
            life,
            directory,
            shares_store,
            worlds: Arc::new(worlds),
        })
    }

    /// Stops what [`BackgroundTasks::run`] does in this task, deletes the other worlds and closes
    /// the store, in this order: background work writes to the store, and worlds to theirs.
    pub async fn stop(&self, life: &JoinHandle<()>) {
        life.abort();
        self.worlds.clear().await;
        self.gateway.services.store.close().await;
    }
}

/// A gateway that has not seen a call yet.
fn gateway(
    services: Services,
    keys: Keys,
    nonces: StoredNonces,
    stores_nonces: bool,
    guard: Guard,
    throttle: bool,
) -> Gateway {
    Gateway {
        services,
        keys: Arc::new(keys),
        nonces: Arc::new(Nonces::new(MAX_NONCES, nonces)),
        stores_nonces,
        guard,
        throttle: throttle.then(Throttle::default),
        faults: Faults::default(),
        metrics: Metrics::default(),
        recent: Recent::default(),
        worlds: OtherWorlds::default(),
    }
}
