//! A directory for a store that is thrown away: in shared memory where that has room, else among
//! the machine's temporary files.
//!
//! The directory of a killed process is cleared away by the next one: its lock is free.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{OFlags, statfs};

/// How the names of these directories begin.
const PREFIX: &str = "diskdock-ephemeral-";

/// The file system that lies in memory.
const SHARED_MEMORY: &str = "/dev/shm";
/// Its type, as Linux numbers them.
const TMPFS: i64 = 0x0102_1994;
/// Room that it must have, in bytes: containers have 64 MiB of it, which some 60,000 disks fill.
const ROOM: u64 = 1 << 30;

/// How old a directory must be before it can have been left behind: a server that is about to
/// start may not have its lock yet.
const LEFT_BEHIND_AFTER: Duration = Duration::from_secs(60);

/// The directory; gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Ephemeral(PathBuf);

impl Ephemeral {
    /// Makes the directory. Its name ends in this number, which should be unique.
    pub(crate) fn new(number: u64) -> std::io::Result<Ephemeral> {
        let temporary = std::env::temp_dir();
        let shared = Path::new(SHARED_MEMORY);
        clear_left_behind(&temporary);
        clear_left_behind(shared);
        let is_free = std::env::var_os("TMPDIR").is_none();
        let parent = if is_free && has_room(shared) { shared } else { &temporary };
        let path = parent.join(format!("{PREFIX}{number:016x}"));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Ephemeral(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Ephemeral {
    fn drop(&mut self) {
        // Left behind at worst; the next start clears it away.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether this is a file system in memory with enough room.
fn has_room(path: &Path) -> bool {
    let may_write = rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    let fits = |found: rustix::fs::StatFs| {
        let free = found.f_bavail.saturating_mul(u64::try_from(found.f_bsize).unwrap_or(0));
        found.f_type == TMPFS && free >= ROOM
    };
    may_write && statfs(path).is_ok_and(fits)
}

fn clear_left_behind(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let made = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > LEFT_BEHIND_AFTER));
        if !ours || !is_old {
            continue;
        }
        // Nonblocking: a named pipe in this place must not block.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let lock = File::options().read(true).custom_flags(flags).open(entry.path().join("lock"));
        let Ok(lock) = lock else { continue };
        // The lock is held until the directory is gone.
        if lock.try_lock().is_ok() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_room_only_where_files_lie_in_memory() {
        assert!(!has_room(Path::new("/proc")));
        assert!(!has_room(Path::new("/no/such/place")));
    }

    /// Opening a pipe that has no writer would wait for ever.
    #[test]
    fn clear_left_behind_does_not_block_on_a_named_pipe() {
        let parent = tempfile::tempdir().unwrap();
        let old = parent.path().join(format!("{PREFIX}1"));
        std::fs::create_dir(&old).unwrap();
        let made = std::process::Command::new("mkfifo").arg(old.join("lock")).status().unwrap();
        assert!(made.success());
        let long_ago = std::time::UNIX_EPOCH;
        File::open(&old).unwrap().set_modified(long_ago).unwrap();
        clear_left_behind(parent.path());
    }
}
