//! The machine-readable catalog: everything there is to know about the actions, as JSON.

use serde_json::{Value, json};

use super::errors::ErrorCode;
use super::params::{ParamSpec, Presence, Repeat};
use super::reply::{ReplyField, ReplyShape};
use super::spec::Spec;
use super::value::{Case, Shape};

/// The whole catalog, of pairs of a group's title and an action.
pub fn document<'a>(actions: impl IntoIterator<Item = (&'a str, &'a Spec)>) -> Value {
    let actions: Vec<Value> =
        actions.into_iter().map(|(group, spec)| action(group, spec)).collect();
    json!({
        "product": "Ecs",
        "version": "2014-05-26",
        "diskdock": env!("CARGO_PKG_VERSION"),
        "actions": actions,
    })
}

/// One action.
pub fn action(group: &str, spec: &Spec) -> Value {
    let preconditions = (spec.preconditions)();
    let rule = |(sentence, error): &(&str, &ErrorCode)| json!({ "sentence": sentence, "code": error.code, "status": error.status });
    json!({
        "name": spec.name,
        "group": group,
        "summary": spec.summary,
        "details": spec.details,
        "mutates": spec.mutates,
        "asynchronous": spec.asynchronous,
        "parameters": spec.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "reply": reply(&spec.reply),
        "preconditions": preconditions.iter().map(rule).collect::<Vec<_>>(),
        "errors": spec.errors().into_iter().map(error).collect::<Vec<_>>(),
    })
}

fn parameter(spec: &ParamSpec) -> Value {
    let mut value = json!({
        "name": spec.name,
        "type": spec.shape.type_name(),
        "required": spec.presence == Presence::Required,
        "repeat": repeat(spec.repeat),
        "limits": limits(&spec.shape),
        "example": spec.example,
        "honoured": spec.honoured,
        "doc": one_line(spec.doc),
        "missing": spec.missing.code,
        "malformed": spec.malformed.code,
    });
    if !spec.children.is_empty() {
        value["parameters"] = spec.children.iter().map(parameter).collect();
    }
    value
}

/// How a parameter is written on the wire.
fn repeat(repeat: Repeat) -> &'static str {
    match repeat {
        Repeat::Once => "once",
        Repeat::Numbered => "numbered",
        Repeat::JsonArray => "json_array",
        Repeat::Structure => "structure",
    }
}

/// The limits in words, and in a form for programs.
fn limits(shape: &Shape) -> Value {
    let mut value = match shape {
        Shape::Text { min, max, rule: "" } => json!({ "min_length": min, "max_length": max }),
        Shape::Text { min, max, rule } => {
            json!({ "min_length": min, "max_length": max, "rule": rule })
        }
        Shape::Id(prefix) => json!({ "prefix": prefix }),
        Shape::Integer { min, max } => json!({ "min": min, "max": max }),
        Shape::Choice(words, case) => {
            json!({ "one_of": words, "any_case": *case == Case::Any })
        }
        Shape::Time => json!({ "format": "date-time" }),
        Shape::Boolean | Shape::Number | Shape::Group => json!({}),
    };
    value["words"] = shape.in_words().into();
    value
}

fn reply(shape: &ReplyShape) -> Value {
    match shape {
        ReplyShape::Text => json!({ "type": "string" }),
        ReplyShape::Integer => json!({ "type": "integer" }),
        ReplyShape::Number => json!({ "type": "number" }),
        ReplyShape::Boolean => json!({ "type": "boolean" }),
        ReplyShape::List(entry) => json!({ "type": "array", "entries": reply(entry) }),
        ReplyShape::Object(fields) => {
            json!({ "type": "object", "fields": fields.iter().map(field).collect::<Vec<_>>() })
        }
    }
}

fn field(field: &ReplyField) -> Value {
    let mut value = json!({ "name": field.name, "doc": one_line(field.doc) });
    if let (Value::Object(value), Value::Object(shape)) = (&mut value, reply(&field.shape)) {
        value.extend(shape);
    }
    value
}

fn error(error: &ErrorCode) -> Value {
    json!({
        "status": error.status,
        "code": error.code,
        "message": error.message,
        "remedy": error.remedy,
    })
}

/// A doc comment without its line breaks.
pub fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
