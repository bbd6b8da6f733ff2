//! Rules that are added to a group or taken from it: what both ways of traffic have in common.

use domain::security_group::{RuleDirection, SecurityRule};
use domain::{SecurityGroup, SecurityGroupId};

use super::rule::AskedRule;
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
    pub(super) group: SecurityGroup,
    pub(super) direction: RuleDirection,
    pub(super) asked: Vec<AskedRule>,
    /// The ids of rules to take away.
    pub(super) named: Vec<String>,
    /// Whether rules are described both in a list and by themselves.
    pub(super) in_two_ways: bool,
}

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

impl RuleChange {
    /// Whether no two of the rules that are asked for are the same.
    pub(super) fn are_different(&self) -> bool {
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

    /// Whether the group has room for the new rules.
    pub(super) fn has_free_space(&self) -> bool {
        self.group.rules.len() + self.new_rules().count() <= RULES_AT_MOST
    }

    /// Whether all rules that are named are there.
    pub(super) fn are_there(&self) -> bool {
        let is_there = |id: &String| {
            self.group.rules.iter().any(|rule| rule.id == *id && rule.direction == self.direction)
        };
        self.named.iter().all(is_there)
    }

    /// Whether no rule is named twice.
    pub(super) fn are_named_once(&self) -> bool {
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
pub(super) fn check_groups(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    group: &SecurityGroup,
    asked: &[AskedRule],
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
