//! The whole command line as data, with one subcommand of `call` for each action: for the
//! completions and for `diskdock call <Action> --help`.

use std::ffi::OsString;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

use super::completions::live::{LiveValue, with_live_values};
use crate::actions::{PRODUCTS, all, find};
use crate::catalog::document::one_line;
use crate::catalog::{Case, Listed, ParamSpec, Presence, Repeat, Shape, Spec};

/// All commands, down to the parameters of the actions.
pub(crate) fn full_command() -> Command {
    let names = PossibleValuesParser::new(all().map(|listed| listed.key(PRODUCTS)));
    let offer_names = |action: Arg| action.value_parser(names);
    let command = with_live_values(super::command(), &[])
        .mut_subcommand("sample", |sample| sample.mut_arg("action", offer_names));
    command.mut_subcommand("call", |call| {
        let mut own: Vec<Arg> = call.get_arguments().cloned().collect();
        own.retain(|argument| !argument.is_hide_set() && !argument.is_positional());
        let about = call.get_about().cloned().unwrap_or_default();
        Command::new("call").about(about).subcommands(all().map(|listed| action(listed, &own)))
    })
}

fn action(listed: Listed, own: &[Arg]) -> Command {
    let spec = listed.spec();
    let mut parameters = Vec::new();
    push_parameters("", spec, spec.parameters, &mut parameters);
    let own = own.iter().cloned().map(|argument| argument.help_heading("How to call"));
    Command::new(listed.key(PRODUCTS))
        .about(spec.summary)
        .after_help(spec.details)
        .next_help_heading("Parameters")
        .args(parameters)
        .args(own)
}

/// Numbered parameters and structures are offered with their first entry.
fn push_parameters(prefix: &str, action: &Spec, specs: &[ParamSpec], out: &mut Vec<Arg>) {
    for spec in specs {
        let name = format!("{prefix}{}", spec.name);
        match spec.repeat {
            _ if spec.children.is_empty() => out.push(parameter(name, action, spec)),
            Repeat::Numbered => push_parameters(&format!("{name}.1."), action, spec.children, out),
            Repeat::Structure => push_parameters(&format!("{name}."), action, spec.children, out),
            Repeat::Once | Repeat::JsonArray | Repeat::Commas => {
                out.push(parameter(name, action, spec));
            }
        }
    }
}

fn parameter(name: String, action: &Spec, spec: &ParamSpec) -> Arg {
    let mut help = one_line(spec.doc);
    if spec.presence == Presence::Required {
        help.push_str(" [required]");
    }
    if !spec.honoured {
        help.push_str(" [no effect here]");
    }
    let argument = Arg::new(name.clone()).long(name).value_name(value_name(spec)).help(help);
    let argument = match spec.repeat {
        Repeat::Numbered | Repeat::JsonArray | Repeat::Commas => argument.action(ArgAction::Append),
        Repeat::Once | Repeat::Structure => argument,
    };
    let argument = match LiveValue::of_parameter(action, spec) {
        Some(live) => argument.add(live.completer()),
        None => argument,
    };
    match spec.shape {
        Shape::Choice(words, case) => {
            argument.value_parser(PossibleValuesParser::new(words)).ignore_case(case == Case::Any)
        }
        Shape::Boolean => argument.value_parser(PossibleValuesParser::new(["true", "false"])),
        _ => argument,
    }
}

fn value_name(spec: &ParamSpec) -> String {
    match spec.shape {
        Shape::Boolean => "true|false".to_owned(),
        _ if spec.example.is_empty() => "VALUE".to_owned(),
        _ => spec.example.to_owned(),
    }
}

/// The help of an action, if this command line asks for it: `diskdock call DetachDisk --help`.
pub fn help_of_action(arguments: &[OsString]) -> Option<String> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let [_, "call", rest @ ..] = words.as_slice() else { return None };
    if !rest.iter().any(|word| matches!(*word, "--help" | "-h")) {
        return None;
    }
    let listed = rest.iter().find_map(|word| find(word))?;
    let mut command = full_command().bin_name("diskdock");
    command.build();
    let action = command.find_subcommand_mut("call")?.find_subcommand_mut(listed.key(PRODUCTS))?;
    Some(action.render_help().to_string())
}
