//! `AuthorizeSecurityGroupEgress`: let traffic leave instances of a group, or drop it.

use super::rule_change::{ADDING, RULE_LOOKUPS, RuleChange};
use super::rule_params::EgressRule;
use super::rule_params::egress::RulesOfGroup;
use crate::actions::prelude::*;
use crate::catalog::joined_params;

/// Adds rules for outgoing traffic to a security group.
pub(crate) struct AuthorizeSecurityGroupEgress;

joined_params!(
    /// Parameters of AuthorizeSecurityGroupEgress.
    pub(crate) struct Params {
        /// The group and a list of rules.
        rules: RulesOfGroup,
        /// One rule by itself.
        rule: EgressRule,
    }
);

impl Action for AuthorizeSecurityGroupEgress {
    type Params = Params;
    type Facts = RuleChange;
    type Reply = ();

    const NAME: &'static str = "AuthorizeSecurityGroupEgress";
    const SUMMARY: &'static str = "Adds rules for outgoing traffic to a security group.";
    const DETAILS: &'static str = "\
A rule that is there already is accepted and changes nothing. No packet is filtered by the rules.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[
        SdkParam::long("DestGroupOwnerId"),
        SdkParam::long("Permissions.DestGroupOwnerId"),
        SdkParam::lacking("Permissions.PortRangeListId", TypedSdk::OLDER),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = const {
        &ErrorList::of(RULE_LOOKUPS).and(&[
            &DESTINATION_MISSING,
            &DEST_GROUP_NOT_FOUND,
            &DEST_GROUP_ELSEWHERE,
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
