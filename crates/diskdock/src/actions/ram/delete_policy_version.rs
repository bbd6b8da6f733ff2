//! `DeletePolicyVersion`: delete a version of a policy that does not count.

use domain::ram::RamPolicy;

use super::lookup;
use super::version_id::{self, VersionId};
use crate::actions::prelude::*;

/// Deletes a version of a policy that does not count.
pub(crate) struct DeletePolicyVersion;

params!(
    /// Parameters of DeletePolicyVersion.
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

impl Action for DeletePolicyVersion {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeletePolicyVersion";
    const SUMMARY: &'static str = "Deletes a version of a policy that does not count.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND, &POLICY_VERSION_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("it is not the version that counts", |f| f.number != f.policy.default_version, &POLICY_VERSION_COUNTS),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let policy = lookup::own_policy(tx, call, &params.policy_name.0)?;
        let number = version_id::of(&policy, params.version_id)?.number;
        Ok(Facts { policy, number })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let mut policy = facts.policy;
        policy.remove_version(facts.number, call.now);
        Effect::reply(()).save(policy)
    }
}
