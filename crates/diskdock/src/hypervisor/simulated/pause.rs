//! Simulated machines that an operator has paused: a guest that stands still releases no disk.

use domain::{InstanceId, Uptime};

use super::lost::OUT_OF_REACH;
use super::{Key, RETRY_AFTER_MS, Simulated, SimulatedState, TransitionState};
use crate::hypervisor::qemu::{PAUSED_AT_MOST_MS, PAUSED_TOO_LONG};
use crate::hypervisor::{NOT_PAUSED, OFF, PAUSED_BY_OPERATOR, Progress, paused_already};
use domain::TransitionKind;

impl Simulated {
    pub(super) fn set_paused(&self, instance: &InstanceId, paused: bool) -> Progress {
        let mut state = self.lock();
        let on = state.machines.get_mut(instance).filter(|machine| machine.running);
        let Some(machine) = on else { return Progress::Failed(OFF.to_owned()) };
        if machine.lost {
            return Progress::Failed(OUT_OF_REACH.to_owned());
        }
        match (machine.paused, paused) {
            (true, true) => return paused_already(PAUSED_BY_OPERATOR),
            (false, false) => return Progress::Failed(NOT_PAUSED.to_owned()),
            (false, true) | (true, false) => machine.paused = paused,
        }
        Progress::Done
    }

    pub(super) fn paused_machines(&self) -> Vec<(InstanceId, String)> {
        let state = self.lock();
        let paused = state.machines.iter().filter(|(_, machine)| machine.paused);
        let mut paused: Vec<_> =
            paused.map(|(instance, _)| (instance.clone(), PAUSED_BY_OPERATOR.to_owned())).collect();
        drop(state);
        paused.sort();
        paused
    }
}

impl SimulatedState {
    /// How a transition stands if its machine may be paused: a detach waits, and begins anew when
    /// the machine goes on. An operator's decision holds all the same.
    pub(super) fn hold_if_paused(
        &mut self,
        key: &Key,
        under: TransitionState,
        now: Uptime,
    ) -> TransitionState {
        let machine = key.instance.as_ref().and_then(|instance| self.machines.get(instance));
        let is_paused = machine.is_some_and(|machine| machine.paused);
        let waits = is_paused && key.transition == TransitionKind::Detach;
        match under {
            TransitionState::Due(_) | TransitionState::Silent if waits => {
                self.transitions.insert(key.clone(), TransitionState::Paused(now));
                TransitionState::Paused(now)
            }
            TransitionState::Paused(_) if !waits => self.begin(key, now),
            TransitionState::Due(_)
            | TransitionState::Held
            | TransitionState::Refused
            | TransitionState::Silent
            | TransitionState::Paused(_)
            | TransitionState::Finished => under,
        }
    }

    /// A detach waits for a paused machine for as long as one of QEMU's does.
    pub(super) fn wait_for_paused(&mut self, key: &Key, since: Uptime, now: Uptime) -> Progress {
        let left_ms = PAUSED_AT_MOST_MS - now.since_ms(since);
        if left_ms <= 0 {
            self.transitions.remove(key);
            return Progress::Failed(PAUSED_TOO_LONG.to_owned());
        }
        let because = PAUSED_BY_OPERATOR.to_owned();
        Progress::Suspended { after_ms: left_ms.min(RETRY_AFTER_MS), because }
    }
}
