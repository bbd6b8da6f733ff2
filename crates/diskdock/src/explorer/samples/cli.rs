//! A bash script around the `aliyun` program.

use super::NoSample;
use super::names::kebab;
use super::plan::Plan;
use super::quote::bash as quote;
use super::shell_wait::{SHARED, refuse_nul, wait};
use super::template::{comments, fill};
use crate::gateway::decode::Pair;

const TEMPLATE: &str = include_str!("templates/cli.txt");

/// The script, and how to run it.
pub(crate) fn write(plan: &Plan<'_>) -> Result<(String, String), NoSample> {
    refuse_nul(&plan.pairs)?;
    refuse_empty(&plan.pairs)?;
    let arguments: Vec<String> = plan.pairs.iter().map(argument).collect();
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("endpoint", quote(&plan.endpoint())),
            ("insecure", if plan.target.https() { "" } else { "--insecure" }.to_owned()),
            ("region", quote(&plan.region)),
            ("notes", comments("# ", &plan.notes())),
            ("alias", plan.alias()),
            ("action", plan.spec.name.to_owned()),
            ("arguments", arguments.join(" \\\n")),
            ("more", if arguments.is_empty() { "" } else { " \\" }.to_owned()),
            ("texts", plan.waiting.as_ref().map_or(String::new(), |_| fill(SHARED, "texts", &[]))),
            ("wait", wait(plan, look)),
        ],
    );
    let file = format!("{}-cli.sh", kebab(plan.spec.name));
    Ok((code, fill(TEMPLATE, "how to run", &[("file", file)])))
}

/// The program takes an empty value for a missing one.
fn refuse_empty(pairs: &[Pair]) -> Result<(), NoSample> {
    match pairs.iter().find(|(_, value)| value.is_empty()) {
        Some((name, _)) => Err(NoSample::because(format!(
            "The aliyun CLI cannot send an empty value, and {name} is empty. Leave it out."
        ))),
        None => Ok(()),
    }
}

/// `--Name value`; a value that looks like an option is joined on.
fn argument((name, value): &Pair) -> String {
    let joint = if value.starts_with('-') { "=" } else { " " };
    format!("--{name}{joint}{}", quote(value))
}

fn look(plan: &Plan<'_>, describe: &str, list: &str, region: &str) -> String {
    let alias = plan.alias();
    format!("{alias} {describe} --RegionId {region} --{list} \"$ids\" --PageSize 100")
}
