//! Options of `diskdock serve` for virtual machines: the hypervisor, and the settings of QEMU.

use std::ops::RangeInclusive;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::Failure;
use crate::assembly::RealMachines;
use crate::backup::{HOSTS, MARK, QEMU, SIMULATED, StateOwner};
use crate::hypervisor::parse_duration_ms;
use crate::hypervisor::qemu::accel::AccelChoice;
use crate::hypervisor::qemu::network::{INSTALL, Network, Programs};
use crate::hypervisor::qemu::throttle::DiskThrottle;
use crate::hypervisor::qemu::{Config, user};
use crate::private_file;
use crate::storage::{DiskCache, StoragePlace};
use crate::store::sqlite::STORE;

/// The hypervisor of instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum HypervisorChoice {
    /// No virtual machines: instances and disks exist in the store only
    #[default]
    Simulated,
    /// On this host, as QEMU virtual machines
    Qemu,
    /// On hosts, each of which runs `diskdock host` over the same --store
    Hosts,
}

impl HypervisorChoice {
    fn as_str(self) -> &'static str {
        match self {
            HypervisorChoice::Simulated => SIMULATED,
            HypervisorChoice::Qemu => QEMU,
            HypervisorChoice::Hosts => HOSTS,
        }
    }
}

/// The use of the host's page cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DiskCacheChoice {
    /// Bypass it (O_DIRECT), by io_uring where the host can
    None,
    /// Use it
    #[default]
    Writeback,
}

impl From<DiskCacheChoice> for DiskCache {
    fn from(choice: DiskCacheChoice) -> DiskCache {
        match choice {
            DiskCacheChoice::None => DiskCache::None,
            DiskCacheChoice::Writeback => DiskCache::Writeback,
        }
    }
}

/// The limits of disks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DiskThrottleChoice {
    /// None: a guest gets what this host gives
    #[default]
    Off,
    /// Those of category, size, level and provisioned performance, by the documented formulas
    Documented,
}

impl From<DiskThrottleChoice> for DiskThrottle {
    fn from(choice: DiskThrottleChoice) -> DiskThrottle {
        match choice {
            DiskThrottleChoice::Off => DiskThrottle::Off,
            DiskThrottleChoice::Documented => DiskThrottle::Documented,
        }
    }
}

/// The file systems of guests when a snapshot begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FreezeChoice {
    /// Stand still where the guest runs the QEMU guest agent
    #[default]
    Auto,
    /// Are as after a power cut
    Off,
}

/// Options of QEMU.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Machines")]
pub(crate) struct QemuArgs {
    /// The program that runs a virtual machine
    #[arg(long, value_name = "PROGRAM", default_value = "qemu-system-x86_64")]
    pub qemu: PathBuf,
    /// The accelerator: kvm, tcg, or auto, which is KVM if a test guest runs under it
    #[arg(long, value_name = "HOW", default_value = "auto", value_parser = accel)]
    pub accel: AccelChoice,
    /// The user of QEMU when this program runs as root
    #[arg(long, value_name = "NAME", default_value = user::BY_DEFAULT)]
    pub qemu_user: String,
    /// The network of guests: user (reaches everything but this host), bridge=NAME (a bridge of
    /// this host) or none
    #[arg(long, value_name = "WHERE", default_value = "user", value_parser = Network::parse)]
    pub network: Network,
    /// The program that carries the connections of guests with --network user
    #[arg(long, value_name = "PROGRAM", default_value = "passt")]
    pub passt: PathBuf,
    /// The page cache of this host for disks in files: writeback, or none, which goes past it
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub disk_cache: DiskCacheChoice,
    /// The operations and bytes a second that guests get out of their disks at most
    #[arg(long, value_enum, default_value_t, value_name = "LIMITS")]
    pub throttle_disks: DiskThrottleChoice,
    /// The file systems of guests at the moment of a snapshot
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub freeze_guests: FreezeChoice,
    /// The time that a guest has to shut down before its power is cut, such as 60s; 4m at most
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = grace)]
    pub shutdown_grace: i64,
}

/// Options of virtual machines.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Machines")]
pub(crate) struct MachineArgs {
    /// The hypervisor of instances
    #[arg(long, value_enum, default_value_t)]
    pub hypervisor: HypervisorChoice,
    #[command(flatten)]
    pub qemu: QemuArgs,
    /// The bytes of disks: directory, in the data directory; or a pool of Ceph, with user and key
    /// where they are not those of Ceph's tools: rbd:pool=NAME[,conf=FILE][,user=NAME]
    /// [,keyring=FILE]
    #[arg(long, value_name = "WHERE", default_value = "directory")]
    #[arg(value_parser = StoragePlace::parse)]
    pub storage: StoragePlace,
    /// Ports of this host's loopback that the tag diskdock:forward may lead into guests: FROM-TO,
    /// or none [default: 1024-65535]
    #[arg(long, value_name = "PORTS", value_parser = ports)]
    pub forward_ports: Option<RangeInclusive<u16>>,
    /// GiB of memory for all machines that are on, or `unlimited` [default: what this host has,
    /// less a tenth]
    #[arg(long, value_name = "GIB", value_parser = MachineMemory::parse)]
    pub machine_memory: Option<MachineMemory>,
}

/// The memory that machines may use together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MachineMemory {
    /// As much as they ask for.
    Unlimited,
    /// So many GiB.
    Gib(u64),
}

impl MachineMemory {
    fn parse(text: &str) -> Result<MachineMemory, String> {
        match text.parse() {
            _ if text == "unlimited" => Ok(MachineMemory::Unlimited),
            Ok(gib) if gib > 0 => Ok(MachineMemory::Gib(gib)),
            _ => Err(format!("`{text}` is neither a number of GiB nor `unlimited`")),
        }
    }
}

/// MiB of memory that this host has, less a tenth for itself; none if it cannot be told.
pub(super) fn host_memory_mib() -> Option<u64> {
    let info = rustix::system::sysinfo();
    let bytes = info.totalram.checked_mul(u64::from(info.mem_unit))?;
    Some(bytes / 10 * 9 / MIB).filter(|mib| *mib > 0)
}

/// Bytes of a MiB, and MiB of a GiB.
const MIB: u64 = 1 << 20;
pub(super) const MIB_PER_GIB: u64 = 1 << 10;

/// Whether a program can be started.
fn runs(program: &Path) -> bool {
    let mut command = std::process::Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

fn accel(text: &str) -> Result<AccelChoice, String> {
    match text {
        "auto" => Ok(AccelChoice::Auto),
        "kvm" => Ok(AccelChoice::Kvm),
        "tcg" => Ok(AccelChoice::Tcg),
        other => Err(format!("`{other}` is neither auto, kvm nor tcg")),
    }
}

/// A stop times out after five minutes; before that the power has to be cut.
const LONGEST_GRACE_MS: i64 = 240_000;

/// Reads `FROM-TO`, or `none`, which holds no port.
fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    if text == "none" {
        // No port is 0.
        return Ok(0..=0);
    }
    let ends =
        text.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    match ends {
        Some((from, to)) if 0 < from && from <= to => Ok(from..=to),
        _ => Err(format!("`{text}` is neither ports such as 20000-29999 nor none")),
    }
}

fn grace(text: &str) -> Result<i64, String> {
    let grace = parse_duration_ms(text)
        .ok_or_else(|| format!("`{text}` is no duration such as 60s or 2m"))?;
    if grace > LONGEST_GRACE_MS {
        return Err(format!("`{text}` is longer than 4m, and a stop is given up after 5m"));
    }
    Ok(grace)
}

/// Records durably which hypervisor the state of a data directory belongs to, unless its mark says
/// so already.
pub(crate) fn record_hypervisor(directory: &Path, word: &str) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    if StateOwner::read(directory)?.marked.as_deref() == Some(word) {
        return Ok(());
    }
    private_file::replace(&directory.join(MARK), format!("{word}\n").as_bytes())
}

impl MachineArgs {
    /// Whether guests run on this host, which may send anything to it.
    pub(crate) fn has_guests(&self) -> bool {
        match self.hypervisor {
            HypervisorChoice::Simulated | HypervisorChoice::Hosts => false,
            HypervisorChoice::Qemu => true,
        }
    }

    /// MiB of memory for all machines that are on; `None` is no limit, as without machines.
    pub(crate) fn memory_mib(&self) -> Option<u64> {
        match (self.hypervisor, self.machine_memory) {
            (HypervisorChoice::Simulated | HypervisorChoice::Hosts, _)
            | (_, Some(MachineMemory::Unlimited)) => None,
            (HypervisorChoice::Qemu, Some(MachineMemory::Gib(gib))) => {
                Some(gib.saturating_mul(MIB_PER_GIB))
            }
            (HypervisorChoice::Qemu, None) => host_memory_mib(),
        }
    }

    /// The real machines and their disks; `None` for the simulated hypervisor.
    pub(crate) fn real(&self, ephemeral: bool) -> Result<Option<RealMachines>, Failure> {
        if !self.has_guests() {
            return Ok(None);
        }
        if ephemeral {
            let hint = "Leave one of them out: real machines outlive the server.";
            return Err(Failure::new("--ephemeral does not go with --hypervisor qemu", hint));
        }
        self.qemu.real(self.storage.clone()).map(Some)
    }

    /// Refuses a data directory of another hypervisor, since a store of simulated instances does
    /// not describe real ones, and one whose disks are in another place.
    pub(crate) fn check_state(&self, directory: &Path) -> Result<(), Failure> {
        let has_state = directory.join(STORE).exists();
        check_state(directory, self.hypervisor.as_str())?;
        match self.hypervisor {
            HypervisorChoice::Qemu => self.check_storage(directory, has_state),
            HypervisorChoice::Simulated | HypervisorChoice::Hosts => Ok(()),
        }
    }

    /// The same for a server whose machines are those of its own host, in a directory beneath.
    pub(crate) fn check_state_beside_host(directory: &Path) -> Result<(), Failure> {
        check_state(directory, HypervisorChoice::Hosts.as_str())
    }

    fn check_storage(&self, directory: &Path, has_state: bool) -> Result<(), Failure> {
        let place = directory.display();
        let claimed = self.storage.claim(directory, has_state);
        let claimed =
            claimed.map_err(|error| Failure::new(format!("cannot use {place}: {error}"), ""))?;
        claimed.map_err(|found| {
            let what = format!("the disks of {place} are in --storage {found}");
            Failure::new(what, "Use that, or another --data-dir.")
        })
    }
}

/// Refuses a data directory of another hypervisor than the chosen one, and marks a new one.
pub(super) fn check_state(directory: &Path, chosen: &str) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| {
        Failure::new(format!("cannot use {}: {error}", directory.display()), "")
    };
    let found = StateOwner::read(directory).map_err(wrong)?;
    let made_with = match found.hypervisor() {
        Some(made_with) => made_with,
        // It is older than the mark, as no state of virtual machines is.
        None if directory.join(STORE).exists() => SIMULATED,
        None => chosen,
    };
    if made_with == chosen {
        return record_hypervisor(directory, chosen).map_err(wrong);
    }
    let place = directory.display();
    Err(match found.fault() {
        Some(fault) => {
            let hint = "Start it with --hypervisor qemu, which writes the mark again, or use \
                        another --data-dir.";
            Failure::new(format!("{place} is of virtual machines: {fault}"), hint)
        }
        None => {
            let what = format!("the state in {place} was made with --hypervisor {made_with}");
            Failure::new(what, "Use that, or another --data-dir.")
        }
    })
}

impl QemuArgs {
    /// The real machines, with their disks in this place.
    pub(crate) fn real(&self, storage: StoragePlace) -> Result<RealMachines, Failure> {
        let user = user::of_machines(&self.qemu_user)
            .map_err(|error| Failure::new(error, "Name another one with --qemu-user."))?;
        let qemu = Config {
            program: self.qemu.clone(),
            accel: self.accel,
            user,
            network: self.network.clone(),
            programs: self.programs()?,
            throttle: self.throttle_disks.into(),
            freeze_guests: self.freeze_guests == FreezeChoice::Auto,
            shutdown_grace_ms: self.shutdown_grace,
        };
        Ok(RealMachines { qemu, storage, disk_cache: self.disk_cache.into() })
    }

    /// The programs that the network needs, if they are there: a guest is never given another
    /// network than the one that was chosen.
    fn programs(&self) -> Result<Programs, Failure> {
        let has_passt = self.network != Network::User || runs(&self.passt);
        if !has_passt {
            let what =
                format!("--network user needs {}, which cannot be run", self.passt.display());
            return Err(Failure::new(what, INSTALL));
        }
        // By this name it is the program that runs, even if its file was replaced meanwhile.
        Ok(Programs { relay: "/proc/self/exe".into(), passt: self.passt.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_memory_is_a_number_of_gib_or_unlimited() {
        assert_eq!(MachineMemory::parse("16"), Ok(MachineMemory::Gib(16)));
        assert_eq!(MachineMemory::parse("unlimited"), Ok(MachineMemory::Unlimited));
        for wrong in ["", "0", "-1", "16G", "much"] {
            assert!(MachineMemory::parse(wrong).is_err(), "{wrong}");
        }
        assert!(host_memory_mib().is_some_and(|mib| mib > 64));
    }
}
