//! VPCs and vSwitches as kinds of resource: how to list them, and their statuses.

use domain::{NetworkStatus, VSwitchId, VpcId};

use super::describe_v_switches::DescribeVSwitches;
use super::describe_vpcs::DescribeVpcs;
use crate::catalog::{Listing, Query, Resource, Status, id_parameter};

id_parameter!(VpcId, "vpc-bp1000q5zb2k8w4tn6yr1");
id_parameter!(VSwitchId, "vsw-bp1000q5zb2k8w4tn6yr1");

const STATUSES: &[Status] = &[
    Status::passing(NetworkStatus::Pending.as_str()),
    Status::lasting(NetworkStatus::Available.as_str()),
];

/// VPCs.
pub(crate) static VPC: Resource = Resource {
    noun: "vpc",
    with_article: "a VPC",
    listing: Listing {
        action: DescribeVpcs::NAME,
        ids: None,
        path: ["Vpcs", "Vpc"],
        id: "VpcId",
        texts: &["{VpcName}", "{CidrBlock}"],
        holder: None,
    },
    statuses: STATUSES,
    unasked: &[],
};

/// The vSwitches.
pub(crate) static VSWITCH: Resource = Resource {
    noun: "vswitch",
    with_article: "a vSwitch",
    listing: Listing {
        action: DescribeVSwitches::NAME,
        ids: None,
        path: ["VSwitches", "VSwitch"],
        id: "VSwitchId",
        texts: &["{VSwitchName}", "{CidrBlock}", "in {ZoneId}"],
        holder: None,
    },
    statuses: STATUSES,
    unasked: &[],
};
