//! Fields that a newer version of diskdock wrote and this one does not know: kept, and written
//! back as they were, so that going back one version loses nothing.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The unknown fields of one object, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnknownFields(BTreeMap<String, UnknownValue>);

impl UnknownFields {
    /// Whether every field was known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of the unknown fields, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A value of a format that describes itself, such as JSON.
#[derive(Clone, Debug, PartialEq)]
enum UnknownValue {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    List(Vec<UnknownValue>),
    Object(BTreeMap<String, UnknownValue>),
}

// JSON has no number that differs from itself.
impl Eq for UnknownValue {}

impl Serialize for UnknownValue {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            UnknownValue::Null => out.serialize_unit(),
            UnknownValue::Bool(value) => out.serialize_bool(*value),
            UnknownValue::Signed(value) => out.serialize_i64(*value),
            UnknownValue::Unsigned(value) => out.serialize_u64(*value),
            UnknownValue::Float(value) => out.serialize_f64(*value),
            UnknownValue::Text(value) => out.serialize_str(value),
            UnknownValue::List(values) => values.serialize(out),
            UnknownValue::Object(fields) => fields.serialize(out),
        }
    }
}

impl<'de> Deserialize<'de> for UnknownValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = UnknownValue;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<UnknownValue, E> {
        Ok(UnknownValue::Null)
    }

    fn visit_none<E>(self) -> Result<UnknownValue, E> {
        Ok(UnknownValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<UnknownValue, D::Error> {
        UnknownValue::deserialize(from)
    }

    fn visit_bool<E>(self, value: bool) -> Result<UnknownValue, E> {
        Ok(UnknownValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<UnknownValue, E> {
        Ok(UnknownValue::Signed(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<UnknownValue, E> {
        Ok(UnknownValue::Unsigned(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<UnknownValue, E> {
        Ok(UnknownValue::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<UnknownValue, E> {
        Ok(UnknownValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<UnknownValue, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = from.next_element()? {
            values.push(value);
        }
        Ok(UnknownValue::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<UnknownValue, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = from.next_entry()? {
            fields.insert(name, value);
        }
        Ok(UnknownValue::Object(fields))
    }
}
