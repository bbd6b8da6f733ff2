//! Which disks are damaged: acknowledged writes to them may be lost.
//!
//! Each has a file beside its own, so that the next server knows too. Damage that cannot be
//! written there (the same file system may be failing) is remembered by this server, which tries
//! again.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::DiskId;

use super::error::{At, StorageError};
use super::{file_name, files};
use crate::reserve;

/// The end of such a file's name.
const END: &str = ".damage";
/// Bytes of a reason that are read.
const REASON_BYTES: u64 = 4_096;

/// The damaged disks of a directory.
#[derive(Debug, Default)]
pub(crate) struct Damages(Mutex<BTreeMap<DiskId, KnownDamage>>);

#[derive(Debug)]
struct KnownDamage {
    why: String,
    /// Whether the file is there.
    is_written: bool,
}

impl Damages {
    /// The damages that earlier servers have noted.
    pub(super) fn load(disks: &Path) -> Result<Damages, StorageError> {
        let mut damages = BTreeMap::new();
        for path in files::in_directory(disks)? {
            if let Some(disk) = disk_of(&path) {
                damages.insert(disk, KnownDamage { why: read(&path)?, is_written: true });
            }
        }
        Ok(Damages(Mutex::new(damages)))
    }

    /// Why a disk is damaged; none if it is not.
    pub(crate) fn of(&self, disk: &DiskId) -> Option<String> {
        self.lock().get(disk).map(|damage| damage.why.clone())
    }

    /// All of them, and why, sorted by disk.
    pub(crate) fn all(&self) -> Vec<(DiskId, String)> {
        self.lock().iter().map(|(disk, damage)| (disk.clone(), damage.why.clone())).collect()
    }

    /// Remembers that a disk is damaged; the first reason stays.
    pub(crate) fn mark(&self, disks: &Path, disk: &DiskId, why: &str) {
        let mut damages = self.lock();
        let new = || KnownDamage { why: why.to_owned(), is_written: false };
        let damage = damages.entry(disk.clone()).or_insert_with(new);
        write_down(disks, disk, damage);
    }

    /// Tries again to write down what could not be written.
    pub(crate) fn write_missing(&self, disks: &Path) {
        for (disk, damage) in self.lock().iter_mut() {
            write_down(disks, disk, damage);
        }
    }

    /// Removes it. Gives the reason, if there was one.
    pub(super) fn clear(
        &self,
        disks: &Path,
        disk: &DiskId,
    ) -> Result<Option<String>, StorageError> {
        let mut damages = self.lock();
        if !damages.contains_key(disk) {
            return Ok(None);
        }
        if files::remove(&file_of(disks, disk)?)? {
            files::sync(disks)?;
        }
        Ok(damages.remove(disk).map(|damage| damage.why))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DiskId, KnownDamage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_down(disks: &Path, disk: &DiskId, damage: &mut KnownDamage) {
    if damage.is_written {
        return;
    }
    let data_directory = disks.parent().unwrap_or(disks);
    let written = file_of(disks, disk).and_then(|path| {
        reserve::write_with(data_directory, |_| true, || write(&path, &damage.why))
    });
    match written {
        Ok(()) => damage.is_written = true,
        Err(error) => tracing::error!(%disk, %error, "cannot record that a disk is damaged"),
    }
}

fn file_of(disks: &Path, disk: &DiskId) -> Result<PathBuf, StorageError> {
    Ok(disks.join(format!("{}{END}", file_name::checked(disk.as_str())?)))
}

fn disk_of(path: &Path) -> Option<DiskId> {
    let id = path.file_name()?.to_str()?.strip_suffix(END)?;
    file_name::checked(id).ok().map(DiskId::from)
}

fn read(path: &Path) -> Result<String, StorageError> {
    let file = files::open(path, false).at("open", path)?;
    let mut why = Vec::new();
    file.take(REASON_BYTES).read_to_end(&mut why).at("read", path)?;
    let why = String::from_utf8_lossy(&why).trim_end().to_owned();
    Ok(if why.is_empty() { "for a reason that was lost in a crash".to_owned() } else { why })
}

/// The name is there from the first moment on, so that a crash in between leaves a damaged disk
/// without a reason, not a sound one.
fn write(path: &Path, why: &str) -> Result<(), StorageError> {
    // An earlier attempt may have made the name, which stays whatever happens to this one.
    let mut file = match files::open(path, true) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => files::create(path)?,
        Err(error) => return Err(error).at("open", path),
    };
    let written = file.set_len(0).and_then(|()| writeln!(file, "{why}"));
    written.and_then(|()| file.sync_all()).at("write", path)?;
    path.parent().map_or(Ok(()), files::sync)
}
