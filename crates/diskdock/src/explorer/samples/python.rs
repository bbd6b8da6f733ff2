//! Python, with the current SDK `alibabacloud-ecs20140526` or that of another product.

use super::model::Kind;
use super::names::snake;
use super::plan::Plan;
use super::quote::{list, python as quote};
use super::request::{Class, Words};
use super::sdk::{Sdk, TemplateSlot};
use super::template::fill;

/// The language.
pub(crate) struct Python;

/// The keywords of Python that are written in lower case.
const KEYWORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
    "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
    "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

impl Sdk for Python {
    const TEMPLATE: &'static str = include_str!("templates/python.txt");
    const COMMENT: &'static str = "# ";

    fn quote(text: &str) -> String {
        quote(text)
    }

    fn name(wire: &str) -> String {
        snake(wire)
    }

    fn method(action: &str) -> String {
        snake(action)
    }

    fn declaration(_: &str, request: &str) -> String {
        format!("request = {request}")
    }

    fn pair(name: &str, value: &str) -> String {
        format!("{}: {},", quote(name), quote(value))
    }

    /// A set.
    fn passing(statuses: &[&str]) -> String {
        format!("{{{}}}", list(statuses, quote))
    }

    fn texts(texts: &[String]) -> String {
        format!("[{}]", list(texts, quote))
    }

    fn replied(field: &str, typed: bool) -> String {
        format!("[body{}]", member(field, typed))
    }

    fn replied_list(path: [&str; 2], typed: bool) -> String {
        let members = path.map(|name| member(name, typed));
        format!("body{}", members.concat())
    }

    fn wait(ids: &str, goal: Option<&str>) -> String {
        match goal {
            Some(goal) => format!("wait_for(client, {ids}, {})", quote(goal)),
            None => format!("wait_until_gone(client, {ids})"),
        }
    }

    fn file(action: &str) -> String {
        snake(action)
    }

    fn own(plan: &Plan<'_>) -> Vec<TemplateSlot> {
        let time = if plan.waiting.is_some() { "import time" } else { "" };
        let section = if plan.fit.is_ok() { "typed imports" } else { "generic imports" };
        vec![("time", time.to_owned()), ("imports", fill(Python::TEMPLATE, section, &[]))]
    }
}

/// A field of a model, or of a reply without one.
fn member(name: &str, typed: bool) -> String {
    if typed { format!(".{}", property(name)) } else { format!("[{}]", quote(name)) }
}

/// The property of a model. One that would be a keyword has an underscore behind it.
fn property(name: &str) -> String {
    match snake(name) {
        keyword if KEYWORDS.contains(&keyword.as_str()) => keyword + "_",
        name => name,
    }
}

impl Words for Python {
    const CLOSE: &'static str = ")";
    const CLOSE_LIST: &'static str = "]";

    fn open(class: Class<'_>) -> String {
        format!("models.{}(", class.name)
    }

    fn member(name: &str, value: &str, _: bool) -> String {
        format!("{}={value},", property(name))
    }

    fn leaf(kind: Kind, text: &str) -> String {
        match kind {
            Kind::Text => quote(text),
            Kind::Integer | Kind::Long | Kind::Float => text.to_owned(),
            Kind::Boolean => if text == "true" { "True" } else { "False" }.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn property_that_would_be_a_keyword_has_an_underscore() {
        assert_eq!(["Async", "DiskId", "From"].map(property), ["async_", "disk_id", "from_"]);
    }
}
