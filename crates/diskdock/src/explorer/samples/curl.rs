//! A bash script that signs with openssl and sends with curl, showing each step of the signature.

use super::NoSample;
use super::names::kebab;
use super::plan::Plan;
use super::quote::bash as quote;
use super::template::{comments, fill};
use super::tree::Pair;
use super::waiting::{Ids, PATIENCE_S, Subject, Waiting};

const TEMPLATE: &str = include_str!("templates/curl.txt");

/// The script, and how to run it.
pub fn write(plan: &Plan<'_>) -> Result<(String, String), NoSample> {
    refuse_nul(&plan.pairs)?;
    let endpoint = plan.target.endpoint();
    let scheme = if plan.target.https() { "https" } else { "http" };
    let waiting = plan.waiting.as_ref();
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("scheme", scheme.to_owned()),
            ("host", quote(&endpoint)),
            ("notes", comments("# ", &plan.notes())),
            ("action", plan.spec.name.to_owned()),
            ("pairs", pairs(&plan.sorted())),
            ("wait", waiting.map_or(String::new(), |waiting| wait(plan, waiting))),
        ],
    );
    let file = format!("{}-curl.sh", kebab(plan.spec.name));
    Ok((code, fill(TEMPLATE, "how to run", &[("file", file)])))
}

/// A shell cannot hold the character 0 in a variable or an argument.
pub fn refuse_nul(pairs: &[Pair]) -> Result<(), NoSample> {
    match pairs.iter().find(|(_, value)| value.contains('\0')) {
        Some((name, _)) => Err(NoSample::because(format!(
            "{name} has a character with the number 0, which a shell cannot hold. Use another language."
        ))),
        None => Ok(()),
    }
}

/// Each parameter as `Name value`, on a line of its own.
fn pairs(pairs: &[Pair]) -> String {
    let lines = pairs.iter().map(|(name, value)| format!("{name} {}", quote(value)));
    let lines: Vec<String> = lines.collect();
    lines.join("\n")
}

fn wait(plan: &Plan<'_>, waiting: &Waiting) -> String {
    let (ids, count) = ids(&waiting.ids);
    let (describe, list) = match waiting.subject {
        Subject::Disk => ("DescribeDisks", "DiskIds"),
        Subject::Instance => ("DescribeInstances", "InstanceIds"),
    };
    let slots = [
        ("ids", ids),
        ("describe", describe.to_owned()),
        ("list", list.to_owned()),
        ("count", count),
        ("region", quote(&plan.region)),
        ("passing", waiting.subject.passing().join("|")),
        ("patience", PATIENCE_S.to_string()),
        ("goal", waiting.goal.unwrap_or("gone").to_owned()),
    ];
    fill(TEMPLATE, if waiting.goal.is_some() { "wait" } else { "wait until gone" }, &slots)
}

/// The ids as a JSON list, in the words of the shell, and how many they are.
fn ids(ids: &Ids) -> (String, String) {
    match ids {
        Ids::Named(ids) => (quote(&serde_json::json!(ids).to_string()), ids.len().to_string()),
        Ids::Replied(name) => {
            (format!("\"[\\\"$(texts {name} <<<\"$reply\")\\\"]\""), "1".to_owned())
        }
        Ids::RepliedSets => (
            "$(sed 's/.*\"InstanceIdSet\": *\\(\\[[^]]*\\]\\).*/\\1/' <<<\"$reply\")".to_owned(),
            "$(tr ',' '\\n' <<<\"$ids\" | wc -l)".to_owned(),
        ),
    }
}
