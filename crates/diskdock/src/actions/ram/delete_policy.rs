//! `DeletePolicy`: delete a policy of the account that is attached to nothing.

use domain::ram::{PolicyType, RamPolicy};

use super::lookup;
use super::policy_holder::Holders;
use crate::actions::prelude::*;

/// Deletes a policy.
pub(crate) struct DeletePolicy;

params!(
    /// Parameters of DeletePolicy.
    pub(crate) struct Params {
        /// The policy, one of the account.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        #[names = "policy"]
        policy_name: Text<1, 128>,
        /// Delete it although it has further versions, which go with it.
        cascading_delete: Option<bool>,
    }
);

/// The policy, and how many have it: groups, and all together.
pub(crate) struct Facts {
    policy: RamPolicy,
    groups: usize,
    attachments: usize,
    /// Whether its versions go with it.
    cascades: bool,
}

impl Action for DeletePolicy {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeletePolicy";
    const SUMMARY: &'static str = "Deletes a policy of the account that is attached to nothing.";
    const CAUTION: &'static str = "The policy is gone for good, with its versions.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no user and no role has the policy", |f| f.attachments == f.groups, &POLICY_IN_USE),
        must("no group has the policy",            |f| f.groups == 0, &POLICY_IN_USE_BY_GROUP),
        must("it has one version, or CascadingDelete is true", |f| f.cascades || f.policy.other_versions.is_empty(), &POLICY_HAS_VERSIONS),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let name = &params.policy_name.0;
        let policy = lookup::own_policy(tx, call, name)?;
        let holders = Holders::all(tx, call)?;
        let groups = holders.groups_of(PolicyType::Custom, name);
        let attachments = holders.of(PolicyType::Custom, name);
        let cascades = params.cascading_delete == Some(true);
        Ok(Facts { policy, groups, attachments, cascades })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).remove(&facts.policy.id)
    }
}
