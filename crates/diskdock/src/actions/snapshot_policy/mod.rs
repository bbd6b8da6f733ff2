//! Automatic snapshot policies: make, describe, modify, delete, apply to disks and take off; and
//! their schedule.

pub(crate) mod apply_auto_snapshot_policy;
pub(crate) mod cancel_auto_snapshot_policy;
pub(crate) mod create_auto_snapshot_policy;
pub(crate) mod delete_auto_snapshot_policy;
pub(crate) mod describe_auto_snapshot_policy_ex;
mod disks;
pub(crate) mod modify_auto_snapshot_policy_ex;
mod params;
mod resource;
pub(crate) mod schedule;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub(crate) static GROUP: ActionGroup = ActionGroup {
    title: "Automatic snapshot policies",
    resources: &[&resource::SNAPSHOT_POLICY],
    actions: ACTIONS,
};

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Action(&create_auto_snapshot_policy::CreateAutoSnapshotPolicy),
    Entry::Query(&describe_auto_snapshot_policy_ex::DescribeAutoSnapshotPolicyEx),
    Entry::Action(&modify_auto_snapshot_policy_ex::ModifyAutoSnapshotPolicyEx),
    Entry::Action(&delete_auto_snapshot_policy::DeleteAutoSnapshotPolicy),
    Entry::Action(&apply_auto_snapshot_policy::ApplyAutoSnapshotPolicy),
    Entry::Action(&cancel_auto_snapshot_policy::CancelAutoSnapshotPolicy),
];
