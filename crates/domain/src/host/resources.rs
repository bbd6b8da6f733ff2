//! Amounts of what instances take from a host.

use serde::{Deserialize, Serialize};

use crate::inventory::InstanceType;

/// MiB in a GiB.
const MIB_PER_GIB: f64 = 1_024.0;
/// All of a thing, in percent.
const WHOLE: u64 = 100;

/// An amount of what instances take from a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostResources {
    /// Virtual processors.
    pub processors: u64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Places for disks. An instance takes as many as its type can hold.
    pub disk_slots: u64,
}

impl HostResources {
    /// The share of an instance of this type, whether it is on or off: it can always be started
    /// again.
    pub fn of_type(of: &InstanceType) -> HostResources {
        HostResources {
            processors: u64::from(of.cpu),
            memory_mib: (of.memory_gib * MIB_PER_GIB).round() as u64,
            disk_slots: u64::from(of.disk_quantity),
        }
    }

    /// Both together.
    pub fn plus(self, other: HostResources) -> HostResources {
        self.each(other, u64::saturating_add)
    }

    /// The part of it that is not in the other one.
    pub fn minus(self, other: HostResources) -> HostResources {
        self.each(other, u64::saturating_sub)
    }

    /// So many times as much.
    pub fn times(self, many: u64) -> HostResources {
        let of = |one: u64| one.saturating_mul(many);
        HostResources {
            processors: of(self.processors),
            memory_mib: of(self.memory_mib),
            disk_slots: of(self.disk_slots),
        }
    }

    /// Whether there is as much of everything in the other one.
    pub fn fits_in(self, other: HostResources) -> bool {
        self.minus(other) == HostResources::default()
    }

    fn each(self, other: HostResources, combine: fn(u64, u64) -> u64) -> HostResources {
        HostResources {
            processors: combine(self.processors, other.processors),
            memory_mib: combine(self.memory_mib, other.memory_mib),
            disk_slots: combine(self.disk_slots, other.disk_slots),
        }
    }
}

/// How much of a host is given to instances, in percent of what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overcommit {
    /// Virtual processors for its processors.
    pub processors_percent: u64,
    /// Memory of instances for its memory.
    pub memory_percent: u64,
}

impl Default for Overcommit {
    /// As much as there is.
    fn default() -> Overcommit {
        Overcommit { processors_percent: WHOLE, memory_percent: WHOLE }
    }
}

impl Overcommit {
    /// The part of this that instances may have.
    pub fn of(self, capacity: HostResources) -> HostResources {
        let share = |of: u64, percent: u64| of.saturating_mul(percent) / WHOLE;
        HostResources {
            processors: share(capacity.processors, self.processors_percent),
            memory_mib: share(capacity.memory_mib, self.memory_percent),
            disk_slots: capacity.disk_slots,
        }
    }
}
