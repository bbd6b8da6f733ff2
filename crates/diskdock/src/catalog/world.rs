//! What stands around every request: what can be had, how ids are made, what the hypervisor can do.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use domain::offer::Offer;
use domain::{InstanceId, Moment};

pub use crate::ids::Ids;

/// Gives the latest of what an instance has written to its console. Is called within a read of the
/// books, so it must not take long.
pub type Console = Arc<dyn Fn(&InstanceId) -> io::Result<Written> + Send + Sync>;

/// What an instance has written to its console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The latest of it.
    pub bytes: Vec<u8>,
    /// When the last of it was written, if that is known.
    pub at: Option<Moment>,
}

/// The world as one request sees it: the same from its beginning to its end.
#[derive(Clone)]
pub struct World {
    /// Regions, zones, types and images.
    pub offer: Arc<Offer>,
    /// The source of ids.
    pub ids: Arc<Ids>,
    /// Whether new disks are Creating for a while instead of Available at once.
    pub creating_takes_time: Arc<AtomicBool>,
    /// Whether a disk can be on several instances at a time.
    pub shares_disks: bool,
    /// What instances have written to their consoles.
    pub console: Console,
}

impl World {
    /// A world in which everything can be done and nothing is ever said on a console.
    pub fn plain(offer: Offer, ids: Ids, creating_takes_time: bool) -> World {
        World {
            offer: Arc::new(offer),
            ids: Arc::new(ids),
            creating_takes_time: Arc::new(creating_takes_time.into()),
            shares_disks: true,
            console: Arc::new(|_| Ok(Written::default())),
        }
    }
}

/// The world as it goes on: the offer changes when an image is imported or deleted.
pub struct Worlds {
    /// The source of ids.
    pub ids: Arc<Ids>,
    /// Whether new disks are Creating for a while instead of Available at once.
    pub creating_takes_time: Arc<AtomicBool>,
    current: RwLock<Arc<World>>,
}

impl Worlds {
    /// A world to begin with.
    pub fn new(world: World) -> Worlds {
        let ids = Arc::clone(&world.ids);
        let creating_takes_time = Arc::clone(&world.creating_takes_time);
        Worlds { ids, creating_takes_time, current: RwLock::new(Arc::new(world)) }
    }

    /// The world as it is now.
    pub fn current(&self) -> Arc<World> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this can be had. Requests under way go on with what they began with.
    pub fn offer(&self, offer: Offer) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(World { offer: Arc::new(offer), ..World::clone(&current) });
    }
}
