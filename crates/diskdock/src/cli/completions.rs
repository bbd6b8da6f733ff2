//! `diskdock completions`: scripts that complete commands, actions and their parameters.

use clap_complete::Shell;

use super::commands::full_command;
use super::{Failure, output};

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  source <(diskdock completions bash)
  diskdock completions zsh > ~/.zfunc/_diskdock
  diskdock completions fish > ~/.config/fish/completions/diskdock.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Prints the script.
pub(super) fn run(args: CompletionsArgs) -> Result<(), Failure> {
    output::print(&script(args.shell))
}

/// The completion script of a shell.
pub fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut full_command(), "diskdock", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
