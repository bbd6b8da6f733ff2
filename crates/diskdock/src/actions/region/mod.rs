//! Regions, zones, types and images: what is offered.

pub(crate) mod create_image;
pub(crate) mod delete_image;
pub(crate) mod describe_account_attributes;
pub(crate) mod describe_available_resource;
pub(crate) mod describe_image_support_instance_types;
pub(crate) mod describe_images;
pub(crate) mod describe_instance_type_families;
pub(crate) mod describe_instance_types;
pub(crate) mod describe_regions;
pub(crate) mod describe_zones;
mod image_source;
mod image_view;
pub(crate) mod language;
pub(crate) mod modify_image_attribute;
pub(crate) mod resource;
mod sold;
mod type_filter;
mod type_view;

use describe_image_support_instance_types as supported_types;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub(crate) static GROUP: ActionGroup = ActionGroup {
    title: "Regions, types and images",
    resources: &[&resource::REGION, &resource::ZONE, &resource::INSTANCE_TYPE, &resource::IMAGE],
    actions: ACTIONS,
};

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Query(&describe_regions::DescribeRegions),
    Entry::Query(&describe_zones::DescribeZones),
    Entry::Query(&describe_instance_types::DescribeInstanceTypes),
    Entry::Query(&describe_instance_type_families::DescribeInstanceTypeFamilies),
    Entry::Query(&describe_available_resource::DescribeAvailableResource),
    Entry::Query(&describe_images::DescribeImages),
    Entry::Query(&supported_types::DescribeImageSupportInstanceTypes),
    Entry::Action(&create_image::CreateImage),
    Entry::Action(&modify_image_attribute::ModifyImageAttribute),
    Entry::Action(&delete_image::DeleteImage),
    Entry::Query(&describe_account_attributes::DescribeAccountAttributes),
];
