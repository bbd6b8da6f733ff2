//! The values that are tried for a parameter, by its shape.

use std::collections::BTreeMap;

use diskdock::catalog::{Case, ParamSpec, Shape};
use diskdock::ids::IdGenerator;

/// One of so many, at random.
pub(super) fn pick(random: &IdGenerator, below: usize) -> usize {
    usize::try_from(random.random() % below as u64).unwrap()
}

/// Names and ids of what is there, by the noun of its kind and by the prefix of its ids.
pub(super) type Known = BTreeMap<String, Vec<String>>;

/// A value to be tried.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// This text.
    Text(String),
    /// The resource of this number among those that fit.
    There(usize),
    /// A resource of another kind.
    Foreign,
    /// Any characters.
    Random,
}

/// Characters that a decoder, an escaper or a limit could take for something else.
const ODD: [char; 24] = [
    '\0',
    '\u{1}',
    '\t',
    '\n',
    '\r',
    ' ',
    '"',
    '\'',
    '<',
    '&',
    '%',
    '+',
    '/',
    '\\',
    '[',
    '{',
    ',',
    '*',
    '\u{7f}',
    '\u{85}',
    'ß',
    '\u{202e}',
    '盘',
    '\u{1f4be}',
];
const LONGEST: usize = 5_000;

fn random_text(random: &IdGenerator) -> String {
    let length = pick(random, [4, 40, 300][pick(random, 3)]);
    let any = |_| match pick(random, 3) {
        0 => ODD[pick(random, ODD.len())],
        1 => char::from(b'a' + u8::try_from(pick(random, 26)).unwrap()),
        _ => char::from_u32(u32::try_from(pick(random, 0x11_0000)).unwrap()).unwrap_or('\u{fffd}'),
    };
    (0..length).map(any).collect()
}

impl Value {
    /// The text of it.
    pub(super) fn resolve(&self, spec: &ParamSpec, known: &Known, random: &IdGenerator) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Random => random_text(random),
            Value::There(nth) => {
                let there = fitting(spec, known);
                there.get(*nth % there.len().max(1)).copied().unwrap_or(spec.example).to_owned()
            }
            Value::Foreign => {
                let kinds: Vec<_> = known.values().filter(|ids| !ids.is_empty()).collect();
                let ids = kinds[pick(random, kinds.len())];
                ids[pick(random, ids.len())].clone()
            }
        }
    }
}

/// Known names that fit the parameter.
fn fitting<'a>(spec: &ParamSpec, known: &'a Known) -> Vec<&'a str> {
    let prefix = match spec.shape {
        Shape::Id(prefix) => Some(prefix),
        _ => None,
    };
    let keys = [prefix, spec.names, Some(spec.name)];
    let found = keys.into_iter().flatten().find_map(|key| known.get(key));
    found.into_iter().flatten().map(String::as_str).collect()
}

/// A value that is accepted more often than not.
pub(super) fn good(spec: &ParamSpec) -> Value {
    Value::There(usize::from(spec.name == "KeyPairName"))
}

/// All values that are tried.
pub(super) fn all(spec: &ParamSpec) -> Vec<Value> {
    let mut values = vec![Value::There(0), Value::There(1), Value::There(2), Value::Foreign];
    let text = |text: &str| Value::Text(text.to_owned());
    values.push(text(spec.example));
    values.extend(by_shape(&spec.shape).into_iter().map(Value::Text));
    values.extend(["", " ", "null", "[]", "{}", "-1", "%00", "true"].map(text));
    values.push(Value::Text("x".repeat(LONGEST)));
    values.push(Value::Random);
    values.push(Value::Random);
    values
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

fn by_shape(shape: &Shape) -> Vec<String> {
    match *shape {
        Shape::Text { min, max, .. } => {
            let lengths = [min, max, min.saturating_sub(1), max + 1];
            let lengths = lengths.into_iter().filter(|length| *length <= LONGEST);
            let ascii = lengths.clone().map(|length| "a".repeat(length));
            ascii.chain(lengths.map(|length| "盘".repeat(length))).collect()
        }
        Shape::Id(prefix) => {
            let own = [format!("{prefix}none"), prefix.to_owned(), prefix.to_uppercase()];
            own.into_iter().chain([128, 129].map(|length| "d".repeat(length))).collect()
        }
        Shape::Integer { min, max } => {
            let around = [min, max, min.saturating_sub(1), max.saturating_add(1), 0, i64::MAX];
            let odd = ["1.5", "+1", "1e3", "0x10", "１", " 1", "1 ", "9223372036854775808", "-0"];
            around.map(|number| number.to_string()).into_iter().chain(texts(&odd)).collect()
        }
        Shape::Boolean => texts(&["true", "false", "True", "FALSE", "yes", "1", "0"]),
        Shape::Choice(words, case) => {
            let lower = words.iter().map(|word| match case {
                Case::Exact => word.to_ascii_lowercase(),
                Case::Any => word.to_ascii_uppercase(),
            });
            let wrong = [format!("{}x", words[0]), "no-such".to_owned()];
            texts(words).into_iter().chain(lower).chain(wrong).collect()
        }
        Shape::Time => texts(&[
            "2026-01-02T03:04Z",
            "2026-01-02T03:04:05Z",
            "2026-06-30T23:59:60Z",
            "2026-02-29T00:00Z",
            "2026-13-01T00:00Z",
            "1970-01-01T00:00Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2027-01-02T04:04Z",
            "2026-01-02 03:04:05",
            "1767323045",
        ]),
        Shape::Number => texts(&["0.5", "-1", "NaN", "inf", "1e308", "1e309", "0", "1,5"]),
        Shape::Group => Vec::new(),
    }
}
