//! Snapshots and groups of them: make, copy, describe, modify, delete.

pub(crate) mod copy_snapshot;
pub(crate) mod create_snapshot;
pub(crate) mod create_snapshot_group;
pub(crate) mod delete_snapshot;
pub(crate) mod delete_snapshot_group;
pub(crate) mod describe_snapshot_groups;
pub(crate) mod describe_snapshot_links;
pub(crate) mod describe_snapshots;
pub(crate) mod describe_snapshots_usage;
pub(crate) mod modify_snapshot_attribute;
pub(crate) mod modify_snapshot_group;
mod resource;
mod view;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub(crate) static GROUP: ActionGroup = ActionGroup {
    title: "Snapshots",
    resources: &[&resource::SNAPSHOT, &resource::SNAPSHOT_GROUP],
    actions: ACTIONS,
};

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Action(&create_snapshot::CreateSnapshot),
    Entry::Query(&describe_snapshots::DescribeSnapshots),
    Entry::Action(&modify_snapshot_attribute::ModifySnapshotAttribute),
    Entry::Action(&delete_snapshot::DeleteSnapshot),
    Entry::Action(&copy_snapshot::CopySnapshot),
    Entry::Query(&describe_snapshot_links::DescribeSnapshotLinks),
    Entry::Query(&describe_snapshots_usage::DescribeSnapshotsUsage),
    Entry::Action(&create_snapshot_group::CreateSnapshotGroup),
    Entry::Query(&describe_snapshot_groups::DescribeSnapshotGroups),
    Entry::Action(&modify_snapshot_group::ModifySnapshotGroup),
    Entry::Action(&delete_snapshot_group::DeleteSnapshotGroup),
];
