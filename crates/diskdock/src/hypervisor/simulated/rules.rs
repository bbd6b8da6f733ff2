//! Rules by which the simulated hypervisor misbehaves: deterministic, by call, disk or instance.

use domain::TransitionKind;
use serde::{Deserialize, Serialize};

/// The behaviour instead of a transition in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Behaviour {
    /// Waits until an operator finishes or refuses it. Its deadline is suspended.
    Hold,
    /// Fails at once, as with a guest that keeps a device.
    Refuse,
    /// Never completes: the operation times out.
    Never,
    /// Takes this long.
    Take {
        /// Milliseconds.
        milliseconds: i64,
    },
}

/// A rule: the transitions that it applies to, and their behaviour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Only this transition; any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<TransitionKind>,
    /// Only this disk; any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<String>,
    /// Only this instance; any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Only the next so many transitions; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Their behaviour.
    pub behaviour: Behaviour,
}

/// Rules at most.
const RULES: usize = 1_000;

/// The rules in force, in order; the first that applies counts.
#[derive(Clone, Debug, Default)]
pub struct Script {
    rules: Vec<Rule>,
}

impl Script {
    /// Adds a rule behind the others; false if there are too many.
    pub fn add(&mut self, rule: Rule) -> bool {
        if self.rules.len() >= RULES {
            return false;
        }
        self.rules.push(rule);
        true
    }

    /// Removes all rules.
    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules in force.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The behaviour of a transition that begins now, if a rule applies; counts as a use of it.
    pub(crate) fn behaviour(
        &mut self,
        transition: TransitionKind,
        disk: Option<&str>,
        instance: Option<&str>,
    ) -> Option<Behaviour> {
        let applies = |rule: &Rule| {
            rule.transition.is_none_or(|wanted| wanted == transition)
                && (rule.disk.is_none() || rule.disk.as_deref() == disk)
                && (rule.instance.is_none() || rule.instance.as_deref() == instance)
        };
        let at = self.rules.iter().position(applies)?;
        let behaviour = self.rules[at].behaviour;
        if let Some(times) = &mut self.rules[at].times {
            *times -= 1;
            if *times == 0 {
                self.rules.remove(at);
            }
        }
        Some(behaviour)
    }
}
