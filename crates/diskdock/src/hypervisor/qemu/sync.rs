//! Makes the record of a machine that is on agree with what its guest can reach.
//!
//! A disk that has left on request is released, whether an operation still waits for it or not.
//! One that has left unrequested is plugged in again, since it is attached. If a guest ejects it
//! again and again, it stays attached without being plugged in, which the differences tell, until
//! the next start or a DetachDisk.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::Ordering;

use super::Qemu;
use super::machine::{Machine, State, devices, transient};
use super::name;
use super::record::Record;
use crate::hypervisor::{Slot, TransientError};

/// How often a disk that leaves unrequested is plugged in again.
const PLUG_AGAIN: u32 = 3;

impl Qemu {
    /// Releases what the guest was asked for and has let go of, plugs in again what has left
    /// otherwise, and notes what it has been given. Done at the beginning of every connection, so
    /// that whatever a guest can reach is on the record, even if the record was lost.
    pub(super) async fn sync_with_devices(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
    ) -> Result<(), TransientError> {
        let devices = devices(client).await?;
        let reachable = devices.iter().filter_map(|name| name::parse_device(name)).collect();
        machine.change(state, |record| record.add_missing(reachable)).await?;
        let known = machine.record(state).await?.map(|record| record.disks.clone());
        for at in known.unwrap_or_default() {
            let (disk, generation) = (at.disk.clone(), at.generation);
            let slot = Slot { instance: machine.id.clone(), disk, generation };
            if devices.contains(&name::of_device(&slot)?) {
                state.unplug.note_present(&slot);
                if !at.given {
                    machine.change(state, |record| record.set_given(&slot)).await?;
                }
            } else if at.given && !at.system && state.unplug.may_leave_by_request(&slot) {
                self.release(machine, state, client, &slot).await?;
            } else if at.given && !at.system {
                let lost = at.lost + 1;
                let forget = |record: &mut Record| record.set_lost(&slot, lost);
                machine.disk_left(state, &slot, at.port, forget).await?;
                if lost <= PLUG_AGAIN {
                    self.plug_again(machine, state, client, &slot, &devices).await?;
                } else {
                    let times = format!(
                        "the disk left its guest {lost} times without a request to detach it"
                    );
                    let hint = "detach it, or restart the instance to plug it in";
                    self.tell_incident(&slot, &format!("{times}; {hint}"));
                }
            } else if (1..=PLUG_AGAIN).contains(&at.lost) && !at.given {
                self.plug_again(machine, state, client, &slot, &devices).await?;
            }
        }
        Ok(())
    }

    /// Says in the log what happened to a disk, and has store and machine compared.
    fn tell_incident(&self, slot: &Slot, incident: &str) {
        tracing::warn!(instance = %slot.instance, disk = %slot.disk, "{incident}");
        self.tell(&slot.instance, Some(slot.disk.clone()));
    }

    /// Plugs a disk in again, on a port that may be used; if there is none, at a later look.
    async fn plug_again(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        slot: &Slot,
        devices: &HashSet<String>,
    ) -> Result<(), TransientError> {
        let free = free_ports(machine, state, devices, Some(slot)).await?;
        let Some(port) = state.unplug.rested_port(&free) else { return Ok(()) };
        let volume = self.find(&slot.disk).await.map_err(TransientError)?;
        machine.change(state, |record| record.set_port(slot, port)).await?;
        let inserted = self.insert(machine, state, client, slot, &volume, port).await?;
        inserted.map_err(transient)?;
        machine.change(state, |record| record.set_given(slot)).await?;
        self.plugged_again.fetch_add(1, Ordering::Relaxed);
        let incident = "the disk left its guest without a request to detach it, and was plugged in \
        again";
        self.tell_incident(slot, incident);
        Ok(())
    }
}

/// The disks that left their guest unrequested, and could not be plugged in again.
pub(super) fn lost(record: &Record) -> impl Iterator<Item = String> {
    let lost = record.disks.iter().filter(|at| at.lost > 0 && !at.given);
    let left = "left the guest without a request to detach it";
    lost.map(move |at| format!("{} {left} ({} times)", at.disk, at.lost))
}

/// The ports that the machine has and that hold no disk, that of `except` not counted. A machine
/// keeps the ports that it was started with, whatever its type holds by now.
pub(super) async fn free_ports(
    machine: &Machine,
    state: &mut State,
    devices: &HashSet<String>,
    except: Option<&Slot>,
) -> Result<BTreeSet<u32>, TransientError> {
    let number = |name: &String| name.strip_prefix("rp")?.parse().ok();
    let mut free: BTreeSet<u32> = devices.iter().filter_map(number).collect();
    let disks = machine.record(state).await?.map(|record| record.disks.as_slice());
    for at in disks.unwrap_or_default() {
        if except.is_none_or(|slot| slot.disk != at.disk) {
            free.remove(&at.port);
        }
    }
    Ok(free)
}
