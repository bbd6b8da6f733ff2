//! Disks: create, attach, detach, describe, modify, resize, change category, set back, replace,
//! delete.

pub(crate) mod attach_disk;
pub(crate) mod create_disk;
pub(super) mod creating;
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
    Entry::Action(&detach_disk::DetachDisk),
    Entry::Action(&attach_disk::AttachDisk),
    Entry::Action(&create_disk::CreateDisk),
    Entry::Action(&delete_disk::DeleteDisk),
    Entry::Query(&describe_disks::DescribeDisks),
    Entry::Query(&describe_disk_monitor_data::DescribeDiskMonitorData),
    Entry::Query(&describe_disks_full_status::DescribeDisksFullStatus),
    Entry::Action(&modify_disk_attribute::ModifyDiskAttribute),
    Entry::Action(&modify_disk_charge_type::ModifyDiskChargeType),
    Entry::Action(&resize_disk::ResizeDisk),
    Entry::Action(&modify_disk_spec::ModifyDiskSpec),
    Entry::Action(&reinit_disk::ReInitDisk),
    Entry::Action(&reset_disk::ResetDisk),
    Entry::Action(&replace_system_disk::ReplaceSystemDisk),
];
