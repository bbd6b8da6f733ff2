//! `DetachPolicyFromGroup`: take a policy from a group.

use domain::ram::RamGroup;

use super::lookup;
use super::policy_holder::{GroupPolicyParams, HolderAndPolicy};
use crate::actions::prelude::*;

/// Takes a policy from a group.
pub(crate) struct DetachPolicyFromGroup;

impl Action for DetachPolicyFromGroup {
    type Params = GroupPolicyParams;
    type Facts = HolderAndPolicy<RamGroup>;
    type Reply = ();

    const NAME: &'static str = "DetachPolicyFromGroup";
    const SUMMARY: &'static str = "Takes a policy from a group.";
    const CAUTION: &'static str = "Calls of the users in the group that only this policy allows are refused from the next one on.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[SdkParam::lacking("ResourceGroupId", TypedSdk::ALL)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<HolderAndPolicy<RamGroup>>] = &[
        must("the group has the policy", |f| f.is_attached(), &GROUP_POLICY_NOT_ATTACHED),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &GroupPolicyParams,
    ) -> Result<Self::Facts, ActionError> {
        let group = lookup::group(tx, call, &params.group_name.0)?;
        HolderAndPolicy::load(tx, call, group, (params.policy_type, &params.policy_name.0))
    }

    fn effect(_: &Call<'_>, _: &GroupPolicyParams, facts: Self::Facts) -> Effect<()> {
        facts.detach()
    }
}
