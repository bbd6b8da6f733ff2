//! Disks as volumes: made, made larger, closed, and kept where closing would lose what was written.
//!
//! The record of a machine says which bytes QEMU has opened for each disk. Before QEMU closes them,
//! or at the first chance after it has ended, they are compared with what the disk's name leads
//! to, and written out. Only then is the disk known to be closed.

use std::path::Path;
use std::slice;
use std::sync::Arc;

use domain::{DiskId, InstanceId, SnapshotId};

use super::closing::refuse_unless_closed;
use super::copies::Copied;
use super::machine::{Machine, State};
use super::record::Plugged;
use super::set_back::ended;
use super::{Qemu, still_copied};
use crate::hypervisor::{DiskSpec, Progress, TransientError};
use crate::storage::{
    CopyWatch, Deleted, NewVolume, Opened, StorageError, SyncHandle, Volume, Volumes,
};

/// When a storage that does not answer is asked again, in milliseconds.
const STORAGE_LOOK_MS: i64 = 2_000;

impl Qemu {
    /// Calls the volumes on a thread for blocking work.
    pub(super) async fn with_volumes<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Volumes) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let volumes = Arc::clone(&self.volumes);
        let worked = tokio::task::spawn_blocking(move || work(volumes.as_ref())).await;
        worked.unwrap_or_else(|error| {
            let source = std::io::Error::other(error);
            let path = Path::new("disks").to_owned();
            Err(StorageError::Io { doing: "work with", path, source })
        })
    }

    /// The volume of a disk; the inner error is why it cannot be used, however often it is tried.
    pub(super) async fn find(
        &self,
        disk: &DiskId,
    ) -> Result<Result<Volume, String>, TransientError> {
        let disk = disk.clone();
        let found = self.with_volumes(move |volumes| volumes.find(&disk)).await;
        found.map_or_else(|error| reason_if_final(error).map(Err), |volume| Ok(Ok(volume)))
    }

    /// The same, to be opened by a machine: by one of several if it is shared.
    pub(super) async fn find_for(
        &self,
        disk: &DiskId,
        shared: bool,
    ) -> Result<Result<Volume, String>, TransientError> {
        let share = |volume: Volume| {
            let not_raw = || format!("{disk} cannot be on several machines: its file is not raw");
            if shared { volume.to_share().ok_or_else(not_raw) } else { Ok(volume) }
        };
        if let Err(reason) = self.try_key(disk).await? {
            return Ok(Err(reason));
        }
        Ok(self.find(disk).await?.and_then(share))
    }

    /// Tries out whether its key opens an encrypted disk: QEMU would not say so in a way that can
    /// be told from other faults. The inner error is why it does not.
    async fn try_key(&self, disk: &DiskId) -> Result<Result<(), String>, TransientError> {
        let disk = disk.clone();
        let tried = self.with_volumes(move |volumes| volumes.try_key(&disk)).await;
        tried.map_or_else(|error| reason_if_final(error).map(Err), |()| Ok(Ok(())))
    }

    pub(super) async fn advance_create(&self, spec: &DiskSpec) -> Result<Progress, TransientError> {
        if let Some(snapshot) = &spec.snapshot {
            return self.create_from(spec, snapshot).await;
        }
        let (spec, volume) = (spec.clone(), new_volume(spec));
        if volume.encrypted
            && let Some(staged) = spec.import
        {
            let (volumes, copied) = (Arc::clone(&self.volumes), Copied::Disk(spec.disk));
            let adopt = move |watch: CopyWatch<'_>| volumes.adopt(&volume, &staged, watch);
            return ended(self.copies.poll(&copied, adopt).await);
        }
        let create = move |volumes: &dyn Volumes| match &spec.import {
            Some(staged) => volumes.adopt(&volume, staged, &|_| true),
            None => volumes.create(&volume, spec.image.as_deref()),
        };
        self.with_volumes(create).await.map_or_else(retry_if_transient, done)
    }

    /// Makes a disk with the content of a snapshot, on a thread of its own. Where there is no room,
    /// another attempt would only take it from the guests again.
    async fn create_from(
        &self,
        spec: &DiskSpec,
        snapshot: &SnapshotId,
    ) -> Result<Progress, TransientError> {
        let (volumes, what) = (Arc::clone(&self.volumes), (new_volume(spec), snapshot.clone()));
        let copied = Copied::Disk(spec.disk.clone());
        let polled =
            self.copies.poll(&copied, move |watch| volumes.create_from(&what.0, &what.1, watch));
        ended(polled.await)
    }

    /// Fails if the volume of a disk that no machine should have open is open somewhere.
    pub(super) async fn refuse_second_opener(&self, disk: &DiskId) -> Result<(), TransientError> {
        let disk = disk.clone();
        let refused = self.with_volumes(move |volumes| volumes.refuse_second_opener(&disk)).await;
        refused.map_err(|error| TransientError(error.to_string()))
    }

    /// A reason to wait if the storage does not answer, so that QEMU must not be asked to close the
    /// volume of this disk. That time is no guest's: it does not count.
    pub(super) async fn wait_for_storage(&self, disk: &DiskId) -> Option<Progress> {
        let disk = disk.clone();
        let answers = self.with_volumes(move |volumes| volumes.answers(&disk)).await;
        answers.err().as_ref().and_then(suspended)
    }

    pub(super) async fn make_volume_durable(
        &self,
        disk: &DiskId,
    ) -> Result<Progress, TransientError> {
        let disk = disk.clone();
        let synced = self.with_volumes(move |volumes| volumes.sync(&disk)).await;
        synced.map_or_else(retry_if_transient, done)
    }

    /// Opens the volume of a disk before QEMU closes it; fails if closing would lose what the guest
    /// wrote.
    pub(super) async fn open_for_sync(
        &self,
        disk: &DiskId,
        opened: Option<Opened>,
    ) -> Result<Arc<dyn SyncHandle>, StorageError> {
        let disk = disk.clone();
        self.with_volumes(move |volumes| volumes.open_for_sync(&disk, opened.as_ref())).await
    }

    /// Opens the volume of a disk that is leaving, and makes durable what was written so far. An
    /// error is not reported here: a failed sync has damaged the disk, which the closing finds.
    pub(super) async fn open_and_sync(&self, disk: &DiskId) -> Option<Arc<dyn SyncHandle>> {
        let handle = self.open_for_sync(disk, None).await.ok()?;
        self.sync_volume(Arc::clone(&handle)).await.ok()?;
        Some(handle)
    }

    /// The same, reusing the handle that was opened before, if there is one.
    pub(super) async fn reuse_sync_handle(
        &self,
        state: &mut State,
        disk: &DiskId,
        opened: Option<Opened>,
    ) -> Result<Arc<dyn SyncHandle>, StorageError> {
        if let Some((_, handle)) = state.sync_handle.take_if(|(of, _)| of == disk) {
            let (checks, held) = (Arc::clone(&handle), opened.clone());
            if self.with_volumes(move |_| checks.check(held.as_ref())).await.is_ok() {
                return Ok(handle);
            }
            // The disk may have got another file since; opening it anew tells what is wrong.
        }
        self.open_for_sync(disk, opened).await
    }

    /// Makes durable what was written to a volume.
    pub(super) async fn sync_volume(
        &self,
        handle: Arc<dyn SyncHandle>,
    ) -> Result<(), StorageError> {
        self.with_volumes(move |_| handle.sync()).await
    }

    /// The same when QEMU has closed it.
    pub(super) async fn sync_closed_volume(
        &self,
        handle: Arc<dyn SyncHandle>,
    ) -> Result<(), StorageError> {
        self.with_volumes(move |_| handle.closed()).await
    }

    /// Verifies and syncs a volume after QEMU has ended. The disk is marked as damaged if QEMU had
    /// another file open than the one under the disk's name: that one is gone. Fails while a QEMU
    /// has the volume open: then this one still runs, whatever its own files say.
    pub(super) async fn sync_after_exit(
        &self,
        machine: &Machine,
        state: &mut State,
        at: &Plugged,
    ) -> Result<(), StorageError> {
        let had_open = at.opened.is_some();
        let (disk, name) = (at.clone(), machine.id.clone());
        let synced = self.with_volumes(move |volumes| {
            let handle = volumes.open_for_sync(&disk.disk, disk.opened.as_ref());
            refuse_unless_closed(volumes, slice::from_ref(&disk), &name)?;
            match loss(volumes, &disk)? {
                Some(error) => {
                    let why = format!("its virtual machine ended, and {error}");
                    volumes.mark_damaged(&disk.disk, &why);
                    Ok((Err(error), true))
                }
                None => Ok((handle.and_then(|handle| handle.closed()), false)),
            }
        });
        let (synced, is_lost) = synced.await?;
        // Without what it had open, another file in the place of this one could not be told.
        let is_over = match &synced {
            Ok(()) | Err(StorageError::Damaged { .. }) => true,
            Err(_) => is_lost,
        };
        if had_open && is_over {
            let forget = machine.change(state, |record| record.set_opened(&at.disk, None)).await;
            if let Err(TransientError(reason)) = forget {
                tracing::warn!(instance = %machine.id, reason, "cannot record that a disk is closed");
            }
        }
        synced
    }

    /// The loss that the end of a machine would bring, if any: QEMU holds the last copy of a disk
    /// whose file was removed or replaced under it, and closes it when it ends.
    pub(super) async fn loss_by_exit(
        &self,
        machine: &Machine,
        state: &mut State,
    ) -> Result<Option<String>, TransientError> {
        let disks = machine.record(state).await?.map(|record| record.disks.clone());
        let process = machine.process().await.map(|process| process.id);
        let lost = self.with_volumes(move |volumes| {
            if volumes.keeps_nameless() {
                return Ok(None);
            }
            for at in disks.unwrap_or_default() {
                let lost = match (&at.opened, process) {
                    (None, Some(process)) => loss_of_unknown(volumes, &at.disk, process)?,
                    (Some(_), _) | (None, None) => loss(volumes, &at)?,
                };
                if let Some(error) = lost {
                    return Ok(Some((at.disk, error)));
                }
            }
            Ok(None)
        });
        let lost = lost.await.map_err(|error| TransientError(error.to_string()))?;
        let last = "its guest has the last copy, which would go with the machine";
        Ok(lost.map(|(disk, error)| format!("{disk}: {last}: {error}")))
    }

    /// Remembers that writes to a disk may be lost, for this reason.
    pub(super) async fn mark_damaged(
        &self,
        disk: &DiskId,
        why: &str,
    ) -> Result<(), TransientError> {
        let (disk, why) = (disk.clone(), why.to_owned());
        let mark = move |volumes: &dyn Volumes| {
            volumes.mark_damaged(&disk, &why);
            Ok(())
        };
        self.with_volumes(mark).await.map_err(|error| TransientError(error.to_string()))
    }

    /// Tries again to write down which disks are damaged.
    pub(super) async fn write_damages(&self) -> Result<(), TransientError> {
        let write = |volumes: &dyn Volumes| {
            volumes.write_damages();
            Ok(())
        };
        self.with_volumes(write).await.map_err(|error| TransientError(error.to_string()))
    }

    /// Problems with the bytes of a machine's disks.
    pub(super) async fn problems(&self, disks: &[Plugged]) -> Vec<String> {
        let errors = self.errors_of_closing(disks.to_vec()).await;
        let known = errors.iter().filter(|(_, error)| error.needs_operator());
        known.map(|(_, error)| error.to_string()).collect()
    }

    /// The errors that closing these disks, or opening them again, would have.
    async fn errors_of_closing(&self, disks: Vec<Plugged>) -> Vec<(DiskId, StorageError)> {
        let read = move |volumes: &dyn Volumes| {
            let error_of = |at: Plugged| {
                let error = volumes.problem(&at.disk, at.opened.as_ref())?;
                Some((at.disk, error))
            };
            Ok(disks.into_iter().filter_map(error_of).collect())
        };
        self.with_volumes(read).await.unwrap_or_default()
    }

    pub(super) async fn discard_volume(&self, disk: &DiskId) -> Result<(), TransientError> {
        if self.copies.drop_disk(disk) {
            return Err(still_copied());
        }
        let wanted = disk.clone();
        match self.with_volumes(move |volumes| volumes.delete(&wanted)).await {
            Ok(Deleted::Now) => Ok(()),
            Ok(Deleted::WereMissing) => {
                tracing::warn!(%disk, "a disk to delete has no file");
                Ok(())
            }
            Err(error) => Err(TransientError(error.to_string())),
        }
    }

    /// Takes the file under the disk's name as it is, whatever file a machine has open. From now on
    /// another one in its place counts as replaced again.
    pub(super) async fn accept_volume(
        &self,
        disk: &DiskId,
        on: &[InstanceId],
    ) -> Result<Progress, TransientError> {
        let wanted = disk.clone();
        let accept = move |volumes: &dyn Volumes| {
            volumes.accept(&wanted)?;
            Ok(volumes.find(&wanted)?.opened)
        };
        let accepted = match self.with_volumes(accept).await {
            Ok(accepted) => accepted,
            Err(error) => return Ok(Progress::Failed(error.to_string())),
        };
        for instance in on {
            let machine = self.machine(instance)?;
            let mut state = machine.state.lock().await;
            if machine.record(&mut state).await?.is_some() {
                let opened = Some(accepted.clone());
                machine.change(&mut state, |record| record.set_opened(disk, opened)).await?;
            }
        }
        Ok(Progress::Done)
    }
}

/// The volume that a disk is to have.
pub(super) fn new_volume(spec: &DiskSpec) -> NewVolume {
    let DiskSpec { disk, size_gib, encrypted, .. } = spec.clone();
    NewVolume { disk, size_gib, encrypted }
}

/// The loss if a machine closes a disk, or has closed it: another file has its name, or none. An
/// error tells nothing.
fn loss(volumes: &dyn Volumes, at: &Plugged) -> Result<Option<StorageError>, StorageError> {
    let Some(opened) = &at.opened else { return Ok(None) };
    match volumes.check_name(&at.disk, opened) {
        Ok(()) => Ok(None),
        Err(lost @ (StorageError::Missing { .. } | StorageError::Replaced { .. })) => {
            Ok(Some(lost))
        }
        Err(unknown) => Err(unknown),
    }
}

/// The same if it is not known which file the machine has open, as when its record was lost: then
/// it is the one under the disk's name if its process has that open.
fn loss_of_unknown(
    volumes: &dyn Volumes,
    disk: &DiskId,
    process: u32,
) -> Result<Option<StorageError>, StorageError> {
    let holders = match volumes.holders(disk) {
        Err(lost @ StorageError::Missing { .. }) => return Ok(Some(lost)),
        holders => holders?,
    };
    if holders.iter().any(|holder| holder.process == process) {
        return Ok(None);
    }
    let what = format!("the file of disk {disk} that its virtual machine has open");
    let hint = "put it back, or detach the disk first".to_owned();
    Ok(Some(StorageError::Missing { what, hint }))
}

/// The progress of a call that is done.
pub(super) fn done(_: ()) -> Result<Progress, TransientError> {
    Ok(Progress::Done)
}

/// The wait for a storage that does not answer, if that is the error.
pub(super) fn suspended(error: &StorageError) -> Option<Progress> {
    let StorageError::Unreachable { .. } = error else { return None };
    Some(Progress::Suspended { after_ms: STORAGE_LOOK_MS, because: error.to_string() })
}

/// A failure that trying again cannot change is final; any other is tried again.
pub(super) fn retry_if_transient(error: StorageError) -> Result<Progress, TransientError> {
    reason_if_final(error).map(Progress::Failed)
}

/// The reason of a failure that trying again cannot change.
pub(super) fn reason_if_final(error: StorageError) -> Result<String, TransientError> {
    let reason = error.to_string();
    if error.needs_operator() { Ok(reason) } else { Err(TransientError(reason)) }
}

#[cfg(test)]
mod tests;
