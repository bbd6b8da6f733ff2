//! Simulated machines that cannot be reached, as when their host has lost its network: nobody knows
//! what their guests write, until they are found again or fenced.

use domain::{DiskId, InstanceId};

use super::{Key, RETRY_AFTER_MS, Simulated, SimulatedState, TransitionState};
use crate::hypervisor::{
    MachineEvent, ObservedState, PAUSED_BY_OPERATOR, Progress, TransientError,
};

/// Why nothing can be done with a machine that is lost.
pub(super) const OUT_OF_REACH: &str = "the virtual machine cannot be reached and its guest may still \
                                       write; `diskdock admin instances fence` makes sure that it does not";

impl Simulated {
    /// A machine cannot be reached any more, or can again. False if it is not on.
    pub fn set_lost(&self, instance: &InstanceId, lost: bool) -> bool {
        let mut state = self.lock();
        let on = state.machines.get_mut(instance).filter(|machine| machine.running);
        on.map(|machine| machine.lost = lost).is_some()
    }

    /// The disks that the guest of an instance can reach, or will at the next start, whether the
    /// machine can be reached or not.
    pub fn reachable_from(&self, instance: &InstanceId) -> Vec<DiskId> {
        let state = self.lock();
        let machine = state.machines.get(instance);
        machine.into_iter().flat_map(|one| &one.disks).map(|(disk, _)| disk.clone()).collect()
    }

    pub(super) fn lost_machines(&self) -> Vec<InstanceId> {
        let state = self.lock();
        let lost = state.machines.iter().filter(|(_, machine)| machine.lost);
        lost.map(|(instance, _)| instance.clone()).collect()
    }

    pub(super) fn is_lost(&self, instance: &InstanceId) -> bool {
        self.lock().machines.get(instance).is_some_and(|machine| machine.lost)
    }

    /// A machine is dead, whether it could be reached or not: its guest reaches nothing any more.
    pub(super) fn fence_machine(&self, instance: &InstanceId) {
        if self.kill(instance) {
            // An event without a receiver is dropped.
            let _ = self.changes.send(MachineEvent { instance: instance.clone(), disk: None });
        }
    }

    pub(super) fn observed(
        &self,
        instance: &InstanceId,
    ) -> Result<Option<ObservedState>, TransientError> {
        let state = self.lock();
        let Some(machine) = state.machines.get(instance) else { return Ok(None) };
        if machine.lost {
            return Err(TransientError(OUT_OF_REACH.to_owned()));
        }
        let mut disks = machine.disks.clone();
        disks.sort();
        let problems = machine.paused.then(|| PAUSED_BY_OPERATOR.to_owned());
        let problems = problems.into_iter().collect();
        Ok(Some(ObservedState { running: machine.running, disks, problems }))
    }
}

impl SimulatedState {
    /// The wait of a transition whose machine is lost. An operator's decision holds all the
    /// same; the deadline counts on.
    pub(super) fn out_of_reach(&self, key: &Key, under: TransitionState) -> Option<Progress> {
        let machine = self.machines.get(key.instance.as_ref()?)?;
        let decided = matches!(under, TransitionState::Finished | TransitionState::Refused);
        let because = OUT_OF_REACH.to_owned();
        (machine.lost && !decided)
            .then_some(Progress::RetryAfter { after_ms: RETRY_AFTER_MS, because })
    }
}
