//! `diskdock serve --print-config`: all options with their values and sources, as a file for
//! `--config`.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::Value;

use super::config::{ConfigFile, can_be_in_a_file};

/// The column in which sources begin.
const SOURCE_COLUMN: usize = 40;

/// A line for each option.
pub(crate) fn describe(
    command: &Command,
    matches: &ArgMatches,
    file: Option<&ConfigFile>,
) -> String {
    let options = command.get_arguments().filter(|argument| can_be_in_a_file(argument));
    let line = |argument: &Arg| {
        let (setting, source) = (setting(argument, matches), source(argument, matches, file));
        format!("{setting:SOURCE_COLUMN$} # {source}\n")
    };
    options.map(line).collect()
}

fn source(argument: &Arg, matches: &ArgMatches, file: Option<&ConfigFile>) -> String {
    let name = argument.get_long().unwrap_or_default();
    match matches.value_source(argument.get_id().as_str()) {
        Some(ValueSource::CommandLine) => "command line".to_owned(),
        Some(ValueSource::EnvVariable) => {
            let variable = argument.get_env().unwrap_or_default();
            format!("environment, {}", variable.to_string_lossy())
        }
        Some(_) => {
            let in_file = file.and_then(|file| file.source_of(name));
            in_file.unwrap_or_else(|| "default".to_owned())
        }
        None => "not given".to_owned(),
    }
}

/// The option as a line of a file; a comment if it has no value, or a secret one.
fn setting(argument: &Arg, matches: &ArgMatches) -> String {
    let (id, name) = (argument.get_id().as_str(), argument.get_long().unwrap_or_default());
    let given = matches.get_raw(id).into_iter().flatten();
    let mut values = given.map(|value| Value::String(value.to_string_lossy().into_owned()));
    match argument.get_action() {
        ArgAction::SetTrue => format!("{name} = {}", matches.get_flag(id)),
        _ if argument.is_hide_env_values_set() && matches.contains_id(id) => {
            format!("# {name} is secret")
        }
        ArgAction::Append => format!("{name} = {}", Value::Array(values.collect())),
        _ => match values.next() {
            Some(value) => format!("{name} = {value}"),
            None => format!("# {name}"),
        },
    }
}
