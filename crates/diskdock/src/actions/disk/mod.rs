//! Disks: create, attach, detach, describe, modify, resize, delete.

pub mod attach_disk;
pub mod create_disk;
pub mod delete_disk;
pub mod describe_disks;
pub mod detach_disk;
pub mod modify_disk_attribute;
pub mod modify_disk_charge_type;
pub mod resize_disk;
pub mod resource;
mod view;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub static GROUP: ActionGroup =
    ActionGroup { title: "Disks", resources: &[&resource::DISK], actions: ACTIONS };

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Mutation(&detach_disk::DetachDisk),
    Entry::Mutation(&attach_disk::AttachDisk),
    Entry::Mutation(&create_disk::CreateDisk),
    Entry::Mutation(&delete_disk::DeleteDisk),
    Entry::Reading(&describe_disks::DescribeDisks),
    Entry::Mutation(&modify_disk_attribute::ModifyDiskAttribute),
    Entry::Mutation(&modify_disk_charge_type::ModifyDiskChargeType),
    Entry::Mutation(&resize_disk::ResizeDisk),
];
