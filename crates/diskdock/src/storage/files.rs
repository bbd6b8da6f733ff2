//! Files of our own: opened without following links, durable, and with the right owner.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, statvfs};
use rustix::process::{getegid, geteuid};

use super::error::{At, StorageError};

/// Mode of a file that only its owner may read.
pub(crate) const PRIVATE: u32 = 0o600;
/// Mode of a file that its group may read.
pub(crate) const SHARED: u32 = 0o640;
/// The permission bits of a mode.
pub(crate) const MODE: u32 = 0o7777;

/// Bytes of a block, as the system counts them.
const BLOCK: u64 = 512;

/// User and group of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Owner {
    /// User and group of this process.
    pub fn ourselves() -> Owner {
        Owner { uid: geteuid().as_raw(), gid: getegid().as_raw() }
    }

    fn of(metadata: &Metadata) -> Owner {
        Owner { uid: metadata.uid(), gid: metadata.gid() }
    }
}

/// The flags of an opening that follows no link, and does not block on a named pipe.
pub(crate) fn no_follow() -> i32 {
    i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default()
}

/// Opens an existing regular file.
pub(crate) fn open(path: &Path, write: bool) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(write).custom_flags(no_follow()).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(Error::new(ErrorKind::InvalidInput, "it is no plain file"))
    }
}

/// Creates a file; an existing one is an error.
pub(super) fn create(path: &Path) -> Result<File, StorageError> {
    let mut options = OpenOptions::new();
    let made = options.read(true).write(true).create_new(true).mode(PRIVATE).open(path);
    made.at("make", path)
}

/// Makes a directory unless it is there; a link in its place is refused.
pub(super) fn directory(path: &Path, mode: u32) -> Result<(), StorageError> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made.at("make", path),
    }
    let found = std::fs::symlink_metadata(path).at("look at", path)?;
    if found.is_dir() {
        Ok(())
    } else {
        Err(StorageError::corrupt(path, "it is no directory; move it away"))
    }
}

/// Gives a file or directory its owner and mode, as far as it has others.
pub(super) fn apply_owner(path: &Path, owner: Owner, mode: u32) -> Result<(), StorageError> {
    let file = OpenOptions::new().read(true).custom_flags(no_follow()).open(path);
    let file = file.at("open", path)?;
    let found = file.metadata().at("look at", path)?;
    if Owner::of(&found) != owner {
        fchown(&file, Some(owner.uid), Some(owner.gid)).at("change the owner of", path)?;
    }
    // A change of owner takes bits of the mode away, so the mode comes last.
    if found.mode() & MODE != mode {
        file.set_permissions(Permissions::from_mode(mode)).at("change the mode of", path)?;
    }
    Ok(())
}

/// Syncs a file, or the names in a directory, so that they survive a crash.
pub(super) fn sync(path: &Path) -> Result<(), StorageError> {
    let file = OpenOptions::new().read(true).custom_flags(no_follow()).open(path);
    file.and_then(|file| file.sync_all()).at("make durable", path)
}

/// The paths in a directory.
pub(super) fn in_directory(directory: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).at("list", directory)? {
        paths.push(entry.at("list", directory)?.path());
    }
    Ok(paths)
}

/// The bytes that a file takes on its file system.
pub(super) fn allocated_bytes(found: &Metadata) -> u64 {
    found.blocks() * BLOCK
}

/// Removes a file; false if there was none.
pub(super) fn remove(path: &Path) -> Result<bool, StorageError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        removed => removed.at("remove", path).map(|()| true),
    }
}

/// The free bytes for an unprivileged user on the file system of this path, which need not exist.
pub fn free_bytes(path: &Path) -> Result<u64, Error> {
    let there = path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
    let found = statvfs(there)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
