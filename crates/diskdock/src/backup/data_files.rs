//! A search for the files beside a store.

use std::io::ErrorKind;
use std::path::Path;

use domain::{DiskId, InstanceId};

use crate::hypervisor::qemu::peek_disks;
use crate::storage::{
    DiskFileFound, ImageRecord, Images, StorageError, StoragePlace, disk_files, keys_found,
    snapshots_found,
};

/// The files beside a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct DataFiles {
    /// The files of disks.
    pub disks: Vec<DiskFileFound>,
    /// The files of snapshots.
    pub snapshots: Vec<DiskFileFound>,
    /// Whether disks and snapshots are not files, but in another storage.
    pub are_elsewhere: bool,
    /// The keys of encrypted disks and snapshots.
    pub keys: Vec<DiskFileFound>,
    /// The images that instances start from.
    pub images: Vec<ImageRecord>,
    /// The machines that have a record.
    pub machines: Vec<InstanceId>,
    /// The disks on these records.
    pub disks_on_machines: Vec<DiskId>,
}

impl DataFiles {
    /// Reads the names and lengths. A directory that is not there has nothing.
    pub(crate) fn read(data_directory: &Path) -> Result<DataFiles, StorageError> {
        let folder = data_directory.join("machines");
        let machines = machines(&folder)?;
        let record = |machine: &InstanceId| folder.join(machine.as_str()).join("machine.json");
        Ok(DataFiles {
            disks_on_machines: machines.iter().flat_map(|one| peek_disks(&record(one))).collect(),
            disks: disk_files(data_directory)?,
            snapshots: snapshots_found(data_directory)?,
            are_elsewhere: are_elsewhere(data_directory)?,
            keys: keys_found(data_directory)?,
            images: Images::of(data_directory).list()?.records,
            machines,
        })
    }
}

fn are_elsewhere(data_directory: &Path) -> Result<bool, StorageError> {
    let found = StoragePlace::elsewhere(data_directory);
    found.map(|found| found.is_some()).map_err(|source| {
        let path = data_directory.to_owned();
        StorageError::Io { doing: "tell the storage of", path, source }
    })
}

fn machines(directory: &Path) -> Result<Vec<InstanceId>, StorageError> {
    let unreadable = |source: std::io::Error| StorageError::Io {
        doing: "list",
        path: directory.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        // The record is what makes a directory a machine.
        if entry.path().join("machine.json").exists() {
            found.push(InstanceId::from(entry.file_name().to_string_lossy().into_owned()));
        }
    }
    found.sort_unstable();
    Ok(found)
}
