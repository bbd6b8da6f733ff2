//! `AuthorizeSecurityGroup`: let traffic reach instances of a group, or drop it.

use super::rule_change::{ADDING, RULE_LOOKUPS, RuleChange};
use super::rule_params::IngressRule;
use super::rule_params::ingress::RulesOfGroup;
use crate::actions::prelude::*;
use crate::catalog::joined_params;

/// Adds rules for incoming traffic to a security group.
pub(crate) struct AuthorizeSecurityGroup;

joined_params!(
    /// Parameters of AuthorizeSecurityGroup.
    pub(crate) struct Params {
        /// The group and a list of rules.
        rules: RulesOfGroup,
        /// One rule by itself.
        rule: IngressRule,
    }
);

impl Action for AuthorizeSecurityGroup {
    type Params = Params;
    type Facts = RuleChange;
    type Reply = ();

    const NAME: &'static str = "AuthorizeSecurityGroup";
    const SUMMARY: &'static str = "Adds rules for incoming traffic to a security group.";
    const DETAILS: &'static str = "\
A rule that is there already is accepted and changes nothing. No packet is filtered by the rules.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[
        SdkParam::long("SourceGroupOwnerId"),
        SdkParam::long("Permissions.SourceGroupOwnerId"),
        SdkParam::lacking("Permissions.PortRangeListId", TypedSdk::OLDER),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = const {
        &ErrorList::of(RULE_LOOKUPS).and(&[
            &SOURCE_MISSING,
            &SOURCE_GROUP_NOT_FOUND,
            &SOURCE_GROUP_ELSEWHERE,
        ])
    }
    .as_slice();

    const PRECONDITIONS: &'static [Precondition<RuleChange>] = ADDING;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<RuleChange, ActionError> {
        RuleChange::to_add(tx, call, &params.rules.target, &params.rules.list.with(&params.rule))
    }

    fn effect(call: &Call<'_>, _: &Params, facts: RuleChange) -> Effect<()> {
        Effect::reply(()).save(facts.added(call))
    }
}
