//! Verbs: the uses of actions that consoles offer beside a resource.
//!
//! An action declares them. A page makes a button of each, shows it where it applies, asks what is
//! to be asked, and makes the call; it knows no action by name.

use super::transition::Risk;
use super::{ParamSpec, Spec};

/// A use of an action beside one resource.
#[derive(Debug)]
pub struct Verb {
    /// The text of the button: `Stop`.
    pub label: &'static str,
    /// The kind of resource that it stands beside: `disk`.
    pub beside: &'static str,
    /// Where the resource has to be.
    pub place: Place,
    /// The statuses in which it is offered; empty for those that fit the parameter which names the
    /// resource.
    pub statuses: &'static [&'static str],
    /// The statuses that an instance which has the resource must have; empty for any.
    pub holder_statuses: &'static [&'static str],
    /// Fields of the resource, and the values that they must have.
    pub only: &'static [(&'static str, &'static str)],
    /// The parameters that are sent.
    pub gives: &'static [(&'static str, Given)],
    /// The question to the person.
    pub asks: Asks,
    /// A sentence before the call, with fields in braces: `{id} is deleted.`
    pub said: &'static str,
    /// Whether what the call makes enters the resource, as soon as it can.
    pub then_enters: bool,
}

impl Verb {
    /// A verb with these parameters, wherever the resource is.
    pub const fn new(
        label: &'static str,
        beside: &'static str,
        gives: &'static [(&'static str, Given)],
    ) -> Verb {
        Verb {
            label,
            beside,
            place: Place::Any,
            statuses: &[],
            holder_statuses: &[],
            only: &[],
            gives,
            asks: Asks::Nothing,
            said: "This is about {id}.",
            then_enters: false,
        }
    }

    /// The statuses in which it is offered; empty if in any.
    pub(crate) fn fitting(&self, spec: &Spec) -> Vec<&'static str> {
        if !self.statuses.is_empty() {
            return self.statuses.to_vec();
        }
        self.parameter(spec, Given::Id).map_or(Vec::new(), |parameter| spec.fitting(parameter))
    }

    /// The statuses that an instance must have which has the resource, or is to have it.
    pub(crate) fn fitting_holder(&self, spec: &Spec) -> Vec<&'static str> {
        if !self.holder_statuses.is_empty() {
            return self.holder_statuses.to_vec();
        }
        self.parameter(spec, Given::Holder).map_or(Vec::new(), |parameter| spec.fitting(parameter))
    }

    fn parameter<'s>(&self, spec: &'s Spec, given: Given) -> Option<&'s ParamSpec> {
        let (name, _) = self.gives.iter().find(|(_, one)| *one == given)?;
        spec.parameters.iter().find(|parameter| parameter.name == *name)
    }

    /// Whether a person is asked before the call.
    pub(crate) fn asks_first(&self, spec: &Spec) -> bool {
        spec.risk == Risk::TakesAway || self.asks != Asks::Nothing
    }
}

/// Where a resource has to be for a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Anywhere.
    Any,
    /// On no instance.
    Free,
    /// On an instance, which it leaves.
    Leaves,
    /// On no instance, and one is chosen for it.
    Enters,
}

/// The value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The id of the resource.
    Id,
    /// The id of the instance that the resource leaves or enters.
    Holder,
    /// Another field of the resource: `zone`.
    Field(&'static str),
    /// The same in every call.
    Always(&'static str),
    /// One word in the status, another in any other: status, word, other word.
    ByStatus(&'static str, &'static str, &'static str),
    /// The person's answer.
    Answer,
    /// The part of the answer before its first `=`.
    AnswerKey,
    /// The part of the answer after it.
    AnswerValue,
}

/// The question of a verb, besides whether to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// None.
    Nothing,
    /// A number of GiB, which begins as this one.
    Size(u32),
    /// A number of GiB that is more than this field of the resource has.
    SizeAbove(&'static str),
    /// A text; this is its label.
    Text(&'static str),
}
