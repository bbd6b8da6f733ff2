//! `DetachPolicyFromRole`: take a policy from a role.

use domain::ram::RamRole;

use super::lookup::{self, PolicyTypeWord};
use super::policy_holder::HolderAndPolicy;
use crate::actions::prelude::*;

/// Takes a policy from a role.
pub(crate) struct DetachPolicyFromRole;

params!(
    /// Parameters of DetachPolicyFromRole.
    pub(crate) struct Params {
        /// The owner: the service (System) or the account (Custom).
        #[malformed = POLICY_TYPE_NOT_VALID]
        policy_type: PolicyTypeWord,
        /// The policy.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        #[names = "policy"]
        policy_name: Text<1, 128>,
        /// The role.
        #[malformed = ROLE_NAME_LENGTH]
        #[example = "operators"]
        #[names = "role"]
        role_name: Text<1, 64>,
        /// A resource group that it is limited to. It counts in the whole account here.
        resource_group_id: Ignored<Option<Text<0, 64>>>,
    }
);

impl Action for DetachPolicyFromRole {
    type Params = Params;
    type Facts = HolderAndPolicy<RamRole>;
    type Reply = ();

    const NAME: &'static str = "DetachPolicyFromRole";
    const SUMMARY: &'static str = "Takes a policy from a role.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<HolderAndPolicy<RamRole>>] = &[
        must("the role has the policy", |f| f.is_attached(), &ROLE_POLICY_NOT_ATTACHED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Self::Facts, ActionError> {
        let policy = (params.policy_type.of_domain(), params.policy_name.0.as_str());
        HolderAndPolicy::load(tx, call, lookup::role(tx, call, &params.role_name.0)?, policy)
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Self::Facts) -> Effect<()> {
        facts.detach()
    }
}
