//! Java, with the SDK `com.aliyun:ecs20140526`.

use super::model::Kind;
use super::names::camel;
use super::plan::Plan;
use super::quote::{java as quote, list};
use super::request::{self, Class, request};
use super::template::{comments, fill};
use super::waiting::{Ids, TIMEOUT_S, Waiting};

const TEMPLATE: &str = include_str!("templates/java.txt");

/// The program, and how to run it.
pub fn write(plan: &Plan<'_>) -> (String, String) {
    let action = plan.spec.name;
    let (imports, call) = match &plan.fit {
        Ok(members) => {
            let request = request::<Words>(&plan.request_class(), members);
            let request = format!("{action}Request request = {request};");
            let slots =
                [("request", request), ("action", action.to_owned()), ("method", camel(action))];
            (fill(TEMPLATE, "typed imports", &slots), fill(TEMPLATE, "typed", &slots))
        }
        Err(_) => {
            let line =
                |name: &str, value: &str| format!("query.put({}, {});", quote(name), quote(value));
            let pairs = plan.pair_lines(line);
            let slots = [("pairs", pairs), ("action", action.to_owned())];
            (fill(TEMPLATE, "generic imports", &[]), fill(TEMPLATE, "generic", &slots))
        }
    };
    let waiting = plan.waiting.as_ref();
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("notes", comments("// ", &plan.notes_with_misfits())),
            ("action", action.to_owned()),
            ("imports", imports),
            ("wait imports", waiting.map_or(String::new(), |waiting| section(waiting, "imports"))),
            ("wait", waiting.map_or(String::new(), wait)),
            ("region", quote(&plan.region)),
            ("endpoint", quote(&plan.target.endpoint())),
            ("protocol", plan.protocol().to_owned()),
            ("call", call),
            ("then", waiting.map_or(String::new(), |waiting| then(plan, waiting))),
        ],
    );
    (code, fill(TEMPLATE, "how to run", &[("action", action.to_owned())]))
}

struct Words;

impl request::Words for Words {
    const CLOSE_LIST: &'static str = ")";

    fn open(Class { root, name }: Class<'_>) -> String {
        if root == name { format!("new {root}()") } else { format!("new {root}.{name}()") }
    }

    fn member(name: &str, value: &str, _: bool) -> String {
        format!(".set{name}({value})")
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

fn section(waiting: &Waiting, what: &str) -> String {
    fill(TEMPLATE, &format!("{} {what}", waiting.subject.noun()), &[])
}

fn wait(waiting: &Waiting) -> String {
    let name = if waiting.goal.is_some() { "wait" } else { "wait until gone" };
    fill(
        TEMPLATE,
        name,
        &[
            ("noun", waiting.subject.noun().to_owned()),
            ("statuses", section(waiting, "statuses")),
            ("passing", list(waiting.subject.passing(), quote)),
            ("timeout", TIMEOUT_S.to_string()),
        ],
    )
}

fn then(plan: &Plan<'_>, waiting: &Waiting) -> String {
    let is_typed = plan.fit.is_ok();
    let ids = match &waiting.ids {
        Ids::Named(ids) => format!("Arrays.asList({})", list(ids, quote)),
        Ids::Replied(name) if is_typed => format!("Arrays.asList(body.get{name}())"),
        Ids::Replied(name) => format!("Arrays.asList((String) body.get({}))", quote(name)),
        Ids::RepliedSets if is_typed => "body.getInstanceIdSets().getInstanceIdSet()".to_owned(),
        Ids::RepliedSets => {
            "(List<String>) ((Map<?, ?>) body.get(\"InstanceIdSets\")).get(\"InstanceIdSet\")"
                .into()
        }
    };
    match waiting.goal {
        Some(goal) => format!("waitFor(client, {ids}, {});", quote(goal)),
        None => format!("waitUntilGone(client, {ids});"),
    }
}
