//! The tree of a reply, and an example of it in either format.

use std::collections::HashMap;
use std::sync::LazyLock;

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::text::line;
use crate::actions::all;
use crate::catalog::document::one_line;
use crate::catalog::pages::reply_type;
use crate::catalog::{Format, ParamSpec, ReplyField, ReplyShape, Spec, render};

/// The RequestId of examples.
const REQUEST_ID: &str = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";

/// The fields of a reply, with the RequestId that every reply has.
pub(super) fn tree(shape: &ReplyShape) -> Markup {
    html! {
        ul.tree {
            li id="reply.RequestId" {
                code { "RequestId" } " " span.type { "string" } " The request's id; name it in reports."
            }
            @if let ReplyShape::Object(fields) = shape { (fields_of(fields, "reply")) }
        }
    }
}

fn fields_of(fields: &[ReplyField], path: &str) -> Markup {
    html! {
        @for field in fields {
            @let (kind, inside) = reply_type(&field.shape);
            @let path = format!("{path}.{}", field.name);
            li id=(path) {
                code { (field.name) } " " span.type { (kind) } " " (line(&one_line(field.doc)))
                @if !inside.is_empty() { ul { (fields_of(inside, &path)) } }
            }
        }
    }
}

/// The reply with a value in every field, as JSON and as XML.
pub(super) fn examples(spec: &Spec) -> Markup {
    let reply = example(&spec.reply, "", spec).to_string();
    let body = |format| render(spec.name, REQUEST_ID, reply.as_bytes(), format);
    let json: Value = serde_json::from_slice(&body(Format::Json)).unwrap_or_default();
    let json = serde_json::to_string_pretty(&json).unwrap_or_default();
    let xml = String::from_utf8_lossy(&body(Format::Xml)).replace("><", ">\n<");
    html! {
        details { summary { "Reply in JSON" } pre tabindex="0" aria-label="Reply in JSON" data-language="json" { (json) } }
        details { summary { "Reply in XML" } pre tabindex="0" aria-label="Reply in XML" data-language="xml" { (xml) } }
    }
}

/// A value of the shape for the field of this name.
fn example(shape: &ReplyShape, name: &str, spec: &Spec) -> Value {
    match shape {
        ReplyShape::Text => text(name, spec).into(),
        ReplyShape::Integer => {
            EXAMPLES.get(name).and_then(|text| text.parse().ok()).unwrap_or(1).into()
        }
        ReplyShape::Number => json!(0.5),
        ReplyShape::Boolean => true.into(),
        ReplyShape::List(inner) => json!([example(inner, name, spec)]),
        ReplyShape::Object(fields) => {
            let members = fields
                .iter()
                .map(|field| (field.name.to_owned(), example(&field.shape, field.name, spec)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

fn text(name: &str, spec: &Spec) -> String {
    let status = || {
        let resource = spec.transition.map(|transition| transition.resource);
        resource.or_else(|| listed_by(spec)).and_then(|kind| kind.lasting().first().copied())
    };
    let known = if name == "Status" { status() } else { None };
    known.or_else(|| EXAMPLES.get(name).copied()).unwrap_or("…").to_owned()
}

/// The kind of resource that the action lists.
fn listed_by(spec: &Spec) -> Option<&'static crate::catalog::Resource> {
    crate::actions::resources().find(|kind| kind.listing.action == spec.name)
}

/// Examples of parameters by their names, which fields of replies share.
static EXAMPLES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut examples = HashMap::new();
    all().for_each(|listed| collect(listed.spec().parameters, &mut examples));
    examples
});

fn collect(parameters: &[ParamSpec], examples: &mut HashMap<&'static str, &'static str>) {
    for parameter in parameters {
        examples.entry(parameter.name).or_insert(parameter.example);
        collect(parameter.children, examples);
    }
}
