//! `--DiskId d-1` on the command line becomes the parameters of a request.

use std::ffi::OsString;

use crate::actions::{all, find};
use crate::catalog::{ParamSpec, Repeat, Shape};
use crate::cli::Failure;
use crate::gateway::decode::Pair;

/// Rewrites `call X --DiskId d-1` as `call X --parameter=DiskId=d-1`, and so for `sample`: names of
/// parameters begin with a capital letter, our own options do not; `--disk-id` is understood too,
/// unless it is an option of ours. One without a value stays without `=value`.
pub fn fold_parameters(arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_none_or(|command| command != "call" && command != "sample") {
        return arguments;
    }
    let spelling = Spelling::of(&arguments);
    let mut folded = Vec::with_capacity(arguments.len());
    let mut rest = arguments.into_iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(name) = spelling.parameter_name(&argument) else {
            folded.push(argument);
            continue;
        };
        let mut parameter = OsString::from(format!("--parameter={name}"));
        if !name.contains('=')
            && let Some(value) = rest.next_if(|next| !is_option(next))
        {
            parameter.push("=");
            parameter.push(value);
        }
        folded.push(parameter);
    }
    folded
}

/// How parameters may be written on this command line.
struct Spelling {
    /// Those of the action; none if there is no such action.
    parameters: Option<&'static [ParamSpec]>,
    /// The options of the command itself.
    own: Vec<String>,
}

impl Spelling {
    fn of(arguments: &[OsString]) -> Spelling {
        let mut words = arguments.iter().filter_map(|word| word.to_str());
        let command = words.nth(1).unwrap_or_default();
        let listed = words.filter(|word| !word.starts_with('-')).find_map(find);
        let whole = crate::cli::command();
        let command = whole.find_subcommand(command);
        let own = command.into_iter().flat_map(|command| command.get_arguments());
        let own = own.filter_map(|option| option.get_long().map(str::to_owned)).collect();
        Spelling { parameters: listed.map(|listed| listed.spec().parameters), own }
    }

    /// The parameter of an argument, as the API names it, with `=value` behind it if it has one.
    fn parameter_name(&self, argument: &OsString) -> Option<String> {
        let name = argument.to_str()?.strip_prefix("--")?;
        if name.starts_with(|first: char| first.is_ascii_uppercase()) {
            return Some(name.to_owned());
        }
        let (name, value) = name.split_once('=').map_or((name, None), |(n, v)| (n, Some(v)));
        if self.own.iter().any(|own| own == name) {
            return None;
        }
        let own = canonical(self.parameters?, name);
        // One of another action is refused by the name that it has there.
        let of_others = || all().find_map(|other| canonical(other.spec().parameters, name));
        let canonical = own.or_else(of_others)?;
        Some(value.map_or(canonical.clone(), |value| format!("{canonical}={value}")))
    }
}

/// The name of a parameter that is written as `disk-id` or `tag.1.key`.
fn canonical(specs: &[ParamSpec], name: &str) -> Option<String> {
    let (first, rest) = name.split_once('.').map_or((name, None), |(f, r)| (f, Some(r)));
    let plain = first.replace(['-', '_'], "");
    let spec = specs.iter().find(|spec| spec.name.eq_ignore_ascii_case(&plain))?;
    let Some(rest) = rest else { return Some(spec.name.to_owned()) };
    let (number, inner) = match rest.split_once('.') {
        _ if spec.repeat == Repeat::Structure => (None, rest),
        Some((number, inner)) => (Some(number), inner),
        None => return Some(format!("{}.{rest}", spec.name)),
    };
    let inner = canonical(spec.children, inner)?;
    let numbered = number.map(|number| format!("{number}.")).unwrap_or_default();
    Some(format!("{}.{numbered}{inner}", spec.name))
}

fn is_option(argument: &OsString) -> bool {
    let name = argument.to_str().and_then(|text| text.strip_prefix("--"));
    name.is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))
}

/// The parameters of a request, sorted by name, from `Name=value` texts.
pub fn pairs(given: &[String], specs: &[ParamSpec]) -> Result<Vec<Pair>, Failure> {
    let mut by_name: Vec<(&str, Vec<Option<&str>>)> = Vec::new();
    for text in given {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text.as_str(), None),
        };
        match by_name.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => by_name.push((name, vec![value])),
        }
    }
    let mut pairs = Vec::new();
    for (name, values) in by_name {
        let spec = specs.iter().find(|spec| spec.name == name);
        let values = values.into_iter().map(|value| filled(name, value, spec));
        push(name, &values.collect::<Result<Vec<_>, _>>()?, spec, &mut pairs)?;
    }
    pairs.sort();
    if let Some(twice) = pairs.windows(2).find(|two| two[0].0 == two[1].0) {
        return Err(given_twice(&twice[0].0));
    }
    Ok(pairs)
}

/// A value left out means true where that makes sense.
fn filled(name: &str, value: Option<&str>, spec: Option<&ParamSpec>) -> Result<String, Failure> {
    let is_flag = spec.is_some_and(|spec| spec.shape == Shape::Boolean);
    match value {
        Some(value) => Ok(value.to_owned()),
        None if is_flag => Ok("true".to_owned()),
        None => {
            let example = spec.map_or("value", |spec| spec.example);
            let hint = format!("Write --{name} {example}.");
            Err(Failure::usage(format!("--{name} has no value"), &hint))
        }
    }
}

fn given_twice(name: &str) -> Failure {
    Failure::usage(format!("--{name} is given twice"), "Give it once.")
}

fn push(
    name: &str,
    values: &[String],
    spec: Option<&ParamSpec>,
    pairs: &mut Vec<Pair>,
) -> Result<(), Failure> {
    let plain = !values.iter().any(|value| value.starts_with('['));
    match spec.map(|spec| (spec.repeat, spec)) {
        Some((Repeat::JsonArray, _)) if plain && values != [""] => {
            let array = serde_json::to_string(values).unwrap_or_default();
            pairs.push((name.to_owned(), array));
        }
        Some((Repeat::Commas, _)) => pairs.push((name.to_owned(), values.join(","))),
        Some((Repeat::Numbered, spec)) if plain && spec.children.is_empty() => {
            pairs
                .extend((1..).zip(values).map(|(n, value)| (format!("{name}.{n}"), value.clone())));
        }
        Some((Repeat::Numbered, spec)) if has_key_and_value(spec) => {
            for (number, text) in (1..).zip(values) {
                let (key, value) = text.split_once('=').unwrap_or((text, ""));
                pairs.push((format!("{name}.{number}.Key"), key.to_owned()));
                pairs.push((format!("{name}.{number}.Value"), value.to_owned()));
            }
        }
        _ if values.len() > 1 => return Err(given_twice(name)),
        _ => pairs.extend(values.iter().map(|value| (name.to_owned(), value.clone()))),
    }
    Ok(())
}

fn has_key_and_value(spec: &ParamSpec) -> bool {
    ["Key", "Value"].iter().all(|name| spec.children.iter().any(|child| child.name == *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let folded = fold_parameters(words).into_iter();
        folded.map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn folds_parameters_and_leaves_options_alone() {
        assert_eq!(
            fold("diskdock call DetachDisk --DiskId d-1 --wait --InstanceId=i-1 --output xml"),
            "diskdock call DetachDisk --parameter=DiskId=d-1 --wait --parameter=InstanceId=i-1 \
             --output xml"
        );
        assert_eq!(fold("diskdock call X --A --wait"), "diskdock call X --parameter=A --wait");
        assert_eq!(fold("diskdock call X --Size -5"), "diskdock call X --parameter=Size=-5");
        assert_eq!(
            fold("diskdock call X --Tag.1.Key k"),
            "diskdock call X --parameter=Tag.1.Key=k"
        );
        assert_eq!(fold("diskdock admin --Odd 1"), "diskdock admin --Odd 1");
    }

    #[test]
    fn folds_parameters_in_lower_case_unless_they_are_options() {
        let line = "diskdock call CreateDisk --zone-id=z --size 20 --region r --tag.1.key k --kms-key-id x";
        let folded = "diskdock call CreateDisk --parameter=ZoneId=z --parameter=Size=20 --region r \
                      --parameter=Tag.1.Key=k --parameter=KMSKeyId=x";
        assert_eq!(fold(line), folded);
        let line =
            "diskdock call DescribeDisks --disk-ids d-1 --output json --dry-run --nonsense 1";
        let folded = "diskdock call DescribeDisks --parameter=DiskIds=d-1 --output json --dry-run --nonsense 1";
        assert_eq!(fold(line), folded);
        let line = "diskdock call DescribeInstances --instance-id i-1 --disk_id d-1";
        let folded =
            "diskdock call DescribeInstances --parameter=InstanceId=i-1 --parameter=DiskId=d-1";
        assert_eq!(fold(line), folded);
        let line = "diskdock sample go DetachDisk --disk-id d-1";
        assert_eq!(fold(line), "diskdock sample go DetachDisk --parameter=DiskId=d-1");
    }
}
