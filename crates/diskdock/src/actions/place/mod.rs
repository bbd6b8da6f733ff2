//! Regions, zones, types and images: what can be had.

pub mod describe_available_resource;
pub mod describe_images;
pub mod describe_instance_types;
pub mod describe_regions;
pub mod describe_zones;
mod image_view;
mod language;
pub mod resource;
mod sold;
mod type_filter;
mod type_view;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub static GROUP: ActionGroup = ActionGroup {
    title: "Regions, types and images",
    resources: &[&resource::REGION, &resource::ZONE, &resource::INSTANCE_TYPE, &resource::IMAGE],
    actions: ACTIONS,
};

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Reading(&describe_regions::DescribeRegions),
    Entry::Reading(&describe_zones::DescribeZones),
    Entry::Reading(&describe_instance_types::DescribeInstanceTypes),
    Entry::Reading(&describe_available_resource::DescribeAvailableResource),
    Entry::Reading(&describe_images::DescribeImages),
];
