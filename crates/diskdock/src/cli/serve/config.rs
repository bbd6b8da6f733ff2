//! Where each option of `diskdock serve` and `host` comes from: the command line, else the
//! environment, else a configuration file, else its default.
//!
//! The environment variable of an option is named after it: `DISKDOCK_DATA_DIR` of `--data-dir`.
//! The values of a file become the defaults of the command line, so both are read by one parser.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{BoolishValueParser, Resettable};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::{Table, Value};

use super::args::ServeArgs;
use crate::cli::Failure;
use crate::cli::nearest::did_you_mean;

/// Options that a file cannot have, and that are not printed.
const NOT_IN_A_FILE: &[&str] = &["config", "print-config", "help"];

/// The commands that take a configuration file.
pub(crate) const COMMANDS: &[&str] = &["serve", "host"];

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

/// The command with the path of the file that it is to read, if these arguments or the environment
/// name one.
pub(crate) fn path_named_by(arguments: &[OsString]) -> Option<(&'static str, PathBuf)> {
    let given = arguments.get(1)?;
    let command = COMMANDS.iter().find(|name| given == **name)?;
    path_in(arguments).map(|path| (*command, path))
}

fn path_in(arguments: &[OsString]) -> Option<PathBuf> {
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

/// A configuration file whose values the command takes.
pub(crate) struct ConfigFile {
    path: PathBuf,
    settings: Vec<Setting>,
}

impl ConfigFile {
    /// Reads a file, and has its values checked by the command.
    pub(crate) fn read(path: PathBuf, serve: &Command) -> Result<ConfigFile, Failure> {
        let text = std::fs::read_to_string(&path).map_err(|error| {
            let hint = "Name another file with --config.";
            Failure::usage(format!("cannot read {}: {error}", path.display()), hint)
        })?;
        let options: Table = text.parse().map_err(|error| {
            let hint = "It is a TOML file with a line for each option, such as pace = \"2s\".";
            Failure::usage(format!("{}: {error}", path.display()), hint)
        })?;
        let settings = options.iter().map(|(name, value)| Setting::of(serve, name, value));
        let settings = settings.collect::<Result<Vec<_>, _>>().map_err(|(error, hint)| {
            Failure::usage(format!("{}: {error}", path.display()), &hint)
        })?;
        let file = ConfigFile { path, settings };
        file.check(serve)?;
        Ok(file)
    }

    /// Wrong values are found here; as defaults, they must not be wrong.
    fn check(&self, serve: &Command) -> Result<(), Failure> {
        let place = format!("{}: ", self.path.display());
        if self.setting("data-dir").is_some()
            && self.setting("ephemeral").is_some_and(|setting| setting.values == ["true"])
        {
            return Err(exclude_each_other(&place));
        }
        // The environment is no part of the file.
        let alone = |argument: Arg| argument.env(Resettable::Reset).required(false);
        let alone = serve.clone().mut_args(alone);
        let arguments = self.settings.iter().flat_map(Setting::as_arguments);
        let checked = alone.no_binary_name(true).try_get_matches_from(arguments);
        checked.map(drop).map_err(|error| {
            let error = error.to_string();
            let error = error.lines().next().unwrap_or_default().trim_start_matches("error: ");
            let hint = format!("See diskdock {} --help.", serve.get_name());
            Failure::usage(format!("{place}{error}"), &hint)
        })
    }

    /// The command with these values as its defaults.
    pub(crate) fn as_defaults(&self, serve: Command) -> Command {
        serve.mut_args(|argument| match argument.get_long().and_then(|name| self.setting(name)) {
            Some(setting) => argument.default_values(setting.values.clone()).required(false),
            None => argument,
        })
    }

    /// Its value of an option.
    fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// The name of the file, if it has a value of this option.
    pub(super) fn source_of(&self, name: &str) -> Option<String> {
        self.setting(name).map(|_| self.path.display().to_string())
    }
}

/// An option with the values that a file gives it.
struct Setting {
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
            let of = command.get_name();
            let hint = format!("{} See diskdock {of} --help.", did_you_mean(&long, names));
            return Err((format!("{of} has no option `{name}`"), hint.trim().to_owned()));
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
        Ok(Setting { name: long, is_flag, values })
    }

    fn as_arguments(&self) -> Vec<String> {
        if self.is_flag {
            let is_on = self.values == ["true"];
            return is_on.then(|| format!("--{}", self.name)).into_iter().collect();
        }
        self.values.iter().map(|value| format!("--{}={value}", self.name)).collect()
    }
}

pub(super) fn can_be_in_a_file(argument: &Arg) -> bool {
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

/// `--ephemeral` and `--data-dir` exclude each other: the one of the stronger source counts. In the
/// environment there may be both, since DISKDOCK_DATA_DIR is also that of clients, and of a
/// container image: nothing is kept then.
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
        std::cmp::Ordering::Equal if strength("ephemeral") > 1 => Err(exclude_each_other("")),
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
