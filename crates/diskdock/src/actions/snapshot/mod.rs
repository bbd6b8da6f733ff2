//! Snapshots: make, describe, modify, delete.

pub(crate) mod create_snapshot;
pub(crate) mod delete_snapshot;
pub(crate) mod describe_snapshots;
pub(crate) mod modify_snapshot_attribute;
mod resource;
mod view;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub(crate) static GROUP: ActionGroup =
    ActionGroup { title: "Snapshots", resources: &[&resource::SNAPSHOT], actions: ACTIONS };

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Mutation(&create_snapshot::CreateSnapshot),
    Entry::Reading(&describe_snapshots::DescribeSnapshots),
    Entry::Mutation(&modify_snapshot_attribute::ModifySnapshotAttribute),
    Entry::Mutation(&delete_snapshot::DeleteSnapshot),
];
