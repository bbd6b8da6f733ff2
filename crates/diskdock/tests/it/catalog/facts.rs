//! Every action against the facts of the API in `tests/facts`.
//!
//! Where an action differs, `tests/baseline` has a line with the reason. A difference without a
//! line fails, and so does a line without a difference: the files can only shrink.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use diskdock::actions::{self, PRODUCTS};
use diskdock::catalog::{ErrorCode, Listed, ParamSpec, Presence, Repeat, ReplyShape};

use super::spec::GATEWAY;

/// Parameters that the gateway takes for every action.
const LEGACY: &[&str] = &["OwnerAccount", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId"];

fn tests_folder(rest: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(rest)
}

/// The rows of a file of facts, without its heading.
pub(super) fn rows(file: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(tests_folder("facts").join(file)).unwrap();
    let row = |line: &str| line.split('\t').map(str::to_owned).collect();
    text.lines().skip(1).map(row).collect()
}

/// Whether a row is about this action: its first columns are product and action.
pub(super) fn is_about(row: &[String], action: &Listed) -> bool {
    row[0] == action.product.code && row[1] == action.spec().name
}

/// Fails unless the differences are those of the baseline, each with its reason.
pub(super) fn compare(file: &str, found: &BTreeSet<String>) {
    let text = fs::read_to_string(tests_folder("baseline").join(file)).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut listed = BTreeSet::new();
    for line in lines {
        let (difference, reason) = line.split_once(" # ").unwrap_or((line, ""));
        assert!(!reason.trim().is_empty(), "{file}: a reason must follow ` # `: {line}");
        assert!(listed.insert(difference.to_owned()), "{file}: twice: {line}");
    }
    let join =
        |lines: Vec<&String>| lines.into_iter().map(|l| format!("{l}\n")).collect::<String>();
    let unlisted = join(found.difference(&listed).collect());
    let healed = join(listed.difference(found).collect());
    assert!(
        unlisted.is_empty() && healed.is_empty(),
        "tests/baseline/{file} differs\n-- new, fix or list with a reason:\n{unlisted}\
         -- gone, take out:\n{healed}"
    );
}

/// One parameter with its full name.
#[derive(Debug)]
struct Leaf {
    name: String,
    kind: &'static str,
    encoding: &'static str,
    required: bool,
}

fn leaves(specs: &[ParamSpec], prefix: &str, out: &mut Vec<Leaf>) {
    for spec in specs {
        let name = format!("{prefix}{}", spec.name);
        match (spec.repeat, spec.children.is_empty()) {
            (Repeat::Structure, _) => leaves(spec.children, &format!("{name}."), out),
            (Repeat::Numbered, false) => leaves(spec.children, &format!("{name}.N."), out),
            (Repeat::Numbered, true) => out.push(leaf(spec, format!("{name}.N"), "numbered")),
            (Repeat::JsonArray, _) => out.push(leaf(spec, name, "json")),
            (Repeat::Commas, _) => out.push(leaf(spec, name, "comma")),
            (Repeat::Once, _) if is_json_text(spec) => out.push(leaf(spec, name, "json")),
            (Repeat::Once, _) if prefix.is_empty() => out.push(leaf(spec, name, "scalar")),
            (Repeat::Once, _) => out.push(leaf(spec, name, "group")),
        }
    }
}

/// Whether a text is a JSON array of structures, which travels as a JSON array of texts does.
fn is_json_text(spec: &ParamSpec) -> bool {
    spec.example.starts_with("[{")
}

fn leaf(spec: &ParamSpec, name: String, encoding: &'static str) -> Leaf {
    let required = spec.presence != Presence::Optional;
    // A list in one parameter is text, whatever its entries are.
    let kind = if matches!(encoding, "json" | "comma") { "string" } else { spec.shape.type_name() };
    Leaf { name, kind, encoding, required }
}

/// How the parameters of one action differ from `facts`: name, type, encoding, required.
fn parameter_differences(listed: Listed, facts: &[Vec<String>], out: &mut BTreeSet<String>) {
    let action = listed.key(PRODUCTS);
    let facts: Vec<_> = facts.iter().filter(|fact| is_about(fact, &listed)).collect();
    let mut ours = Vec::new();
    leaves(listed.spec().parameters, "", &mut ours);
    for fact in &facts {
        let name = &fact[2];
        let gateways = LEGACY.contains(&name.as_str()) || name == "RegionId";
        let Some(found) = ours.iter().find(|leaf| leaf.name == *name) else {
            if !gateways {
                out.insert(format!("{action} {name} missing"));
            }
            continue;
        };
        let required = if found.required { "required" } else { "-" };
        let pairs = [
            ("type", found.kind, &fact[3]),
            ("encoding", found.encoding, &fact[4]),
            ("required", required, &fact[5]),
        ];
        for (what, is, should) in pairs.iter().filter(|(_, is, should)| is != should) {
            out.insert(format!("{action} {name} {what} is {is} should be {should}"));
        }
    }
    let unknown = |leaf: &&Leaf| facts.iter().all(|fact| fact[2] != leaf.name);
    for leaf in ours.iter().filter(unknown) {
        out.insert(format!("{action} {} unknown", leaf.name));
    }
}

fn reply_leaves(shape: &ReplyShape, path: &str, out: &mut BTreeSet<(String, String)>) {
    let mut leaf = |kind: &str| {
        out.insert((path.to_owned(), kind.to_owned()));
    };
    match shape {
        ReplyShape::Text => leaf("string"),
        ReplyShape::Integer => leaf("integer"),
        ReplyShape::Number => leaf("number"),
        ReplyShape::Boolean => leaf("boolean"),
        ReplyShape::List(of) => reply_leaves(of, &format!("{path}[]"), out),
        ReplyShape::Object(fields) => {
            for field in *fields {
                let dot = if path.is_empty() { "" } else { "." };
                reply_leaves(&field.shape, &format!("{path}{dot}{}", field.name), out);
            }
        }
    }
}

/// Whether the API has this error for the action or for any other of any product.
fn is_attested(error: &ErrorCode, facts: &[Vec<String>]) -> bool {
    let status = error.status.to_string();
    facts.iter().any(|fact| fact[2] == status && fact[3] == error.code)
}

/// Whether the API has this text for the code; `{}` in ours stands for anything.
fn message_is_attested(error: &ErrorCode, facts: &[Vec<String>]) -> bool {
    let same = |fact: &&Vec<String>| fact[3] == error.code;
    let said = |fact: &Vec<String>| fact[4] == error.message || fact[4] == "-" || fact[4] == "%s";
    error.message.contains("{}") || facts.iter().filter(same).any(said)
}

#[test]
fn every_action_is_one_of_the_api() {
    // An action may have no parameters, or answer nothing of its own.
    let facts = [rows("parameters.tsv"), rows("replies.tsv")].concat();
    for entry in actions::all() {
        let known = facts.iter().any(|fact| is_about(fact, &entry));
        assert!(known, "{} is no action of the API", entry.key(PRODUCTS));
    }
}

#[test]
fn parameters_are_those_of_the_api() {
    let facts = rows("parameters.tsv");
    let mut found = BTreeSet::new();
    for entry in actions::all() {
        parameter_differences(entry, &facts, &mut found);
    }
    compare("parameters.txt", &found);
}

#[test]
fn replies_are_those_of_the_api() {
    let facts = rows("replies.tsv");
    let mut found = BTreeSet::new();
    for entry in actions::all() {
        let action = entry.key(PRODUCTS);
        let of_action = facts.iter().filter(|fact| is_about(fact, &entry));
        let theirs: BTreeSet<_> =
            of_action.map(|fact| (fact[2].clone(), fact[3].clone())).collect();
        let mut ours = BTreeSet::new();
        reply_leaves(&entry.spec().reply, "", &mut ours);
        let missing = theirs.difference(&ours).map(|(path, kind)| (path, kind, "missing"));
        let unknown = ours.difference(&theirs).map(|(path, kind)| (path, kind, "unknown"));
        found.extend(
            missing
                .chain(unknown)
                .map(|(path, kind, what)| format!("{action} {path} {kind} {what}")),
        );
    }
    compare("replies.txt", &found);
}

#[test]
fn errors_are_those_of_the_api() {
    let facts = rows("errors.tsv");
    let mut found = BTreeSet::new();
    for entry in actions::all() {
        let (spec, action) = (entry.spec(), entry.key(PRODUCTS));
        let token = spec.takes("ClientToken").then_some(spec.token_mismatch);
        let own = spec.errors().into_iter().chain(token);
        for error in own.filter(|error| !GATEWAY.iter().any(|one| std::ptr::eq(*one, *error))) {
            let ErrorCode { status, code, message, .. } = error;
            if !is_attested(error, &facts) {
                found.insert(format!("{action} {status} {code} unknown"));
            } else if !message_is_attested(error, &facts) {
                found.insert(format!("{action} {status} {code} message: {message}"));
            }
        }
    }
    compare("errors.txt", &found);
}
