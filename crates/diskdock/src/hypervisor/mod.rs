//! Hypervisors: the contract of every driver.
//!
//! Every call is idempotent: it takes the next step towards the requested state and returns the
//! progress. No driver reads the store.

mod caller;
mod console;
mod disk_limit;
mod disk_spec;
mod elsewhere;
mod forward;
mod machine_spec;
mod pause_refusals;
pub mod qemu;
mod simulated;

use std::io;
use std::pin::Pin;

use domain::usage::MinuteOfUse;
use domain::{DiskId, InstanceId, Moment, SnapshotId, Uptime};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

pub(crate) use caller::{account_of_call, on_behalf_of};
pub(crate) use console::{CONSOLE_INPUT, ConsolePiece, ConsoleView, ConsoleViewer, SharedConsole};
pub use console::{ConsoleOutput, NoConsole};
pub use disk_limit::DiskLimit;
pub use disk_spec::DiskSpec;
pub(crate) use disk_spec::IMPORT_TAG;
pub use elsewhere::{Elsewhere, FencedHost};
pub(crate) use forward::{FORWARD_TAG, Forward};
pub use machine_spec::MachineSpec;
use pause_refusals::{NOT_PAUSED, OFF, PAUSED_BY_OPERATOR, paused_already};
pub use simulated::{
    Behaviour, OperationTransitions, Pace, Rule, Script, Simulated, parse_duration_ms,
};

/// A call that failed for a reason that can pass; it is retried.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct TransientError(pub String);

/// The future of a driver's call.
pub type DriverFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, TransientError>> + Send + 'a>>;

/// The progress of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The requested state is reached.
    Done,
    /// Not yet; to be retried after a delay.
    RetryAfter {
        /// Milliseconds.
        after_ms: i64,
        /// The reason to wait, in words.
        because: String,
    },
    /// Not possible at present, as with a paused virtual machine. This time does not count towards
    /// the deadline. To be retried after a delay.
    Suspended {
        /// Milliseconds.
        after_ms: i64,
        /// The obstacle, in words.
        because: String,
    },
    /// The requested state cannot be reached, for this reason.
    Failed(String),
}

/// The content that a disk is set back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskContent {
    /// Nothing.
    Empty,
    /// The content of this image.
    Image(String),
    /// The content of this snapshot.
    Snapshot(SnapshotId),
}

/// An event of a machine: its state has changed, so it is to be observed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineEvent {
    /// The machine.
    pub instance: InstanceId,
    /// The disk concerned; none if it concerns the whole machine.
    pub disk: Option<DiskId>,
}

/// One attachment of a disk to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AttachmentId {
    /// The instance.
    pub instance: InstanceId,
    /// The disk.
    pub disk: DiskId,
    /// Which attachment of the disk.
    pub generation: u64,
}

/// The state of an instance as a driver observes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedState {
    /// Whether the virtual machine is on.
    pub running: bool,
    /// The disks that its guest can reach (or will at the next start), with their generations.
    pub disks: Vec<(DiskId, u64)>,
    /// Problems for an operator, in words: that it is paused, that writes to a disk may be lost.
    pub problems: Vec<String>,
}

/// A driver: machines, and the disks that they are given.
pub trait Hypervisor: Machines + Disks {}

impl<D: Machines + Disks> Hypervisor for D {}

/// The half of a driver that runs instances.
pub trait Machines: Send + Sync {
    /// Turns an instance on.
    fn start<'a>(&'a self, spec: &'a MachineSpec, now: Uptime) -> DriverFuture<'a, Progress>;
    /// Turns an instance off; at once if `force`.
    fn stop<'a>(
        &'a self,
        instance: &'a InstanceId,
        force: bool,
        now: Uptime,
    ) -> DriverFuture<'a, Progress>;
    /// Makes sure that the guest of an instance writes no more, whether the machine answers or not.
    fn fence<'a>(&'a self, instance: &'a InstanceId, now: Uptime) -> DriverFuture<'a, Progress> {
        self.stop(instance, true, now)
    }
    /// Restarts an instance.
    fn reboot<'a>(&'a self, spec: &'a MachineSpec, now: Uptime) -> DriverFuture<'a, Progress>;
    /// Attaches a disk to a machine; to one of several that have it at the same time if it is
    /// `shared`. `Failed` if its bytes cannot be shared.
    fn plug<'a>(
        &'a self,
        attachment: &'a AttachmentId,
        shared: bool,
        now: Uptime,
    ) -> DriverFuture<'a, Progress>;
    /// Detaches a disk from a machine: `Done` only when the guest can no longer reach it and its
    /// writes are durable, under the name of the disk.
    fn unplug<'a>(
        &'a self,
        attachment: &'a AttachmentId,
        now: Uptime,
    ) -> DriverFuture<'a, Progress>;
    /// Makes the bytes of a new system disk and gives it to a machine that is off, in the place of
    /// the old one: whole or not at all. A driver that cannot do so fails; the environment says so
    /// beforehand.
    fn replace_system_disk<'a>(
        &'a self,
        old: &'a AttachmentId,
        new: &'a AttachmentId,
        spec: &'a DiskSpec,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        let _ = (old, spec, now);
        let reason =
            format!("this hypervisor replaces no system disks, and so not by {}", new.disk);
        Box::pin(std::future::ready(Ok(Progress::Failed(reason))))
    }
    /// Removes an instance that is off; what its guest wrote is durable, or the disk is damaged.
    fn remove_machine<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, ()>;
    /// Carries out what a guest has left to do since the last time: disks that it released on
    /// request are closed, and those that it ejected unrequested are plugged in again.
    fn reconcile_devices<'a>(&'a self, _: &'a InstanceId) -> DriverFuture<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
    /// The observed state of an instance; `None` if the driver has no record of it. Read-only: what
    /// happened since the last [`Machines::reconcile_devices`] may be missing from it.
    fn observe<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Option<ObservedState>>;
    /// Whether this driver can have machines, so that there is something to compare with the store.
    fn has_machines(&self) -> bool {
        true
    }
    /// Whether machines are what the store says, so that there is nothing to compare with it.
    fn follows_store(&self) -> bool {
        false
    }
    /// Whether it can tell which disks its machines have.
    fn knows_disks(&self) -> bool {
        true
    }
    /// Cancels a call that timed out: a later call begins anew. A transition that completes all the
    /// same is found by the next observation.
    fn cancel<'a>(
        &'a self,
        instance: Option<&'a InstanceId>,
        disk: Option<&'a DiskId>,
    ) -> DriverFuture<'a, ()>;
    /// Learns what the store says of an instance: all of it where it does not know the instance,
    /// and disks that it does not know of where the instance is off. Running machines it knows
    /// better.
    fn adopt<'a>(
        &'a self,
        instance: &'a InstanceId,
        expected: ObservedState,
    ) -> DriverFuture<'a, ()>;
    /// The instances whose machines are on, sorted, whether the store knows them or not.
    fn running(&self) -> DriverFuture<'_, Vec<InstanceId>>;
    /// Pauses an instance that is on, on an operator's word: until that of [`Machines::resume`] it
    /// stays paused. `Failed` if it is off, or paused already.
    fn pause<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Progress>;
    /// Resumes a paused instance. `Failed` if it is off or not paused, or cannot go on.
    fn resume<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Progress>;
    /// The instances that are on and stand still, as far as the driver has noticed, with the
    /// reason, sorted. Asks no guest.
    fn paused(&self) -> Vec<(InstanceId, String)>;
    /// The instances whose machines an operator has made unreachable; none where they are real.
    fn lost(&self) -> Vec<InstanceId> {
        Vec::new()
    }
    /// Whether guests are kept to the limits of their disks.
    fn limits_disks(&self) -> bool {
        false
    }
    /// Keeps the guest of an instance to these limits, as far as it is on and has the disks. A
    /// driver that limits no disk has nothing to do.
    fn limit_disks<'a>(&'a self, _: &'a InstanceId, _: &'a [DiskLimit]) -> DriverFuture<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
    /// Opens the console of an instance for one more viewer; the inner error is why it has none
    /// that takes input.
    fn open_console<'a>(
        &'a self,
        instance: &'a InstanceId,
    ) -> DriverFuture<'a, Result<ConsoleViewer, NoConsole>> {
        Box::pin(std::future::ready(Ok(Err(NoConsole::without_machine(instance)))))
    }
    /// The latest that a machine has written to its console. It may block; an error where there is
    /// no machine, or its files cannot be read.
    fn console_output(&self, instance: &InstanceId) -> io::Result<ConsoleOutput> {
        Err(io::Error::other(format!("no machine runs for {instance} here")))
    }
    /// How many disks were plugged in again, since the driver was made, after their guest had
    /// ejected them unrequested.
    fn plugged_again(&self) -> u64 {
        0
    }
    /// Changes of machines from now on that may need a reconciliation. A receiver that is too slow
    /// misses some and has to reconcile all machines.
    fn changes(&self) -> broadcast::Receiver<MachineEvent>;
}

/// The half of a driver that holds the bytes of disks.
pub trait Disks: Send + Sync {
    /// Makes the bytes of a disk.
    fn create<'a>(&'a self, spec: &'a DiskSpec, now: Uptime) -> DriverFuture<'a, Progress>;
    /// Makes a disk as large as `spec` says, which is at least as large as it is; a disk that is
    /// larger than that already is as asked for. It is on the instances `on`, those that run see it
    /// grow; one of them may have been forgotten. The disk is neither plugged nor unplugged
    /// meanwhile, but instances start, stop and die as they like.
    fn resize<'a>(
        &'a self,
        spec: &'a DiskSpec,
        on: &'a [InstanceId],
        now: Uptime,
    ) -> DriverFuture<'a, Progress>;
    /// Gives a disk another category or performance. Its bytes stay as they are, and what a guest
    /// gets out of it is up to [`Machines::limit_disks`], so most drivers have nothing to do.
    fn modify<'a>(&'a self, disk: &'a DiskId, now: Uptime) -> DriverFuture<'a, Progress> {
        let _ = (disk, now);
        Box::pin(std::future::ready(Ok(Progress::Done)))
    }
    /// Whether there is room for the bytes of another disk, or for a larger one. A short look, also
    /// within a transaction; false if it cannot be told.
    fn has_free_space(&self) -> bool;
    /// Copies the content that a disk has now under the id of a snapshot: all that a guest saw
    /// acknowledged before the first call, as after a power cut. The rest of one that failed is
    /// deleted, at the latest by [`Disks::discard_snapshot`].
    fn take_snapshot<'a>(
        &'a self,
        snapshot: &'a SnapshotId,
        disk: &'a DiskId,
        now: Uptime,
    ) -> DriverFuture<'a, Progress>;
    /// Takes snapshots of several disks at the same moment, those of running machines with a driver
    /// that can do so; others of the group may have been taken. The progress of each.
    fn take_snapshots<'a>(
        &'a self,
        snapshots: &'a [(SnapshotId, DiskId)],
        some_are_done: bool,
        now: Uptime,
    ) -> DriverFuture<'a, Vec<Progress>> {
        let _ = some_are_done;
        Box::pin(async move {
            let mut progress = Vec::new();
            for (snapshot, disk) in snapshots {
                progress.push(self.take_snapshot(snapshot, disk, now).await?);
            }
            Ok(progress)
        })
    }
    /// How much of a snapshot that is being taken is there, in percent; none if that is not known.
    fn snapshot_percent(&self, snapshot: &SnapshotId) -> Option<u8> {
        let _ = snapshot;
        None
    }
    /// Whether the file systems of the guest stood still at the moment of a snapshot that is being
    /// taken; false if that is not known.
    fn was_frozen(&self, snapshot: &SnapshotId) -> bool {
        let _ = snapshot;
        false
    }
    /// Deletes the bytes of a snapshot that the store no longer has, or that failed.
    fn discard_snapshot<'a>(&'a self, snapshot: &'a SnapshotId) -> DriverFuture<'a, ()>;
    /// The snapshots that have bytes, sorted, whether the store knows them or not.
    fn stored_snapshots(&self) -> DriverFuture<'_, Vec<SnapshotId>>;
    /// Copies the content of a snapshot of this disk under the id of another one, in another
    /// region; encrypted, if the first one is or this says so. A driver that cannot do so fails;
    /// the environment says so beforehand.
    fn copy_snapshot<'a>(
        &'a self,
        from: &'a SnapshotId,
        to: &'a SnapshotId,
        (disk, encrypted): (&'a DiskId, bool),
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        let _ = (from, disk, encrypted, now);
        let reason = format!("this hypervisor copies no snapshots, and so not to {to}");
        Box::pin(std::future::ready(Ok(Progress::Failed(reason))))
    }
    /// Gives a disk that no machine which is on has this content instead of its own: whole or not
    /// at all. A driver that cannot do so fails; the environment says so beforehand.
    fn reinit<'a>(
        &'a self,
        spec: &'a DiskSpec,
        content: &'a DiskContent,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        let _ = (content, now);
        let reason = format!("this hypervisor sets no disks back, and so not {}", spec.disk);
        Box::pin(std::future::ready(Ok(Progress::Failed(reason))))
    }
    /// Work that is due every few seconds: looks at how much disks are used, and writes down what
    /// could not be written before. A driver without bytes has nothing to do.
    fn maintain(&self, now: Moment) -> DriverFuture<'_, ()> {
        let _ = now;
        Box::pin(std::future::ready(Ok(())))
    }
    /// The use that guests made of a disk in the latest minutes, oldest first, as far as seen.
    fn use_of(&self, disk: &DiskId) -> Vec<MinuteOfUse> {
        let _ = disk;
        Vec::new()
    }
    /// The bytes of storage that a disk takes: disks are sparse, and what a guest discards is given
    /// back. None where there are no real disks, or where it cannot be told. A short look at the
    /// storage, which may block.
    fn used_bytes(&self, disk: &DiskId) -> Option<u64> {
        let _ = disk;
        None
    }
    /// Deletes the bytes of a disk that the store no longer has.
    fn discard<'a>(&'a self, disk: &'a DiskId) -> DriverFuture<'a, ()>;
    /// The disks that have bytes, sorted, whether the store knows them or not.
    fn stored(&self) -> DriverFuture<'_, Vec<DiskId>>;
    /// The disks whose acknowledged writes may be lost, with the reason, sorted.
    fn damaged(&self) -> DriverFuture<'_, Vec<(DiskId, String)>>;
    /// An operator takes the bytes that a disk's name leads to as they are, whatever happened to
    /// them. The disk is on the instances `on`. Fails if there are none that could be used.
    fn accept<'a>(&'a self, disk: &'a DiskId, on: &'a [InstanceId]) -> DriverFuture<'a, Progress>;
    /// Gives a disk whose bytes lost their name, while a machine of `on` still has them open, its
    /// bytes back. Fails while a guest can write to them.
    fn restore<'a>(&'a self, disk: &'a DiskId, on: &'a [InstanceId]) -> DriverFuture<'a, Progress>;
}
