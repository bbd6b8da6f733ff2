//! Another content for a disk: made beside its file, and then put in the place of it as a whole.
//!
//! ```text
//!   stage it -> make it durable -> rename it to the disk's name -> remove the old file
//!   of the other format
//! ```
//!
//! Of a raw file and a qcow2 file of one disk, the raw one counts. So each step leaves the old
//! content or the new one, and what else a crash leaves is removed when this begins again.

use std::path::Path;

use domain::{DiskId, SnapshotId};

use super::create_volume::UNNAMED;
use super::directory::Directory;
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::keys::{DiskKey, FormattedFile};
use super::snapshots::{Content, CopyWatch};
use super::volumes::NewVolume;
use super::{GIB, copy, files, holders};
use crate::failpoint;

impl Directory {
    /// Gives the disk this content instead of its own. The key of an encrypted one stays.
    pub(super) fn replace_content(
        &self,
        volume: &NewVolume,
        content: &Content,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        let disk = &volume.disk;
        let old = self.sound_file(disk)?;
        holders::refuse_if_locked(&old.path)?;
        self.remove_other_formats(disk, old.format)?;
        let key = self.key_for(disk.as_str(), volume.encrypted)?;
        let staging = self.staging()?;
        let made = staging.file(UNNAMED);
        let format = self.make_content((&made, key.as_ref()), volume.size_gib, content, watch)?;
        files::apply_owner(&made, self.0.owner, files::PRIVATE)?;
        files::sync(&made)?;
        failpoint::hit("set_back.made");
        if !watch(100) {
            return Err(copy::cancelled(&made));
        }
        let finished = self.named(disk, format)?;
        std::fs::rename(&made, &finished).at("name", &finished)?;
        failpoint::hit("set_back.named");
        files::sync(self.disks())?;
        // An image is not deleted while a disk lies on it; a raw file did not.
        if let Content::Image(image) = content
            && let Err(gone) = self.image(image)
        {
            self.remove_other_formats(disk, old.format)?;
            return Err(gone);
        }
        self.remove_other_formats(disk, format)?;
        failpoint::hit("set_back.alone");
        files::sync(self.disks())
    }

    fn make_content(
        &self,
        (made, key): (&Path, Option<&DiskKey>),
        size_gib: u32,
        content: &Content,
        watch: CopyWatch<'_>,
    ) -> Result<DiskFormat, StorageError> {
        let bytes = u64::from(size_gib) * GIB;
        match content {
            Content::Empty => self.make_empty(made, bytes, key),
            Content::Image(image) => {
                self.make_overlay(made, bytes, &self.image(image)?, key)?;
                Ok(DiskFormat::Qcow2)
            }
            Content::Snapshot(snapshot) => self.fill_with(snapshot, size_gib, (made, key), watch),
        }
    }

    fn remove_other_formats(&self, disk: &DiskId, format: DiskFormat) -> Result<(), StorageError> {
        for other in DiskFormat::ALL.into_iter().filter(|other| *other != format) {
            files::remove(&self.named(disk, other)?)?;
        }
        Ok(())
    }

    /// Copies the content of a whole snapshot under another id, encrypted if it is or is to be.
    pub(super) fn copy_whole(
        &self,
        from: &SnapshotId,
        to: &SnapshotId,
        encrypted: bool,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        if self.whole(to)?.is_some() {
            return files::sync(&self.0.snapshots);
        }
        let (path, format) = self.require_whole(from)?;
        let file = files::open(&path, false).at("open", &path)?;
        self.require_room_for_copy(&file, &path)?;
        let found = self.look_at_snapshot(from, (&path, format))?;
        let key = self.key_for(to.as_str(), encrypted || found.key.is_some())?;
        let staging = self.snapshot_staging()?;
        let made = staging.file(UNNAMED);
        let format = match &key {
            None => {
                copy::copy(&file, &made, watch)?;
                format
            }
            Some(new) => {
                let from = FormattedFile { path: &path, format, key: found.key.as_ref() };
                self.encrypt(from, (&made, new), found.virtual_bytes, watch)?;
                DiskFormat::Qcow2
            }
        };
        failpoint::hit("snapshot.copied");
        self.finish_as(staging, &self.snapshot_path(to, format.as_str())?)
    }
}
