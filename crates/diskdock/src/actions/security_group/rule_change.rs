//! Rules that are added to a group or taken from it: what both ways of traffic have in common.

use domain::security_group::{RuleDirection, SecurityRule};
use domain::{SecurityGroup, SecurityGroupId};

use super::rule::{AskedRule, DescribedRule};
use crate::actions::derived;
use crate::actions::prelude::*;

/// Rules of a group, at most (documentation of AuthorizeSecurityGroup).
const RULES_AT_MOST: usize = 200;

params!(
    /// The group whose rules change.
    pub(crate) struct RuleTarget {
        /// The region of the group.
        region_id: RegionId,
        /// The group.
        security_group_id: SecurityGroupId,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

params!(
    /// The rules that a revocation names.
    pub(crate) struct NamedRules {
        /// The ids of rules to take away. Descriptions of rules then do not count.
        #[example = "sgr-bp1000q5zb2k8w4tn6yr"]
        security_group_rule_id: Each<Text<1, 64>>,
    }
);

/// A group that exists, and rules that make sense for it.
pub(crate) struct RuleChange {
    group: SecurityGroup,
    direction: RuleDirection,
    asked: Vec<AskedRule>,
    /// The ids of rules to take away.
    named: Vec<String>,
    /// Whether rules are described both in a list and by themselves.
    in_two_ways: bool,
}

/// The preconditions of adding rules. Checked in this order; the first that does not hold is the
/// error.
#[rustfmt::skip]
pub(super) const ADDING: &[Precondition<RuleChange>] = &[
    must("rules are described in Permissions or by themselves, not both",  |f| !f.in_two_ways, &RULES_IN_TWO_WAYS),
    must("no two of the rules are the same",                               |f| f.are_different(), &RULES_REPEATED),
    must("the group has at most 200 rules then",                           |f| f.may_have_them(), &RULES_EXCEEDED),
];

/// The preconditions of taking rules away, in their order.
#[rustfmt::skip]
pub(super) const REMOVING: &[Precondition<RuleChange>] = &[
    must("rules are described in Permissions or by themselves, not both",  |f| !f.in_two_ways, &RULES_IN_TWO_WAYS),
    must("no two of the rules are the same",                               |f| f.are_different(), &RULES_REPEATED),
    must("no rule is named twice",                                         |f| f.are_named_once(), &RULE_REPEATED),
    must("the rules that are named are there",                             |f| f.are_there(), &RULE_NOT_FOUND),
];

/// Errors that loading can give, whichever way the traffic goes.
pub(super) const RULE_LOOKUPS: &[&ErrorCode] = &[
    &REGION_NOT_FOUND,
    &SECURITY_GROUP_NOT_FOUND,
    &PROTOCOL_NOT_VALID,
    &PORT_RANGE_MISSING,
    &PORT_RANGE_NOT_VALID,
    &PORT_RANGE_OF_PROTOCOL,
    &SOURCE_RANGE_NOT_VALID,
    &DEST_RANGE_NOT_VALID,
    &IPV6_SOURCE_NOT_VALID,
    &IPV6_DEST_NOT_VALID,
    &TWO_SOURCES,
    &TWO_DESTINATIONS,
    &PRIORITY_NOT_VALID,
    &PREFIX_LIST_NOT_FOUND,
];

/// The rules that a request describes: a list, and one by itself.
pub(crate) struct Descriptions<'a, R> {
    pub(super) listed: Vec<&'a R>,
    pub(super) alone: &'a R,
}

impl RuleChange {
    /// The rules that are to be added to a group.
    pub(super) fn to_add<R: DescribedRule>(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        target: &RuleTarget,
        described: &Descriptions<'_, R>,
    ) -> Result<RuleChange, ActionError> {
        let change = RuleChange::load(tx, call, target, described, Vec::new())?;
        check_groups(tx, call, &change, R::OTHER_GROUP)?;
        Ok(change)
    }

    /// The rules that are to be taken from a group. If rules are named, descriptions do not count.
    pub(super) fn to_remove<R: DescribedRule>(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        target: &RuleTarget,
        described: &Descriptions<'_, R>,
        named: &NamedRules,
    ) -> Result<RuleChange, ActionError> {
        let named = named.security_group_rule_id.0.iter().map(|id| id.0.clone()).collect();
        RuleChange::load(tx, call, target, described, named)
    }

    fn load<R: DescribedRule>(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        target: &RuleTarget,
        Descriptions { listed, alone }: &Descriptions<'_, R>,
        named: Vec<String>,
    ) -> Result<RuleChange, ActionError> {
        let group = super::find(tx, call, &target.region_id, &target.security_group_id)?;
        let says_nothing = listed.is_empty() && named.is_empty();
        let one = (alone.is_given() || says_nothing).then_some(*alone);
        let has_vpc = !group.vpc.is_empty();
        let described = listed.iter().copied().chain(one).filter(|_| named.is_empty());
        let asked = described.map(|rule| rule.read(has_vpc)).collect::<Result<Vec<_>, _>>()?;
        let in_two_ways = alone.is_given() && !listed.is_empty();
        Ok(RuleChange { group, direction: R::DIRECTION, asked, named, in_two_ways })
    }

    /// Whether no two of the rules that are asked for are the same.
    fn are_different(&self) -> bool {
        let same = |at: usize| {
            self.asked[..at].iter().any(|other| other.traffic == self.asked[at].traffic)
        };
        !(0..self.asked.len()).any(same)
    }

    /// The rules that are not there yet.
    fn new_rules(&self) -> impl Iterator<Item = &AskedRule> {
        let is_new = |asked: &&AskedRule| !self.group.has_rule(self.direction, &asked.traffic);
        self.asked.iter().filter(is_new)
    }

    /// Whether the group may have the new rules as well.
    fn may_have_them(&self) -> bool {
        self.group.rules.len() + self.new_rules().count() <= RULES_AT_MOST
    }

    /// Whether all rules that are named are there.
    fn are_there(&self) -> bool {
        let is_there = |id: &String| {
            self.group.rules.iter().any(|rule| rule.id == *id && rule.direction == self.direction)
        };
        self.named.iter().all(is_there)
    }

    /// Whether no rule is named twice.
    fn are_named_once(&self) -> bool {
        (0..self.named.len()).all(|at| !self.named[..at].contains(&self.named[at]))
    }

    /// The group with the new rules as well.
    pub(super) fn added(&self, call: &Call<'_>) -> SecurityGroup {
        let mut group = self.group.clone();
        for asked in self.new_rules() {
            let random = call.environment.ids.random().to_string();
            group.rules.push(SecurityRule {
                id: derived::id("sgr-", "bp1", &[group.id.as_str(), &random]),
                direction: self.direction,
                traffic: asked.traffic.clone(),
                group_owner: asked.group_owner.clone(),
                description: asked.description.clone(),
                created_at: call.now,
            });
        }
        group
    }

    /// The group without the rules that are named or described.
    pub(super) fn removed(&self) -> SecurityGroup {
        let mut group = self.group.clone();
        group.rules.retain(|rule| {
            let is_described = self.asked.iter().any(|asked| asked.traffic == rule.traffic);
            let is_meant = self.named.contains(&rule.id) || is_described;
            rule.direction != self.direction || !is_meant
        });
        group
    }
}

/// The group that rules name as the other end, if it is one of the caller's own: it has to be there
/// and in the same VPC.
fn check_groups(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    RuleChange { group, asked, .. }: &RuleChange,
    [missing, elsewhere]: [&'static ErrorCode; 2],
) -> Result<(), ActionError> {
    for rule in asked.iter().filter(|rule| !rule.traffic.group.is_empty()) {
        if !rule.group_owner.is_empty() && rule.group_owner != call.caller.account.as_str() {
            continue;
        }
        let id = SecurityGroupId::from(rule.traffic.group.as_str());
        let other: SecurityGroup = call.find(tx, &id)?.ok_or(missing)?;
        if other.vpc != group.vpc || other.region != group.region {
            return Err(elsewhere.into());
        }
    }
    Ok(())
}
