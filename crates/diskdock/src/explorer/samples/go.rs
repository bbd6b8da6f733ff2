//! Go, with the current SDK `github.com/alibabacloud-go/ecs-20140526`.

use super::model::Kind;
use super::names::snake;
use super::plan::Plan;
use super::quote::{go as quote, list};
use super::request::{self, Class, request};
use super::template::{comments, fill};
use super::waiting::{Ids, TIMEOUT_S, Waiting};

const TEMPLATE: &str = include_str!("templates/go.txt");

/// The program, and how to run it.
pub fn write(plan: &Plan<'_>) -> (String, String) {
    let action = plan.spec.name.to_owned();
    let call = match &plan.fit {
        Ok(members) => {
            let request = request::<Words>(&plan.request_class(), members);
            let request = format!("request := {request}");
            fill(TEMPLATE, "typed", &[("request", request), ("action", action)])
        }
        Err(_) => {
            let line =
                |name: &str, value: &str| format!("{}: tea.String({}),", quote(name), quote(value));
            let pairs = aligned(&plan.pair_lines(line));
            fill(TEMPLATE, "generic", &[("pairs", pairs), ("action", action)])
        }
    };
    let waiting = plan.waiting.as_ref();
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("notes", comments("// ", &plan.notes_with_misfits())),
            ("time", waiting.map_or("", |_| "\"time\"").to_owned()),
            (
                "dara",
                if plan.fit.is_err() { "\"github.com/alibabacloud-go/tea/dara\"" } else { "" }
                    .into(),
            ),
            ("wait", waiting.map_or(String::new(), wait)),
            ("region", quote(&plan.region)),
            ("endpoint", quote(&plan.target.endpoint())),
            ("protocol", plan.protocol().to_owned()),
            ("call", call),
            ("then", waiting.map_or("return nil".to_owned(), |waiting| then(plan, waiting))),
        ],
    );
    (code, fill(TEMPLATE, "how to run", &[("file", format!("{}.go", snake(plan.spec.name)))]))
}

/// `"a": x,` lines with their values below each other, as gofmt wants them.
fn aligned(lines: &str) -> String {
    let split: Vec<(&str, &str)> =
        lines.lines().map(|line| line.split_once("\": ").unwrap_or((line, ""))).collect();
    let width = split.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = split
        .iter()
        .map(|(name, value)| format!("{name}\":{}{value}", " ".repeat(width - name.len() + 1)));
    lines.collect::<Vec<_>>().join("\n")
}

struct Words;

impl request::Words for Words {
    const INDENT: &'static str = "\t";
    const BEFORE_MEMBERS: &'static str = ".\n";
    const CLOSE_LIST: &'static str = "}";

    fn open(class: Class<'_>) -> String {
        format!("new(ecs.{})", class.name)
    }

    fn member(name: &str, value: &str, last: bool) -> String {
        format!("Set{name}({value}){}", if last { "" } else { "." })
    }

    fn leaf(kind: Kind, text: &str) -> String {
        match kind {
            Kind::Text => quote(text),
            Kind::Integer | Kind::Long | Kind::Float | Kind::Boolean => text.to_owned(),
        }
    }

    fn leaves(kind: Kind, values: &[String]) -> String {
        let values = values.join(", ");
        match kind {
            Kind::Text => format!("tea.StringSlice([]string{{{values}}})"),
            Kind::Integer => format!("tea.Int32Slice([]int32{{{values}}})"),
            Kind::Long => format!("tea.Int64Slice([]int64{{{values}}})"),
            Kind::Float => format!("tea.Float32Slice([]float32{{{values}}})"),
            Kind::Boolean => format!("tea.BoolSlice([]bool{{{values}}})"),
        }
    }

    fn open_list(class: Class<'_>) -> String {
        format!("[]*ecs.{}{{", class.name)
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
            ("passing", passing(waiting)),
            ("timeout", TIMEOUT_S.to_string()),
        ],
    )
}

fn then(plan: &Plan<'_>, waiting: &Waiting) -> String {
    let is_typed = plan.fit.is_ok();
    let ids = match &waiting.ids {
        Ids::Named(ids) => format!("[]string{{{}}}", list(ids, quote)),
        Ids::Replied(name) if is_typed => format!("[]string{{tea.StringValue(body.{name})}}"),
        Ids::Replied(name) => format!("[]string{{body[{}].(string)}}", quote(name)),
        Ids::RepliedSets if is_typed => {
            "tea.StringSliceValue(body.InstanceIdSets.InstanceIdSet)".to_owned()
        }
        Ids::RepliedSets => "ids".to_owned(),
    };
    let gather = match (&waiting.ids, is_typed) {
        (Ids::RepliedSets, false) => fill(TEMPLATE, "replied sets", &[]),
        _ => String::new(),
    };
    let wait = match waiting.goal {
        Some(goal) => format!("return waitFor(client, {ids}, {})", quote(goal)),
        None => format!("return waitUntilGone(client, {ids})"),
    };
    gather + &wait
}

/// The statuses that do not last, as the entries of a set.
fn passing(waiting: &Waiting) -> String {
    let entries = waiting.subject.passing().iter().map(|word| format!("{}: true", quote(word)));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
}
