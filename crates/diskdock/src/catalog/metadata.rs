//! The catalog in the form of the vendor's API metadata, at the paths that it has there, below
//! `/meta/v1`: for tools that read parameters from it.

use serde_json::{Map, Value, json};

use super::document::one_line;
use super::errors::ErrorCode;
use super::params::{ParamSpec, Presence, Repeat};
use super::product::{Listed, Product};
use super::reply::ReplyShape;
use super::value::Shape;

/// The products: `/meta/v1/products.json`.
pub(crate) fn products(products: &[&'static Product]) -> Value {
    let one = |product: &&'static Product| {
        json!({
            "code": product.code,
            "name": product.code,
            "defaultVersion": product.version,
            "versions": [product.version],
            "style": "RPC",
        })
    };
    products.iter().map(one).collect()
}

/// All actions of a product; `address` is that of the server.
pub(crate) fn product(product: &'static Product, address: &str) -> Value {
    let apis: Map<String, Value> =
        product.listed().map(|one| (one.spec().name.to_owned(), action(one))).collect();
    let directories = product.groups.iter().map(|group| {
        let names: Vec<&str> = group.actions.iter().map(|entry| entry.spec().name).collect();
        json!({ "title": group.title, "type": "directory", "children": names })
    });
    json!({
        "version": "1.0",
        "info": { "style": "RPC", "product": product.code, "version": product.version },
        "directories": directories.collect::<Vec<_>>(),
        "components": { "schemas": {} },
        "apis": apis,
        "endpoints": [{ "regionId": "cn-hangzhou", "regionName": "cn-hangzhou", "endpoint": address }],
    })
}

/// One action.
pub(crate) fn action(listed: Listed) -> Value {
    let spec = listed.spec();
    let kind = if spec.mutates { "write" } else { "read" };
    let mut reply = of_reply(&spec.reply);
    reply["properties"]["RequestId"] = json!({ "type": "string" });
    json!({
        "summary": spec.summary,
        "description": spec.details,
        "methods": ["post", "get"],
        "schemes": ["http", "https"],
        "security": [{ "AK": [] }],
        "operationType": kind,
        "deprecated": false,
        "systemTags": { "operationType": kind },
        "parameters": spec.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "responses": { "200": { "schema": reply } },
        "errorCodes": error_codes(&spec.errors()),
    })
}

/// The style in which a list, or a structure, is written.
fn style(repeat: Repeat) -> Option<&'static str> {
    match repeat {
        Repeat::Numbered => Some("repeatList"),
        Repeat::Structure => Some("flat"),
        Repeat::JsonArray => Some("json"),
        Repeat::Commas => Some("simple"),
        Repeat::Once => None,
    }
}

fn parameter(spec: &ParamSpec) -> Value {
    let mut parameter = json!({ "name": spec.name, "in": "query", "schema": schema(spec) });
    if let Some(style) = style(spec.repeat) {
        parameter["style"] = style.into();
    }
    parameter
}

fn schema(spec: &ParamSpec) -> Value {
    let one = if spec.children.is_empty() { of_shape(&spec.shape) } else { members(spec.children) };
    let mut schema = match spec.repeat {
        Repeat::Numbered | Repeat::JsonArray | Repeat::Commas => {
            json!({ "type": "array", "items": one })
        }
        Repeat::Once | Repeat::Structure => one,
    };
    schema["description"] = one_line(spec.doc).into();
    schema["required"] = (spec.presence == Presence::Required).into();
    if !spec.example.is_empty() {
        schema["example"] = spec.example.into();
    }
    schema
}

fn members(specs: &[ParamSpec]) -> Value {
    let properties: Map<String, Value> =
        specs.iter().map(|spec| (spec.name.to_owned(), schema(spec))).collect();
    json!({ "type": "object", "properties": properties })
}

/// Limits are texts there.
fn of_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Integer { min, max } => {
            let format = if i32::try_from(*max).is_ok() { "int32" } else { "int64" };
            let (least, most) = (min.to_string(), max.to_string());
            json!({ "type": "integer", "format": format, "minimum": least, "maximum": most })
        }
        Shape::Choice(words, _) => json!({ "type": "string", "enum": words }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Number => json!({ "type": "number", "format": "double" }),
        Shape::Group => json!({ "type": "object" }),
        Shape::Text { .. } | Shape::Id(_) | Shape::Time => json!({ "type": "string" }),
    }
}

/// The errors, by their status.
fn error_codes(errors: &[&'static ErrorCode]) -> Value {
    let mut by_status: Map<String, Value> = Map::new();
    for error in errors {
        let list = by_status.entry(error.status.to_string()).or_insert_with(|| json!([]));
        let entry = json!({ "errorCode": error.code, "errorMessage": error.message });
        list.as_array_mut().expect("each is a list").push(entry);
    }
    Value::Object(by_status)
}

fn of_reply(shape: &ReplyShape) -> Value {
    match shape {
        ReplyShape::Text => json!({ "type": "string" }),
        ReplyShape::Integer => json!({ "type": "integer", "format": "int64" }),
        ReplyShape::Number => json!({ "type": "number", "format": "double" }),
        ReplyShape::Boolean => json!({ "type": "boolean" }),
        ReplyShape::List(entry) => json!({ "type": "array", "items": of_reply(entry) }),
        ReplyShape::Object(fields) => {
            let described = fields.iter().map(|field| {
                let mut value = of_reply(&field.shape);
                value["description"] = one_line(field.doc).into();
                (field.name.to_owned(), value)
            });
            json!({ "type": "object", "properties": described.collect::<Map<_, _>>() })
        }
    }
}
