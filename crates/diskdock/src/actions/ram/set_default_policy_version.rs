//! `SetDefaultPolicyVersion`: let another version of a policy count.

use domain::ram::RamPolicy;

use super::lookup;
use super::version_id::{self, VersionId};
use crate::actions::prelude::*;

/// Lets another version of a policy count.
pub(crate) struct SetDefaultPolicyVersion;

params!(
    /// Parameters of SetDefaultPolicyVersion.
    pub(crate) struct Params {
        /// The policy, one of the account.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        #[names = "policy"]
        policy_name: Text<1, 128>,
        /// The version: `v1`.
        #[malformed = POLICY_VERSION_FORMAT]
        version_id: VersionId,
    }
);

/// The policy, and the number of a version that it has.
pub(crate) struct Facts {
    policy: RamPolicy,
    number: u32,
}

impl Action for SetDefaultPolicyVersion {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "SetDefaultPolicyVersion";
    const SUMMARY: &'static str =
        "Lets another version of a policy count: calls are judged by its document from then on.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND, &POLICY_VERSION_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let policy = lookup::own_policy(tx, call, &params.policy_name.0)?;
        let number = version_id::of(&policy, params.version_id)?.number;
        Ok(Facts { policy, number })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let mut policy = facts.policy;
        policy.let_version_count(facts.number, call.now);
        Effect::reply(()).save(policy)
    }
}
