//! Turns machines off: their guests are asked to shut down, or their power is cut.

use std::time::Duration;

use domain::{InstanceId, Uptime};
use qmp::commands::{MachineStatus, QueryStatus, Quit, RunState, SystemPowerdown};
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
        _ => None,
    }
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
        if state.asked_to_stop.is_none()
            && let Some(reason) = self.loss_by_exit(machine, state).await?
        {
            return Ok(Progress::Failed(reason));
        }
        let client = self.client(machine, state).await;
        let (since, last) = *state.asked_to_stop.get_or_insert((now, Uptime(i64::MIN)));
        if force || now.since_ms(since) >= self.config.shutdown_grace_ms {
            return cut(machine, client.ok().flatten()).await;
        }
        let Some(client) = client? else {
            return Ok(Progress::RetryAfter {
                after_ms: EXIT_POLL_MS,
                because: "QEMU is ending".to_owned(),
            });
        };
        let status = client.execute(QueryStatus {}).await.map_err(transient)?;
        if let Some(because) = why_paused(&status) {
            return Ok(Progress::Suspended { after_ms: ASK_AGAIN_MS, because });
        }
        if now.since_ms(last) >= ASK_AGAIN_MS {
            client.execute(SystemPowerdown {}).await.map_err(transient)?;
            state.asked_to_stop = Some((since, now));
        }
        let left = self.config.shutdown_grace_ms - now.since_ms(since);
        let because = "the guest was asked to shut down".to_owned();
        Ok(Progress::RetryAfter { after_ms: left.clamp(1, ASK_AGAIN_MS), because })
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
    if let Some(process) = machine.process()
        && machine.is_on().await.unwrap_or(true)
    {
        process.kill().map_err(|error| TransientError(format!("cannot end QEMU: {error}")))?;
    }
    let because = "QEMU is ending".to_owned();
    Ok(Progress::RetryAfter { after_ms: MONITOR_POLL_INTERVAL.as_millis() as i64, because })
}
