//! C#, with the SDK `AlibabaCloud.SDK.Ecs20140526` or that of another product.
//!
//! Its models are generated from the same source as the Java ones and in the same way; `model`
//! treats both alike. The tests check the syntax only, as they have no .NET.

use super::model::Kind;
use super::names::pascal;
use super::quote::{csharp as quote, list};
use super::request::{Class, Words};
use super::sdk::Sdk;

/// The language.
pub(crate) struct CSharp;

impl Sdk for CSharp {
    const TEMPLATE: &'static str = include_str!("templates/csharp.txt");

    fn quote(text: &str) -> String {
        quote(text)
    }

    fn method(action: &str) -> String {
        action.to_owned()
    }

    fn declaration(_: &str, request: &str) -> String {
        format!("var request = {request};")
    }

    fn pair(name: &str, value: &str) -> String {
        format!("[{}] = {},", quote(name), quote(value))
    }

    fn texts(texts: &[String]) -> String {
        format!("new List<string> {{ {} }}", list(texts, quote))
    }

    fn replied(field: &str, typed: bool) -> String {
        if typed {
            format!("new List<string> {{ body.{field} }}")
        } else {
            format!("new List<string> {{ (string)body[{}] }}", quote(field))
        }
    }

    fn replied_list([outer, inner]: [&str; 2], typed: bool) -> String {
        if typed {
            format!("body.{outer}.{inner}")
        } else {
            let list = format!("((IDictionary)body[{}])[{}]", quote(outer), quote(inner));
            format!("((IList){list}).Cast<string>().ToList()")
        }
    }

    fn wait(ids: &str, goal: Option<&str>) -> String {
        match goal {
            Some(goal) => format!("WaitFor(client, {ids}, {});", quote(goal)),
            None => format!("WaitUntilGone(client, {ids});"),
        }
    }

    fn file(action: &str) -> String {
        action.to_owned()
    }
}

impl Words for CSharp {
    const CLOSE: &'static str = "}";
    const CLOSE_LIST: &'static str = "}";

    fn open(class: Class<'_>) -> String {
        format!("new {}\n{{", path(class))
    }

    fn member(name: &str, value: &str, _: bool) -> String {
        format!("{} = {value},", pascal(name))
    }

    fn leaf(kind: Kind, text: &str) -> String {
        match kind {
            Kind::Text => quote(text),
            Kind::Integer | Kind::Boolean => text.to_owned(),
            Kind::Long => format!("{text}L"),
            Kind::Float => format!("{text}f"),
        }
    }

    fn leaves(kind: Kind, values: &[String]) -> String {
        let element = match kind {
            Kind::Text => "string",
            Kind::Integer => "int?",
            Kind::Long => "long?",
            Kind::Boolean => "bool?",
            Kind::Float => "float?",
        };
        format!("new List<{element}> {{ {} }}", values.join(", "))
    }

    fn open_list(class: Class<'_>) -> String {
        format!("new List<{}>\n{{", path(class))
    }

    fn separator(_: bool) -> &'static str {
        ","
    }
}

fn path(Class { root, name, .. }: Class<'_>) -> String {
    if root == name { root.to_owned() } else { format!("{root}.{name}") }
}
