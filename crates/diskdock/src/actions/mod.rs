//! Every action there is, by product and group, in the order of the explorer's list.

pub(crate) mod bss;
mod cidr;
mod creation_filter;
mod derived;
pub(crate) mod disk;
pub(crate) mod ebs;
mod ecs;
mod example;
pub(crate) mod image_lookups;
pub(crate) mod instance;
pub(crate) mod key_pair;
pub(crate) mod kms;
mod kms_keys;
pub(crate) mod location;
mod login;
mod network_lookups;
mod order;
mod paging;
mod prelude;
pub(crate) mod ram;
pub(crate) mod region;
pub(crate) mod resource_manager;
pub(crate) mod security_group;
pub(crate) mod snapshot;
mod snapshot_batch;
mod snapshot_lookups;
pub(crate) mod snapshot_policy;
pub(crate) mod sts;
pub(crate) mod tag;
pub(crate) mod task;
pub(crate) mod vpc;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::catalog::{Listed, Product, Resource, product};
use crate::operations::{OperationKind, kind};
pub(crate) use example::EXAMPLE;

/// All products, the one that is meant by default first.
pub static PRODUCTS: &[&Product] = &[
    &ecs::ECS,
    &sts::STS,
    &location::LOCATION,
    &resource_manager::RESOURCE_MANAGER,
    &bss::BSS,
    &ebs::EBS,
    &vpc::VPC,
    &ram::RAM,
    &kms::KMS,
];

/// All kinds of durable operation.
pub static OPERATIONS: &[OperationKind] = &[
    kind::<disk::creating::CreatingDisk>(),
    kind::<disk::plugging::Plugging>(),
    kind::<disk::detach_disk::Unplugging>(),
    kind::<disk::resize_disk::Resizing>(),
    kind::<disk::modify_disk_spec::Modifying>(),
    kind::<disk::set_back::SettingBack>(),
    kind::<disk::replace_system_disk::Replacing>(),
    kind::<snapshot::create_snapshot::TakingSnapshot>(),
    kind::<snapshot::create_snapshot_group::TakingSnapshotGroup>(),
    kind::<snapshot::copy_snapshot::Copying>(),
    kind::<region::create_image::MakingImage>(),
    kind::<instance::create_instance::CreatingInstance>(),
    kind::<instance::start_instance::Starting>(),
    kind::<instance::arriving::Arriving>(),
    kind::<instance::stop_instance::Stopping>(),
    kind::<instance::reboot_instance::Rebooting>(),
    kind::<instance::delete_instance::DeletingInstance>(),
    kind::<vpc::create_vpc::MakingVpc>(),
    kind::<vpc::create_v_switch::MakingVSwitch>(),
];

/// All actions, in order.
pub fn all() -> impl Iterator<Item = Listed> {
    PRODUCTS.iter().flat_map(|product| product.listed())
}

/// The key of an action, for labels and lists that are made anew with each call.
pub(crate) fn static_key(listed: Listed) -> &'static str {
    type Keys = HashMap<(&'static str, &'static str), String>;
    static KEYS: LazyLock<Keys> = LazyLock::new(|| {
        all().map(|one| ((one.product.code, one.spec().name), one.key(PRODUCTS))).collect()
    });
    let known = (listed.product.code, listed.spec().name);
    KEYS.get(&known).map_or(listed.spec().name, String::as_str)
}

/// The action of this key: its name, or `Vpc.DescribeVpcs` for one of another product than the
/// first.
pub fn find(key: &str) -> Option<Listed> {
    product::find_by_key(PRODUCTS, key)
}

/// All kinds of resource, in order.
pub fn resources() -> impl Iterator<Item = &'static Resource> {
    let groups = PRODUCTS.iter().flat_map(|product| product.groups);
    groups.flat_map(|group| group.resources.iter().copied())
}

/// The kind of resource of this noun.
pub fn resource(noun: &str) -> Option<&'static Resource> {
    resources().find(|resource| resource.noun == noun)
}
