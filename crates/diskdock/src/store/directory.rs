//! The data directory: private, and used by one process at a time.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::StoreError;
use crate::private_file;

/// The bit of a mode that says that a directory is everybody's, such as /tmp.
const STICKY: u32 = 0o1000;
/// The bits of a mode that let others list a directory or change what is in it.
const OTHERS_LOOK_OR_WRITE: u32 = 0o066;

/// A directory that we make can be looked into by its owner only; in one that is there already,
/// others may neither look nor write from now on. One that everybody shares is refused.
pub(super) fn make_private_directory(directory: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let fault = |what: &str, why: String| {
        StoreError::Engine(format!("cannot {what} {}: {why}", directory.display()))
    };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|error| fault("make", error.to_string()))?;
    let mode = std::fs::metadata(directory).map(|found| found.permissions().mode() & 0o7777);
    let mode = mode.map_err(|error| fault("look at", error.to_string()))?;
    if mode & STICKY != 0 {
        return Err(fault("use", "everybody shares it; name one below it".to_owned()));
    }
    if mode & OTHERS_LOOK_OR_WRITE != 0 {
        let private = std::fs::Permissions::from_mode(mode & !OTHERS_LOOK_OR_WRITE);
        let closed = std::fs::set_permissions(directory, private);
        closed.map_err(|error| fault("close for others", error.to_string()))?;
    }
    Ok(())
}

/// How long a lock is waited for: a program that is being started has all files of who starts it
/// open for a moment, closed ones too.
const LOCKED_WITHIN: Duration = Duration::from_millis(300);
const LOOKS_EVERY: Duration = Duration::from_millis(10);

/// Locks the directory for this process, as long as the file is open.
pub(super) fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join("lock");
    let fault = |error: &dyn std::fmt::Display| {
        StoreError::Engine(format!(
            "cannot lock {}: {error}; is another diskdock using it?{}",
            path.display(),
            holder(directory)
        ))
    };
    let file = private_file::open(&path);
    let mut file = file.map_err(|error| fault(&error))?;
    let began = Instant::now();
    while let Err(error) = file.try_lock() {
        if matches!(error, TryLockError::Error(_)) || began.elapsed() > LOCKED_WITHIN {
            return Err(fault(&error));
        }
        std::thread::park_timeout(LOOKS_EVERY);
    }
    // For the message above only: whoever cannot write it holds the lock as well.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

/// The process that has a directory open, in words, as far as it has said so.
fn holder(directory: &Path) -> String {
    // A named pipe in the place of a file would never end.
    let is_file = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_file());
    let said = |name: &str| {
        let path = Some(directory.join(name)).filter(|path| is_file(path));
        path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
    };
    let (process, endpoint) = (said("lock"), said("endpoint"));
    match (process.trim(), endpoint.trim()) {
        ("", _) => String::new(),
        (process, "") => format!(" Process {process} has it open"),
        (process, endpoint) => format!(" Process {process} has it open, at {endpoint}"),
    }
}
