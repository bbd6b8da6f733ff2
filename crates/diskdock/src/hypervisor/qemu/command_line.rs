//! The command line of a machine: a pure function of what it is made of.
//!
//! Whatever comes from a caller goes into JSON, where nothing in it can mean anything else; paths
//! that QEMU takes outside JSON are fixed names in the directory that it is started in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::accel::{Choice, SANDBOX};
use super::guest_agent;
use super::process::PID_FILE;
use super::uefi::UefiFiles;
use crate::hypervisor::MachineSpec;

/// The monitor that the driver talks to.
pub(crate) const MONITOR: &str = "qmp.sock";
/// A second monitor, for people.
pub(crate) const OPERATOR_MONITOR: &str = "operator.sock";
/// The output of the guest's serial port.
pub(crate) const CONSOLE: &str = "console.log";
/// The guest's serial port, for one client at a time.
pub(crate) const CONSOLE_SOCKET: &str = "console.sock";

/// Root ports of a machine at most, and so its disks: eight on each of eight places of the root
/// bus.
pub(crate) const PORTS: u32 = 64;
/// Root ports that share a place of the root bus as its functions.
const FUNCTIONS: u32 = 8;
/// The first place on the root bus that root ports take; those before it have other devices.
const FIRST_PLACE: u32 = 8;

/// The thread in which the requests of a machine's disks are carried out.
const IO_THREAD: &str = "io";

/// The firmware or kernel that is booted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Boot {
    /// The first disk's boot sector.
    Disk,
    /// The first disk's boot loader, by UEFI.
    Uefi(UefiFiles),
    /// A kernel straight from the host's files.
    Kernel {
        /// The kernel.
        kernel: PathBuf,
        /// The initial file system, if any.
        initrd: Option<PathBuf>,
        /// The kernel's command line.
        command_line: String,
    },
}

impl Boot {
    /// Whether the boot loader is on the system disk.
    pub(crate) fn is_from_disk(&self) -> bool {
        match self {
            Boot::Disk | Boot::Uefi(_) => true,
            Boot::Kernel { .. } => false,
        }
    }
}

/// The network card that a guest is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Card {
    /// None.
    Absent,
    /// One whose frames go over a socket: QEMU's standard input.
    Stream,
    /// One on an interface of this host: QEMU's standard input.
    Tap,
}

/// A disk that the machine has from the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BootDisk {
    /// The name of its device and block node.
    pub name: String,
    /// Its serial number.
    pub serial: String,
    /// Its root port.
    pub port: u32,
    /// The block node of its volume.
    pub node: Value,
    /// The object with the key that opens it, if it is encrypted: the path of a file.
    pub secret: Option<Value>,
    /// Whether it is the one to boot from.
    pub system: bool,
    /// Whether other machines may have it at the same time.
    pub shared: bool,
}

/// Everything that a command line depends on.
#[derive(Clone, Debug)]
pub(crate) struct Parts<'a> {
    /// The specification of the machine.
    pub spec: &'a MachineSpec,
    /// How it is accelerated.
    pub accel: &'a Choice,
    /// Its versioned machine type.
    pub machine_type: &'a str,
    /// The firmware or kernel that it boots.
    pub boot: Boot,
    /// Whether its disks have a thread of their own.
    pub io_thread: bool,
    /// Whether it has a port for a guest agent.
    pub agent_port: bool,
    /// Its disks.
    pub disks: Vec<BootDisk>,
    /// The seed with the guest's user data, if any.
    pub seed: Option<PathBuf>,
    /// Its network card.
    pub card: Card,
}

/// How many root ports a machine has that can hold so many disks.
pub(crate) fn ports(disk_quantity: u32) -> u32 {
    disk_quantity.clamp(1, PORTS)
}

/// The block node of the seed.
fn seed_node(path: &Path) -> Value {
    json!({
        "driver": "raw",
        "node-name": "seed",
        "read-only": true,
        "file": { "driver": "file", "filename": path, "locking": "on", "read-only": true },
    })
}

/// The device through which a guest sees a disk. The address matters: without one, QEMU would put a
/// second device on an occupied port where no guest ever sees it.
pub(super) fn block_device(
    name: &str,
    serial: &str,
    port: u32,
    io_thread: bool,
    shared: bool,
) -> Value {
    let mut device = json!({
        "driver": "virtio-blk-pci",
        "id": name,
        "drive": name,
        "bus": format!("rp{port}"),
        "addr": "0.0",
        "serial": serial,
        // A full host file system pauses the machine instead of failing the guest's writes.
        "werror": "enospc",
        "rerror": "report",
    });
    if io_thread {
        device["iothread"] = json!(IO_THREAD);
    }
    if shared {
        // The lock on the file admits others that say the same, and nobody else.
        device["share-rw"] = json!(true);
    }
    device
}

/// The arguments of QEMU.
pub(crate) fn command_line(parts: &Parts<'_>) -> Vec<OsString> {
    let mut line = Line(Vec::new());
    basics(&mut line, parts);
    boot(&mut line, parts);
    if parts.io_thread {
        line.json("-object", json!({"qom-type": "iothread", "id": IO_THREAD}));
    }
    for port in 0..ports(parts.spec.disk_quantity) {
        line.json("-device", root_port(port));
    }
    for disk in &parts.disks {
        if let Some(secret) = &disk.secret {
            line.json("-object", secret.clone());
        }
        line.json("-blockdev", disk.node.clone());
        let BootDisk { name, serial, port, shared, .. } = disk;
        let mut device = block_device(name, serial, *port, parts.io_thread, *shared);
        if disk.system && parts.boot.is_from_disk() {
            device["bootindex"] = json!(0);
        }
        line.json("-device", device);
    }
    if let Some(seed) = &parts.seed {
        line.json("-blockdev", seed_node(seed));
        // A CD-ROM takes no letter from the disks: the guest's vda is the API's xvda.
        line.json("-device", json!({"driver": "virtio-scsi-pci", "id": "seed-bus", "addr": "4"}));
        line.json("-device", json!({"driver": "scsi-cd", "drive": "seed", "bus": "seed-bus.0"}));
    }
    if parts.agent_port {
        agent_port(&mut line);
    }
    network(&mut line, parts);
    line.0
}

struct Line(Vec<OsString>);

impl Line {
    fn flag(&mut self, flag: &str) {
        self.0.push(flag.into());
    }

    fn option(&mut self, flag: &str, value: impl Into<OsString>) {
        self.flag(flag);
        self.0.push(value.into());
    }

    fn json(&mut self, flag: &str, value: Value) {
        self.option(flag, value.to_string());
    }
}

fn basics(line: &mut Line, parts: &Parts<'_>) {
    let Parts { spec, accel, .. } = parts;
    line.option("-name", spec.instance.as_str());
    for flag in ["-nodefaults", "-no-user-config"] {
        line.flag(flag);
    }
    line.option("-display", "none");
    line.option("-sandbox", SANDBOX);
    line.option("-pidfile", PID_FILE);
    line.option("-machine", machine(parts));
    for asleep in ["ICH9-LPC.disable_s3=1", "ICH9-LPC.disable_s4=1"] {
        // A guest that has slept hears no unplug and no power button any more.
        line.option("-global", asleep);
    }
    line.option("-accel", accel.accel.as_str());
    line.option("-cpu", accel.cpu_model);
    line.option("-smp", spec.processors.to_string());
    line.option("-m", format!("{}M", spec.memory_mib));
    line.option("-qmp", format!("unix:{MONITOR},server=on,wait=off"));
    line.option("-qmp", format!("unix:{OPERATOR_MONITOR},server=on,wait=off"));
    // What the guest writes goes to the file whether a client is there or not. One that does not
    // read what it is sent stops the guest's output until it goes.
    let console = format!("socket,id=console,path={CONSOLE_SOCKET},server=on,wait=off");
    line.option("-chardev", format!("{console},logfile={CONSOLE},logappend=on"));
    line.option("-serial", "chardev:console");
    line.json(
        "-object",
        json!({"qom-type": "rng-random", "id": "rng", "filename": "/dev/urandom"}),
    );
    line.json("-device", json!({"driver": "virtio-rng-pci", "rng": "rng", "addr": "3"}));
}

fn machine(parts: &Parts<'_>) -> String {
    let flash = match parts.boot {
        Boot::Uefi(_) => ",pflash0=firmware,pflash1=variables",
        Boot::Disk | Boot::Kernel { .. } => "",
    };
    format!("{},usb=off,vmport=off,dump-guest-core=off{flash}", parts.machine_type)
}

/// The block node of a flash chip.
fn flash_node(name: &str, path: &Path, read_only: bool) -> Value {
    json!({
        "driver": "raw",
        "node-name": name,
        "read-only": read_only,
        "file": {
            "driver": "file", "filename": path, "locking": "on", "read-only": read_only,
        },
    })
}

fn boot(line: &mut Line, parts: &Parts<'_>) {
    if let Boot::Uefi(UefiFiles { firmware, variables }) = &parts.boot {
        line.json("-blockdev", flash_node("firmware", firmware, true));
        line.json("-blockdev", flash_node("variables", variables, false));
    }
    let Boot::Kernel { kernel, initrd, command_line } = &parts.boot else { return };
    line.option("-kernel", kernel);
    if let Some(initrd) = initrd {
        line.option("-initrd", initrd);
    }
    line.option("-append", command_line);
}

/// A place into which a disk can be plugged while the machine runs. It needs no I/O ports, of which
/// there are too few for many bridges.
fn root_port(port: u32) -> Value {
    let (place, function) = (FIRST_PLACE + port / FUNCTIONS, port % FUNCTIONS);
    json!({
        "driver": "pcie-root-port",
        "id": format!("rp{port}"),
        "bus": "pcie.0",
        "addr": format!("{place:x}.{function:x}"),
        "multifunction": true,
        "chassis": port + 1,
        "slot": port + 1,
        "io-reserve": 0,
    })
}

/// The port through which a guest agent is asked.
fn agent_port(line: &mut Line) {
    let (chardev, socket, port) = (guest_agent::CHARDEV, guest_agent::SOCKET, guest_agent::PORT);
    let listens = format!("socket,id={chardev},path={socket},server=on,wait=off");
    line.option("-chardev", listens);
    line.json("-device", json!({"driver": "virtio-serial-pci", "id": "ports", "addr": "5"}));
    let device = json!({
        "driver": "virtserialport", "bus": "ports.0", "chardev": chardev, "name": port,
    });
    line.json("-device", device);
}

fn network(line: &mut Line, parts: &Parts<'_>) {
    let netdev = match parts.card {
        Card::Absent => return,
        Card::Stream => {
            let standard_input = json!({ "type": "fd", "str": "0" });
            json!({ "type": "stream", "id": "net", "server": false, "addr": standard_input })
        }
        Card::Tap => json!({ "type": "tap", "id": "net", "fd": "0" }),
    };
    line.json("-netdev", netdev);
    let device = json!({
        "driver": "virtio-net-pci",
        "netdev": "net",
        "mac": mac_address(parts.spec),
        "addr": "2",
        // No boot from the network, so no boot ROM.
        "romfile": "",
    });
    line.json("-device", device);
}

/// The hardware address of a guest's card. An instance whose start was asked of an earlier version
/// has none; that version took one of QEMU's own range, out of the instance's id (FNV-1a).
pub(crate) fn mac_address(spec: &MachineSpec) -> String {
    if !spec.mac.is_empty() {
        return spec.mac.clone();
    }
    let bytes = spec.instance.as_str().bytes();
    let hash = bytes
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [_, a, b, c] = hash.to_be_bytes();
    format!("52:54:00:{a:02x}:{b:02x}:{c:02x}")
}

#[cfg(test)]
mod tests;
