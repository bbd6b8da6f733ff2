//! Makes a world: a copy of a store, and a server over it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{Moment, UnknownFields};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::{MAIN, World, WorldFault, WorldOrder, Worlds};
use crate::assembly::{Assembly, AssemblyOptions};
use crate::catalog::FORWARD_PORTS;
use crate::gateway::Gateway;
use crate::gateway::keys::{DEFAULT_ACCOUNT, GivenKey, StartKeys, new_key};
use crate::hypervisor::Simulated;
use crate::ids::IdGenerator;
use crate::store::memory::Memory;
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::{AccessKey, KeyStatus, Store, StoreError, WriteTx};

/// The world that another one is copied from.
struct WorldSource {
    gateway: Arc<Gateway>,
    simulated: Arc<Simulated>,
    directory: PathBuf,
}

impl Worlds {
    pub(super) async fn make(&self, order: WorldOrder) -> Result<World, WorldFault> {
        let source = order.from.as_deref().map(|name| self.source(name)).transpose()?;
        let directory = self.directory().join(&order.name);
        let store = open(source.as_ref(), directory.clone()).await?;
        let created_at = self.main.services.clock.now();
        let key = order.key.map_or_else(
            || new_key(DEFAULT_ACCOUNT.into(), created_at),
            |given| given_key(given, created_at),
        );
        let only = key.clone();
        store.write(move |tx| keep_only(tx, &only)).await?;
        let assembly = Assembly::over(store, self.options(source.as_ref(), directory)?)?;
        if let Some(source) = &source {
            source.copy_controls_to(&assembly);
        }
        let life = run(&assembly).await;
        Ok(World { name: order.name, from: order.from, created_at, key, assembly, _life: life })
    }

    fn source(&self, name: &str) -> Result<WorldSource, WorldFault> {
        if name == MAIN {
            let simulated = self.simulated.clone().ok_or(WorldFault::RealMachines)?;
            if self.main_in_database {
                return Err(WorldFault::MainInDatabase);
            }
            let (gateway, directory) = (Arc::clone(&self.main), self.main_directory.clone());
            return Ok(WorldSource { gateway, simulated, directory });
        }
        let Assembly { gateway, simulated, directory, .. } = &self.find(name)?.assembly;
        Ok(WorldSource {
            gateway: Arc::clone(gateway),
            simulated: simulated.clone().ok_or(WorldFault::RealMachines)?,
            directory: directory.clone(),
        })
    }

    fn options(
        &self,
        source: Option<&WorldSource>,
        directory: PathBuf,
    ) -> Result<AssemblyOptions, WorldFault> {
        let main = &self.main;
        if self.simulated.is_none() {
            return Err(WorldFault::RealMachines);
        }
        let clock = match source {
            Some(source) => source.gateway.services.clock.fork(),
            None => main.services.clock.fresh(),
        };
        Ok(AssemblyOptions {
            directory,
            durability: Durability::Ephemeral,
            postgres: None,
            inventory: Arc::clone(&main.services.environment.current().inventory),
            only_imported_images: false,
            clock,
            ids: IdGenerator::from_seed(main.services.environment.ids.random()),
            pace: source.map_or(self.pace, |source| source.simulated.pace()),
            real: None,
            strict: main.services.strict,
            quotas: main.services.quotas,
            throttle: main.throttle.is_some(),
            on_hosts: false,
            snapshot_new_disks: false,
            forward_ports: FORWARD_PORTS,
            keys: StartKeys::default(),
            extra_hosts: main.guard.extra_hosts.clone(),
        })
    }
}

impl World {
    /// Lets another key lead to this world.
    pub(super) async fn add_key(&self, key: GivenKey) -> Result<(), WorldFault> {
        let gateway = &self.assembly.gateway;
        let key = given_key(key, gateway.services.clock.now());
        gateway.services.store.write(move |tx| tx.save_access_key(&key)).await?;
        Ok(gateway.keys.reload(&gateway.services.store).await?)
    }
}

impl WorldSource {
    /// Gives a copy its machines, rules and faults as well.
    fn copy_controls_to(&self, copy: &Assembly) {
        let Some(simulated) = &copy.simulated else { return };
        simulated.copy_from(&self.simulated);
        let takes_time = simulated.creating_takes_time();
        let environment = &copy.gateway.services.environment;
        environment.creating_takes_time.store(takes_time, Ordering::Relaxed);
        copy.gateway.faults.copy_from(&self.gateway.faults);
    }
}

/// A copy of the store of a world, or an empty one. A store that lies in a file is copied page by
/// page to this directory; any other has no files.
async fn open(source: Option<&WorldSource>, directory: PathBuf) -> Result<Store, WorldFault> {
    let Some(source) = source else { return Ok(Store::new(Memory::alone())) };
    if let Some(fork) = source.gateway.services.store.fork() {
        return Ok(fork);
    }
    let from = source.directory.clone();
    off_the_runtime(move || {
        remove_directory(&directory)?;
        Sqlite::copy(&from, &directory)?;
        Ok(Store::new(Sqlite::open(&directory, Durability::Ephemeral)?))
    })
    .await
}

fn given_key(given: GivenKey, created_at: Moment) -> AccessKey {
    AccessKey {
        id: given.id,
        secret: given.secret,
        account: DEFAULT_ACCOUNT.into(),
        status: KeyStatus::Active,
        created_at,
        user: None,
        session: None,
        policies: Vec::new(),
        unknown: UnknownFields::default(),
    }
}

/// The keys of the world that was copied lead there, so that this one has only its own.
fn keep_only(tx: &mut dyn WriteTx, key: &AccessKey) -> Result<(), StoreError> {
    for copied in tx.access_keys()? {
        tx.remove_access_key(&copied.id)?;
    }
    tx.save_access_key(key)
}

/// Starts the life of a world, and waits until it serves calls.
async fn run(assembly: &Assembly) -> AbortOnDropHandle<()> {
    let (is_ready, ready) = oneshot::channel();
    let life = Arc::clone(&assembly.life);
    let task = tokio::spawn(async move {
        let ready = || {
            // Whoever waited may have gone.
            let _ = is_ready.send(());
        };
        life.run(ready).await;
    });
    let task = AbortOnDropHandle::new(task);
    // An error would mean that it has ended, which it does not by itself.
    let _ = ready.await;
    task
}

/// Removes a directory with all that is in it, if it is there.
pub(super) async fn remove(directory: PathBuf) -> Result<(), WorldFault> {
    off_the_runtime(move || Ok(remove_directory(&directory)?)).await
}

fn remove_directory(directory: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Does what may wait for a disk on a thread that may.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorldFault> + Send + 'static,
) -> Result<T, WorldFault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| WorldFault::Files(std::io::Error::other(error)))?
}
