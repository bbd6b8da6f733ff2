//! Go, with the current SDK `github.com/alibabacloud-go/ecs-20140526` or that of another product.

use super::model::Kind;
use super::names::{pascal, snake};
use super::plan::Plan;
use super::quote::{go as quote, list};
use super::request::{Class, Words};
use super::sdk::{Sdk, TemplateSlot};
use super::template::fill;
use super::waiting::SampleIds;

/// The language.
pub(crate) struct Go;

impl Sdk for Go {
    const TEMPLATE: &'static str = include_str!("templates/go.txt");
    const NO_WAIT: &'static str = "return nil";

    fn quote(text: &str) -> String {
        quote(text)
    }

    fn method(action: &str) -> String {
        action.to_owned()
    }

    fn declaration(_: &str, request: &str) -> String {
        format!("request := {request}")
    }

    fn pair(name: &str, value: &str) -> String {
        format!("{}: tea.String({}),", quote(name), quote(value))
    }

    /// `"a": x,` lines with their values below each other, as gofmt wants them.
    fn laid_out(pairs: String) -> String {
        let split: Vec<(&str, &str)> =
            pairs.lines().map(|line| line.split_once("\": ").unwrap_or((line, ""))).collect();
        let width = split.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines = split
            .iter()
            .map(|(name, value)| format!("{name}\":{}{value}", " ".repeat(width - name.len() + 1)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The entries of a set.
    fn passing(statuses: &[&str]) -> String {
        let entries = statuses.iter().map(|status| format!("{}: true", quote(status)));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
    }

    fn texts(texts: &[String]) -> String {
        format!("[]string{{{}}}", list(texts, quote))
    }

    fn replied(field: &str, typed: bool) -> String {
        if typed {
            format!("[]string{{tea.StringValue(body.{field})}}")
        } else {
            format!("[]string{{body[{}].(string)}}", quote(field))
        }
    }

    /// Without a model, the ids are gathered before: see [`own`](Go::own).
    fn replied_list([outer, inner]: [&str; 2], typed: bool) -> String {
        if typed { format!("tea.StringSliceValue(body.{outer}.{inner})") } else { "ids".to_owned() }
    }

    fn wait(ids: &str, goal: Option<&str>) -> String {
        match goal {
            Some(goal) => format!("return waitFor(client, {ids}, {})", quote(goal)),
            None => format!("return waitUntilGone(client, {ids})"),
        }
    }

    fn file(action: &str) -> String {
        snake(action)
    }

    fn own(plan: &Plan<'_>) -> Vec<TemplateSlot> {
        let time = if plan.waiting.is_some() { "\"time\"" } else { "" };
        let dara = if plan.fit.is_err() { "\"github.com/alibabacloud-go/tea/dara\"" } else { "" };
        vec![("time", time.to_owned()), ("dara", dara.to_owned()), ("gather", gather(plan))]
    }
}

/// The ids of a reply without a model.
fn gather(plan: &Plan<'_>) -> String {
    match plan.waiting.as_ref().map(|waiting| &waiting.ids) {
        Some(SampleIds::RepliedList([outer, inner])) if plan.fit.is_err() => {
            let slots = [("outer", (*outer).to_owned()), ("inner", (*inner).to_owned())];
            fill(Go::TEMPLATE, "gather", &slots)
        }
        _ => String::new(),
    }
}

impl Words for Go {
    const INDENT: &'static str = "\t";
    const BEFORE_MEMBERS: &'static str = ".\n";
    const CLOSE_LIST: &'static str = "}";

    fn open(class: Class<'_>) -> String {
        format!("new({}.{})", class.package, class.name)
    }

    fn member(name: &str, value: &str, last: bool) -> String {
        format!("Set{}({value}){}", pascal(name), if last { "" } else { "." })
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
        format!("[]*{}.{}{{", class.package, class.name)
    }

    fn separator(_: bool) -> &'static str {
        ","
    }
}
