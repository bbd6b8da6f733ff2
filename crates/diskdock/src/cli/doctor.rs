//! `diskdock doctor`: checks whether this host can run virtual machines.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::catalog::TextFormat;
use super::{Failure, output};
use crate::doctor::{PlannedServer, Point, Verdict, examine};
use crate::hypervisor::qemu::user;

/// Check whether this host can run virtual machines, and name the remedies.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock doctor
  diskdock doctor --data-dir /var/lib/diskdock --qemu-user diskdock-qemu
  diskdock doctor --output json

Nothing is changed. The exit code is 0 if there is no problem; a warning is none.")]
pub(crate) struct DoctorArgs {
    /// The data directory
    #[arg(long, value_name = "DIRECTORY", default_value = "diskdock-data")]
    #[arg(env = "DISKDOCK_DATA_DIR")]
    data_dir: PathBuf,
    /// The program that runs virtual machines
    #[arg(long, value_name = "PROGRAM", default_value = "qemu-system-x86_64")]
    qemu: PathBuf,
    /// The user of QEMU when the server runs as root
    #[arg(long, value_name = "NAME", default_value = user::BY_DEFAULT)]
    qemu_user: String,
    /// The format of the output
    #[arg(long, value_enum, default_value = "table")]
    output: TextFormat,
    /// The same as --output json
    #[arg(long, hide = true)]
    json: bool,
}

/// Runs the command.
pub(super) async fn run(args: DoctorArgs) -> Result<(), Failure> {
    let (data_directory, qemu, qemu_user) = (args.data_dir, args.qemu, args.qemu_user);
    let points = examine(&PlannedServer { data_directory, qemu, qemu_user }).await;
    let problems = points.iter().filter(|point| point.verdict == Verdict::Problem).count();
    if args.json || args.output == TextFormat::Json {
        output::print_json(&json!({ "fit": problems == 0, "points": points }))?;
    } else {
        output::print(&points.iter().map(text).collect::<Vec<_>>().join("\n"))?;
    }
    match problems {
        0 => Ok(()),
        1 => Err(Failure::new("this host cannot run virtual machines: 1 problem", "")),
        many => {
            let message = format!("this host cannot run virtual machines: {many} problems");
            Err(Failure::new(message, ""))
        }
    }
}

fn text(point: &Point) -> String {
    let line = format!("{:<8} {:<11} {}", point.verdict.as_str(), point.name, point.found);
    if point.remedy.is_empty() { line } else { format!("{line}\n{:21}-> {}", "", point.remedy) }
}
