//! Space that is set aside for the server's own records on a file system that guests can fill.
//!
//! A file of a few MiB that holds nothing. When the file system is full it is cut, slice by slice,
//! so that what stops machines and detaches and deletes disks can still be written down; once there
//! is room again it grows back.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, OFlags, fallocate, statvfs};

/// The file in the data directory.
const FILE: &str = "reserve";
/// Bytes of it at most: a part of the file system, within these bounds.
const PART: u64 = 64;
const BYTES: (u64, u64) = (1 << 20, 64 << 20);
/// Bytes that are given up at a time.
const SLICE: u64 = 512 << 10;
/// Bytes below which the file system counts as full.
const FULL: u64 = 256 << 10;

/// Makes the reserve as large as it should be, if that leaves twice as much room for others.
pub(crate) fn keep(data_directory: &Path) -> io::Result<()> {
    let wanted = wanted_bytes(data_directory)?;
    let file = open(data_directory)?;
    let missing = wanted.saturating_sub(file.metadata()?.len());
    if missing > 0 && free_bytes(data_directory)? >= missing + 2 * wanted {
        fallocate(&file, FallocateFlags::empty(), 0, wanted)?;
    }
    Ok(())
}

/// Whether disks may be created or resized in this directory: besides the reserve there is as much
/// room again. Below that, a new disk would soon fail halfway.
pub(crate) fn is_room_for_disks(directory: &Path) -> io::Result<bool> {
    Ok(free_bytes(directory)? >= wanted_bytes(directory)?)
}

/// Writes a record of the server. As long as that fails with an error that a full file system can
/// be the cause of, and the reserve can give up room, it is tried again; the reserve is finite.
pub(crate) fn write_with<T, E>(
    data_directory: &Path,
    can_be_for_room: impl Fn(&E) -> bool,
    mut write: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    loop {
        match write() {
            Err(error) if can_be_for_room(&error) && give_up(data_directory) => {}
            written => return written,
        }
    }
}

/// Gives up a slice of the reserve if the file system is full. True if there is more room now, so
/// that it is worth trying again.
fn give_up(data_directory: &Path) -> bool {
    cut(data_directory).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot shrink the reserve");
        false
    })
}

/// Whether the file system has more left than the slices that are given up for our records, so that
/// dispensable files may be written.
pub(crate) fn is_room_left(path: &Path) -> io::Result<bool> {
    Ok(free_bytes(path)? >= FULL + 2 * SLICE)
}

fn cut(data_directory: &Path) -> io::Result<bool> {
    if free_bytes(data_directory)? >= FULL {
        return Ok(false);
    }
    let file = open(data_directory)?;
    let held = file.metadata()?.len();
    if held == 0 {
        return Ok(false);
    }
    let left = held.saturating_sub(SLICE);
    file.set_len(left)?;
    tracing::warn!(left, "the file system is full; the reserve is shrunk");
    Ok(true)
}

fn open(data_directory: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = File::options();
    let options = options.write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(flags).open(data_directory.join(FILE))
}

/// Bytes of the whole reserve.
fn wanted_bytes(directory: &Path) -> io::Result<u64> {
    let found = statvfs(directory)?;
    let whole = found.f_blocks.saturating_mul(found.f_frsize);
    Ok((whole / PART).clamp(BYTES.0, BYTES.1))
}

fn free_bytes(path: &Path) -> io::Result<u64> {
    let found = statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn give_up_keeps_the_reserve_while_space_is_left() {
        let directory = tempfile::tempdir().unwrap();
        keep(directory.path()).unwrap();
        let held = || directory.path().join(FILE).metadata().unwrap().len();
        assert!((BYTES.0..=BYTES.1).contains(&held()));
        let before = held();
        keep(directory.path()).unwrap();
        assert!(!give_up(directory.path()));
        assert_eq!(held(), before);
    }

    #[test]
    fn write_with_fails_at_once_while_space_is_left() {
        let directory = tempfile::tempdir().unwrap();
        keep(directory.path()).unwrap();
        let mut attempts = 0;
        let failed = write_with(
            directory.path(),
            |_| true,
            || {
                attempts += 1;
                Err::<(), _>("refused")
            },
        );
        assert_eq!((failed, attempts), (Err("refused"), 1));
    }

    #[test]
    fn is_room_for_disks_needs_as_much_as_the_reserve() {
        let directory = tempfile::tempdir().unwrap();
        assert!(is_room_for_disks(directory.path()).unwrap());
        // A file system on which nothing is free, ever.
        assert!(!is_room_for_disks(Path::new("/proc")).unwrap());
        is_room_for_disks(&directory.path().join("missing")).unwrap_err();
    }
}
