//! Transitions: the change of status that an action causes.
//!
//! An action declares it once. The explorer draws it, follows it and offers what fits; the command
//! line and the samples wait for its end.

use super::resource::Resource;

/// The changes of status that an action causes in a kind of resource.
#[derive(Debug)]
pub struct Transition {
    /// The kind of resource whose status changes.
    pub resource: &'static Resource,
    /// The changes that the call itself makes; in their first status, the action is possible.
    pub begins: &'static [Edge],
    /// The changes in which its operation can end, in success or failure.
    pub ends: &'static [Edge],
    /// The end to wait for; `None` if the action is synchronous.
    pub settles: Option<Settling>,
}

/// An edge from one status to another. `None` is a resource that does not exist yet, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The status before.
    pub from: Option<&'static str>,
    /// The status after.
    pub to: Option<&'static str>,
    /// Its cause, in up to three words.
    pub label: &'static str,
}

impl Edge {
    /// A change between two statuses.
    pub const fn between(from: &'static str, to: &'static str, label: &'static str) -> Edge {
        Edge { from: Some(from), to: Some(to), label }
    }

    /// The creation of a resource.
    pub const fn into(to: &'static str, label: &'static str) -> Edge {
        Edge { from: None, to: Some(to), label }
    }

    /// The deletion of a resource.
    pub const fn out_of(from: &'static str, label: &'static str) -> Edge {
        Edge { from: Some(from), to: None, label }
    }

    /// Whether it leads from and to the same statuses as another.
    pub fn is_parallel_to(&self, other: &Edge) -> bool {
        (self.from, self.to) == (other.from, other.to)
    }
}

/// How the end of an asynchronous action is known.
#[derive(Debug)]
pub struct Settling {
    /// The resources to wait for.
    pub ids: Ids,
    /// Their state after success.
    pub goal: Goal,
    /// Their state after success if this parameter is given, where that makes a difference.
    pub goal_with: Option<(&'static str, Goal)>,
    /// The parameter that names the resource to detach from: for a resource that can be attached
    /// to several, being detached from that one counts as the goal.
    pub taken_from: Option<&'static str>,
}

impl Settling {
    /// An end that depends on nothing.
    pub const fn new(ids: Ids, goal: Goal) -> Settling {
        Settling { ids, goal, goal_with: None, taken_from: None }
    }

    /// How a request ends that gives the parameters which `given` knows.
    pub fn goal(&self, given: impl Fn(&str) -> bool) -> Goal {
        match self.goal_with {
            Some((parameter, goal)) if given(parameter) => goal,
            _ => self.goal,
        }
    }

    /// The ids that a request names in these parameters; none if the reply brings them.
    pub(crate) fn requested<'a>(&self, pairs: &'a [(String, String)]) -> Vec<&'a str> {
        let Ids::Requested(name) = self.ids else { return Vec::new() };
        let is_one = |given: &str| {
            let rest = given.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let named = pairs.iter().filter(|(given, _)| is_one(given));
        named.map(|(_, id)| id.as_str()).collect()
    }
}

/// Where the ids of the resources are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// In this parameter, or numbered under its name.
    Requested(&'static str),
    /// In the reply: one in this field.
    Replied(&'static str),
    /// In the reply: several in this list.
    RepliedList([&'static str; 2]),
}

/// The state of a resource after an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// In this status.
    Status(&'static str),
    /// In any lasting status: the status does not show the work.
    Unseen,
    /// Deleted.
    Gone,
}

/// The harm that a call can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// Removes nothing that is in use.
    Low,
    /// Takes something away: a disk from a guest, a guest from its users, or anything for good.
    /// A person is asked before the call is sent.
    TakesAway,
}
