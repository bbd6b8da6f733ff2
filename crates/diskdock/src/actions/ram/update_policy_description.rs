//! `UpdatePolicyDescription`: change the free text of a policy.

use domain::ram::{RamPolicy, version_id};

use super::lookup;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// Changes the description of a policy.
pub(crate) struct UpdatePolicyDescription;

params!(
    /// Parameters of UpdatePolicyDescription.
    pub(crate) struct Params {
        /// The policy, one of the account.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        #[names = "policy"]
        policy_name: Text<1, 128>,
        /// Free text.
        #[malformed = POLICY_DESCRIPTION_LENGTH]
        new_description: Text<1, 1024>,
    }
);

reply!(
    /// Reply of UpdatePolicyDescription.
    pub(crate) struct Reply {
        /// The policy as it is now.
        policy: ChangedPolicy,
    }
);

reply!(
    /// A policy that was changed.
    pub(crate) struct ChangedPolicy {
        /// Its name.
        policy_name: String,
        /// `Custom`.
        policy_type: &'static str,
        /// Free text.
        description: String,
        /// The version that counts: `v1`.
        default_version: String,
        /// When it was made.
        create_date: String,
        /// When it was last changed.
        update_date: String,
    }
);

/// The policy.
pub(crate) struct Facts {
    policy: RamPolicy,
}

impl Action for UpdatePolicyDescription {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "UpdatePolicyDescription";
    const SUMMARY: &'static str = "Changes the description of a policy of the account.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// There are none.
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        Ok(Facts { policy: lookup::own_policy(tx, call, &params.policy_name.0)? })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let mut policy = facts.policy;
        policy.description.clone_from(&params.new_description.0);
        policy.updated_at = call.now;
        let changed = ChangedPolicy {
            policy_name: policy.name.clone(),
            policy_type: "Custom",
            description: policy.description.clone(),
            default_version: version_id(policy.default_version),
            create_date: with_seconds(policy.created_at),
            update_date: with_seconds(policy.updated_at),
        };
        Effect::reply(Reply { policy: changed }).save(policy)
    }
}
