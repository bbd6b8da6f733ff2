//! TypeScript, with the current SDK `@alicloud/ecs20140526` or that of another product.

use super::model::Kind;
use super::names::{camel, kebab};
use super::plan::Plan;
use super::quote::{list, typescript as quote};
use super::request::{Class, Words};
use super::sdk::{Sdk, TemplateSlot};

/// The language.
pub(crate) struct TypeScript;

impl Sdk for TypeScript {
    const TEMPLATE: &'static str = include_str!("templates/typescript.txt");

    fn quote(text: &str) -> String {
        quote(text)
    }

    fn name(wire: &str) -> String {
        camel(wire)
    }

    fn method(action: &str) -> String {
        camel(action)
    }

    fn declaration(_: &str, request: &str) -> String {
        format!("const request = {request};")
    }

    fn pair(name: &str, value: &str) -> String {
        format!("{}: {},", quote(name), quote(value))
    }

    fn texts(texts: &[String]) -> String {
        format!("[{}]", list(texts, quote))
    }

    /// A reply without a model has the names of the wire.
    fn replied(field: &str, typed: bool) -> String {
        if typed { format!("[body.{}!]", camel(field)) } else { format!("[body.{field}]") }
    }

    fn replied_list([outer, inner]: [&str; 2], typed: bool) -> String {
        if typed {
            format!("body.{}!.{}!", camel(outer), camel(inner))
        } else {
            format!("body.{outer}.{inner}")
        }
    }

    fn wait(ids: &str, goal: Option<&str>) -> String {
        match goal {
            Some(goal) => format!("await waitFor(client, {ids}, {});", quote(goal)),
            None => format!("await waitUntilGone(client, {ids});"),
        }
    }

    fn file(action: &str) -> String {
        kebab(action)
    }

    /// The models are imported where something is made of them.
    fn own(plan: &Plan<'_>) -> Vec<TemplateSlot> {
        let models = plan.fit.is_ok() || plan.waiting.is_some();
        let models = if models { ", * as models" } else { "" };
        let dara =
            if plan.fit.is_err() { "import * as $dara from '@darabonba/typescript';" } else { "" };
        vec![("models", models.to_owned()), ("dara", dara.to_owned())]
    }
}

impl Words for TypeScript {
    const INDENT: &'static str = "  ";
    const CLOSE: &'static str = "})";
    const CLOSE_LIST: &'static str = "]";

    fn open(class: Class<'_>) -> String {
        format!("new models.{}({{", class.name)
    }

    fn member(name: &str, value: &str, _: bool) -> String {
        format!("{}: {value},", camel(name))
    }

    fn leaf(kind: Kind, text: &str) -> String {
        match kind {
            Kind::Text => quote(text),
            Kind::Integer | Kind::Long | Kind::Float | Kind::Boolean => text.to_owned(),
        }
    }

    fn leaves(_: Kind, values: &[String]) -> String {
        format!("[{}]", values.join(", "))
    }

    fn open_list(_: Class<'_>) -> String {
        "[".to_owned()
    }

    fn separator(_: bool) -> &'static str {
        ","
    }
}
