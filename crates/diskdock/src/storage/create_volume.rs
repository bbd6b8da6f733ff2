//! Creates and resizes the files of disks.

use std::path::Path;

use domain::DiskId;

use super::directory::Directory;
use super::disk_file::DiskFile;
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::images::ImageRecord;
use super::keys::{DiskKey, FormattedFile, SECRET, luks_options};
use super::staging::StagingDirectory;
use super::tool::Tool;
use super::volumes::{NewVolume, Volumes};
use super::{GIB, files};

/// The file in a staging directory.
pub(super) const UNNAMED: &str = "disk";
/// Attempts at making an encrypted file.
const LUKS_TRIES: u32 = 10;

impl Directory {
    pub(super) fn create_empty(&self, volume: &NewVolume) -> Result<(), StorageError> {
        let key = self.key_for(volume.disk.as_str(), volume.encrypted)?;
        let staging = self.staging()?;
        let bytes = u64::from(volume.size_gib) * GIB;
        let format = self.make_empty(&staging.file(UNNAMED), bytes, key.as_ref())?;
        self.finish(staging, &volume.disk, format)
    }

    /// Makes a file of this size without content: sparse, or encrypted if there is a key.
    pub(super) fn make_empty(
        &self,
        path: &Path,
        bytes: u64,
        key: Option<&DiskKey>,
    ) -> Result<DiskFormat, StorageError> {
        let file = files::create(path)?;
        let Some(key) = key else {
            file.set_len(bytes).at("make room in", path)?;
            return Ok(DiskFormat::Raw);
        };
        files::apply_owner(path, self.0.owner, files::PRIVATE)?;
        self.make_luks(path, |path| {
            let tool = Tool::new("create").arg("-q").with_key(SECRET, Some(key));
            let tool = tool.arg("-f").arg(DiskFormat::Qcow2.as_str());
            tool.arg("-o").arg(luks_options(SECRET)).arg(path).arg(bytes.to_string())
        })?;
        Ok(DiskFormat::Qcow2)
    }

    /// Runs a command that makes an encrypted file. It measures how fast this host computes, and
    /// fails now and then where the host counts the time of processes coarsely: then once more.
    fn make_luks(
        &self,
        path: &Path,
        tool: impl Fn(&Path) -> Tool<'static>,
    ) -> Result<(), StorageError> {
        let mut tries = 1;
        loop {
            let made = tool(path).owned_by(self.0.owner).run();
            match made.map_err(|fault| fault.or_full(path)) {
                Err(StorageError::Tool { .. }) if tries < LUKS_TRIES => tries += 1,
                made => return made.map(drop),
            }
        }
    }

    pub(super) fn create_overlay(
        &self,
        volume: &NewVolume,
        image: &ImageRecord,
    ) -> Result<(), StorageError> {
        let key = self.key_for(volume.disk.as_str(), volume.encrypted)?;
        let bytes = u64::from(volume.size_gib) * GIB;
        let staging = self.staging()?;
        self.make_overlay(&staging.file(UNNAMED), bytes, image, key.as_ref())?;
        self.finish(staging, &volume.disk, DiskFormat::Qcow2)?;
        // A delete of an image removes its name first and looks for disks on it then.
        let still_there = self.image(&image.id);
        if still_there.is_err() {
            self.delete(&volume.disk)?;
        }
        still_there.map(drop)
    }

    /// Makes a copy on write of an image, at least as large as that. With a key, what is written
    /// to it is encrypted; the image stays as it is.
    pub(super) fn make_overlay(
        &self,
        path: &Path,
        bytes: u64,
        image: &ImageRecord,
        key: Option<&DiskKey>,
    ) -> Result<(), StorageError> {
        let base = self.boot_files(image).disk;
        let bytes = bytes.max(self.0.images.virtual_bytes(image)?);
        files::create(path)?;
        files::apply_owner(path, self.0.owner, files::PRIVATE)?;
        let plain = |path: &Path| {
            let tool = Tool::new("create").arg("-q").arg("-f").arg("qcow2").arg("-F").arg("qcow2");
            tool.arg("-b").arg(&base).arg(path).arg(bytes.to_string())
        };
        if key.is_some() {
            return self.make_luks(path, |path| {
                plain(path).with_key(SECRET, key).arg("-o").arg(luks_options(SECRET))
            });
        }
        let made = plain(path).owned_by(self.0.owner).run();
        made.map(drop).map_err(|fault| fault.or_full(path))
    }

    pub(super) fn staging(&self) -> Result<StagingDirectory, StorageError> {
        let (keeper, mode) = self.owner_and_mode();
        StagingDirectory::begin(self.disks(), keeper, mode)
    }

    pub(super) fn finish(
        &self,
        staging: StagingDirectory,
        disk: &DiskId,
        format: DiskFormat,
    ) -> Result<(), StorageError> {
        self.finish_as(staging, &self.named(disk, format)?)
    }

    /// Makes a staged file durable and gives it this name, unless the name is taken.
    pub(super) fn finish_as(
        &self,
        staging: StagingDirectory,
        finished: &Path,
    ) -> Result<(), StorageError> {
        let path = staging.file(UNNAMED);
        files::apply_owner(&path, self.0.owner, files::PRIVATE)?;
        files::sync(&path)?;
        // The file of a concurrent create is as good.
        staging.publish(UNNAMED, finished).map(drop)
    }

    pub(super) fn grow(
        &self,
        disk: &DiskId,
        found: &DiskFile,
        bytes: u64,
    ) -> Result<(), StorageError> {
        if found.format == DiskFormat::Raw {
            let file = files::open(&found.path, true).at("open", &found.path)?;
            return file.set_len(bytes).at("make room in", &found.path);
        }
        let key = self.key_of(disk.as_str(), found.encrypted)?;
        self.grow_qcow2(&found.path, key.as_ref(), bytes)
    }

    pub(super) fn grow_qcow2(
        &self,
        path: &Path,
        key: Option<&DiskKey>,
        bytes: u64,
    ) -> Result<(), StorageError> {
        let content = FormattedFile { path, format: DiskFormat::Qcow2, key };
        let tool = Tool::new("resize").arg("-q").with_key(SECRET, key);
        let tool = tool.arg(content.node(SECRET)).arg(bytes.to_string());
        let grown = tool.owned_by(self.0.owner).run();
        grown.map(drop).map_err(|fault| fault.or_full(path))
    }
}
