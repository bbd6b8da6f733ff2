//! Puts the parts together: the same for the program and for tests.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::offer::Offer;

use crate::actions::OPERATIONS;
use crate::actions::dispatch::Services;
use crate::catalog::World;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::gateway::faults::Faults;
use crate::gateway::guard::Guard;
use crate::gateway::keys::Keys;
use crate::gateway::metrics::Metrics;
use crate::gateway::nonce::Nonces;
use crate::gateway::recent::Recent;
use crate::gateway::throttle::Throttle;
use crate::hypervisor::{Hypervisor, Pace, Simulated};
use crate::ids::Ids;
use crate::operations::{Runner, Strangers, reconcile};
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::{Store, Stored};

/// What has to be known to put a server together.
pub struct Plan {
    /// Where the books are kept.
    pub directory: PathBuf,
    /// How hard.
    pub durability: Durability,
    /// What can be had.
    pub offer: Offer,
    /// The time.
    pub clock: Clock,
    /// The source of ids.
    pub ids: Ids,
    /// How long transitions take.
    pub pace: Pace,
    /// Refuse parameters that have no effect, instead of naming them.
    pub strict: bool,
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
    /// The simulated hypervisor, for the operator's controls.
    pub simulated: Arc<Simulated>,
    /// Where the books are kept.
    pub directory: PathBuf,
}

impl Assembly {
    /// Opens the books and puts everything together. Nothing runs yet.
    pub fn new(plan: Plan) -> Stored<Assembly> {
        let store = Arc::new(Store::new(Sqlite::open(&plan.directory, plan.durability)?));
        let keys = Keys::load(&store, plan.development_key)?;
        let simulated = Arc::new(Simulated::new(plan.pace));
        let clock = Arc::new(plan.clock);
        let hypervisor: Arc<dyn Hypervisor> = Arc::<Simulated>::clone(&simulated);
        let runner = Runner::new(Arc::clone(&store), hypervisor, Arc::clone(&clock), OPERATIONS);
        let creating_takes_time = simulated.creating_takes_time().into();
        let world = World { offer: plan.offer, ids: plan.ids, creating_takes_time };
        let services = Services {
            store,
            runner: Arc::new(runner),
            clock,
            world: Arc::new(world),
            strict: plan.strict,
        };
        let gateway = Gateway {
            services,
            keys,
            nonces: Nonces::default(),
            guard: Guard { extra_hosts: plan.extra_hosts },
            throttle: plan.throttle.then(Throttle::default),
            faults: Faults::default(),
            metrics: Metrics::default(),
            recent: Recent::default(),
        };
        let directory = plan.directory;
        Ok(Assembly { gateway: Arc::new(gateway), simulated, directory })
    }

    /// Introduces the hypervisor to the books and takes up what was in flight.
    pub async fn take_up(&self) -> Stored<()> {
        let services = &self.gateway.services;
        self.compare(Strangers::TakeIn).await?;
        let claimed = services.runner.claim().await?;
        if claimed > 0 {
            tracing::info!(claimed, "operations taken up again");
        }
        Ok(())
    }
}

impl Assembly {
    /// Compares books and hypervisor while operations run, and renews their leases.
    pub async fn keep_house(&self) -> Stored<()> {
        self.compare(Strangers::Report).await?;
        self.gateway.services.runner.claim().await.map(drop)
    }

    async fn compare(&self, strangers: Strangers) -> Stored<()> {
        let store = &self.gateway.services.store;
        for found in reconcile(store, self.simulated.as_ref(), strangers).await? {
            tracing::warn!(instance = %found.instance, what = found.what, "the books differ");
        }
        Ok(())
    }
}

/// A directory for books that are thrown away; gone when this is dropped.
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
        let Ok(lock) = std::fs::File::open(entry.path().join("lock")) else { continue };
        // The lock is held until the directory is gone.
        if lock.try_lock().is_ok() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
