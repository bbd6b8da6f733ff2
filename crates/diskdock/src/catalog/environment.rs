//! What stands around every request: what can be had, how ids are made, what the hypervisor can do.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::inventory::Inventory;
use domain::{Activity, InstanceId, Moment};

pub use crate::ids::IdGenerator;

/// Reads the latest of what an instance has written to its console, from files of the host. It may
/// block, so it is called outside of transactions.
pub type Console = Arc<dyn Fn(&InstanceId) -> io::Result<ConsoleOutput> + Send + Sync>;

/// What an instance has written to its console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleOutput {
    /// The latest of it.
    pub bytes: Vec<u8>,
    /// When the last of it was written, if that is known.
    pub at: Option<Moment>,
}

/// The world as one request sees it: the same from its beginning to its end.
#[derive(Clone)]
pub struct Environment {
    /// Regions, zones, types and images.
    pub inventory: Arc<Inventory>,
    /// The source of ids.
    pub ids: Arc<IdGenerator>,
    /// Whether new disks are Creating for a while instead of Available at once.
    pub creating_takes_time: Arc<AtomicBool>,
    /// Whether a disk can be on several instances at a time.
    pub shares_disks: bool,
    /// What instances have written to their consoles.
    pub console: Console,
}

impl Environment {
    /// An environment in which everything can be done and nothing is ever said on a console.
    pub fn plain(inventory: Inventory, ids: IdGenerator, creating_takes_time: bool) -> Environment {
        Environment {
            inventory: Arc::new(inventory),
            ids: Arc::new(ids),
            creating_takes_time: Arc::new(creating_takes_time.into()),
            shares_disks: true,
            console: Arc::new(|_| Ok(ConsoleOutput::default())),
        }
    }

    /// What is being done to a disk that is made now.
    pub fn activity_of_new_disk(&self) -> Option<Activity> {
        self.creating_takes_time.load(Ordering::Relaxed).then_some(Activity::Creating)
    }
}

/// The environment as time goes on: the inventory changes when an image is imported or deleted.
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

    /// The world as it is now.
    pub fn current(&self) -> Arc<Environment> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this can be had. Requests under way go on with what they began with.
    pub fn inventory(&self, inventory: Inventory) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(Environment {
            inventory: Arc::new(inventory),
            ..Environment::clone(&current)
        });
    }
}
