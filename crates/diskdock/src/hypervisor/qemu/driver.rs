//! The contracts of a hypervisor: each call is handed to where it is carried out.

use std::io;
use std::sync::atomic::Ordering;

use domain::usage::MinuteOfUse;
use domain::{DiskId, InstanceId, Moment, SnapshotId, Uptime};
use tokio::sync::broadcast;

use super::throttle::DiskThrottle;
use super::{Qemu, console};
use crate::hypervisor::{
    AttachmentId, ConsoleOutput, ConsoleViewer, DiskContent, DiskLimit, DiskSpec, Disks,
    DriverFuture, MachineEvent, MachineSpec, Machines, NoConsole, ObservedState, Progress,
    TransientError,
};

impl Machines for Qemu {
    fn start<'a>(&'a self, spec: &'a MachineSpec, _: Uptime) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_start(spec))
    }

    fn stop<'a>(
        &'a self,
        instance: &'a InstanceId,
        force: bool,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_stop(instance, force, now))
    }

    fn reboot<'a>(&'a self, spec: &'a MachineSpec, now: Uptime) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_reboot(spec, now))
    }

    fn plug<'a>(
        &'a self,
        attachment: &'a AttachmentId,
        shared: bool,
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        Box::pin(self.ensure_plugged(attachment, shared))
    }

    fn unplug<'a>(&'a self, attachment: &'a AttachmentId, _: Uptime) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_unplug(attachment))
    }

    fn replace_system_disk<'a>(
        &'a self,
        old: &'a AttachmentId,
        new: &'a AttachmentId,
        spec: &'a DiskSpec,
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_replace(old, new, spec))
    }

    fn remove_machine<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, ()> {
        Box::pin(self.delete_machine(instance))
    }

    fn reconcile_devices<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, ()> {
        Box::pin(self.reconcile_devices_now(instance))
    }

    fn observe<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Option<ObservedState>> {
        Box::pin(self.look_at(instance))
    }

    fn cancel<'a>(
        &'a self,
        instance: Option<&'a InstanceId>,
        disk: Option<&'a DiskId>,
    ) -> DriverFuture<'a, ()> {
        Box::pin(self.forget_unplug_request(instance, disk))
    }

    fn adopt<'a>(
        &'a self,
        instance: &'a InstanceId,
        expected: ObservedState,
    ) -> DriverFuture<'a, ()> {
        Box::pin(self.adopt_record(instance, expected))
    }

    fn running(&self) -> DriverFuture<'_, Vec<InstanceId>> {
        Box::pin(self.running_machines())
    }

    fn pause<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Progress> {
        Box::pin(self.pause_machine(instance))
    }

    fn resume<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Progress> {
        Box::pin(self.resume_machine(instance))
    }

    fn paused(&self) -> Vec<(InstanceId, String)> {
        self.paused_machines()
    }

    fn limits_disks(&self) -> bool {
        self.config.throttle == DiskThrottle::Documented
    }

    fn limit_disks<'a>(
        &'a self,
        instance: &'a InstanceId,
        limits: &'a [DiskLimit],
    ) -> DriverFuture<'a, ()> {
        Box::pin(self.limit_disks_of(instance, limits))
    }

    fn open_console<'a>(
        &'a self,
        instance: &'a InstanceId,
    ) -> DriverFuture<'a, Result<ConsoleViewer, NoConsole>> {
        Box::pin(self.view_console(instance))
    }

    fn console_output(&self, instance: &InstanceId) -> io::Result<ConsoleOutput> {
        let machine = self.machine(instance).map_err(io::Error::other)?;
        Ok(ConsoleOutput { bytes: console::read(&machine)?, at: console::written_at(&machine) })
    }

    fn plugged_again(&self) -> u64 {
        self.plugged_again.load(Ordering::Relaxed)
    }

    fn changes(&self) -> broadcast::Receiver<MachineEvent> {
        self.changes.subscribe()
    }
}

impl Disks for Qemu {
    fn create<'a>(&'a self, spec: &'a DiskSpec, _: Uptime) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_create(spec))
    }

    fn resize<'a>(
        &'a self,
        spec: &'a DiskSpec,
        on: &'a [InstanceId],
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_resize(spec, on))
    }

    fn has_free_space(&self) -> bool {
        self.volumes.has_free_space().unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot tell whether there is room for disks, so there is none");
            false
        })
    }

    fn take_snapshot<'a>(
        &'a self,
        snapshot: &'a SnapshotId,
        disk: &'a DiskId,
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_snapshot(snapshot, disk))
    }

    fn take_snapshots<'a>(
        &'a self,
        snapshots: &'a [(SnapshotId, DiskId)],
        some_are_done: bool,
        _: Uptime,
    ) -> DriverFuture<'a, Vec<Progress>> {
        Box::pin(self.advance_snapshots(snapshots, some_are_done))
    }

    fn copy_snapshot<'a>(
        &'a self,
        from: &'a SnapshotId,
        to: &'a SnapshotId,
        (_, encrypted): (&'a DiskId, bool),
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_copy_snapshot(from, to, encrypted))
    }

    fn reinit<'a>(
        &'a self,
        spec: &'a DiskSpec,
        content: &'a DiskContent,
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        Box::pin(self.advance_reinit(spec, content))
    }

    fn snapshot_percent(&self, snapshot: &SnapshotId) -> Option<u8> {
        self.copies.percent(snapshot)
    }

    fn was_frozen(&self, snapshot: &SnapshotId) -> bool {
        self.copies.was_frozen(snapshot)
    }

    fn maintain(&self, now: Moment) -> DriverFuture<'_, ()> {
        Box::pin(async move {
            self.measure_disks(now).await;
            self.write_damages().await
        })
    }

    fn use_of(&self, disk: &DiskId) -> Vec<MinuteOfUse> {
        self.latest_use_of(disk)
    }

    fn used_bytes(&self, disk: &DiskId) -> Option<u64> {
        let used = self.volumes.used_bytes(disk);
        let tell = |error: &_| tracing::debug!(%disk, %error, "cannot tell what the disk takes");
        used.inspect_err(tell).ok().flatten()
    }

    fn discard<'a>(&'a self, disk: &'a DiskId) -> DriverFuture<'a, ()> {
        Box::pin(self.discard_volume(disk))
    }

    fn discard_snapshot<'a>(&'a self, snapshot: &'a SnapshotId) -> DriverFuture<'a, ()> {
        Box::pin(self.discard_files_of(snapshot))
    }

    fn stored_snapshots(&self) -> DriverFuture<'_, Vec<SnapshotId>> {
        Box::pin(async {
            let listed = self.with_volumes(|volumes| volumes.snapshots()).await;
            listed.map_err(|error| TransientError(error.to_string()))
        })
    }

    fn stored(&self) -> DriverFuture<'_, Vec<DiskId>> {
        Box::pin(async {
            let listed = self.with_volumes(|volumes| volumes.list()).await;
            listed.map_err(|error| TransientError(error.to_string()))
        })
    }

    fn damaged(&self) -> DriverFuture<'_, Vec<(DiskId, String)>> {
        Box::pin(async {
            let damaged = self.with_volumes(|volumes| Ok(volumes.damaged())).await;
            damaged.map_err(|error| TransientError(error.to_string()))
        })
    }

    fn accept<'a>(&'a self, disk: &'a DiskId, on: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        Box::pin(self.accept_volume(disk, on))
    }

    fn restore<'a>(&'a self, disk: &'a DiskId, on: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        Box::pin(self.restore_volume(disk, on))
    }
}
