//! The catalog as an OpenAPI 3.1 document, at `/openapi.json`.
//!
//! All actions have the path `/`; they differ in the parameter `Action`. A document has one
//! operation for a path and method, so each is told apart by a fragment, which is not sent.

use serde_json::{Map, Value, json};

use super::document::one_line;
use super::errors::ErrorCode;
use super::params::{ParamSpec, Presence, Repeat};
use super::product::{Listed, Product};
use super::reply::ReplyShape;
use super::value::Shape;

/// The document for these products.
pub(crate) fn openapi(products: &[&'static Product]) -> Value {
    let listed = products.iter().flat_map(|product| product.listed());
    let paths: Map<String, Value> = listed
        .map(|one| {
            (format!("/#{}", one.key(products)), json!({ "post": operation(one, products) }))
        })
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "diskdock",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The disk side of the Alibaba Cloud ECS API.",
            "description": "Every action is sent to `/`; the fragment of a path only tells them \
                            apart and is not sent. Requests are signed: see `securitySchemes`.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "acs3": [] }, { "v1": [] }],
        "tags": tags(products),
        "paths": paths,
        "components": components(),
    })
}

fn tags(products: &[&'static Product]) -> Vec<Value> {
    let mut titles: Vec<&str> = Vec::new();
    for group in products.iter().flat_map(|product| product.groups.iter()) {
        if !titles.contains(&group.title) {
            titles.push(group.title);
        }
    }
    titles.into_iter().map(|title| json!({ "name": title })).collect()
}

fn components() -> Value {
    let key = |name: &str, place: &str, description: &str| json!({ "type": "apiKey", "name": name, "in": place, "description": description });
    json!({
        "securitySchemes": {
            "acs3": key("Authorization", "header", "ACS3-HMAC-SHA256, as current SDKs sign."),
            "v1": key("Signature", "query", "Signature version 1.0: HMAC-SHA1 over the query."),
        },
        "schemas": {
            "Error": {
                "type": "object",
                "required": ["RequestId", "Code", "Message", "HostId"],
                "properties": {
                    "RequestId": { "type": "string" },
                    "Code": { "type": "string" },
                    "Message": { "type": "string" },
                    "HostId": { "type": "string" },
                    "Recommend": { "type": "string", "description": "A remedy." },
                },
            },
        },
    })
}

fn operation(listed: Listed, products: &[&'static Product]) -> Value {
    let (spec, product) = (listed.spec(), listed.product);
    let mut parameters = vec![
        constant("Action", spec.name),
        constant("Version", product.version),
        json!({
            "name": "Format",
            "in": "query",
            "description": "JSON unless it is XML; signature 1.0 without it gives XML.",
            "schema": { "enum": ["JSON", "XML"] },
        }),
    ];
    push_parameters("", spec.parameters, &mut parameters);
    json!({
        "operationId": listed.key(products),
        "tags": [listed.group.title],
        "summary": spec.summary,
        "description": spec.details,
        "parameters": parameters,
        "responses": responses(listed),
        "x-diskdock-mutates": spec.mutates,
        "x-diskdock-asynchronous": spec.is_asynchronous(),
    })
}

fn constant(name: &str, value: &str) -> Value {
    json!({ "name": name, "in": "query", "required": true, "schema": { "const": value } })
}

/// Numbered parameters are described by their first entry.
fn push_parameters(prefix: &str, specs: &[ParamSpec], out: &mut Vec<Value>) {
    for spec in specs {
        let name = format!("{prefix}{}", spec.name);
        match spec.repeat {
            Repeat::Structure => push_parameters(&format!("{name}."), spec.children, out),
            Repeat::Numbered if !spec.children.is_empty() => {
                push_parameters(&format!("{name}.1."), spec.children, out);
            }
            Repeat::Numbered => out.push(parameter(&format!("{name}.1"), prefix, spec)),
            Repeat::Once | Repeat::JsonArray | Repeat::Commas => {
                out.push(parameter(&name, prefix, spec));
            }
        }
    }
}

fn parameter(name: &str, prefix: &str, spec: &ParamSpec) -> Value {
    let mut description = one_line(spec.doc);
    if prefix.contains(".1.") || spec.repeat == Repeat::Numbered {
        description.push_str(" Repeated with 2, 3 … in the place of 1.");
    }
    if !spec.honoured {
        description.push_str(" Accepted without effect here.");
    }
    let mut value = json!({
        "name": name,
        "in": "query",
        "description": description,
        "required": spec.presence == Presence::Required && prefix.is_empty(),
        "schema": schema(spec),
    });
    if spec.repeat == Repeat::Commas {
        value["explode"] = false.into();
    }
    value
}

fn schema(spec: &ParamSpec) -> Value {
    let one = of_shape(&spec.shape);
    match spec.repeat {
        Repeat::JsonArray => json!({
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": { "type": "array", "items": one },
        }),
        Repeat::Commas => json!({ "type": "array", "items": one }),
        Repeat::Once | Repeat::Numbered | Repeat::Structure => one,
    }
}

fn of_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text { min, max, .. } => {
            json!({ "type": "string", "minLength": min, "maxLength": max })
        }
        Shape::Id(prefix) => json!({ "type": "string", "pattern": format!("^{prefix}") }),
        Shape::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Choice(words, _) => json!({ "type": "string", "enum": words }),
        Shape::Time => json!({ "type": "string", "format": "date-time" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Group => json!({ "type": "object" }),
    }
}

fn responses(listed: Listed) -> Map<String, Value> {
    let spec = listed.spec();
    let mut reply = of_reply(&spec.reply);
    reply["properties"]["RequestId"] = json!({ "type": "string" });
    let done = json!({
        "description": "Done, or accepted if the action is asynchronous.",
        "content": { "application/json": { "schema": reply } },
    });
    let mut all = Map::from_iter([("200".to_owned(), done)]);
    let errors = spec.errors();
    for error in &errors {
        let same: Vec<_> = errors.iter().filter(|other| other.status == error.status).collect();
        all.entry(error.status.to_string()).or_insert_with(|| refusal(&same));
    }
    all
}

/// The errors of one status.
fn refusal(errors: &[&&'static ErrorCode]) -> Value {
    let line = |error: &&&ErrorCode| format!("- `{}`: {}", error.code, error.message);
    let lines: Vec<String> = errors.iter().map(line).collect();
    json!({
        "description": lines.join("\n"),
        "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/Error" } },
        },
    })
}

fn of_reply(shape: &ReplyShape) -> Value {
    match shape {
        ReplyShape::Text => json!({ "type": "string" }),
        ReplyShape::Integer => json!({ "type": "integer" }),
        ReplyShape::Number => json!({ "type": "number" }),
        ReplyShape::Boolean => json!({ "type": "boolean" }),
        ReplyShape::List(entry) => json!({ "type": "array", "items": of_reply(entry) }),
        ReplyShape::Object(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .map(|field| {
                    let mut value = of_reply(&field.shape);
                    value["description"] = one_line(field.doc).into();
                    (field.name.to_owned(), value)
                })
                .collect();
            json!({ "type": "object", "properties": properties })
        }
    }
}
