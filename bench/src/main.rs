//! Measures the diskdock server beside a bare axum handler, and prints one table.

mod against;
mod attach;
mod bare;
mod bench;
mod callgrind;
mod database;
mod describe;
mod detach;
mod filters;
mod footprint;
mod guard;
mod hosts;
mod in_flight;
mod launch;
mod load;
mod machine;
mod mixed;
mod peer;
mod process;
mod seed;
mod servers;
mod sign;
mod table;
mod told;
mod walks;
mod worlds;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bench::{Bench, Scale};
use clap::{Parser, Subcommand, ValueEnum};
use hosts::Cluster;
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
    /// Measure this server as well, in turn, and compare the rates: an earlier build, say
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    /// The store version of that server, if it is older
    #[arg(long, value_name = "NUMBER", requires = "against")]
    against_store_version: Option<i64>,
    /// How often both are measured
    #[arg(long, value_name = "N", default_value = "3", requires = "against")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Where to keep data while it runs, on the disk that fsync is to be measured on
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// A PostgreSQL server for the parts servers and hosts, such as postgres://postgres@127.0.0.1:5432;
    /// databases are made in it and dropped
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// The program of fakecloud, an emulator of EC2, for the part peer: `cargo install fakecloud`
    #[arg(long, value_name = "PATH")]
    peer: Option<PathBuf>,
    /// Count instructions per call with Valgrind instead, and fail if a call takes over 5% more
    /// than is recorded; with `--against`, print those of both servers
    #[arg(long, conflicts_with_all = ["quick", "only", "seconds"])]
    guard: bool,
    /// Record what was counted
    #[arg(long, requires = "guard", conflicts_with = "against")]
    record: bool,
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
    /// DescribeDisks with filters
    Filters,
    /// AttachDisk and DetachDisk in memory
    Ephemeral,
    /// AttachDisk and DetachDisk in memory beside another emulator; only with --peer
    Peer,
    /// AttachDisk and DetachDisk with fsync
    Durable,
    /// RunInstances of many
    Launch,
    /// Reads and writes side by side
    Mixed,
    /// Fresh worlds, and forks of 10,000 disks
    Worlds,
    /// The health control beside walks over all disks
    Walks,
    /// Writes beside very many operations
    InFlight,
    /// A client that waits for a change
    Told,
    /// The largest page of the explorer
    Page,
    /// DetachDisk on a virtual machine; only if it is asked for, as it needs QEMU
    Detach,
    /// DetachDisk of disks that have or come from snapshots, are encrypted or limited; likewise
    DetachKinds,
    /// AttachDisk and DetachDisk by servers over one PostgreSQL; only if it is asked for
    Servers,
    /// Hosts that pull their work from PostgreSQL; only if it is asked for
    Hosts,
}

impl Part {
    /// Whether it is run without being asked for: it needs nothing that is not there.
    fn is_usual(self, args: &Args) -> bool {
        match self {
            Part::Detach | Part::DetachKinds | Part::Servers | Part::Hosts => false,
            Part::Peer => args.peer.is_some(),
            _ => true,
        }
    }

    fn run(self, bench: &mut Bench) -> io::Result<()> {
        match self {
            Part::Start => footprint::start_up(bench),
            Part::Memory => footprint::memory(bench),
            Part::Id => describe::by_id(bench),
            Part::Pages => describe::pages(bench),
            Part::Filters => filters::pages(bench),
            Part::Ephemeral => attach::ephemeral(bench),
            Part::Peer => peer::accepted(bench),
            Part::Durable => attach::durable(bench),
            Part::Launch => launch::instances(bench),
            Part::Mixed => mixed::load(bench),
            Part::Worlds => worlds::making(bench),
            Part::Walks => walks::health(bench),
            Part::InFlight => in_flight::writes(bench),
            Part::Told => told::of_changes(bench),
            Part::Page => told::of_page(bench),
            Part::Detach => detach::detach(bench),
            Part::DetachKinds => detach::kinds::detach_kinds(bench),
            Part::Servers => servers::accepted(bench),
            Part::Hosts => hosts::work(bench),
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
                cluster: Cluster { hosts: 5, instances: 1_000, disks_each: 10 },
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
                cluster: Cluster { hosts: 200, instances: 100_000, disks_each: 10 },
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
    let ran = measure(args, server, &scratch);
    std::fs::remove_dir_all(&scratch)?;
    ran
}

/// Runs the wanted parts and prints the table, also of what was measured before an error.
fn measure(args: &Args, server: PathBuf, scratch: &Path) -> io::Result<()> {
    let wanted = |part: &&Part| match args.only.as_slice() {
        [] => part.is_usual(args),
        only => only.contains(part),
    };
    let parts: Vec<Part> = Part::value_variants().iter().filter(wanted).copied().collect();
    let bench = |name: &str, server: PathBuf, version: Option<i64>| {
        let scratch = scratch.join(name);
        std::fs::create_dir_all(&scratch)?;
        let seeds = Seeds::new(&scratch, version);
        let (scale, rows) = (args.scale(), Vec::new());
        let (postgres, peer) = (args.postgres.clone(), args.peer.clone());
        Ok::<_, io::Error>(Bench { scale, server, scratch, postgres, peer, seeds, rows })
    };
    let mut ours = bench("ours", server, None)?;
    let theirs = args.against.clone();
    let theirs = theirs.map(|other| bench("theirs", other, args.against_store_version));
    let theirs = theirs.transpose()?;
    if args.guard {
        return guard::run(ours, theirs, args.record);
    }
    if let Some(theirs) = theirs {
        let rows = against::compare(ours, theirs, &parts, args.rounds)?;
        println!("\n{}", table::render(&rows));
        return Ok(());
    }
    let ran = parts.into_iter().try_for_each(|part| {
        eprintln!(
            "{} ...",
            part.to_possible_value().map_or(String::new(), |v| v.get_name().into())
        );
        part.run(&mut ours)
    });
    println!("\n{}", table::render(&ours.rows));
    ran
}
