//! Makes the record of a machine that is on agree with what its guest can reach.
//!
//! A disk that has left on request is released, whether an operation still waits for it or not.
//! One that has left unrequested is plugged in again, since it is attached. If a guest ejects it
//! again and again, it stays attached without being plugged in, which the differences tell, until
//! the next start or a DetachDisk.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::Ordering;

use super::Qemu;
use super::machine::{Machine, State, devices, nodes, transient};
use super::object_names;
use super::record::{Plugged, Record};
use crate::hypervisor::{AttachmentId, TransientError};

/// How often a disk that leaves unrequested is plugged in again.
const PLUG_AGAIN: u32 = 3;

impl Qemu {
    /// Releases what the guest was asked for and has let go of, plugs in again what has left
    /// otherwise, and notes what it has been given. Done at the beginning of every connection, so
    /// that whatever a guest can reach is on the record, even if the record was lost.
    pub(super) async fn reconcile_with_devices(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
    ) -> Result<(), TransientError> {
        let devices = devices(client).await?;
        // A volume that the guest has let go of, and that is kept open since it is the last copy or
        // is being copied, has a block node and no device.
        let held = devices.union(&nodes(client).await?).cloned().collect::<Vec<_>>();
        let held = held.iter().filter_map(|name| object_names::parse_device(name)).collect();
        machine.change(state, |record| record.add_missing(held)).await?;
        let known = machine.record(state).await?.map(|record| record.disks.clone());
        for at in known.unwrap_or_default() {
            let (disk, generation) = (at.disk.clone(), at.generation);
            let attachment = AttachmentId { instance: machine.id.clone(), disk, generation };
            let mut plugs_again = false;
            if devices.contains(&object_names::of_device(&attachment)?) {
                state.unplug.note_present(&attachment);
                if !at.device_added {
                    machine.change(state, |record| record.set_device_added(&attachment)).await?;
                }
            } else if may_be_released(state, &at, &attachment) {
                self.finish_unplug(machine, state, client, &attachment).await?;
            } else if at.device_added && !at.system {
                let unrequested_ejects = at.unrequested_ejects + 1;
                let count_eject =
                    |record: &mut Record| record.set_ejected(&attachment, unrequested_ejects);
                machine.disk_left(state, &attachment, at.port, count_eject).await?;
                plugs_again = unrequested_ejects <= PLUG_AGAIN;
                if !plugs_again {
                    let times = format!("{unrequested_ejects} times");
                    let incident =
                        format!("the disk left its guest {times} without a request to detach it");
                    let hint = "detach it, or restart the instance to plug it in";
                    self.log_incident(&attachment, &format!("{incident}; {hint}"));
                }
            } else {
                plugs_again = (1..=PLUG_AGAIN).contains(&at.unrequested_ejects) && !at.device_added;
            }
            // If that fails, the disk stays in the differences until a later look succeeds; the
            // machine's other disks, and its power, are controlled meanwhile.
            if plugs_again
                && let Err(error) =
                    self.plug_again(machine, state, client, &attachment, &devices).await
            {
                let (instance, disk) = (&attachment.instance, &attachment.disk);
                tracing::warn!(%instance, %disk, %error, "cannot plug a disk in again yet");
            }
        }
        Ok(())
    }

    /// Releases a disk that its guest was asked for: QEMU has reported that its device is gone, or
    /// the part of it that has the volume open. Tells whether the guest was asked. Nothing is
    /// looked at before: QEMU closes no volume that a device still has.
    pub(super) async fn release_deleted(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        deleted: &AttachmentId,
    ) -> Result<bool, TransientError> {
        let at = machine.record(state).await?.and_then(|record| record.at(deleted)).cloned();
        let on_request = at.is_some_and(|at| may_be_released(state, &at, deleted));
        if on_request {
            self.finish_unplug(machine, state, client, deleted).await?;
        }
        Ok(on_request)
    }

    /// Says in the log what happened to a disk, and has store and machine compared.
    fn log_incident(&self, attachment: &AttachmentId, incident: &str) {
        tracing::warn!(instance = %attachment.instance, disk = %attachment.disk, "{incident}");
        self.emit_event(&attachment.instance, Some(attachment.disk.clone()));
    }

    /// Plugs a disk in again, on a port that may be used; if there is none, at a later look.
    async fn plug_again(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        attachment: &AttachmentId,
        devices: &HashSet<String>,
    ) -> Result<(), TransientError> {
        let free = free_ports(machine, state, devices, Some(attachment)).await?;
        let Some(port) = state.unplug.port_without_cooldown(&free) else { return Ok(()) };
        let record = machine.record(state).await?;
        let shared = record.and_then(|record| record.at(attachment)).is_some_and(|at| at.shared);
        let volume = self.find_for(&attachment.disk, shared).await?.map_err(TransientError)?;
        machine.change(state, |record| record.set_port(attachment, port)).await?;
        let inserted = self.insert(machine, state, client, attachment, &volume, port).await?;
        inserted.map_err(transient)?;
        self.limit_again(state, client, attachment).await?;
        machine.change(state, |record| record.set_device_added(attachment)).await?;
        self.plugged_again.fetch_add(1, Ordering::Relaxed);
        let incident = "the disk left its guest without a request to detach it, and was plugged in \
        again";
        self.log_incident(attachment, incident);
        Ok(())
    }
}

/// Whether a disk whose device is gone has left on request.
fn may_be_released(state: &State, at: &Plugged, attachment: &AttachmentId) -> bool {
    at.device_added && !at.system && state.unplug.may_leave_by_request(attachment)
}

/// The disks that left their guest unrequested, and could not be plugged in again.
pub(super) fn eject_problems(record: &Record) -> impl Iterator<Item = String> {
    let ejected = record.disks.iter().filter(|at| at.unrequested_ejects > 0 && !at.device_added);
    let left = "left the guest without a request to detach it";
    ejected.map(move |at| format!("{} {left} ({} times)", at.disk, at.unrequested_ejects))
}

/// The ports that the machine has and that hold no disk, that of `except` not counted. A machine
/// keeps the ports that it was started with, whatever its type holds by now.
pub(super) async fn free_ports(
    machine: &Machine,
    state: &mut State,
    devices: &HashSet<String>,
    except: Option<&AttachmentId>,
) -> Result<BTreeSet<u32>, TransientError> {
    let number = |name: &String| name.strip_prefix("rp")?.parse().ok();
    let mut free: BTreeSet<u32> = devices.iter().filter_map(number).collect();
    let disks = machine.record(state).await?.map(|record| record.disks.as_slice());
    for at in disks.unwrap_or_default() {
        if except.is_none_or(|attachment| attachment.disk != at.disk) {
            free.remove(&at.port);
        }
    }
    Ok(free)
}
