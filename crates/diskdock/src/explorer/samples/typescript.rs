//! TypeScript, with the current SDK `@alicloud/ecs20140526`.

use super::model::Kind;
use super::names::{camel, kebab};
use super::plan::Plan;
use super::quote::{list, typescript as quote};
use super::request::{self, Class, request};
use super::template::{comments, fill};
use super::waiting::{Ids, TIMEOUT_S, Waiting};

const TEMPLATE: &str = include_str!("templates/typescript.txt");

/// The program, and how to run it.
pub fn write(plan: &Plan<'_>) -> (String, String) {
    let action = plan.spec.name;
    let call = match &plan.fit {
        Ok(members) => {
            let request = request::<Words>(&plan.request_class(), members);
            let request = format!("const request = {request};");
            fill(TEMPLATE, "typed", &[("request", request), ("method", camel(action))])
        }
        Err(_) => {
            let line = |name: &str, value: &str| format!("{}: {},", quote(name), quote(value));
            let slots = [
                ("pairs", plan.pair_lines(line)),
                ("action", action.to_owned()),
                ("protocol", plan.protocol().to_owned()),
            ];
            fill(TEMPLATE, "generic", &slots)
        }
    };
    let waiting = plan.waiting.as_ref();
    let dara =
        if plan.fit.is_err() { "import * as $dara from '@darabonba/typescript';" } else { "" };
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("notes", comments("// ", &plan.notes_with_misfits())),
            ("dara", dara.to_owned()),
            ("models", models(plan).to_owned()),
            ("wait", waiting.map_or(String::new(), wait)),
            ("region", quote(&plan.region)),
            ("endpoint", quote(&plan.target.endpoint())),
            ("protocol", plan.protocol().to_owned()),
            ("call", call),
            ("then", waiting.map_or(String::new(), |waiting| then(plan, waiting))),
        ],
    );
    (code, fill(TEMPLATE, "how to run", &[("file", kebab(action))]))
}

/// The models are imported where something is made of them.
fn models(plan: &Plan<'_>) -> &'static str {
    if plan.fit.is_ok() || plan.waiting.is_some() {
        "import Client, * as models from '@alicloud/ecs20140526';"
    } else {
        "import Client from '@alicloud/ecs20140526';"
    }
}

struct Words;

impl request::Words for Words {
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
    let ids = match (&waiting.ids, plan.fit.is_ok()) {
        (Ids::Named(ids), _) => format!("[{}]", list(ids, quote)),
        (Ids::Replied(name), true) => format!("[body.{}!]", camel(name)),
        (Ids::RepliedSets, true) => "body.instanceIdSets!.instanceIdSet!".to_owned(),
        // A reply without a model has the names of the wire.
        (Ids::Replied(name), false) => format!("[body.{name}]"),
        (Ids::RepliedSets, false) => "body.InstanceIdSets.InstanceIdSet".to_owned(),
    };
    match waiting.goal {
        Some(goal) => format!("await waitFor(client, {ids}, {});", quote(goal)),
        None => format!("await waitUntilGone(client, {ids});"),
    }
}
