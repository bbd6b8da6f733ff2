//! The hardware that a machine is started with: its machine type, and what it starts from.

use domain::inventory::BootMode;

use super::command_line::Boot;
use super::machine::{Machine, State};
use super::machine_type::MachineTypes;
use super::record::{Record, StartsFrom};
use super::volumes::reason_if_final;
use super::{Qemu, uefi};
use crate::hypervisor::{MachineSpec, TransientError};
use crate::storage::{ImageStart, KernelFiles};

/// The hardware of one start.
pub(super) struct Hardware {
    /// The versioned machine type.
    pub machine_type: String,
    start: ImageStart,
    /// Whether its disks have a thread of their own.
    pub io_thread: bool,
    /// Whether it has a port for a guest agent.
    pub agent_port: bool,
}

impl Hardware {
    /// The start, in a word.
    pub(super) fn starts_from(&self) -> StartsFrom {
        match self.start {
            ImageStart::Disk(BootMode::Bios) => StartsFrom::Bios,
            ImageStart::Disk(BootMode::Uefi | BootMode::UefiPreferred) => StartsFrom::Uefi,
            ImageStart::Kernel(_) => StartsFrom::Kernel,
        }
    }

    /// Writes it on the record of the machine.
    pub(super) fn note(&self, record: &mut Record) {
        record.machine_type = Some(self.machine_type.clone());
        record.starts_from = Some(self.starts_from());
        record.io_thread = self.io_thread;
        record.agent_port = self.agent_port;
        record.console_socket = true;
    }
}

impl Qemu {
    /// The hardware with which a machine that is off is started; the inner error is why it cannot
    /// be, however often it is tried.
    pub(super) async fn hardware(
        &self,
        machine: &Machine,
        state: &mut State,
        spec: &MachineSpec,
    ) -> Result<Result<Hardware, String>, TransientError> {
        let record = machine.record(state).await?;
        let (recorded, starts_from) =
            record.map_or((None, None), |record| (record.machine_type.clone(), record.starts_from));
        let agent_port = record.is_none_or(|record| record.boots == 0 || record.agent_port);
        let image = spec.image.clone();
        let found = match self.with_volumes(move |volumes| volumes.image_start(&image)).await {
            Ok(found) => found,
            Err(error) => return reason_if_final(error).map(Err),
        };
        let chosen = async {
            let start = start_of(&spec.image, found, starts_from)?;
            let program = &self.config.program;
            let types = self.machine_types.get_or_try_init(|| MachineTypes::of(program)).await?;
            let machine_type = types.choose(recorded.as_deref())?;
            Ok(Hardware { machine_type, start, io_thread: true, agent_port })
        };
        Ok(chosen.await)
    }

    /// The firmware or kernel for QEMU. Makes missing files in the machine's directory.
    pub(super) async fn boot(
        &self,
        machine: &Machine,
        hardware: &Hardware,
    ) -> Result<Boot, String> {
        match (&hardware.start, hardware.starts_from()) {
            (ImageStart::Kernel(KernelFiles { kernel, initrd, command_line }), _) => {
                let (kernel, initrd) = (kernel.clone(), initrd.clone());
                Ok(Boot::Kernel { kernel, initrd, command_line: command_line.clone() })
            }
            (ImageStart::Disk(_), StartsFrom::Uefi) => {
                uefi::prepare(&machine.run, self.user).await.map(Boot::Uefi)
            }
            (ImageStart::Disk(_), StartsFrom::Bios | StartsFrom::Kernel) => Ok(Boot::Disk),
        }
    }
}

/// How a machine starts. One that boots from its own disk outlives its image.
fn start_of(
    image: &str,
    found: Option<ImageStart>,
    recorded: Option<StartsFrom>,
) -> Result<ImageStart, String> {
    match (found, recorded) {
        (Some(found), _) => Ok(found),
        (None, Some(StartsFrom::Bios)) => Ok(ImageStart::Disk(BootMode::Bios)),
        (None, Some(StartsFrom::Uefi)) => Ok(ImageStart::Disk(BootMode::Uefi)),
        (None, Some(StartsFrom::Kernel) | None) => Err(format!(
            "image {image}, which says what the instance starts from, is not there any more: \
             restore its directory from a backup, or import it again with --id {image}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_of_a_machine_that_boots_its_own_disk_outlives_the_image() {
        let uefi = ImageStart::Disk(BootMode::Uefi);
        assert_eq!(start_of("m-1", Some(uefi.clone()), None), Ok(uefi.clone()));
        assert_eq!(start_of("m-1", None, Some(StartsFrom::Uefi)), Ok(uefi));
    }

    #[test]
    fn start_of_a_machine_whose_kernel_is_gone_says_what_to_do() {
        for recorded in [None, Some(StartsFrom::Kernel)] {
            let refused = start_of("m-1", None, recorded).unwrap_err();
            assert!(refused.contains("import it again with --id m-1"), "{refused}");
        }
    }
}
