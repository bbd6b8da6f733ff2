//! Options of `diskdock host`.

use std::net::IpAddr;
use std::path::PathBuf;

use domain::host::{HostHypervisor, is_host_name};

use crate::cli::hypervisor_args::{MIB_PER_GIB, QemuArgs, host_memory_mib};
use crate::hypervisor::Pace;
use crate::storage::StoragePlace;

/// Disks that the instances of a host can have together, unless an operator says otherwise.
pub(in crate::cli) const DISK_SLOTS: u64 = 4096;

/// Run the instances of one host, whose servers run with `--hypervisor hosts`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  diskdock serve --store postgres://diskdock@db.example/diskdock --hypervisor hosts
  diskdock image import --data-dir /var/lib/diskdock-host --name debian-12 debian-12.qcow2
  diskdock host --store postgres://diskdock@db.example/diskdock --name host-a \\
    --zone cn-hangzhou-b --data-dir /var/lib/diskdock-host --hypervisor qemu

The process listens nowhere: it takes its work from the store. Stopped or killed, it goes on where
it was when it starts again; virtual machines run on meanwhile. See docs/scale.md.")]
pub(crate) struct HostArgs {
    /// The PostgreSQL database of the servers, such as postgres://diskdock@db.example/diskdock
    #[arg(long, value_name = "URL", env = "DISKDOCK_STORE", hide_env_values = true)]
    pub store: String,
    /// Certificates that vouch for the database, in PEM; needed where it is on another machine
    #[arg(long, value_name = "FILE", env = "DISKDOCK_STORE_CA")]
    pub store_ca: Option<PathBuf>,
    /// The name of the host: lower-case letters, digits and hyphens
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub name: String,
    /// The zone of its instances, for good
    #[arg(long, value_name = "ZONE")]
    pub zone: String,
    /// The hypervisor of its instances, the same on all hosts of a database
    #[arg(long, value_enum, default_value_t, value_name = "HYPERVISOR")]
    pub hypervisor: HostHypervisorChoice,
    /// The bytes of its disks: directory, in the data directory; or a pool of Ceph, the same for
    /// all hosts: rbd:pool=NAME[,conf=FILE][,user=NAME][,keyring=FILE]
    #[arg(long, value_name = "WHERE", default_value = "directory")]
    #[arg(value_parser = StoragePlace::parse)]
    pub storage: StoragePlace,
    /// Another address from which this host works with Ceph, beside the one that Ceph sees it at;
    /// may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub storage_address: Vec<IpAddr>,
    /// The data directory of this host, which no other process uses
    #[arg(long, value_name = "DIRECTORY", default_value = "diskdock-host")]
    pub data_dir: PathBuf,
    /// Processors for instances [default: those of this computer]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub processors: Option<u64>,
    /// GiB of memory for instances [default: that of this computer, less a tenth]
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u64).range(1..))]
    pub memory: Option<u64>,
    /// Disks for all instances together; each counts with as many as its type can hold
    #[arg(long, value_name = "NUMBER", default_value_t = DISK_SLOTS)]
    pub disk_slots: u64,
    /// Virtual processors that are given away, in percent of the processors
    #[arg(long, value_name = "PERCENT", default_value = "100")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub overcommit_processors: u64,
    /// Memory that is given away, in percent of the memory
    #[arg(long, value_name = "PERCENT", default_value = "100")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub overcommit_memory: u64,
    /// How long simulated transitions take: fast (tens of milliseconds), cloud (about a minute),
    /// or a duration such as 500ms or 2s
    #[arg(long, default_value = "fast", value_parser = Pace::parse)]
    pub pace: Pace,
    /// A TOML file that extends or replaces the regions, zones, instance types and images
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// The log filter, such as warn, debug or diskdock=trace [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// A TOML file with values of these options, by their names; see docs/scale.md
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Log lines as JSON
    #[arg(long)]
    pub log_json: bool,
    /// Log warnings and errors only, unless --log says otherwise
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub qemu: QemuArgs,
}

/// The hypervisor of a host's instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum HostHypervisorChoice {
    /// No virtual machines: instances and disks exist in the store only
    #[default]
    Simulated,
    /// QEMU virtual machines
    Qemu,
}

impl From<HostHypervisorChoice> for HostHypervisor {
    fn from(choice: HostHypervisorChoice) -> HostHypervisor {
        match choice {
            HostHypervisorChoice::Simulated => HostHypervisor::Simulated,
            HostHypervisorChoice::Qemu => HostHypervisor::Qemu,
        }
    }
}

pub(in crate::cli) fn host_name(text: &str) -> Result<String, String> {
    let wrong =
        || "a host's name has lower-case letters, digits and hyphens, 63 at most".to_owned();
    if is_host_name(text) { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// The processors of this computer.
pub(super) fn processors_here() -> u64 {
    std::thread::available_parallelism().map_or(1, |many| many.get() as u64)
}

/// The memory of this computer for instances, in MiB.
pub(super) fn memory_here_mib() -> u64 {
    host_memory_mib().unwrap_or(MIB_PER_GIB)
}

/// GiB in MiB.
pub(super) fn mib(gib: u64) -> u64 {
    gib.saturating_mul(MIB_PER_GIB)
}
