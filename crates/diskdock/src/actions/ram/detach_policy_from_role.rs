//! `DetachPolicyFromRole`: take a policy from a role.

use domain::ram::RamRole;

use super::lookup;
use super::policy_holder::{HolderAndPolicy, RolePolicyParams};
use crate::actions::prelude::*;

/// Takes a policy from a role.
pub(crate) struct DetachPolicyFromRole;

impl Action for DetachPolicyFromRole {
    type Params = RolePolicyParams;
    type Facts = HolderAndPolicy<RamRole>;
    type Reply = ();

    const NAME: &'static str = "DetachPolicyFromRole";
    const SUMMARY: &'static str = "Takes a policy from a role.";
    const CAUTION: &'static str =
        "Calls in this role that only the policy allows are refused from the next one on.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[SdkParam::lacking("ResourceGroupId", TypedSdk::ALL)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<HolderAndPolicy<RamRole>>] = &[
        must("the role has the policy", |f| f.is_attached(), &ROLE_POLICY_NOT_ATTACHED),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &RolePolicyParams,
    ) -> Result<Self::Facts, ActionError> {
        let role = lookup::role(tx, call, &params.role_name.0)?;
        HolderAndPolicy::load(tx, call, role, (params.policy_type, &params.policy_name.0))
    }

    fn effect(_: &Call<'_>, _: &RolePolicyParams, facts: Self::Facts) -> Effect<()> {
        facts.detach()
    }
}
