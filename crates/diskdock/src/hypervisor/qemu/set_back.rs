//! Disks that get another content while no guest runs with them, system disks that are replaced,
//! and copies of snapshots.

use std::sync::Arc;

use domain::{DiskId, SnapshotId};

use super::Qemu;
use super::copies::Copied;
use super::record::Record;
use super::volumes::{new_volume, retry_if_transient};
use crate::failpoint;
use crate::hypervisor::{AttachmentId, DiskContent, DiskSpec, Progress, TransientError};
use crate::storage::{Content, StorageError};

/// Why nothing is done to a disk whose machine is on.
const IS_ON: &str = "the virtual machine is on: stop the instance first";

impl Qemu {
    /// Takes the next step towards another content of a disk.
    pub(super) async fn advance_reinit(
        &self,
        spec: &DiskSpec,
        content: &DiskContent,
    ) -> Result<Progress, TransientError> {
        let copied = Copied::Disk(spec.disk.clone());
        if !self.copies.is_under_way(&copied)
            && let Some(waits) = self.close_on_every_machine(&spec.disk).await?
        {
            return Ok(waits);
        }
        let content = match content {
            DiskContent::Empty => Content::Empty,
            DiskContent::Image(image) => Content::Image(image.clone()),
            DiskContent::Snapshot(snapshot) => Content::Snapshot(snapshot.clone()),
        };
        let (volumes, volume) = (Arc::clone(&self.volumes), new_volume(spec));
        let polled =
            self.copies.poll(&copied, move |watch| volumes.set_back(&volume, &content, watch));
        ended(polled.await)
    }

    /// Syncs what machines had open of the disk before they ended, as every detach does: nothing
    /// compares its new file with that any more. The reason why it cannot be, if there is one.
    async fn close_on_every_machine(
        &self,
        disk: &DiskId,
    ) -> Result<Option<Progress>, TransientError> {
        for machine in self.all_machines().await? {
            let mut state = machine.state.lock().await;
            let at = machine.record(&mut state).await?.and_then(|known| known.of_disk(disk));
            let Some(at) = at.cloned() else { continue };
            if self.client(&machine, &mut state).await?.is_some() {
                return Ok(Some(Progress::Failed(IS_ON.to_owned())));
            }
            if at.opened.is_some()
                && let Err(error) = self.sync_after_exit(&machine, &mut state, &at).await
            {
                return retry_if_transient(error).map(Some);
            }
        }
        failpoint::hit("set_back.closed");
        Ok(None)
    }

    /// Gives a machine that is off a new system disk, on the port of the old one.
    pub(super) async fn advance_replace(
        &self,
        old: &AttachmentId,
        new: &AttachmentId,
        spec: &DiskSpec,
    ) -> Result<Progress, TransientError> {
        let machine = self.machine(&new.instance)?;
        let mut state = machine.state.lock().await;
        let record = machine.record(&mut state).await?;
        if record.is_some_and(|record| record.at(new).is_some()) {
            return Ok(Progress::Done);
        }
        let at = record.and_then(|record| record.of_disk(&old.disk)).cloned();
        if self.client(&machine, &mut state).await?.is_some() {
            return Ok(Progress::Failed(IS_ON.to_owned()));
        }
        if let Some(at) = at.filter(|at| at.opened.is_some())
            && let Err(error) = self.sync_after_exit(&machine, &mut state, &at).await
        {
            return retry_if_transient(error);
        }
        failpoint::hit("replace.closed");
        match self.advance_create(spec).await? {
            Progress::Done => {}
            waits => return Ok(waits),
        }
        failpoint::hit("replace.made");
        let replace = |record: &mut Record| record.replace(&old.disk, new);
        machine.change(&mut state, replace).await?;
        failpoint::hit("replace.recorded");
        Ok(Progress::Done)
    }

    /// Takes the next step towards a copy of a snapshot.
    pub(super) async fn advance_copy_snapshot(
        &self,
        from: &SnapshotId,
        to: &SnapshotId,
        encrypted: bool,
    ) -> Result<Progress, TransientError> {
        if self.copies.is_dropped(to) {
            self.copies.forget_dropped(to);
            return Ok(Progress::Failed("the snapshot was deleted".to_owned()));
        }
        let volumes = Arc::clone(&self.volumes);
        let (from, to) = (from.clone(), to.clone());
        let copied = Copied::CopyOfSnapshot(to.clone());
        let polled = self
            .copies
            .poll(&copied, move |watch| volumes.copy_snapshot(&from, &to, encrypted, watch));
        ended(polled.await)
    }
}

pub(super) fn ended(
    polled: Result<Result<(), StorageError>, Progress>,
) -> Result<Progress, TransientError> {
    match polled {
        Err(progress) => Ok(progress),
        Ok(Ok(())) => Ok(Progress::Done),
        Ok(Err(error)) if error.may_pass() => Err(TransientError(error.to_string())),
        Ok(Err(error)) => Ok(Progress::Failed(error.to_string())),
    }
}
