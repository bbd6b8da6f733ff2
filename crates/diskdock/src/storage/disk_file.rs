//! The file of a disk, opened and looked at.

use std::fs::File;
use std::path::{Path, PathBuf};

use domain::DiskId;

use super::directory::{Directory, REMEDY, missing};
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::keys::DiskKey;
use super::volume_sync::raw_bytes;
use super::{files, qcow2};

/// The file of a disk, open.
pub(super) struct DiskFile {
    pub file: File,
    pub path: PathBuf,
    pub format: DiskFormat,
    /// The size that the guest sees, in bytes.
    pub bytes: u64,
    /// Whether what the guest has written is encrypted.
    pub encrypted: bool,
}

impl Directory {
    /// The open file of a disk, whether it is damaged or not.
    pub(super) fn open_file(&self, disk: &DiskId) -> Result<DiskFile, StorageError> {
        let (path, format) = self.path(disk)?.ok_or_else(|| missing(disk))?;
        let file = files::open(&path, false).at("open", &path)?;
        let (bytes, encrypted) = match format {
            DiskFormat::Raw => (raw_bytes(&file, &path)?, false),
            DiskFormat::Qcow2 => {
                let header = self.checked_header(&file, &path)?;
                (header.virtual_bytes, header.luks)
            }
        };
        Ok(DiskFile { file, path, format, bytes, encrypted })
    }

    pub(super) fn sound_file(&self, disk: &DiskId) -> Result<DiskFile, StorageError> {
        self.refuse_if_damaged(disk)?;
        self.open_file(disk)
    }

    /// The header of a qcow2 file that diskdock can have made: on an image of this directory, or
    /// encrypted and by itself.
    fn checked_header(&self, file: &File, path: &Path) -> Result<qcow2::Header, StorageError> {
        let corrupt = |why: &str| StorageError::corrupt(path, format!("{why}; {REMEDY}"));
        let header = qcow2::read(file).map_err(|why| corrupt(&why))?;
        if header.is_foreign() {
            return Err(corrupt("it has features that diskdock never gives a disk"));
        }
        let Some(base) = &header.backing else {
            return if header.luks { Ok(header) } else { Err(corrupt("it names no image")) };
        };
        match self.0.images.owning(Path::new(base)) {
            Some(id) => self.image(id).map(|_| header),
            None => {
                Err(corrupt(&format!("it lies on {base}, which is no image of this directory")))
            }
        }
    }

    /// The key of a disk or snapshot, made if there is none; none if it is not to be encrypted.
    pub(super) fn key_for(
        &self,
        id: &str,
        encrypted: bool,
    ) -> Result<Option<DiskKey>, StorageError> {
        let make = || self.0.keys.ensure(id, self.0.owner, self.owner_and_mode());
        encrypted.then(make).transpose()
    }

    /// The key of a disk or snapshot whose file is encrypted or not.
    pub(super) fn key_of(
        &self,
        id: &str,
        encrypted: bool,
    ) -> Result<Option<DiskKey>, StorageError> {
        encrypted.then(|| self.0.keys.require(id)).transpose()
    }
}
