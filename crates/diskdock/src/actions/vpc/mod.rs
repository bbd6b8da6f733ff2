//! The product VPC: networks of an account, and their parts.

pub(crate) mod create_v_switch;
pub(crate) mod create_vpc;
pub(crate) mod delete_v_switch;
pub(crate) mod delete_vpc;
pub(crate) mod describe_route_table_list;
pub(crate) mod describe_v_switch_attributes;
pub(crate) mod describe_v_switches;
pub(crate) mod describe_vpc_attribute;
pub(crate) mod describe_vpcs;
mod making;
mod resource;
mod view;

use crate::catalog::errors::{
    ACTION_OF_PRODUCT_NOT_HERE, RAM_FORBIDDEN, REGION_NOT_FOUND, UNKNOWN_ACTION,
};
use crate::catalog::{ActionError, ActionGroup, Call, Entry, ErrorDialect, Product, RegionId};

/// Virtual Private Cloud.
pub(super) static VPC: Product = Product {
    code: "Vpc",
    version: "2016-04-28",
    ram_code: "vpc",
    host_prefix: "vpc",
    is_regional: true,
    groups: &[&GROUP],
    // Public SDKs list the names; these are those that clients of ECS call.
    known_actions: "\
AllocateEipAddress
AssociateEipAddress
CreateVSwitch
CreateVpc
DeleteVSwitch
DeleteVpc
DescribeEipAddresses
DescribeRouteTableList
DescribeVSwitchAttributes
DescribeVSwitches
DescribeVpcAttribute
DescribeVpcs
ModifyVSwitchAttribute
ModifyVpcAttribute
ReleaseEipAddress
TagResources
UnTagResources
UnassociateEipAddress
",
    errors: ErrorDialect {
        unknown_action: &UNKNOWN_ACTION,
        action_not_here: &ACTION_OF_PRODUCT_NOT_HERE,
        not_allowed: &RAM_FORBIDDEN,
    },
    go_sdk: "v6",
};

static GROUP: ActionGroup = ActionGroup {
    title: "Networks",
    resources: &[&resource::VPC, &resource::VSWITCH],
    actions: &[
        Entry::Action(&create_vpc::CreateVpc),
        Entry::Query(&describe_vpcs::DescribeVpcs),
        Entry::Query(&describe_vpc_attribute::DescribeVpcAttribute),
        Entry::Action(&delete_vpc::DeleteVpc),
        Entry::Action(&create_v_switch::CreateVSwitch),
        Entry::Query(&describe_v_switches::DescribeVSwitches),
        Entry::Query(&describe_v_switch_attributes::DescribeVSwitchAttributes),
        Entry::Action(&delete_v_switch::DeleteVSwitch),
        Entry::Query(&describe_route_table_list::DescribeRouteTableList),
    ],
};

/// The region that a request names; none if it names none.
fn region<'a>(
    call: &Call<'_>,
    asked: &'a Option<RegionId>,
) -> Result<Option<&'a str>, ActionError> {
    let Some(RegionId(region)) = asked else { return Ok(None) };
    call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
    Ok(Some(region))
}

/// Whether something in this region is meant.
fn is_in(asked: Option<&str>, region: &str) -> bool {
    asked.is_none_or(|asked| asked == region)
}
