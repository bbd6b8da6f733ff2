//! Disks that leave machines: unplugged, and synced when a guest has released them.
//!
//! ```text
//!   unplug:  device_del, as unplug_policy.rs decides -> the device is gone -> finish_unplug
//!            (meanwhile, what was written so far is synced: early_sync.rs)
//!   finish_unplug: blockdev-del (flushes and closes) -> make the volume durable -> off the record
//! ```
//!
//! `device_del` only asks. Its result is never read from an error text: QEMU is queried.

use std::sync::Arc;

use qmp::commands::{BlockdevDel, DeviceDel, QueryStatus, RunState};

use super::Qemu;
use super::acpi_hotplug::hotplug_enabled;
use super::machine::{Machine, State, devices, nodes, transient};
use super::object_names;
use super::power_off::wake;
use super::record::{Plugged, Record};
use super::unplug_policy::{Decision, Observation};
use super::volumes::{reason_if_final, retry_if_transient, suspended};
use crate::failpoint;
use crate::hypervisor::{AttachmentId, Progress, TransientError};
use crate::storage::StorageError;

/// Steps of an unplug that follow each other at once: a look may say that the guest is to be asked.
const STEPS: usize = 2;
/// The delay after the last of them before QEMU is queried again, in milliseconds.
const RETRY_AFTER_MS: i64 = 1_000;

impl Qemu {
    /// Takes a disk off a machine, on or off.
    pub(super) async fn advance_unplug(
        &self,
        attachment: &AttachmentId,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(&attachment.instance)?;
        if let Some(waits) = self.wait_for_storage(&attachment.disk).await {
            return Ok(waits);
        }
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
        machine: &Arc<Machine>,
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
                self.begin_early_sync(machine, &attachment.disk);
            }
            if asked || matches!(waits, Progress::Suspended { .. }) {
                // Written while the guest works on it, so that the detach takes no longer.
                self.note_requests(machine, state).await;
            }
            return Ok(waits);
        }
        let because = "the guest was asked to let go of the disk".to_owned();
        Ok(Progress::RetryAfter { after_ms: RETRY_AFTER_MS, because })
    }

    /// Asks the guest to release the disk, if so told, and observes whether it can still reach it.
    ///
    /// QEMU accepts a request for a device that it has, so the devices are not looked at after
    /// one: a guest works on the request while QEMU answers, and both need the same lock. Whether
    /// the guest listens is looked at after the request. One that begins to listen in between
    /// hears it, and is not asked twice.
    async fn ask_and_observe(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        attachment: &AttachmentId,
        ask: bool,
    ) -> Result<Observation, TransientError> {
        let device = object_names::of_device(attachment)?;
        let present = async {
            if ask {
                failpoint::hit("unplug.ask");
                let asked = client.execute(DeviceDel { id: device.clone() }).await;
                failpoint::hit("unplug.asked");
                match asked {
                    Ok(_) => return Ok(true),
                    // Of a device that has gone, or is asked for already.
                    Err(qmp::Error::Refused { .. }) => {}
                    Err(other) => return Err(transient(other)),
                }
            }
            Ok(devices(client).await?.contains(&device))
        };
        let status = async { client.execute(QueryStatus {}).await.map_err(transient) };
        // QEMU answers in this order.
        let looked = tokio::try_join!(biased; present, hotplug_enabled(client), status);
        if ask {
            // QEMU may have passed the request on even if its answer was lost.
            let heard = looked.as_ref().ok().and_then(|(_, hotplug_enabled, _)| *hotplug_enabled);
            state.unplug.asked(attachment, heard);
        }
        let (present, hotplug_enabled, status) = looked?;
        let paused = self.note_status(machine, state, &status);
        if status.status == RunState::Suspended {
            // It cannot let go of a disk before.
            wake(client).await?;
        }
        Ok(Observation { present, hotplug_enabled, paused })
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
                return reason_if_final(error).map(Err);
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
                    let because = format!("the volume is still being closed: {description}");
                    return Ok(Progress::RetryAfter { after_ms: 20, because });
                }
            }
            Err(other) => return Err(transient(other)),
        }
        failpoint::hit("unplug.closed");
        if let Err(error) = self.sync_closed_volume(handle).await {
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
        let at = match machine.record(state).await? {
            Some(record) => record.at(attachment).cloned(),
            // The record is lost, and with it what the machine had open.
            None => Some(Plugged::unknown(attachment)),
        };
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
    if let Some(waits) = suspended(&error) {
        return Ok(waits);
    }
    if let StorageError::Taken { .. } = error {
        return Ok(Progress::RetryAfter { after_ms: RETRY_AFTER_MS, because: error.to_string() });
    }
    let (disk, instance) = (&attachment.disk, &attachment.instance);
    tracing::error!(%disk, %instance, %error, "a disk stays attached, since writes would be lost");
    retry_if_transient(error)
}
