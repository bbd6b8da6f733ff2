//! Automatic snapshot policies as a kind of resource: how to list them.

use domain::SnapshotPolicyId;

use super::describe_auto_snapshot_policy_ex::DescribeAutoSnapshotPolicyEx;
use crate::catalog::{Listing, Query, Resource, id_parameter};

id_parameter!(SnapshotPolicyId, "sp-bp1000q5zb2k8w4tn6yr");

/// Automatic snapshot policies.
pub(crate) static SNAPSHOT_POLICY: Resource = Resource {
    noun: "snapshot policy",
    with_article: "a snapshot policy",
    listing: Listing {
        action: DescribeAutoSnapshotPolicyEx::NAME,
        ids: None,
        path: ["AutoSnapshotPolicies", "AutoSnapshotPolicy"],
        id: "AutoSnapshotPolicyId",
        texts: &["{AutoSnapshotPolicyName}", "{DiskNums} disks"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};
