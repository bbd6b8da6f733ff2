//! `diskdock exec`: runs a command with a server of its own.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::admin::controls::TOKEN_VARIABLE;
use super::{Failure, USAGE};

/// The number that a shell adds to the number of the signal that ended a command.
const ENDED_BY_SIGNAL: i32 = 128;

/// Run a command with a server of its own, which ends with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  diskdock exec -- go test ./...
  DISKDOCK_PACE=2s diskdock exec -- ./integration-test.sh

The command finds the server in DISKDOCK_ENDPOINT and DISKDOCK_ADMIN_TOKEN, as the packages for
Python, Node, Go and Java do. Options of the server are variables, as in the second example: see
`diskdock serve --help`. The exit code is that of the command.")]
pub(crate) struct ExecArgs {
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[arg(value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command.
pub(super) async fn run(args: ExecArgs) -> Result<(), Failure> {
    let (mut server, endpoint, token) = start_server().await?;
    let (program, arguments) = args.command.split_first().expect("clap wants one word at least");
    let mut command = Command::new(program);
    command.args(arguments).env("DISKDOCK_ENDPOINT", endpoint).env(TOKEN_VARIABLE, token);
    let ended = command.status().await;
    // The server ends with its input.
    drop(server.stdin.take());
    let _ = server.wait().await;
    let status = ended.map_err(|error| {
        Failure::usage(format!("cannot run {}: {error}", program.display()), "")
    })?;
    if status.success() { Ok(()) } else { std::process::exit(exit_code(status)) }
}

fn exit_code(status: ExitStatus) -> i32 {
    let by_signal = || status.signal().map(|signal| ENDED_BY_SIGNAL + signal);
    status.code().or_else(by_signal).unwrap_or(USAGE.into())
}

/// Starts a server, and gives its endpoint and its admin token.
async fn start_server() -> Result<(Child, String, String), Failure> {
    let cannot = |why: &dyn std::fmt::Display| Failure::new(format!("no server: {why}"), "");
    let program = std::env::current_exe().map_err(|error| cannot(&error))?;
    let mut command = Command::new(program);
    command.args(["serve", "--child", "--ephemeral", "--quiet", "--listen", "127.0.0.1:0"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = command.spawn().map_err(|error| cannot(&error))?;
    let output = server.stdout.take().expect("it was piped");
    let mut line = String::new();
    let read = BufReader::new(output).read_line(&mut line).await;
    read.map_err(|error| cannot(&error))?;
    let said: Value =
        serde_json::from_str(&line).map_err(|_| cannot(&"it ended; its reason is above"))?;
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    Ok((server, text("endpoint"), text("admin_token")))
}
