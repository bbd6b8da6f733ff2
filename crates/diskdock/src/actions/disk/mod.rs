//! Disks: create, attach, detach, describe, modify, resize, change category, set back, replace,
//! delete.

pub(crate) mod attach_disk;
pub(crate) mod create_disk;
pub(crate) mod delete_disk;
pub(crate) mod describe_disk_monitor_data;
pub(crate) mod describe_disks;
pub(crate) mod describe_disks_full_status;
pub(crate) mod detach_disk;
pub(crate) mod modify_disk_attribute;
pub(crate) mod modify_disk_charge_type;
pub(crate) mod modify_disk_spec;
pub(super) mod plugging;
pub(crate) mod reinit_disk;
pub(crate) mod replace_system_disk;
pub(crate) mod reset_disk;
pub(crate) mod resize_disk;
pub(crate) mod resource;
pub(super) mod set_back;
mod view;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub(crate) static GROUP: ActionGroup =
    ActionGroup { title: "Disks", resources: &[&resource::DISK], actions: ACTIONS };

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Mutation(&detach_disk::DetachDisk),
    Entry::Mutation(&attach_disk::AttachDisk),
    Entry::Mutation(&create_disk::CreateDisk),
    Entry::Mutation(&delete_disk::DeleteDisk),
    Entry::Reading(&describe_disks::DescribeDisks),
    Entry::Reading(&describe_disk_monitor_data::DescribeDiskMonitorData),
    Entry::Reading(&describe_disks_full_status::DescribeDisksFullStatus),
    Entry::Mutation(&modify_disk_attribute::ModifyDiskAttribute),
    Entry::Mutation(&modify_disk_charge_type::ModifyDiskChargeType),
    Entry::Mutation(&resize_disk::ResizeDisk),
    Entry::Mutation(&modify_disk_spec::ModifyDiskSpec),
    Entry::Mutation(&reinit_disk::ReInitDisk),
    Entry::Mutation(&reset_disk::ResetDisk),
    Entry::Mutation(&replace_system_disk::ReplaceSystemDisk),
];
