//! Starts and reboots machines.

use std::time::Duration;

use domain::{DiskId, Uptime};
use tokio::process::Child;
use tokio::time::{Instant, sleep};

use super::command_line::{BootDisk, Parts, command_line};
use super::copies::OpenPermit;
use super::hardware::Hardware;
use super::machine::{Machine, State, retry_or_fail};
use super::record::{Plugged, Record, StartsFrom};
use super::volumes::reason_if_final;
use super::{Qemu, network, object_names, process, seed};
use crate::failpoint;
use crate::hypervisor::{AttachmentId, DiskLimit, MachineSpec, Progress, TransientError};
use crate::storage::Volume;

/// The deadline for the monitor of a new QEMU.
const MONITOR_TIMEOUT: Duration = Duration::from_secs(20);
/// The interval of checking the monitor of a new QEMU.
pub(super) const MONITOR_POLL_INTERVAL: Duration = Duration::from_millis(5);
/// How long a machine that is about to be off is left before another look, in milliseconds. It is
/// looked at when its process has ended.
pub(super) const EXIT_POLL_MS: i64 = 100;

impl Qemu {
    pub(super) async fn advance_start(
        &self,
        spec: &MachineSpec,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(&spec.instance)?;
        let mut state = machine.state.lock().await;
        if self.client(&machine, &mut state).await?.is_some() {
            return Ok(Progress::Done);
        }
        state.forget_guest();
        self.turn_on(&machine, &mut state, spec).await
    }

    async fn turn_on(
        &self,
        machine: &Machine,
        state: &mut State,
        spec: &MachineSpec,
    ) -> Result<Progress, TransientError> {
        if spec.processors == 0 {
            let reason = "the type of the instance cannot be had any more".to_owned();
            return Ok(Progress::Failed(reason));
        }
        failpoint::hit("start.begins");
        let Some(power) = machine.power().await? else {
            let because = "another QEMU of this machine is starting or ending".to_owned();
            return Ok(Progress::RetryAfter { after_ms: EXIT_POLL_MS, because });
        };
        if let Err(reason) = self.finish_pending_unplugs(machine, state).await? {
            return Ok(Progress::Failed(reason));
        }
        if self.is_waiting_for_detaches(machine, state, spec).await? {
            let because = "a disk is Detaching; it leaves before the machine starts".to_owned();
            return Ok(Progress::RetryAfter { after_ms: EXIT_POLL_MS, because });
        }
        let hardware = match self.hardware(machine, state, spec).await? {
            Ok(hardware) => hardware,
            Err(reason) => return retry_or_fail(&mut state.failed_starts, reason),
        };
        let order = |record: &mut Record| {
            record.order_ports(&spec.disk_order);
            spec.shared.iter().for_each(|disk| record.set_shared(disk, true));
        };
        machine.change(state, order).await?;
        let _opening = match self.open_all(machine, state).await? {
            Ok(opening) => opening,
            Err(waits) => return Ok(waits),
        };
        let volumes = match self.volumes_to_boot(machine, state).await? {
            Ok(volumes) => volumes,
            Err(reason) => return Ok(Progress::Failed(reason)),
        };
        let boot_again = |record: &mut Record| {
            record.boot(spec.system_disk.as_ref());
            hardware.note(record);
            for (at, (_, volume)) in record.disks.iter_mut().zip(&volumes) {
                at.opened = Some(volume.opened.clone());
            }
        };
        machine.change(state, boot_again).await?;
        let has_secret = |(_, volume): &&(Plugged, Volume)| volume.has_secret();
        let with_secrets = volumes.iter().filter(has_secret).map(|(at, _)| at.clone());
        let with_secrets: Vec<_> = with_secrets.collect();
        let parts = match self.parts(machine, spec, &hardware, volumes).await? {
            Ok(parts) => parts,
            Err(reason) => return retry_or_fail(&mut state.failed_starts, reason),
        };
        let (program, run) = (&self.config.program, &machine.run);
        let (network, programs) = (&self.config.network, &self.config.programs);
        let network = match network::connect(network, programs, spec, run, self.user).await {
            Ok(network) => network,
            Err(reason) => return retry_or_fail(&mut state.failed_starts, reason),
        };
        let progress = match process::spawn(program, &parts, run, self.user, power, network) {
            Ok(child) => self.until_up(machine, state, child).await?,
            Err(error) => retry_or_fail(&mut state.failed_starts, self.cannot_run(&error))?,
        };
        state.failed_starts = 0;
        self.forget_keys(machine, state, &with_secrets).await?;
        self.limit_started(machine, state, &spec.limits).await;
        Ok(progress)
    }

    /// Limits the disks of a machine that has just started. A failure here is made up for
    /// when store and machine are compared.
    async fn limit_started(&self, machine: &Machine, state: &mut State, limits: &[DiskLimit]) {
        let Some(client) = Machine::open_connection(state) else { return };
        if let Err(error) = self.limit_disks_on(machine, state, &client, limits).await {
            tracing::warn!(instance = %machine.id, %error, "cannot limit the disks of a guest yet");
        }
    }

    /// Whether a disk is still on the record that is Detaching. Its operation is to take it off:
    /// after a restart of the server, it may not have had its turn.
    async fn is_waiting_for_detaches(
        &self,
        machine: &Machine,
        state: &mut State,
        spec: &MachineSpec,
    ) -> Result<bool, TransientError> {
        let record = machine.record(state).await?;
        let is_there = |(disk, generation): &(DiskId, u64)| {
            let at = record.and_then(|record| record.of_disk(disk));
            at.is_some_and(|at| at.generation == *generation)
        };
        Ok(spec.leaving.iter().any(is_there))
    }

    /// The arguments of QEMU; the inner error is why there can be none.
    async fn parts(
        &self,
        machine: &Machine,
        spec: &MachineSpec,
        hardware: &Hardware,
        volumes: Vec<(Plugged, Volume)>,
    ) -> Result<Result<Vec<std::ffi::OsString>, String>, TransientError> {
        let accel = match self.accel().await {
            Ok(accel) => accel,
            Err(reason) => return Ok(Err(reason)),
        };
        let disks = volumes.into_iter().map(|(at, volume)| boot_disk(spec, at, &volume));
        let boot_disks = disks.collect::<Result<Vec<_>, _>>()?;
        let has_system_disk = boot_disks.iter().any(|disk| disk.system);
        if hardware.starts_from() != StartsFrom::Kernel && !has_system_disk {
            return Ok(Err("the instance has no system disk".to_owned()));
        }
        self.make_run_directory(machine).await.map_err(|error| cannot("make", &error))?;
        let boot = match self.boot(machine, hardware).await {
            Ok(boot) => boot,
            Err(reason) => return Ok(Err(reason)),
        };
        let seed = seed::make(spec, &machine.run, self.user).await;
        let seed = seed.map_err(|error| cannot("write the user data into", &error))?;
        let card = self.config.network.card();
        Ok(Ok(command_line(&Parts {
            spec,
            accel: &accel,
            machine_type: &hardware.machine_type,
            boot,
            io_thread: hardware.io_thread,
            agent_port: hardware.agent_port,
            disks: boot_disks,
            seed,
            card,
        })))
    }

    /// The right to open all disks of a machine; the inner error is what to wait for.
    async fn open_all(
        &self,
        machine: &Machine,
        state: &mut State,
    ) -> Result<Result<Vec<OpenPermit>, Progress>, TransientError> {
        let record = machine.record(state).await?;
        let disks = record.map(|record| record.disks.iter()).into_iter().flatten();
        Ok(disks.map(|at| self.copies.open(&at.disk)).collect())
    }

    /// The disks of a machine that is off, in the order of its record, closed for good since it
    /// was on last. The inner error is why one cannot be used, however often it is tried.
    async fn volumes_to_boot(
        &self,
        machine: &Machine,
        state: &mut State,
    ) -> Result<Result<Vec<(Plugged, Volume)>, String>, TransientError> {
        let disks = machine.record(state).await?.map(|record| record.disks.clone());
        let mut volumes = Vec::new();
        for at in disks.unwrap_or_default() {
            if at.opened.is_some()
                && let Err(error) = self.sync_after_exit(machine, state, &at).await
            {
                return reason_if_final(error).map(Err);
            }
            self.refuse_second_opener(&at.disk).await?;
            match self.find_for(&at.disk, at.shared).await? {
                Ok(volume) => volumes.push((at, volume)),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(volumes))
    }

    /// Waits until QEMU answers or has ended.
    async fn until_up(
        &self,
        machine: &Machine,
        state: &mut State,
        mut child: Child,
    ) -> Result<Progress, TransientError> {
        let deadline = Instant::now() + MONITOR_TIMEOUT;
        let ended = loop {
            if let Ok(Some(ended)) = child.try_wait() {
                break ended;
            }
            // Until it has left its process id, there is nothing to connect to.
            if matches!(self.client(machine, state).await, Ok(Some(_))) {
                reap(child);
                return Ok(Progress::Done);
            }
            if Instant::now() >= deadline {
                let _ = child.start_kill();
                reap(child);
                return Ok(Progress::Failed("QEMU was started and did not answer".to_owned()));
            }
            sleep(MONITOR_POLL_INTERVAL).await;
        };
        // Another one may have been started just before the server was killed.
        if self.client(machine, state).await?.is_some() {
            return Ok(Progress::Done);
        }
        let words = process::last_words(&machine.run);
        let words = format!("QEMU ended at once ({ended}): {words}");
        retry_or_fail(&mut state.failed_starts, words)
    }

    /// Stops and starts a machine. The boot that is to end is recorded, so that a crash in between
    /// neither leaves the machine off nor forgets that it was off already.
    pub(super) async fn advance_reboot(
        &self,
        spec: &MachineSpec,
        now: Uptime,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(&spec.instance)?;
        let mut state = machine.state.lock().await;
        let record = machine.record(&mut state).await?.cloned().unwrap_or_default();
        let boots = record.boots;
        let ends = record.rebooting.unwrap_or(boots);
        if record.rebooting.is_none() {
            machine.change(&mut state, |record| record.rebooting = Some(boots)).await?;
        }
        let progress = if boots == ends && machine.is_on().await? {
            match self.turn_off(&machine, &mut state, false, now).await? {
                Progress::Done => self.turn_on(&machine, &mut state, spec).await?,
                waits => return Ok(waits),
            }
        } else if self.client(&machine, &mut state).await?.is_some() {
            Progress::Done
        } else {
            state.forget_guest();
            self.turn_on(&machine, &mut state, spec).await?
        };
        if matches!(progress, Progress::Done | Progress::Failed(_)) {
            machine.change(&mut state, |record| record.rebooting = None).await?;
        }
        Ok(progress)
    }

    fn cannot_run(&self, error: &std::io::Error) -> String {
        let program = self.config.program.display();
        format!("{program} cannot be run ({error}); `diskdock doctor` says what is missing")
    }
}

/// The error of the system about the directory of a machine's sockets, which may pass.
fn cannot(verb: &str, error: &std::io::Error) -> TransientError {
    TransientError(format!("cannot {verb} the directory of the virtual machine: {error}"))
}

fn boot_disk(spec: &MachineSpec, at: Plugged, volume: &Volume) -> Result<BootDisk, TransientError> {
    let (disk, generation) = (at.disk, at.generation);
    let attachment = AttachmentId { instance: spec.instance.clone(), disk, generation };
    let name = object_names::of_device(&attachment)?;
    Ok(BootDisk {
        node: volume.block_node(&name),
        secret: volume.secret(&name),
        name,
        serial: attachment.disk.serial_number().to_owned(),
        port: at.port,
        system: spec.system_disk.as_ref() == Some(&attachment.disk),
        shared: volume.is_shared(),
    })
}

/// Waits for the end of a process that this server started, so that it leaves no zombie.
fn reap(mut child: Child) {
    tokio::spawn(async move { child.wait().await });
}

#[cfg(test)]
mod tests;
