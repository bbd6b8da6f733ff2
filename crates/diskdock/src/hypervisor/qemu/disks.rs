//! Disks on machines: plugged, unplugged, and tidied away when a guest has let go.
//!
//! ```text
//!   plug:    record it (not given) -> blockdev-add -> device_add -> record it as given
//!   unplug:  device_del, again every second -> the device is gone -> release
//!   release: blockdev-del (flushes and closes) -> make the image durable -> off the record
//! ```
//!
//! `device_del` only asks. Under ACPI hot-plug, which lets go within about 0.1 s where native PCIe
//! takes about 6 s, QEMU forgets a request that comes before the guest's system is up; so it is
//! asked again, which does not disturb a guest that is at it already. What has become of it is
//! never read from the words of an error: a look at QEMU's devices and block nodes tells.

use domain::Uptime;
use qmp::commands::{BlockdevAdd, BlockdevDel, DeviceAdd, DeviceDel, QueryStatus};
use serde_json::Value;

use super::Qemu;
use super::command_line::block_device;
use super::machine::{Machine, State, devices, failed_again, nodes, said};
use super::name;
use super::volumes::unless_transient;
use crate::failpoint;
use crate::hypervisor::{Progress, Slot, TransientError};
use crate::storage::{StorageError, Volume};

/// How long a paused machine is left before another look; it is looked at when it goes on.
const PAUSED_MS: i64 = 10_000;

impl Qemu {
    /// Gives a disk to a machine, on or off.
    pub(super) async fn advance_plug(
        &self,
        slot: &Slot,
        now: Uptime,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(&slot.instance)?;
        let mut state = machine.state.lock().await;
        let there = machine.record(&mut state).await?.and_then(|known| known.of_disk(&slot.disk));
        let there = there.cloned();
        match there.map(|at| at.generation) {
            Some(newer) if newer > slot.generation => return Ok(Progress::Done),
            Some(older) if older < slot.generation => {
                drop(state);
                let older = Slot { generation: older, ..slot.clone() };
                return self.make_room(&older, now).await;
            }
            Some(_) | None => {}
        }
        let volume = match self.find(&slot.disk).await {
            Ok(volume) => volume,
            Err(reason) => return Ok(Progress::Failed(reason)),
        };
        let client = self.client(&machine, &mut state).await?;
        let opened = client.is_some().then(|| volume.opened.clone());
        machine.change(&mut state, |record| record.add(slot, opened)).await?;
        failpoint::hit("plug.recorded");
        let Some(client) = client else { return Ok(Progress::Done) };
        let given = self.give(&machine, &mut state, &client, slot, &volume).await?;
        if given == Progress::Done {
            machine.change(&mut state, |record| record.set_given(slot)).await?;
            state.refused.remove(slot);
        }
        Ok(given)
    }

    /// An older attachment of the same disk has to go first.
    async fn make_room(&self, older: &Slot, now: Uptime) -> Result<Progress, TransientError> {
        let progress = self.advance_unplug(older, now).await?;
        Ok(match progress {
            Progress::Done => Progress::RetryAfter {
                after_ms: 1,
                because: "an older attachment has left".to_owned(),
            },
            waits => waits,
        })
    }

    /// Gives the device to a machine that is on.
    async fn give(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        slot: &Slot,
        volume: &Volume,
    ) -> Result<Progress, TransientError> {
        let device = &name::of_device(slot)?;
        let (devices, nodes) = tokio::try_join!(devices(client), nodes(client))?;
        if devices.contains(device) {
            return Ok(Progress::Done);
        }
        let record = machine.record(state).await?;
        let io_thread = record.is_some_and(|record| record.io_thread);
        let Some(port) = record.and_then(|known| known.at(slot)) else {
            return Err(TransientError(format!("{device} is not on the record of {}", machine.id)));
        };
        let port = port.port;
        // A machine keeps the ports that it was started with, whatever its type holds by now.
        if !devices.contains(&format!("rp{port}")) {
            let reason = format!("{} has no free slot for another disk", machine.id);
            return Ok(Progress::Failed(reason));
        }
        let is_open = nodes.contains(device);
        if !is_open {
            let opened = Some(volume.opened.clone());
            machine.change(state, |record| record.set_opened(&slot.disk, opened)).await?;
        }
        let serial = slot.disk.serial_number();
        let given = block_device(device, serial, port, io_thread);
        let added = add(client, is_open, volume, device, given).await;
        failpoint::hit("plug.added");
        match added {
            Ok(()) => Ok(Progress::Done),
            Err(qmp::Error::Refused { description, .. }) => {
                let tries = state.refused.entry(slot.clone()).or_default();
                failed_again(tries, format!("QEMU refused the disk: {description}"))
            }
            Err(other) => Err(said(other)),
        }
    }

    /// Takes a disk off a machine, on or off.
    pub(super) async fn advance_unplug(
        &self,
        slot: &Slot,
        now: Uptime,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(&slot.instance)?;
        let mut state = machine.state.lock().await;
        let Some(client) = self.client(&machine, &mut state).await? else {
            failpoint::hit("unplug.off");
            if let Err(error) = self.close_off(&machine, &mut state, slot).await? {
                return kept(slot, error);
            }
            self.take_off_record(&machine, &mut state, slot).await?;
            return Ok(Progress::Done);
        };
        if machine.record(&mut state).await?.is_some_and(|known| known.at(slot).is_none()) {
            // What is off the record was released: see `tidy`.
            return Ok(Progress::Done);
        }
        self.ask(&machine, &mut state, &client, slot, now).await
    }

    /// Asks the guest to let go, unless that was done a moment ago, and looks whether it has.
    async fn ask(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        slot: &Slot,
        now: Uptime,
    ) -> Result<Progress, TransientError> {
        let device = name::of_device(slot)?;
        let asked = state.asked.entry(slot.clone()).or_default();
        let left_ms = asked.left_ms(now);
        let ask = async {
            if left_ms == 0 && !asked.refused {
                failpoint::hit("unplug.ask");
                match client.execute(DeviceDel { id: device.clone() }).await {
                    // Asked twice, before there is anybody to hear, or of what has gone already:
                    // the look tells.
                    Ok(_) | Err(qmp::Error::Refused { .. }) => {}
                    Err(other) => return Err(said(other)),
                }
                failpoint::hit("unplug.asked");
                (asked.times, asked.last) = (asked.times + 1, Some(now));
            }
            Ok(*asked)
        };
        let status = async { client.execute(QueryStatus {}).await.map_err(said) };
        // QEMU answers in this order, so the look is the later one.
        let (asked, devices, status) = tokio::try_join!(biased; ask, devices(client), status)?;
        if !devices.contains(&device) {
            return self.release(machine, state, client, slot).await;
        }
        if asked.refused {
            state.asked.remove(slot);
            return Ok(Progress::Failed("the guest refused to let go of the disk".to_owned()));
        }
        if let Some(because) = super::power::why_paused(&status) {
            return Ok(Progress::Suspended { after_ms: PAUSED_MS, because });
        }
        let because = format!("the guest was asked {} times to let go of the disk", asked.times);
        Ok(Progress::RetryAfter { after_ms: asked.left_ms(now), because })
    }

    /// The guest cannot reach the disk any more: its image is closed and made durable, and it is
    /// taken off the record.
    pub(super) async fn release(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        slot: &Slot,
    ) -> Result<Progress, TransientError> {
        let node = name::of_device(slot)?;
        failpoint::hit("unplug.let_go");
        let at = machine.record(state).await?.and_then(|known| known.at(slot));
        let opened = at.and_then(|at| at.opened.clone());
        let closing = match self.begin_close(&slot.disk, opened).await {
            Ok(closing) => closing,
            Err(error) => return kept(slot, error),
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
            Err(other) => return Err(said(other)),
        }
        failpoint::hit("unplug.closed");
        if let Err(error) = self.sync_image(closing).await {
            return kept(slot, error);
        }
        self.take_off_record(machine, state, slot).await?;
        Ok(Progress::Done)
    }

    /// The disk of a machine that is off is closed; the inner error is why it has to stay.
    async fn close_off(
        &self,
        machine: &Machine,
        state: &mut State,
        slot: &Slot,
    ) -> Result<Result<(), StorageError>, TransientError> {
        let record = machine.record(state).await?;
        let at = record.and_then(|known| known.at(slot)).cloned();
        Ok(match at {
            Some(at) => self.close_ended(machine, state, &at).await,
            // What is off the record was released.
            None => Ok(()),
        })
    }

    async fn take_off_record(
        &self,
        machine: &Machine,
        state: &mut State,
        slot: &Slot,
    ) -> Result<(), TransientError> {
        failpoint::hit("unplug.durable");
        if machine.record(state).await?.is_some() {
            machine.change(state, |record| record.remove(slot)).await?;
        }
        state.forget_asking(&slot.disk);
        failpoint::hit("unplug.off_record");
        Ok(())
    }

    /// Closes disks that the guest has released, whether an operation waits for them or not, and
    /// records those that it has. Called at the beginning of every connection, so that every disk
    /// that a guest can reach is on the record, even if the record was lost.
    pub(super) async fn tidy(
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
            let (disk, generation) = (at.disk, at.generation);
            let slot = Slot { instance: machine.id.clone(), disk, generation };
            let is_there = devices.contains(&name::of_device(&slot)?);
            if is_there && !at.given {
                machine.change(state, |record| record.set_given(&slot)).await?;
            } else if at.given && !is_there && !at.system {
                self.release(machine, state, client, &slot).await?;
            }
        }
        Ok(())
    }
}

/// Closing a disk would lose what its guest wrote, so it stays where it is.
fn kept(slot: &Slot, error: StorageError) -> Result<Progress, TransientError> {
    let (disk, instance) = (&slot.disk, &slot.instance);
    tracing::error!(%disk, %instance, %error, "a disk stays attached, since writes would be lost");
    unless_transient(error)
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
