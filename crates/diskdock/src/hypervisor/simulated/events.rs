//! Events that no call asks for: a machine dies, a guest releases a disk late.

use domain::{DiskId, InstanceId};

use super::{MachineEvent, Simulated};

impl Simulated {
    /// A machine dies, as when its process is killed: its guest reaches nothing any more.
    pub fn kill(&self, instance: &InstanceId) -> bool {
        let mut state = self.lock();
        let known = state.machines.get_mut(instance).filter(|machine| machine.running);
        known.map(|machine| machine.turn(false)).is_some()
    }

    /// A guest releases a disk without a detach in progress, as a late guest does. False if it does
    /// not have the disk.
    pub fn eject_disk(&self, instance: &InstanceId, disk: &DiskId) -> bool {
        let mut state = self.lock();
        let Some(machine) = state.machines.get_mut(instance) else { return false };
        let before = machine.disks.len();
        machine.disks.retain(|(present, _)| present != disk);
        let gone = machine.disks.len() < before;
        drop(state);
        if gone {
            // An event without a receiver is dropped.
            let _ = self
                .changes
                .send(MachineEvent { instance: instance.clone(), disk: Some(disk.clone()) });
        }
        gone
    }
}
