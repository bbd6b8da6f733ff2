//! Security groups as a kind of resource: how to list them.

use domain::SecurityGroupId;

use super::describe_security_groups::DescribeSecurityGroups;
use crate::catalog::{Listing, Query, Resource, id_parameter};

id_parameter!(SecurityGroupId, "sg-bp1000q5zb2k8w4tn6yr");

/// Security groups.
pub(crate) static SECURITY_GROUP: Resource = Resource {
    noun: "security group",
    with_article: "a security group",
    listing: Listing {
        action: DescribeSecurityGroups::NAME,
        ids: Some("SecurityGroupIds"),
        path: ["SecurityGroups", "SecurityGroup"],
        id: "SecurityGroupId",
        texts: &["{SecurityGroupName}", "in {VpcId}"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};
