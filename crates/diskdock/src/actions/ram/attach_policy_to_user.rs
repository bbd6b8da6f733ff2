//! `AttachPolicyToUser`: let a user do what a policy allows.

use domain::ram::RamUser;

use super::lookup;
use super::policy_holder::{HolderAndPolicy, UserPolicyParams};
use crate::actions::prelude::*;

/// Attaches a policy to a user.
pub(crate) struct AttachPolicyToUser;

impl Action for AttachPolicyToUser {
    type Params = UserPolicyParams;
    type Facts = HolderAndPolicy<RamUser>;
    type Reply = ();

    const NAME: &'static str = "AttachPolicyToUser";
    const SUMMARY: &'static str = "Lets a user do what a policy allows.";
    const DETAILS: &'static str =
        "It counts from the next call that is signed with a key of the user.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<HolderAndPolicy<RamUser>>] = &[
        must("the user does not have the policy",     |f| !f.is_attached(), &POLICY_ATTACHED_ALREADY),
        must("the user has fewer than 20 policies",   |f| !f.is_full(), &USER_POLICY_LIMIT),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &UserPolicyParams,
    ) -> Result<Self::Facts, ActionError> {
        let user = lookup::user(tx, call, &params.user_name.0)?;
        HolderAndPolicy::load(tx, call, user, (params.policy_type, &params.policy_name.0))
    }

    fn effect(call: &Call<'_>, _: &UserPolicyParams, facts: Self::Facts) -> Effect<()> {
        facts.attach(call)
    }
}
