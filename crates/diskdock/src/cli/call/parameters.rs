//! `--DiskId d-1` on the command line becomes the parameters of a request.

use std::ffi::OsString;

use crate::catalog::{ParamSpec, Repeat, Shape};
use crate::cli::Failure;
use crate::gateway::decode::Pair;

/// Rewrites `call X --DiskId d-1` as `call X --parameter=DiskId=d-1`, and so for `sample`: names of
/// parameters begin with a capital letter, our own options do not. One without a value stays
/// without `=value`.
pub fn fold_parameters(arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_none_or(|command| command != "call" && command != "sample") {
        return arguments;
    }
    let mut folded = Vec::with_capacity(arguments.len());
    let mut rest = arguments.into_iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(name) = parameter_name(&argument) else {
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

fn parameter_name(argument: &OsString) -> Option<&str> {
    let name = argument.to_str()?.strip_prefix("--")?;
    name.starts_with(|first: char| first.is_ascii_uppercase()).then_some(name)
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
}
