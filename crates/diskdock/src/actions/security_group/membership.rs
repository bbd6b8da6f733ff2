//! Joining and leaving a group: the parameters and the facts of both.

use domain::{SecurityGroup, SecurityGroupId};

use crate::actions::prelude::*;

/// Groups that an instance is in, at most (documentation of JoinSecurityGroup).
const GROUPS_AT_MOST: usize = 5;

params!(
    /// Parameters of JoinSecurityGroup and LeaveSecurityGroup.
    pub(crate) struct MemberParams {
        /// The group.
        security_group_id: SecurityGroupId,
        /// The instance. It must be Running or Stopped.
        #[fits = ["Running", "Stopped"]]
        instance_id: Option<InstanceId>,
        /// A network interface. The only ones here are those of instances, so it is refused.
        network_interface_id: Option<Text<1, 64>>,
        /// The region of the group.
        region_id: Option<RegionId>,
    }
);

/// The group and the instance, which exist.
pub(crate) struct Membership {
    pub(super) instance: Instance,
    pub(super) group: SecurityGroup,
}

/// Errors that loading a membership can give.
pub(super) const LOAD_ERRORS: &[&ErrorCode] = &[
    &REGION_NOT_FOUND,
    &INSTANCE_AND_INTERFACE,
    &INTERFACE_FOR_GROUP_NOT_FOUND,
    &INSTANCE_NOT_FOUND,
    &SECURITY_GROUP_NOT_FOUND,
];

impl Membership {
    pub(super) fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &MemberParams,
    ) -> Result<Membership, ActionError> {
        if let Some(RegionId(region)) = &params.region_id {
            call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        }
        let id = match (&params.instance_id, &params.network_interface_id) {
            (Some(id), None) => id,
            (None, Some(_)) => return Err((&INTERFACE_FOR_GROUP_NOT_FOUND).into()),
            (Some(_), Some(_)) | (None, None) => return Err((&INSTANCE_AND_INTERFACE).into()),
        };
        let instance = call.instance(tx, id)?.ok_or(&INSTANCE_NOT_FOUND)?;
        let found: Option<SecurityGroup> = call.find(tx, &params.security_group_id)?;
        let found = found.filter(|group| group.region == instance.region);
        Ok(Membership { group: found.ok_or(&SECURITY_GROUP_NOT_FOUND)?, instance })
    }

    pub(super) fn is_locked(&self) -> bool {
        self.instance.is_locked_for(LockReason::Security)
    }

    fn groups(&self) -> &[String] {
        &self.instance.network.security_groups
    }

    pub(super) fn is_member(&self) -> bool {
        self.groups().iter().any(|group| group == self.group.id.as_str())
    }

    pub(super) fn is_last(&self) -> bool {
        self.groups().len() <= 1
    }

    pub(super) fn may_join_another(&self) -> bool {
        self.groups().len() < GROUPS_AT_MOST
    }

    /// Whether instance and group are of one VPC.
    pub(super) fn is_of_one_vpc(&self) -> bool {
        self.group.vpc.is_empty() || self.group.vpc == self.instance.network.vpc
    }
}
