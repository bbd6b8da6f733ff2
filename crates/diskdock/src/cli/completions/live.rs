//! Values that the running server has: which arguments take them, and how they are shown.

mod server;

use std::ffi::OsStr;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::actions::{PRODUCTS, all, resource};
use crate::catalog::{ParamSpec, Resource, Spec, errors};
use crate::cli::output::text_of;

/// The values that an argument takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LiveValue {
    /// Ids of resources of these kinds, in one of these statuses; in any, if there are none.
    Resources(Vec<&'static str>, Vec<&'static str>),
    /// Disks or instances with an operation in flight.
    InOperation(&'static str),
    /// Names of worlds, the main one among them or not.
    Worlds { with_main: bool },
    /// Names of hosts.
    Hosts,
    /// Ids of access keys.
    Keys,
    /// Ids of imported images.
    Images,
}

/// A value with what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    value: String,
    label: String,
}

impl LiveValue {
    /// The value of an action's parameter that takes a resource.
    pub(crate) fn of_parameter(action: &Spec, parameter: &ParamSpec) -> Option<LiveValue> {
        let noun = resource(parameter.offers?)?.noun;
        Some(LiveValue::Resources(vec![noun], action.fitting(parameter)))
    }

    /// The value of an argument of another command: `["admin", "lock"]`, `instance`.
    fn of_argument(command: &[&str], argument: &str) -> Option<LiveValue> {
        let of_kinds = |nouns: &[&'static str]| LiveValue::Resources(nouns.to_vec(), Vec::new());
        Some(match (command, argument) {
            (["admin", "finish" | "refuse" | "step", ..], "disk") => LiveValue::InOperation("disk"),
            (["admin", "finish" | "refuse" | "step", ..], "instance") => {
                LiveValue::InOperation("instance")
            }
            (["admin", ..], "disk") => of_kinds(&["disk"]),
            (["admin", ..], "instance") | (["console", ..], "instance_id") => {
                of_kinds(&["instance"])
            }
            (["disk", "export"], "id") => of_kinds(&["snapshot", "disk"]),
            (["call" | "console" | "sample"], "region") => of_kinds(&["region"]),
            (["disk", "import"], "zone") => of_kinds(&["zone"]),
            (["world", "delete"], "name") => LiveValue::Worlds { with_main: false },
            (["world", "switch"], "name")
            | (["world", "diff"], "one" | "other")
            | (["world", "fork"], "from")
            | (["admin", ..], "world") => LiveValue::Worlds { with_main: true },
            (["hosts", _], "name") => LiveValue::Hosts,
            (["key", _], "id") => LiveValue::Keys,
            (["image", "delete"], "id") => LiveValue::Images,
            _ => return None,
        })
    }

    /// Offers such values.
    pub(crate) fn completer(self) -> ArgValueCompleter {
        ArgValueCompleter::new(move |begun: &OsStr| {
            let Some(begun) = begun.to_str() else { return Vec::new() };
            let words = std::env::args().skip_while(|word| word != "--").skip(1);
            let found = server::ask(&self, &words.collect::<Vec<_>>());
            let fitting = found.into_iter().filter(|found| found.value.starts_with(begun));
            fitting.filter_map(Found::candidate).collect()
        })
    }
}

impl Found {
    /// The value as a shell may insert it; none if it has characters that a shell would obey.
    fn candidate(mut self) -> Option<CompletionCandidate> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:@/+=-".contains(c);
        if !self.value.chars().all(is_plain) {
            return None;
        }
        self.label.retain(|c| !c.is_control());
        Some(CompletionCandidate::new(self.value).help(Some(self.label.into())))
    }
}

/// A command, and all below it, whose arguments offer what the server has. Those of `faults add`
/// offer the names of actions and error codes.
pub(crate) fn with_live_values(command: Command, path: &[&str]) -> Command {
    let command = command.mut_args(|argument| with_values(argument, path));
    let below: Vec<String> = command.get_subcommands().map(|one| one.get_name().into()).collect();
    below.iter().fold(command, |command, name| {
        let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        command.mut_subcommand(name, |inner| with_live_values(inner, &path))
    })
}

fn with_values(argument: Arg, path: &[&str]) -> Arg {
    if let Some(live) = LiveValue::of_argument(path, argument.get_id().as_str()) {
        return argument.add(live.completer());
    }
    match (path, argument.get_id().as_str()) {
        (["admin", "faults", "add"], "action") => {
            let names = all().map(|listed| listed.key(PRODUCTS));
            argument.value_parser(PossibleValuesParser::new(names))
        }
        (["admin", "faults", "add"], "answer") => {
            let mut codes: Vec<&str> = errors::all().map(|error| error.code).collect();
            codes.sort_unstable();
            codes.dedup();
            argument.value_parser(PossibleValuesParser::new(codes))
        }
        _ => argument,
    }
}

/// The label of a resource: its status, and the texts of its kind.
fn label_of(kind: &Resource, entry: &serde_json::Value) -> String {
    let mut parts = vec![text_of(entry, "Status")];
    parts.extend(kind.listing.texts.iter().map(|text| filled_in(text, entry).unwrap_or_default()));
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// A text with fields in braces; none if one of them is empty.
fn filled_in(text: &str, entry: &serde_json::Value) -> Option<String> {
    let Some((before, rest)) = text.split_once('{') else { return Some(text.to_owned()) };
    let (field, after) = rest.split_once('}')?;
    let value = text_of(entry, field);
    let value = Some(value).filter(|value| !value.is_empty())?;
    Some(format!("{before}{value}{}", filled_in(after, entry)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::actions::find;

    #[test]
    fn of_parameter_knows_kind_and_statuses() {
        let action = find("DetachDisk").unwrap().spec();
        let parameter = |name: &str| action.parameters.iter().find(|one| one.name == name).unwrap();
        let disk = LiveValue::of_parameter(action, parameter("DiskId")).unwrap();
        assert_eq!(disk, LiveValue::Resources(vec!["disk"], vec!["In_use"]));
        assert_eq!(LiveValue::of_parameter(action, parameter("DeleteWithInstance")), None);
    }

    #[test]
    fn of_argument_knows_every_argument_of_a_live_name() {
        let known =
            |path: &[&str], argument: &str| LiveValue::of_argument(path, argument).is_some();
        let command = crate::cli::commands::full_command();
        let mut seen = Vec::new();
        collect(&command, &mut Vec::new(), &mut seen);
        let named = ["instance", "instance_id", "disk", "world"];
        let mut asked = seen.iter().filter(|(_, argument)| named.contains(&argument.as_str()));
        let plain = |path: &[String]| path.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let missing = asked.find(|(path, argument)| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            path[0] != "call" && !known(&path, argument)
        });
        assert_eq!(missing.map(|(path, argument)| format!("{} {argument}", plain(path))), None);
        for (path, argument) in [("world switch", "name"), ("hosts drain", "name")] {
            let there = |(at, name): &(Vec<String>, String)| plain(at) == path && name == argument;
            assert!(seen.iter().any(there), "{path} {argument}");
        }
    }

    fn collect(command: &Command, path: &mut Vec<String>, out: &mut Vec<(Vec<String>, String)>) {
        let arguments = command.get_arguments().map(|one| one.get_id().to_string());
        out.extend(arguments.filter(|_| !path.is_empty()).map(|one| (path.clone(), one)));
        for inner in command.get_subcommands() {
            path.push(inner.get_name().to_owned());
            collect(inner, path, out);
            path.pop();
        }
    }

    #[test]
    fn candidate_is_nothing_that_a_shell_or_terminal_obeys() {
        let found = |value: &str| Found { value: value.into(), label: "a\x1b[2J\nb\u{9b}c".into() };
        for wrong in ["$(id)", "a b", "a;b", "`id`", "a'b", "a\nb", "a\u{9b}b", "ä", "~", "a&b"] {
            assert!(found(wrong).candidate().is_none(), "{wrong:?}");
        }
        let kept = found("d-1._:@/+=-Z").candidate().unwrap();
        assert_eq!(kept.get_value(), "d-1._:@/+=-Z");
        assert_eq!(kept.get_help().unwrap().to_string(), "a[2Jbc");
    }

    #[test]
    fn label_leaves_out_what_is_empty() {
        let kind = resource("disk").unwrap();
        let free = json!({ "Status": "Available", "Size": 20, "DiskName": "", "InstanceId": "" });
        assert_eq!(label_of(kind, &free), "Available, 20 GiB");
        let held = json!({ "Status": "In_use", "Size": 8, "DiskName": "a", "InstanceId": "i-1" });
        assert_eq!(label_of(kind, &held), "In_use, a, 8 GiB, on i-1");
    }
}
