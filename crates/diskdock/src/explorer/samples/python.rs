//! Python, with the current SDK `alibabacloud-ecs20140526`.

use super::model::Kind;
use super::names::snake;
use super::plan::Plan;
use super::quote::{list, python as quote};
use super::request::{self, Class, request};
use super::template::{comments, fill};
use super::tree::Member;
use super::waiting::{Ids, TIMEOUT_S, Waiting};

const TEMPLATE: &str = include_str!("templates/python.txt");

/// The program, and how to run it.
pub fn write(plan: &Plan<'_>) -> (String, String) {
    let (imports, call) = match &plan.fit {
        Ok(members) => (fill(TEMPLATE, "typed imports", &[]), typed(plan, members)),
        Err(_) => (fill(TEMPLATE, "generic imports", &[]), generic(plan)),
    };
    let waiting = plan.waiting.as_ref();
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("notes", comments("# ", &plan.notes_with_misfits())),
            ("time", waiting.map_or("", |_| "import time").to_owned()),
            ("imports", imports),
            ("wait", waiting.map_or(String::new(), |waiting| wait(plan, waiting))),
            ("region", quote(&plan.region)),
            ("endpoint", quote(&plan.target.endpoint())),
            ("protocol", plan.protocol().to_owned()),
            ("call", call),
            ("then", waiting.map_or(String::new(), |waiting| then(plan, waiting))),
        ],
    );
    (code, fill(TEMPLATE, "how to run", &[("file", format!("{}.py", snake(plan.spec.name)))]))
}

fn typed(plan: &Plan<'_>, members: &[Member]) -> String {
    let request = format!("request = {}", request::<Words>(&plan.request_class(), members));
    fill(TEMPLATE, "typed", &[("request", request), ("method", snake(plan.spec.name))])
}

struct Words;

impl request::Words for Words {
    const CLOSE: &'static str = ")";
    const CLOSE_LIST: &'static str = "]";

    fn open(class: Class<'_>) -> String {
        format!("models.{}(", class.name)
    }

    fn member(name: &str, value: &str, _: bool) -> String {
        format!("{}={value},", snake(name))
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

fn generic(plan: &Plan<'_>) -> String {
    let pairs =
        plan.pairs.iter().map(|(name, value)| format!("{}: {},", quote(name), quote(value)));
    let pairs = pairs.collect::<Vec<_>>().join("\n");
    let action = plan.spec.name.to_owned();
    let slots = [("action", action), ("protocol", plan.protocol().to_owned()), ("pairs", pairs)];
    fill(TEMPLATE, "generic", &slots)
}

fn wait(plan: &Plan<'_>, waiting: &Waiting) -> String {
    let section = if waiting.goal.is_some() { "wait" } else { "wait until gone" };
    fill(
        TEMPLATE,
        section,
        &[
            ("noun", waiting.subject.noun().to_owned()),
            (
                "statuses",
                fill(TEMPLATE, waiting.subject.noun(), &[("region", quote(&plan.region))]),
            ),
            ("passing", format!("{{{}}}", list(waiting.subject.passing(), quote))),
            ("timeout", TIMEOUT_S.to_string()),
        ],
    )
}

fn then(plan: &Plan<'_>, waiting: &Waiting) -> String {
    let field = |path: &[&str]| match plan.fit {
        Ok(_) => path.iter().map(|name| format!(".{}", snake(name))).collect::<String>(),
        Err(_) => path.iter().map(|name| format!("[{}]", quote(name))).collect(),
    };
    let ids = match &waiting.ids {
        Ids::Named(ids) => format!("[{}]", list(ids, quote)),
        Ids::Replied(name) => format!("[body{}]", field(&[name])),
        Ids::RepliedSets => format!("body{}", field(&["InstanceIdSets", "InstanceIdSet"])),
    };
    match waiting.goal {
        Some(goal) => format!("wait_for(client, {ids}, {})", quote(goal)),
        None => format!("wait_until_gone(client, {ids})"),
    }
}
