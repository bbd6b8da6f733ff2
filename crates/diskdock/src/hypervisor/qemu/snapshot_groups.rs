//! Snapshots of several disks: those that one machine has open are of the same moment.
//!
//! Their jobs begin in one transaction of QEMU, so that either all of them are there or none. From
//! then on each is followed by itself; see [`snapshot_jobs`](super::snapshot_jobs). Disks that no
//! machine has open do not change meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{DiskId, InstanceId, SnapshotId};
use qmp::commands::{BlockdevBackup, BlockdevDel, Transaction, TransactionAction};

use super::machine::{Machine, nodes, transient};
use super::open_volume::open_volume;
use super::record::{Record, SnapshotJob};
use super::snapshot_jobs::{Locked, backup, find_job};
use super::{Qemu, object_names};
use crate::failpoint;
use crate::hypervisor::{AttachmentId, Progress, TransientError};
use crate::storage::SnapshotState;

/// Why a group fails of which some disks are being copied and some are not.
const LOST: &str = "the snapshots of the other disks are of an earlier moment";

/// A snapshot of a disk.
type DiskToCopy = (SnapshotId, DiskId);

impl Qemu {
    /// Takes the next step towards these snapshots. Others of the same group may be whole already.
    pub(super) async fn advance_snapshots(
        &self,
        members: &[DiskToCopy],
        some_are_done: bool,
    ) -> Result<Vec<Progress>, TransientError> {
        let mut open: HashMap<InstanceId, (Arc<Machine>, Vec<DiskToCopy>)> = HashMap::new();
        for (snapshot, disk) in members {
            if let Some(machine) = self.machine_with(snapshot, disk).await? {
                let known = open.entry(machine.id.clone()).or_insert((machine, Vec::new()));
                known.1.push((snapshot.clone(), disk.clone()));
            }
        }
        for (machine, together) in open.into_values() {
            if let Err(stops) = self.prepare(&together).await? {
                return Ok(vec![stops; members.len()]);
            }
            let frozen = match some_are_done {
                true => None,
                false => self.freeze(&machine, &together).await?,
            };
            let begun = self.begin_together(&machine, &together, some_are_done).await;
            self.thaw_after(&machine, frozen, &together).await;
            if let Some(stops) = begun? {
                return Ok(vec![stops; members.len()]);
            }
        }
        let mut progress = Vec::new();
        for (snapshot, disk) in members {
            progress.push(self.advance_snapshot(snapshot, disk).await?);
        }
        Ok(progress)
    }

    /// Begins the snapshots of disks that a machine has open, unless they are begun. The reason why
    /// this goes no further now, if there is one.
    async fn begin_together(
        &self,
        machine: &Machine,
        members: &[DiskToCopy],
        some_are_done: bool,
    ) -> Result<Option<Progress>, TransientError> {
        let mut state = machine.state.lock().await;
        let Some(client) = self.client(machine, &mut state).await? else { return Ok(None) };
        let mut on = Locked { machine, state: &mut state, client };
        let mut begun = 0;
        for (snapshot, _) in members {
            begun += usize::from(self.is_begun(&mut on, snapshot).await?);
        }
        if begun == members.len() {
            return Ok(None);
        }
        if begun > 0 || some_are_done {
            return Ok(Some(Progress::Failed(LOST.to_owned())));
        }
        self.begin_all(&mut on, members).await
    }

    /// Whether a snapshot has its moment: it is whole, QEMU copies into it, or it is lost with the
    /// QEMU that did.
    async fn is_begun(
        &self,
        on: &mut Locked<'_>,
        snapshot: &SnapshotId,
    ) -> Result<bool, TransientError> {
        if self.copies.is_dropped(snapshot) || find_job(&on.client, snapshot).await?.is_some() {
            return Ok(true);
        }
        if self.snapshot_state(snapshot).await? == SnapshotState::Whole {
            return Ok(true);
        }
        let Some(record) = on.machine.record(on.state).await? else { return Ok(false) };
        let job = record.snapshots.iter().find(|job| job.snapshot == *snapshot);
        Ok(job.is_some_and(|job| job.boot != record.boots || job.given_up.is_some()))
    }

    /// Puts all of them on the record, and lets QEMU begin to copy at one moment.
    async fn begin_all(
        &self,
        on: &mut Locked<'_>,
        members: &[DiskToCopy],
    ) -> Result<Option<Progress>, TransientError> {
        for (_, disk) in members {
            if let Some(stops) = self.check_before_copy(on, disk).await? {
                return Ok(Some(stops));
            }
        }
        let record = |record: &mut Record| {
            for (snapshot, disk) in members {
                if record.snapshots.iter().all(|job| job.snapshot != *snapshot) {
                    let (snapshot, disk, boot) = (snapshot.clone(), disk.clone(), record.boots);
                    record.snapshots.push(SnapshotJob { snapshot, disk, boot, given_up: None });
                }
            }
        };
        on.machine.change(on.state, record).await?;
        failpoint::hit("snapshots.recorded");
        let mut backups = Vec::new();
        for (snapshot, disk) in members {
            match self.open_target(on, snapshot, disk).await? {
                Ok(backup) => backups.push(TransactionAction::BlockdevBackup(backup)),
                Err(reason) => return Ok(Some(Progress::Failed(reason))),
            }
        }
        failpoint::hit("snapshots.opened");
        match on.client.execute(Transaction { actions: backups }).await {
            Ok(_) => {}
            Err(qmp::Error::Refused { description, .. }) => {
                let reason = format!("QEMU refused to copy the disks: {description}");
                return Ok(Some(Progress::Failed(reason)));
            }
            Err(other) => return Err(transient(other)),
        }
        failpoint::hit("snapshots.begun");
        Ok(None)
    }

    /// Opens the file of a snapshot in QEMU; the job that is to fill it, or why there is none.
    async fn open_target(
        &self,
        on: &mut Locked<'_>,
        snapshot: &SnapshotId,
        disk: &DiskId,
    ) -> Result<Result<BlockdevBackup, String>, TransientError> {
        let at = on.machine.record(on.state).await?.and_then(|known| known.of_disk(disk));
        let generation = at.map(|at| at.generation);
        let (instance, disk) = (on.machine.id.clone(), disk.clone());
        let attachment =
            generation.map(|generation| AttachmentId { instance, disk: disk.clone(), generation });
        let device =
            attachment.map(|attachment| object_names::of_device(&attachment)).transpose()?;
        let open = nodes(&on.client).await?;
        let Some(device) = device.filter(|device| open.contains(device)) else {
            return Ok(Err("the virtual machine does not have the disk open".to_owned()));
        };
        let target = object_names::of_snapshot(snapshot)?;
        if open.contains(target) {
            // Of an attempt that came to nothing.
            let node_name = target.to_owned();
            on.client.execute(BlockdevDel { node_name }).await.map_err(transient)?;
        }
        let wanted = snapshot.clone();
        let begun = self.with_volumes(move |volumes| volumes.begin_copy(&wanted, &disk)).await;
        let volume = match begun {
            Ok(volume) => volume,
            Err(error) if error.may_pass() => return Err(TransientError(error.to_string())),
            Err(error) => return Ok(Err(error.to_string())),
        };
        match open_volume(&on.client, &volume, target).await {
            Ok(()) => Ok(Ok(backup(target, device))),
            Err(qmp::Error::Refused { description, .. }) => {
                Ok(Err(format!("QEMU refused to open the snapshot: {description}")))
            }
            Err(other) => Err(transient(other)),
        }
    }
}
