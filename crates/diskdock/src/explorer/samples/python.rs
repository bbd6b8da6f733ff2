//! Python, with the current SDK `alibabacloud-ecs20140526`.

use super::model::Kind;
use super::names::snake;
use super::plan::Plan;
use super::quote::python as quote;
use super::template::{comments, fill};
use super::tree::{Member, Node};
use super::waiting::{Ids, PATIENCE_S, Waiting};

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
            ("protocol", protocol(plan)),
            ("call", call),
            ("then", waiting.map_or(String::new(), |waiting| then(plan, waiting))),
        ],
    );
    (code, fill(TEMPLATE, "how to run", &[("file", format!("{}.py", snake(plan.spec.name)))]))
}

fn typed(plan: &Plan<'_>, members: &[Member]) -> String {
    let class = format!("{}Request", plan.spec.name);
    let request = model(&class, members, 0);
    fill(TEMPLATE, "typed", &[("request", request), ("method", snake(plan.spec.name))])
}

/// `models.DetachDiskRequest(…)`, a member on each line.
fn model(class: &str, members: &[Member], depth: usize) -> String {
    let indent = "    ".repeat(depth + 1);
    let mut text = format!("models.{class}(\n");
    for member in members {
        let value = node(class, member, depth + 1);
        text.push_str(&format!("{indent}{}={value},\n", snake(member.name)));
    }
    text + &"    ".repeat(depth) + ")"
}

fn node(class: &str, member: &Member, depth: usize) -> String {
    let inner = format!("{class}{}", member.name);
    match &member.node {
        Node::Leaf(kind, text) => leaf(*kind, text),
        Node::Leaves(kind, texts) => {
            let texts: Vec<String> = texts.iter().map(|text| leaf(*kind, text)).collect();
            format!("[{}]", texts.join(", "))
        }
        Node::Group(members) => model(&inner, members, depth),
        Node::Groups(groups) => {
            let indent = "    ".repeat(depth + 1);
            let groups = groups.iter().map(|group| model(&inner, group, depth + 1));
            let groups: Vec<String> = groups.map(|group| format!("{indent}{group},\n")).collect();
            format!("[\n{}{}]", groups.concat(), "    ".repeat(depth))
        }
    }
}

fn leaf(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Text => quote(text),
        Kind::Integer | Kind::Long | Kind::Float => text.to_owned(),
        Kind::Boolean => if text == "true" { "True" } else { "False" }.to_owned(),
    }
}

fn generic(plan: &Plan<'_>) -> String {
    let pairs =
        plan.pairs.iter().map(|(name, value)| format!("{}: {},", quote(name), quote(value)));
    let pairs = pairs.collect::<Vec<_>>().join("\n");
    let action = plan.spec.name.to_owned();
    let slots = [("action", action), ("protocol", protocol(plan)), ("pairs", pairs)];
    fill(TEMPLATE, "generic", &slots)
}

fn protocol(plan: &Plan<'_>) -> String {
    if plan.target.https() { "HTTPS" } else { "HTTP" }.to_owned()
}

fn wait(plan: &Plan<'_>, waiting: &Waiting) -> String {
    let section = if waiting.goal.is_some() { "wait" } else { "wait until gone" };
    let passing: Vec<String> = waiting.subject.passing().iter().map(|word| quote(word)).collect();
    fill(
        TEMPLATE,
        section,
        &[
            ("noun", waiting.subject.noun().to_owned()),
            (
                "statuses",
                fill(TEMPLATE, waiting.subject.noun(), &[("region", quote(&plan.region))]),
            ),
            ("passing", passing.join(", ")),
            ("patience", PATIENCE_S.to_string()),
        ],
    )
}

fn then(plan: &Plan<'_>, waiting: &Waiting) -> String {
    let field = |path: &[&str]| match plan.fit {
        Ok(_) => path.iter().map(|name| format!(".{}", snake(name))).collect::<String>(),
        Err(_) => path.iter().map(|name| format!("[{}]", quote(name))).collect(),
    };
    let ids = match &waiting.ids {
        Ids::Named(ids) => {
            let ids: Vec<String> = ids.iter().map(|id| quote(id)).collect();
            format!("[{}]", ids.join(", "))
        }
        Ids::Replied(name) => format!("[body{}]", field(&[name])),
        Ids::RepliedSets => format!("body{}", field(&["InstanceIdSets", "InstanceIdSet"])),
    };
    match waiting.goal {
        Some(goal) => format!("wait_for(client, {ids}, {})", quote(goal)),
        None => format!("wait_until_gone(client, {ids})"),
    }
}
