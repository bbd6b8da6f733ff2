//! Where each option of `diskdock serve` comes from: the command line, else the environment, else a
//! configuration file, else its default.
//!
//! The environment variable of an option is named after it: `DISKDOCK_DATA_DIR` of `--data-dir`.
//! The values of a file become the defaults of the command line, so both are read by one parser.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::{Table, Value};

use super::args::ServeArgs;
use crate::cli::Failure;
use crate::cli::nearest::did_you_mean;

/// Options that a file cannot have, and that are not printed.
const NOT_IN_A_FILE: &[&str] = &["config", "print-config", "help"];

/// Gives every option of a command an environment variable.
pub(crate) fn with_environment(command: Command) -> Command {
    command.mut_args(|argument| {
        let name = argument.get_long().filter(|name| *name != "print-config").map(str::to_owned);
        let Some(name) = name else { return argument };
        let argument = match argument.get_env() {
            Some(_) => argument,
            None => argument.env(format!("DISKDOCK_{}", name.replace('-', "_").to_uppercase())),
        };
        match argument.get_action() {
            ArgAction::SetTrue => argument.value_parser(BoolishValueParser::new()),
            _ => argument,
        }
    })
}

/// The file that `serve` is to read, if these arguments or the environment name one.
pub(crate) fn file_named_by(arguments: &[OsString]) -> Option<PathBuf> {
    if arguments.get(1)? != "serve" {
        return None;
    }
    let mut rest = arguments.iter().skip(2);
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        match text.strip_prefix("--config") {
            Some("") => return rest.next().map(PathBuf::from),
            Some(value) if value.starts_with('=') => return Some(PathBuf::from(&value[1..])),
            Some(_) | None => {}
        }
    }
    std::env::var_os("DISKDOCK_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Makes the values of a file the defaults of the command.
pub(crate) fn with_file(command: Command, path: &Path) -> Result<Command, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read {shown}: {error}"), "Name another file with --config.")
    })?;
    let options: Table = text.parse().map_err(|error| {
        let hint = "It is a TOML file with a line for each option, such as pace = \"2s\".";
        Failure::usage(format!("{shown}: {error}"), hint)
    })?;
    let mut as_arguments = Vec::new();
    let mut defaults = HashMap::new();
    for (name, value) in &options {
        let option = Setting::of(&command, name, value)
            .map_err(|(error, hint)| Failure::usage(format!("{shown}: {error}"), &hint))?;
        as_arguments.extend(option.as_arguments());
        defaults.insert(option.id, option.values);
    }
    // Wrong values are found here; as defaults, they must not be wrong.
    let unchanged = command.clone();
    let checked = command.no_binary_name(true).try_get_matches_from(as_arguments);
    match checked {
        Ok(given)
            if given.get_flag("ephemeral")
                && given.value_source("data_dir") == Some(ValueSource::CommandLine) =>
        {
            Err(exclude_each_other(&format!("{shown}: ")))
        }
        Ok(_) => Ok(with_defaults(unchanged, defaults)),
        Err(error) => {
            let error = error.to_string();
            let error = error.lines().next().unwrap_or_default().trim_start_matches("error: ");
            Err(Failure::usage(format!("{shown}: {error}"), "See diskdock serve --help."))
        }
    }
}

fn with_defaults(command: Command, mut defaults: HashMap<clap::Id, Vec<String>>) -> Command {
    command.mut_args(|argument| match defaults.remove(argument.get_id()) {
        Some(values) => argument.default_values(values),
        None => argument,
    })
}

/// An option with the values that a file gives it.
struct Setting {
    id: clap::Id,
    name: String,
    is_flag: bool,
    values: Vec<String>,
}

impl Setting {
    fn of(command: &Command, name: &str, value: &Value) -> Result<Setting, (String, String)> {
        let long = name.replace('_', "-");
        let known = || command.get_arguments().filter(|argument| can_be_in_a_file(argument));
        let Some(argument) = known().find(|argument| argument.get_long() == Some(&long)) else {
            let names = known().filter_map(Arg::get_long);
            let hint = format!("{} See diskdock serve --help.", did_you_mean(&long, names));
            return Err((format!("serve has no option `{name}`"), hint.trim().to_owned()));
        };
        let is_flag = matches!(argument.get_action(), ArgAction::SetTrue);
        let is_list = matches!(argument.get_action(), ArgAction::Append);
        let values = match value {
            Value::Array(values) if is_list => values.iter().map(text).collect(),
            Value::Boolean(is_on) if is_flag => Some(vec![is_on.to_string()]),
            _ if is_flag => return Err((format!("`{name}` must be true or false"), String::new())),
            value => text(value).map(|text| vec![text]),
        };
        let Some(values) = values else {
            let hint = if is_list { "A list of strings is possible, too." } else { "" };
            return Err((format!("`{name}` must be a string or a number"), hint.to_owned()));
        };
        Ok(Setting { id: argument.get_id().clone(), name: long, is_flag, values })
    }

    fn as_arguments(&self) -> Vec<String> {
        if self.is_flag {
            let is_on = self.values == ["true"];
            return is_on.then(|| format!("--{}", self.name)).into_iter().collect();
        }
        self.values.iter().map(|value| format!("--{}={value}", self.name)).collect()
    }
}

fn can_be_in_a_file(argument: &Arg) -> bool {
    argument.get_long().is_some_and(|name| !NOT_IN_A_FILE.contains(&name))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// `--ephemeral` and `--data-dir` exclude each other: the one of the stronger source counts.
pub(crate) fn choose_directory(args: &mut ServeArgs, matches: &ArgMatches) -> Result<(), Failure> {
    let strength = |id: &str| match matches.value_source(id) {
        Some(ValueSource::CommandLine) => 2,
        Some(ValueSource::EnvVariable) => 1,
        _ => 0,
    };
    if !args.ephemeral {
        return Ok(());
    }
    match strength("data_dir").cmp(&strength("ephemeral")) {
        std::cmp::Ordering::Equal if strength("ephemeral") > 0 => Err(exclude_each_other("")),
        std::cmp::Ordering::Greater => {
            args.ephemeral = false;
            Ok(())
        }
        std::cmp::Ordering::Equal | std::cmp::Ordering::Less => Ok(()),
    }
}

fn exclude_each_other(place: &str) -> Failure {
    let hint = "Give one of them: a directory keeps the state, --ephemeral keeps none.";
    Failure::usage(format!("{place}--ephemeral and --data-dir exclude each other"), hint)
}

/// All options with their values and where those come from, as a file for `--config`.
pub(crate) fn describe(command: &Command, matches: &ArgMatches, file: Option<&Path>) -> String {
    let mut lines = String::new();
    let in_file = file.and_then(|path| std::fs::read_to_string(path).ok());
    let in_file: Table = in_file.and_then(|text| text.parse().ok()).unwrap_or_default();
    for argument in command.get_arguments().filter(|argument| can_be_in_a_file(argument)) {
        let (id, name) = (argument.get_id().as_str(), argument.get_long().unwrap_or_default());
        let is_in_file = in_file.keys().any(|key| key.replace('_', "-") == name);
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "command line".to_owned(),
            Some(ValueSource::EnvVariable) => {
                let variable = argument.get_env().unwrap_or_default();
                format!("environment, {}", variable.to_string_lossy())
            }
            Some(_) if is_in_file => {
                file.map(|path| path.display().to_string()).unwrap_or_default()
            }
            Some(_) => "default".to_owned(),
            None => "not given".to_owned(),
        };
        lines.push_str(&line(argument, matches, name, &source));
    }
    lines
}

fn line(argument: &Arg, matches: &ArgMatches, name: &str, source: &str) -> String {
    let raw = matches.get_raw(argument.get_id().as_str()).into_iter().flatten();
    let values: Vec<String> = raw.map(|value| value.to_string_lossy().into_owned()).collect();
    let quoted = |text: &String| Value::String(text.clone()).to_string();
    let value = match argument.get_action() {
        _ if argument.is_hide_env_values_set() && !values.is_empty() => {
            return format!("# {name} is secret{:width$}# {source}\n", "", width = 29 - name.len());
        }
        ArgAction::SetTrue => {
            (values == ["true"] || matches.get_flag(argument.get_id().as_str())).to_string()
        }
        ArgAction::Append => {
            format!("[{}]", values.iter().map(quoted).collect::<Vec<_>>().join(", "))
        }
        _ => match values.first() {
            Some(value) => quoted(value),
            None => return format!("{:40} # {source}\n", format!("# {name}")),
        },
    };
    format!("{:40} # {source}\n", format!("{name} = {value}"))
}
