//! `SetDefaultPolicyVersion`: let another version of a policy count.

use super::version_id::{FoundVersion, OwnVersion};
use crate::actions::prelude::*;

/// Lets another version of a policy count.
pub(crate) struct SetDefaultPolicyVersion;

impl Action for SetDefaultPolicyVersion {
    type Params = OwnVersion;
    type Facts = FoundVersion;
    type Reply = ();

    const NAME: &'static str = "SetDefaultPolicyVersion";
    const SUMMARY: &'static str =
        "Lets another version of a policy count: calls are judged by its document from then on.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND, &POLICY_VERSION_NOT_FOUND];

    /// There are none.
    const PRECONDITIONS: &'static [Precondition<FoundVersion>] = &[];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &OwnVersion,
    ) -> Result<FoundVersion, ActionError> {
        FoundVersion::load(tx, call, params)
    }

    fn effect(call: &Call<'_>, _: &OwnVersion, facts: FoundVersion) -> Effect<()> {
        let mut policy = facts.policy;
        policy.let_version_count(facts.number, call.now);
        Effect::reply(()).save(policy)
    }
}
