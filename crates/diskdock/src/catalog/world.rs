//! What stands around every request: what can be had, how ids are made, how long making takes.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use domain::offer::Offer;

pub use crate::ids::Ids;

/// The world as one request sees it: the same from its beginning to its end.
pub struct World {
    /// Regions, zones, types and images.
    pub offer: Arc<Offer>,
    /// The source of ids.
    pub ids: Arc<Ids>,
    /// Whether new disks are Creating for a while instead of Available at once.
    pub creating_takes_time: Arc<AtomicBool>,
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
    /// A world with this offer to begin with.
    pub fn new(offer: Offer, ids: Ids, creating_takes_time: bool) -> Worlds {
        let ids = Arc::new(ids);
        let creating_takes_time = Arc::new(AtomicBool::new(creating_takes_time));
        let world = World {
            offer: Arc::new(offer),
            ids: Arc::clone(&ids),
            creating_takes_time: Arc::clone(&creating_takes_time),
        };
        Worlds { ids, creating_takes_time, current: RwLock::new(Arc::new(world)) }
    }

    /// The world as it is now.
    pub fn current(&self) -> Arc<World> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this can be had. Requests under way go on with what they began with.
    pub fn offer(&self, offer: Offer) {
        let world = World {
            offer: Arc::new(offer),
            ids: Arc::clone(&self.ids),
            creating_takes_time: Arc::clone(&self.creating_takes_time),
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(world);
    }
}
