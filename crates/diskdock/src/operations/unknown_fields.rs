//! Fields that a newer version wrote into the state of an operation: kept while this version goes
//! on with it, and written back, so that going back one version and forth again loses nothing.

use serde::Serialize;
use serde_json::Value;

/// The unknown parts of a saved value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum UnknownParts {
    /// Everything was known.
    None,
    /// A value that is unknown as a whole.
    Whole(Value),
    /// Fields of an object with something unknown in them.
    Fields(Vec<(String, UnknownParts)>),
    /// Entries of a list, as far as they were known, with something unknown in them.
    Entries(Vec<(Value, UnknownParts)>),
}

impl UnknownParts {
    /// The parts of a saved value that its known form does not have.
    pub(super) fn of(saved: Value, known: &Value) -> UnknownParts {
        match (saved, known) {
            (Value::Object(saved), Value::Object(known)) => {
                let parts = saved.into_iter().map(|(name, value)| {
                    let parts = match known.get(&name) {
                        Some(known) => UnknownParts::of(value, known),
                        None => UnknownParts::Whole(value),
                    };
                    (name, parts)
                });
                let parts: Vec<_> = parts.filter(|(_, parts)| !parts.is_none()).collect();
                if parts.is_empty() { UnknownParts::None } else { UnknownParts::Fields(parts) }
            }
            (Value::Array(saved), Value::Array(known)) => {
                let both = saved.into_iter().zip(known);
                let parts = both.map(|(value, known)| (known.clone(), Self::of(value, known)));
                let parts: Vec<_> = parts.filter(|(_, parts)| !parts.is_none()).collect();
                if parts.is_empty() { UnknownParts::None } else { UnknownParts::Entries(parts) }
            }
            _ => UnknownParts::None,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        *self == UnknownParts::None
    }

    /// The JSON of a value with the unknown parts of its earlier form, as far as there still is
    /// what they are parts of.
    pub(super) fn written_with(&self, value: &impl Serialize) -> serde_json::Result<String> {
        let mut value = serde_json::to_value(value)?;
        self.add_to(&mut value);
        serde_json::to_string(&value)
    }

    fn add_to(&self, value: &mut Value) {
        match (self, value) {
            (UnknownParts::Fields(parts), Value::Object(fields)) => {
                for (name, parts) in parts {
                    match (parts, fields.get_mut(name)) {
                        (UnknownParts::Whole(unknown), None) => {
                            fields.insert(name.clone(), unknown.clone());
                        }
                        (_, None) => {}
                        (parts, Some(field)) => parts.add_to(field),
                    }
                }
            }
            (UnknownParts::Entries(parts), Value::Array(entries)) => {
                for (known, parts) in parts {
                    let same = entries.iter_mut().find(|entry| *entry == known);
                    same.into_iter().for_each(|entry| parts.add_to(entry));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::UnknownParts;

    fn written(parts: &UnknownParts, value: &Value) -> Value {
        serde_json::from_str(&parts.written_with(value).unwrap()).unwrap()
    }

    #[test]
    fn written_with_keeps_unknown_fields_at_any_depth() {
        let known = json!({ "slot": { "disk": "d-1" }, "making": [{ "a": 1 }, { "a": 2 }] });
        let saved = json!({
            "slot": { "disk": "d-1", "newer": [null] },
            "making": [{ "a": 1 }, { "a": 2, "newer": {} }],
            "newer": { "deep": 1.5 },
        });
        let parts = UnknownParts::of(saved.clone(), &known);
        assert_eq!(written(&parts, &known), saved);
        let later = json!({ "slot": { "disk": "d-2" }, "making": [{ "a": 2 }] });
        let kept = json!({
            "slot": { "disk": "d-2", "newer": [null] },
            "making": [{ "a": 2, "newer": {} }],
            "newer": { "deep": 1.5 },
        });
        assert_eq!(written(&parts, &later), kept);
    }

    #[test]
    fn written_with_keeps_nothing_of_what_has_gone_or_is_known_by_now() {
        let saved = json!({ "slot": { "newer": 1 }, "making": [{ "a": 1, "newer": 1 }], "b": 1 });
        let parts = UnknownParts::of(saved, &json!({ "slot": {}, "making": [{ "a": 1 }] }));
        let later = json!({ "slot": null, "making": [], "b": 2 });
        assert_eq!(written(&parts, &later), later);
        let known = json!({ "a": [1, { "b": null }] });
        assert!(UnknownParts::of(known.clone(), &known).is_none());
    }
}
