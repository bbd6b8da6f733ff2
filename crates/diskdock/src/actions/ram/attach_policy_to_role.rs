//! `AttachPolicyToRole`: let a role do what a policy allows.

use domain::ram::RamRole;

use super::lookup;
use super::policy_holder::{HolderAndPolicy, RolePolicyParams};
use crate::actions::prelude::*;

/// Attaches a policy to a role.
pub(crate) struct AttachPolicyToRole;

impl Action for AttachPolicyToRole {
    type Params = RolePolicyParams;
    type Facts = HolderAndPolicy<RamRole>;
    type Reply = ();

    const NAME: &'static str = "AttachPolicyToRole";
    const SUMMARY: &'static str = "Lets a role do what a policy allows.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[SdkParam::lacking("ResourceGroupId", TypedSdk::ALL)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<HolderAndPolicy<RamRole>>] = &[
        must("the role does not have the policy",     |f| !f.is_attached(), &ROLE_POLICY_ATTACHED_ALREADY),
        must("the role has fewer than 20 policies",   |f| !f.is_full(), &ROLE_POLICY_LIMIT),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &RolePolicyParams,
    ) -> Result<Self::Facts, ActionError> {
        let role = lookup::role(tx, call, &params.role_name.0)?;
        HolderAndPolicy::load(tx, call, role, (params.policy_type, &params.policy_name.0))
    }

    fn effect(call: &Call<'_>, _: &RolePolicyParams, facts: Self::Facts) -> Effect<()> {
        facts.attach(call)
    }
}
