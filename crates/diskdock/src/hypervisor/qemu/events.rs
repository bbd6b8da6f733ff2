//! Handles the QMP events of a machine for as long as the connection to its monitor lasts.
//!
//! A disk that the guest has released on request is closed here at once, whether an operation waits
//! for it or not. Every other event is only a reason to query QEMU's devices.
//!
//! QEMU reports a disk's device twice: first the part that has the volume open, when the guest can
//! do nothing with it any more, then all of it. In between QEMU only waits to free memory, for
//! 50 ms and more (`call_rcu_thread` of its util/rcu.c), so a disk is released at the first report.

use std::sync::Weak;
use std::time::Duration;

use domain::{DiskId, InstanceId};
use qmp::{Event, Events, Notice};
use tokio::time::{Instant, sleep};

use super::Qemu;
use super::machine::{Machine, State};
use super::object_names;
use crate::hypervisor::{AttachmentId, TransientError};

/// How long a process may go on after its monitor has closed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the process is checked after its monitor has closed.
const CHECK_EVERY: Duration = Duration::from_millis(10);

/// QEMU's reaction to a failed write, where the guest is told of it. Otherwise the machine is
/// paused, and the write is made again.
const REPORTED: &str = "report";

/// Handles the events of a connection, from its beginning, in a task that ends with it.
pub(super) fn follow(driver: &Weak<Qemu>, instance: InstanceId, mut events: Events) {
    let driver = Weak::clone(driver);
    tokio::spawn(async move {
        loop {
            let notice = events.next().await;
            let Some(driver) = driver.upgrade() else { return };
            let is_last = matches!(notice, Notice::Closed);
            if let Err(error) = driver.handle_event(&instance, notice).await {
                tracing::warn!(%instance, %error, "cannot handle an event of QEMU");
                driver.emit_event(&instance, None);
            }
            if is_last {
                return;
            }
        }
    });
}

/// The part of a disk's device that is gone.
#[derive(Clone, Copy)]
enum DeletedPart {
    /// The one that has the volume open.
    Backend,
    /// All of it.
    Device,
}

fn attachment(instance: &InstanceId, (disk, generation): (DiskId, u64)) -> AttachmentId {
    AttachmentId { instance: instance.clone(), disk, generation }
}

impl Qemu {
    async fn handle_event(
        &self,
        instance: &InstanceId,
        notice: Notice,
    ) -> Result<(), TransientError> {
        match notice {
            Notice::Event(Event::DeviceDeleted { device: Some(device), .. }) => {
                let Some(named) = object_names::parse_device(&device) else { return Ok(()) };
                self.handle_deleted(attachment(instance, named), DeletedPart::Device).await
            }
            Notice::Event(Event::DeviceDeleted { device: None, path }) => {
                let Some(named) = object_names::parse_backend_path(&path) else { return Ok(()) };
                self.handle_deleted(attachment(instance, named), DeletedPart::Backend).await
            }
            Notice::Event(Event::DeviceUnplugGuestError { device: Some(device), .. }) => {
                self.handle_unplug_refused(instance, &device).await
            }
            Notice::Event(Event::BlockIoError {
                node: Some(node), action, write: true, ..
            }) if action == REPORTED => self.handle_write_failed(instance, &node).await,
            Notice::Missed(_) => self.reconcile_devices_of(instance).await,
            Notice::Event(Event::Reset { .. }) => self.handle_reset(instance).await,
            Notice::Event(Event::Wakeup) => {
                self.machine(instance)?.state.lock().await.unplug.woke_up();
                self.reconcile_devices_of(instance).await
            }
            Notice::Event(Event::Resume | Event::Stop | Event::Suspend) => {
                self.reconcile_devices_of(instance).await
            }
            Notice::Event(_) => Ok(()),
            Notice::Closed => self.handle_monitor_closed(instance).await,
        }
    }

    /// The guest has let go of a disk. Most of what it wrote is made durable before the machine is
    /// locked, so that its other disks need not wait for that; often that was done while the guest
    /// worked on it.
    async fn handle_deleted(
        &self,
        deleted: AttachmentId,
        part: DeletedPart,
    ) -> Result<(), TransientError> {
        let machine = self.machine(&deleted.instance)?;
        let mut state = machine.state.lock().await;
        if machine.record(&mut state).await?.is_some_and(|known| known.at(&deleted).is_none()) {
            // It was released before.
            return Ok(());
        }
        drop(state);
        let synced = match machine.early_sync.take(&deleted.disk) {
            Some(handle) => Some(handle),
            None => self.open_and_sync(&deleted.disk).await,
        };
        let mut state = machine.state.lock().await;
        state.sync_handle = synced.map(|handle| (deleted.disk.clone(), handle));
        let released = self.release_or_reconcile(&machine, &mut state, &deleted, part).await;
        state.sync_handle = None;
        drop(state);
        released?;
        self.emit_event(&deleted.instance, Some(deleted.disk));
        Ok(())
    }

    async fn reconcile_devices_of(&self, instance: &InstanceId) -> Result<(), TransientError> {
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        self.reconcile_devices(&machine, &mut state).await?;
        if let Some(client) = Machine::open_connection(&mut state) {
            self.see_write_failures(&machine, &mut state, &client).await?;
            self.see_whether_paused(&machine, &mut state, &client).await?;
        }
        drop(state);
        self.emit_event(instance, None);
        Ok(())
    }

    /// Releases a disk that has left on request; otherwise all devices are looked at, as soon as
    /// all of this one is gone.
    async fn release_or_reconcile(
        &self,
        machine: &Machine,
        state: &mut State,
        deleted: &AttachmentId,
        part: DeletedPart,
    ) -> Result<(), TransientError> {
        let Some(client) = Machine::open_connection(state) else { return Ok(()) };
        let on_request = self.release_deleted(machine, state, &client, deleted).await?;
        match part {
            DeletedPart::Device if !on_request => {
                self.reconcile_with_devices(machine, state, &client).await
            }
            DeletedPart::Device | DeletedPart::Backend => Ok(()),
        }
    }

    /// Makes the record agree with QEMU's devices, if there is a connection to it.
    async fn reconcile_devices(
        &self,
        machine: &Machine,
        state: &mut State,
    ) -> Result<(), TransientError> {
        match Machine::open_connection(state) {
            Some(client) => self.reconcile_with_devices(machine, state, &client).await,
            None => Ok(()),
        }
    }

    async fn handle_unplug_refused(
        &self,
        instance: &InstanceId,
        device: &str,
    ) -> Result<(), TransientError> {
        let Some(named) = object_names::parse_device(device) else { return Ok(()) };
        let attachment = attachment(instance, named);
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        state.unplug.refused(&attachment);
        drop(state);
        self.emit_event(instance, Some(attachment.disk));
        Ok(())
    }

    /// The guest was reset: with it, everything is gone that it was asked.
    async fn handle_reset(&self, instance: &InstanceId) -> Result<(), TransientError> {
        let machine = self.machine(instance)?;
        machine.state.lock().await.unplug.reset();
        self.reconcile_devices_of(instance).await
    }

    /// The monitor has closed, which it does a moment before the process ends.
    async fn handle_monitor_closed(&self, instance: &InstanceId) -> Result<(), TransientError> {
        let machine = self.machine(instance)?;
        let deadline = Instant::now() + EXIT_TIMEOUT;
        while machine.is_on().await.unwrap_or(true) && Instant::now() < deadline {
            sleep(CHECK_EVERY).await;
        }
        self.emit_event(instance, None);
        Ok(())
    }
}
