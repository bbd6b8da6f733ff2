//! PHP 8 without any package: it signs and sends by itself.

use super::names::kebab;
use super::plan::Plan;
use super::quote::{list, php as quote};
use super::template::{comments, fill};
use super::waiting::{SampleIds, Waiting};

const TEMPLATE: &str = include_str!("templates/php.txt");

/// The program, and how to run it.
pub(crate) fn write(plan: &Plan<'_>) -> (String, String) {
    let waiting = plan.waiting.as_ref();
    let scheme = if plan.target.https() { "https" } else { "http" };
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("notes", comments("// ", &plan.notes())),
            ("scheme", scheme.to_owned()),
            ("host", quote(&plan.endpoint())),
            ("version", plan.product.version.to_owned()),
            ("wait", waiting.map_or(String::new(), |waiting| wait(plan, waiting))),
            ("action", plan.spec.name.to_owned()),
            (
                "pairs",
                plan.pair_lines(|name, value| format!("{} => {},", quote(name), quote(value))),
            ),
            ("then", waiting.map_or(String::new(), then)),
        ],
    );
    (code, fill(TEMPLATE, "how to run", &[("file", format!("{}.php", kebab(plan.spec.name)))]))
}

fn wait(plan: &Plan<'_>, waiting: &Waiting) -> String {
    let mut slots = waiting.slots(str::to_owned);
    slots.push(("region", quote(&plan.region)));
    slots.push(("passing", list(&waiting.resource.passing(), quote)));
    fill(TEMPLATE, "statuses", &slots) + &fill(TEMPLATE, waiting.section(), &slots)
}

fn then(waiting: &Waiting) -> String {
    let ids = match &waiting.ids {
        SampleIds::Named(ids) => format!("[{}]", list(ids, quote)),
        SampleIds::Replied(name) => format!("[$reply[{}]]", quote(name)),
        SampleIds::RepliedList([outer, inner]) => {
            format!("$reply[{}][{}]", quote(outer), quote(inner))
        }
    };
    match waiting.goal {
        Some(goal) => format!("waitFor({ids}, {});", quote(goal)),
        None => format!("waitUntilGone({ids});"),
    }
}
