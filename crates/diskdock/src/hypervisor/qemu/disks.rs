//! Disks on machines: plugged, unplugged, and synced when a guest has released them.
//!
//! ```text
//!   plug:    record it -> blockdev-add -> device_add -> record that it was added
//!   unplug:  device_del, as unplug_policy.rs decides -> the device is gone -> finish_unplug
//!   finish_unplug: blockdev-del (flushes and closes) -> make the image durable -> off the record
//! ```
//!
//! `device_del` only asks. Its result is never read from an error text: QEMU is queried.

use std::collections::HashSet;

use qmp::commands::{BlockdevAdd, BlockdevDel, DeviceAdd, DeviceDel, QueryStatus};
use serde_json::Value;

use super::Qemu;
use super::acpi_hotplug::hotplug_enabled;
use super::command_line::block_device;
use super::device_reconcile::free_ports;
use super::machine::{Machine, State, devices, nodes, retry_or_fail, transient};
use super::object_names;
use super::record::Record;
use super::unplug_policy::{Decision, Observation, Port};
use super::volumes::retry_if_transient;
use crate::failpoint;
use crate::hypervisor::{AttachmentId, Progress, TransientError};
use crate::storage::{StorageError, Volume};

/// Steps of an unplug that follow each other at once: a look may say that the guest is to be asked.
const STEPS: usize = 2;
/// The delay after the last of them before QEMU is queried again, in milliseconds.
const RETRY_AFTER_MS: i64 = 1_000;

impl Qemu {
    /// Gives a disk to a machine, on or off.
    pub(super) async fn ensure_plugged(
        &self,
        attachment: &AttachmentId,
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
        let volume = match self.find(&attachment.disk).await {
            Ok(volume) => volume,
            Err(reason) => return Ok(Progress::Failed(reason)),
        };
        let client = self.client(&machine, &mut state).await?;
        let Some(client) = client else {
            let add = |record: &mut Record| {
                record.add(attachment, record.first_free_port(), None);
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
            let opened = Some(volume.opened.clone());
            machine.change(state, |record| record.set_opened(&attachment.disk, opened)).await?;
        }
        let io_thread = machine.record(state).await?.is_some_and(|record| record.io_thread);
        let given = block_device(device, attachment.disk.serial_number(), port, io_thread);
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
            machine.change(state, |record| record.add(attachment, port, opened)).await?;
            failpoint::hit("plug.recorded");
        }
        Ok(port)
    }

    /// Takes a disk off a machine, on or off.
    pub(super) async fn advance_unplug(
        &self,
        attachment: &AttachmentId,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(&attachment.instance)?;
        let mut state = machine.state.lock().await;
        failpoint::error("unplug.begin").map_err(|error| TransientError(error.to_string()))?;
        let Some(client) = self.client(&machine, &mut state).await? else {
            failpoint::hit("unplug.off");
            if let Err(error) = self.sync_after_power_off(&machine, &mut state, attachment).await? {
                return keep_attached(attachment, error);
            }
            state.unplug.powered_off();
            self.remove_from_record(&machine, &mut state, attachment).await?;
            return Ok(Progress::Done);
        };
        if machine.record(&mut state).await?.is_some_and(|known| known.at(attachment).is_none()) {
            // A disk that is not on the record was released; see `finish_unplug`.
            return Ok(Progress::Done);
        }
        self.unplug_step(&machine, &mut state, &client, attachment).await
    }

    /// Does what the policy decides, until there is something to wait for.
    async fn unplug_step(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        attachment: &AttachmentId,
    ) -> Result<Progress, TransientError> {
        let mut ask = state.unplug.begin(attachment, machine.now_ms());
        for _ in 0..STEPS {
            let asked = ask;
            let seen = self.ask_and_observe(machine, state, client, attachment, ask).await?;
            let waits = match state.unplug.observed(attachment, seen, machine.now_ms()) {
                Decision::Release => {
                    return self.finish_unplug(machine, state, client, attachment).await;
                }
                Decision::Ask => {
                    ask = true;
                    continue;
                }
                Decision::RetryAfter { after_ms, because } => {
                    Progress::RetryAfter { after_ms, because }
                }
                Decision::Suspended { after_ms, because } => {
                    Progress::Suspended { after_ms, because }
                }
                Decision::Fail(why) => Progress::Failed(why),
            };
            if asked {
                // Written while the guest works on it, so that the detach takes no longer.
                self.note_requests(machine, state).await;
            }
            return Ok(waits);
        }
        let because = "the guest was asked to let go of the disk".to_owned();
        Ok(Progress::RetryAfter { after_ms: RETRY_AFTER_MS, because })
    }

    /// Asks the guest to release the disk, if so told, and observes whether it can still reach it.
    async fn ask_and_observe(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        attachment: &AttachmentId,
        ask: bool,
    ) -> Result<Observation, TransientError> {
        let device = object_names::of_device(attachment)?;
        let asks = async {
            if ask {
                failpoint::hit("unplug.ask");
                match client.execute(DeviceDel { id: device.clone() }).await {
                    // Of a device that has gone already: the query below shows it.
                    Ok(_) | Err(qmp::Error::Refused { .. }) => {}
                    Err(other) => return Err(transient(other)),
                }
                failpoint::hit("unplug.asked");
            }
            Ok(())
        };
        let status = async { client.execute(QueryStatus {}).await.map_err(transient) };
        // QEMU answers in this order, so the look is the later one.
        let looked =
            tokio::try_join!(biased; hotplug_enabled(client), asks, devices(client), status);
        if ask {
            // QEMU may have passed the request on even if its answer was lost.
            let heard = looked.as_ref().ok().and_then(|(hotplug_enabled, ..)| *hotplug_enabled);
            state.unplug.asked(attachment, heard);
        }
        let (hotplug_enabled, (), devices, status) = looked?;
        let paused = self.note_status(machine, state, &status);
        Ok(Observation { present: devices.contains(&device), hotplug_enabled, paused })
    }

    /// Saves the requests to the guest, and the cooldowns of ports. Safety does not depend on it:
    /// without it, a disk that leaves after a restart of the server counts as lost.
    pub(super) async fn note_requests(&self, machine: &Machine, state: &mut State) {
        let (requests, cooldowns) = (state.unplug.requests(), state.unplug.cooldowns());
        if matches!(machine.record(state).await, Ok(None)) {
            return;
        }
        let note = |record: &mut Record| record.set_requests(&requests, cooldowns);
        if let Err(error) = machine.change(state, note).await {
            tracing::warn!(instance = %machine.id, %error, "cannot note what a guest was asked");
        }
    }

    /// Off is off: the disks that were leaving have left, before the machine starts again.
    pub(super) async fn finish_pending_unplugs(
        &self,
        machine: &Machine,
        state: &mut State,
    ) -> Result<Result<(), String>, TransientError> {
        for attachment in state.unplug.wanted() {
            if let Err(error) = self.sync_after_power_off(machine, state, &attachment).await? {
                return Ok(Err(error.to_string()));
            }
            self.remove_from_record(machine, state, &attachment).await?;
            self.emit_event(&attachment.instance, Some(attachment.disk));
        }
        Ok(Ok(()))
    }

    /// The guest cannot reach the disk any more: QEMU closes its volume, the volume is synced, and
    /// the disk leaves the machine's record. Only then may the disk become Available.
    pub(super) async fn finish_unplug(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        attachment: &AttachmentId,
    ) -> Result<Progress, TransientError> {
        let node = object_names::of_device(attachment)?;
        failpoint::hit("unplug.let_go");
        if let Some(waits) = self.end_snapshots(machine, state, client, attachment).await? {
            return Ok(waits);
        }
        let at = machine.record(state).await?.and_then(|known| known.at(attachment));
        let opened = at.and_then(|at| at.opened.clone());
        let handle = match self.reuse_sync_handle(state, &attachment.disk, opened).await {
            Ok(handle) => handle,
            Err(error) => return keep_attached(attachment, error),
        };
        match client.execute(BlockdevDel { node_name: node.clone() }).await {
            Ok(_) => {}
            Err(qmp::Error::Refused { description, .. }) => {
                // If it was closed before, there is nothing to close.
                if nodes(client).await?.contains(&node) {
                    let because = format!("the image is still being closed: {description}");
                    return Ok(Progress::RetryAfter { after_ms: 20, because });
                }
            }
            Err(other) => return Err(transient(other)),
        }
        failpoint::hit("unplug.closed");
        if let Err(error) = self.sync_volume(handle).await {
            return keep_attached(attachment, error);
        }
        self.remove_from_record(machine, state, attachment).await?;
        Ok(Progress::Done)
    }

    /// Syncs the volume of a disk of a machine that is off; the inner error keeps the disk there.
    async fn sync_after_power_off(
        &self,
        machine: &Machine,
        state: &mut State,
        attachment: &AttachmentId,
    ) -> Result<Result<(), StorageError>, TransientError> {
        let record = machine.record(state).await?;
        let at = record.and_then(|known| known.at(attachment)).cloned();
        Ok(match at {
            Some(at) => self.sync_after_exit(machine, state, &at).await,
            // A disk that is not on the record was released.
            None => Ok(()),
        })
    }

    async fn remove_from_record(
        &self,
        machine: &Machine,
        state: &mut State,
        attachment: &AttachmentId,
    ) -> Result<(), TransientError> {
        failpoint::hit("unplug.durable");
        let at = machine.record(state).await?.and_then(|record| record.at(attachment));
        if let Some(port) = at.map(|at| at.port) {
            machine.disk_left(state, attachment, port, |record| record.remove(attachment)).await?;
        }
        state.forget_attachment(attachment);
        failpoint::hit("unplug.off_record");
        Ok(())
    }
}

/// Closing a disk would lose what its guest wrote, so it stays where it is.
fn keep_attached(
    attachment: &AttachmentId,
    error: StorageError,
) -> Result<Progress, TransientError> {
    let (disk, instance) = (&attachment.disk, &attachment.instance);
    tracing::error!(%disk, %instance, %error, "a disk stays attached, since writes would be lost");
    retry_if_transient(error)
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
        client.execute(BlockdevAdd(volume.block_node(name))).await?;
        failpoint::hit("plug.opened");
    }
    client.execute(DeviceAdd(device)).await.map(drop)
}
