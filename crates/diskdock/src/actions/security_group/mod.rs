//! Security groups: make, describe, modify, their rules, their instances, delete.

pub(crate) mod authorize_security_group;
pub(crate) mod authorize_security_group_egress;
pub(crate) mod create_security_group;
pub(crate) mod delete_security_group;
pub(crate) mod describe_security_group_attribute;
pub(crate) mod describe_security_groups;
pub(crate) mod join_security_group;
pub(crate) mod leave_security_group;
mod membership;
pub(crate) mod modify_security_group_attribute;
mod resource;
pub(crate) mod revoke_security_group;
pub(crate) mod revoke_security_group_egress;
mod rule;
mod rule_change;
mod rule_params;

use authorize_security_group_egress as authorize_egress;
use describe_security_group_attribute as describe_attribute;
use modify_security_group_attribute as modify_attribute;
use revoke_security_group_egress as revoke_egress;

use domain::{SecurityGroup, SecurityGroupId};

use crate::catalog::errors::{REGION_NOT_FOUND, SECURITY_GROUP_NOT_FOUND};
use crate::catalog::{ActionError, ActionGroup, Call, Entry, RegionId};
use crate::store::ReadTx;

/// The group.
pub(crate) static GROUP: ActionGroup = ActionGroup {
    title: "Security groups",
    resources: &[&resource::SECURITY_GROUP],
    actions: ACTIONS,
};

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Action(&create_security_group::CreateSecurityGroup),
    Entry::Query(&describe_security_groups::DescribeSecurityGroups),
    Entry::Query(&describe_attribute::DescribeSecurityGroupAttribute),
    Entry::Action(&modify_attribute::ModifySecurityGroupAttribute),
    Entry::Action(&authorize_security_group::AuthorizeSecurityGroup),
    Entry::Action(&authorize_egress::AuthorizeSecurityGroupEgress),
    Entry::Action(&revoke_security_group::RevokeSecurityGroup),
    Entry::Action(&revoke_egress::RevokeSecurityGroupEgress),
    Entry::Action(&join_security_group::JoinSecurityGroup),
    Entry::Action(&leave_security_group::LeaveSecurityGroup),
    Entry::Action(&delete_security_group::DeleteSecurityGroup),
];

/// The caller's group of this id in a region.
fn find(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &RegionId,
    id: &SecurityGroupId,
) -> Result<SecurityGroup, ActionError> {
    call.environment.inventory.region(&region.0).ok_or(&REGION_NOT_FOUND)?;
    let found: Option<SecurityGroup> = call.find(tx, id)?;
    Ok(found.filter(|group| group.region == region.0).ok_or(&SECURITY_GROUP_NOT_FOUND)?)
}
