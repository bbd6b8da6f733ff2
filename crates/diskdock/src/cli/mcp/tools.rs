//! The tools of `diskdock mcp`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::actions::{PRODUCTS, all, find};
use crate::catalog::document::{self, one_line};
use crate::catalog::errors::DRY_RUN;
use crate::catalog::{Listed, Repeat};
use crate::cli::Failure;
use crate::cli::call::{ChangeWaits, DEFAULT_REGION, SigningClient, check};
use crate::gateway::decode::Pair;

/// Documents that can be read.
const DOCUMENTS: &[(&str, &str)] = &[
    ("overview", include_str!("../../../../../README.md")),
    ("command-line", include_str!("../../../../../docs/command-line.md")),
    ("controls", include_str!("../../../../../docs/controls.md")),
    ("hosts", include_str!("../../../../../docs/hosts.md")),
    ("inventory", include_str!("../../../../../docs/inventory.md")),
    ("promise", include_str!("../../../../../docs/promise.md")),
    ("worlds", include_str!("../../../../../docs/worlds.md")),
];
/// Actions that a search gives at most.
const FOUND: usize = 20;
/// The longest watch, in seconds.
const LONGEST_WATCH_S: u64 = 300;

/// The tools over one server.
pub(super) struct Tools {
    pub(super) caller: SigningClient,
    /// Whether calls that write are always dry runs.
    pub(super) read_only: bool,
}

/// All tools, described.
pub(super) fn list() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let tool = |name: &str, about: &str, read_only: bool, properties: Value, required: &[&str]| {
        json!({
            "name": name,
            "description": about,
            "inputSchema": { "type": "object", "properties": properties, "required": required },
            "annotations": { "readOnlyHint": read_only },
        })
    };
    let documents: Vec<&str> = DOCUMENTS.iter().map(|(name, _)| *name).collect();
    json!([
        tool(
            "find_actions",
            "Finds actions of the API by words of their names and summaries.",
            true,
            json!({ "query": text("Words, such as: detach disk. All actions if it is empty.") }),
            &[]
        ),
        tool(
            "describe_action",
            "Describes an action: parameters with limits, preconditions, errors, reply.",
            true,
            json!({ "action": text("Such as DetachDisk.") }),
            &["action"]
        ),
        tool(
            "read_document",
            "Reads a document about diskdock.",
            true,
            json!({ "name": { "type": "string", "enum": documents } }),
            &["name"]
        ),
        tool(
            "call_action",
            "Calls an action. One that writes is a dry run unless dry_run is false.",
            false,
            json!({
                "action": text("Such as DetachDisk."),
                "parameters": { "type": "object", "description": "As the API names them, such as {\"DiskId\": \"d-1\", \"Tag.1.Key\": \"team\"}; a list where the API takes a JSON array." },
                "dry_run": { "type": "boolean", "default": true },
            }),
            &["action"]
        ),
        tool(
            "watch_disk",
            "Waits until a disk has a status, and gives the disk.",
            true,
            json!({
                "disk_id": text("Such as d-1."),
                "status": text("Such as Available, In_use; gone for a deleted disk."),
                "region_id": text("cn-hangzhou unless given."),
                "timeout_s": { "type": "integer", "minimum": 1, "maximum": LONGEST_WATCH_S, "default": 60 },
            }),
            &["disk_id", "status"]
        ),
    ])
}

impl Tools {
    /// The result of a tool. A tool that fails has a result too; the error is for a call of none.
    pub(super) async fn call(&self, parameters: &Value) -> Result<Value, String> {
        let given = &parameters["arguments"];
        let result = match parameters["name"].as_str().unwrap_or_default() {
            "find_actions" => Ok(find_actions(text(given, "query"))),
            "describe_action" => describe(text(given, "action")),
            "read_document" => read_document(text(given, "name")),
            "call_action" => self.call_action(given).await,
            "watch_disk" => self.watch_disk(given).await,
            other => return Err(format!("there is no tool {other:?}")),
        };
        let (text, is_error) = match result {
            Ok(Value::String(text)) => (text, false),
            Ok(value) => (format!("{value:#}"), false),
            Err(why) => (why, true),
        };
        Ok(json!({ "content": [{ "type": "text", "text": text }], "isError": is_error }))
    }

    async fn call_action(&self, given: &Value) -> Result<Value, String> {
        let listed = known(text(given, "action"))?;
        let spec = listed.spec();
        let mut parameters = pairs(listed, &given["parameters"])?;
        let dry = spec.mutates && (self.read_only || given["dry_run"] != json!(false));
        if dry {
            parameters.retain(|(name, _)| name != "DryRun");
            parameters.push(("DryRun".to_owned(), "true".to_owned()));
        }
        parameters.sort();
        check(listed, &parameters).map_err(|failure| in_words(&failure))?;
        match self.caller.ask(&listed.key(PRODUCTS), &parameters).await {
            Err(failure) if dry && failure.is_refusal(DRY_RUN.code) => {
                let next = match self.read_only {
                    true => "This session is read-only: a person has to carry it out.",
                    false => "Call it again with dry_run false to carry it out.",
                };
                Ok(format!("The call would succeed; nothing was changed. {next}").into())
            }
            Err(failure) => Err(in_words(&failure)),
            Ok(reply) => Ok(reply),
        }
    }

    async fn watch_disk(&self, given: &Value) -> Result<Value, String> {
        let (disk, wanted) = (text(given, "disk_id"), text(given, "status"));
        let region = given["region_id"].as_str().unwrap_or(DEFAULT_REGION);
        let seconds = given["timeout_s"].as_u64().unwrap_or(60).min(LONGEST_WATCH_S);
        let ask = [
            ("DiskIds".to_owned(), json!([disk]).to_string()),
            ("RegionId".to_owned(), region.to_owned()),
        ];
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let mut waits = ChangeWaits::at(&self.caller);
        loop {
            waits.begin_look();
            let reply = self.caller.ask("DescribeDisks", &ask).await;
            let reply = reply.map_err(|failure| in_words(&failure))?;
            let found = &reply["Disks"]["Disk"][0];
            let status = found["Status"].as_str().unwrap_or("gone");
            if status.eq_ignore_ascii_case(wanted) {
                return Ok(if found.is_null() { "gone".into() } else { found.clone() });
            }
            if !waits.until_next(deadline).await {
                return Err(format!("{disk} is {status}, not {wanted}, after {seconds} s"));
            }
        }
    }
}

fn text<'a>(given: &'a Value, name: &str) -> &'a str {
    given[name].as_str().unwrap_or_default()
}

fn in_words(failure: &Failure) -> String {
    format!("{}\n{}", failure.message, failure.advice())
}

fn known(name: &str) -> Result<Listed, String> {
    find(name).ok_or_else(|| in_words(&crate::cli::catalog::unknown_action(name)))
}

fn describe(name: &str) -> Result<Value, String> {
    known(name).map(|listed| document::action(listed, PRODUCTS))
}

fn read_document(name: &str) -> Result<Value, String> {
    let found = DOCUMENTS.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| (*text).into()).ok_or_else(|| format!("there is no document {name:?}"))
}

/// Actions with every word of the query in name or summary; the more in the name, the earlier.
fn find_actions(query: &str) -> Value {
    let query = query.to_ascii_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let mut found: Vec<(usize, Listed)> = Vec::new();
    for listed in all() {
        let name = listed.spec().name.to_ascii_lowercase();
        let whole = format!("{name} {}", listed.spec().summary.to_ascii_lowercase());
        if words.iter().all(|word| whole.contains(word)) {
            found.push((words.iter().filter(|word| !name.contains(**word)).count(), listed));
        }
    }
    found.sort_by_key(|(only_in_summary, _)| *only_in_summary);
    let shown = found.iter().take(FOUND).map(|(_, listed)| {
        let spec = listed.spec();
        json!({ "action": listed.key(PRODUCTS), "summary": one_line(spec.summary), "writes": spec.mutates })
    });
    json!({ "actions": shown.collect::<Vec<_>>(), "found": found.len() })
}

/// Parameters of the wire; a RegionId is filled in where the action takes one.
fn pairs(listed: Listed, given: &Value) -> Result<Vec<Pair>, String> {
    let spec = listed.spec();
    let empty = serde_json::Map::new();
    let given = match given {
        Value::Null => &empty,
        Value::Object(given) => given,
        _ => return Err("parameters is an object of names and values".to_owned()),
    };
    let mut pairs = Vec::new();
    for (name, value) in given {
        let repeat = spec.parameters.iter().find(|one| one.name == *name).map(|one| one.repeat);
        match (value, repeat) {
            (Value::String(text), _) => pairs.push((name.clone(), text.clone())),
            (Value::Array(entries), Some(Repeat::Numbered)) => {
                pairs
                    .extend((1..).zip(entries).map(|(n, one)| (format!("{name}.{n}"), plain(one))));
            }
            (value, _) => pairs.push((name.clone(), plain(value))),
        }
    }
    if spec.takes("RegionId") && !given.contains_key("RegionId") {
        pairs.push(("RegionId".to_owned(), DEFAULT_REGION.to_owned()));
    }
    Ok(pairs)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
