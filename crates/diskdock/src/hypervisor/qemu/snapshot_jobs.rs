//! Snapshots of disks that a machine has open: QEMU copies them.
//!
//! ```text
//!   record it -> blockdev-add -> blockdev-backup (this is the moment) -> ... -> concluded
//!   -> blockdev-reopen read-only (flushes) -> make it durable and whole
//!   -> job-dismiss -> blockdev-del -> off the record
//! ```
//!
//! The job belongs to QEMU: it goes on while the server is away, and it ends with QEMU, which
//! fails the snapshot.

use domain::{DiskId, SnapshotId};
use qmp::commands::{
    BackupPerformance, BlockJob, BlockJobSetSpeed, BlockdevBackup, BlockdevDel, BlockdevReopen,
    JobCancel, JobDismiss, JobStatus, QueryJobs,
};

use super::copies::copying;
use super::machine::{Machine, State, nodes, transient};
use super::open_volume::open_volume;
use super::record::{Record, SnapshotJob};
use super::volumes::retry_if_transient;
use super::{Qemu, object_names};
use crate::failpoint;
use crate::hypervisor::{AttachmentId, Progress, TransientError};
use crate::storage::{Begun, SnapshotState};

/// The speed of a job that waits for its turn, in bytes a second: it only keeps what the guest
/// overwrites.
const WAITING_SPEED: u64 = 65_536;
/// Pieces that a job copies at the same time. With more of them, as QEMU would have it, a guest's
/// writes wait behind the job's in the queue of the host's disk.
const WORKERS: u32 = 2;
/// When an unfinished snapshot is looked at again, in milliseconds.
const RETRY_AFTER_MS: i64 = 100;
/// How long a disk that its guest has let go of waits for the end of a snapshot, in milliseconds.
const DETACH_WAITS_MS: i64 = 60_000;

/// Why snapshots fail.
pub(super) const ENDED: &str = "the virtual machine ended before all of the disk was copied";
const DETACHED: &str = "the disk was detached before all of it was copied";

/// A machine that is on, under its lock.
pub(super) struct Locked<'m> {
    pub machine: &'m Machine,
    pub state: &'m mut State,
    pub client: qmp::Client,
}

impl Qemu {
    /// A snapshot of a disk that a machine has, on or off.
    pub(super) async fn take_open(
        &self,
        machine: &Machine,
        snapshot: &SnapshotId,
        disk: &DiskId,
        found: SnapshotState,
    ) -> Result<Progress, TransientError> {
        let mut state = machine.state.lock().await;
        let client = self.client(machine, &mut state).await?;
        let record = machine.record(&mut state).await?;
        let boot = record.map_or(0, |record| record.boots);
        let jobs = record.map(|record| record.snapshots.clone()).unwrap_or_default();
        let job = jobs.into_iter().find(|job| job.snapshot == *snapshot);
        let client = client.filter(|_| job.as_ref().is_none_or(|job| job.boot == boot));
        let Some(client) = client else {
            return match (job, found) {
                (Some(_), SnapshotState::Whole) => {
                    self.off_record(machine, &mut state, snapshot).await.map(|()| Progress::Done)
                }
                (Some(_), _) | (None, SnapshotState::Begun) => {
                    self.off_record(machine, &mut state, snapshot).await?;
                    self.fail_closed(snapshot, ENDED).await
                }
                (None, _) => {
                    drop(state);
                    self.take_closed(snapshot, disk).await
                }
            };
        };
        let mut on = Locked { machine, state: &mut state, client };
        match (job, found) {
            (Some(_), SnapshotState::Whole) => {
                self.clear_job(&mut on, snapshot).await.map(|ended| ended.unwrap_or(Progress::Done))
            }
            (Some(job), _) => self.follow_job(&mut on, &job).await,
            (None, SnapshotState::Whole) => Ok(Progress::Done),
            (None, SnapshotState::Begun) => self.fail_closed(snapshot, ENDED).await,
            (None, SnapshotState::None) => self.begin_job(&mut on, snapshot, disk, boot).await,
        }
    }

    pub(super) async fn off_record(
        &self,
        machine: &Machine,
        state: &mut State,
        snapshot: &SnapshotId,
    ) -> Result<(), TransientError> {
        self.copies.forget_job(snapshot);
        if machine.record(state).await?.is_none() {
            return Ok(());
        }
        let remove = |record: &mut Record| {
            record.snapshots.retain(|job| job.snapshot != *snapshot);
        };
        machine.change(state, remove).await
    }

    /// Lets the machine begin to copy.
    async fn begin_job(
        &self,
        on: &mut Locked<'_>,
        snapshot: &SnapshotId,
        disk: &DiskId,
        boot: u64,
    ) -> Result<Progress, TransientError> {
        if let Some(stops) = self.check_before_copy(on, disk).await? {
            return Ok(stops);
        }
        let job =
            SnapshotJob { snapshot: snapshot.clone(), disk: disk.clone(), boot, given_up: None };
        let add = |record: &mut Record| record.snapshots.push(job.clone());
        on.machine.change(on.state, add).await?;
        failpoint::hit("snapshot.recorded");
        self.copy(on, &job).await
    }

    /// Looks whether the disk is sound, and the file that is open the one under its name. The
    /// reason why it cannot be copied now, if there is one.
    pub(super) async fn check_before_copy(
        &self,
        on: &mut Locked<'_>,
        disk: &DiskId,
    ) -> Result<Option<Progress>, TransientError> {
        let Some(at) = on.machine.record(on.state).await?.and_then(|known| known.of_disk(disk))
        else {
            return Ok(Some(waits("the disk is on its way to or from the virtual machine")));
        };
        let opened = at.opened.clone();
        let checked = async {
            self.open_for_sync(disk, opened).await?;
            let disk = disk.clone();
            self.with_volumes(move |volumes| volumes.find(&disk)).await
        };
        match checked.await {
            Ok(_) => Ok(None),
            Err(error) => retry_if_transient(error).map(Some),
        }
    }

    /// The snapshot is on the record, and no job copies into it: begins one.
    async fn copy(
        &self,
        on: &mut Locked<'_>,
        job: &SnapshotJob,
    ) -> Result<Progress, TransientError> {
        let at = on.machine.record(on.state).await?.and_then(|known| known.of_disk(&job.disk));
        let (instance, disk) = (on.machine.id.clone(), job.disk.clone());
        let attachment = at.map(|at| AttachmentId { instance, disk, generation: at.generation });
        let device =
            attachment.map(|attachment| object_names::of_device(&attachment)).transpose()?;
        let open = nodes(&on.client).await?;
        let Some(device) = device.filter(|device| open.contains(device)) else {
            return self
                .fail_open(on, job, "the virtual machine does not have the disk open")
                .await;
        };
        let target = object_names::of_snapshot(&job.snapshot)?;
        if open.contains(target) {
            // Of an attempt that came to nothing, with a file that is not there any more.
            let node_name = target.to_owned();
            on.client.execute(BlockdevDel { node_name }).await.map_err(transient)?;
        }
        let wanted = (job.snapshot.clone(), job.disk.clone());
        let begun = self.with_volumes(move |volumes| volumes.begin(&wanted.0, &wanted.1)).await;
        let volume = match begun {
            Ok(Begun::CopyInto(volume)) => volume,
            Ok(Begun::Whole) => {
                self.off_record(on.machine, on.state, &job.snapshot).await?;
                return Ok(Progress::Done);
            }
            Err(error) if error.may_pass() => return Err(TransientError(error.to_string())),
            Err(error) => return self.fail_open(on, job, &error.to_string()).await,
        };
        let backup = backup(target, device);
        let begun = async {
            open_volume(&on.client, &volume, target).await?;
            failpoint::hit("snapshot.opened");
            on.client.execute(backup).await
        };
        match begun.await {
            Ok(_) => {}
            Err(qmp::Error::Refused { description, .. }) => {
                let reason = format!("QEMU refused to copy the disk: {description}");
                return self.fail_open(on, job, &reason).await;
            }
            Err(other) => return Err(transient(other)),
        }
        failpoint::hit("snapshot.begun");
        Ok(Progress::RetryAfter { after_ms: 1, because: "the disk is being copied".to_owned() })
    }

    /// Looks at the job of a snapshot that is on the record.
    async fn follow_job(
        &self,
        on: &mut Locked<'_>,
        job: &SnapshotJob,
    ) -> Result<Progress, TransientError> {
        let Some(found) = find_job(&on.client, &job.snapshot).await? else {
            return match &job.given_up {
                Some(reason) => self.fail_open(on, job, reason).await,
                None => self.copy(on, job).await,
            };
        };
        match (found.status, &job.given_up, &found.error) {
            (JobStatus::UnderWay, None, _) => self.hurry(on, job, &found).await,
            (JobStatus::UnderWay, Some(_), _) => Ok(waits("the copying is being ended")),
            (JobStatus::Concluded, None, None) => self.finish_job(on, job).await,
            (JobStatus::Concluded, Some(reason), _) => self.fail_open(on, job, reason).await,
            (JobStatus::Concluded, None, Some(error)) => {
                let reason = format!("QEMU could not copy the disk: {error}");
                self.fail_open(on, job, &reason).await
            }
        }
    }

    /// Lets a job go at full speed when it is its turn.
    async fn hurry(
        &self,
        on: &Locked<'_>,
        job: &SnapshotJob,
        found: &BlockJob,
    ) -> Result<Progress, TransientError> {
        let so_far = (found.current_progress, found.total_progress);
        let seen = self.copies.note_job(&job.snapshot, so_far);
        if seen.speeds_up {
            let device = object_names::of_snapshot(&job.snapshot)?.to_owned();
            match on.client.execute(BlockJobSetSpeed { device, speed: 0 }).await {
                // It may have ended just now.
                Ok(_) | Err(qmp::Error::Refused { .. }) => {}
                Err(other) => return Err(transient(other)),
            }
        }
        Ok(copying(seen.percent, seen.moves))
    }

    /// Everything is copied: makes it durable, and the snapshot whole.
    async fn finish_job(
        &self,
        on: &mut Locked<'_>,
        job: &SnapshotJob,
    ) -> Result<Progress, TransientError> {
        failpoint::hit("snapshot.concluded");
        let target = object_names::of_snapshot(&job.snapshot)?;
        let wanted = job.snapshot.clone();
        let volume = self.with_volumes(move |volumes| volumes.begun(&wanted)).await;
        let options = match volume {
            Ok(volume) => vec![volume.read_only_node(target)],
            Err(error) if error.may_pass() => return Err(TransientError(error.to_string())),
            Err(error) => return self.fail_open(on, job, &error.to_string()).await,
        };
        match on.client.execute(BlockdevReopen { options }).await {
            Ok(_) => {}
            Err(qmp::Error::Refused { description, .. }) => {
                let reason = format!("QEMU could not write the snapshot out: {description}");
                return self.fail_open(on, job, &reason).await;
            }
            Err(other) => return Err(transient(other)),
        }
        failpoint::hit("snapshot.flushed");
        let wanted = job.snapshot.clone();
        // Not tried again: after a failed sync the next one says nothing of what is lost.
        if let Err(error) = self.with_volumes(move |volumes| volumes.finish(&wanted)).await {
            return self.fail_open(on, job, &error.to_string()).await;
        }
        failpoint::hit("snapshot.whole");
        let waits = self.clear_job(on, &job.snapshot).await?;
        Ok(waits.unwrap_or(Progress::Done))
    }

    /// Ends a snapshot for this reason, and deletes what there is of it.
    async fn fail_open(
        &self,
        on: &mut Locked<'_>,
        job: &SnapshotJob,
        reason: &str,
    ) -> Result<Progress, TransientError> {
        if let Some(waits) = self.clear_job(on, &job.snapshot).await? {
            return Ok(waits);
        }
        tracing::warn!(snapshot = %job.snapshot, disk = %job.disk, reason, "a snapshot failed");
        self.fail_closed(&job.snapshot, reason).await
    }

    /// Takes job, node and record of a snapshot away; the reason to wait if the job still ends.
    pub(super) async fn clear_job(
        &self,
        on: &mut Locked<'_>,
        snapshot: &SnapshotId,
    ) -> Result<Option<Progress>, TransientError> {
        let target = object_names::of_snapshot(snapshot)?.to_owned();
        match find_job(&on.client, snapshot).await?.map(|job| job.status) {
            Some(JobStatus::UnderWay) => {
                on.client.execute(JobCancel { id: target }).await.map_err(transient)?;
                return Ok(Some(waits("the copying is being ended")));
            }
            Some(JobStatus::Concluded) => {
                let id = target.clone();
                on.client.execute(JobDismiss { id }).await.map_err(transient)?;
                failpoint::hit("snapshot.dismissed");
            }
            None => {}
        }
        if nodes(&on.client).await?.contains(&target) {
            on.client.execute(BlockdevDel { node_name: target }).await.map_err(transient)?;
        }
        failpoint::hit("snapshot.closed");
        self.off_record(on.machine, on.state, snapshot).await?;
        failpoint::hit("snapshot.off_record");
        Ok(None)
    }

    /// The guest has let go of a disk: a snapshot of it that is being copied may come to its end
    /// first, within a bound. The reason to wait, if there is one.
    pub(super) async fn end_snapshots(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        attachment: &AttachmentId,
    ) -> Result<Option<Progress>, TransientError> {
        let Some(record) = machine.record(state).await? else { return Ok(None) };
        let (boot, jobs) = (record.boots, record.snapshots.clone());
        let is_its = |job: &SnapshotJob| job.disk == attachment.disk && job.boot == boot;
        let Some(job) = jobs.into_iter().find(is_its) else { return Ok(None) };
        let found = find_job(client, &job.snapshot).await?;
        let Some(found) = found.filter(|found| found.status == JobStatus::UnderWay) else {
            state.snapshot_waits.remove(&attachment.disk);
            return Ok(None);
        };
        let now_ms = machine.now_ms();
        let since_ms = *state.snapshot_waits.entry(attachment.disk.clone()).or_insert(now_ms);
        if job.given_up.is_none() && now_ms - since_ms < DETACH_WAITS_MS {
            let device = object_names::of_snapshot(&job.snapshot)?.to_owned();
            // It may have ended just now.
            let _ = client.execute(BlockJobSetSpeed { device, speed: 0 }).await;
            let so_far = (found.current_progress, found.total_progress);
            let percent = self.copies.note_job(&job.snapshot, so_far).percent;
            let because = format!("a snapshot of the disk is being copied, {percent}% so far");
            return Ok(Some(waits(&because)));
        }
        let give_up = |record: &mut Record| {
            for known in record.snapshots.iter_mut().filter(|known| **known == job) {
                known.given_up = Some(DETACHED.to_owned());
            }
        };
        machine.change(state, give_up).await?;
        let id = object_names::of_snapshot(&job.snapshot)?.to_owned();
        client.execute(JobCancel { id }).await.map_err(transient)?;
        Ok(Some(waits("the copying of a snapshot is being ended")))
    }
}

/// The job that copies an open disk into an open snapshot, slowly at first.
pub(super) fn backup(target: &str, device: String) -> BlockdevBackup {
    BlockdevBackup {
        job_id: target.to_owned(),
        device,
        target: target.to_owned(),
        sync: "full".to_owned(),
        speed: WAITING_SPEED,
        auto_dismiss: false,
        performance: BackupPerformance { max_workers: WORKERS },
    }
}

pub(super) async fn find_job(
    client: &qmp::Client,
    snapshot: &SnapshotId,
) -> Result<Option<BlockJob>, TransientError> {
    let id = object_names::of_snapshot(snapshot)?;
    let jobs = client.execute(QueryJobs {}).await.map_err(transient)?;
    Ok(jobs.into_iter().find(|job| job.id == id))
}

fn waits(because: &str) -> Progress {
    Progress::RetryAfter { after_ms: RETRY_AFTER_MS, because: because.to_owned() }
}
