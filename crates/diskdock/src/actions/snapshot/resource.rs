//! Snapshots and groups of them as kinds of resource: how to list them, and their statuses.

use domain::{SnapshotGroupId, SnapshotId, SnapshotStatus};

use super::describe_snapshot_groups::DescribeSnapshotGroups;
use super::describe_snapshots::DescribeSnapshots;
use crate::catalog::{Listing, Query, Resource, Status, id_parameter};

id_parameter!(SnapshotId, "s-bp1000q5zb2k8w4tn6yr");
id_parameter!(SnapshotGroupId, "ssg-bp1000q5zb2k8w4tn6yr");

/// Snapshots.
pub(crate) static SNAPSHOT: Resource = Resource {
    noun: "snapshot",
    with_article: "a snapshot",
    listing: Listing {
        action: DescribeSnapshots::NAME,
        ids: Some("SnapshotIds"),
        path: ["Snapshots", "Snapshot"],
        id: "SnapshotId",
        texts: &["{SnapshotName}", "of {SourceDiskId}", "{SourceDiskSize} GiB"],
        holder: None,
    },
    statuses: &[
        Status::passing(SnapshotStatus::Progressing.as_str()),
        Status::lasting(SnapshotStatus::Accomplished.as_str()),
        Status::lasting(SnapshotStatus::Failed.as_str()),
    ],
    unasked: &[],
};

/// Snapshot groups.
pub(crate) static SNAPSHOT_GROUP: Resource = Resource {
    noun: "snapshot group",
    with_article: "a snapshot group",
    listing: Listing {
        action: DescribeSnapshotGroups::NAME,
        // Their ids are numbered, and no list in JSON.
        ids: None,
        path: ["SnapshotGroups", "SnapshotGroup"],
        id: "SnapshotGroupId",
        texts: &["{Name}", "of {InstanceId}"],
        holder: None,
    },
    statuses: &[
        Status::passing(SnapshotStatus::Progressing.as_str()),
        Status::lasting(SnapshotStatus::Accomplished.as_str()),
        Status::lasting(SnapshotStatus::Failed.as_str()),
    ],
    unasked: &[],
};
