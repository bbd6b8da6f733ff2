//! A data directory of this host as commands see it: whether a server has it open, and what that
//! server wrote there for its users.

use std::fs::{File, TryLockError};
use std::path::Path;

use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};
use rustix::io::Errno;

use super::Failure;

/// The size of a new store and its log, in bytes.
const SMALL_STORE: u64 = 512 * 1024;

/// Whether a server has the store open.
pub(crate) fn is_held(directory: &Path) -> Result<bool, Failure> {
    let path = directory.join("lock");
    let Ok(file) = File::open(&path) else { return Ok(false) };
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => {
            Err(Failure::new(format!("cannot lock {}: {error}", path.display()), ""))
        }
    }
}

/// The address or the token that a server has written to its data directory.
pub(crate) fn read_server_file(directory: &Path, name: &str) -> Result<String, Failure> {
    let path = directory.join(name);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let hint = "A running server writes it; is this its data directory?";
        Failure::new(format!("cannot read {}: {error}", path.display()), hint)
    })?;
    Ok(text.trim().to_owned())
}

/// Fails if nothing can be written to a data directory, or if it is not there and cannot be made.
/// `otherwise` is the remedy of a user who cannot change that.
pub(crate) fn check_writable(directory: &Path, otherwise: &str) -> Result<(), Failure> {
    let nearest = nearest(directory);
    let needed = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    match access(nearest, needed) {
        Err(errno @ (Errno::ROFS | Errno::ACCESS | Errno::PERM)) => {
            Err(unwritable(directory, errno, otherwise))
        }
        // Other errors are told by what meets them.
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The directory, or the nearest one above it that is there.
fn nearest(directory: &Path) -> &Path {
    let here = |path: &Path| path.as_os_str().is_empty();
    let mut above = directory.ancestors();
    let nearest = above.find(|path| here(path) || path.exists()).unwrap_or(directory);
    if here(nearest) { Path::new(".") } else { nearest }
}

/// The failure of what was to be written to a data directory. Where its file system is full, the
/// remedy is room; `otherwise` is that of a user who cannot make any.
pub(crate) fn unless_full(failure: Failure, directory: &Path, otherwise: &str) -> Failure {
    if !is_full(directory) {
        return failure;
    }
    let hint = format!(
        "The file system of {} is full: make room on it, or {otherwise}",
        directory.display()
    );
    Failure { hint, ..failure }
}

/// Whether there is no room for a small store, or for no file; one that is only read is not full.
fn is_full(directory: &Path) -> bool {
    statvfs(nearest(directory)).is_ok_and(|room| {
        let bytes = room.f_bavail.saturating_mul(room.f_frsize);
        let is_out = bytes < SMALL_STORE || (room.f_files > 0 && room.f_favail == 0);
        is_out && !room.f_flag.contains(StatVfsMountFlags::RDONLY)
    })
}

fn unwritable(directory: &Path, errno: Errno, otherwise: &str) -> Failure {
    let remedy = if errno == Errno::ROFS {
        "Mount its file system for writing"
    } else {
        "Run this as a user who may write there"
    };
    let why = std::io::Error::from(errno);
    let message = format!("nothing can be written to {}: {why}", directory.display());
    Failure::new(message, &format!("{remedy}, or {otherwise}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::{Durability, Sqlite};

    #[test]
    fn is_held_while_a_store_is_open() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!is_held(directory.path()).unwrap());
        let store = Sqlite::open(directory.path(), Durability::Relaxed).unwrap();
        assert!(is_held(directory.path()).unwrap());
        drop(store);
        assert!(!is_held(directory.path()).unwrap());
    }

    #[test]
    fn check_writable_accepts_directories_that_are_there_or_can_be_made() {
        let directory = tempfile::tempdir().unwrap();
        for path in [directory.path(), &directory.path().join("new/newer")] {
            assert_eq!(check_writable(path, "."), Ok(()));
        }
    }

    #[test]
    fn unwritable_says_why_and_the_remedy_for_that() {
        let failure = |errno| unwritable(Path::new("d"), errno, "go elsewhere.");
        let read_only = failure(Errno::ROFS);
        assert!(read_only.message.contains("nothing can be written to d: Read-only file system"));
        assert_eq!(read_only.hint, "Mount its file system for writing, or go elsewhere.");
        let foreign = failure(Errno::ACCESS);
        assert!(foreign.message.contains("Permission denied"));
        assert_eq!(foreign.hint, "Run this as a user who may write there, or go elsewhere.");
    }
}
