//! A host: a computer that runs instances. Its record says how much it has and whether it takes new
//! instances; how much of that is used follows from the instances that are placed on it.

mod fence_record;
pub mod placement;
mod pool;
mod resources;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::inventory::Image;
use crate::string_enum::string_enum;
use crate::unknown::UnknownFields;

pub use fence_record::{FenceObstacle, FenceRecord};
pub use pool::HostPool;
pub use resources::{HostResources, Overcommit};

/// How long nothing may be heard of a host before it counts as silent, in milliseconds. It renews
/// its heartbeat several times in that.
pub const SILENT_AFTER_MS: i64 = 30_000;

/// The longest name of a host, in characters.
const LONGEST_NAME: usize = 63;

string_enum!(
    /// The word of an operator on a host.
    HostAdmission {
        /// It takes new instances.
        Open = "open",
        /// It takes no new instances; those that it has stay.
        Drained = "drained",
        /// It is being fenced: whether its guests still write is unknown.
        Fencing = "fencing",
        /// Its writes are refused by the storage: none of its guests is heard any more.
        Fenced = "fenced",
    }
);

string_enum!(
    /// The state of a host as people see it.
    HostState {
        /// It was heard of lately, and takes new instances.
        Up = "up",
        /// It was not heard of for a while. Its guests may run, and nothing is assumed of them.
        Silent = "not heard of",
        /// It takes no new instances.
        Drained = "drained",
        /// It is being fenced: whether its guests still write is unknown.
        Fencing = "fencing",
        /// Its writes are refused by the storage.
        Fenced = "fenced",
    }
);

string_enum!(
    /// The place of the bytes of a host's disks.
    HostStorage {
        /// A directory of the host: its disks belong to it alone.
        Directory = "directory",
        /// A pool of Ceph: its disks can be attached on every host of the pool.
        Rbd = "rbd",
    }
);

string_enum!(
    /// The machines of a host's instances.
    HostHypervisor {
        /// There are none: instances exist in the store only.
        Simulated = "simulated",
        /// QEMU virtual machines.
        Qemu = "qemu",
    }
);

/// A host, as it registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Unique; see [`is_host_name`].
    pub name: String,
    /// The zone of its instances.
    pub zone: String,
    /// The boot of the computer that it registered in.
    pub boot_id: String,
    /// How often it has registered. A process of an earlier epoch writes nothing any more.
    pub epoch: i64,
    /// The data directory that it works in, by the name that is kept there.
    pub server: String,
    /// All that it has.
    pub capacity: HostResources,
    /// How much more than that is given to instances.
    pub overcommit: Overcommit,
    /// Where the bytes of its disks are.
    pub storage: HostStorage,
    /// The pool of Ceph that its disks are in; none if they are in a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<HostPool>,
    /// The machines of its instances.
    #[serde(default = "simulated", skip_serializing_if = "is_simulated")]
    pub hypervisor: HostHypervisor,
    /// The images that its virtual machines can start from, by id. Simulated instances start from
    /// any.
    #[serde(default, deserialize_with = "known_images", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// The version of its diskdock.
    pub version: String,
    /// The word of an operator on it.
    pub admission: HostAdmission,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// Hosts of an earlier version.
fn simulated() -> HostHypervisor {
    HostHypervisor::Simulated
}

/// Images as far as this version can read them: a newer one may describe them otherwise.
fn known_images<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Image>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Known(Box<Image>),
        Other(IgnoredAny),
    }
    let read = Vec::<Read>::deserialize(from)?;
    let known = read.into_iter().filter_map(|one| match one {
        Read::Known(image) => Some(*image),
        Read::Other(IgnoredAny) => None,
    });
    Ok(known.collect())
}

fn is_simulated(hypervisor: &HostHypervisor) -> bool {
    *hypervisor == HostHypervisor::Simulated
}

impl Host {
    /// Whether the storage refuses it, or is about to.
    pub fn is_fenced(&self) -> bool {
        match self.admission {
            HostAdmission::Fencing | HostAdmission::Fenced => true,
            HostAdmission::Open | HostAdmission::Drained => false,
        }
    }

    /// The state of a host that was heard of so many milliseconds ago; none if it never was.
    pub fn state(&self, heard_ms_ago: Option<i64>) -> HostState {
        let is_silent = heard_ms_ago.is_none_or(|ago| ago > SILENT_AFTER_MS);
        match self.admission {
            HostAdmission::Fencing => HostState::Fencing,
            HostAdmission::Fenced => HostState::Fenced,
            HostAdmission::Open | HostAdmission::Drained if is_silent => HostState::Silent,
            HostAdmission::Drained => HostState::Drained,
            HostAdmission::Open => HostState::Up,
        }
    }

    /// Whether its instances can start from an image.
    pub fn has_image(&self, id: &str) -> bool {
        is_simulated(&self.hypervisor) || self.images.iter().any(|image| image.id == id)
    }

    /// The part of it that instances may have together.
    pub fn allowed(&self) -> HostResources {
        self.overcommit.of(self.capacity)
    }
}

/// Whether this can be the name of a host: lower-case letters, digits and hyphens within it, 63 at
/// most.
pub fn is_host_name(text: &str) -> bool {
    let fits = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    let ends_well = !text.starts_with('-') && !text.ends_with('-');
    !text.is_empty() && text.len() <= LONGEST_NAME && ends_well && text.chars().all(fits)
}

#[cfg(test)]
mod tests;
