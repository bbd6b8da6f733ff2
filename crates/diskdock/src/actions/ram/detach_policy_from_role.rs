//! `DetachPolicyFromRole`: take a policy from a role.

use super::lookup::{self, PolicyTypeWord, RoleAndPolicy};
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
    type Facts = RoleAndPolicy;
    type Reply = ();

    const NAME: &'static str = "DetachPolicyFromRole";
    const SUMMARY: &'static str = "Takes a policy from a role.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<RoleAndPolicy>] = &[
        must("the role has the policy", |f| f.has_policy, &ROLE_POLICY_NOT_ATTACHED),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Params,
    ) -> Result<RoleAndPolicy, ActionError> {
        let policy = (params.policy_type.of_domain(), params.policy_name.0.as_str());
        lookup::role_and_policy(tx, call, &params.role_name.0, policy)
    }

    fn effect(_: &Call<'_>, params: &Params, facts: RoleAndPolicy) -> Effect<()> {
        let mut role = facts.role;
        let policy_type = params.policy_type.of_domain();
        role.policies
            .retain(|one| one.policy_type != policy_type || one.name != params.policy_name.0);
        Effect::reply(()).save(role)
    }
}
