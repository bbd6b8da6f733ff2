//! Java, with the SDK `com.aliyun:ecs20140526` or that of another product.

use super::model::Kind;
use super::names::{camel, pascal};
use super::plan::Plan;
use super::quote::{java as quote, list};
use super::request::{Class, Words};
use super::sdk::{Sdk, TemplateSlot};
use super::template::fill;

/// The language.
pub(crate) struct Java;

impl Sdk for Java {
    const TEMPLATE: &'static str = include_str!("templates/java.txt");

    fn quote(text: &str) -> String {
        quote(text)
    }

    fn method(action: &str) -> String {
        camel(action)
    }

    fn declaration(class: &str, request: &str) -> String {
        format!("{class} request = {request};")
    }

    fn pair(name: &str, value: &str) -> String {
        format!("query.put({}, {});", quote(name), quote(value))
    }

    fn texts(texts: &[String]) -> String {
        format!("Arrays.asList({})", list(texts, quote))
    }

    fn replied(field: &str, typed: bool) -> String {
        if typed {
            format!("Arrays.asList(body.get{field}())")
        } else {
            format!("Arrays.asList((String) body.get({}))", quote(field))
        }
    }

    fn replied_list([outer, inner]: [&str; 2], typed: bool) -> String {
        if typed {
            format!("body.get{outer}().get{inner}()")
        } else {
            let (outer, inner) = (quote(outer), quote(inner));
            format!("(List<String>) ((Map<?, ?>) body.get({outer})).get({inner})")
        }
    }

    fn wait(ids: &str, goal: Option<&str>) -> String {
        match goal {
            Some(goal) => format!("waitFor(client, {ids}, {});", quote(goal)),
            None => format!("waitUntilGone(client, {ids});"),
        }
    }

    fn file(action: &str) -> String {
        action.to_owned()
    }

    fn own(plan: &Plan<'_>) -> Vec<TemplateSlot> {
        let mut slots = plan.product_slots();
        slots.push(("action", plan.spec.name.to_owned()));
        slots.extend(plan.waiting.iter().flat_map(|waiting| waiting.slots(Java::name)));
        let section = if plan.fit.is_ok() { "typed imports" } else { "generic imports" };
        let imports = fill(Java::TEMPLATE, section, &slots);
        let wait_imports =
            plan.waiting.as_ref().map(|_| fill(Java::TEMPLATE, "wait imports", &slots));
        vec![("imports", imports), ("wait imports", wait_imports.unwrap_or_default())]
    }
}

impl Words for Java {
    const CLOSE_LIST: &'static str = ")";

    fn open(Class { root, name, .. }: Class<'_>) -> String {
        if root == name { format!("new {root}()") } else { format!("new {root}.{name}()") }
    }

    fn member(name: &str, value: &str, _: bool) -> String {
        format!(".set{}({value})", pascal(name))
    }

    fn leaf(kind: Kind, text: &str) -> String {
        match kind {
            Kind::Text => quote(text),
            Kind::Integer | Kind::Boolean => text.to_owned(),
            Kind::Long => format!("{text}L"),
            Kind::Float => format!("{text}f"),
        }
    }

    fn leaves(_: Kind, values: &[String]) -> String {
        format!("Arrays.asList({})", values.join(", "))
    }

    fn open_list(_: Class<'_>) -> String {
        "Arrays.asList(".to_owned()
    }

    fn separator(last: bool) -> &'static str {
        if last { "" } else { "," }
    }
}
