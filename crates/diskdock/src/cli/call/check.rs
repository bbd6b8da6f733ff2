//! Checks a request against the catalog before it is sent.

use crate::catalog::{Entry, Input, Listed, ParamSpec, Presence, Refusal, Repeat, Spec};
use crate::cli::Failure;
use crate::cli::nearest::did_you_mean;
use crate::gateway::decode::Pair;
use crate::service::{COMMON, LEGACY};

const FORCE: &str = "Send it anyway with --force.";

/// Refuses requests that the server would refuse without reading its store. The parameters are
/// sorted.
pub fn check(listed: Listed, parameters: &[Pair]) -> Result<(), Failure> {
    let spec = listed.spec();
    check_names(spec, parameters)?;
    check_required(spec, parameters)?;
    let input = Input::from_sorted(parameters.to_vec());
    let read = match listed.entry {
        Entry::Query(query) => query.parse(&input).map(drop),
        Entry::Action(action) => action.parse(&input).map(drop),
    };
    read.map_err(|refusal| wrong_value(spec, &refusal))
}

/// Refuses names that the action does not know.
pub fn check_names(spec: &Spec, parameters: &[Pair]) -> Result<(), Failure> {
    parameters.iter().try_for_each(|(name, _)| check_name(spec, name))
}

fn check_name(spec: &Spec, name: &str) -> Result<(), Failure> {
    if COMMON.contains(&name) {
        let hint = "Use --output for the format, --access-key-id and the like for the key.";
        return Err(Failure::usage(format!("--{name} is set by diskdock itself"), hint));
    }
    if LEGACY.contains(&name) || name == "DryRun" || is_known(spec.parameters, name) {
        return Ok(());
    }
    let suggestion = did_you_mean(&shape_of(name), candidates(spec).iter().map(String::as_str));
    let hint = format!("{suggestion}\nSee them with `diskdock call {} --help`. {FORCE}", spec.name);
    Err(Failure::usage(format!("{} has no parameter {name}", spec.name), hint.trim_start()))
}

/// Whether a parameter of this full name exists.
fn is_known(specs: &[ParamSpec], name: &str) -> bool {
    specs.iter().any(|spec| {
        let Some(rest) = name.strip_prefix(spec.name) else { return false };
        if rest.is_empty() {
            return spec.repeat != Repeat::Structure;
        }
        let Some(rest) = rest.strip_prefix('.') else { return false };
        match spec.repeat {
            Repeat::Once | Repeat::JsonArray | Repeat::Commas => false,
            Repeat::Structure => is_known(spec.children, rest),
            Repeat::Numbered if spec.children.is_empty() => is_number(rest),
            Repeat::Numbered => rest
                .split_once('.')
                .is_some_and(|(digits, inner)| is_number(digits) && is_known(spec.children, inner)),
        }
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// All names, with `N` for numbers.
fn candidates(spec: &Spec) -> Vec<String> {
    fn push(prefix: &str, specs: &[ParamSpec], out: &mut Vec<String>) {
        for spec in specs {
            let name = format!("{prefix}{}", spec.name);
            let inner = if spec.repeat == Repeat::Numbered { format!("{name}.N") } else { name };
            push(&format!("{inner}."), spec.children, out);
            if spec.children.is_empty() {
                out.push(inner);
            }
        }
    }
    let mut names = Vec::new();
    push("", spec.parameters, &mut names);
    names
}

/// `Tag.1.Ky` becomes `Tag.N.Ky`, to be compared with the candidates.
fn shape_of(name: &str) -> String {
    let parts = name.split('.').map(|part| if is_number(part) { "N" } else { part });
    parts.collect::<Vec<_>>().join(".")
}

/// Names every parameter that is missing, not only the first.
fn check_required(spec: &Spec, parameters: &[Pair]) -> Result<(), Failure> {
    let given = |name: &str| parameters.iter().any(|(given, _)| given == name);
    let missing = |spec: &&ParamSpec| {
        spec.presence == Presence::Required && spec.children.is_empty() && !given(spec.name)
    };
    let missing: Vec<&ParamSpec> = spec.parameters.iter().filter(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|spec| spec.name).collect();
    let example = |spec: &&ParamSpec| format!("--{} {}", spec.name, spec.example);
    let examples: Vec<String> = missing.iter().map(example).collect();
    let hint = format!("Add {}. {FORCE}", examples.join(" "));
    Err(Failure::usage(format!("{} wants {}", spec.name, names.join(" and ")), &hint))
}

fn wrong_value(spec: &Spec, refusal: &Refusal) -> Failure {
    let hint = format!("See the limits with `diskdock call {} --help`. {FORCE}", spec.name);
    Failure::usage(&refusal.message, &hint)
}
