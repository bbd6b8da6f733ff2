//! The replies of the controls, formatted for people.

use domain::Moment;
use serde_json::Value;

use crate::catalog::times::with_seconds;
use crate::cli::output::{table, text_of};

/// A list, bare or inside the field of this name.
fn entries<'a>(reply: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    reply.get(name).unwrap_or(reply).as_array()
}

/// A list of objects as a table.
pub(super) fn list(reply: &Value, name: &str, columns: &[&str]) -> Option<String> {
    let entries = entries(reply, name)?;
    if entries.is_empty() {
        return Some(none_of(name));
    }
    let row = |entry: &Value| columns.iter().map(|column| shown(entry, column)).collect();
    let headings: Vec<String> = columns.iter().map(|column| column.replace('_', " ")).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    Some(table(&headings, &entries.iter().map(row).collect::<Vec<_>>()))
}

/// The sentence for a list that is empty, with what to do.
fn none_of(name: &str) -> String {
    let way = match name {
        "rules" => "`diskdock admin rules add --transition detach --do hold` adds one",
        "faults" => {
            "`diskdock admin faults add --action DetachDisk --answer IncorrectDiskStatus` adds one"
        }
        "calls" => "they are of accepted writes, such as `diskdock call CreateDisk`",
        "damaged" => {
            return "no damaged disks: there is nothing to accept or to restore".to_owned();
        }
        "differences" => "store and hypervisor agree, there is nothing to do",
        _ => return format!("no {name}"),
    };
    format!("no {name}: {way}")
}

/// The table for no operation in flight.
const NO_OPERATIONS: &str =
    "no operations in flight: a call such as `diskdock call DetachDisk` begins one";

/// The fields of an answer about the server, a line each.
pub(super) fn health(reply: &Value) -> String {
    let fields = reply.as_object().into_iter().flatten();
    let lines =
        fields.map(|(name, _)| format!("{}: {}", name.replace('_', " "), text_of(reply, name)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A field; one that holds a moment, as a time.
fn shown(entry: &Value, column: &str) -> String {
    match entry.get(column).and_then(Value::as_i64) {
        Some(milliseconds) if column == "at" => with_seconds(Moment(milliseconds)),
        _ if matches!(column, "behaviour" | "fault") => effect(&entry[column]),
        _ => text_of(entry, column),
    }
}

/// The effect of a rule or a fault, as it is written on the command line.
fn effect(value: &Value) -> String {
    let does = text_of(value, "do").replace('_', "-");
    match (value["milliseconds"].as_i64(), value["code"].as_str()) {
        (Some(milliseconds), _) => format!("{does}={milliseconds}ms"),
        (None, Some(code)) => format!("{does} {code}"),
        (None, None) => does,
    }
}

/// Operations in flight, then those given up with their reason.
pub(super) fn operations(reply: &Value) -> Option<String> {
    let is_given_up = |one: &&Value| one.get("given_up").and_then(Value::as_bool) == Some(true);
    let (given_up, in_flight): (Vec<&Value>, Vec<&Value>) =
        entries(reply, "operations")?.iter().partition(is_given_up);
    let rows = |operations: &[&Value], columns: &[&str]| -> Vec<Vec<String>> {
        let row = |one: &&Value| columns.iter().map(|column| text_of(one, column)).collect();
        operations.iter().map(row).collect()
    };
    let columns =
        ["kind", "disk", "instance", "phase", "tries", "last_event", "next_at", "deadline_at"];
    let headings =
        ["kind", "disk", "instance", "phase", "tries", "last event", "next try", "deadline"];
    let mut text = if in_flight.is_empty() {
        NO_OPERATIONS.to_owned()
    } else {
        table(&headings, &rows(&in_flight, &columns))
    };
    if !given_up.is_empty() {
        let columns = ["kind", "disk", "instance", "tries", "created_at", "last_event"];
        let headings = ["kind", "disk", "instance", "tries", "began", "reason"];
        text.push_str("\n\nfailed:\n");
        text.push_str(&table(&headings, &rows(&given_up, &columns)));
    }
    Some(text)
}

/// The clock on one line.
pub(super) fn clock(reply: &Value) -> Option<String> {
    let held = reply.get("held")?.as_bool()?;
    let now = reply.get("now")?.as_str()?;
    Some(format!("{now}, {}", if held { "held" } else { "running" }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_show_failures_with_their_reasons() {
        let reply = json!({ "operations": [
            { "kind": "disk.detach", "disk": "d-1", "instance": "i-1", "phase": "unplugging",
              "tries": 2, "last_event": "the guest has not let go", "next_at": "N",
              "deadline_at": "D", "created_at": "C", "given_up": false },
            { "kind": "disk.detach", "disk": "d-2", "instance": null, "tries": 9,
              "last_event": "the guest keeps it", "created_at": "C", "given_up": true },
        ] });
        let text = operations(&reply).unwrap();
        let (in_flight, given_up) = text.split_once("\n\nfailed:\n").unwrap();
        assert!(in_flight.contains("NEXT TRY") && in_flight.contains("the guest has not let go"));
        assert!(!in_flight.contains("d-2"));
        assert!(given_up.contains("the guest keeps it"));
        assert_eq!(operations(&json!([])).unwrap(), NO_OPERATIONS);
    }

    #[test]
    fn list_reads_arrays_with_and_without_a_name() {
        let bare = json!([{ "instance": "i-1", "what": "is off" }]);
        let expected = "INSTANCE  WHAT\ni-1       is off";
        assert_eq!(list(&bare, "differences", &["instance", "what"]).unwrap(), expected);
        let calls = json!({ "calls": [{ "at": 0, "action": "DetachDisk" }] });
        assert!(list(&calls, "calls", &["at"]).unwrap().ends_with("1970-01-01T00:00:00Z"));
        assert!(list(&json!([]), "damaged", &["disk"]).unwrap().starts_with("no damaged disks: "));
        let hold = json!([{ "behaviour": { "do": "hold" } },
                          { "behaviour": { "do": "take", "milliseconds": 5 } }]);
        let table = list(&hold, "rules", &["behaviour"]).unwrap();
        assert_eq!(table, "BEHAVIOUR\nhold\ntake=5ms");
        assert_eq!(effect(&json!({ "do": "answer", "code": "X" })), "answer X");
        assert_eq!(clock(&json!({ "now": "T", "held": true })).unwrap(), "T, held");
    }
}
