//! `DeletePolicyVersion`: delete a version of a policy that does not count.

use super::version_id::{FoundVersion, OwnVersion};
use crate::actions::prelude::*;

/// Deletes a version of a policy that does not count.
pub(crate) struct DeletePolicyVersion;

impl Action for DeletePolicyVersion {
    type Params = OwnVersion;
    type Facts = FoundVersion;
    type Reply = ();

    const NAME: &'static str = "DeletePolicyVersion";
    const SUMMARY: &'static str = "Deletes a version of a policy that does not count.";
    const CAUTION: &'static str = "The version is gone for good, with its document.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND, &POLICY_VERSION_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<FoundVersion>] = &[
        must("it is not the version that counts", |f| f.number != f.policy.default_version, &POLICY_VERSION_COUNTS),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &OwnVersion,
    ) -> Result<FoundVersion, ActionError> {
        FoundVersion::load(tx, call, params)
    }

    fn effect(call: &Call<'_>, _: &OwnVersion, facts: FoundVersion) -> Effect<()> {
        let mut policy = facts.policy;
        policy.remove_version(facts.number, call.now);
        Effect::reply(()).save(policy)
    }
}
