//! Parameters that take several values, and parameters with members.

use super::{
    ENTRIES_PER_LIST, Field, ParamSpec, Params, Presence, RawParams, Repeat, array, parse, too_many,
};
use crate::catalog::errors::{ErrorCode, INVALID_PARAMETER, Refusal};
use crate::catalog::value::{Shape, Value};

/// A numbered list of values, `Name.1`, `Name.2`, …; a JSON array under the bare name as well,
/// since some clients write it so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Each<T>(pub Vec<T>);

impl<T: Value> Field for Each<T> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const NAMES: Option<&'static str> = T::NAMES;
    const REPEAT: Repeat = Repeat::Numbered;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        if let Some(array) = given.get(spec.name).filter(|text| text.starts_with('[')) {
            return read_json(array, given, spec).map(Each);
        }
        let mut values = Vec::new();
        if given.has_none_below(spec.name) {
            return Ok(Each(values));
        }
        let inside = given.inside(spec.name);
        for number in given.numbers(spec.name, spec)? {
            let name = number.to_string();
            if let Some(text) = inside.get(&name).filter(|text| !text.is_empty()) {
                values.push(parse(text, || inside.full_name(&name), spec)?);
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
    const NAMES: Option<&'static str> = T::NAMES;
    const PRESENCE: Presence = Presence::Required;
    const REPEAT: Repeat = Repeat::Numbered;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
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
    const NAMES: Option<&'static str> = T::NAMES;
    const REPEAT: Repeat = Repeat::JsonArray;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
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
    const NAMES: Option<&'static str> = T::NAMES;
    const PRESENCE: Presence = Presence::Required;
    const REPEAT: Repeat = Repeat::JsonArray;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let list = <Option<JsonList<T, MOST>> as Field>::read(given, spec)?;
        list.ok_or_else(|| Refusal::about(spec.missing, &given.full_name(spec.name)))
    }
}

/// A list with commas in one string, `Name=a,b`. Spaces around an entry do not count.
#[derive(Clone, Debug, PartialEq)]
pub struct CommaList<T, const MOST: usize = 100>(pub Vec<T>);

impl<T: Value, const MOST: usize> Field for Option<CommaList<T, MOST>> {
    const SHAPE: Shape = T::SHAPE;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const NAMES: Option<&'static str> = T::NAMES;
    const REPEAT: Repeat = Repeat::Commas;
    const MALFORMED: &'static ErrorCode = T::MALFORMED;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        let Some(text) = given.get(spec.name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let name = || given.full_name(spec.name);
        if text.split(',').count() > MOST {
            return Err(too_many(spec, &name(), MOST));
        }
        let values = text.split(',').map(|entry| parse(entry.trim(), name, spec));
        values.collect::<Result<_, _>>().map(|values| Some(CommaList(values)))
    }
}

fn read_json<T: Value>(
    text: &str,
    given: &RawParams<'_>,
    spec: &ParamSpec,
) -> Result<Vec<T>, Refusal> {
    let name = || given.full_name(spec.name);
    let malformed = || {
        let expected = "a JSON array of strings such as [\"a\",\"b\"]";
        Refusal::expecting(spec.malformed, &name(), expected)
    };
    let texts = array::strings(text).ok_or_else(malformed)?;
    if texts.len() > ENTRIES_PER_LIST {
        return Err(too_many(spec, &name(), ENTRIES_PER_LIST));
    }
    texts.iter().map(|text| parse(text, name, spec)).collect()
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
    const MALFORMED: &'static ErrorCode = &INVALID_PARAMETER;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        if given.has_none_below(spec.name) {
            return Ok(Groups(Vec::new()));
        }
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
    const MALFORMED: &'static ErrorCode = &INVALID_PARAMETER;

    fn read(given: &RawParams<'_>, spec: &ParamSpec) -> Result<Self, Refusal> {
        G::read(&given.inside(spec.name)).map(Group)
    }
}
