//! Demands on every answer.

use diskdock::catalog::{ReplyShape, Spec};
use serde_json::{Map, Value};

use crate::catalog::spec::GATEWAY;
use crate::harness::Answer;

/// Fields that are secret and so differ in every world.
const SECRET: [&str; 6] = [
    "AccessKeyId",
    "AccessKeySecret",
    "PrivateKeyBody",
    "PublicKey",
    "KeyPairFingerPrint",
    "RequestId",
];

/// Panics unless the answer is one that the action declares.
pub(super) fn check(spec: &Spec, answer: &Answer) {
    let (status, code) = answer.refusal();
    if status == 200 {
        return of_shape(&answer.json, &spec.reply, "");
    }
    assert!((400..500).contains(&status), "{}", answer.text);
    let is = |error: &&&diskdock::catalog::ErrorCode| (error.status, error.code) == (status, code);
    let own = spec.errors();
    let mut declared = own.iter().chain([&spec.token_mismatch]).chain(GATEWAY);
    assert!(declared.any(|error| is(&error)), "not declared: {}", answer.text);
    assert!(!answer.message().is_empty(), "{}", answer.text);
    assert_ne!(code, "SignatureDoesNotMatch", "{}", answer.text);
}

/// Panics unless a JSON value has the shape that is declared.
fn of_shape(value: &Value, shape: &ReplyShape, path: &str) {
    let fits = match shape {
        ReplyShape::Text => value.is_string(),
        ReplyShape::Integer => value.is_i64() || value.is_u64(),
        ReplyShape::Number => value.is_number(),
        ReplyShape::Boolean => value.is_boolean(),
        ReplyShape::Object(_) => value.is_object(),
        ReplyShape::List(_) => value.is_array(),
    };
    assert!(fits, "{path} is no {shape:?}: {value}");
    if let ReplyShape::List(of) = shape {
        value.as_array().into_iter().flatten().for_each(|entry| of_shape(entry, of, path));
    }
    if let ReplyShape::Object(fields) = shape {
        for (name, member) in value.as_object().into_iter().flatten() {
            let is_common = path.is_empty() && name == "RequestId";
            let field = fields.iter().find(|field| field.name == name);
            assert!(field.is_some() || is_common, "{path}.{name} is not declared");
            if let Some(field) = field {
                of_shape(member, &field.shape, &format!("{path}.{name}"));
            }
        }
    }
}

/// The tree without types, as XML has it: every leaf is text, a list of one is its entry, and
/// an empty one is not there.
pub(super) fn untyped(value: &Value) -> Value {
    match value {
        Value::Null => Value::String(String::new()),
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        Value::String(text) => Value::String(text.chars().map(carried).collect()),
        Value::Array(entries) => Value::Array(entries.iter().map(untyped).collect()),
        Value::Object(members) => {
            let mut told = Map::new();
            for (name, member) in members {
                match untyped(member) {
                    _ if SECRET.contains(&name.as_str()) => {}
                    Value::Array(mut entries) if entries.len() <= 1 => {
                        told.extend(entries.pop().map(|entry| (name.clone(), entry)));
                    }
                    other => drop(told.insert(name.clone(), other)),
                }
            }
            if told.is_empty() { Value::String(String::new()) } else { Value::Object(told) }
        }
    }
}

/// XML 1.0 cannot carry every character.
fn carried(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => character,
        '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        other => other,
    }
}
