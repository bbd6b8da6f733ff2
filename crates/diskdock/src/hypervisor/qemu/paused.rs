//! Machines whose processors stand still: noticed, reported, and resumed; paused on an operator's
//! word.
//!
//! QEMU pauses a machine whose disks find the host's file system full, instead of failing the
//! guest's writes. Such a machine resumes by itself once there is room; one that an operator paused
//! is in another state of QEMU's and waits for an operator, over restarts of the server too.

use std::time::Duration;

use domain::InstanceId;
use qmp::commands::{Cont, MachineStatus, QueryStatus, RunState, Stop, SystemWakeup};
use tokio::time::sleep;

use super::Qemu;
use super::machine::{Machine, State, transient};
use super::power_off::why_paused;
use crate::hypervisor::{NOT_PAUSED, OFF, Progress, TransientError, paused_already};

/// How often it is looked whether there is room again.
const LOOK_FOR_ROOM: Duration = Duration::from_secs(5);
/// The room that resumes a machine, in bytes: less would be full again at once.
const ROOM: u64 = 64 << 20;

impl Qemu {
    /// Asks QEMU whether the machine's processors run.
    pub(super) async fn see_whether_paused(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
    ) -> Result<(), TransientError> {
        let status = client.execute(QueryStatus {}).await.map_err(transient)?;
        self.note_status(machine, state, &status);
        Ok(())
    }

    /// Takes note of whether the machine's processors run, and tells of a change. Gives why they
    /// do not.
    pub(super) fn note_status(
        &self,
        machine: &Machine,
        state: &mut State,
        status: &MachineStatus,
    ) -> Option<String> {
        let why = why_paused(status);
        state.unplug.set_running(why.is_none(), machine.now_ms());
        let instance = &machine.id;
        match (machine.paused.set(why.clone()), &why) {
            (before, Some(why)) if before.as_ref() != Some(why) => {
                tracing::warn!(%instance, why, "a virtual machine stands still");
            }
            (Some(_), None) => tracing::info!(%instance, "the virtual machine runs again"),
            _ => {}
        }
        if status.status == RunState::IoError && !state.is_resuming {
            state.is_resuming = true;
            self.begin_to_resume(machine.id.clone());
        }
        why
    }

    /// The monitor of a machine, and whether its processors run; none if it is off.
    async fn query_status(
        &self,
        machine: &Machine,
        state: &mut State,
    ) -> Result<Option<(qmp::Client, MachineStatus)>, TransientError> {
        let Some(client) = self.client(machine, state).await? else { return Ok(None) };
        let status = client.execute(QueryStatus {}).await.map_err(transient)?;
        Ok(Some((client, status)))
    }

    /// Pauses a machine until an operator resumes it.
    pub(super) async fn pause_machine(
        &self,
        instance: &InstanceId,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        let Some((client, status)) = self.query_status(&machine, &mut state).await? else {
            return Ok(Progress::Failed(OFF.to_owned()));
        };
        if let Some(why) = self.note_status(&machine, &mut state, &status) {
            return Ok(paused_already(&why));
        }
        client.execute(Stop {}).await.map_err(transient)?;
        self.see_whether_paused(&machine, &mut state, &client).await?;
        Ok(Progress::Done)
    }

    /// Resumes a machine that stands still, whatever for.
    pub(super) async fn resume_machine(
        &self,
        instance: &InstanceId,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        let Some((client, status)) = self.query_status(&machine, &mut state).await? else {
            return Ok(Progress::Failed(OFF.to_owned()));
        };
        if why_paused(&status).is_none() {
            return Ok(Progress::Failed(NOT_PAUSED.to_owned()));
        }
        let resumed = match status.status {
            RunState::Suspended => client.execute(SystemWakeup {}).await.map(drop),
            _ => client.execute(Cont {}).await.map(drop),
        };
        match resumed {
            Ok(()) => {}
            Err(qmp::Error::Refused { description, .. }) => {
                return Ok(Progress::Failed(format!("QEMU cannot resume it: {description}")));
            }
            Err(other) => return Err(transient(other)),
        }
        self.see_whether_paused(&machine, &mut state, &client).await?;
        Ok(Progress::Done)
    }

    /// The machines that stand still, sorted.
    pub(super) fn paused_machines(&self) -> Vec<(InstanceId, String)> {
        let known = self.known_machines();
        let paused = known.iter().filter_map(|at| Some((at.id.clone(), at.paused.get()?)));
        let mut paused: Vec<_> = paused.collect();
        paused.sort();
        paused
    }

    /// Resumes a machine once there is room; ends when it does not need that any more.
    fn begin_to_resume(&self, instance: InstanceId) {
        let driver = self.myself.clone();
        tokio::spawn(async move {
            loop {
                sleep(LOOK_FOR_ROOM).await;
                let Some(driver) = driver.upgrade() else { return };
                let Ok(machine) = driver.machine(&instance) else { return };
                let mut state = machine.state.lock().await;
                let waits = driver.resume_if_room(&machine, &mut state).await;
                if !waits.unwrap_or_else(|error| {
                    tracing::warn!(%instance, %error, "cannot resume a machine yet");
                    true
                }) {
                    state.is_resuming = false;
                    return;
                }
            }
        });
    }

    /// True if the machine still waits for room.
    async fn resume_if_room(
        &self,
        machine: &Machine,
        state: &mut State,
    ) -> Result<bool, TransientError> {
        let Some(client) = Machine::open_connection(state) else { return Ok(false) };
        let status = client.execute(QueryStatus {}).await.map_err(transient)?;
        if status.status != RunState::IoError {
            self.note_status(machine, state, &status);
            return Ok(false);
        }
        let free = self.with_volumes(|volumes| volumes.free_bytes()).await.unwrap_or(0);
        if free >= ROOM {
            tracing::info!(instance = %machine.id, free, "there is room again");
            client.execute(Cont {}).await.map_err(transient)?;
        }
        Ok(true)
    }
}
