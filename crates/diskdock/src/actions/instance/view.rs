//! An instance as clients see it.

use std::borrow::Cow;

use domain::instance::StoppedMode;
use domain::inventory::{Image, InstanceType, Inventory};
use serde::{Serialize, Serializer};

use super::empty_instance::{EMPTY_INSTANCE, NO_PROCESSORS};
use super::item::InstanceItem;
use super::item_parts::*;
use crate::actions::prelude::*;
use crate::actions::{derived, image_lookups};
use crate::catalog::times::{NEVER, without_seconds};
use crate::catalog::{ReplyShape, ReplyValue};

/// An instance in a reply, with what the inventory says of its type and image.
#[derive(Clone, Debug)]
pub(crate) struct InstanceView {
    instance: Instance,
    found_type: Option<InstanceType>,
    image: Option<Image>,
    io_optimized: bool,
    public_address: Option<String>,
}

impl InstanceView {
    /// The view of an instance.
    pub(crate) fn of(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        instance: Instance,
    ) -> Result<InstanceView, StoreError> {
        let inventory = &call.environment.inventory;
        let image = image_lookups::facts(tx, call, &instance.image)?;
        Ok(InstanceView {
            image: image.map(Cow::into_owned),
            io_optimized: is_io_optimized(inventory, &instance.instance_type),
            found_type: inventory.instance_type(&instance.instance_type).cloned(),
            public_address: public_address(&instance),
            instance,
        })
    }
}

/// Whether the family of a type is I/O optimised; a family that is gone was.
pub(crate) fn is_io_optimized(inventory: &Inventory, instance_type: &str) -> bool {
    let found = inventory.instance_type(instance_type);
    let family = found.and_then(|found| inventory.family(&found.family));
    family.is_none_or(|family| family.io_optimized)
}

/// The family in the name of a type: `ecs.g6` of `ecs.g6.large`.
pub(crate) fn family_of(instance_type: &str) -> &str {
    instance_type.rsplit_once('.').map_or(instance_type, |(family, _)| family)
}

/// The public address, which an instance has that sends anything to the internet.
pub(crate) fn public_address(instance: &Instance) -> Option<String> {
    let network = &instance.network;
    let has_one = network.internet_max_bandwidth_out > 0 && !network.vpc.is_empty();
    has_one.then(|| derived::public_address(instance.id.as_str()).to_string())
}

/// When the instance ends, as clients see it.
fn expired_time(instance: &Instance) -> String {
    match (instance.charge_type, instance.expires_at) {
        (ChargeType::PrePaid, Some(end)) => without_seconds(end),
        (ChargeType::PrePaid, None) | (ChargeType::PostPaid, _) => NEVER.to_owned(),
    }
}

fn or_empty(moment: Option<Moment>) -> String {
    moment.map(without_seconds).unwrap_or_default()
}

impl ReplyValue for InstanceView {
    const SHAPE: ReplyShape = InstanceItem::SHAPE;
}

impl Serialize for InstanceView {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.item().serialize(out)
    }
}

impl InstanceView {
    /// The instance as DescribeInstances shows it.
    pub(super) fn item(&self) -> InstanceItem<'_> {
        let instance = &self.instance;
        let (network, found) = (&instance.network, self.found_type.as_ref());
        let gpu = found.and_then(|found| found.gpu.as_ref());
        let local = found.and_then(|found| found.local_storage.as_ref());
        let image = self.image.as_ref();
        let is_spot = instance.spot_strategy != "NoSpot";
        InstanceItem {
            instance_id: instance.id.as_str(),
            instance_name: &instance.name,
            description: &instance.description,
            host_name: &instance.host_name,
            status: instance.status.as_str(),
            region_id: &instance.region,
            zone_id: &instance.zone,
            instance_type: &instance.instance_type,
            instance_type_family: found
                .map_or_else(|| family_of(&instance.instance_type), |found| &found.family),
            cpu: found.map_or(0, |found| found.cpu),
            memory: found.map_or(0, |found| (found.memory_gib * 1024.0) as u64),
            cpu_options: self.cpu_options(),
            gpu_amount: gpu.map_or(0, |gpu| gpu.amount),
            gpu_spec: gpu.map_or("", |gpu| &gpu.model),
            local_storage_amount: local.map_or(0, |local| local.amount),
            local_storage_capacity: local.map_or(0, |local| u64::from(local.capacity_gib)),
            image_id: &instance.image,
            image_options: self.image_options(),
            os_name: image.map_or("", |image| &image.os_name),
            os_name_en: image.map_or("", |image| &image.os_name_en),
            os_type: image.map_or("", |image| image.os_type.as_str()),
            instance_charge_type: instance.charge_type.as_str(),
            creation_time: without_seconds(instance.created_at),
            start_time: or_empty(instance.started_at),
            expired_time: expired_time(instance),
            auto_release_time: or_empty(instance.auto_release_at),
            stopped_mode: StoppedMode::as_str(instance.stopped_mode),
            spot_strategy: &instance.spot_strategy,
            spot_duration: u32::from(is_spot),
            spot_interruption_behavior: if is_spot { "Terminate" } else { "" },
            credit_specification: &instance.credit_specification,
            deletion_protection: instance.deletion_protection,
            device_available: instance.locks.is_empty(),
            io_optimized: self.io_optimized,
            key_pair_name: &instance.key_pair,
            resource_group_id: &instance.resource_group,
            serial_number: derived::serial(instance.id.as_str()),
            instance_network_type: if network.vpc.is_empty() { "classic" } else { "vpc" },
            vpc_attributes: self.vpc_attributes(),
            network_interfaces: NetworkInterfaces { network_interface: vec![self.interface()] },
            security_group_ids: self.security_groups(),
            public_ip_address: AddressList {
                ip_address: self.public_address.as_deref().into_iter().collect(),
            },
            internet_charge_type: &network.internet_charge_type,
            internet_max_bandwidth_out: network.internet_max_bandwidth_out,
            internet_max_bandwidth_in: network.internet_max_bandwidth_in,
            operation_locks: self.operation_locks(),
            tags: self.tags(),
            ..EMPTY_INSTANCE
        }
    }

    fn cpu_options(&self) -> CpuOptionsItem {
        let found = self.found_type.as_ref();
        CpuOptionsItem {
            core_count: found.map_or(0, InstanceType::cores),
            threads_per_core: found.map_or(0, |found| found.threads_per_core),
            ..NO_PROCESSORS
        }
    }

    fn image_options(&self) -> ImageOptionsItem {
        let has_nvme = self.image.as_ref().is_some_and(|image| image.nvme_support);
        ImageOptionsItem { login_as_non_root: false, current_os_nvme_supported: has_nvme }
    }

    fn private_address(&self) -> &str {
        &self.instance.network.private_ip
    }

    fn vpc_attributes(&self) -> VpcAttributes<'_> {
        let network = &self.instance.network;
        VpcAttributes {
            vpc_id: &network.vpc,
            v_switch_id: &network.vswitch,
            private_ip_address: AddressList { ip_address: vec![self.private_address()] },
            nat_ip_address: "",
        }
    }

    fn interface(&self) -> InterfaceItem<'_> {
        let id = self.instance.id.as_str();
        let address = PrivateIp {
            private_ip_address: self.private_address(),
            private_dns_name: "",
            primary: true,
        };
        InterfaceItem {
            network_interface_id: derived::id("eni-", "", &[id]),
            kind: "Primary",
            mac_address: derived::mac(id),
            primary_ip_address: self.private_address(),
            private_ip_sets: PrivateIpSets { private_ip_set: vec![address] },
            ipv4_prefix_sets: Ipv4PrefixSets { ipv4_prefix_set: Vec::new() },
            ipv6_prefix_sets: Ipv6PrefixSets { ipv6_prefix_set: Vec::new() },
            ipv6_sets: Ipv6Sets { ipv6_set: Vec::new() },
        }
    }

    fn security_groups(&self) -> SecurityGroupIds<'_> {
        let groups = &self.instance.network.security_groups;
        SecurityGroupIds { security_group_id: groups.iter().map(String::as_str).collect() }
    }

    fn operation_locks(&self) -> InstanceLocks {
        let lock = |reason: &LockReason| InstanceLock {
            lock_reason: reason.as_str(),
            lock_msg: format!(
                "The specified instance is locked due to {} reason.",
                reason.as_str()
            ),
        };
        InstanceLocks { lock_reason: self.instance.locks.iter().map(lock).collect() }
    }

    fn tags(&self) -> InstanceTags<'_> {
        let tags = self.instance.tags.iter();
        InstanceTags {
            tag: tags.map(|t| InstanceTag { tag_key: &t.key, tag_value: &t.value }).collect(),
        }
    }
}
