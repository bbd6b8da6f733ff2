//! The description of an action.

use super::environment::Needs;
use super::errors::ErrorCode;
use super::params::ParamSpec;
use super::reply::ReplyShape;
use super::sdk::SdkParam;
use super::transition::{Edge, Ids, Risk, Transition};
use super::verb::Verb;

/// The resources that policies are asked about besides those that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// All of the kind that the action makes, lists or belongs to, unless one of it is named.
    OfGroup,
    /// None; nothing in particular, `*`, if the request names none.
    NamedOnly,
    /// All of this kind, unless one of it is named: `disk`.
    Kind(&'static str),
    /// These, of a kind that has no names here: `eni/*`.
    Other(&'static str),
}

/// An action as the documents, the explorer and the command line see it.
pub struct Spec {
    /// `DetachDisk`
    pub name: &'static str,
    /// Its purpose, in a sentence.
    pub summary: &'static str,
    /// More about it; paragraphs of Markdown, possibly empty.
    pub details: &'static str,
    /// A warning to people before such a call is sent; empty if there is nothing to warn of.
    pub caution: &'static str,
    /// Whether it writes.
    pub mutates: bool,
    /// Whether every key may call it, whatever its policies say.
    pub open: bool,
    /// The resources that policies are asked about besides those that a request names.
    pub(crate) about: About,
    /// The harm that a call can do.
    pub risk: Risk,
    /// The change of status that it causes, if any.
    pub transition: Option<&'static Transition>,
    /// The buttons that consoles make of it.
    pub verbs: &'static [Verb],
    /// Its parameters, in order.
    pub parameters: &'static [ParamSpec],
    /// Where the models of the typed SDKs differ from its parameters.
    pub(crate) sdk: &'static [SdkParam],
    /// Its reply, without the RequestId.
    pub reply: ReplyShape,
    /// Its preconditions, in the order in which they are checked.
    pub preconditions: fn() -> Vec<(&'static str, &'static ErrorCode)>,
    /// Its needs of the hypervisor.
    pub needs: Needs,
    /// The errors of looking up what the request names.
    pub lookups: &'static [&'static ErrorCode],
    /// The calls of an account in a minute that the vendor states as the limit, if it does.
    pub(crate) calls_a_minute: Option<u32>,
    /// The answer to a ClientToken that comes again with other parameters.
    pub token_mismatch: &'static ErrorCode,
}

impl Spec {
    /// Whether it is asynchronous: its operation continues after the reply.
    pub(crate) fn is_asynchronous(&self) -> bool {
        self.transition.is_some_and(|transition| transition.settles.is_some())
    }

    /// Whether its reply names the resources that it makes.
    pub(crate) fn replies_with_ids(&self) -> bool {
        let settling = self.transition.and_then(|transition| transition.settles.as_ref());
        settling.is_some_and(|one| matches!(one.ids, Ids::Replied(_) | Ids::RepliedList(_)))
    }

    /// In which statuses a resource fits this parameter; empty if in any.
    pub fn fitting(&self, parameter: &ParamSpec) -> Vec<&'static str> {
        let own = self.transition.filter(|one| parameter.names == Some(one.resource.noun));
        let begins = own.map_or(&[][..], |transition| transition.begins);
        let mut fitting = parameter.fits.to_vec();
        fitting.extend(begins.iter().filter_map(|Edge { from, .. }| *from));
        fitting
    }

    /// Whether it has a parameter of this name at the top level.
    pub fn takes(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.name == name)
    }

    /// Every error that is the action's own: from its parameters (a RegionId, which every action
    /// takes, among them), its look-ups and its preconditions, each once.
    pub fn errors(&self) -> Vec<&'static ErrorCode> {
        let mut errors = Vec::new();
        parameter_errors(self.parameters, &mut errors);
        if !self.takes("RegionId") {
            errors.push(&super::errors::REGION_MALFORMED);
        }
        if self.needs == Needs::Snapshots {
            errors.push(&super::errors::SNAPSHOTS_NOT_HERE);
        }
        errors.extend(self.lookups);
        errors.extend((self.preconditions)().iter().map(|(_, error)| *error));
        let mut seen: Vec<&'static ErrorCode> = Vec::new();
        for error in errors {
            if !seen.iter().any(|known| std::ptr::eq(*known, error)) {
                seen.push(error);
            }
        }
        seen
    }
}

fn parameter_errors(parameters: &[ParamSpec], errors: &mut Vec<&'static ErrorCode>) {
    for parameter in parameters {
        if parameter.presence == super::Presence::Required {
            errors.push(parameter.missing);
            errors.push(&super::errors::EMPTY_PARAMETER);
        }
        errors.push(parameter.malformed);
        parameter_errors(parameter.children, errors);
    }
}
