//! The directories of machines: created for the user of QEMU, and listed to find what runs.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::path::Path;
use std::sync::Arc;

use domain::InstanceId;

use super::machine::{Machine, off_thread};
use super::process::{Power, User};
use super::{Qemu, command_line, object_names};
use crate::hypervisor::TransientError;
use crate::storage::StorageError;

impl Qemu {
    /// Makes the directory of a machine's sockets and console, owned by the user of QEMU.
    pub(super) async fn make_run_directory(&self, machine: &Machine) -> std::io::Result<()> {
        let (run, user) = (machine.run.clone(), self.user);
        off_thread(move || {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o711)
                .create(run.parent().unwrap_or(&run))?;
            match std::fs::DirBuilder::new().mode(0o700).create(&run) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                Err(_) | Ok(()) => {}
            }
            // Always, since a crash may have come in between, and the user may be another now.
            let Some(User { uid, gid }) = user else { return Ok(()) };
            lchown(&run, Some(uid), Some(gid))?;
            match lchown(run.join(command_line::CONSOLE), Some(uid), Some(gid)) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                Err(_) | Ok(()) => Ok(()),
            }
        })
        .await
    }

    /// All machines that have a directory, and those that the driver knows besides.
    pub(super) async fn all_machines(&self) -> Result<Vec<Arc<Machine>>, TransientError> {
        for id in self.machines_where(|_| Ok(true)).await? {
            self.machine(&id)?;
        }
        Ok(self.known_machines())
    }

    /// The machines that are on, by their directories.
    pub(super) async fn running_machines(&self) -> Result<Vec<InstanceId>, TransientError> {
        let is_on = |directory: &Path| {
            let name = directory.file_name().unwrap_or_default();
            Power::is_on(directory, &name.to_string_lossy())
        };
        self.machines_where(is_on).await
    }

    /// The machines whose directories are so.
    async fn machines_where(
        &self,
        is_wanted: impl Fn(&Path) -> std::io::Result<bool> + Send + 'static,
    ) -> Result<Vec<InstanceId>, TransientError> {
        let directory = self.directory.clone();
        let listing = off_thread(move || {
            let entries = match std::fs::read_dir(&directory) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries?,
            };
            let mut found = Vec::new();
            for entry in entries {
                let entry = entry?;
                let id = InstanceId::from(entry.file_name().to_string_lossy().as_ref());
                if object_names::of_instance(&id).is_ok() && is_wanted(&entry.path())? {
                    found.push(id);
                }
            }
            found.sort();
            Ok(found)
        });
        listing.await.map_err(|error| TransientError(format!("cannot look for machines: {error}")))
    }
}

/// Lets the user of QEMU pass through a directory without listing it.
pub(super) fn make_passable(directory: &Path) -> Result<(), StorageError> {
    let pass = || {
        let mode = std::fs::metadata(directory)?.permissions().mode();
        std::fs::set_permissions(directory, Permissions::from_mode(mode | 0o001))
    };
    pass().map_err(|source| StorageError::Io { doing: "open up", path: directory.into(), source })
}
