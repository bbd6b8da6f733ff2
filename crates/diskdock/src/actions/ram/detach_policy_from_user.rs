//! `DetachPolicyFromUser`: take a policy from a user.

use domain::ram::RamUser;

use super::lookup::{self, PolicyTypeWord};
use super::policy_holder::HolderAndPolicy;
use crate::actions::prelude::*;

/// Takes a policy from a user.
pub(crate) struct DetachPolicyFromUser;

params!(
    /// Parameters of DetachPolicyFromUser.
    pub(crate) struct Params {
        /// The owner: the service (System) or the account (Custom).
        #[malformed = POLICY_TYPE_NOT_VALID]
        policy_type: PolicyTypeWord,
        /// The policy.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        #[names = "policy"]
        policy_name: Text<1, 128>,
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
        /// A resource group that it is limited to. It counts in the whole account here.
        resource_group_id: Ignored<Option<Text<0, 64>>>,
    }
);

impl Action for DetachPolicyFromUser {
    type Params = Params;
    type Facts = HolderAndPolicy<RamUser>;
    type Reply = ();

    const NAME: &'static str = "DetachPolicyFromUser";
    const SUMMARY: &'static str = "Takes a policy from a user.";
    const DETAILS: &'static str =
        "It counts from the next call that is signed with a key of the user.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<HolderAndPolicy<RamUser>>] = &[
        must("the user has the policy", |f| f.is_attached(), &POLICY_NOT_ATTACHED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Self::Facts, ActionError> {
        let policy = (params.policy_type.of_domain(), params.policy_name.0.as_str());
        HolderAndPolicy::load(tx, call, lookup::user(tx, call, &params.user_name.0)?, policy)
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Self::Facts) -> Effect<()> {
        facts.detach()
    }
}
