//! The specification of an instance's machine for the hypervisor.

use domain::inventory::{InstanceType, Inventory};

use crate::actions::derived;
use crate::actions::prelude::*;
use crate::hypervisor::{FORWARD_TAG, Forward, MachineSpec};

/// Memory of an instance whose type cannot be had any more. It has no processors and never runs.
const NO_TYPE: (u32, f64, u32) = (0, 0.0, 0);
/// MiB in a GiB.
const MIB: f64 = 1_024.0;

/// The specification of this instance's machine.
pub fn machine_spec(inventory: &Inventory, instance: &Instance, user_data: String) -> MachineSpec {
    let found = inventory.instance_type(&instance.instance_type);
    let (processors, memory_gib, disk_quantity) =
        found.map_or(NO_TYPE, |found| (found.cpu, found.memory_gib, disks_held(found)));
    MachineSpec {
        instance: instance.id.clone(),
        processors,
        memory_mib: (memory_gib * MIB).round() as u64,
        disk_quantity,
        image: instance.image.clone(),
        system_disk: instance.system_disk.clone(),
        host_name: instance.host_name.clone(),
        user_data,
        forwards: forwards(&instance.tags).unwrap_or_default(),
        private_ip: instance.network.private_ip.clone(),
        mac: derived::mac(instance.id.as_str()),
    }
}

/// Disks that a machine of this type can hold: cloud disks, and the local disks it comes with.
fn disks_held(found: &InstanceType) -> u32 {
    let local = found.local_storage.as_ref().map_or(0, |storage| storage.amount);
    found.disk_quantity.saturating_add(local)
}

/// The ports that the tags of an instance forward; none if the tag cannot be read.
pub fn forwards(tags: &[Tag]) -> Option<Vec<Forward>> {
    match tags.iter().find(|tag| tag.key == FORWARD_TAG) {
        Some(tag) => Forward::parse_list(&tag.value),
        None => Some(Vec::new()),
    }
}
