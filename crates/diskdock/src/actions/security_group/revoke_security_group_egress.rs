//! `RevokeSecurityGroupEgress`: take rules for outgoing traffic away.

use super::rule_change::{REMOVING, RULE_LOOKUPS, RuleChange};
use super::rule_params::egress::{RuleOrIds, RulesOfGroup};
use crate::actions::prelude::*;
use crate::catalog::joined_params;

/// Takes rules for outgoing traffic away from a security group.
pub(crate) struct RevokeSecurityGroupEgress;

joined_params!(
    /// Parameters of RevokeSecurityGroupEgress.
    pub(crate) struct Params {
        /// The group and a list of rules.
        rules: RulesOfGroup,
        /// Other ways to say which rules.
        other: RuleOrIds,
    }
);

impl Action for RevokeSecurityGroupEgress {
    type Params = Params;
    type Facts = RuleChange;
    type Reply = ();

    const NAME: &'static str = "RevokeSecurityGroupEgress";
    const SUMMARY: &'static str = "Takes rules for outgoing traffic away from a security group.";
    const DETAILS: &'static str = "\
Rules are named by their ids, or described as they were when they were added; the free text does not \
count. A description that fits no rule changes nothing.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[
        SdkParam::text("Permissions.DestGroupOwnerId"),
        SdkParam::long("DestGroupOwnerId"),
        SdkParam::lacking("Permissions.PortRangeListId", TypedSdk::OLDER),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        const { &ErrorList::of(RULE_LOOKUPS).and(&[&DESTINATION_MISSING]) }.as_slice();

    const PRECONDITIONS: &'static [Precondition<RuleChange>] = REMOVING;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<RuleChange, ActionError> {
        let RulesOfGroup { target, list } = &params.rules;
        let described = list.with(&params.other.rule);
        RuleChange::to_remove(tx, call, target, &described, &params.other.named)
    }

    fn effect(_: &Call<'_>, _: &Params, facts: RuleChange) -> Effect<()> {
        Effect::reply(()).save(facts.removed())
    }
}
