//! Worlds: further servers inside this one, for tests that run side by side.
//!
//! A world has a store, a simulated hypervisor, a clock, rules, faults and a pace of its own. An
//! access key leads to the world that it was made for, so that any client can be pointed at one.
//! Worlds are gone when the server stops.

mod create_world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use domain::Moment;
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

use super::Assembly;
use crate::gateway::Gateway;
use crate::gateway::keys::GivenKey;
use crate::hypervisor::{Pace, Simulated};
use crate::store::{AccessKey, StoreError};

/// The name of the world that a server has from its start.
pub const MAIN: &str = "main";
/// The directory of the worlds, in that of the server.
const DIRECTORY: &str = "worlds";
/// Worlds at most; each has a thread and a few file descriptors.
const MOST: usize = 256;
/// The longest name of a world, in characters.
const LONGEST_NAME: usize = 64;

/// The reason why a world cannot be made or found.
#[derive(Debug, thiserror::Error)]
pub enum WorldFault {
    /// The text cannot be a name.
    #[error("{0:?} is no name of a world: use up to 64 lower-case letters, digits and hyphens")]
    Name(String),
    /// There is such a world, or another key of that id.
    #[error("{0} is there already")]
    Taken(String),
    /// There is no such world.
    #[error("there is no world {0}")]
    Unknown(String),
    /// The world of the server itself is not deleted.
    #[error("the world {MAIN} is the server's own: it ends with the server")]
    Own,
    /// There are too many.
    #[error("there are {MOST} worlds, as many as there may be")]
    Full,
    /// The server runs real machines.
    #[error("this server runs real machines, of which there is only one world")]
    RealMachines,
    /// The main world is in a database.
    #[error("the main world of this server is in PostgreSQL, of which no world can be a copy")]
    MainInDatabase,
    /// The files of the world cannot be made.
    #[error("cannot make the files of a world: {0}")]
    Files(#[from] std::io::Error),
    /// The store of the world failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The order of a new world.
#[derive(Debug, Default)]
pub struct WorldOrder {
    /// Its name.
    pub name: String,
    /// The world that it begins as a copy of; empty if left out.
    pub from: Option<String>,
    /// The access key that leads to it; a new one if left out.
    pub key: Option<GivenKey>,
}

/// A world besides the main one.
pub struct World {
    /// Its name.
    pub name: String,
    /// The world that it began as a copy of.
    pub from: Option<String>,
    /// When it was made, on the clock of the main world.
    pub created_at: Moment,
    /// The access key that leads to it.
    pub key: AccessKey,
    /// Its parts.
    pub assembly: Assembly,
    _life: AbortOnDropHandle<()>,
}

/// The worlds of a server besides the main one.
pub struct Worlds {
    main: Arc<Gateway>,
    /// The simulated hypervisor of the main world, if it is that one.
    simulated: Option<Arc<Simulated>>,
    /// The pace of the server's start.
    pace: Pace,
    main_directory: PathBuf,
    /// Whether the store of the main world is in a database, and not in its directory.
    main_in_database: bool,
    all: RwLock<BTreeMap<String, Arc<World>>>,
    /// One is made or deleted at a time.
    changing: Mutex<()>,
}

impl Worlds {
    pub(super) fn new(
        main: &Arc<Gateway>,
        simulated: Option<&Arc<Simulated>>,
        pace: Pace,
        main_directory: &Path,
        main_in_database: bool,
    ) -> Worlds {
        Worlds {
            main: Arc::clone(main),
            simulated: simulated.cloned(),
            pace,
            main_directory: main_directory.to_owned(),
            main_in_database,
            all: RwLock::default(),
            changing: Mutex::default(),
        }
    }

    /// All worlds but the main one, by name.
    pub fn all(&self) -> Vec<Arc<World>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The world of this name.
    pub fn find(&self, name: &str) -> Result<Arc<World>, WorldFault> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.get(name).cloned().ok_or_else(|| WorldFault::Unknown(name.to_owned()))
    }

    /// Makes a world. It serves calls when this returns.
    pub async fn create(&self, order: WorldOrder) -> Result<Arc<World>, WorldFault> {
        let _changing = self.changing.lock().await;
        self.check(&order)?;
        let world = Arc::new(self.make(order).await?);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(world.name.clone(), Arc::clone(&world));
        self.main.worlds.add(&world.assembly.gateway);
        Ok(world)
    }

    /// Makes the world of a key that names one, or lets the key lead to it if it is there.
    pub(crate) async fn admit(&self, key: GivenKey) -> Result<(), WorldFault> {
        let Some(name) = key.world.clone() else { return Ok(()) };
        match self.find(&name) {
            Ok(world) => world.add_key(key).await,
            Err(_) => self.create(WorldOrder { name, from: None, key: Some(key) }).await.map(drop),
        }
    }

    /// Ends a world and removes all of it.
    pub async fn delete(&self, name: &str) -> Result<(), WorldFault> {
        let _changing = self.changing.lock().await;
        if name == MAIN {
            return Err(WorldFault::Own);
        }
        let world = self.find(name)?;
        self.main.worlds.remove(&world.assembly.gateway);
        self.all.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        world.assembly.gateway.services.store.close().await;
        create_world::remove(world.assembly.directory.clone()).await?;
        Ok(())
    }

    /// Removes what the worlds of this server, or of one that was killed, have left.
    pub async fn clear(&self) {
        for world in self.all() {
            if let Err(fault) = self.delete(&world.name).await {
                tracing::warn!(world = world.name, %fault, "a world was not deleted");
            }
        }
        if let Err(error) = create_world::remove(self.directory()).await {
            tracing::warn!(%error, "the files of worlds were not removed");
        }
    }

    fn directory(&self) -> PathBuf {
        self.main_directory.join(DIRECTORY)
    }

    fn check(&self, order: &WorldOrder) -> Result<(), WorldFault> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=LONGEST_NAME).contains(&order.name.len()) || !order.name.bytes().all(fits) {
            return Err(WorldFault::Name(order.name.clone()));
        }
        if order.name == MAIN || self.find(&order.name).is_ok() {
            return Err(WorldFault::Taken(format!("a world {}", order.name)));
        }
        if let Some(key) = &order.key
            && self.main.knows_key(&key.id)
        {
            return Err(WorldFault::Taken(format!("a key {}", key.id)));
        }
        if self.all().len() >= MOST { Err(WorldFault::Full) } else { Ok(()) }
    }
}
