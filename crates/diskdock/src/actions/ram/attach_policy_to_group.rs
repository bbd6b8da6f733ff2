//! `AttachPolicyToGroup`: let the users of a group do what a policy allows.

use domain::ram::RamGroup;

use super::lookup;
use super::policy_holder::{GroupPolicyParams, HolderAndPolicy};
use crate::actions::prelude::*;

/// Attaches a policy to a group.
pub(crate) struct AttachPolicyToGroup;

impl Action for AttachPolicyToGroup {
    type Params = GroupPolicyParams;
    type Facts = HolderAndPolicy<RamGroup>;
    type Reply = ();

    const NAME: &'static str = "AttachPolicyToGroup";
    const SUMMARY: &'static str = "Lets the users of a group do what a policy allows.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[SdkParam::lacking("ResourceGroupId", TypedSdk::ALL)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<HolderAndPolicy<RamGroup>>] = &[
        must("the group does not have the policy",     |f| !f.is_attached(), &GROUP_POLICY_ATTACHED_ALREADY),
        must("the group has fewer than 20 policies",   |f| !f.is_full(), &GROUP_POLICY_LIMIT),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &GroupPolicyParams,
    ) -> Result<Self::Facts, ActionError> {
        let group = lookup::group(tx, call, &params.group_name.0)?;
        HolderAndPolicy::load(tx, call, group, (params.policy_type, &params.policy_name.0))
    }

    fn effect(call: &Call<'_>, _: &GroupPolicyParams, facts: Self::Facts) -> Effect<()> {
        facts.attach(call)
    }
}
