//! `DetachPolicyFromUser`: take a policy from a user.

use domain::ram::RamUser;

use super::lookup;
use super::policy_holder::{HolderAndPolicy, UserPolicyParams};
use crate::actions::prelude::*;

/// Takes a policy from a user.
pub(crate) struct DetachPolicyFromUser;

impl Action for DetachPolicyFromUser {
    type Params = UserPolicyParams;
    type Facts = HolderAndPolicy<RamUser>;
    type Reply = ();

    const NAME: &'static str = "DetachPolicyFromUser";
    const SUMMARY: &'static str = "Takes a policy from a user.";
    const DETAILS: &'static str =
        "It counts from the next call that is signed with a key of the user.";
    const CAUTION: &'static str =
        "Calls of the user that only this policy allows are refused from the next one on.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<HolderAndPolicy<RamUser>>] = &[
        must("the user has the policy", |f| f.is_attached(), &POLICY_NOT_ATTACHED),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &UserPolicyParams,
    ) -> Result<Self::Facts, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        HolderAndPolicy::load(tx, call, user, (params.policy_type, &params.policy_name.0))
    }

    fn effect(_: &Call<'_>, _: &UserPolicyParams, facts: Self::Facts) -> Effect<()> {
        facts.detach()
    }
}
