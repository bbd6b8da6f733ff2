//! Measures the diskdock server beside a bare axum handler, and prints one table.

mod attach;
mod bare;
mod bench;
mod describe;
mod detach;
mod footprint;
mod in_flight;
mod load;
mod machine;
mod process;
mod seed;
mod sign;
mod table;
mod walks;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bench::{Bench, Scale};
use clap::{Parser, Subcommand, ValueEnum};
use seed::Seeds;

/// Measure the diskdock server beside a bare HTTP handler.
#[derive(Parser)]
struct Args {
    /// Run small and short: under a minute in all
    #[arg(long)]
    quick: bool,
    /// Only these parts; can be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<Part>,
    /// Seconds of each measurement
    #[arg(long, value_name = "N")]
    seconds: Option<f64>,
    /// The server to measure; the one beside this program if left out
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Where to keep data while it runs, on the disk that fsync is to be measured on
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Repeat a recorded answer for ever.
    #[command(hide = true)]
    BareServer { address: SocketAddr, file: PathBuf },
}

/// Longer than it takes to renew the lease of a server twice.
const TWO_RENEWALS: Duration = Duration::from_secs(45);

/// The parts of the benchmark, in the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Start to first answer
    Start,
    /// Resident memory
    Memory,
    /// DescribeDisks by one id
    Id,
    /// DescribeDisks page by page
    Pages,
    /// AttachDisk and DetachDisk in memory
    Ephemeral,
    /// AttachDisk and DetachDisk with fsync
    Durable,
    /// The health control beside walks over all disks
    Walks,
    /// Writes beside very many operations
    InFlight,
    /// DetachDisk on a virtual machine; only if it is asked for, as it needs QEMU
    Detach,
}

impl Part {
    fn run(self, bench: &mut Bench) -> io::Result<()> {
        match self {
            Part::Start => footprint::start_up(bench),
            Part::Memory => footprint::memory(bench),
            Part::Id => describe::by_id(bench),
            Part::Pages => describe::pages(bench),
            Part::Ephemeral => attach::ephemeral(bench),
            Part::Durable => attach::durable(bench),
            Part::Walks => walks::health(bench),
            Part::InFlight => in_flight::writes(bench),
            Part::Detach => detach::detach(bench),
        }
    }
}

impl Args {
    fn scale(&self) -> Scale {
        let seconds = self.seconds.unwrap_or(if self.quick { 0.5 } else { 4.0 });
        let time = Duration::from_secs_f64(seconds.clamp(0.01, 3_600.0));
        if self.quick {
            Scale {
                time,
                disks: [1_000, 5_000, 20_000],
                instances: 600,
                starts: 3,
                walked: 20_000,
                in_flight: 1_000,
                in_flight_time: time,
            }
        } else {
            Scale {
                time,
                disks: [1_000, 100_000, 1_000_000],
                instances: 1_000,
                starts: 10,
                walked: 300_000,
                in_flight: 50_000,
                in_flight_time: time.max(TWO_RENEWALS),
            }
        }
    }
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("diskdock-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> io::Result<()> {
    if let Some(Command::BareServer { address, file }) = &args.command {
        return bare::serve(*address, file);
    }
    let program = std::env::current_exe()?;
    let beside = |name: &str| program.with_file_name(name);
    let server = args.server.clone().unwrap_or_else(|| beside("diskdock"));
    if !server.exists() {
        let profile = if cfg!(debug_assertions) { "" } else { " --release" };
        let error = format!(
            "there is no server at {}; build it: cargo build{profile} -p diskdock",
            server.display()
        );
        return Err(io::Error::other(error));
    }
    for fact in machine::facts() {
        println!("{fact}");
    }
    let parent = args.scratch.clone().unwrap_or_else(|| beside("bench-data"));
    let scratch = parent.join(std::process::id().to_string());
    std::fs::create_dir_all(&scratch)?;
    let seeds = Seeds::new(&scratch);
    let (scale, rows) = (args.scale(), Vec::new());
    let mut bench = Bench { scale, server, scratch: scratch.clone(), seeds, rows };
    let by_default = |part: &Part| args.only.is_empty() && *part != Part::Detach;
    let wanted = |part: &Part| by_default(part) || args.only.contains(part);
    let parts = Part::value_variants().iter().filter(|part| wanted(part));
    let ran = parts.copied().try_for_each(|part| {
        eprintln!(
            "{} ...",
            part.to_possible_value().map_or(String::new(), |v| v.get_name().into())
        );
        part.run(&mut bench)
    });
    println!("\n{}", table::render(&bench.rows));
    std::fs::remove_dir_all(&scratch)?;
    ran
}
