//! A directory for what a server keeps beside its store in memory, among the machine's temporary
//! files.
//!
//! The directory of a killed process is cleared away by the next one: its lock is free.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

/// How the names of these directories begin.
const PREFIX: &str = "diskdock-ephemeral-";

/// How old a directory must be before it can have been left behind: a server that is about to
/// start may not have its lock yet.
const LEFT_BEHIND_AFTER: Duration = Duration::from_secs(60);

/// The directory; gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Ephemeral(PathBuf);

impl Ephemeral {
    /// Makes the directory. Its name ends in this number, which should be unique.
    pub(crate) fn new(number: u64) -> std::io::Result<Ephemeral> {
        let parent = std::env::temp_dir();
        clear_left_behind(&parent);
        // Earlier versions kept the store there.
        clear_left_behind(Path::new("/dev/shm"));
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
