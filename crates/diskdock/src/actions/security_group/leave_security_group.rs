//! `LeaveSecurityGroup`: take an instance out of a group.

use super::membership::{self, MemberParams, Membership};
use crate::actions::prelude::*;

/// Takes an instance out of a security group.
pub(crate) struct LeaveSecurityGroup;

impl Action for LeaveSecurityGroup {
    type Params = MemberParams;
    type Facts = Membership;
    type Reply = ();

    const NAME: &'static str = "LeaveSecurityGroup";
    const SUMMARY: &'static str = "Takes an instance out of a security group.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = membership::LOAD_ERRORS;

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Membership>] = &[
        must("the instance is not locked for security",  |f| !f.is_locked(), &INSTANCE_LOCKED_FOR_POWER),
        must("the instance is Running or Stopped",       |f| f.instance.has_stable_status(), &INSTANCE_STATUS),
        must("the instance is in the group",             |f| f.is_member(), &INSTANCE_NOT_IN_GROUP),
        must("the instance is in another group as well", |f| !f.is_last(), &GROUP_IS_LAST),
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
        instance.network.security_groups.retain(|id| id != group.id.as_str());
        Effect::reply(()).save(instance)
    }
}
