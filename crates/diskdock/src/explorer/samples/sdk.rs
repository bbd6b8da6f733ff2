//! Samples for the typed SDKs: the same program, written in each language.
//!
//! A language has a template with the sections `program`, `typed`, `generic`, `statuses`, `wait`,
//! `wait until gone` and `how to run`, and the pieces of [`Sdk`].

use super::names::pascal;
use super::plan::Plan;
use super::request::{Words, request};
use super::template::{comments, fill};
use super::waiting::{SampleIds, Waiting};

/// A slot of a template and what is filled in.
pub(crate) type TemplateSlot = (&'static str, String);

/// The pieces of a language.
pub(crate) trait Sdk: Words {
    /// The file with the sections.
    const TEMPLATE: &'static str;
    /// The mark that begins a comment.
    const COMMENT: &'static str = "// ";

    /// A text as a literal.
    fn quote(text: &str) -> String;

    /// A wire name as the SDK writes it.
    fn name(wire: &str) -> String {
        pascal(wire)
    }

    /// The name of the method that calls an action.
    fn method(action: &str) -> String;

    /// The statement that makes the request.
    fn declaration(class: &str, request: &str) -> String;

    /// A parameter of a call that is made by wire names, on a line of its own.
    fn pair(name: &str, value: &str) -> String;

    /// All such lines, laid out as the language wants them.
    fn laid_out(pairs: String) -> String {
        pairs
    }

    /// Statuses as the inner part of a literal list or set.
    fn passing(statuses: &[&str]) -> String {
        let quoted = statuses.iter().map(|status| Self::quote(status));
        quoted.collect::<Vec<_>>().join(", ")
    }

    /// A list of texts, written out.
    fn texts(texts: &[String]) -> String;

    /// A list of the one id in this field of the reply, which is a model's if `typed`.
    fn replied(field: &str, typed: bool) -> String;

    /// The list of ids at this place of the reply, which is a model's if `typed`.
    fn replied_list(path: [&str; 2], typed: bool) -> String;

    /// The statements that wait for these ids to reach the status, or to be gone.
    fn wait(ids: &str, goal: Option<&str>) -> String;

    /// The end of a program that waits for nothing.
    const NO_WAIT: &'static str = "";

    /// The name of the file without its ending.
    fn file(action: &str) -> String;

    /// Slots that no other language has.
    fn own(_: &Plan<'_>) -> Vec<TemplateSlot> {
        Vec::new()
    }
}

/// The program, and how to run it.
pub(crate) fn write<L: Sdk>(plan: &Plan<'_>) -> (String, String) {
    let mut slots = plan_slots::<L>(plan);
    slots.extend(L::own(plan));
    if let Some(waiting) = &plan.waiting {
        slots.extend(waiting.slots(L::name));
        slots.push(("describe call", L::method(waiting.resource.listing.action)));
        slots.push(("passing", L::passing(&waiting.resource.passing())));
        slots.push(("statuses", fill(L::TEMPLATE, "statuses", &slots)));
    }
    slots.push(("call", call::<L>(plan, &slots)));
    let wait = |waiting: &Waiting| fill(L::TEMPLATE, waiting.section(), &slots);
    let wait = plan.waiting.as_ref().map_or(String::new(), wait);
    slots.push(("wait", wait));
    (fill(L::TEMPLATE, "program", &slots), fill(L::TEMPLATE, "how to run", &slots))
}

fn plan_slots<L: Sdk>(plan: &Plan<'_>) -> Vec<TemplateSlot> {
    let action = plan.spec.name;
    let then = |waiting: &Waiting| then::<L>(waiting, plan.fit.is_ok());
    let mut slots = plan.product_slots();
    slots.extend([
        ("summary", plan.spec.summary.to_owned()),
        ("notes", comments(L::COMMENT, &plan.notes_with_misfits())),
        ("action", action.to_owned()),
        ("method", L::method(action)),
        ("region", L::quote(&plan.region)),
        ("endpoint", L::quote(&plan.endpoint())),
        ("protocol", plan.protocol().to_owned()),
        ("then", plan.waiting.as_ref().map_or(L::NO_WAIT.to_owned(), then)),
        ("file", L::file(action)),
    ]);
    slots
}

/// The call by the SDK's model, or by wire names where the model cannot carry it.
fn call<L: Sdk>(plan: &Plan<'_>, slots: &[TemplateSlot]) -> String {
    let mut slots = slots.to_vec();
    match &plan.fit {
        Ok(members) => {
            let class = plan.request_class();
            let request = request::<L>(&plan.alias(), &class, members);
            slots.push(("request", L::declaration(&class, &request)));
            fill(L::TEMPLATE, "typed", &slots)
        }
        Err(_) => {
            slots.push(("pairs", L::laid_out(plan.pair_lines(L::pair))));
            fill(L::TEMPLATE, "generic", &slots)
        }
    }
}

fn then<L: Sdk>(waiting: &Waiting, typed: bool) -> String {
    let ids = match &waiting.ids {
        SampleIds::Named(ids) => L::texts(ids),
        SampleIds::Replied(field) => L::replied(field, typed),
        SampleIds::RepliedList(path) => L::replied_list(*path, typed),
    };
    L::wait(&ids, waiting.goal)
}
