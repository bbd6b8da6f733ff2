//! Puts the parts together: the same for the program and for tests.

pub mod worlds;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::InstanceId;
use domain::inventory::Inventory;
use tokio::sync::Notify;

use crate::actions::OPERATIONS;
use crate::actions::snapshot_policy::schedule::{Now, carry_out_due};
use crate::catalog::{Console, ConsoleOutput, Environment, Environments};
use crate::clock::Clock;
use crate::gateway::faults::Faults;
use crate::gateway::guard::Guard;
use crate::gateway::keys::{Keys, StartKeys};
use crate::gateway::metrics::Metrics;
use crate::gateway::nonce::stored::{StoredNonces, delete_stored};
use crate::gateway::nonce::{MAX_NONCES, Nonces};
use crate::gateway::recent::Recent;
use crate::gateway::throttle::Throttle;
use crate::gateway::{Gateway, OtherWorlds};
use crate::hypervisor::qemu::{self, Qemu};
use crate::hypervisor::{Hypervisor, Pace, Simulated};
use crate::ids::IdGenerator;
use crate::inventory::InventorySource;
use crate::operations::{BackgroundTasks, PeriodicTask, Runner};
use crate::reserve;
use crate::service::{Quotas, Services};
use crate::storage::Images;
use crate::store::postgres::{Postgres, PostgresAddress};
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::{Store, StoreError};
use worlds::Worlds;

/// How long the server rests between two looks for imported images, and between two clearings of
/// the memory of nonces.
const REFRESHED_EVERY: Duration = Duration::from_secs(20);
/// How long it rests between two reads of the access keys of a store that other servers change.
const KEYS_READ_EVERY: Duration = Duration::from_secs(2);

/// How long the server rests between two looks at how much disks are used.
const MEASURED_EVERY: Duration = Duration::from_secs(5);

/// How long the server rests between two looks for automatic snapshots that are due.
const SCHEDULED_EVERY: Duration = Duration::from_secs(20);

/// The options of a server.
pub struct AssemblyOptions {
    /// The directory of the store.
    pub directory: PathBuf,
    /// The durability of the store in the directory.
    pub durability: Durability,
    /// The database of the store, in the place of the directory.
    pub postgres: Option<PostgresAddress>,
    /// The inventory, without the images that are imported into the directory.
    pub inventory: Inventory,
    /// Leave out the images of the inventory: instances start from imported ones only.
    pub only_imported_images: bool,
    /// The clock.
    pub clock: Clock,
    /// The source of ids.
    pub ids: IdGenerator,
    /// How long simulated transitions take.
    pub pace: Pace,
    /// The configuration of QEMU; `None` for the simulated hypervisor.
    pub qemu: Option<qemu::Config>,
    /// Whether parameters without effect are an error, instead of being listed in a header.
    pub strict: bool,
    /// The quotas of an account.
    pub quotas: Quotas,
    /// Whether snapshots of disks that were never attached are made.
    pub snapshot_new_disks: bool,
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
            None => Store::new(Sqlite::open(&plan.directory, plan.durability)?),
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
        let nonces = store.read_blocking(|tx| tx.nonces())?;
        let keys = Keys::load(&store, plan.keys)?;
        let clock = Arc::new(plan.clock);
        if let Some(lease) = store.read_blocking(|tx| tx.lease(store.server()))? {
            clock.go_on_from(lease.uptime);
        }
        let driver = Driver::of(plan.pace, shares_store, plan.qemu, &plan.directory)?;
        let Driver {
            hypervisor,
            simulated,
            console,
            creating_takes_time,
            keeps_shared_disks,
            keeps_snapshots,
        } = driver;
        let [runner, disks, snapshots, measured] = [&hypervisor; 4].map(Arc::clone);
        let runner = Runner::new(Arc::clone(&store), runner, Arc::clone(&clock), OPERATIONS);
        let images = Images::of(&plan.directory);
        let inventory_source =
            InventorySource::new(plan.inventory, images, plan.only_imported_images);
        let environment = Environment {
            inventory: Arc::new(inventory_source.bare()),
            ids: Arc::new(plan.ids),
            creating_takes_time: Arc::new(creating_takes_time.into()),
            keeps_snapshots,
            keeps_shared_disks,
            keeps_new_disks: plan.snapshot_new_disks,
            is_simulated: simulated.is_some(),
            console,
            snapshot_percent: Arc::new(move |id| snapshots.snapshot_percent(id).unwrap_or(0)),
            has_free_space: Arc::new(move || disks.has_free_space()),
            use_of_disk: Arc::new(move |id| measured.use_of(id)),
        };
        let environment = Arc::new(Environments::new(environment));
        offer_images(&inventory_source, &environment);
        let services = Services {
            store,
            runner: Arc::new(runner),
            clock,
            environment,
            strict: plan.strict,
            quotas: plan.quotas,
        };
        let nonces = Nonces::new(MAX_NONCES, StoredNonces::new(nonces));
        let guard = Guard { extra_hosts: plan.extra_hosts };
        let stores_nonces = shares_store || plan.durability.outlives_process();
        let gateway = gateway(services, keys, nonces, stores_nonces, guard, plan.throttle);
        let (gateway, inventory_source) = (Arc::new(gateway), Arc::new(inventory_source));
        let Services { store, clock, runner, .. } = &gateway.services;
        let kept = simulated.is_none().then(|| plan.directory.clone());
        let mut others = tasks(&gateway, &inventory_source, &hypervisor, kept);
        others.extend(store.keys_changed().map(|changed| reload_keys(&gateway, &changed)));
        let life = Arc::new(BackgroundTasks::new(store, clock, &hypervisor, runner, others));
        let directory = plan.directory;
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
}

/// Offers the images that are imported by now.
fn offer_images(source: &InventorySource, environment: &Environments) {
    match source.scan() {
        Ok(found) => found.into_iter().for_each(|inventory| environment.inventory(inventory)),
        Err(fault) => tracing::error!(%fault, "cannot look for imported images"),
    }
}

/// A gateway that has not seen a call yet.
fn gateway(
    services: Services,
    keys: Keys,
    nonces: Nonces,
    stores_nonces: bool,
    guard: Guard,
    throttle: bool,
) -> Gateway {
    Gateway {
        services,
        keys,
        nonces: Arc::new(nonces),
        stores_nonces,
        guard,
        throttle: throttle.then(Throttle::default),
        faults: Faults::default(),
        metrics: Metrics::default(),
        recent: Recent::default(),
        worlds: OtherWorlds::default(),
    }
}

/// Maintenance besides that of operations. With real machines, space is set aside in `kept`, since
/// guests can fill the file system of the store, and the use of disks is measured.
fn tasks(
    gateway: &Gateway,
    source: &Arc<InventorySource>,
    hypervisor: &Arc<dyn Hypervisor>,
    kept: Option<PathBuf>,
) -> Vec<PeriodicTask> {
    let Services { store, clock, environment, .. } = &gateway.services;
    let (source, environment) = (Arc::clone(source), Arc::clone(environment));
    let nonces = Arc::clone(&gateway.nonces);
    let policies = Arc::clone(&environment);
    let (kept_in, runner) = (Arc::clone(store), Arc::clone(&gateway.services.runner));
    let time = Arc::clone(clock);
    let measured = kept.is_some().then(|| measure_disks(hypervisor, clock));
    let (store, clock) = (Arc::clone(store), Arc::clone(clock));
    let mut tasks = vec![
        PeriodicTask::new("make automatic snapshots", SCHEDULED_EVERY, move || {
            let (store, runner) = (Arc::clone(&kept_in), Arc::clone(&runner));
            let environment = policies.current();
            let now = Now { moment: time.now(), uptime: time.uptime() };
            async move { carry_out_due(&store, &runner, &environment, now).await }
        }),
        PeriodicTask::new("look for imported images", REFRESHED_EVERY, move || {
            let (source, environment) = (Arc::clone(&source), Arc::clone(&environment));
            async move { source.refresh(|found| environment.inventory(found)).await }
        }),
        PeriodicTask::new("forget old nonces", REFRESHED_EVERY, move || {
            let now_s = clock.now_for_signatures().seconds();
            let expired_s = nonces.forget_expired(now_s, clock.uptime_for_signatures());
            let store = Arc::clone(&store);
            async move { delete_stored(&store, expired_s).await }
        }),
    ];
    tasks.extend(kept.map(|directory| {
        PeriodicTask::new("keep room in reserve for the store", REFRESHED_EVERY, move || {
            std::future::ready(reserve::keep(&directory))
        })
        .also_at_start()
    }));
    tasks.extend(measured);
    tasks
}

/// Looks at how much real disks are used, for DescribeDiskMonitorData, and writes down which are
/// damaged where that has failed.
fn measure_disks(hypervisor: &Arc<dyn Hypervisor>, clock: &Arc<Clock>) -> PeriodicTask {
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

/// A driver with what the rest has to know of it.
struct Driver {
    hypervisor: Arc<dyn Hypervisor>,
    simulated: Option<Arc<Simulated>>,
    console: Console,
    creating_takes_time: bool,
    keeps_shared_disks: bool,
    keeps_snapshots: bool,
}

impl Driver {
    /// The driver; where the store is shared, it is one of several.
    fn of(
        pace: Pace,
        shares_store: bool,
        qemu: Option<qemu::Config>,
        directory: &Path,
    ) -> Result<Driver, StoreError> {
        match qemu {
            None if shares_store => Ok(Driver::simulated(Simulated::following_store(pace))),
            None => Ok(Driver::simulated(Simulated::new(pace))),
            Some(config) => {
                let opened = Qemu::open(config, directory);
                opened.map(Driver::qemu).map_err(|fault| StoreError::Engine(fault.to_string()))
            }
        }
    }

    fn simulated(simulated: Simulated) -> Driver {
        let simulated = Arc::new(simulated);
        let console = |id: &InstanceId| {
            let text = format!("{id} is simulated: no guest runs, so nothing is on its console.\n");
            Ok(ConsoleOutput { bytes: text.into(), at: None })
        };
        Driver {
            creating_takes_time: simulated.creating_takes_time(),
            hypervisor: Arc::<Simulated>::clone(&simulated),
            simulated: Some(simulated),
            console: Arc::new(console),
            keeps_shared_disks: true,
            keeps_snapshots: true,
        }
    }

    fn qemu(qemu: Arc<Qemu>) -> Driver {
        let speaks = Arc::clone(&qemu);
        Driver {
            hypervisor: qemu,
            simulated: None,
            console: Arc::new(move |id: &InstanceId| {
                let (bytes, at) = speaks.console(id)?;
                Ok(ConsoleOutput { bytes, at })
            }),
            creating_takes_time: true,
            keeps_shared_disks: false,
            keeps_snapshots: true,
        }
    }
}
