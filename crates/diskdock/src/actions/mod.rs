//! Every action there is, in groups, in the order of the explorer's list.

mod derived;
pub mod disk;
pub mod instance;
mod order;
mod paging;
pub mod place;
mod prelude;

use crate::catalog::Entry;
use crate::operations::{Kind, kind};

/// Actions that belong together.
pub struct ActionGroup {
    /// The title.
    pub title: &'static str,
    /// The actions, in order.
    pub actions: &'static [Entry],
}

/// All groups, in order.
pub static GROUPS: &[ActionGroup] = &[
    ActionGroup { title: "Disks", actions: disk::ACTIONS },
    ActionGroup { title: "Instances", actions: instance::ACTIONS },
    ActionGroup { title: "Regions, types and images", actions: place::ACTIONS },
];

/// All kinds of durable operation.
pub static OPERATIONS: &[Kind] = &[
    kind::<disk::create_disk::Creating>(),
    kind::<disk::attach_disk::Plugging>(),
    kind::<disk::detach_disk::Unplugging>(),
    kind::<disk::resize_disk::Resizing>(),
    kind::<instance::create_instance::Creating>(),
    kind::<instance::start_instance::Starting>(),
    kind::<instance::stop_instance::Stopping>(),
    kind::<instance::reboot_instance::Rebooting>(),
    kind::<instance::delete_instance::Releasing>(),
];

/// All actions, in order.
pub fn all() -> impl Iterator<Item = Entry> {
    GROUPS.iter().flat_map(|group| group.actions.iter().copied())
}

/// The action of this name.
pub fn find(name: &str) -> Option<Entry> {
    all().find(|entry| entry.spec().name == name)
}
