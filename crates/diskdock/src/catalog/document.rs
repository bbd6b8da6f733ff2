//! The machine-readable catalog of all actions, as JSON.

use serde_json::{Value, json};

use super::errors::{ErrorCode, Next};
use super::params::{ParamSpec, Presence, Repeat};
use super::product::{Listed, Product};
use super::reply::{ReplyField, ReplyShape};
use super::spec::Spec;
use super::transition::{Edge, Goal, Risk, Transition};
use super::value::{Case, Shape};

/// The whole catalog.
pub fn document(products: &[&'static Product]) -> Value {
    let actions = products.iter().flat_map(|product| product.listed());
    json!({
        "diskdock": env!("CARGO_PKG_VERSION"),
        "products": products.iter().map(|one| product(one)).collect::<Vec<_>>(),
        "actions": actions.map(|listed| action(listed, products)).collect::<Vec<_>>(),
    })
}

fn product(product: &Product) -> Value {
    json!({
        "code": product.code,
        "version": product.version,
        "host_prefix": product.host_prefix,
    })
}

/// One action.
pub fn action(listed: Listed, products: &[&'static Product]) -> Value {
    let spec = listed.spec();
    let preconditions = (spec.preconditions)();
    let rule = |(sentence, error): &(&str, &ErrorCode)| json!({ "sentence": sentence, "code": error.code, "status": error.status });
    json!({
        "name": spec.name,
        "key": listed.key(products),
        "product": listed.product.code,
        "version": listed.product.version,
        "group": listed.group.title,
        "summary": spec.summary,
        "details": spec.details,
        "mutates": spec.mutates,
        "asynchronous": spec.is_asynchronous(),
        "takes_away": spec.risk == Risk::TakesAway,
        "transition": spec.transition.map(transition),
        "parameters": spec.parameters.iter().map(|one| parameter(spec, one)).collect::<Vec<_>>(),
        "reply": reply(&spec.reply),
        "preconditions": preconditions.iter().map(rule).collect::<Vec<_>>(),
        "errors": spec.errors().into_iter().map(error).collect::<Vec<_>>(),
    })
}

/// The change of status that an action causes, and the status in which it has ended.
fn transition(transition: &Transition) -> Value {
    let edge = |edge: &Edge| json!({ "from": edge.from, "to": edge.to });
    let settles = transition.settles.as_ref();
    json!({
        "resource": transition.resource.noun,
        "begins": transition.begins.iter().map(edge).collect::<Vec<_>>(),
        "ends": transition.ends.iter().map(edge).collect::<Vec<_>>(),
        "goal": settles.map(|settling| goal(settling.goal)),
    })
}

fn goal(goal: Goal) -> &'static str {
    match goal {
        Goal::Status(status) => status,
        Goal::Unseen => "unseen",
        Goal::Gone => "gone",
    }
}

fn parameter(action: &Spec, spec: &ParamSpec) -> Value {
    let mut value = json!({
        "name": spec.name,
        "type": spec.shape.type_name(),
        "required": spec.presence == Presence::Required,
        "repeat": repeat(spec.repeat),
        "limits": limits(&spec.shape),
        "example": spec.example,
        "honoured": spec.honoured,
        "names": spec.names,
        "fits": action.fitting(spec),
        "doc": one_line(spec.doc),
        "missing": spec.missing.code,
        "malformed": spec.malformed.code,
    });
    if !spec.children.is_empty() {
        value["parameters"] = spec.children.iter().map(|one| parameter(action, one)).collect();
    }
    value
}

/// How a parameter is written on the wire.
fn repeat(repeat: Repeat) -> &'static str {
    match repeat {
        Repeat::Once => "once",
        Repeat::Numbered => "numbered",
        Repeat::JsonArray => "json_array",
        Repeat::Commas => "commas",
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
        "next": error.next.iter().map(next).collect::<Vec<_>>(),
    })
}

/// A call that helps after an error: `look` at or `list` resources of a kind, or `call` an action.
fn next(next: &Next) -> Value {
    match next {
        Next::Look(noun) => json!({ "look": noun }),
        Next::List(noun) => json!({ "list": noun }),
        Next::Call(action) => json!({ "call": action }),
    }
}

/// A doc comment without its line breaks.
pub(crate) fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
