//! Parameters: a struct whose field types carry the limits, and how it is read from a request.
//!
//! [`params!`](crate::catalog::params) declares the struct once; from it come the reading, the
//! checks, the reference page, the form, the command line and the catalog.

use super::errors::{EMPTY_PARAMETER, ErrorCode, MISSING_PARAMETER, Refusal};
use super::input::Input;
use super::value::{Shape, Value};

/// Entries of one numbered list that are read; more are refused.
const ENTRIES_PER_LIST: usize = 200;

/// One parameter as the documents, the explorer and the command line need it.
#[derive(Clone, Copy, Debug)]
pub struct ParamSpec {
    /// The name on the wire, without the prefix of the group that holds it.
    pub name: &'static str,
    /// What it means; lines of the doc comment.
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
    /// The answer when it is missing.
    pub missing: &'static ErrorCode,
    /// The answer when it is outside its limits.
    pub malformed: &'static ErrorCode,
}

/// Whether a parameter must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// It need not.
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
    /// `Name.Member`: a single structure.
    Structure,
}

/// The parameters of one request, as a group at some prefix sees them.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    input: &'a Input,
    prefix: String,
}

impl<'a> Given<'a> {
    /// All parameters of a request.
    pub fn of(input: &'a Input) -> Given<'a> {
        Given { input, prefix: String::new() }
    }

    /// The full name of `name` here.
    pub fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The text of `name`; it then counts as read.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        if self.prefix.is_empty() {
            self.input.get(name)
        } else {
            self.input.get(&self.full_name(name))
        }
    }

    /// The given of the structure `name`.
    pub fn inside(&self, name: &str) -> Given<'a> {
        Given { input: self.input, prefix: format!("{}{name}.", self.prefix) }
    }

    /// Whether any parameter lies in this structure.
    pub fn has_any(&self) -> bool {
        self.input.below(&self.prefix).next().is_some()
    }

    /// The numbers N of `name.N…`, ascending; refuses an N that is not a number from 1.
    fn numbers(&self, name: &str, spec: &ParamSpec) -> Result<Vec<u32>, Refusal> {
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

    /// Reads it; the first parameter that is missing or outside its limits is the answer.
    fn read(given: &Given<'_>) -> Result<Self, Refusal>;
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
    /// The answer when it is outside its limits, unless the field says otherwise.
    const MALFORMED: &'static ErrorCode;

    /// Reads the field that `spec` describes.
    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal>;
}

fn parse<T: Value>(text: &str, name: &str, spec: &ParamSpec) -> Result<T, Refusal> {
    T::parse(text).ok_or_else(|| Refusal::expecting(spec.malformed, name, &T::SHAPE.in_words()))
}

/// A required parameter.
impl<T: Value> Field for T {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const PRESENCE: Presence = Presence::Required;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let full_name = || given.full_name(spec.name);
        match given.get(spec.name) {
            None => Err(Refusal::about(spec.missing, &full_name())),
            Some("") if T::parse("").is_none() => Err((&EMPTY_PARAMETER).into()),
            Some(text) => parse(text, &full_name(), spec),
        }
    }
}

/// An optional parameter. An empty value counts as absent, unless the type has an empty value.
impl<T: Value> Field for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        match given.get(spec.name) {
            None => Ok(None),
            Some("") => Ok(T::parse("")),
            Some(text) => parse(text, &given.full_name(spec.name), spec).map(Some),
        }
    }
}

/// A parameter of the real API that has no effect here: checked, then named in the reply header.
#[derive(Clone, Debug, PartialEq)]
pub struct Ignored<T>(pub Option<T>);

impl<T: Field> Field for Ignored<T> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const REPEAT: Repeat = T::REPEAT;
    const HONOURED: bool = false;
    const CHILDREN: &'static [ParamSpec] = T::CHILDREN;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let present = match T::REPEAT {
            Repeat::Once | Repeat::JsonArray => given.get(spec.name).is_some_and(|t| !t.is_empty()),
            Repeat::Numbered | Repeat::Structure => given.inside(spec.name).has_any(),
        };
        if present {
            T::read(given, spec).map(|value| Ignored(Some(value)))
        } else {
            Ok(Ignored(None))
        }
    }
}

/// A numbered list of values, `Name.1`, `Name.2`, …; a JSON array under the bare name as well,
/// since some clients write it so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Each<T>(pub Vec<T>);

impl<T: Value> Field for Each<T> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const REPEAT: Repeat = Repeat::Numbered;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        if let Some(array) = given.get(spec.name).filter(|text| text.starts_with('[')) {
            return read_json(array, given, spec).map(Each);
        }
        let mut values = Vec::new();
        let inside = given.inside(spec.name);
        for number in given.numbers(spec.name, spec)? {
            let name = number.to_string();
            if let Some(text) = inside.get(&name).filter(|text| !text.is_empty()) {
                values.push(parse(text, &inside.full_name(&name), spec)?);
            }
        }
        Ok(Each(values))
    }
}

/// A numbered list of values that must have at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct AtLeastOne<T>(pub Vec<T>);

impl<T: Value> Field for AtLeastOne<T> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const PRESENCE: Presence = Presence::Required;
    const REPEAT: Repeat = Repeat::Numbered;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let Each(values) = <Each<T> as Field>::read(given, spec)?;
        if values.is_empty() {
            return Err(Refusal::about(spec.missing, &given.full_name(spec.name)));
        }
        Ok(AtLeastOne(values))
    }
}

/// A JSON array in one string, `Name=["a","b"]`. Absent or empty text is not the same as `[]`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonList<T, const MOST: usize = 100>(pub Vec<T>);

impl<T: Value, const MOST: usize> Field for Option<JsonList<T, MOST>> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const REPEAT: Repeat = Repeat::JsonArray;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let Some(text) = given.get(spec.name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let values = read_json(text, given, spec)?;
        if values.len() > MOST {
            return Err(too_many(spec, &given.full_name(spec.name), MOST));
        }
        Ok(Some(JsonList(values)))
    }
}

/// A JSON array in one string that must be there.
impl<T: Value, const MOST: usize> Field for JsonList<T, MOST> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const PRESENCE: Presence = Presence::Required;
    const REPEAT: Repeat = Repeat::JsonArray;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let list = <Option<JsonList<T, MOST>> as Field>::read(given, spec)?;
        list.ok_or_else(|| Refusal::about(spec.missing, &given.full_name(spec.name)))
    }
}

fn read_json<T: Value>(text: &str, given: &Given<'_>, spec: &ParamSpec) -> Result<Vec<T>, Refusal> {
    let name = given.full_name(spec.name);
    let malformed = || {
        Refusal::expecting(spec.malformed, &name, "a JSON array of strings such as [\"a\",\"b\"]")
    };
    let texts: Vec<String> = serde_json::from_str(text).map_err(|_| malformed())?;
    if texts.len() > ENTRIES_PER_LIST {
        return Err(too_many(spec, &name, ENTRIES_PER_LIST));
    }
    texts.iter().map(|text| parse(text, &name, spec)).collect()
}

/// A numbered list of structures, `Name.1.Member`, ….
#[derive(Clone, Debug, PartialEq)]
pub struct Groups<G>(pub Vec<G>);

impl<G> Default for Groups<G> {
    fn default() -> Self {
        Groups(Vec::new())
    }
}

impl<G: Params> Field for Groups<G> {
    const SHAPE: Shape = Shape::Group;
    const EXAMPLE: &'static str = "";
    const REPEAT: Repeat = Repeat::Numbered;
    const CHILDREN: &'static [ParamSpec] = G::SPECS;
    const MALFORMED: &'static ErrorCode = &super::errors::INVALID_PARAMETER;

    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let inside = given.inside(spec.name);
        let numbers = given.numbers(spec.name, spec)?;
        let groups = numbers.into_iter().map(|n| G::read(&inside.inside(&n.to_string())));
        groups.collect::<Result<_, _>>().map(Groups)
    }
}

/// One structure, `Name.Member`. Its own fields say whether they must be there.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<G>(pub G);

impl<G: Params> Field for Group<G> {
    const SHAPE: Shape = Shape::Group;
    const EXAMPLE: &'static str = "";
    const REPEAT: Repeat = Repeat::Structure;
    const CHILDREN: &'static [ParamSpec] = G::SPECS;
    const MALFORMED: &'static ErrorCode = &super::errors::INVALID_PARAMETER;

    fn read(given: &Given<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        G::read(&given.inside(spec.name)).map(Group)
    }
}

/// The default answer for a missing parameter.
pub const DEFAULT_MISSING: &ErrorCode = &MISSING_PARAMETER;

/// A name on the wire, made from a field's name when the program is compiled.
#[derive(Clone, Copy, Debug)]
pub struct WireName {
    bytes: [u8; 64],
    length: usize,
}

impl WireName {
    /// `disk_id` becomes `DiskId`.
    pub const fn pascal(snake: &str) -> WireName {
        let source = snake.as_bytes();
        let mut name = WireName { bytes: [0; 64], length: 0 };
        let (mut at, mut upper) = (0, true);
        while at < source.len() {
            if source[at] == b'_' {
                upper = true;
            } else {
                let byte = source[at];
                name.bytes[name.length] = if upper { byte.to_ascii_uppercase() } else { byte };
                name.length += 1;
                upper = false;
            }
            at += 1;
        }
        name
    }

    /// The name.
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => panic!("field names are ASCII"),
        }
    }
}

/// The wire name of a field: `wire_name!(disk_id)` or `wire_name!(kms_key_id, "KMSKeyId")`.
macro_rules! wire_name {
    ($field:ident) => {{
        const NAME: &$crate::catalog::WireName =
            &$crate::catalog::WireName::pascal(stringify!($field));
        NAME.as_str()
    }};
    ($field:ident, $wire:literal) => {
        $wire
    };
}
pub(crate) use wire_name;

/// First of two expressions if there are two, else the default.
macro_rules! or_default {
    ($default:expr) => {
        $default
    };
    ($default:expr, $given:expr) => {
        $given
    };
}
pub(crate) use or_default;

/// Declares a struct of parameters. Attributes of a field, in this order: its documentation,
/// `#[wire = "KMSKeyId"]` for odd names, `#[missing = CODE]`, `#[malformed = CODE]`,
/// `#[example = "text"]`.
macro_rules! params {
    ($(#[doc = $sdoc:literal])* $vis:vis struct $name:ident { $(
        $(#[doc = $doc:literal])*
        $(#[wire = $wire:literal])?
        $(#[missing = $missing:expr])?
        $(#[malformed = $malformed:expr])?
        $(#[example = $example:literal])?
        $field:ident: $ty:ty
    ),* $(,)? }) => {
        $(#[doc = $sdoc])*
        #[derive(Clone, Debug)]
        $vis struct $name { $($(#[doc = $doc])* pub $field: $ty),* }

        impl $crate::catalog::Params for $name {
            const SPECS: &'static [$crate::catalog::ParamSpec] = &[$(
                $crate::catalog::ParamSpec {
                    name: $crate::catalog::wire_name!($field $(, $wire)?),
                    doc: concat!($($doc, "\n",)*),
                    shape: <$ty as $crate::catalog::Field>::SHAPE,
                    example: $crate::catalog::or_default!(
                        <$ty as $crate::catalog::Field>::EXAMPLE $(, $example)?),
                    presence: <$ty as $crate::catalog::Field>::PRESENCE,
                    repeat: <$ty as $crate::catalog::Field>::REPEAT,
                    honoured: <$ty as $crate::catalog::Field>::HONOURED,
                    children: <$ty as $crate::catalog::Field>::CHILDREN,
                    missing: $crate::catalog::or_default!(
                        $crate::catalog::DEFAULT_MISSING $(, &$missing)?),
                    malformed: $crate::catalog::or_default!(
                        <$ty as $crate::catalog::Field>::MALFORMED $(, &$malformed)?),
                }
            ),*];

            fn read(
                given: &$crate::catalog::Given<'_>,
            ) -> Result<Self, $crate::catalog::Refusal> {
                let mut specs = Self::SPECS.iter();
                let mut next = || specs.next().expect("as many specs as fields");
                Ok($name {
                    $($field: <$ty as $crate::catalog::Field>::read(given, next())?),*
                })
            }
        }
    };
}
pub(crate) use params;

/// The parameters of both lists, in order. `N` is how many there are.
pub const fn join<const N: usize>(one: &[ParamSpec], other: &[ParamSpec]) -> [ParamSpec; N] {
    assert!(one.len() + other.len() == N, "as many specs as both lists have");
    let mut joined = [one[0]; N];
    let mut at = 1;
    while at < N {
        joined[at] = if at < one.len() { one[at] } else { other[at - one.len()] };
        at += 1;
    }
    joined
}

/// Declares a struct of parameters that is made of two others, for actions that share most of
/// theirs: on the wire, all stand side by side.
macro_rules! joined_params {
    ($(#[doc = $sdoc:literal])* $vis:vis struct $name:ident {
        $(#[doc = $odoc:literal])* $one:ident: $one_ty:ty,
        $(#[doc = $tdoc:literal])* $other:ident: $other_ty:ty,
    }) => {
        $(#[doc = $sdoc])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            $(#[doc = $odoc])* pub $one: $one_ty,
            $(#[doc = $tdoc])* pub $other: $other_ty,
        }

        impl $crate::catalog::Params for $name {
            const SPECS: &'static [$crate::catalog::ParamSpec] = {
                const ONE: &[$crate::catalog::ParamSpec] =
                    <$one_ty as $crate::catalog::Params>::SPECS;
                const OTHER: &[$crate::catalog::ParamSpec] =
                    <$other_ty as $crate::catalog::Params>::SPECS;
                &$crate::catalog::join::<{ ONE.len() + OTHER.len() }>(ONE, OTHER)
            };

            fn read(
                given: &$crate::catalog::Given<'_>,
            ) -> Result<Self, $crate::catalog::Refusal> {
                Ok($name {
                    $one: <$one_ty as $crate::catalog::Params>::read(given)?,
                    $other: <$other_ty as $crate::catalog::Params>::read(given)?,
                })
            }
        }
    };
}
pub(crate) use joined_params;
