//! The policy language of RAM: documents of statements that allow or deny actions on resources,
//! and what they decide about a call. Pure.

mod condition;
mod document;
mod glob;
mod system;
mod trust;

use serde_json::Value;

pub use condition::ConditionFacts;
pub use document::{Policy, PolicyError};
pub use system::{SYSTEM_POLICIES, system_policy};
pub use trust::{TrustDocument, check_trust};

use document::{Statement, StatementEffect};

/// The request of a caller: one action on one resource.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// `ecs:DetachDisk`
    pub action: &'a str,
    /// `acs:ecs:cn-hangzhou:1000000000000001:disk/d-1`
    pub resource: &'a str,
    /// All that conditions can ask about.
    pub facts: &'a ConditionFacts,
}

/// The answer of policies to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyVerdict {
    /// A statement allows it and none denies it.
    Allow,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement is about it.
    ImplicitDeny,
}

impl PolicyVerdict {
    /// `ExplicitDeny`
    pub fn as_str(self) -> &'static str {
        match self {
            PolicyVerdict::Allow => "Allow",
            PolicyVerdict::ExplicitDeny => "ExplicitDeny",
            PolicyVerdict::ImplicitDeny => "ImplicitDeny",
        }
    }
}

/// A verdict, and the statement that it comes from; none if no statement is about the question.
#[derive(Clone, Copy, Debug)]
pub struct PolicyDecision<'p> {
    /// The answer.
    pub verdict: PolicyVerdict,
    /// The statement that decided.
    pub by: Option<Decider<'p>>,
}

/// A statement that decided.
#[derive(Clone, Copy, Debug)]
pub struct Decider<'p> {
    /// The name of its policy.
    pub policy: &'p str,
    /// Its number in the policy, from 1.
    pub number: usize,
    /// The statement as it was written.
    pub statement: &'p Value,
}

/// The answer of these policies together: any statement that denies wins over all that allow.
pub fn evaluate<'p>(policies: &'p [Policy], question: &Question<'_>) -> PolicyDecision<'p> {
    let first =
        |effect: StatementEffect| policies.iter().find_map(|one| one.first(effect, question));
    if let Some(by) = first(StatementEffect::Deny) {
        return PolicyDecision { verdict: PolicyVerdict::ExplicitDeny, by: Some(by) };
    }
    match first(StatementEffect::Allow) {
        Some(by) => PolicyDecision { verdict: PolicyVerdict::Allow, by: Some(by) },
        None => PolicyDecision { verdict: PolicyVerdict::ImplicitDeny, by: None },
    }
}

impl Policy {
    /// The first statement with this effect that is about the question.
    fn first(&self, effect: StatementEffect, question: &Question<'_>) -> Option<Decider<'_>> {
        let mut numbered = (1..).zip(&self.statements);
        let found = numbered.find(|(_, one)| one.effect == effect && one.applies(question));
        found.map(|(number, one)| Decider { policy: &self.name, number, statement: &one.written })
    }
}

impl Statement {
    fn applies(&self, question: &Question<'_>) -> bool {
        self.actions.covers(question.action)
            && self.resources.iter().any(|pattern| glob::arn_matches(pattern, question.resource))
            && self.conditions.iter().all(|condition| condition.holds(question.facts))
    }
}

#[cfg(test)]
mod tests;
