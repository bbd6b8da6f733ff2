//! The command line. The only place that prints to standard output.

mod admin;
mod backup;
pub mod call;
mod catalog;
mod client;
pub mod commands;
mod completions;
mod connection_limits;
mod console;
mod data_directory;
mod disk;
pub mod docs;
mod doctor;
mod exec;
mod failure;
mod guest_network;
mod host;
mod hosts;
mod hypervisor_args;
mod image;
mod initial_access_key;
mod key;
mod local_args;
mod local_server;
mod man;
mod mcp;
mod nearest;
pub(crate) mod output;
mod progress;
mod restore;
mod sample;
pub(crate) mod serve;
mod tls;
mod world;

use std::ffi::OsString;

use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use serve::config::ConfigFile;

pub use completions::{complete, script};
pub use failure::{Failure, REFUSED, ServerRefusal, UNREACHABLE, USAGE};

#[derive(Debug, Parser)]
#[command(
    name = "diskdock",
    version,
    about = "The disk side of the ECS API: a server, and a client for any endpoint",
    after_help = "Examples:
  diskdock serve                                      run a server on 127.0.0.1:5260
  diskdock call DescribeDisks --output table          what disks there are
  diskdock call DetachDisk --InstanceId i-1 --DiskId d-1 --wait
  diskdock console i-1 --follow                       what its guest writes
  diskdock admin clock advance 10m                    move the server's clock
  diskdock call DetachDisk --help                     the parameters of an action
  diskdock sample go DetachDisk --DiskId d-1          the same call as a program

Exit codes: 0 done, 1 refused, 2 wrong command line, 3 no server
With --output json errors are JSON, on standard error: see docs/command-line.md"
)]
struct Arguments {
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run the server
    Serve(Box<serve::args::ServeArgs>),
    /// Run the instances of one host
    Host(Box<host::args::HostArgs>),
    /// List hosts, and have them take new instances or not
    Hosts(hosts::HostsArgs),
    /// Call an action of the API
    Call(call::CallArgs),
    /// Write a program in another language that makes a call
    Sample(sample::SampleArgs),
    /// Show the console output of an instance
    Console(console::ConsoleArgs),
    /// List the actions and their parameters, for people or programs
    Catalog(catalog::CatalogArgs),
    /// Create, list, disable, enable and delete access keys
    Key(key::KeyArgs),
    /// Import, list and delete images
    Image(image::ImageArgs),
    /// Write disks and snapshots into files, and make disks of files
    Disk(disk::DiskArgs),
    /// Write the store into a file, while a server runs or without one
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the store, with the server stopped
    Restore(restore::RestoreArgs),
    /// Check whether this host can run virtual machines
    Doctor(doctor::DoctorArgs),
    /// Inspect and control a running server: operations, clock, faults, locks
    Admin(admin::AdminArgs),
    /// Make, list and delete worlds: further servers inside a running one, for tests
    World(world::WorldArgs),
    /// Run a command with a server of its own, which ends with it
    Exec(exec::ExecArgs),
    /// Write the reference pages, or check that they are current
    Docs(docs::DocsArgs),
    /// Carry the frames of one guest; the server starts it
    #[command(hide = true)]
    GuestNetwork(guest_network::GuestNetworkArgs),
    /// Write the manual pages
    Man(man::ManArgs),
    /// Serve an assistant over standard input and output (Model Context Protocol)
    Mcp(mcp::McpArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// All commands, with an environment variable for every option of those that take a configuration
/// file.
fn command() -> Command {
    let all = serve::config::COMMANDS.iter();
    all.fold(Arguments::command(), |command, name| {
        command.mut_subcommand(name, serve::config::with_environment)
    })
}

/// Runs the command line of this process.
pub async fn run() -> Result<(), Failure> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(help) = commands::help_of_action(&arguments) {
        return output::print(&help);
    }
    let arguments = call::fold_parameters(arguments);
    let in_json = failure::asks_for_json(&arguments);
    carry_out(arguments, in_json).await.map_err(|failure| Failure { in_json, ..failure })
}

async fn carry_out(arguments: Vec<OsString>, in_json: bool) -> Result<(), Failure> {
    let mut command = command();
    let mut file = None;
    if let Some((name, path)) = serve::config::path_named_by(&arguments) {
        let configured = command.find_subcommand(name).expect("there is such a command");
        let read = file.insert(ConfigFile::read(path, configured)?);
        command = command.mut_subcommand(name, |configured| read.as_defaults(configured));
    }
    let matches = command.clone().try_get_matches_from(arguments);
    let mut matches = matches.map_err(|error| failure::wrong_usage(&error, in_json))?;
    if let Some(("serve", given)) = matches.subcommand()
        && given.get_flag("print_config")
    {
        let serve = command.find_subcommand("serve").expect("there is such a command");
        return output::print(&serve::print_config::describe(serve, given, file.as_ref()));
    }
    let given = matches.subcommand_matches("serve").cloned();
    let arguments = Arguments::from_arg_matches_mut(&mut matches);
    let arguments = arguments.map_err(|error| failure::wrong_usage(&error, in_json))?;
    match arguments.command {
        CliCommand::Serve(mut args) => {
            if let Some(given) = given {
                serve::config::choose_directory(&mut args, &given)?;
            }
            serve::serve(*args).await
        }
        CliCommand::Host(args) => host::run(*args).await,
        CliCommand::Hosts(args) => hosts::run(args).await,
        CliCommand::Call(args) => call::run(args).await,
        CliCommand::Sample(args) => sample::run(args),
        CliCommand::Console(args) => console::run(args).await,
        CliCommand::Catalog(args) => catalog::run(args),
        CliCommand::Key(args) => key::run(args).await,
        CliCommand::Image(args) => image::run(args).await,
        CliCommand::Disk(args) => disk::run(args).await,
        CliCommand::Backup(args) => backup::run(args).await,
        CliCommand::Restore(args) => restore::run(args).await,
        CliCommand::Doctor(args) => doctor::run(args).await,
        CliCommand::Admin(args) => admin::run(args).await,
        CliCommand::Man(args) => man::run(&args),
        CliCommand::Mcp(args) => mcp::run(args).await,
        CliCommand::Exec(args) => exec::run(args).await,
        CliCommand::World(args) => world::run(args).await,
        CliCommand::Docs(args) => docs::run(args),
        CliCommand::GuestNetwork(args) => guest_network::run(&args),
        CliCommand::Completions(args) => completions::run(args),
    }
}
