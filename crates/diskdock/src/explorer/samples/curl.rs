//! A bash script that signs with openssl and sends with curl, showing each step of the signature.

use super::NoSample;
use super::names::kebab;
use super::plan::Plan;
use super::quote::bash as quote;
use super::shell_wait::{SHARED, refuse_nul, wait};
use super::template::{comments, fill};
use crate::gateway::decode::Pair;

const TEMPLATE: &str = include_str!("templates/curl.txt");

/// The script, and how to run it.
pub(crate) fn write(plan: &Plan<'_>) -> Result<(String, String), NoSample> {
    refuse_nul(&plan.pairs)?;
    let endpoint = plan.endpoint();
    let scheme = if plan.target.https() { "https" } else { "http" };
    let code = fill(
        TEMPLATE,
        "program",
        &[
            ("summary", plan.spec.summary.to_owned()),
            ("scheme", scheme.to_owned()),
            ("host", quote(&endpoint)),
            ("notes", comments("# ", &plan.notes())),
            ("version", plan.product.version.to_owned()),
            ("action", plan.spec.name.to_owned()),
            ("pairs", pairs(&plan.sorted())),
            ("texts", fill(SHARED, "texts", &[])),
            ("wait", wait(plan, look)),
        ],
    );
    let file = format!("{}-curl.sh", kebab(plan.spec.name));
    Ok((code, fill(TEMPLATE, "how to run", &[("file", file)])))
}

/// Each parameter as `Name value`, on a line of its own.
fn pairs(pairs: &[Pair]) -> String {
    let lines = pairs.iter().map(|(name, value)| format!("{name} {}", quote(value)));
    let lines: Vec<String> = lines.collect();
    lines.join("\n")
}

fn look(_: &Plan<'_>, describe: &str, list: &str, region: &str) -> String {
    format!("checked {describe} {list} \"$ids\" PageSize 100 RegionId {region}")
}
