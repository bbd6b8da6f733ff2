//! Snapshots as files of their own beside the disks.
//!
//! A snapshot of a raw file shares its blocks where the file system can do so; else it is a sparse
//! copy if no machine has the disk open, and a qcow2 file into which QEMU copies if one has. QEMU
//! writes a hole of the disk as a zero cluster of qcow2, where a raw file would be filled up.

use std::fs::File;
use std::path::{Path, PathBuf};

use domain::{DiskId, SnapshotId};

use super::block_node::file_node;
use super::create_volume::UNNAMED;
use super::directory::Directory;
use super::disk_file::DiskFile;
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::import::require_room;
use super::keys::FormattedFile;
use super::snapshots::{Begun, Content, CopyWatch, SnapshotState, Snapshots};
use super::staging::{self, StagingDirectory};
use super::tool::Tool;
use super::volume_secret::VolumeSecret;
use super::volume_sync::identity;
use super::volumes::{Deleted, NewVolume, Opened, SyncHandle, Volume, Volumes};
use super::{CLOSED, copy, file_name, files, holders, qcow2};
use crate::failpoint;

/// The directory in the data directory.
pub(super) const DIRECTORY: &str = "snapshots";
/// The end of the name of a snapshot that a machine is copying into.
const BEGUN: &str = "part";
/// The end of the name of one that is ready for that.
const PREPARED: &str = "next";
/// The ends of the names of all that there can be of a snapshot.
const ENDS: [&str; 4] = ["raw", "qcow2", BEGUN, PREPARED];

/// Makes the directory, and clears away what a crash left half made.
pub(super) fn open(data_directory: &Path) -> Result<PathBuf, StorageError> {
    let directory = data_directory.join(DIRECTORY);
    files::directory(&directory, CLOSED)?;
    staging::clear_left_behind(&directory)?;
    Ok(directory)
}

/// The files of snapshots in a data directory with the ids of their snapshots, whole or begun.
pub(super) fn snapshot_files(directory: &Path) -> Result<Vec<(String, PathBuf)>, StorageError> {
    let found = files::in_directory(directory)?.into_iter().filter_map(|path| {
        let id = file_name::checked(path.file_stem()?.to_str()?).ok()?.to_owned();
        let is_snapshot = ENDS.contains(&path.extension()?.to_str()?);
        let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
        (is_snapshot && is_file).then_some((id, path))
    });
    Ok(found.collect())
}

impl Directory {
    pub(super) fn snapshot_paths(&self) -> Result<Vec<PathBuf>, StorageError> {
        let found = snapshot_files(&self.0.snapshots)?;
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    pub(super) fn snapshot_path(
        &self,
        snapshot: &SnapshotId,
        end: &str,
    ) -> Result<PathBuf, StorageError> {
        let id = file_name::checked(snapshot.as_str())?;
        Ok(self.0.snapshots.join(format!("{id}.{end}")))
    }

    /// The file of a whole snapshot.
    pub(super) fn whole(
        &self,
        snapshot: &SnapshotId,
    ) -> Result<Option<(PathBuf, DiskFormat)>, StorageError> {
        for format in DiskFormat::ALL {
            let path = self.snapshot_path(snapshot, format.as_str())?;
            if path.symlink_metadata().is_ok_and(|found| found.is_file()) {
                return Ok(Some((path, format)));
            }
        }
        Ok(None)
    }

    /// The file of a snapshot that has to be whole.
    pub(super) fn require_whole(
        &self,
        snapshot: &SnapshotId,
    ) -> Result<(PathBuf, DiskFormat), StorageError> {
        self.whole(snapshot)?.ok_or_else(|| {
            let hint = "make another snapshot, or put the file back".to_owned();
            StorageError::Missing { what: format!("the file of {snapshot}"), hint }
        })
    }

    /// Refuses a copy of a snapshot's file for which there is no room.
    pub(super) fn require_room_for_copy(
        &self,
        file: &File,
        path: &Path,
    ) -> Result<(), StorageError> {
        let bytes = files::allocated_bytes(&file.metadata().at("look at", path)?);
        require_room(&self.0.snapshots, bytes)
    }

    pub(super) fn snapshot_staging(&self) -> Result<StagingDirectory, StorageError> {
        let (keeper, mode) = self.owner_and_mode();
        StagingDirectory::begin(&self.0.snapshots, keeper, mode)
    }

    /// The sound file of a disk, written out: a failure damages the disk and is an error.
    fn written_out(&self, disk: &DiskId) -> Result<DiskFile, StorageError> {
        let found = self.sound_file(disk)?;
        self.sync_handle(disk, found).sync()?;
        self.sound_file(disk)
    }

    /// Takes a snapshot at once, by sharing the blocks of a raw file. False where that cannot be.
    fn take_by_sharing(
        &self,
        snapshot: &SnapshotId,
        found: &DiskFile,
    ) -> Result<bool, StorageError> {
        if found.format != DiskFormat::Raw {
            return Ok(false);
        }
        let staging = self.snapshot_staging()?;
        let target = files::create(&staging.file(UNNAMED))?;
        let is_shared = copy::share(&found.file, &target);
        if is_shared {
            self.finish_as(staging, &self.snapshot_path(snapshot, DiskFormat::Raw.as_str())?)?;
        }
        Ok(is_shared)
    }

    /// Refuses a copy for which there is no room.
    fn require_room_for(&self, found: &DiskFile) -> Result<(), StorageError> {
        let own = files::allocated_bytes(&found.file.metadata().at("look at", &found.path)?);
        let below = match found.format {
            DiskFormat::Raw => 0,
            DiskFormat::Qcow2 => self.bytes_below(found)?,
        };
        require_room(&self.0.snapshots, own + below)
    }

    /// Makes the encrypted file into which a machine is to copy a disk, empty; it takes seconds
    /// to make its header. One that is ready already is used.
    fn make_ready(&self, snapshot: &SnapshotId, found: &DiskFile) -> Result<PathBuf, StorageError> {
        let key = self.key_for(snapshot.as_str(), true)?;
        let ready = self.snapshot_path(snapshot, PREPARED)?;
        let as_large = |file: File| {
            qcow2::read(&file)
                .is_ok_and(|header| header.luks && header.virtual_bytes == found.bytes)
        };
        if files::open(&ready, false).is_ok_and(as_large) {
            return Ok(ready);
        }
        files::remove(&ready)?;
        let staging = self.snapshot_staging()?;
        let made = staging.file(UNNAMED);
        self.make_empty(&made, found.bytes, key.as_ref())?;
        std::fs::rename(&made, &ready).at("name", &ready)?;
        failpoint::hit("encrypted.snapshot_ready");
        Ok(ready)
    }

    /// Bytes of the image that a disk's file lies on.
    fn bytes_below(&self, found: &DiskFile) -> Result<u64, StorageError> {
        let header = qcow2::read(&found.file);
        let header = header.map_err(|why| StorageError::corrupt(&found.path, why))?;
        let Some(base) = header.backing else { return Ok(0) };
        let base = PathBuf::from(base);
        Ok(files::allocated_bytes(&base.metadata().at("look at", &base)?))
    }
}

impl Snapshots for Directory {
    fn snapshot_state(&self, snapshot: &SnapshotId) -> Result<SnapshotState, StorageError> {
        if self.whole(snapshot)?.is_some() {
            return Ok(SnapshotState::Whole);
        }
        let begun = self.snapshot_path(snapshot, BEGUN)?.symlink_metadata().is_ok();
        Ok(if begun { SnapshotState::Begun } else { SnapshotState::None })
    }

    fn take(
        &self,
        snapshot: &SnapshotId,
        disk: &DiskId,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        if self.whole(snapshot)?.is_some() {
            return files::sync(&self.0.snapshots);
        }
        let found = self.written_out(disk)?;
        holders::refuse_if_locked(&found.path)?;
        // For a machine that is off by now.
        files::remove(&self.snapshot_path(snapshot, PREPARED)?)?;
        if self.take_by_sharing(snapshot, &found)? {
            return Ok(());
        }
        self.require_room_for(&found)?;
        let staging = self.snapshot_staging()?;
        let to = staging.file(UNNAMED);
        match found.format {
            DiskFormat::Raw => copy::copy(&found.file, &to, watch)?,
            DiskFormat::Qcow2 => {
                let key = self.key_of(disk.as_str(), found.encrypted)?;
                let (path, format) = (found.path.as_path(), found.format);
                let from = FormattedFile { path, format, key: key.as_ref() };
                match self.key_for(snapshot.as_str(), found.encrypted)? {
                    Some(key) => self.encrypt(from, (&to, &key), found.bytes, watch)?,
                    None => {
                        self.convert(from, FormattedFile { path: &to, format, key: None }, watch)?;
                    }
                }
            }
        }
        failpoint::hit("snapshot.copied");
        self.finish_as(staging, &self.snapshot_path(snapshot, found.format.as_str())?)
    }

    fn prepare(&self, snapshot: &SnapshotId, disk: &DiskId) -> Result<(), StorageError> {
        let found = self.sound_file(disk)?;
        if found.encrypted && self.snapshot_state(snapshot)? == SnapshotState::None {
            self.make_ready(snapshot, &found)?;
        }
        Ok(())
    }

    fn begin(&self, snapshot: &SnapshotId, disk: &DiskId) -> Result<Begun, StorageError> {
        let found = self.sound_file(disk)?;
        if self.take_by_sharing(snapshot, &found)? {
            return Ok(Begun::Whole);
        }
        self.begin_copy(snapshot, disk).map(|volume| Begun::CopyInto(Box::new(volume)))
    }

    fn begin_copy(&self, snapshot: &SnapshotId, disk: &DiskId) -> Result<Volume, StorageError> {
        let found = self.sound_file(disk)?;
        self.require_room_for(&found)?;
        let path = self.snapshot_path(snapshot, BEGUN)?;
        files::remove(&path)?;
        if found.encrypted {
            let ready = self.make_ready(snapshot, &found)?;
            std::fs::rename(&ready, &path).at("name", &path)?;
            return self.begun(snapshot);
        }
        files::create(&path)?;
        files::apply_owner(&path, self.0.owner, files::PRIVATE)?;
        let tool = Tool::new("create").arg("-q").arg("-f").arg(DiskFormat::Qcow2.as_str());
        let tool = tool.arg(&path).arg(found.bytes.to_string()).owned_by(self.0.owner);
        tool.run().map_err(|fault| fault.or_full(&path))?;
        self.begun(snapshot)
    }

    fn begun(&self, snapshot: &SnapshotId) -> Result<Volume, StorageError> {
        let path = self.snapshot_path(snapshot, BEGUN)?;
        let file = files::open(&path, false).at("open", &path)?;
        let header = qcow2::read(&file).map_err(|why| StorageError::corrupt(&path, why))?;
        let metadata = file.metadata().at("look at", &path)?;
        let identity = identity(&metadata, DiskFormat::Qcow2);
        let node = file_node(&path, DiskFormat::Qcow2, self.io().1);
        let opened = Opened { identity, bytes: header.virtual_bytes };
        let key = self.key_of(snapshot.as_str(), header.luks)?;
        let secret = key.map(VolumeSecret::Luks);
        Ok(Volume { opened, node, shared_node: None, is_shared: false, secret })
    }

    fn finish(&self, snapshot: &SnapshotId) -> Result<(), StorageError> {
        if self.whole(snapshot)?.is_some() {
            return files::sync(&self.0.snapshots);
        }
        let begun = self.snapshot_path(snapshot, BEGUN)?;
        failpoint::error("snapshot.sync").at("make durable", &begun)?;
        files::sync(&begun)?;
        failpoint::hit("snapshot.durable");
        let finished = self.snapshot_path(snapshot, DiskFormat::Qcow2.as_str())?;
        std::fs::rename(&begun, &finished).at("name", &finished)?;
        files::sync(&self.0.snapshots)
    }

    fn delete_snapshot(&self, snapshot: &SnapshotId) -> Result<Deleted, StorageError> {
        let mut deleted = Deleted::WereMissing;
        for end in ENDS {
            if files::remove(&self.snapshot_path(snapshot, end)?)? {
                deleted = Deleted::Now;
            }
            failpoint::hit("snapshot.deleted");
        }
        files::sync(&self.0.snapshots)?;
        self.0.keys.remove(snapshot.as_str())?;
        Ok(deleted)
    }

    fn snapshots(&self) -> Result<Vec<SnapshotId>, StorageError> {
        let mut ids: Vec<_> = snapshot_files(&self.0.snapshots)?
            .into_iter()
            .map(|(id, _)| SnapshotId::from(id))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn create_from(
        &self,
        volume: &NewVolume,
        snapshot: &SnapshotId,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        if self.path(&volume.disk)?.is_some() {
            return self.sync(&volume.disk);
        }
        let key = self.key_for(volume.disk.as_str(), volume.encrypted)?;
        let staging = self.staging()?;
        let made = staging.file(UNNAMED);
        let format = self.fill_with(snapshot, volume.size_gib, (&made, key.as_ref()), watch)?;
        failpoint::hit("snapshot.restored");
        self.finish(staging, &volume.disk, format)
    }

    fn set_back(
        &self,
        volume: &NewVolume,
        content: &Content,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        self.replace_content(volume, content, watch)
    }

    fn copy_snapshot(
        &self,
        from: &SnapshotId,
        to: &SnapshotId,
        encrypted: bool,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        self.copy_whole(from, to, encrypted, watch)
    }
}
