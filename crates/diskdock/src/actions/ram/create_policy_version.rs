//! `CreatePolicyVersion`: give a policy another document.

use domain::ram::RamPolicy;

use super::lookup;
use super::view::VersionItem;
use crate::actions::prelude::*;

/// Gives a policy another document.
pub(crate) struct CreatePolicyVersion;

params!(
    /// Parameters of CreatePolicyVersion.
    pub(crate) struct Params {
        /// The policy, one of the account.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        #[names = "policy"]
        policy_name: Text<1, 128>,
        /// The document, in the language of RAM.
        #[malformed = POLICY_DOCUMENT_LENGTH]
        #[example = "{\"Version\": \"1\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"ecs:Describe*\", \"Resource\": \"*\"}]}"]
        policy_document: Text<1, 6144>,
        /// Whether the new version counts from now on. Left out, it does not.
        set_as_default: Option<bool>,
        /// Whether the oldest version that does not count gives way if there are five.
        rotate_strategy: Option<RotateStrategy>,
    }
);

choice!(
    /// Ways to make room for a version.
    pub(crate) enum RotateStrategy {
        None = "None",
        DeleteOldest = "DeleteOldestNonDefaultVersionWhenLimitExceeded",
    }
);

reply!(
    /// Reply of CreatePolicyVersion.
    pub(crate) struct Reply {
        /// The new version.
        policy_version: VersionItem,
    }
);

/// The policy, and whether a version may give way. The document is a policy.
pub(crate) struct Facts {
    policy: RamPolicy,
    rotates: bool,
}

impl Action for CreatePolicyVersion {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreatePolicyVersion";
    const SUMMARY: &'static str = "Gives a policy another document, as a version of its own.";
    const DETAILS: &'static str = "\
One version of a policy counts, and calls are judged by its document from then on; the others are \
kept, up to five in all.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND, &POLICY_DOCUMENT_MALFORMED];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the policy has fewer than five versions, or one may give way", |f| f.rotates || !f.policy.is_full_of_versions(), &POLICY_VERSION_LIMIT),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let policy = lookup::own_policy(tx, call, &params.policy_name.0)?;
        lookup::refuse_unless_policy(&params.policy_document.0)?;
        Ok(Facts { policy, rotates: params.rotate_strategy == Some(RotateStrategy::DeleteOldest) })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let mut policy = facts.policy;
        if policy.is_full_of_versions() {
            policy.remove_oldest_version(call.now);
        }
        let number = policy.add_version(params.policy_document.0.clone(), call.now);
        if params.set_as_default == Some(true) {
            policy.let_version_count(number, call.now);
        }
        let version = policy.version(number).expect("a version that was just added");
        let policy_version = VersionItem::of(&policy, &version);
        Effect::reply(Reply { policy_version }).save(policy)
    }
}
