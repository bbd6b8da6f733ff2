//! The QEMU guest agent, where a guest runs one: it makes the guest's file systems stand still for
//! the moment of a snapshot, so that they need no repair.
//!
//! ```text
//!   record it -> guest-fsfreeze-freeze -> the snapshot begins -> guest-fsfreeze-thaw
//!   -> off the record
//! ```
//!
//! The agent belongs to the guest, which is hostile: every answer has a deadline and a bound, none
//! is needed, and what it says decides only whether a snapshot counts as one of file systems that
//! stood still. The guest's time is waited for without the lock of the machine. A guest that was
//! not thawed, since the server ended or the agent was silent, is thawed later.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use domain::{DiskId, InstanceId, SnapshotId};
use qmp::commands::QueryChardev;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{sleep, timeout};

use super::Qemu;
use super::machine::{Machine, transient};
use super::snapshot_jobs::Locked;
use crate::failpoint;
use crate::hypervisor::TransientError;

/// The socket that leads to the agent.
pub(super) const SOCKET: &str = "agent.sock";
/// The name of the character device in QEMU.
pub(super) const CHARDEV: &str = "agent";
/// The name of the port by which the agent finds it.
pub(super) const PORT: &str = "org.qemu.guest_agent.0";

/// The deadline for the agent to answer at all.
const SYNC_TIMEOUT: Duration = Duration::from_secs(1);
/// The deadline for a freeze, in which the guest writes out what it has in memory.
const FREEZE_TIMEOUT: Duration = Duration::from_secs(10);
/// The deadline for a thaw.
const THAW_TIMEOUT: Duration = Duration::from_secs(5);
/// The interval of attempts to thaw a guest that was left frozen.
const THAW_AGAIN: Duration = Duration::from_secs(5);
/// Bytes of an answer at most.
const LONGEST: u64 = 64 * 1024;
/// Connections that a process tells apart.
const CONNECTIONS_OF_PROCESS: u64 = 1 << 24;
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
/// Begins an answer to `guest-sync-delimited`; what was sent before is of no interest.
const DELIMITER: u8 = 0xff;

/// A guest whose file systems stand still. Other snapshots of the machine wait.
pub(super) struct Frozen {
    agent: Agent,
    thaw: ThawLater,
    _turn: OwnedMutexGuard<()>,
}

/// Thaws a guest in the background, unless that was done when this is dropped: also if a step of
/// an operation is broken off.
struct ThawLater {
    driver: Weak<Qemu>,
    instance: InstanceId,
    is_thawed: bool,
}

impl Drop for ThawLater {
    fn drop(&mut self) {
        if !self.is_thawed
            && let Some(driver) = self.driver.upgrade()
        {
            driver.begin_to_thaw(self.instance.clone());
        }
    }
}

/// A connection to an agent.
struct Agent(BufReader<UnixStream>);

impl Agent {
    /// A connection to an agent that answers.
    async fn connect(run: &Path) -> io::Result<Agent> {
        within(SYNC_TIMEOUT, async {
            let mut agent = Agent(BufReader::new(UnixStream::connect(run.join(SOCKET)).await?));
            let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed) % CONNECTIONS_OF_PROCESS;
            let number = u64::from(std::process::id()) * CONNECTIONS_OF_PROCESS + connection;
            // The delimiter also ends half a command that an earlier connection has left.
            agent.0.write_all(&[DELIMITER]).await?;
            agent.send("guest-sync-delimited", json!({ "id": number })).await?;
            loop {
                // What earlier connections have asked may be answered now.
                let mut skipped = Vec::new();
                (&mut agent.0).take(LONGEST).read_until(DELIMITER, &mut skipped).await?;
                if skipped.last() != Some(&DELIMITER) {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                if agent.receive().await? == json!(number) {
                    return Ok(agent);
                }
            }
        })
        .await
    }

    /// The number of file systems that a command was about.
    async fn count(&mut self, command: &str, within_: Duration) -> io::Result<u64> {
        let answer = within(within_, async {
            self.send(command, json!({})).await?;
            self.receive().await
        });
        answer.await?.as_u64().ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    async fn send(&mut self, command: &str, arguments: Value) -> io::Result<()> {
        let line = format!("{}\n", json!({ "execute": command, "arguments": arguments }));
        self.0.write_all(line.as_bytes()).await
    }

    async fn receive(&mut self) -> io::Result<Value> {
        let mut line = Vec::new();
        (&mut self.0).take(LONGEST).read_until(b'\n', &mut line).await?;
        let mut answer: Value = serde_json::from_slice(&line)?;
        match answer.get_mut("return") {
            Some(value) => Ok(value.take()),
            None => Err(io::Error::other(format!("the guest agent refused: {answer}"))),
        }
    }
}

async fn within<T>(most: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(most, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

impl Qemu {
    /// Makes the file systems of a guest stand still for snapshots that are about to begin; none if
    /// none is, or the guest has no agent that does it.
    pub(super) async fn freeze(
        &self,
        machine: &Machine,
        members: &[(SnapshotId, DiskId)],
    ) -> Result<Option<Frozen>, TransientError> {
        if !self.config.freeze_guests {
            return Ok(None);
        }
        let turn = Arc::clone(&machine.agent).lock_owned().await;
        if !self.is_to_freeze(machine, members).await? {
            return Ok(None);
        }
        let (driver, instance) = (Weak::clone(&self.myself), machine.id.clone());
        let thaw = ThawLater { driver, instance, is_thawed: false };
        failpoint::hit("freeze.recorded");
        let frozen = async {
            let mut agent = Agent::connect(&machine.run).await?;
            let count = agent.count("guest-fsfreeze-freeze", FREEZE_TIMEOUT).await?;
            Ok::<_, io::Error>((agent, count))
        };
        match frozen.await {
            Ok((agent, 1..)) => {
                failpoint::hit("freeze.frozen");
                return Ok(Some(Frozen { agent, thaw, _turn: turn }));
            }
            Ok((agent, 0)) => {
                self.thaw(machine, Frozen { agent, thaw, _turn: turn }).await;
            }
            Err(error) => {
                let instance = &machine.id;
                tracing::info!(%instance, %error, "a guest's file systems do not stand still");
            }
        }
        Ok(None)
    }

    /// Whether all of these snapshots can begin now, and the guest listens to its agent's port. It
    /// is on the record then that the guest may be frozen.
    async fn is_to_freeze(
        &self,
        machine: &Machine,
        members: &[(SnapshotId, DiskId)],
    ) -> Result<bool, TransientError> {
        let mut state = machine.state.lock().await;
        let Some(client) = self.client(machine, &mut state).await? else { return Ok(false) };
        let Some(record) = machine.record(&mut state).await? else { return Ok(false) };
        let is_begun = |(snapshot, _): &(SnapshotId, DiskId)| {
            record.snapshots.iter().any(|job| job.snapshot == *snapshot)
        };
        if !record.agent_port || record.frozen || members.iter().any(is_begun) {
            return Ok(false);
        }
        let mut on = Locked { machine, state: &mut state, client };
        for (_, disk) in members {
            if self.check_before_copy(&mut on, disk).await?.is_some() {
                return Ok(false);
            }
        }
        let chardevs = on.client.execute(QueryChardev {}).await.map_err(transient)?;
        if !chardevs.iter().any(|one| one.label == CHARDEV && one.frontend_open) {
            return Ok(false);
        }
        machine.change(on.state, |record| record.frozen = true).await?;
        Ok(true)
    }

    /// Lets a guest's file systems go on. True if they stood still until now.
    pub(super) async fn thaw(&self, machine: &Machine, mut frozen: Frozen) -> bool {
        failpoint::hit("freeze.begun");
        let thawed = frozen.agent.count("guest-fsfreeze-thaw", THAW_TIMEOUT).await;
        let (instance, stood_still) = (&machine.id, matches!(thawed, Ok(1..)));
        let noted = match thawed {
            Ok(_) => self.note_thawed(machine).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match noted {
            Ok(()) => frozen.thaw.is_thawed = true,
            Err(error) => tracing::warn!(%instance, error, "cannot thaw a guest yet"),
        }
        stood_still
    }

    async fn note_thawed(&self, machine: &Machine) -> Result<(), TransientError> {
        let mut state = machine.state.lock().await;
        machine.change(&mut state, |record| record.frozen = false).await
    }

    /// Thaws a guest that was left frozen; ends when that is done, or the machine is off.
    pub(super) fn begin_to_thaw(&self, instance: InstanceId) {
        let driver = self.myself.clone();
        tokio::spawn(async move {
            loop {
                let Some(driver) = driver.upgrade() else { return };
                match driver.thaw_left_over(&instance).await {
                    Ok(()) => return,
                    Err(error) => tracing::debug!(%instance, %error, "cannot thaw a guest yet"),
                }
                drop(driver);
                sleep(THAW_AGAIN).await;
            }
        });
    }

    async fn thaw_left_over(&self, instance: &InstanceId) -> Result<(), TransientError> {
        let machine = self.machine(instance)?;
        let _turn = Arc::clone(&machine.agent).lock_owned().await;
        let mut state = machine.state.lock().await;
        let record = machine.record(&mut state).await?;
        if !record.is_some_and(|record| record.frozen) || !machine.is_on().await? {
            return Ok(());
        }
        drop(state);
        let thawed = async {
            let mut agent = Agent::connect(&machine.run).await?;
            agent.count("guest-fsfreeze-thaw", THAW_TIMEOUT).await
        };
        thawed.await.map_err(|error| TransientError(error.to_string()))?;
        self.note_thawed(&machine).await
    }
}

#[cfg(test)]
mod tests;
