//! Disks that machines are given.
//!
//! ```text
//!   plug: record it -> blockdev-add -> device_add -> record that it was added
//! ```

use std::collections::HashSet;

use qmp::commands::DeviceAdd;
use serde_json::Value;

use super::Qemu;
use super::command_line::block_device;
use super::device_reconcile::free_ports;
use super::machine::{Machine, State, devices, nodes, retry_or_fail, transient};
use super::object_names;
use super::open_volume::open_volume;
use super::record::Record;
use super::unplug_policy::Port;
use crate::failpoint;
use crate::hypervisor::{AttachmentId, Progress, TransientError};
use crate::storage::Volume;

impl Qemu {
    /// Gives a disk to a machine, on or off.
    pub(super) async fn ensure_plugged(
        &self,
        attachment: &AttachmentId,
        shared: bool,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(&attachment.instance)?;
        let mut state = machine.state.lock().await;
        let there =
            machine.record(&mut state).await?.and_then(|known| known.of_disk(&attachment.disk));
        let there = there.cloned();
        match there.map(|at| at.generation) {
            Some(newer) if newer > attachment.generation => return Ok(Progress::Done),
            Some(older) if older < attachment.generation => {
                drop(state);
                let older = AttachmentId { generation: older, ..attachment.clone() };
                return self.unplug_older_attachment(&older).await;
            }
            Some(_) | None => {}
        }
        let _opening = match self.copies.open(&attachment.disk) {
            Ok(opening) => opening,
            Err(waits) => return Ok(waits),
        };
        let volume = match self.find_for(&attachment.disk, shared).await? {
            Ok(volume) => volume,
            Err(reason) => return Ok(Progress::Failed(reason)),
        };
        let client = self.client(&machine, &mut state).await?;
        let Some(client) = client else {
            let add = |record: &mut Record| {
                record.add(attachment, record.first_free_port(), None);
                record.set_shared(&attachment.disk, shared);
            };
            machine.change(&mut state, add).await?;
            failpoint::hit("plug.recorded");
            return Ok(Progress::Done);
        };
        let given = self.add_to_running(&machine, &mut state, &client, attachment, &volume).await?;
        if given == Progress::Done {
            machine.change(&mut state, |record| record.set_device_added(attachment)).await?;
            state.refused.remove(attachment);
        }
        Ok(given)
    }

    /// An older attachment of the same disk has to go first.
    async fn unplug_older_attachment(
        &self,
        older: &AttachmentId,
    ) -> Result<Progress, TransientError> {
        let progress = self.advance_unplug(older).await?;
        Ok(match progress {
            Progress::Done => Progress::RetryAfter {
                after_ms: 1,
                because: "an older attachment has left".to_owned(),
            },
            waits => waits,
        })
    }

    /// Gives the device to a machine that is on.
    async fn add_to_running(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        attachment: &AttachmentId,
        volume: &Volume,
    ) -> Result<Progress, TransientError> {
        let device = &object_names::of_device(attachment)?;
        let devices = devices(client).await?;
        if devices.contains(device) {
            return Ok(Progress::Done);
        }
        let port = match self.port_for(machine, state, attachment, volume, &devices).await? {
            Port::Free(port) => port,
            Port::CoolingDown { after_ms, because } => {
                return Ok(Progress::RetryAfter { after_ms, because });
            }
            Port::Full => {
                return Ok(Progress::Failed(format!("{} has no free root port", machine.id)));
            }
        };
        match self.insert(machine, state, client, attachment, volume, port).await? {
            Ok(()) => Ok(Progress::Done),
            Err(qmp::Error::Refused { description, .. }) => {
                let tries = state.refused.entry(attachment.clone()).or_default();
                retry_or_fail(tries, format!("QEMU refused the disk: {description}"))
            }
            Err(other) => Err(transient(other)),
        }
    }

    /// Opens the volume of a disk, unless it is open, and gives the machine the device on this
    /// port. The inner error is what QEMU said.
    pub(super) async fn insert(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        attachment: &AttachmentId,
        volume: &Volume,
        port: u32,
    ) -> Result<Result<(), qmp::Error>, TransientError> {
        let device = &object_names::of_device(attachment)?;
        let is_open = nodes(client).await?.contains(device);
        if !is_open {
            self.refuse_second_opener(&attachment.disk).await?;
            let opened = Some(volume.opened.clone());
            machine.change(state, |record| record.set_opened(&attachment.disk, opened)).await?;
        }
        let io_thread = machine.record(state).await?.is_some_and(|record| record.io_thread);
        let serial = attachment.disk.serial_number();
        let given = block_device(device, serial, port, io_thread, volume.is_shared());
        let added = add(client, is_open, volume, device, given).await;
        failpoint::hit("plug.added");
        // It may have reached the guest whatever QEMU says.
        state.unplug.plugged();
        if added.is_ok() {
            self.note_requests(machine, state).await;
        }
        Ok(added)
    }

    /// The root port that the disk is on, or is to be on: that is on the record then.
    async fn port_for(
        &self,
        machine: &Machine,
        state: &mut State,
        attachment: &AttachmentId,
        volume: &Volume,
        devices: &HashSet<String>,
    ) -> Result<Port, TransientError> {
        if let Some(at) = machine.record(state).await?.and_then(|known| known.at(attachment)) {
            return Ok(Port::Free(at.port));
        }
        let free = free_ports(machine, state, devices, None).await?;
        let port = state.unplug.port(&free, machine.now_ms());
        if let Port::Free(port) = port {
            let opened = Some(volume.opened.clone());
            let add = |record: &mut Record| {
                record.add(attachment, port, opened);
                record.set_shared(&attachment.disk, volume.is_shared());
            };
            machine.change(state, add).await?;
            failpoint::hit("plug.recorded");
        }
        Ok(port)
    }
}

/// Opens the volume of a disk, unless it is open, and gives the machine the device.
async fn add(
    client: &qmp::Client,
    is_open: bool,
    volume: &Volume,
    name: &str,
    device: Value,
) -> Result<(), qmp::Error> {
    if !is_open {
        open_volume(client, volume, name).await?;
        failpoint::hit("plug.opened");
    }
    client.execute(DeviceAdd(device)).await.map(drop)
}
