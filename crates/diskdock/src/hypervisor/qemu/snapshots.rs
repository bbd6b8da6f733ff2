//! Snapshots of disks, with the disk closed, or open in a machine.
//!
//! A disk that no machine has open is copied on a thread, and no machine opens it meanwhile. One
//! that a machine has open is copied by QEMU: see [`snapshot_jobs`](super::snapshot_jobs). The
//! rest of a snapshot that failed is deleted.

use std::sync::Arc;

use domain::{DiskId, SnapshotId};

use super::Qemu;
use super::copies::Copied;
use super::guest_agent::Frozen;
use super::machine::Machine;
use super::snapshot_jobs::{ENDED, Locked};
use super::volumes::retry_if_transient;
use crate::hypervisor::{Progress, TransientError};
use crate::storage::SnapshotState;

const DELETED: &str = "the snapshot was deleted";

impl Qemu {
    /// Takes the next step towards a snapshot of a disk.
    pub(super) async fn advance_snapshot(
        &self,
        snapshot: &SnapshotId,
        disk: &DiskId,
    ) -> Result<Progress, TransientError> {
        if self.copies.is_dropped(snapshot) {
            self.copies.forget_dropped(snapshot);
            return Ok(Progress::Failed(DELETED.to_owned()));
        }
        let copied = Copied::Snapshot(snapshot.clone(), disk.clone());
        if self.copies.is_under_way(&copied) {
            return self.take_closed(snapshot, disk).await;
        }
        let found = self.snapshot_state(snapshot).await?;
        match self.machine_with(snapshot, disk).await? {
            Some(machine) if found == SnapshotState::None => {
                let members = [(snapshot.clone(), disk.clone())];
                if let Err(stops) = self.prepare(&members).await? {
                    return Ok(stops);
                }
                let frozen = self.freeze(&machine, &members).await?;
                let taken = self.take_open(&machine, snapshot, disk, found).await;
                self.thaw_after(&machine, frozen, &members).await;
                taken
            }
            Some(machine) => self.take_open(&machine, snapshot, disk, found).await,
            None if found == SnapshotState::Begun => self.fail_closed(snapshot, ENDED).await,
            None => self.take_closed(snapshot, disk).await,
        }
    }

    /// Makes the files of snapshots of encrypted disks ready, before anything stands still for
    /// them. The inner error is why one cannot be.
    pub(super) async fn prepare(
        &self,
        members: &[(SnapshotId, DiskId)],
    ) -> Result<Result<(), Progress>, TransientError> {
        for (snapshot, disk) in members {
            let (snapshot, disk) = (snapshot.clone(), disk.clone());
            let prepared =
                self.with_volumes(move |volumes| volumes.prepare(&snapshot, &disk)).await;
            if let Err(error) = prepared {
                return retry_if_transient(error).map(Err);
            }
        }
        Ok(Ok(()))
    }

    /// Lets the guest's file systems go on after snapshots have begun, and takes note of those that
    /// they stood still for.
    pub(super) async fn thaw_after(
        &self,
        machine: &Machine,
        frozen: Option<Frozen>,
        members: &[(SnapshotId, DiskId)],
    ) {
        if let Some(frozen) = frozen
            && self.thaw(machine, frozen).await
        {
            members.iter().for_each(|(snapshot, _)| self.copies.note_frozen(snapshot));
        }
    }

    pub(super) async fn snapshot_state(
        &self,
        snapshot: &SnapshotId,
    ) -> Result<SnapshotState, TransientError> {
        let wanted = snapshot.clone();
        let found = self.with_volumes(move |volumes| volumes.snapshot_state(&wanted)).await;
        found.map_err(|error| TransientError(error.to_string()))
    }

    /// The machine that copies into the snapshot, or else the one that has the disk.
    pub(super) async fn machine_with(
        &self,
        snapshot: &SnapshotId,
        disk: &DiskId,
    ) -> Result<Option<Arc<Machine>>, TransientError> {
        let mut has_disk = None;
        for machine in self.all_machines().await? {
            let mut state = machine.state.lock().await;
            let Some(record) = machine.record(&mut state).await? else { continue };
            let copies = record.snapshots.iter().any(|job| job.snapshot == *snapshot);
            let has_it = record.of_disk(disk).is_some();
            drop(state);
            if copies {
                return Ok(Some(machine));
            }
            if has_it {
                has_disk = Some(machine);
            }
        }
        Ok(has_disk)
    }

    /// A snapshot of a disk that no machine has open.
    pub(super) async fn take_closed(
        &self,
        snapshot: &SnapshotId,
        disk: &DiskId,
    ) -> Result<Progress, TransientError> {
        let (volumes, what) = (Arc::clone(&self.volumes), (snapshot.clone(), disk.clone()));
        let copied = Copied::Snapshot(snapshot.clone(), disk.clone());
        let polled = self.copies.poll(&copied, move |watch| volumes.take(&what.0, &what.1, watch));
        match polled.await {
            Err(progress) => Ok(progress),
            Ok(Ok(())) => Ok(Progress::Done),
            Ok(Err(error)) if error.may_pass() => {
                // It is copied anew, into nothing that a failed copy has left.
                self.delete_files(snapshot).await?;
                Err(TransientError(error.to_string()))
            }
            Ok(Err(error)) => self.fail_closed(snapshot, &error.to_string()).await,
        }
    }

    /// Deletes what there is of a snapshot that no machine copies into.
    pub(super) async fn fail_closed(
        &self,
        snapshot: &SnapshotId,
        reason: &str,
    ) -> Result<Progress, TransientError> {
        self.delete_files(snapshot).await?;
        Ok(Progress::Failed(reason.to_owned()))
    }

    async fn delete_files(&self, snapshot: &SnapshotId) -> Result<(), TransientError> {
        let wanted = snapshot.clone();
        let deleted = self.with_volumes(move |volumes| volumes.delete_snapshot(&wanted)).await;
        deleted.map(drop).map_err(|error| TransientError(error.to_string()))
    }

    /// Deletes a snapshot that the store does not have any more, or that failed.
    pub(super) async fn discard_files_of(
        &self,
        snapshot: &SnapshotId,
    ) -> Result<(), TransientError> {
        if self.copies.drop_snapshot(snapshot) {
            return Err(TransientError("it is still being copied".to_owned()));
        }
        let nothing = DiskId::from(String::new());
        if let Some(machine) = self.machine_with(snapshot, &nothing).await? {
            let mut state = machine.state.lock().await;
            let client = self.client(&machine, &mut state).await?;
            match client {
                Some(client) => {
                    let mut on = Locked { machine: &machine, state: &mut state, client };
                    if self.clear_job(&mut on, snapshot).await?.is_some() {
                        return Err(TransientError("its copying is being ended".to_owned()));
                    }
                }
                None => self.off_record(&machine, &mut state, snapshot).await?,
            }
        }
        self.delete_files(snapshot).await
    }
}
