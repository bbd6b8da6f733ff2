//! Parameters: a struct whose field types carry the limits, and how it is read from a request.
//!
//! [`params!`](crate::catalog::params) declares the struct once; from it come the reading, the
//! checks, the reference page, the form, the command line and the catalog.

mod array;
mod declare;
mod lists;

use super::errors::{EMPTY_PARAMETER, ErrorCode, MISSING_PARAMETER, Refusal};
use super::input::Input;
use super::value::{Shape, Value};

pub(crate) use array::{elements as json_elements, strings as json_strings};
pub use declare::{WireName, join};
pub(crate) use declare::{joined_params, or_default, params, wire_name};
pub use lists::{AtLeastOne, CommaList, Each, Group, Groups, JsonList};

/// Entries of one numbered list that are read; more are refused.
const ENTRIES_PER_LIST: usize = 200;

/// One parameter as the documents, the explorer and the command line need it.
#[derive(Clone, Copy, Debug)]
pub struct ParamSpec {
    /// The name on the wire, without the prefix of the group that holds it.
    pub name: &'static str,
    /// Its meaning; lines of the doc comment.
    pub doc: &'static str,
    /// Its limits.
    pub shape: Shape,
    /// A value that is accepted.
    pub example: &'static str,
    /// Whether it must be there.
    pub presence: Presence,
    /// Whether it can be there more than once, and how that is written.
    pub repeat: Repeat,
    /// False for a parameter of the real API that is checked and then has no effect.
    pub honoured: bool,
    /// The parameters of a group.
    pub children: &'static [ParamSpec],
    /// The kind of resource that it names, by its noun: `disk`.
    pub names: Option<&'static str>,
    /// The kind of resource that forms and completions offer for it: the one that it names, or one
    /// that no policy is asked about, as the VPC that a list is narrowed down to.
    pub offers: Option<&'static str>,
    /// The statuses in which such a resource fits, where the action's own transition does not say.
    pub fits: &'static [&'static str],
    /// Whether most calls that can do without it give it all the same: forms show it at once.
    pub common: bool,
    /// The error when it is missing.
    pub missing: &'static ErrorCode,
    /// The error when it is outside its limits.
    pub malformed: &'static ErrorCode,
}

/// Whether a parameter must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Required.
    Required,
    /// Documented as required, but not enforced, since clients leave it out.
    Expected,
    /// Optional.
    Optional,
}

/// How a parameter that takes several values is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// One value.
    Once,
    /// `Name.1`, `Name.2`, …
    Numbered,
    /// `Name=["a","b"]`.
    JsonArray,
    /// `Name=a,b`.
    Commas,
    /// `Name.Member`: a single structure.
    Structure,
}

/// The parameters of one request, as a group at some prefix sees them.
#[derive(Clone, Debug)]
pub struct RawParams<'a> {
    input: &'a Input,
    prefix: String,
    /// No parameter lies here: most structures are left out of most requests.
    is_bare: bool,
}

impl<'a> RawParams<'a> {
    /// All parameters of a request.
    pub fn of(input: &'a Input) -> RawParams<'a> {
        RawParams { input, prefix: String::new(), is_bare: false }
    }

    /// The full name of `name` here.
    pub(crate) fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The text of `name`; it then counts as read.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        if self.is_bare {
            None
        } else if self.prefix.is_empty() {
            self.input.get(name)
        } else {
            self.input.get(&self.full_name(name))
        }
    }

    /// Whether no parameter begins with this name and a dot.
    fn has_none_below(&self, name: &str) -> bool {
        if self.is_bare || !self.prefix.is_empty() {
            return self.is_bare;
        }
        let mut below = self.input.below(name);
        !below.any(|rest| rest.starts_with('.'))
    }

    /// The given of the structure `name`.
    pub fn inside(&self, name: &str) -> RawParams<'a> {
        let prefix = format!("{}{name}.", self.prefix);
        let is_bare = self.is_bare || self.input.below(&prefix).next().is_none();
        RawParams { input: self.input, prefix, is_bare }
    }

    /// Whether any parameter lies in this structure.
    pub(crate) fn has_any(&self) -> bool {
        !self.is_bare
    }

    /// The numbers N of `name.N…`, ascending; refuses an N that is not a number from 1.
    fn numbers(&self, name: &str, spec: &ParamSpec) -> Result<Vec<u32>, Refusal> {
        if self.has_none_below(name) {
            return Ok(Vec::new());
        }
        let prefix = format!("{}{name}.", self.prefix);
        let mut numbers = Vec::new();
        for rest in self.input.below(&prefix) {
            let digits = rest.split('.').next().unwrap_or(rest);
            let number = digits.parse().ok().filter(|n| *n >= 1 && !digits.starts_with('0'));
            let number = number.ok_or_else(|| {
                let full = format!("{prefix}{digits}");
                Refusal::expecting(spec.malformed, &full, "a number from 1 after the name")
            })?;
            if !numbers.contains(&number) {
                numbers.push(number);
            }
            if numbers.len() > ENTRIES_PER_LIST {
                return Err(too_many(spec, &prefix, ENTRIES_PER_LIST));
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn too_many(spec: &ParamSpec, name: &str, most: usize) -> Refusal {
    Refusal::expecting(spec.malformed, name, &format!("at most {most} entries"))
}

/// A struct made by [`params!`](crate::catalog::params).
pub trait Params: Sized {
    /// Its parameters, in order.
    const SPECS: &'static [ParamSpec];

    /// Reads it; the error is about the first parameter that is missing or outside its limits.
    fn read(given: &RawParams<'_>) -> Result<Self, Refusal>;
}

/// How a field of such a struct appears on the wire.
pub trait Field: Sized {
    /// Its limits.
    const SHAPE: Shape;
    /// A value that is accepted.
    const EXAMPLE: &'static str;
    /// Whether it must be there.
    const PRESENCE: Presence = Presence::Optional;
    /// Whether it can be there more than once.
    const REPEAT: Repeat = Repeat::Once;
    /// Whether it has an effect.
    const HONOURED: bool = true;
    /// The parameters of a group.
    const CHILDREN: &'static [ParamSpec] = &[];
    /// The kind of resource that it names.
    const NAMES: Option<&'static str> = None;
    /// The error when it is outside its limits, unless the field declares another.
    const MALFORMED: &'static ErrorCode;

    /// Reads the field that `spec` describes.
    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal>;
}

/// The value of a text; the name is made for an error only.
fn parse<T: Value>(text: &str, name: impl Fn() -> String, spec: &ParamSpec) -> Result<T, Refusal> {
    let malformed = || Refusal::expecting(spec.malformed, &name(), &T::SHAPE.in_words());
    T::parse(text).ok_or_else(malformed)
}

/// A required parameter.
impl<T: Value> Field for T {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const NAMES: Option<&'static str> = T::NAMES;
    const PRESENCE: Presence = Presence::Required;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let full_name = || given.full_name(spec.name);
        match given.get(spec.name) {
            None => Err(Refusal::about(spec.missing, &full_name())),
            Some("") if T::parse("").is_none() => Err((&EMPTY_PARAMETER).into()),
            Some(text) => parse(text, full_name, spec),
        }
    }
}

/// An optional parameter. An empty value counts as absent, unless the type has an empty value.
impl<T: Value> Field for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const NAMES: Option<&'static str> = T::NAMES;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        match given.get(spec.name) {
            None => Ok(None),
            Some("") => Ok(T::parse("")),
            Some(text) => parse(text, || given.full_name(spec.name), spec).map(Some),
        }
    }
}

/// A parameter that should be there, and need not.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected<T>(pub Option<T>);

impl<T: Value> Field for Expected<T> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const NAMES: Option<&'static str> = T::NAMES;
    const PRESENCE: Presence = Presence::Expected;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        <Option<T> as Field>::read(given, spec).map(Expected)
    }
}

/// A parameter of the real API that has no effect here: checked, then named in the reply header.
#[derive(Clone, Debug, PartialEq)]
pub struct Ignored<T>(pub Option<T>);

impl<T: Field> Field for Ignored<T> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const NAMES: Option<&'static str> = T::NAMES;
    const REPEAT: Repeat = T::REPEAT;
    const HONOURED: bool = false;
    const CHILDREN: &'static [ParamSpec] = T::CHILDREN;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let present = match T::REPEAT {
            Repeat::Once | Repeat::JsonArray | Repeat::Commas => {
                given.get(spec.name).is_some_and(|t| !t.is_empty())
            }
            Repeat::Numbered | Repeat::Structure => {
                !given.has_none_below(spec.name) && given.inside(spec.name).has_any()
            }
        };
        if present {
            T::read(given, spec).map(|value| Ignored(Some(value)))
        } else {
            Ok(Ignored(None))
        }
    }
}

/// The default error for a missing parameter.
pub const DEFAULT_MISSING: &ErrorCode = &MISSING_PARAMETER;
