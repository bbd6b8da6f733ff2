//! The driver of a host whose guests can write to no disk any more: nothing runs, disks are let go,
//! and nothing new begins.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{DiskId, InstanceId, SnapshotId, Uptime};
use tokio::sync::broadcast;

use super::ready;
use crate::hypervisor::{
    AttachmentId, DiskSpec, Disks, DriverFuture, MachineEvent, MachineSpec, Machines,
    ObservedState, Progress, TransientError,
};

/// Why nothing begins on a fenced host.
const FENCED: &str = "the host of the instance is fenced";
/// Why bytes are not discarded there.
const LEFT: &str = "the host is fenced, and another one discards what it had";

/// The disks of machines that are off for good.
#[derive(Debug)]
pub struct FencedHost {
    machines: Mutex<BTreeMap<InstanceId, Vec<(DiskId, u64)>>>,
    changes: broadcast::Sender<MachineEvent>,
}

impl Default for FencedHost {
    fn default() -> FencedHost {
        FencedHost { machines: Mutex::default(), changes: broadcast::Sender::new(1) }
    }
}

impl FencedHost {
    fn machines(&self) -> MutexGuard<'_, BTreeMap<InstanceId, Vec<(DiskId, u64)>>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused<'a>() -> DriverFuture<'a, Progress> {
    ready(Progress::Failed(FENCED.to_owned()))
}

fn left<'a>() -> DriverFuture<'a, ()> {
    Box::pin(std::future::ready(Err(TransientError(LEFT.to_owned()))))
}

impl Machines for FencedHost {
    fn start<'a>(&'a self, _: &'a MachineSpec, _: Uptime) -> DriverFuture<'a, Progress> {
        refused()
    }

    fn stop<'a>(&'a self, _: &'a InstanceId, _: bool, _: Uptime) -> DriverFuture<'a, Progress> {
        ready(Progress::Done)
    }

    fn reboot<'a>(&'a self, _: &'a MachineSpec, _: Uptime) -> DriverFuture<'a, Progress> {
        refused()
    }

    fn plug<'a>(&'a self, _: &'a AttachmentId, _: bool, _: Uptime) -> DriverFuture<'a, Progress> {
        refused()
    }

    /// Its guest may think that it has the disk; the storage refuses what it writes.
    fn unplug<'a>(&'a self, at: &'a AttachmentId, _: Uptime) -> DriverFuture<'a, Progress> {
        if let Some(disks) = self.machines().get_mut(&at.instance) {
            disks.retain(|(disk, _)| *disk != at.disk);
        }
        ready(Progress::Done)
    }

    fn remove_machine<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, ()> {
        self.machines().remove(instance);
        ready(())
    }

    fn observe<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Option<ObservedState>> {
        let disks = self.machines().get(instance).cloned();
        ready(disks.map(|disks| ObservedState { running: false, disks, problems: Vec::new() }))
    }

    /// Its guests may have any of them, and write to none.
    fn knows_disks(&self) -> bool {
        false
    }

    fn cancel<'a>(
        &'a self,
        _: Option<&'a InstanceId>,
        _: Option<&'a DiskId>,
    ) -> DriverFuture<'a, ()> {
        ready(())
    }

    fn adopt<'a>(
        &'a self,
        instance: &'a InstanceId,
        expected: ObservedState,
    ) -> DriverFuture<'a, ()> {
        self.machines().insert(instance.clone(), expected.disks);
        // It is off now; without a listener, the next comparison finds that out.
        let event = MachineEvent { instance: instance.clone(), disk: None };
        self.changes.send(event).ok();
        ready(())
    }

    fn running(&self) -> DriverFuture<'_, Vec<InstanceId>> {
        ready(Vec::new())
    }

    fn pause<'a>(&'a self, _: &'a InstanceId) -> DriverFuture<'a, Progress> {
        refused()
    }

    fn resume<'a>(&'a self, _: &'a InstanceId) -> DriverFuture<'a, Progress> {
        refused()
    }

    fn paused(&self) -> Vec<(InstanceId, String)> {
        Vec::new()
    }

    fn changes(&self) -> broadcast::Receiver<MachineEvent> {
        self.changes.subscribe()
    }
}

impl Disks for FencedHost {
    fn create<'a>(&'a self, _: &'a DiskSpec, _: Uptime) -> DriverFuture<'a, Progress> {
        refused()
    }

    fn resize<'a>(
        &'a self,
        _: &'a DiskSpec,
        _: &'a [InstanceId],
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        refused()
    }

    fn has_free_space(&self) -> bool {
        true
    }

    fn take_snapshot<'a>(
        &'a self,
        _: &'a SnapshotId,
        _: &'a DiskId,
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        refused()
    }

    fn discard_snapshot<'a>(&'a self, _: &'a SnapshotId) -> DriverFuture<'a, ()> {
        left()
    }

    fn stored_snapshots(&self) -> DriverFuture<'_, Vec<SnapshotId>> {
        ready(Vec::new())
    }

    fn discard<'a>(&'a self, _: &'a DiskId) -> DriverFuture<'a, ()> {
        left()
    }

    fn stored(&self) -> DriverFuture<'_, Vec<DiskId>> {
        ready(Vec::new())
    }

    fn damaged(&self) -> DriverFuture<'_, Vec<(DiskId, String)>> {
        ready(Vec::new())
    }

    fn accept<'a>(&'a self, _: &'a DiskId, _: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        refused()
    }

    fn restore<'a>(&'a self, _: &'a DiskId, _: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        refused()
    }
}
