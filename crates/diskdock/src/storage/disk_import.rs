//! Files from elsewhere that become new disks.
//!
//! `diskdock disk import` checks a file and stages its content beside the disks; the driver gives
//! it the name of the disk that CreateDisk makes. So the long copy is over before there is a disk,
//! and the server opens nothing that a caller names but a staged file.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use domain::DiskId;

use super::create_volume::UNNAMED;
use super::directory::{DISKS, Directory};
use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::files::{self, Owner};
use super::import::{TransferProgress, require_room, run_copy};
use super::import_source::Source;
use super::keys::FormattedFile;
use super::snapshots::CopyWatch;
use super::staging::{self, StagingDirectory};
use super::volumes::{NewVolume, Volumes};
use super::{CLOSED, GIB, file_name};
use crate::failpoint;

/// The end of the name of a staged file.
const END: &str = "import";
/// The largest disk in GiB, of any category (documentation of CreateDisk).
const LARGEST_GIB: u64 = 65_536;
/// A staged file that nobody has fetched for so long is removed by the next import.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Stages the content of a file under this name, durably. Gives the bytes that a guest will see.
/// Ends with an error, and leaves nothing, soon after `cancel` is set.
pub fn stage(
    data_directory: &Path,
    name: &str,
    (file, format): (&Path, Option<DiskFormat>),
    cancel: &AtomicBool,
    tell: &mut dyn FnMut(TransferProgress),
) -> Result<u64, StorageError> {
    let disks = data_directory.join(DISKS);
    let finished = staged(&disks, name)?;
    clear_forgotten(&disks)?;
    tell(TransferProgress::Checking);
    let source = Source::open_up_to(file, format, LARGEST_GIB)?;
    source.check()?;
    require_room(&disks, source.measure()?)?;
    let staging = StagingDirectory::begin(&disks, Owner::ourselves(), CLOSED)?;
    let to = staging.file(UNNAMED);
    files::create(&to)?;
    let copied = run_copy(source.convert(&to, DiskFormat::Raw).cancelled_by(cancel), tell);
    copied.map_err(|fault| source.named(fault).or_full(&to))?;
    source.is_unchanged()?;
    tell(TransferProgress::Saving);
    files::sync(&to)?;
    failpoint::hit("import.copied");
    staging.publish(UNNAMED, &finished)?;
    Ok(source.virtual_bytes)
}

/// Removes a staged file that is not wanted after all.
pub fn unstage(data_directory: &Path, name: &str) -> Result<(), StorageError> {
    files::remove(&staged(&data_directory.join(DISKS), name)?).map(drop)
}

impl Directory {
    /// Gives a staged file the name of a new disk of this size, or encrypts it into one.
    pub(super) fn adopt_staged(
        &self,
        volume: &NewVolume,
        name: &str,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        let (disk, size_gib) = (&volume.disk, volume.size_gib);
        let path = staged(self.disks(), name)?;
        if self.path(disk)?.is_some() {
            if volume.encrypted {
                // A crash has left it in plain.
                files::remove(&path)?;
            }
            return self.sync(disk);
        }
        let file = match files::open(&path, true) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let hint = "import it again: diskdock disk import".to_owned();
                return Err(StorageError::Missing {
                    what: format!("the staged file {name}"),
                    hint,
                });
            }
            opened => opened.at("open", &path)?,
        };
        let (found, bytes) =
            (file.metadata().at("look at", &path)?.len(), u64::from(size_gib) * GIB);
        if found > bytes {
            let why = format!("it has {found} bytes, and the disk {bytes}");
            return Err(StorageError::corrupt(&path, why));
        }
        file.set_len(bytes).at("make room in", &path)?;
        files::apply_owner(&path, self.0.owner, files::PRIVATE)?;
        // Final: Linux tells of a failed write-out only once, so another attempt would look well.
        let synced = failpoint::error("import.sync").and_then(|()| file.sync_all());
        synced.map_err(|error| {
            let why = format!("it could not be written out ({error}); import it again");
            StorageError::corrupt(&path, why)
        })?;
        failpoint::hit("import.durable");
        if volume.encrypted {
            return self.encrypt_staged(disk, &path, watch);
        }
        let finished = self.named(disk, DiskFormat::Raw)?;
        std::fs::rename(&path, &finished).at("name", &finished)?;
        failpoint::hit("import.named");
        files::sync(self.disks())
    }

    /// Makes a disk with the content of a staged file, which is removed then.
    fn encrypt_staged(
        &self,
        disk: &DiskId,
        path: &Path,
        watch: CopyWatch<'_>,
    ) -> Result<(), StorageError> {
        let Some(key) = self.key_for(disk.as_str(), true)? else { return Ok(()) };
        let staging = self.staging()?;
        let made = staging.file(UNNAMED);
        let from = FormattedFile { path, format: DiskFormat::Raw, key: None };
        let bytes = path.metadata().at("look at", path)?.len();
        self.encrypt(from, (&made, &key), bytes, watch)?;
        self.finish(staging, disk, DiskFormat::Qcow2)?;
        failpoint::hit("import.named");
        files::remove(path)?;
        files::sync(self.disks())
    }
}

fn staged(disks: &Path, name: &str) -> Result<PathBuf, StorageError> {
    Ok(disks.join(format!("{}.{END}", file_name::checked(name)?)))
}

/// Removes what imports have left that were killed.
fn clear_forgotten(disks: &Path) -> Result<(), StorageError> {
    staging::clear_left_behind(disks)?;
    for path in files::in_directory(disks)? {
        let is_staged = path.extension().is_some_and(|end| end == END);
        let age = path.symlink_metadata().and_then(|found| found.modified());
        let age = age.ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
        if is_staged && age > FORGOTTEN {
            files::remove(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume() -> NewVolume {
        NewVolume::plain("d-1".into(), 1)
    }

    #[test]
    fn adopt_fails_for_good_when_the_file_cannot_be_written_out() {
        let data = tempfile::tempdir().unwrap();
        let directory = Directory::open(data.path(), None).unwrap();
        let path = staged(directory.disks(), "one").unwrap();
        std::fs::write(&path, "content").unwrap();
        failpoint::fail_next("import.sync");
        let failed = directory.adopt(&volume(), "one", &|_| true).unwrap_err();
        assert!(failed.needs_operator(), "{failed}");
        assert!(directory.find(&"d-1".into()).is_err());
    }

    #[test]
    fn adopt_tells_a_file_that_is_missing_from_one_that_cannot_be_opened() {
        let data = tempfile::tempdir().unwrap();
        let directory = Directory::open(data.path(), None).unwrap();
        let missing = directory.adopt(&volume(), "one", &|_| true).unwrap_err();
        assert!(matches!(missing, StorageError::Missing { .. }), "{missing}");
        // A link is not followed: the error of the system may be gone later, as any other.
        let path = staged(directory.disks(), "one").unwrap();
        std::os::unix::fs::symlink("/dev/null", path).unwrap();
        let unopened = directory.adopt(&volume(), "one", &|_| true).unwrap_err();
        assert!(!unopened.needs_operator(), "{unopened}");
    }
}
