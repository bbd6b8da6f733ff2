//! `RevokeSecurityGroup`: take rules for incoming traffic away.

use domain::security_group::RuleDirection;

use super::authorize_security_group::RulesOfGroup;
use super::rule_change::{NamedRules, RULE_LOOKUPS, RuleChange};
use super::rule_params::IngressRule;
use crate::actions::prelude::*;
use crate::catalog::joined_params;

/// Takes rules for incoming traffic away from a security group.
pub(crate) struct RevokeSecurityGroup;

joined_params!(
    /// One rule by itself, and rules by their ids.
    pub(crate) struct RuleOrIds {
        /// One rule by itself.
        rule: IngressRule,
        /// Rules by their ids.
        named: NamedRules,
    }
);

joined_params!(
    /// Parameters of RevokeSecurityGroup.
    pub(crate) struct Params {
        /// The group and a list of rules.
        rules: RulesOfGroup,
        /// Other ways to say which rules.
        other: RuleOrIds,
    }
);

impl Action for RevokeSecurityGroup {
    type Params = Params;
    type Facts = RuleChange;
    type Reply = ();

    const NAME: &'static str = "RevokeSecurityGroup";
    const SUMMARY: &'static str = "Takes rules for incoming traffic away from a security group.";
    const DETAILS: &'static str = "\
Rules are named by their ids, or described as they were when they were added; the free text does not \
count. A description that fits no rule changes nothing.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOOKUPS: &'static [&'static ErrorCode] =
        const { &ErrorList::of(RULE_LOOKUPS).and(&[&SOURCE_MISSING]) }.as_slice();

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<RuleChange>] = &[
        must("rules are described in Permissions or by themselves, not both",  |f| !f.in_two_ways, &RULES_IN_TWO_WAYS),
        must("no two of the rules are the same",                               |f| f.are_different(), &RULES_REPEATED),
        must("no rule is named twice",                                         |f| f.are_named_once(), &RULE_REPEATED),
        must("the rules that are named are there",                             |f| f.are_there(), &RULE_NOT_FOUND),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, ask: &Params) -> Result<RuleChange, ActionError> {
        let RulesOfGroup { target, list } = &ask.rules;
        let group = super::find(tx, call, &target.region_id, &target.security_group_id)?;
        let rule = &ask.other.rule;
        let named: Vec<String> =
            ask.other.named.security_group_rule_id.0.iter().map(|id| id.0.clone()).collect();
        let listed = list.permissions.0.iter().map(|permission| &permission.rule);
        let says_nothing = list.permissions.0.is_empty() && named.is_empty();
        let alone = (rule.is_given() || says_nothing).then_some(rule);
        let has_vpc = !group.vpc.is_empty();
        let described = listed.chain(alone).filter(|_| named.is_empty());
        let asked = described.map(|rule| rule.read(has_vpc)).collect::<Result<Vec<_>, _>>()?;
        let in_two_ways = rule.is_given() && !list.permissions.0.is_empty();
        Ok(RuleChange { group, direction: RuleDirection::Ingress, asked, named, in_two_ways })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: RuleChange) -> Effect<()> {
        Effect::reply(()).save(facts.removed())
    }
}
