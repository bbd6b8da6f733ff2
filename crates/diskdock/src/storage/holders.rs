//! The processes that have the file of a disk open.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::{Flock, FlockOffsetType, FlockType, fcntl_getlk};

use super::error::{At, StorageError};
use super::files;
use super::volumes::Holder;

/// The bytes that QEMU locks in the files of its block nodes: 100 and up for its own access,
/// 200 and up for access that it denies others (`RAW_LOCK_PERM_BASE` in block/file-posix.c).
const LOCKED_FROM: u64 = 100;
const LOCKED_BYTES: u64 = 200;
/// The byte of those who may write (`BLK_PERM_WRITE` of it).
const LOCKED_BY_WRITERS: u64 = LOCKED_FROM + 1;

/// Fails if a QEMU, or `qemu-img`, has the file open.
pub(super) fn refuse_if_locked(path: &Path) -> Result<(), StorageError> {
    refuse_if(path, LOCKED_FROM, LOCKED_BYTES)
}

/// Fails if a QEMU, or `qemu-img`, may write to the file.
pub(super) fn refuse_if_written(path: &Path) -> Result<(), StorageError> {
    refuse_if(path, LOCKED_BY_WRITERS, 1)
}

fn refuse_if(path: &Path, start: u64, length: u64) -> Result<(), StorageError> {
    let file = files::open(path, false).at("open", path)?;
    if !is_locked(&file, start, length).at("look at the locks of", path)? {
        return Ok(());
    }
    let by: Vec<_> = of(path)?.iter().map(|holder| holder.process.to_string()).collect();
    let by = if by.is_empty() { "another process".to_owned() } else { by.join(", process ") };
    let what = format!("{} is open in process {by}", path.display());
    let hint = "it goes when that has ended; `diskdock admin differences` shows machines that the \
                store does not know";
    Err(StorageError::Taken { what, hint: hint.to_owned() })
}

/// Whether a write lock of ours would meet another one. This process has no such lock itself.
fn is_locked(file: &File, start: u64, length: u64) -> Result<bool, rustix::io::Errno> {
    let wanted = Flock {
        start,
        length,
        pid: None,
        typ: FlockType::WriteLock,
        offset_type: FlockOffsetType::Set,
    };
    Ok(fcntl_getlk(file, &wanted)?.is_some())
}

/// The processes that have the file open, in so far as we may look at them.
pub(super) fn of(path: &Path) -> Result<Vec<Holder>, StorageError> {
    let wanted = std::fs::symlink_metadata(path).at("look at", path)?;
    let wanted = (wanted.dev(), wanted.ino());
    let processes = files::in_directory(Path::new("/proc"))?;
    let processes = processes.iter().filter_map(|path| number(path));
    let ourselves = std::process::id();
    let mut holders = Vec::new();
    for process in processes.filter(|process| *process != ourselves) {
        let open = descriptors(process).unwrap_or_default();
        let is_wanted = |(_, file): &(u32, (u64, u64))| *file == wanted;
        let found = open.into_iter().filter(is_wanted);
        holders.extend(found.map(|(descriptor, _)| Holder { process, descriptor }));
    }
    Ok(holders)
}

/// The file descriptors of a process, with device and inode of what they lead to.
fn descriptors(process: u32) -> std::io::Result<Vec<(u32, (u64, u64))>> {
    let entries = std::fs::read_dir(format!("/proc/{process}/fd"))?;
    let looked_at = entries.flatten().filter_map(|entry| {
        let found = std::fs::metadata(entry.path()).ok()?;
        Some((number(&entry.path())?, (found.dev(), found.ino())))
    });
    Ok(looked_at.collect())
}

fn number(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.parse().ok()
}
