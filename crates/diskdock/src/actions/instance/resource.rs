//! Instances as a kind of resource: how to list them, and their statuses.

use domain::{InstanceId, InstanceStatus};

use super::describe_instances::DescribeInstances;
use crate::catalog::{Listing, Query, Resource, Status, id_parameter};

id_parameter!(InstanceId, "i-bp1000q5z9rt6j4xn8de");

/// Instances.
pub(crate) static INSTANCE: Resource = Resource {
    noun: "instance",
    with_article: "an instance",
    listing: Listing {
        action: DescribeInstances::NAME,
        ids: Some("InstanceIds"),
        path: ["Instances", "Instance"],
        id: "InstanceId",
        texts: &["{InstanceName}", "{InstanceType}"],
        holder: None,
    },
    statuses: &[
        Status::passing(InstanceStatus::Pending.as_str()),
        Status::passing(InstanceStatus::Starting.as_str()),
        Status::lasting(InstanceStatus::Running.as_str()),
        Status::passing(InstanceStatus::Stopping.as_str()),
        Status::lasting(InstanceStatus::Stopped.as_str()),
    ],
    unasked: &[],
};
