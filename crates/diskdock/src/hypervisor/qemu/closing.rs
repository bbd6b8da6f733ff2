//! Whether a machine that seems to be off has closed its disks.
//!
//! A process gives its files back one after the other, and the files by which a machine is known
//! may be lost or copies: it is off when none of its disks is open.

use std::path::Path;
use std::time::Duration;

use domain::InstanceId;
use tokio::time::{Instant, sleep};

use super::machine::Machine;
use super::record::Plugged;
use super::{Qemu, process};
use crate::hypervisor::TransientError;
use crate::storage::{StorageError, Volumes};

/// How long the kernel takes at most to close the files of a process that ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How often that is looked at.
const CLOSE_POLL_INTERVAL: Duration = Duration::from_millis(20);

impl Qemu {
    /// Waits a moment until no QEMU has the disks of a machine open that seems to be off. Fails if
    /// one still has, or if that cannot be told: then the machine is not off.
    pub(super) async fn wait_closed(
        &self,
        machine: &Machine,
        disks: &[Plugged],
    ) -> Result<(), TransientError> {
        let opened: Vec<_> = disks.iter().filter(|at| at.opened.is_some()).cloned().collect();
        if opened.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        loop {
            let (disks, name) = (opened.clone(), machine.id.clone());
            let check = move |volumes: &dyn Volumes| refuse_unless_closed(volumes, &disks, &name);
            match self.with_volumes(check).await {
                Ok(()) => return Ok(()),
                Err(_) if Instant::now() < deadline => sleep(CLOSE_POLL_INTERVAL).await,
                Err(error) => return Err(TransientError(error.to_string())),
            }
        }
    }
}

/// Fails if the machine may still write to one of the disks although it seems to be off. A disk
/// that several machines have does not tell which of them has it open, and one that cannot be
/// looked at tells nothing: then the processes of the host are looked through for the machine.
pub(super) fn refuse_unless_closed(
    volumes: &dyn Volumes,
    disks: &[Plugged],
    machine: &InstanceId,
) -> Result<(), StorageError> {
    let mut unknown = None;
    for at in disks {
        if at.shared {
            unknown = Some(&at.disk);
            continue;
        }
        match volumes.refuse_if_written(&at.disk) {
            Ok(()) => {}
            Err(error @ StorageError::Taken { .. }) => return Err(error),
            Err(_) => unknown = Some(&at.disk),
        }
    }
    let Some(disk) = unknown else { return Ok(()) };
    match process::is_listed(machine.as_str()) {
        Ok(false) => Ok(()),
        Ok(true) => Err(StorageError::Taken {
            what: format!("{machine} has {disk} open, though it seems to be off"),
            hint: "it goes when the QEMU of that name has ended".to_owned(),
        }),
        Err(source) => {
            let path = Path::new("/proc").to_owned();
            Err(StorageError::Io { doing: "look for processes in", path, source })
        }
    }
}

#[cfg(test)]
mod tests;
