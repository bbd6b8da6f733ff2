//! `JoinSecurityGroup`: put an instance into a group.

use super::membership::{self, MemberParams, Membership};
use crate::actions::prelude::*;

/// Puts an instance into a security group.
pub(crate) struct JoinSecurityGroup;

impl Action for JoinSecurityGroup {
    type Params = MemberParams;
    type Facts = Membership;
    type Reply = ();

    const NAME: &'static str = "JoinSecurityGroup";
    const SUMMARY: &'static str = "Puts an instance into a security group.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = membership::LOAD_ERRORS;

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Membership>] = &[
        must("the instance is not locked for security",   |f| !f.is_locked(), &INSTANCE_LOCKED_FOR_POWER),
        must("the instance is Running or Stopped",        |f| f.instance.has_stable_status(), &INSTANCE_STATUS),
        must("the instance is in the VPC of the group",   |f| f.is_of_one_vpc(), &INSTANCE_IN_OTHER_VPC),
        must("the instance is not in the group yet",      |f| !f.is_member(), &INSTANCE_IN_GROUP_ALREADY),
        must("the instance is in fewer than five groups", |f| f.may_join_another(), &GROUPS_OF_INSTANCE_EXCEEDED),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &MemberParams,
    ) -> Result<Membership, ActionError> {
        Membership::load(tx, call, params)
    }

    fn effect(_: &Call<'_>, _: &MemberParams, facts: Membership) -> Effect<()> {
        let Membership { mut instance, group } = facts;
        instance.network.security_groups.push(group.id.to_string());
        Effect::reply(()).save(instance)
    }
}
