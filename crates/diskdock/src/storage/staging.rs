//! Staging directories: files are made in them before they get their name, so that a crash leaves
//! either nothing or the whole file.
//!
//! A staging directory lies beside the finished files and is called `.new-…`. Its process holds a
//! lock on a file in it, which the kernel releases when that process dies: a directory whose lock
//! is free was abandoned and can be removed.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{At, StorageError};
use super::files::{self, Owner};
use crate::failpoint;

/// The prefix of their names; no id begins with it.
const BEGINNING: &str = ".new-";
const LOCK: &str = "lock";
/// How many names are tried, if they are taken.
const NAMES: u64 = 1_000;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A directory to make files in; removed with all its files on drop.
pub(crate) struct StagingDirectory {
    path: PathBuf,
    _lock: File,
}

impl StagingDirectory {
    /// Makes one beside the finished files, with this owner and mode.
    pub(super) fn begin(
        beside: &Path,
        owner: Owner,
        mode: u32,
    ) -> Result<StagingDirectory, StorageError> {
        for _ in 0..NAMES {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = beside.join(format!("{BEGINNING}{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => {
                    made.at("make", &path)?;
                    return StagingDirectory::lock(path, owner, mode);
                }
            }
        }
        let what = format!("{} is full of unfinished work", beside.display());
        Err(StorageError::Taken { what, hint: "start the server anew, which clears it".to_owned() })
    }

    fn lock(path: PathBuf, owner: Owner, mode: u32) -> Result<StagingDirectory, StorageError> {
        let lock = path.join(LOCK);
        let file = files::create(&lock)?;
        file.try_lock().map_err(std::io::Error::from).at("lock", &lock)?;
        let staging = StagingDirectory { path, _lock: file };
        files::apply_owner(&staging.path, owner, mode)?;
        Ok(staging)
    }

    /// The path of a file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Gives a durable file of it a name among the finished ones; false if the name is taken,
    /// which changes nothing.
    pub(super) fn publish(self, name: &str, finished: &Path) -> Result<bool, StorageError> {
        let linked = std::fs::hard_link(self.file(name), finished);
        let taken = matches!(&linked, Err(error) if error.kind() == ErrorKind::AlreadyExists);
        if !taken {
            linked.at("name", finished)?;
            if let Some(directory) = finished.parent()
                && let Err(error) = sync_name(directory)
            {
                // The next sync would say nothing of this one: what has no name is made anew.
                let _ = std::fs::remove_file(finished);
                return Err(error);
            }
        }
        Ok(!taken)
    }
}

fn sync_name(directory: &Path) -> Result<(), StorageError> {
    failpoint::error("publish.sync").at("sync", directory)?;
    files::sync(directory)
}

impl Drop for StagingDirectory {
    fn drop(&mut self) {
        // Left behind at worst; the next start clears it away.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Removes abandoned ones.
pub(super) fn clear_left_behind(beside: &Path) -> Result<(), StorageError> {
    for entry in std::fs::read_dir(beside).at("list", beside)? {
        let entry = entry.at("list", beside)?;
        if entry.file_name().to_string_lossy().starts_with(BEGINNING) {
            clear(&entry.path())?;
        }
    }
    Ok(())
}

fn clear(staging: &Path) -> Result<(), StorageError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(files::no_follow());
    match options.open(staging.join(LOCK)) {
        Ok(lock) if lock.try_lock().is_ok() => gone(std::fs::remove_dir_all(staging), staging),
        Ok(_) => Ok(()),
        // Another process is just beginning it, or died in doing so: only an empty one is removed.
        Err(_) => match std::fs::remove_dir(staging) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
            removed => gone(removed, staging),
        },
    }
}

fn gone(removed: std::io::Result<()>, path: &Path) -> Result<(), StorageError> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.at("remove", path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_in(directory: &Path) -> usize {
        std::fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn clear_keeps_directories_in_use_and_removes_abandoned_ones() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let staging = StagingDirectory::begin(at, Owner::ourselves(), 0o700).unwrap();
        std::fs::write(staging.file("half"), "half").unwrap();
        // As a killed process leaves it: with a lock file that is not locked, or without one.
        std::fs::create_dir_all(at.join(".new-1-1/deeper")).unwrap();
        std::fs::write(at.join(".new-1-1/lock"), "").unwrap();
        std::fs::create_dir(at.join(".new-1-2")).unwrap();
        std::fs::write(at.join("finished"), "whole").unwrap();
        clear_left_behind(at).unwrap();
        assert!(staging.file("half").exists());
        assert_eq!(left_in(at), 2);
        drop(staging);
        assert_eq!(left_in(at), 1);
    }

    #[test]
    fn publish_refuses_an_existing_name() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let finished = at.join("finished");
        for (bytes, first) in [("one", true), ("two", false)] {
            let staging = StagingDirectory::begin(at, Owner::ourselves(), 0o700).unwrap();
            std::fs::write(staging.file("file"), bytes).unwrap();
            assert_eq!(staging.publish("file", &finished).unwrap(), first);
        }
        assert_eq!(std::fs::read_to_string(&finished).unwrap(), "one");
        assert_eq!(left_in(at), 1);
    }

    #[test]
    fn publish_whose_name_is_not_durable_takes_it_back_and_may_be_repeated() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let finished = at.join("finished");
        for fails in [true, false] {
            let staging = StagingDirectory::begin(at, Owner::ourselves(), 0o700).unwrap();
            std::fs::write(staging.file("file"), "bytes").unwrap();
            if fails {
                failpoint::fail_next("publish.sync");
            }
            assert_eq!(staging.publish("file", &finished).is_err(), fails);
            assert_eq!(finished.exists(), !fails);
        }
        assert_eq!(left_in(at), 1);
    }

    #[test]
    fn file_does_not_follow_a_symbolic_link() {
        let directory = tempfile::tempdir().unwrap();
        let precious = tempfile::tempdir().unwrap();
        std::fs::write(precious.path().join("lock"), "").unwrap();
        let link = directory.path().join(".new-1-1");
        std::os::unix::fs::symlink(precious.path(), &link).unwrap();
        let _ = clear_left_behind(directory.path());
        assert!(precious.path().join("lock").exists());
    }
}
