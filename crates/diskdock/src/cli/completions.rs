//! `diskdock completions`: scripts that complete commands, actions, their parameters, and what the
//! running server has.
//!
//! A script asks the program itself at each press of the key, so that it is short and never
//! outdated.

pub(super) mod live;

use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use super::commands::full_command;
use super::{Failure, output};

/// The variable by which a script asks: its value is the shell.
const ASKED_BY: &str = "DISKDOCK_COMPLETE";
const PROGRAM: &str = "diskdock";

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  source <(diskdock completions bash)
  diskdock completions zsh > ~/.zfunc/_diskdock
  diskdock completions fish > ~/.config/fish/completions/diskdock.fish

Ids of resources, worlds, hosts and keys come from the server that the command would ask: one that
--endpoint or DISKDOCK_ENDPOINT names, with the same key. If it does not answer within 0.3 s, there
are none.")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Prints the script.
pub(super) fn run(args: CompletionsArgs) -> Result<(), Failure> {
    output::print(script(args.shell).trim())
}

/// The completion script of a shell.
pub fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let known = shells.completer(&shell.to_string()).expect("both lists are of the same library");
    known
        .write_registration(ASKED_BY, PROGRAM, PROGRAM, PROGRAM, &mut script)
        .expect("memory takes all of it");
    String::from_utf8_lossy(&script).into_owned()
}

/// Answers a completion script and ends the process, if one has started it.
pub fn complete() {
    CompleteEnv::with_factory(full_command).var(ASKED_BY).bin(PROGRAM).complete();
}
