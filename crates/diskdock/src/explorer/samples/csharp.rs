//! C#, with the SDK `AlibabaCloud.SDK.Ecs20140526`.
//!
//! Its models are generated from the same source as the Java ones and in the same way; `model`
//! treats both alike. The tests check the syntax only, as they have no .NET.

use super::model::Kind;
use super::plan::Plan;
use super::quote::{csharp as quote, list};
use super::request::{self, Class, request};
use super::template::{comments, fill};
use super::waiting::{Ids, TIMEOUT_S, Waiting};

const TEMPLATE: &str = include_str!("templates/csharp.txt");

/// The program, and how to run it.
pub fn write(plan: &Plan<'_>) -> (String, String) {
    let action = plan.spec.name.to_owned();
    let call = match &plan.fit {
        Ok(members) => {
            let request = request::<Words>(&plan.request_class(), members);
            let request = format!("var request = {request};");
            fill(TEMPLATE, "typed", &[("request", request), ("action", action)])
        }
        Err(_) => {
            let line = |name: &str, value: &str| format!("[{}] = {},", quote(name), quote(value));
            let slots = [
                ("pairs", plan.pair_lines(line)),
                ("action", action),
                ("protocol", plan.protocol().to_owned()),
            ];
            fill(TEMPLATE, "generic", &slots)
        }
    };
    let waiting = plan.waiting.as_ref();
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("notes", comments("// ", &plan.notes_with_misfits())),
            ("wait", waiting.map_or(String::new(), wait)),
            ("region", quote(&plan.region)),
            ("endpoint", quote(&plan.target.endpoint())),
            ("protocol", plan.protocol().to_owned()),
            ("action", plan.spec.name.to_owned()),
            ("call", call),
            ("then", waiting.map_or(String::new(), |waiting| then(plan, waiting))),
        ],
    );
    (code, fill(TEMPLATE, "how to run", &[("action", plan.spec.name.to_owned())]))
}

struct Words;

impl request::Words for Words {
    const CLOSE: &'static str = "}";
    const CLOSE_LIST: &'static str = "}";

    fn open(class: Class<'_>) -> String {
        format!("new {}\n{{", path(class))
    }

    fn member(name: &str, value: &str, _: bool) -> String {
        format!("{name} = {value},")
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

fn path(Class { root, name }: Class<'_>) -> String {
    if root == name { root.to_owned() } else { format!("{root}.{name}") }
}

fn wait(waiting: &Waiting) -> String {
    let section = if waiting.goal.is_some() { "wait" } else { "wait until gone" };
    fill(
        TEMPLATE,
        section,
        &[
            ("noun", waiting.subject.noun().to_owned()),
            ("statuses", fill(TEMPLATE, waiting.subject.noun(), &[])),
            ("passing", list(waiting.subject.passing(), quote)),
            ("timeout", TIMEOUT_S.to_string()),
        ],
    )
}

fn then(plan: &Plan<'_>, waiting: &Waiting) -> String {
    let is_typed = plan.fit.is_ok();
    let ids = match &waiting.ids {
        Ids::Named(ids) => format!("new List<string> {{ {} }}", list(ids, quote)),
        Ids::Replied(name) if is_typed => format!("new List<string> {{ body.{name} }}"),
        Ids::Replied(name) => format!("new List<string> {{ (string)body[{}] }}", quote(name)),
        Ids::RepliedSets if is_typed => "body.InstanceIdSets.InstanceIdSet".to_owned(),
        Ids::RepliedSets => {
            let sets = "((IDictionary)body[\"InstanceIdSets\"])[\"InstanceIdSet\"]";
            format!("((IList){sets}).Cast<string>().ToList()")
        }
    };
    match waiting.goal {
        Some(goal) => format!("WaitFor(client, {ids}, {});", quote(goal)),
        None => format!("WaitUntilGone(client, {ids});"),
    }
}
