//! Where instances run: what every driver promises.
//!
//! Every call bears repeating: it says how far the world is on its way to what was asked for, and
//! does what is needed to get it there. Nothing here sees the books.

pub mod qemu;
mod script;
mod simulated;

use std::pin::Pin;

use domain::{DiskId, InstanceId, Moment};
use serde::{Deserialize, Serialize};

pub use script::{Behaviour, Rule, Script, Transition};
pub use simulated::{Pace, Simulated, parse_duration_ms};

/// A call that failed through the world's fault; it is made again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);

/// The answer of a driver, once it is there.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send + 'a>>;

/// How far the world is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It is as asked for.
    Settled,
    /// Not yet; worth another look after so many milliseconds.
    Again {
        /// Milliseconds.
        after_ms: i64,
        /// What it waits for, in words.
        because: String,
    },
    /// Not while something keeps it from happening at all, such as a paused virtual machine; that
    /// time counts towards no deadline. Worth another look after so many milliseconds.
    Paused {
        /// Milliseconds.
        after_ms: i64,
        /// What keeps it, in words.
        because: String,
    },
    /// It will not be; for this reason.
    Refused(String),
}

/// A disk at an instance, in one attachment of its life.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// The instance.
    pub instance: InstanceId,
    /// The disk.
    pub disk: DiskId,
    /// Which attachment of the disk.
    pub generation: u64,
}

/// What a driver sees of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Whether the virtual machine is on.
    pub running: bool,
    /// The disks that its guest can reach (or will at the next start), with their generations.
    pub disks: Vec<(DiskId, u64)>,
}

/// A driver.
pub trait Hypervisor: Send + Sync {
    /// Turns an instance on.
    fn start<'a>(&'a self, instance: &'a InstanceId, now: Moment) -> Answer<'a, Look>;
    /// Turns an instance off; at once if `force`.
    fn stop<'a>(&'a self, instance: &'a InstanceId, force: bool, now: Moment) -> Answer<'a, Look>;
    /// Restarts an instance.
    fn reboot<'a>(&'a self, instance: &'a InstanceId, now: Moment) -> Answer<'a, Look>;
    /// Gives a disk to an instance.
    fn plug<'a>(&'a self, slot: &'a Slot, now: Moment) -> Answer<'a, Look>;
    /// Takes a disk off an instance: `Settled` only when the guest can no longer reach it and
    /// what it wrote is durable.
    fn unplug<'a>(&'a self, slot: &'a Slot, now: Moment) -> Answer<'a, Look>;
    /// Makes the bytes of a disk.
    fn create<'a>(&'a self, disk: &'a DiskId, now: Moment) -> Answer<'a, Look>;
    /// Forgets an instance that is off.
    fn forget<'a>(&'a self, instance: &'a InstanceId) -> Answer<'a, ()>;
    /// What there is of an instance; none if nothing is known of it.
    fn sight<'a>(&'a self, instance: &'a InstanceId) -> Answer<'a, Option<Sight>>;
    /// What was asked for was given up: it is no longer under way, and begins anew when it is asked
    /// for again. What happens all the same is for the next sight to tell.
    fn call_off<'a>(
        &'a self,
        instance: Option<&'a InstanceId>,
        disk: Option<&'a DiskId>,
    ) -> Answer<'a, ()>;
    /// Learns what the books say of an instance: all of it where it does not know the instance,
    /// and disks that it does not know of where the instance is off. What runs, it knows better.
    fn adopt<'a>(&'a self, instance: &'a InstanceId, sight: Sight) -> Answer<'a, ()>;
}
