//! Instances as QEMU virtual machines, disks as volumes of this host's storage.
//!
//! One QEMU process for each instance that is on. It outlives the server and is found again through
//! its monitor. The outcome of a request is always looked up there; events only say when to
//! look. The driver keeps a small record of its own for each machine, because a machine that is
//! off has disks too.

pub mod accel;
mod acpi_hotplug;
mod closing;
mod command_line;
mod console;
mod console_socket;
mod copies;
mod device_reconcile;
mod disks;
mod driver;
mod early_sync;
mod end_all;
mod events;
mod guest_agent;
mod hardware;
mod lifecycle;
mod machine;
pub(crate) mod machine_type;
mod measure;
pub mod network;
mod object_names;
mod open_volume;
mod paused;
mod plug;
mod power_off;
mod process;
mod qmp_log;
mod record;
mod record_file;
mod run_directory;
mod seed;
mod set_back;
mod several_machines;
mod snapshot_groups;
mod snapshot_jobs;
mod snapshots;
#[cfg(test)]
mod tests;
pub mod throttle;
pub(crate) mod uefi;
mod unplug_policy;
mod use_record;
pub mod user;
mod volumes;
mod write_failures;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, Weak};

use domain::{DiskId, InstanceId};
use tokio::sync::{OnceCell, broadcast};

use super::{MachineEvent, ObservedState, TransientError};
use crate::storage::{Owner, StorageError, Volumes};
use accel::{AccelChoice, Choice};
use copies::Copies;
use machine::{Machine, State, off_thread};
use machine_type::MachineTypes;
use network::{Network, Programs};
use process::User;
use qmp_log::QmpLogs;
use record::Record;
use run_directory::make_passable;
use throttle::DiskThrottle;
use use_record::UseRecord;

pub(crate) use end_all::{end_machines, machines_in};
pub(crate) use record_file::peek_disks;
pub(super) use unplug_policy::{PAUSED_AT_MOST_MS, PAUSED_TOO_LONG};

/// Changes that a receiver may be behind before it has to look at everything.
const CHANGES: usize = 1_024;

/// The configuration of QEMU.
#[derive(Clone, Debug)]
pub struct Config {
    /// The program, such as `qemu-system-x86_64`.
    pub program: PathBuf,
    /// The requested accelerator.
    pub accel: AccelChoice,
    /// The user that QEMU runs as; the user of this process if none.
    pub user: Option<Owner>,
    /// The network of guests.
    pub network: Network,
    /// The programs that this needs.
    pub programs: Programs,
    /// Whether guests are kept to the limits of their disks.
    pub throttle: DiskThrottle,
    /// Whether the file systems of guests with an agent stand still when a snapshot begins.
    pub freeze_guests: bool,
    /// How long a guest has to shut down before its power is cut, in milliseconds.
    pub shutdown_grace_ms: i64,
}

/// The driver.
pub struct Qemu {
    config: Config,
    user: Option<User>,
    volumes: Arc<dyn Volumes>,
    /// The directory of the machines' directories.
    directory: PathBuf,
    machines: Mutex<HashMap<InstanceId, Arc<Machine>>>,
    accel: OnceCell<Choice>,
    machine_types: OnceCell<MachineTypes>,
    changes: broadcast::Sender<MachineEvent>,
    /// Disks that were plugged in again after they had left unrequested.
    plugged_again: AtomicU64,
    qmp_logs: QmpLogs,
    disk_use: Mutex<UseRecord>,
    copies: Copies,
    myself: Weak<Qemu>,
}

/// The absolute path of a data directory, which is opened to the user that QEMU runs as.
pub fn prepare(data_directory: &Path, user: Option<Owner>) -> Result<PathBuf, StorageError> {
    let path = data_directory.to_owned();
    let data_directory = std::path::absolute(data_directory)
        .map_err(|source| StorageError::Io { doing: "find", path, source })?;
    if user.is_some() {
        make_passable(&data_directory)?;
    }
    if data_directory.to_str().is_none() {
        let source = std::io::Error::new(ErrorKind::InvalidInput, "QEMU wants paths in UTF-8");
        return Err(StorageError::Io { doing: "use", path: data_directory, source });
    }
    Ok(data_directory)
}

impl Qemu {
    /// The driver of the machines in a data directory that [`prepare`] gave, with these disks.
    pub fn open(config: Config, data_directory: &Path, volumes: Arc<dyn Volumes>) -> Arc<Qemu> {
        let directory = data_directory.join("machines");
        let user = config.user.map(|owner| User { uid: owner.uid, gid: owner.gid });
        let (qmp_logs, _) = QmpLogs::start();
        Arc::new_cyclic(|myself| Qemu {
            config,
            user,
            volumes,
            directory,
            machines: Mutex::default(),
            accel: OnceCell::new(),
            machine_types: OnceCell::new(),
            changes: broadcast::Sender::new(CHANGES),
            plugged_again: AtomicU64::new(0),
            qmp_logs,
            disk_use: Mutex::default(),
            copies: Copies::default(),
            myself: Weak::clone(myself),
        })
    }

    /// The accelerator, probed once.
    pub(crate) async fn accel(&self) -> Result<Choice, String> {
        let choose = async || {
            let wanted = match (self.config.accel, self.config.user) {
                (AccelChoice::Auto, Some(user)) if !user::may_use(accel::KVM, user) => {
                    AccelChoice::Tcg
                }
                (wanted, _) => wanted,
            };
            let choice = accel::choose(&self.config.program, wanted).await?;
            if let Some(remark) = &choice.remark {
                tracing::warn!(remark, "virtual machines are slow here");
            }
            Ok(choice)
        };
        self.accel.get_or_try_init(choose).await.cloned()
    }

    /// The machines that this server has had to do with.
    fn known_machines(&self) -> Vec<Arc<Machine>> {
        let machines = self.machines.lock().unwrap_or_else(|broken| broken.into_inner());
        machines.values().map(Arc::clone).collect()
    }

    fn machine(&self, id: &InstanceId) -> Result<Arc<Machine>, TransientError> {
        let directory = self.directory.join(object_names::of_instance(id)?);
        let mut machines = self.machines.lock().unwrap_or_else(|broken| broken.into_inner());
        let known = machines.entry(id.clone());
        let known = known.or_insert_with(|| Arc::new(Machine::new(id.clone(), directory)));
        Ok(Arc::clone(known))
    }

    /// The connection to a machine's monitor; none if it is off. A new one begins with a look at
    /// what was missed, and with a watch over what comes.
    async fn client(
        &self,
        machine: &Machine,
        state: &mut State,
    ) -> Result<Option<qmp::Client>, TransientError> {
        if !machine.is_on().await? {
            state.client = None;
            machine.paused.set(None);
            return Ok(None);
        }
        if let Some(open) = Machine::open_connection(state) {
            return Ok(Some(open));
        }
        let Some(client) = machine.connect(&self.qmp_logs).await? else { return Ok(None) };
        let events = client.events();
        let reconciled = async {
            self.see_write_failures(machine, state, &client).await?;
            self.reconcile_with_devices(machine, state, &client).await?;
            self.lift_limits(&client).await?;
            self.see_whether_paused(machine, state, &client).await
        };
        let reconciled = reconciled.await;
        // If it has failed because QEMU is ending, the event of its end has to be sent here.
        if reconciled.is_ok() || client.is_closed() {
            events::follow(&self.myself, machine.id.clone(), events);
        }
        reconciled?;
        state.client = Some(client.clone());
        if machine.record(state).await?.is_some_and(|record| record.frozen) {
            self.begin_to_thaw(machine.id.clone());
        }
        Ok(Some(client))
    }

    fn emit_event(&self, instance: &InstanceId, disk: Option<DiskId>) {
        // No receiver exists before the server is up; it reconciles everything then.
        let _ = self.changes.send(MachineEvent { instance: instance.clone(), disk });
    }

    async fn delete_machine(&self, instance: &InstanceId) -> Result<(), TransientError> {
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        if machine.is_on().await? {
            return Err(TransientError(format!("the machine of {instance} is still on")));
        }
        let record = machine.record(&mut state).await?.cloned().unwrap_or_default();
        self.wait_closed(&machine, &record.disks).await?;
        for at in &record.disks {
            if let Err(error) = self.sync_after_exit(&machine, &mut state, at).await {
                self.mark_unsynced_damaged(&at.disk, error).await?;
            }
        }
        machine.delete_record(&mut state).await?;
        self.machines.lock().unwrap_or_else(|broken| broken.into_inner()).remove(instance);
        Ok(())
    }

    /// Marks a disk that could not be closed as damaged, in case it outlives its instance.
    async fn mark_unsynced_damaged(
        &self,
        disk: &DiskId,
        error: StorageError,
    ) -> Result<(), TransientError> {
        if !error.needs_operator() {
            return Err(TransientError(error.to_string()));
        }
        self.mark_damaged(disk, &error.to_string()).await
    }

    /// Makes the record of a machine that is on agree with what its guest can reach, and keeps its
    /// console within its bound.
    async fn reconcile_devices_now(&self, instance: &InstanceId) -> Result<(), TransientError> {
        let machine = self.machine(instance)?;
        let reconciled = self.reconcile_machine(&machine).await;
        let cannot = |error| format!("its devices cannot be reconciled: {error}");
        machine.unreachable.set(reconciled.as_ref().err().map(cannot));
        reconciled?;
        if let Err(error) = off_thread(move || console::cut(&machine)).await {
            tracing::warn!(%instance, %error, "cannot cut the console");
        }
        Ok(())
    }

    async fn reconcile_machine(&self, machine: &Machine) -> Result<(), TransientError> {
        // Without the file, it only takes longer to tell whether the machine is on.
        let _ = machine.make_power_file().await;
        let mut state = machine.state.lock().await;
        match self.client(machine, &mut state).await? {
            Some(client) => self.reconcile_with_devices(machine, &mut state, &client).await,
            None => Ok(()),
        }
    }

    /// The state of an instance as the driver knows it; asks nothing of QEMU.
    async fn look_at(
        &self,
        instance: &InstanceId,
    ) -> Result<Option<ObservedState>, TransientError> {
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        let is_on = machine.is_on().await?;
        let Some(record) = machine.record(&mut state).await?.cloned() else { return Ok(None) };
        if !is_on {
            self.wait_closed(&machine, &record.disks).await?;
        }
        let mut problems = self.problems(&record.disks).await;
        problems.extend(device_reconcile::eject_problems(&record));
        let of_machine = [machine.paused.get(), machine.unreachable.get()].into_iter().flatten();
        problems.extend(of_machine.filter(|_| is_on));
        Ok(Some(ObservedState { problems, ..record.observe(is_on) }))
    }

    async fn adopt_record(
        &self,
        instance: &InstanceId,
        expected: ObservedState,
    ) -> Result<(), TransientError> {
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        if machine.is_on().await? {
            return Ok(());
        }
        machine.change(&mut state, |record| record.add_missing(expected.disks)).await
    }

    async fn forget_unplug_request(
        &self,
        instance: Option<&InstanceId>,
        disk: Option<&DiskId>,
    ) -> Result<(), TransientError> {
        let is_copied = disk.is_some_and(|disk| self.copies.drop_disk(disk));
        let Some(instance) = instance else {
            return if is_copied { Err(still_copied()) } else { Ok(()) };
        };
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        match disk {
            Some(disk) => {
                state.forget_unplug_request(disk);
                self.note_requests(&machine, &mut state).await;
            }
            None => {
                state.asked_to_stop = None;
                state.failed_starts = 0;
                let forget = |record: &mut Record| record.rebooting = None;
                if machine.record(&mut state).await?.is_some() {
                    machine.change(&mut state, forget).await?;
                }
            }
        }
        drop(state);
        // The call may have completed all the same, so the machine has to be observed again.
        self.emit_event(instance, disk.cloned());
        Ok(())
    }
}

/// A copy was told to end, and has not yet.
fn still_copied() -> TransientError {
    TransientError("its bytes are still being copied".to_owned())
}
