//! Simulated disks: they take their time, and have no bytes.

use domain::{DiskId, InstanceId, SnapshotId, Uptime};

use super::{Key, Simulated, ready};
use crate::hypervisor::{AttachmentId, DiskContent, DiskSpec, Disks, DriverFuture, Progress};
use domain::TransitionKind;

/// Why nothing can be done about the bytes of a disk.
const NO_BYTES: &str = "disks are simulated here and have no bytes";

impl Simulated {
    /// From now on there is no room for more disks, or there is again.
    pub fn set_full(&self, is_full: bool) {
        self.lock().is_full = is_full;
    }

    /// From now on this disk may have lost writes.
    pub fn damage(&self, disk: &DiskId, why: &str) {
        self.lock().damaged.insert(disk.clone(), why.to_owned());
    }

    /// An operator has decided about the bytes of a disk.
    fn decided(&self, disk: &DiskId) -> Progress {
        match self.lock().damaged.remove(disk) {
            Some(_) => Progress::Done,
            None => Progress::Failed(NO_BYTES.to_owned()),
        }
    }

    /// Gives a machine another disk in the place of one.
    pub(super) fn replace(&self, old: &AttachmentId, new: &AttachmentId, now: Uptime) -> Progress {
        let (transition, disk) = (TransitionKind::Replace, Some(new.disk.clone()));
        let key = Key { transition, instance: None, disk, generation: 0 };
        self.poll(key, now, |state| {
            let Some(machine) = state.machines.get_mut(&new.instance) else { return };
            machine.disks.retain(|(disk, _)| *disk != old.disk && *disk != new.disk);
            machine.disks.push((new.disk.clone(), new.generation));
        })
    }
}

impl Disks for Simulated {
    fn create<'a>(&'a self, spec: &'a DiskSpec, now: Uptime) -> DriverFuture<'a, Progress> {
        let (transition, disk) = (TransitionKind::Create, Some(spec.disk.clone()));
        let key = Key { transition, instance: None, disk, generation: 0 };
        ready(self.poll(key, now, |_| {}))
    }

    fn modify<'a>(&'a self, disk: &'a DiskId, now: Uptime) -> DriverFuture<'a, Progress> {
        let (transition, disk) = (TransitionKind::Modify, Some(disk.clone()));
        let key = Key { transition, instance: None, disk, generation: 0 };
        ready(self.poll(key, now, |_| {}))
    }

    fn take_snapshot<'a>(
        &'a self,
        _: &'a SnapshotId,
        disk: &'a DiskId,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        let (transition, disk) = (TransitionKind::Snapshot, Some(disk.clone()));
        let key = Key { transition, instance: None, disk, generation: 0 };
        ready(self.poll(key, now, |_| {}))
    }

    fn copy_snapshot<'a>(
        &'a self,
        _: &'a SnapshotId,
        _: &'a SnapshotId,
        (disk, _): (&'a DiskId, bool),
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        let (transition, disk) = (TransitionKind::Copy, Some(disk.clone()));
        let key = Key { transition, instance: None, disk, generation: 0 };
        ready(self.poll(key, now, |_| {}))
    }

    fn resize<'a>(
        &'a self,
        spec: &'a DiskSpec,
        _: &'a [InstanceId],
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        let (transition, disk) = (TransitionKind::Resize, Some(spec.disk.clone()));
        let key = Key { transition, instance: None, disk, generation: 0 };
        ready(self.poll(key, now, |_| {}))
    }

    fn reinit<'a>(
        &'a self,
        spec: &'a DiskSpec,
        _: &'a DiskContent,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        let (transition, disk) = (TransitionKind::Reinit, Some(spec.disk.clone()));
        let key = Key { transition, instance: None, disk, generation: 0 };
        ready(self.poll(key, now, |_| {}))
    }

    fn has_free_space(&self) -> bool {
        !self.lock().is_full
    }

    fn discard<'a>(&'a self, _: &'a DiskId) -> DriverFuture<'a, ()> {
        ready(())
    }

    fn discard_snapshot<'a>(&'a self, _: &'a SnapshotId) -> DriverFuture<'a, ()> {
        ready(())
    }

    fn stored_snapshots(&self) -> DriverFuture<'_, Vec<SnapshotId>> {
        ready(Vec::new())
    }

    /// Simulated disks have no bytes.
    fn stored(&self) -> DriverFuture<'_, Vec<DiskId>> {
        ready(Vec::new())
    }

    fn damaged(&self) -> DriverFuture<'_, Vec<(DiskId, String)>> {
        let damaged = self.lock().damaged.clone();
        ready(damaged.into_iter().collect())
    }

    fn accept<'a>(&'a self, disk: &'a DiskId, _: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        ready(self.decided(disk))
    }

    fn restore<'a>(&'a self, disk: &'a DiskId, _: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        ready(self.decided(disk))
    }
}
