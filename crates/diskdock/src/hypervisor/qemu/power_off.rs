//! Turns machines off: their guests are asked to shut down, or their power is cut.

use std::time::Duration;

use domain::{InstanceId, Uptime};
use qmp::commands::{MachineStatus, QueryStatus, Quit, RunState, SystemPowerdown, SystemWakeup};
use tokio::time::{Instant, sleep};

use super::Qemu;
use super::lifecycle::{EXIT_POLL_MS, MONITOR_POLL_INTERVAL};
use super::machine::{Machine, State, transient};
use crate::hypervisor::{PAUSED_BY_OPERATOR, Progress, TransientError};

/// How often a guest is asked to shut down, in milliseconds: a request that comes before its
/// system is up is lost.
const ASK_AGAIN_MS: i64 = 2_000;
/// The deadline for QEMU to end after it has accepted `quit`.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// The reason why a machine is paused, if it is: its processors are stopped until they are resumed.
pub(super) fn why_paused(status: &MachineStatus) -> Option<String> {
    match &status.status {
        RunState::Paused => Some(PAUSED_BY_OPERATOR.to_owned()),
        RunState::Prelaunch => Some("the virtual machine is paused: it was never begun".to_owned()),
        RunState::IoError => {
            let what = "the virtual machine is paused: the host has no room for its disks";
            Some(format!("{what}; it resumes by itself once there is"))
        }
        RunState::InternalError => {
            let what = "the virtual machine stands still after an internal error of QEMU";
            Some(format!("{what}; only a forced stop helps"))
        }
        RunState::GuestPanicked => {
            Some("the guest has crashed and stands still; only a forced stop helps".to_owned())
        }
        RunState::Suspended => Some("the guest has put its virtual machine to sleep".to_owned()),
        RunState::Running | RunState::Shutdown | RunState::Other => None,
    }
}

/// A guest that is asked to shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StopRequest {
    since: Uptime,
    /// When it was asked last.
    asked: Option<Uptime>,
    /// QEMU is being ended, whatever the guest does.
    is_cut: bool,
}

impl Qemu {
    pub(super) async fn advance_stop(
        &self,
        instance: &InstanceId,
        force: bool,
        now: Uptime,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        self.turn_off(&machine, &mut state, force, now).await
    }

    pub(super) async fn turn_off(
        &self,
        machine: &Machine,
        state: &mut State,
        force: bool,
        now: Uptime,
    ) -> Result<Progress, TransientError> {
        if !machine.is_on().await? {
            let disks = machine.record(state).await?.map(|record| record.disks.clone());
            if let Err(TransientError(because)) =
                self.wait_closed(machine, &disks.unwrap_or_default()).await
            {
                return Ok(Progress::RetryAfter { after_ms: ASK_AGAIN_MS, because });
            }
            state.forget_guest();
            return Ok(Progress::Done);
        }
        let begins = StopRequest { since: now, asked: None, is_cut: false };
        let request = state.asked_to_stop.unwrap_or(begins);
        let is_cut = force || now.since_ms(request.since) >= self.config.shutdown_grace_ms;
        // A file may be lost after the guest was asked: it is looked again before QEMU is ended.
        if (state.asked_to_stop.is_none() || is_cut && !request.is_cut)
            && let Some(reason) = self.loss_by_exit(machine, state).await?
        {
            state.asked_to_stop = None;
            return Ok(Progress::Failed(reason));
        }
        state.asked_to_stop = Some(StopRequest { is_cut, ..request });
        let client = self.client(machine, state).await;
        if is_cut {
            return cut(machine, client.ok().flatten()).await;
        }
        let Some(client) = client? else {
            return Ok(Progress::RetryAfter {
                after_ms: EXIT_POLL_MS,
                because: "QEMU is ending".to_owned(),
            });
        };
        let status = client.execute(QueryStatus {}).await.map_err(transient)?;
        if let Some(because) = self.note_status(machine, state, &status) {
            if status.status == RunState::Suspended {
                wake(&client).await?;
                return Ok(Progress::RetryAfter { after_ms: EXIT_POLL_MS, because });
            }
            return Ok(Progress::Suspended { after_ms: ASK_AGAIN_MS, because });
        }
        if request.asked.is_none_or(|asked| now.since_ms(asked) >= ASK_AGAIN_MS) {
            client.execute(SystemPowerdown {}).await.map_err(transient)?;
            state.asked_to_stop = Some(StopRequest { asked: Some(now), ..request });
        }
        let left = self.config.shutdown_grace_ms - now.since_ms(request.since);
        let because = "the guest was asked to shut down".to_owned();
        Ok(Progress::RetryAfter { after_ms: left.clamp(1, ASK_AGAIN_MS), because })
    }
}

/// Wakes a guest that has put its machine to sleep, unless it woke just now.
pub(super) async fn wake(client: &qmp::Client) -> Result<(), TransientError> {
    match client.execute(SystemWakeup {}).await {
        Ok(_) | Err(qmp::Error::Refused { .. }) => Ok(()),
        Err(other) => Err(transient(other)),
    }
}

/// Turns a machine off whatever its guest is doing: QEMU closes the volumes and ends; if it does
/// not, it is ended.
async fn cut(machine: &Machine, client: Option<qmp::Client>) -> Result<Progress, TransientError> {
    let told = match &client {
        Some(client) => client.execute(Quit {}).await,
        None => Err(qmp::Error::Closed),
    };
    let deadline = Instant::now() + QUIT_TIMEOUT;
    while told.is_ok() && machine.is_on().await? && Instant::now() < deadline {
        sleep(MONITOR_POLL_INTERVAL).await;
    }
    if let Some(process) = machine.process().await
        && machine.is_on().await.unwrap_or(true)
    {
        process.kill().map_err(|error| TransientError(format!("cannot end QEMU: {error}")))?;
    }
    let because = "QEMU is ending".to_owned();
    Ok(Progress::RetryAfter { after_ms: MONITOR_POLL_INTERVAL.as_millis() as i64, because })
}
