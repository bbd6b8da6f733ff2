//! Disks as a kind of resource: how to list them, and their statuses.

use domain::{DiskId, DiskStatus};

use super::describe_disks::DescribeDisks;
use crate::catalog::{Asks, Edge, Given, Listing, Query, Resource, Status, Verb, id_parameter};

id_parameter!(DiskId, "d-bp1000q5z8v3k0hc7w2m");

/// Disks.
pub(crate) static DISK: Resource = Resource {
    noun: "disk",
    with_article: "a disk",
    listing: Listing {
        action: DescribeDisks::NAME,
        ids: Some("DiskIds"),
        path: ["Disks", "Disk"],
        id: "DiskId",
        texts: &["{DiskName}", "{Size} GiB", "on {InstanceId}"],
        holder: Some("InstanceId"),
    },
    statuses: &[
        Status::passing(DiskStatus::Creating.as_str()),
        Status::lasting(DiskStatus::Available.as_str()),
        Status::passing(DiskStatus::Attaching.as_str()),
        Status::lasting(DiskStatus::InUse.as_str()),
        Status::passing(DiskStatus::Detaching.as_str()),
        Status::passing(DiskStatus::ReIniting.as_str()),
    ],
    unasked: &[Edge::between("In_use", "Available", "released late")],
};

/// The button beside an instance that makes a disk for it.
pub(super) const ADD_TO_INSTANCE: Verb = Verb {
    statuses: &["Running", "Stopped"],
    asks: Asks::Size(20),
    said: "A new cloud_essd disk in {zone}, attached to {id}.",
    then_enters: true,
    ..Verb::new(
        "Add a disk",
        "instance",
        &[
            ("RegionId", Given::Field("region")),
            ("ZoneId", Given::Field("zone")),
            ("Size", Given::Answer),
            ("DiskCategory", Given::Always("cloud_essd")),
        ],
    )
};
