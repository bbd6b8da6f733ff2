//! Simulated disks: they take their time, and have no bytes.

use domain::{DiskId, InstanceId, Uptime};

use super::{Key, Simulated, ready};
use crate::hypervisor::script::Transition;
use crate::hypervisor::{Answer, DiskSpec, Disks, Progress};

/// Why nothing can be done about the bytes of a disk.
const NO_BYTES: &str = "disks are simulated here and have no bytes";

impl Disks for Simulated {
    fn create<'a>(&'a self, spec: &'a DiskSpec, now: Uptime) -> Answer<'a, Progress> {
        let (transition, disk) = (Transition::Create, Some(spec.disk.clone()));
        let key = Key { transition, instance: None, disk, generation: 0 };
        ready(self.look(key, now, |_| {}))
    }

    fn resize<'a>(
        &'a self,
        spec: &'a DiskSpec,
        _: &'a [InstanceId],
        now: Uptime,
    ) -> Answer<'a, Progress> {
        let (transition, disk) = (Transition::Resize, Some(spec.disk.clone()));
        let key = Key { transition, instance: None, disk, generation: 0 };
        ready(self.look(key, now, |_| {}))
    }

    fn discard<'a>(&'a self, _: &'a DiskId) -> Answer<'a, ()> {
        ready(())
    }

    /// Simulated disks have no bytes.
    fn stored(&self) -> Answer<'_, Vec<DiskId>> {
        ready(Vec::new())
    }

    fn damaged(&self) -> Answer<'_, Vec<(DiskId, String)>> {
        ready(Vec::new())
    }

    fn accept<'a>(&'a self, _: &'a DiskId, _: &'a [InstanceId]) -> Answer<'a, Progress> {
        ready(Progress::Failed(NO_BYTES.to_owned()))
    }

    fn restore<'a>(&'a self, _: &'a DiskId, _: &'a [InstanceId]) -> Answer<'a, Progress> {
        ready(Progress::Failed(NO_BYTES.to_owned()))
    }
}
