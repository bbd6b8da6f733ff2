//! `diskdock man`: the manual pages, made from the command line itself.

use std::path::PathBuf;

use super::{Failure, command};

/// Write the manual pages.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  diskdock man /usr/local/share/man/man1
  diskdock man /tmp/pages && man -l /tmp/pages/diskdock-serve.1")]
pub(crate) struct ManArgs {
    /// The directory of the pages
    pub directory: PathBuf,
}

/// Writes a page for the program and one for each command.
pub(super) fn run(args: &ManArgs) -> Result<(), Failure> {
    let written = std::fs::create_dir_all(&args.directory)
        .and_then(|()| clap_mangen::generate_to(command(), &args.directory));
    written.map_err(|error| {
        Failure::new(format!("cannot write to {}: {error}", args.directory.display()), "")
    })
}
