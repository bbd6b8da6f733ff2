//! Regions, zones, types and images as kinds of resource: how to list them.

use domain::custom_image::DEPRECATED;
use domain::{ImageId, ImageStatus};

use super::describe_images::DescribeImages;
use super::describe_instance_types::DescribeInstanceTypes;
use super::describe_regions::DescribeRegions;
use super::describe_zones::DescribeZones;
use crate::catalog::{Listing, Query, Resource, Status, id_parameter};

id_parameter!(ImageId, "m-bp1000q5zb2k8w4tn6yr");

/// Regions.
pub(crate) static REGION: Resource = Resource {
    noun: "region",
    with_article: "a region",
    listing: Listing {
        action: DescribeRegions::NAME,
        ids: None,
        path: ["Regions", "Region"],
        id: "RegionId",
        texts: &["{LocalName}"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};

/// Zones.
pub(crate) static ZONE: Resource = Resource {
    noun: "zone",
    with_article: "a zone",
    listing: Listing {
        action: DescribeZones::NAME,
        ids: None,
        path: ["Zones", "Zone"],
        id: "ZoneId",
        texts: &["{LocalName}"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};

/// Instance types.
pub(crate) static INSTANCE_TYPE: Resource = Resource {
    noun: "type",
    with_article: "an instance type",
    listing: Listing {
        action: DescribeInstanceTypes::NAME,
        ids: None,
        path: ["InstanceTypes", "InstanceType"],
        id: "InstanceTypeId",
        texts: &["{CpuCoreCount} vCPU, {MemorySize} GiB"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};

/// Images.
pub(crate) static IMAGE: Resource = Resource {
    noun: "image",
    with_article: "an image",
    listing: Listing {
        action: DescribeImages::NAME,
        ids: None,
        path: ["Images", "Image"],
        id: "ImageId",
        texts: &["{ImageName}", "{OSName}"],
        holder: None,
    },
    statuses: &[
        Status::passing(ImageStatus::Creating.as_str()),
        Status::lasting(ImageStatus::Available.as_str()),
        Status::lasting(DEPRECATED),
        Status::lasting(ImageStatus::CreateFailed.as_str()),
    ],
    unasked: &[],
};
