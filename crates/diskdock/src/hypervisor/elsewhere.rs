//! The driver of a server whose machines run on hosts: it has none, and says so. Disks that no
//! host has yet have no bytes, so that there is nothing to do for them.

mod fenced;

use domain::{DiskId, InstanceId, SnapshotId, Uptime};
use tokio::sync::broadcast;

use super::{
    AttachmentId, DiskSpec, Disks, DriverFuture, MachineEvent, MachineSpec, Machines,
    ObservedState, Progress, TransientError,
};

pub use fenced::FencedHost;

/// Why nothing can be done with a machine here.
const ON_HOSTS: &str = "machines run on hosts here, and this instance is placed on none";
/// Why nothing can be done about the bytes of a disk here.
const BYTES_ON_HOSTS: &str = "the bytes of disks are on hosts";

/// No machines, and no bytes.
#[derive(Debug)]
pub struct Elsewhere {
    changes: broadcast::Sender<MachineEvent>,
}

impl Default for Elsewhere {
    fn default() -> Elsewhere {
        Elsewhere { changes: broadcast::Sender::new(1) }
    }
}

fn ready<'a, T: Send + 'a>(answer: T) -> DriverFuture<'a, T> {
    Box::pin(std::future::ready(Ok(answer)))
}

fn not_here<'a, T: Send + 'a>() -> DriverFuture<'a, T> {
    Box::pin(std::future::ready(Err(TransientError(ON_HOSTS.to_owned()))))
}

fn refused<'a>(why: &str) -> DriverFuture<'a, Progress> {
    ready(Progress::Failed(why.to_owned()))
}

impl Machines for Elsewhere {
    fn start<'a>(&'a self, _: &'a MachineSpec, _: Uptime) -> DriverFuture<'a, Progress> {
        not_here()
    }

    fn stop<'a>(&'a self, _: &'a InstanceId, _: bool, _: Uptime) -> DriverFuture<'a, Progress> {
        not_here()
    }

    fn reboot<'a>(&'a self, _: &'a MachineSpec, _: Uptime) -> DriverFuture<'a, Progress> {
        not_here()
    }

    fn plug<'a>(&'a self, _: &'a AttachmentId, _: bool, _: Uptime) -> DriverFuture<'a, Progress> {
        not_here()
    }

    fn unplug<'a>(&'a self, _: &'a AttachmentId, _: Uptime) -> DriverFuture<'a, Progress> {
        not_here()
    }

    fn remove_machine<'a>(&'a self, _: &'a InstanceId) -> DriverFuture<'a, ()> {
        not_here()
    }

    fn observe<'a>(&'a self, _: &'a InstanceId) -> DriverFuture<'a, Option<ObservedState>> {
        ready(None)
    }

    /// Hosts compare their own machines with the store.
    fn has_machines(&self) -> bool {
        false
    }

    fn follows_store(&self) -> bool {
        true
    }

    fn cancel<'a>(
        &'a self,
        _: Option<&'a InstanceId>,
        _: Option<&'a DiskId>,
    ) -> DriverFuture<'a, ()> {
        ready(())
    }

    fn adopt<'a>(&'a self, _: &'a InstanceId, _: ObservedState) -> DriverFuture<'a, ()> {
        ready(())
    }

    fn running(&self) -> DriverFuture<'_, Vec<InstanceId>> {
        ready(Vec::new())
    }

    fn pause<'a>(&'a self, _: &'a InstanceId) -> DriverFuture<'a, Progress> {
        refused(ON_HOSTS)
    }

    fn resume<'a>(&'a self, _: &'a InstanceId) -> DriverFuture<'a, Progress> {
        refused(ON_HOSTS)
    }

    fn paused(&self) -> Vec<(InstanceId, String)> {
        Vec::new()
    }

    fn changes(&self) -> broadcast::Receiver<MachineEvent> {
        self.changes.subscribe()
    }
}

impl Disks for Elsewhere {
    fn create<'a>(&'a self, _: &'a DiskSpec, _: Uptime) -> DriverFuture<'a, Progress> {
        ready(Progress::Done)
    }

    fn resize<'a>(
        &'a self,
        _: &'a DiskSpec,
        _: &'a [InstanceId],
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        ready(Progress::Done)
    }

    /// Each host has its own.
    fn has_free_space(&self) -> bool {
        true
    }

    fn take_snapshot<'a>(
        &'a self,
        _: &'a SnapshotId,
        _: &'a DiskId,
        _: Uptime,
    ) -> DriverFuture<'a, Progress> {
        refused("no host has the disk, so it has no bytes that could be copied")
    }

    fn discard_snapshot<'a>(&'a self, _: &'a SnapshotId) -> DriverFuture<'a, ()> {
        ready(())
    }

    fn stored_snapshots(&self) -> DriverFuture<'_, Vec<SnapshotId>> {
        ready(Vec::new())
    }

    fn discard<'a>(&'a self, _: &'a DiskId) -> DriverFuture<'a, ()> {
        ready(())
    }

    fn stored(&self) -> DriverFuture<'_, Vec<DiskId>> {
        ready(Vec::new())
    }

    fn damaged(&self) -> DriverFuture<'_, Vec<(DiskId, String)>> {
        ready(Vec::new())
    }

    fn accept<'a>(&'a self, _: &'a DiskId, _: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        refused(BYTES_ON_HOSTS)
    }

    fn restore<'a>(&'a self, _: &'a DiskId, _: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        refused(BYTES_ON_HOSTS)
    }
}
