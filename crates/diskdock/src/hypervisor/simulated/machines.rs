//! The instances of the simulated hypervisor, and the disks that they are given.

use std::io;

use domain::{DiskId, InstanceId, Uptime};
use tokio::sync::broadcast;

use super::transition::{on_attachment, on_machine};
use super::{Simulated, SimulatedMachine, SimulatedState, ready};
use crate::hypervisor::{
    AttachmentId, ConsoleOutput, DiskSpec, DriverFuture, MachineEvent, MachineSpec, Machines,
    ObservedState, Progress,
};
use domain::TransitionKind;

impl Machines for Simulated {
    fn start<'a>(&'a self, spec: &'a MachineSpec, now: Uptime) -> DriverFuture<'a, Progress> {
        let key = on_machine(TransitionKind::Start, &spec.instance);
        ready(self.poll(key, now, |state| state.machine(&spec.instance).turn(true)))
    }

    fn stop<'a>(
        &'a self,
        instance: &'a InstanceId,
        force: bool,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        let off = |state: &mut SimulatedState| state.machine(instance).turn(false);
        let key = on_machine(TransitionKind::Stop, instance);
        if force && !self.is_lost(instance) {
            let mut state = self.lock();
            return ready(state.finish_transition(&key, off));
        }
        ready(self.poll(key, now, off))
    }

    fn reboot<'a>(&'a self, spec: &'a MachineSpec, now: Uptime) -> DriverFuture<'a, Progress> {
        let key = on_machine(TransitionKind::Reboot, &spec.instance);
        ready(self.poll(key, now, |state| state.machine(&spec.instance).turn(true)))
    }

    fn plug<'a>(
        &'a self,
        attachment: &'a AttachmentId,
        _: bool,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        ready(self.poll(on_attachment(TransitionKind::Attach, attachment), now, |state| {
            let machine = state.machine(&attachment.instance);
            let AttachmentId { disk, generation, .. } = attachment;
            let newer = |at: &(DiskId, u64)| at.0 == *disk && at.1 > *generation;
            if !machine.disks.iter().any(newer) {
                machine.disks.retain(|(disk, _)| *disk != attachment.disk);
                machine.disks.push((attachment.disk.clone(), attachment.generation));
            }
        }))
    }

    fn unplug<'a>(
        &'a self,
        attachment: &'a AttachmentId,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        if self.is_without(attachment) {
            return ready(Progress::Done);
        }
        ready(self.poll(on_attachment(TransitionKind::Detach, attachment), now, |state| {
            let gone = (attachment.disk.clone(), attachment.generation);
            // A machine that was forgotten meanwhile must not come back.
            if let Some(machine) = state.machines.get_mut(&attachment.instance) {
                machine.disks.retain(|present| *present != gone);
            }
        }))
    }

    fn replace_system_disk<'a>(
        &'a self,
        old: &'a AttachmentId,
        new: &'a AttachmentId,
        _: &'a DiskSpec,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        ready(self.replace(old, new, now))
    }

    fn remove_machine<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, ()> {
        let mut state = self.lock();
        state.machines.remove(instance);
        state.transitions.retain(|key, _| key.instance.as_ref() != Some(instance));
        drop(state);
        ready(())
    }

    fn observe<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Option<ObservedState>> {
        Box::pin(std::future::ready(self.observed(instance)))
    }

    fn fence<'a>(&'a self, instance: &'a InstanceId, _: Uptime) -> DriverFuture<'a, Progress> {
        self.fence_machine(instance);
        ready(Progress::Done)
    }

    fn cancel<'a>(
        &'a self,
        instance: Option<&'a InstanceId>,
        disk: Option<&'a DiskId>,
    ) -> DriverFuture<'a, ()> {
        let mut state = self.lock();
        state
            .transitions
            .retain(|key, _| key.instance.as_ref() != instance || key.disk.as_ref() != disk);
        drop(state);
        ready(())
    }

    fn adopt<'a>(
        &'a self,
        instance: &'a InstanceId,
        expected: ObservedState,
    ) -> DriverFuture<'a, ()> {
        let mut state = self.lock();
        let follows_store = state.follows_store;
        match state.machines.get_mut(instance) {
            None if follows_store => {}
            None => {
                let (running, disks) = (expected.running, expected.disks);
                let machine = SimulatedMachine { running, disks, ..Default::default() };
                state.machines.insert(instance.clone(), machine);
            }
            Some(machine) if machine.running => {}
            Some(machine) => {
                let known: Vec<_> = machine.disks.iter().map(|(disk, _)| disk.clone()).collect();
                let unknown = expected.disks.into_iter().filter(|(disk, _)| !known.contains(disk));
                machine.disks.extend(unknown);
            }
        }
        drop(state);
        ready(())
    }

    fn follows_store(&self) -> bool {
        self.lock().follows_store
    }

    fn running(&self) -> DriverFuture<'_, Vec<InstanceId>> {
        let state = self.lock();
        let on = state.machines.iter().filter(|(_, machine)| machine.running);
        let mut running: Vec<_> = on.map(|(instance, _)| instance.clone()).collect();
        drop(state);
        running.sort();
        ready(running)
    }

    fn pause<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Progress> {
        ready(self.set_paused(instance, true))
    }

    fn resume<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Progress> {
        ready(self.set_paused(instance, false))
    }

    fn paused(&self) -> Vec<(InstanceId, String)> {
        self.paused_machines()
    }

    fn console_output(&self, instance: &InstanceId) -> io::Result<ConsoleOutput> {
        let text =
            format!("{instance} is simulated: no guest runs, so nothing is on its console.\n");
        Ok(ConsoleOutput { bytes: text.into(), at: None })
    }

    fn lost(&self) -> Vec<InstanceId> {
        self.lost_machines()
    }

    fn changes(&self) -> broadcast::Receiver<MachineEvent> {
        self.changes.subscribe()
    }
}
