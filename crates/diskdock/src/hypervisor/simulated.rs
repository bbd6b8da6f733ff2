//! The simulated hypervisor: deterministic, in memory, and obedient to a script.
//!
//! The driver keeps its own account of which guest can reach which disk, apart from the store, so
//! that the two can be compared. After a restart it learns what is finished from the store.

mod copy;
mod disks;
mod events;
mod lost;
mod machines;
mod pace;
mod pause;
mod rules;
mod transition;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use domain::{DiskId, InstanceId, TransitionKind, Uptime};
use tokio::sync::broadcast;

use super::{AttachmentId, DriverFuture, MachineEvent, Progress, TransientError};
use crate::fast_map::FastMap;
pub use pace::{Pace, parse_duration_ms};
pub use rules::{Behaviour, Rule, Script};
pub use transition::OperationTransitions;
use transition::{Key, on_attachment, waiting_for};

/// Milliseconds between two looks at a held or silent transition. It is woken when an operator
/// changes something, so this is only a safety net.
const RETRY_AFTER_MS: i64 = 60_000;

/// The most changes that a receiver can be behind; beyond, it has to reconcile all machines.
const CHANGES: usize = 16;
/// A transition under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TransitionState {
    /// Done at this moment.
    Due(Uptime),
    /// Waits for the operator.
    Held,
    /// Refused.
    Refused,
    /// Silent until it is cancelled.
    Silent,
    /// Waits for a paused machine, since this moment.
    Paused(Uptime),
    /// Done, on an operator's word.
    Finished,
}

#[derive(Clone, Debug, Default)]
struct SimulatedState {
    machines: FastMap<InstanceId, SimulatedMachine>,
    transitions: FastMap<Key, TransitionState>,
    script: Script,
    pace: Option<Pace>,
    /// There is no room for more disks.
    is_full: bool,
    /// Disks that may have lost writes, and why.
    damaged: BTreeMap<DiskId, String>,
    /// No account of machines is kept.
    follows_store: bool,
}

#[derive(Clone, Debug, Default)]
struct SimulatedMachine {
    running: bool,
    paused: bool,
    /// The machine is on and cannot be reached.
    lost: bool,
    disks: Vec<(DiskId, u64)>,
}

impl SimulatedMachine {
    fn turn(&mut self, on: bool) {
        (self.running, self.paused, self.lost) = (on, false, false);
    }
}

/// The simulated hypervisor.
#[derive(Debug)]
pub struct Simulated {
    state: Mutex<SimulatedState>,
    /// Sends what no call of the API asked for: a disk is ejected, a machine is fenced.
    changes: broadcast::Sender<MachineEvent>,
}

impl Simulated {
    /// A hypervisor without machines, at this pace.
    pub fn new(pace: Pace) -> Simulated {
        let state = SimulatedState { pace: Some(pace), ..SimulatedState::default() };
        Simulated { state: Mutex::new(state), changes: broadcast::Sender::new(CHANGES) }
    }

    /// One of several hypervisors over one store, which alone says what the machines are: what one
    /// of them remembered of a machine, another could have changed.
    pub fn following_store(pace: Pace) -> Simulated {
        let simulated = Simulated::new(pace);
        simulated.lock().follows_store = true;
        simulated
    }

    /// How long transitions take.
    pub fn pace(&self) -> Pace {
        self.lock().pace.unwrap_or(Pace::Fast)
    }

    /// Transitions that begin from now on take this long.
    pub fn set_pace(&self, pace: Pace) {
        self.lock().pace = Some(pace);
    }

    /// Whether a new disk is not there at once, by pace or by a rule.
    pub(crate) fn creating_takes_time(&self) -> bool {
        let state = self.lock();
        let ruled = |rule: &Rule| rule.transition == Some(TransitionKind::Create);
        state.pace.unwrap_or(Pace::Fast).of(TransitionKind::Create) > 0
            || state.script.rules().iter().any(ruled)
    }

    /// Adds a rule; false if there are too many.
    pub fn add_rule(&self, rule: Rule) -> bool {
        self.lock().script.add(rule)
    }

    /// The rules in force.
    pub fn rules(&self) -> Vec<Rule> {
        self.lock().script.rules().to_vec()
    }

    /// Takes all rules away; what is held already stays held.
    pub fn clear_rules(&self) {
        self.lock().script.clear();
    }

    /// Ends what these operations have under way: well, or with a refusal. Says how many
    /// transitions that were.
    pub fn finish_transitions(&self, transitions: &OperationTransitions<'_>, well: bool) -> usize {
        let under = if well { TransitionState::Finished } else { TransitionState::Refused };
        self.end(|key| transitions.include(key), under)
    }

    /// Ends everything that is under way: well, or with a refusal.
    pub fn finish_all(&self, well: bool) -> usize {
        self.end(|_| true, if well { TransitionState::Finished } else { TransitionState::Refused })
    }

    fn end(&self, is_meant: impl Fn(&Key) -> bool, under: TransitionState) -> usize {
        let mut state = self.lock();
        let meant = state.transitions.iter_mut().filter(|(key, _)| is_meant(key));
        meant.map(|(_, old)| *old = under).count()
    }

    /// Forgets all machines, disks and transitions.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.machines.clear();
        state.transitions.clear();
        state.script.clear();
    }

    fn lock(&self) -> MutexGuard<'_, SimulatedState> {
        self.state.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// Whether the guest does not have the disk. An attach that it has not taken yet is then called
    /// off without a trace.
    fn is_without(&self, attachment: &AttachmentId) -> bool {
        let mut state = self.lock();
        if state.follows_store {
            return false;
        }
        let held = (attachment.disk.clone(), attachment.generation);
        let machine = state.machines.get(&attachment.instance);
        let has_it = machine.is_some_and(|machine| machine.disks.contains(&held));
        if !has_it {
            state.transitions.remove(&on_attachment(TransitionKind::Attach, attachment));
        }
        !has_it
    }

    /// Polls a transition once: begins it if it is not under way, ends it if it is due.
    fn poll(&self, key: Key, now: Uptime, effect: impl FnOnce(&mut SimulatedState)) -> Progress {
        let mut state = self.lock();
        let under = match state.transitions.get(&key) {
            Some(under) => *under,
            None => state.begin(&key, now),
        };
        if let Some(waits) = state.out_of_reach(&key, under) {
            return waits;
        }
        match state.hold_if_paused(&key, under, now) {
            TransitionState::Finished => state.finish_transition(&key, effect),
            TransitionState::Due(due) if due <= now => state.finish_transition(&key, effect),
            TransitionState::Due(due) => Progress::RetryAfter {
                after_ms: due.since_ms(now),
                because: waiting_for(key.transition),
            },
            TransitionState::Held => {
                let because = "held by a rule until `diskdock admin finish` or `refuse`".to_owned();
                Progress::Suspended { after_ms: RETRY_AFTER_MS, because }
            }
            TransitionState::Paused(since) => state.wait_for_paused(&key, since, now),
            TransitionState::Silent => {
                let because = format!("{}; no answer so far", waiting_for(key.transition));
                Progress::RetryAfter { after_ms: RETRY_AFTER_MS, because }
            }
            TransitionState::Refused => {
                state.transitions.remove(&key);
                Progress::Failed("the guest refused".to_owned())
            }
        }
    }
}

impl SimulatedState {
    fn finish_transition(
        &mut self,
        key: &Key,
        effect: impl FnOnce(&mut SimulatedState),
    ) -> Progress {
        self.transitions.remove(key);
        if !self.follows_store {
            effect(self);
        }
        Progress::Done
    }

    fn begin(&mut self, key: &Key, now: Uptime) -> TransitionState {
        let due_after = |ms| TransitionState::Due(now.plus_ms(ms));
        let disk = key.disk.as_ref().map(DiskId::as_str);
        let instance = key.instance.as_ref().map(InstanceId::as_str);
        let under = match self.script.behaviour(key.transition, disk, instance) {
            None => due_after(self.pace.unwrap_or(Pace::Fast).of(key.transition)),
            Some(Behaviour::Take { milliseconds }) => due_after(milliseconds),
            Some(Behaviour::Hold) => TransitionState::Held,
            Some(Behaviour::Refuse) => TransitionState::Refused,
            Some(Behaviour::Never) => TransitionState::Silent,
        };
        self.transitions.insert(key.clone(), under);
        under
    }

    fn machine(&mut self, instance: &InstanceId) -> &mut SimulatedMachine {
        self.machines.entry(instance.clone()).or_default()
    }
}

fn ready<'a, T: Send + 'a>(answer: T) -> DriverFuture<'a, T> {
    Box::pin(std::future::ready(Ok::<T, TransientError>(answer)))
}
