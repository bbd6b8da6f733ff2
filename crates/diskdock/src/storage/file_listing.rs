//! The files of disks and snapshots in a data directory and their keys, for people who only look:
//! nothing is changed.

use std::path::{Path, PathBuf};

use domain::DiskId;

use super::directory::DISKS;
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::keys::DiskKeys;
use super::{file_name, files, qcow2, snapshot_files};

/// The file of a disk or a snapshot, as it lies in the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiskFileFound {
    /// The id of the disk or snapshot.
    pub id: String,
    /// The path.
    pub path: PathBuf,
    /// The length.
    pub bytes: u64,
    /// The bytes that it takes on the file system: files of disks are sparse.
    pub allocated_bytes: u64,
    /// Whether only its key opens it.
    pub encrypted: bool,
}

/// The files of all disks of a data directory, sorted by id; none if it has no disks.
pub(crate) fn disk_files(data_directory: &Path) -> Result<Vec<DiskFileFound>, StorageError> {
    let directory = data_directory.join(DISKS);
    let mut found = Vec::new();
    if !directory.exists() {
        return Ok(found);
    }
    for path in paths_of_disks(&directory)? {
        let id = path.file_stem().and_then(|id| id.to_str()).unwrap_or_default();
        if file_name::checked(id).is_err() {
            continue;
        }
        let id = id.to_owned();
        found.push(found_file(id, path)?);
    }
    found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// The files of all snapshots of a data directory, whole or begun, sorted by id; none if it has no
/// snapshots.
pub(crate) fn snapshots_found(data_directory: &Path) -> Result<Vec<DiskFileFound>, StorageError> {
    let directory = data_directory.join(snapshot_files::DIRECTORY);
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (id, path) in snapshot_files::snapshot_files(&directory)? {
        found.push(found_file(id, path)?);
    }
    found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// The files of all keys of a data directory, sorted by the ids of their disks and snapshots.
pub(crate) fn keys_found(data_directory: &Path) -> Result<Vec<DiskFileFound>, StorageError> {
    let mut found = Vec::new();
    for (id, path) in DiskKeys::of(data_directory).list()? {
        found.push(found_file(id, path)?);
    }
    found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

fn found_file(id: String, path: PathBuf) -> Result<DiskFileFound, StorageError> {
    let metadata = path.symlink_metadata().at("look at", &path)?;
    let (bytes, allocated_bytes) = (metadata.len(), files::allocated_bytes(&metadata));
    let header = files::open(&path, false).ok().and_then(|file| qcow2::read(&file).ok());
    let encrypted = header.is_some_and(|header| header.luks);
    Ok(DiskFileFound { id, path, bytes, allocated_bytes, encrypted })
}

/// The files in a directory that are disks by their names.
pub(super) fn paths_of_disks(directory: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let is_disk = |path: &PathBuf| {
        let extension = path.extension().and_then(|end| end.to_str());
        let known = DiskFormat::ALL.iter().any(|format| Some(format.as_str()) == extension);
        known && path.symlink_metadata().is_ok_and(|found| found.is_file())
    };
    Ok(files::in_directory(directory)?.into_iter().filter(is_disk).collect())
}

/// The ids of the disks in files with such names, sorted, each once.
pub(super) fn ids_of_disks(files: &[PathBuf]) -> Vec<DiskId> {
    let ids = files.iter().filter_map(|path| path.file_stem()?.to_str());
    let mut disks: Vec<_> = ids.filter(|id| file_name::checked(id).is_ok()).collect();
    disks.sort_unstable();
    disks.dedup();
    disks.into_iter().map(DiskId::from).collect()
}

/// The bytes that a file takes on its file system.
pub(super) fn allocated_bytes(path: &Path) -> Result<u64, StorageError> {
    path.symlink_metadata().map(|found| files::allocated_bytes(&found)).at("look at", path)
}
