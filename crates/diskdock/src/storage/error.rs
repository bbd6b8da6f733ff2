//! Errors of the storage: the cause, the path and the remedy.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use domain::DiskId;

use super::files;

/// Bytes below which a file system counts as full.
const FULL: u64 = 256 * 1024;

/// An error of the storage.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The file system has no room.
    #[error(
        "no room for {path}: {wanted}, {available} bytes are free; delete what is not needed, or \
         put the data directory on a larger file system"
    )]
    NoSpace {
        /// The thing that was to be written.
        path: PathBuf,
        /// How much, in words.
        wanted: String,
        /// Bytes that are free.
        available: u64,
    },
    /// The file does not exist.
    #[error("{what} is missing: {hint}")]
    Missing {
        /// The missing thing.
        what: String,
        /// The remedy.
        hint: String,
    },
    /// A file is damaged.
    #[error("{path} cannot be used: {why}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The damage and the remedy.
        why: String,
    },
    /// A tool of QEMU or Ceph is missing, failed or took too long.
    #[error("{command}: {words}")]
    Tool {
        /// The command.
        command: String,
        /// Its message, or the remedy.
        words: String,
    },
    /// An id that cannot be the name of a file.
    #[error("{id:?} is no id of a disk or image: it must be 1 to 64 letters, digits and dashes")]
    Name {
        /// The id.
        id: String,
    },
    /// The thing exists already, or is in use.
    #[error("{what}; {hint}")]
    Taken {
        /// The existing thing.
        what: String,
        /// The remedy.
        hint: String,
    },
    /// The bytes that a machine has open are not those that the disk's name leads to.
    #[error(
        "{path} is not the file that the virtual machine has open: {why}; put the right one back \
         and detach again, or take this one: diskdock admin accept {disk}"
    )]
    Replaced {
        /// The disk.
        disk: DiskId,
        /// The path under its name.
        path: PathBuf,
        /// The difference.
        why: String,
    },
    /// The key of an encrypted disk or snapshot is lost, or is another one.
    #[error(
        "{id} is encrypted, and {path} is not its key: {why}; put its key back from a backup of \
         the data directory, since nothing else can read it"
    )]
    Key {
        /// The disk or snapshot.
        id: String,
        /// The file of the key.
        path: PathBuf,
        /// The fault, without what the file holds.
        why: String,
    },
    /// Acknowledged writes to the disk may be lost.
    #[error(
        "disk {disk} is damaged: {why}; check its content or restore it from a backup, then take \
         it as it is: diskdock admin accept {disk}"
    )]
    Damaged {
        /// The disk.
        disk: DiskId,
        /// The reason.
        why: String,
    },
    /// The storage system did not answer in time, or could not be reached: nothing is known of what
    /// it holds, nor whether what it was asked for was done.
    #[error("{system} does not answer: {words}")]
    Unreachable {
        /// The storage system.
        system: &'static str,
        /// The command without an answer, or the tool's message.
        words: String,
    },
    /// This storage system cannot do it.
    #[error("{what}; {hint}")]
    Unsupported {
        /// The thing that was asked for.
        what: String,
        /// The remedy.
        hint: String,
    },
    /// The operating system refused.
    #[error("cannot {doing} {path}: {source}{}", advice(source))]
    Io {
        /// The action, as a verb.
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's error.
        source: Error,
    },
}

impl StorageError {
    /// Adds the verb and the path to a system error.
    pub(super) fn io(doing: &'static str, path: &Path, source: Error) -> StorageError {
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StorageError::NoSpace {
                path: path.to_owned(),
                wanted: format!("the system refused to {doing} it"),
                available: files::free_bytes(path).unwrap_or(0),
            },
            _ => StorageError::Io { doing, path: path.to_owned(), source },
        }
    }

    /// The same, or that the file system is full, if a program failed while it is: what a program
    /// says in words is not looked at.
    pub(super) fn or_full(self, path: &Path) -> StorageError {
        let available = files::free_bytes(path).unwrap_or(u64::MAX);
        match self {
            StorageError::Tool { words, .. } if available < FULL => {
                StorageError::NoSpace { path: path.to_owned(), wanted: words, available }
            }
            other => other,
        }
    }

    /// Whether it stays as it is until an operator does something about it, however often it is
    /// tried again.
    pub fn needs_operator(&self) -> bool {
        match self {
            StorageError::Missing { .. }
            | StorageError::Corrupt { .. }
            | StorageError::Replaced { .. }
            | StorageError::Damaged { .. }
            | StorageError::Key { .. }
            | StorageError::Unsupported { .. }
            | StorageError::Name { .. } => true,
            StorageError::NoSpace { .. }
            | StorageError::Tool { .. }
            | StorageError::Taken { .. }
            | StorageError::Unreachable { .. }
            | StorageError::Io { .. } => false,
        }
    }

    /// Whether a long copy that failed so is worth another attempt: the error may pass, and the
    /// attempt takes no room from the guests.
    pub fn may_pass(&self) -> bool {
        !self.needs_operator() && !matches!(self, StorageError::NoSpace { .. })
    }

    pub(super) fn corrupt(path: &Path, why: impl Into<String>) -> StorageError {
        StorageError::Corrupt { path: path.to_owned(), why: why.into() }
    }
}

fn advice(source: &Error) -> &'static str {
    match source.kind() {
        ErrorKind::PermissionDenied => {
            "; `diskdock doctor` tells which permission of the data directory is missing"
        }
        ErrorKind::ReadOnlyFilesystem => "; mount the file system for writing",
        ErrorKind::FileTooLarge => "; the file system has a smaller limit: use XFS, or ext4",
        _ => "",
    }
}

/// Turns what the system says about a path into a [`StorageError`].
pub(super) trait At<T> {
    /// `doing` is a verb: "open", "write".
    fn at(self, doing: &'static str, path: &Path) -> Result<T, StorageError>;
}

impl<T> At<T> for Result<T, Error> {
    fn at(self, doing: &'static str, path: &Path) -> Result<T, StorageError> {
        self.map_err(|source| StorageError::io(doing, path, source))
    }
}

impl<T> At<T> for Result<T, rustix::io::Errno> {
    fn at(self, doing: &'static str, path: &Path) -> Result<T, StorageError> {
        self.map_err(Error::from).at(doing, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_io_distinguishes_full_disk_and_missing_permission() {
        let path = Path::new("/");
        let of = |kind| StorageError::io("write", path, Error::from(kind));
        for full in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let fault = of(full);
            assert!(matches!(fault, StorageError::NoSpace { .. }));
            assert!(fault.to_string().contains("larger file system"), "{fault}");
        }
        let closed = of(ErrorKind::PermissionDenied).to_string();
        assert!(
            closed.contains("cannot write /") && closed.contains("diskdock doctor"),
            "{closed}"
        );
    }
}
