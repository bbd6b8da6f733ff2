//! `CreatePolicy`: make a policy from a document.

use domain::ram::{RamPolicy, RamPolicyId};

use super::lookup;
use super::tags_text::TagsText;
use super::view::MadePolicy;
use crate::actions::prelude::*;

/// Policies of an account, at most.
const POLICIES: u64 = 1_500;

/// Makes a policy.
pub(crate) struct CreatePolicy;

params!(
    /// Parameters of CreatePolicy.
    pub(crate) struct Params {
        /// Its name, unique in the account.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        policy_name: Text<1, 128>,
        /// The document, in the language of RAM.
        #[malformed = POLICY_DOCUMENT_LENGTH]
        #[example = "{\"Version\": \"1\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"ecs:Describe*\", \"Resource\": \"*\"}]}"]
        policy_document: Text<1, 6144>,
        /// Free text.
        #[malformed = POLICY_DESCRIPTION_LENGTH]
        description: Option<Text<1, 1024>>,
        /// Tags, up to 20, as a JSON array of structures with Key and Value.
        tag: Option<TagsText>,
    }
);

reply!(
    /// Reply of CreatePolicy.
    pub(crate) struct Reply {
        /// The new policy.
        policy: MadePolicy,
    }
);

/// Whether the name is taken, and how many policies there are. The document is a policy.
pub(crate) struct Facts {
    is_taken: bool,
    policies: u64,
}

impl Action for CreatePolicy {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreatePolicy";
    const SUMMARY: &'static str = "Makes a policy: what it allows and denies.";
    const DETAILS: &'static str = "\
A document has `Version` `\"1\"` and a list `Statement`; each statement has `Effect`, `Action` or \
`NotAction`, `Resource` and possibly `Condition`. AttachPolicyToUser gives the policy to a user.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &POLICY_DOCUMENT_MALFORMED];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no policy of the account has the name",    |f| !f.is_taken, &POLICY_EXISTS),
        must("the account has fewer than 1500 policies", |f| f.policies < POLICIES, &POLICY_LIMIT),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        if !lookup::is_policy_name(&params.policy_name.0) {
            return Err((&POLICY_NAME_CHARACTERS).into());
        }
        lookup::refuse_unless_policy(&params.policy_document.0)?;
        let id = RamPolicyId::of(&call.caller.account, &params.policy_name.0);
        let is_taken = call.find(tx, &id)?.is_some();
        Ok(Facts { is_taken, policies: lookup::count::<RamPolicy>(tx, call)? })
    }

    fn effect(call: &Call<'_>, params: &Params, _: Facts) -> Effect<Reply> {
        let (name, document) = (params.policy_name.0.clone(), params.policy_document.0.clone());
        let account = call.caller.account.clone();
        let id = RamPolicyId::of(&account, &name);
        let policy = RamPolicy {
            description: params.description.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            tags: params.tag.as_ref().map(|tags| tags.0.clone()).unwrap_or_default(),
            ..RamPolicy::new(id, account, name, document, call.now)
        };
        Effect::reply(Reply { policy: MadePolicy::of(&policy) }).save(policy)
    }
}
