//! Checks what machines need besides QEMU: machine types, firmware, the network's program, memory.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::Point;
use crate::hypervisor::qemu::machine_type::MachineTypes;
use crate::hypervisor::qemu::{network, uefi};

const MACHINE_TYPE: &str = "machine type";
const PASST: &str = "passt";
const OVMF: &str = "ovmf";
const MEMORY: &str = "memory";
/// MiB of free memory below which hardly a machine can start.
const MEMORY_WANTED_MIB: u64 = 2_048;
const KIB_PER_MIB: u64 = 1_024;

/// Checks them. A problem of some machines only is a warning.
pub(crate) async fn examine(qemu: &Path) -> Vec<Point> {
    let (types, passt) = tokio::join!(machine_type(qemu), passt(Path::new("passt")));
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    vec![types, passt, ovmf(uefi::missing()), memory(&meminfo)]
}

async fn machine_type(qemu: &Path) -> Point {
    match MachineTypes::of(qemu).await {
        Ok(types) => {
            let (newest, known) = (&types.newest, types.known.len());
            let found = format!("new machines are {newest}; {known} versions can be started");
            Point::ok(MACHINE_TYPE, found)
        }
        Err(why) => Point::problem(MACHINE_TYPE, why, "use a QEMU with q35 machines"),
    }
}

async fn passt(program: &Path) -> Point {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status().await {
        Ok(_) => Point::ok(PASST, "it runs, for --network user"),
        Err(error) => {
            let found = format!("{} cannot be run: {error}", program.display());
            Point::warning(PASST, format!("{found}; --network user needs it"), network::INSTALL)
        }
    }
}

fn ovmf(missing: Option<String>) -> Point {
    match missing {
        None => Point::ok(OVMF, "UEFI images can be started"),
        Some(path) => {
            let found = format!("{path} cannot be read, so that UEFI images do not start");
            Point::warning(OVMF, found, uefi::INSTALL)
        }
    }
}

/// `MemAvailable:   8029832 kB`, as the kernel writes it.
fn memory(meminfo: &str) -> Point {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let Some(available_kib) = number else {
        return Point::warning(MEMORY, "the free memory is unknown", "mount /proc");
    };
    let available_mib = available_kib / KIB_PER_MIB;
    let found = format!("{available_mib} MiB are free for machines");
    if available_mib >= MEMORY_WANTED_MIB {
        return Point::ok(MEMORY, found);
    }
    Point::warning(MEMORY, found, "end what is not needed, or use small instance types")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn free_memory_is_graded() {
        assert_eq!(memory("MemTotal: 1 kB\nMemAvailable:    4194304 kB\n").verdict, Verdict::Ok);
        let little = memory("MemAvailable:    524288 kB\n");
        assert_eq!(little.verdict, Verdict::Warning);
        assert!(little.found.contains("512 MiB"), "{little:?}");
        assert_eq!(memory("").verdict, Verdict::Warning);
    }

    #[test]
    fn missing_firmware_names_the_package() {
        let point = ovmf(Some(uefi::FIRMWARE.to_owned()));
        assert!(point.found.contains("OVMF_CODE") && point.remedy.contains("ovmf"), "{point:?}");
    }

    #[tokio::test]
    async fn missing_passt_names_the_package() {
        let point = passt(Path::new("/nowhere/passt")).await;
        assert_eq!(point.verdict, Verdict::Warning);
        assert!(point.remedy.contains("apt-get install passt"), "{point:?}");
    }
}
