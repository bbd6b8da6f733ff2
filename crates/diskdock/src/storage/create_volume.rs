//! Creates and resizes the files of disks.

use std::path::Path;

use domain::DiskId;

use super::directory::{Directory, DiskFile};
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::files;
use super::images::ImageRecord;
use super::qemu_img::Tool;
use super::staging::StagingDirectory;
use super::volumes::Volumes;

/// The file in a staging directory.
pub(super) const UNNAMED: &str = "disk";

impl Directory {
    pub(super) fn create_empty(&self, disk: &DiskId, bytes: u64) -> Result<(), StorageError> {
        let staging = self.staging()?;
        let path = staging.file(UNNAMED);
        let file = files::create(&path)?;
        file.set_len(bytes).at("make room in", &path)?;
        self.finish(staging, disk, DiskFormat::Raw)
    }

    pub(super) fn create_overlay(
        &self,
        disk: &DiskId,
        bytes: u64,
        image: &ImageRecord,
    ) -> Result<(), StorageError> {
        let staging = self.staging()?;
        self.make_overlay(&staging.file(UNNAMED), bytes, image)?;
        self.finish(staging, disk, DiskFormat::Qcow2)?;
        // A delete of an image removes its name first and looks for disks on it then.
        let still_there = self.image(&image.id);
        if still_there.is_err() {
            self.delete(disk)?;
        }
        still_there.map(drop)
    }

    /// Makes a copy on write of an image, at least as large as that.
    pub(super) fn make_overlay(
        &self,
        path: &Path,
        bytes: u64,
        image: &ImageRecord,
    ) -> Result<(), StorageError> {
        let base = self.boot_files(image).disk;
        let bytes = bytes.max(self.0.images.virtual_bytes(image)?);
        files::create(path)?;
        files::apply_owner(path, self.0.owner, files::PRIVATE)?;
        let tool = Tool::new("create").arg("-q").arg("-f").arg("qcow2").arg("-F").arg("qcow2");
        let tool = tool.arg("-b").arg(&base).arg(path).arg(bytes.to_string());
        tool.owned_by(self.0.owner).run().map(drop).map_err(|fault| fault.or_full(path))
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

    pub(super) fn grow(&self, found: &DiskFile, bytes: u64) -> Result<(), StorageError> {
        if found.format == DiskFormat::Raw {
            let file = files::open(&found.path, true).at("open", &found.path)?;
            return file.set_len(bytes).at("make room in", &found.path);
        }
        let tool = Tool::new("resize").arg("-q").arg("-f").arg("qcow2");
        let tool = tool.arg(&found.path).arg(bytes.to_string());
        let grown = tool.owned_by(self.0.owner).run();
        grown.map(drop).map_err(|fault| fault.or_full(&found.path))
    }
}
