//! One machine: its record, its process, and the connection to its monitor.
//!
//! Everything that is done to a machine is done under its lock, and only short things are: a
//! command to its monitor, a look at its process. A guest's time is never waited for under it.
//! Other machines have locks of their own.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::performance::Performance;
use domain::{DiskId, InstanceId};
use qmp::commands::{QomList, QueryNodeStats};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::command_line::MONITOR;
use super::early_sync::EarlySync;
use super::power_off::StopRequest;
use super::process::{self, Power, Process};
use super::qmp_log::QmpLogs;
use super::record::Record;
use super::unplug_policy::UnplugPolicy;
use crate::hypervisor::{AttachmentId, Progress, SharedConsole, TransientError};
use crate::storage::SyncHandle;

/// How often a plug or a start may fail before that is final.
const TRIES: u32 = 3;
/// How long QEMU has to greet a new connection.
const GREETING: Duration = Duration::from_secs(5);

/// A machine.
pub(crate) struct Machine {
    /// The instance that it is of.
    pub id: InstanceId,
    /// The directory of the driver's files for it.
    pub directory: PathBuf,
    /// The directory of QEMU's files: sockets, log and console.
    pub run: PathBuf,
    /// Everything that changes, for one task at a time.
    pub state: Mutex<State>,
    /// Why its processors stand still, if they do; also read without the lock.
    pub paused: Remark,
    /// Why its monitor did not answer when the driver last caught up with it.
    pub unreachable: Remark,
    /// The volume of a disk that its guest was just asked to let go of.
    pub(super) early_sync: EarlySync,
    /// Its console, while somebody views it; held while it is opened.
    pub console: Mutex<Option<Arc<SharedConsole>>>,
    /// Held by the snapshot that asks the guest's agent.
    pub agent: Arc<Mutex<()>>,
    /// Held as long as its files are really worked on, which may be longer than any caller waits.
    files: Arc<Mutex<()>>,
    /// The beginning of its monotonic time.
    made_at: Instant,
}

/// The state of a machine in memory.
#[derive(Default)]
pub(crate) struct State {
    /// Its record, once it was read.
    record: Option<Record>,
    /// The connection to its monitor, if there is one.
    pub client: Option<qmp::Client>,
    /// Requests to release disks, and the ports in cooldown.
    pub unplug: UnplugPolicy,
    /// Whether that was read from the record.
    is_restored: bool,
    /// Plugs that QEMU refused, and how often.
    pub refused: HashMap<AttachmentId, u32>,
    /// The limits of the devices, as they were set.
    pub limits: HashMap<AttachmentId, Performance>,
    /// Starts in a row that failed.
    pub failed_starts: u32,
    /// The request to the guest to shut down.
    pub asked_to_stop: Option<StopRequest>,
    /// Since when disks that their guest has let go of wait for a snapshot, in
    /// [`Machine::now_ms`].
    pub snapshot_waits: HashMap<DiskId, i64>,
    /// The volume of a disk that its guest has just let go of, opened and written out once.
    pub sync_handle: Option<(DiskId, Arc<dyn SyncHandle>)>,
    /// A task waits for room, to let a machine go on that found the host's file system full.
    pub is_resuming: bool,
}

/// A remark about a machine for people, read without the lock of its state.
#[derive(Debug, Default)]
pub(super) struct Remark(std::sync::Mutex<Option<String>>);

impl Remark {
    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner()).clone()
    }

    /// Takes note; gives what was noted before.
    pub(super) fn set(&self, remark: Option<String>) -> Option<String> {
        let mut noted = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        std::mem::replace(&mut *noted, remark)
    }
}

impl Machine {
    /// The machine in this directory, which need not be there yet.
    pub(crate) fn new(id: InstanceId, directory: PathBuf) -> Machine {
        let run = directory.join("run");
        Machine {
            id,
            directory,
            run,
            state: Mutex::default(),
            paused: Remark::default(),
            unreachable: Remark::default(),
            early_sync: EarlySync::default(),
            console: Mutex::default(),
            agent: Arc::default(),
            files: Arc::default(),
            made_at: Instant::now(),
        }
    }

    /// Monotonic milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        i64::try_from(self.made_at.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Whether it is on: whether any QEMU still has its volumes open.
    pub(crate) async fn is_on(&self) -> Result<bool, TransientError> {
        self.ask_power(Power::is_on).await
    }

    /// The right to turn it on; none while it is on.
    pub(crate) async fn power(&self) -> Result<Option<File>, TransientError> {
        let power = |directory: &Path, name: &str| {
            // A machine that was never on need not have a directory yet.
            std::fs::create_dir_all(directory)?;
            Power::of(directory, name)
        };
        match self.ask_power(power).await? {
            Power::Off(power) => Ok(Some(power)),
            Power::On => Ok(None),
        }
    }

    /// Makes the file that tells whether it is on, if an earlier version has not or it was lost.
    pub(crate) async fn make_power_file(&self) -> Result<(), TransientError> {
        self.ask_power(Power::make_file).await
    }

    async fn ask_power<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Path, &str) -> io::Result<T> + Send + 'static,
    ) -> Result<T, TransientError> {
        let (directory, id) = (self.directory.clone(), self.id.clone());
        let asked = off_thread(move || ask(&directory, id.as_str())).await;
        asked.map_err(|error| {
            TransientError(format!("cannot tell whether {} is on: {error}", self.id))
        })
    }

    /// Its process, to be ended.
    pub(crate) async fn process(&self) -> Option<Process> {
        let (run, id) = (self.run.clone(), self.id.clone());
        let found = off_thread(move || Ok(process::find(&run, id.as_str())));
        found.await.ok().flatten()
    }

    /// Its record, if there is one.
    pub(crate) async fn record<'s>(
        &self,
        state: &'s mut State,
    ) -> Result<Option<&'s Record>, TransientError> {
        if state.record.is_none() {
            let loaded = self.with_files("read", Record::load).await;
            state.record = loaded?;
            state.restore(&self.id);
        }
        Ok(state.record.as_ref())
    }

    /// Changes its record, durably, beginning with an empty one if there is none. After a failure,
    /// or if the caller no longer waits, the file tells the result.
    pub(crate) async fn change(
        &self,
        state: &mut State,
        change: impl FnOnce(&mut Record),
    ) -> Result<(), TransientError> {
        let before = self.record(state).await?;
        let mut after = before.cloned().unwrap_or_default();
        change(&mut after);
        if before == Some(&after) {
            return Ok(());
        }
        // Not known until it is written.
        state.record = None;
        let name = self.id.clone();
        let save = move |directory: &Path| {
            std::fs::create_dir_all(directory)?;
            // Without the file, it only takes longer to tell whether the machine is on.
            let _ = Power::make_file(directory, name.as_str());
            after.save(directory).map(|()| after)
        };
        state.record = Some(self.with_files("write", save).await?);
        Ok(())
    }

    /// A disk has left the port: changes the record, where the port may have to rest from now on.
    pub(crate) async fn disk_left(
        &self,
        state: &mut State,
        attachment: &AttachmentId,
        port: u32,
        change: impl FnOnce(&mut Record),
    ) -> Result<(), TransientError> {
        // Nothing is known of it before it is on the record.
        let mut unplug = state.unplug.clone();
        unplug.left(attachment, port, self.now_ms());
        let cooldowns = unplug.cooldowns();
        let change = |record: &mut Record| {
            change(record);
            record.cooldowns = cooldowns;
        };
        self.change(state, change).await?;
        state.unplug = unplug;
        Ok(())
    }

    /// Forgets what is remembered of it.
    pub(crate) async fn delete_record(&self, state: &mut State) -> Result<(), TransientError> {
        let remove = |directory: &Path| match std::fs::remove_dir_all(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // A last line of the QMP log came in between.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                std::fs::remove_dir_all(directory)
            }
            removed => removed,
        };
        *state = State::default();
        self.with_files("remove", remove).await
    }

    /// Works with the files of the machine, one call after the other. A call that has begun runs to
    /// its end, even if its caller is gone.
    async fn with_files<T: Send + 'static>(
        &self,
        verb: &'static str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, TransientError> {
        let turn = Arc::clone(&self.files).lock_owned().await;
        let directory = self.directory.clone();
        let worked = off_thread(move || {
            let worked = work(&directory);
            drop(turn);
            worked
        });
        worked.await.map_err(|error| {
            TransientError(format!("cannot {verb} the record of {}: {error}", self.id))
        })
    }

    /// The connection to its monitor that is open already.
    pub(crate) fn open_connection(state: &mut State) -> Option<qmp::Client> {
        let is_open = |client: &&qmp::Client| !client.is_closed();
        let open = state.client.as_ref().filter(is_open).cloned();
        if open.is_none() {
            state.client = None;
        }
        open
    }

    /// A new connection to its monitor; none if it is off.
    pub(crate) async fn connect(
        &self,
        logs: &QmpLogs,
    ) -> Result<Option<qmp::Client>, TransientError> {
        let (socket, log) = (self.run.join(MONITOR), logs.of(&self.directory));
        match qmp::Client::connect_logged(&socket, GREETING, Some(log)).await {
            Ok(client) => Ok(Some(client)),
            Err(_) if !self.is_on().await? => Ok(None),
            Err(error) => {
                Err(TransientError(format!("the monitor of {} is silent: {error}", self.id)))
            }
        }
    }
}

impl State {
    /// Goes on with what a guest was asked before this server started.
    fn restore(&mut self, instance: &InstanceId) {
        let Some(record) = self.record.as_ref().filter(|_| !self.is_restored) else { return };
        let attachment = |disk: &DiskId, generation| AttachmentId {
            instance: instance.clone(),
            disk: disk.clone(),
            generation,
        };
        let asked = record.disks.iter().filter_map(|at| Some((at, at.request?)));
        let requests = asked.map(|(at, request)| (attachment(&at.disk, at.generation), request));
        self.unplug = UnplugPolicy::restored(requests, record.cooldowns.iter().copied());
        self.is_restored = true;
    }

    /// Drops the requests to a guest that is gone.
    pub(crate) fn forget_guest(&mut self) {
        self.client = None;
        self.unplug.powered_off();
        self.refused.clear();
        self.limits.clear();
        self.asked_to_stop = None;
    }

    /// Drops what is known of a disk that has left.
    pub(crate) fn forget_attachment(&mut self, attachment: &AttachmentId) {
        self.forget_unplug_request(&attachment.disk);
        self.limits.remove(attachment);
    }

    /// Drops the requests to the guest about this disk.
    pub(crate) fn forget_unplug_request(&mut self, disk: &DiskId) {
        self.unplug.cancelled(disk);
        self.refused.retain(|attachment, _| attachment.disk != *disk);
    }
}

/// The devices that the guest can reach, by the ids that we gave them.
pub(crate) async fn devices(client: &qmp::Client) -> Result<HashSet<String>, TransientError> {
    let peripheral = QomList { path: "/machine/peripheral".to_owned() };
    let devices = client.execute(peripheral).await.map_err(transient)?;
    Ok(devices.into_iter().map(|property| property.name).collect())
}

/// The volumes that QEMU has open. It is asked for their counts, which it has in memory: for their
/// descriptions it would read from each volume, and stand still while one of them does not answer.
pub(crate) async fn nodes(client: &qmp::Client) -> Result<HashSet<String>, TransientError> {
    let nodes = client.execute(QueryNodeStats { query_nodes: true }).await.map_err(transient)?;
    Ok(nodes.into_iter().filter_map(|node| node.node_name).collect())
}

/// The result of a failed attempt: another one, since a volume that is still closing, a lock or
/// memory may be about to be free. Not for ever.
pub(crate) fn retry_or_fail(failures: &mut u32, words: String) -> Result<Progress, TransientError> {
    *failures += 1;
    if *failures < TRIES { Err(TransientError(words)) } else { Ok(Progress::Failed(words)) }
}

/// An error of the monitor, which is transient.
pub(crate) fn transient(error: qmp::Error) -> TransientError {
    TransientError(format!("QEMU: {error}"))
}

/// Runs blocking work on a thread for it.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests;
