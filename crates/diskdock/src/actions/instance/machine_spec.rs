//! The specification of an instance's machine for the hypervisor.

use domain::inventory::{InstanceType, Inventory};

use crate::actions::derived;
use crate::actions::prelude::*;
use crate::catalog::Environment;
use crate::hypervisor::{DiskLimit, FORWARD_TAG, Forward, MachineSpec};

/// Memory of an instance whose type cannot be had any more. It has no processors and never runs.
const NO_TYPE: (u32, f64, u32) = (0, 0.0, 0);
/// MiB in a GiB.
const MIB: f64 = 1_024.0;

/// The specification of this instance's machine.
pub(crate) fn machine_spec(
    inventory: &Inventory,
    instance: &Instance,
    disk_order: Vec<DiskId>,
    user_data: String,
    limits: Vec<DiskLimit>,
) -> MachineSpec {
    let found = inventory.instance_type(&instance.instance_type);
    let (processors, memory_gib, disk_quantity) =
        found.map_or(NO_TYPE, |found| (found.cpu, found.memory_gib, disks_held(found)));
    MachineSpec {
        instance: instance.id.clone(),
        processors,
        memory_mib: (memory_gib * MIB).round() as u64,
        disk_quantity,
        image: match instance.base_image.as_str() {
            "" => instance.image.clone(),
            base => base.to_owned(),
        },
        system_disk: instance.system_disk.clone(),
        disk_order,
        leaving: Vec::new(),
        host_name: instance.host_name.clone(),
        user_data,
        public_key: instance.public_key.clone(),
        password_hash: instance.password_hash.clone(),
        forwards: forwards(&instance.tags).unwrap_or_default(),
        private_ip: instance.network.private_ip.clone(),
        mac: derived::mac(instance.id.as_str()),
        limits,
        shared: Vec::new(),
    }
}

/// Disks in the order of their device names: `/dev/xvdz` comes before `/dev/xvdaa`.
pub(crate) fn by_device<'d>(disks: impl Iterator<Item = (&'d str, &'d DiskId)>) -> Vec<DiskId> {
    let mut disks: Vec<_> = disks.collect();
    disks.sort_unstable_by_key(|(device, _)| (device.len(), *device));
    disks.into_iter().map(|(_, disk)| disk.clone()).collect()
}

/// Disks that a machine of this type can hold: cloud disks, and the local disks it comes with.
fn disks_held(found: &InstanceType) -> u32 {
    let local = found.local_storage.as_ref().map_or(0, |storage| storage.amount);
    found.disk_quantity.saturating_add(local)
}

/// The ports that the tags of an instance forward; none if the tag cannot be read.
fn forwards(tags: &[Tag]) -> Option<Vec<Forward>> {
    match tags.iter().find(|tag| tag.key == FORWARD_TAG) {
        Some(tag) => Forward::parse_list(&tag.value),
        None => Some(Vec::new()),
    }
}

/// Whether the tags of an instance forward ports that can be read, and that this server gives.
pub(crate) fn may_forward(environment: &Environment, tags: &[Tag]) -> bool {
    let given = |one: &Forward| environment.forward_ports.contains(&one.host);
    forwards(tags).is_some_and(|forwards| forwards.iter().all(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_device_follows_the_letters() {
        let disks: Vec<(&str, DiskId)> = ["/dev/xvdaa", "/dev/xvdc", "/dev/xvda", "/dev/xvdb"]
            .map(|device| (device, DiskId::from(device.trim_start_matches("/dev/"))))
            .into();
        let sorted = by_device(disks.iter().map(|(device, disk)| (*device, disk)));
        let sorted: Vec<_> = sorted.iter().map(DiskId::as_str).collect();
        assert_eq!(sorted, ["xvda", "xvdb", "xvdc", "xvdaa"]);
    }
}
