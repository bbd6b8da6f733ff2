//! `AuthorizeSecurityGroup`: let traffic reach instances of a group, or drop it.

use domain::security_group::RuleDirection;

use super::rule_change::{RULE_LOOKUPS, RuleChange, RuleTarget, check_groups};
use super::rule_params::{IngressPermission, IngressRule};
use crate::actions::prelude::*;
use crate::catalog::joined_params;

/// Adds rules for incoming traffic to a security group.
pub(crate) struct AuthorizeSecurityGroup;

params!(
    /// A list of rules.
    pub(crate) struct RuleList {
        /// The rules. Not together with one that is described by itself.
        permissions: Groups<IngressPermission>,
    }
);

joined_params!(
    /// The group and a list of rules.
    pub(crate) struct RulesOfGroup {
        /// The group.
        target: RuleTarget,
        /// The list.
        list: RuleList,
    }
);

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
    const LOOKUPS: &'static [&'static ErrorCode] = const {
        &ErrorList::of(RULE_LOOKUPS).and(&[
            &SOURCE_MISSING,
            &SOURCE_GROUP_NOT_FOUND,
            &SOURCE_GROUP_ELSEWHERE,
        ])
    }
    .as_slice();

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<RuleChange>] = &[
        must("rules are described in Permissions or by themselves, not both",  |f| !f.in_two_ways, &RULES_IN_TWO_WAYS),
        must("no two of the rules are the same",                               |f| f.are_different(), &RULES_REPEATED),
        must("the group has at most 200 rules then",                           |f| f.has_free_space(), &RULES_EXCEEDED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, ask: &Params) -> Result<RuleChange, ActionError> {
        let RulesOfGroup { target, list } = &ask.rules;
        let group = super::find(tx, call, &target.region_id, &target.security_group_id)?;
        let listed = list.permissions.0.iter().map(|permission| &permission.rule);
        let alone = (ask.rule.is_given() || list.permissions.0.is_empty()).then_some(&ask.rule);
        let has_vpc = !group.vpc.is_empty();
        let asked = listed.chain(alone).map(|rule| rule.read(has_vpc));
        let asked = asked.collect::<Result<Vec<_>, _>>()?;
        check_groups(tx, call, &group, &asked, [&SOURCE_GROUP_NOT_FOUND, &SOURCE_GROUP_ELSEWHERE])?;
        let in_two_ways = ask.rule.is_given() && !list.permissions.0.is_empty();
        let direction = RuleDirection::Ingress;
        Ok(RuleChange { group, direction, asked, named: Vec::new(), in_two_ways })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: RuleChange) -> Effect<()> {
        Effect::reply(()).save(facts.added(call))
    }
}
