//! What an action does to the status of a resource.
//!
//! An action declares it once. The explorer draws it, follows it and offers what fits; the command
//! line and the samples wait for its end.

use super::resource::Resource;

/// What an action does to a kind of resource.
#[derive(Debug)]
pub struct Transition {
    /// Whose status changes.
    pub resource: &'static Resource,
    /// The changes that the call itself makes; where they begin, the action can be asked for.
    pub begins: &'static [Edge],
    /// The changes that its work can end in, well or not.
    pub ends: &'static [Edge],
    /// What is waited for; none if everything is done when the call is answered.
    pub settles: Option<Settling>,
}

/// A way from one status to another. `None` is: not there yet, or no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// From where.
    pub from: Option<&'static str>,
    /// To where.
    pub to: Option<&'static str>,
    /// What makes it happen, in a word or three.
    pub label: &'static str,
}

impl Edge {
    /// A change between two statuses.
    pub const fn between(from: &'static str, to: &'static str, label: &'static str) -> Edge {
        Edge { from: Some(from), to: Some(to), label }
    }

    /// A resource that comes to be.
    pub const fn into(to: &'static str, label: &'static str) -> Edge {
        Edge { from: None, to: Some(to), label }
    }

    /// A resource that ceases to be.
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
    /// Which resources it is about.
    pub ids: Ids,
    /// How they end if all goes well.
    pub goal: Goal,
    /// How they end if this parameter is given, where that makes a difference.
    pub goal_with: Option<(&'static str, Goal)>,
    /// The parameter that names what the resource is taken from: being on it no longer is as good
    /// as the goal, for what can be on several at a time.
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

/// How a resource ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// In this status.
    Status(&'static str),
    /// In whichever lasting status: the work does not show in it.
    Unseen,
    /// No longer there.
    Gone,
}

/// What a call can do to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// It takes nothing away that is in use.
    Low,
    /// It takes something away: a disk from a guest, a guest from its users, or anything for good.
    /// A person is asked before it is sent.
    TakesAway,
}
