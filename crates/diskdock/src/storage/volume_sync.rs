//! The sync (fsync) of a volume when QEMU closes it, and before that a comparison of the file
//! with the one that QEMU has open.

use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::UNIX_EPOCH;

use domain::DiskId;

use super::directory::{Directory, REMEDY};
use super::disk_file::DiskFile;
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::volumes::{Identity, Opened, SyncHandle, Volumes};
use crate::failpoint;

/// Why a file is not the one that a machine has open.
const ANOTHER: &str = "another file has its name";
/// The unit of the size of raw files, in bytes.
const SECTOR: u64 = 512;

/// The file of a disk, opened before QEMU closes it: Linux reports a failed writeback only to file
/// descriptors that were open when it failed, and QEMU does not report it.
pub(super) struct FileSyncHandle {
    pub directory: Directory,
    pub disk: DiskId,
    pub found: DiskFile,
}

impl FileSyncHandle {
    /// Whether the disk's name still leads to the file.
    fn check_name(&self, held: &Metadata) -> Result<(), StorageError> {
        let path = &self.found.path;
        match std::fs::symlink_metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (held.dev(), held.ino()) => Ok(()),
            Ok(_) => Err(self.replaced(ANOTHER)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(super::directory::missing(&self.disk))
            }
            Err(error) => Err(StorageError::io("look at", path, error)),
        }
    }

    fn check_opened(&self, held: &Metadata, opened: &Opened) -> Result<(), StorageError> {
        let DiskFile { format, bytes, .. } = &self.found;
        if identity(held, *format) != opened.identity {
            return Err(self.replaced(ANOTHER));
        }
        let bytes = match format {
            DiskFormat::Raw => held.len(),
            DiskFormat::Qcow2 => *bytes,
        };
        if bytes < opened.bytes { Err(self.replaced(&cut(opened.bytes, bytes))) } else { Ok(()) }
    }

    fn replaced(&self, why: &str) -> StorageError {
        replaced(&self.disk, &self.found.path, why)
    }
}

impl SyncHandle for FileSyncHandle {
    fn check(&self, opened: Option<&Opened>) -> Result<(), StorageError> {
        self.directory.refuse_if_damaged(&self.disk)?;
        let held = self.found.file.metadata().at("look at", &self.found.path)?;
        self.check_name(&held)?;
        opened.map_or(Ok(()), |opened| self.check_opened(&held, opened))
    }

    /// Makes all writes to the volume durable; if that fails, the disk is damaged from then on.
    fn sync(&self) -> Result<(), StorageError> {
        let written = failpoint::error("volume.sync").and_then(|()| self.found.file.sync_data());
        written.map_err(|error| {
            let why = format!("the host could not write it out ({error}), so writes may be lost");
            self.directory.mark_damaged(&self.disk, &why);
            StorageError::Damaged { disk: self.disk.clone(), why }
        })
    }
}

/// Whether the name of a disk leads to the file that a machine has open. The content of a file that
/// has its name is not looked at: it need not be that of a disk.
pub(super) fn check_name(
    directory: &Directory,
    disk: &DiskId,
    opened: &Opened,
) -> Result<(), StorageError> {
    let Some((path, format)) = directory.path(disk)? else {
        return Err(super::directory::missing(disk));
    };
    let named = std::fs::symlink_metadata(&path).at("look at", &path)?;
    if identity(&named, format) != opened.identity {
        return Err(replaced(disk, &path, ANOTHER));
    }
    match format {
        DiskFormat::Raw if named.len() < opened.bytes => {
            Err(replaced(disk, &path, &cut(opened.bytes, named.len())))
        }
        // The size of the disk is in the file.
        DiskFormat::Raw | DiskFormat::Qcow2 => Ok(()),
    }
}

/// The error of a volume under the name of a disk that is not the one that a machine has open.
pub(super) fn replaced(disk: &DiskId, path: &Path, why: &str) -> StorageError {
    StorageError::Replaced { disk: disk.clone(), path: path.to_owned(), why: why.to_owned() }
}

/// The reason for which a volume that was cut is not the one that a machine has open.
pub(super) fn cut(from: u64, to: u64) -> String {
    format!("it was cut from {from} to {to} bytes")
}

/// The identity of a file on its file system, which no later file has.
pub(super) fn identity(metadata: &Metadata, format: DiskFormat) -> Identity {
    let created = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    // Not every file system knows; there, an inode is used again at worst.
    let created_ns = created.map_or(0, |since| since.as_nanos());
    Identity(format!("{} {} {created_ns}", format.as_str(), metadata.ino()))
}

/// The size of a raw file, which has to be readable.
pub(super) fn raw_bytes(file: &File, path: &Path) -> Result<u64, StorageError> {
    let bytes = file.metadata().at("look at", path)?.len();
    // A sector that cannot be read tells of a broken file system before a guest finds out.
    file.read_at(&mut [0; SECTOR as usize], 0).at("read", path)?;
    if bytes == 0 || bytes % SECTOR != 0 {
        let why = format!("its {bytes} bytes are no whole number of sectors; {REMEDY}");
        return Err(StorageError::corrupt(path, why));
    }
    Ok(bytes)
}
