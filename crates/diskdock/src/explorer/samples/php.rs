//! PHP 8 without any package: it signs and sends by itself.

use super::names::kebab;
use super::plan::Plan;
use super::quote::{list, php as quote};
use super::template::{comments, fill};
use super::waiting::{Ids, Subject, TIMEOUT_S, Waiting};

const TEMPLATE: &str = include_str!("templates/php.txt");

/// The program, and how to run it.
pub fn write(plan: &Plan<'_>) -> (String, String) {
    let waiting = plan.waiting.as_ref();
    let scheme = if plan.target.https() { "https" } else { "http" };
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("notes", comments("// ", &plan.notes())),
            ("scheme", scheme.to_owned()),
            ("host", quote(&plan.target.endpoint())),
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
    let (describe, list_name, group, item, id) = match waiting.subject {
        Subject::Disk => ("DescribeDisks", "DiskIds", "Disks", "Disk", "DiskId"),
        Subject::Instance => {
            ("DescribeInstances", "InstanceIds", "Instances", "Instance", "InstanceId")
        }
    };
    let slots = [
        ("noun", waiting.subject.noun().to_owned()),
        ("region", quote(&plan.region)),
        ("describe", describe.to_owned()),
        ("list", list_name.to_owned()),
        ("group", group.to_owned()),
        ("item", item.to_owned()),
        ("id", id.to_owned()),
        ("passing", list(waiting.subject.passing(), quote)),
        ("timeout", TIMEOUT_S.to_string()),
    ];
    let section = if waiting.goal.is_some() { "wait" } else { "wait until gone" };
    fill(TEMPLATE, "statuses", &slots) + &fill(TEMPLATE, section, &slots)
}

fn then(waiting: &Waiting) -> String {
    let ids = match &waiting.ids {
        Ids::Named(ids) => format!("[{}]", list(ids, quote)),
        Ids::Replied(name) => format!("[$reply[{}]]", quote(name)),
        Ids::RepliedSets => "$reply['InstanceIdSets']['InstanceIdSet']".to_owned(),
    };
    match waiting.goal {
        Some(goal) => format!("waitFor({ids}, {});", quote(goal)),
        None => format!("waitUntilGone({ids});"),
    }
}
