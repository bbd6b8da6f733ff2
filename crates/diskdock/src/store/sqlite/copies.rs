//! Copies of a whole store, page by page, in files that get their name only when they are ready.

use std::ffi::c_int;
use std::fs::{self, File};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::super::StoreError;
use super::{engine, open_private_file, run};

/// Pages that are copied between two reports of progress: 16 MiB.
const PAGES_PER_STEP: c_int = 4_096;
/// How often the draft is opened anew, if others remove it meanwhile.
const TRIES: usize = 16;

/// The receiver of progress, in percent. A copy of a few MiB ends without a report.
pub type CopyProgress<'p> = &'p mut dyn FnMut(f64);

/// Copies everything, as of one moment, with SQLite's online backup.
pub(super) fn all_pages(
    source: &Connection,
    to: &mut Connection,
    progress: CopyProgress<'_>,
) -> Result<(), StoreError> {
    // A transaction that lasts: SQLite begins a copy anew when others write between its steps.
    run(source, "BEGIN")?;
    let copied = step_through(source, to, progress);
    let ended = run(source, "COMMIT");
    copied.and(ended)
}

fn step_through(
    source: &Connection,
    to: &mut Connection,
    progress: CopyProgress<'_>,
) -> Result<(), StoreError> {
    let begin = "SELECT count(*) FROM sqlite_schema";
    source.query_row(begin, [], |_| Ok(())).map_err(engine)?;
    let backup = Backup::new(source, to).map_err(engine)?;
    loop {
        match backup.step(PAGES_PER_STEP).map_err(engine)? {
            StepResult::Done => return Ok(()),
            StepResult::More => progress(percent(&backup)),
            other => {
                return Err(StoreError::Engine(format!("the copy was not finished: {other:?}")));
            }
        }
    }
}

fn percent(backup: &Backup<'_, '_>) -> f64 {
    let at = backup.progress();
    let (all, left) = (f64::from(at.pagecount.max(1)), f64::from(at.remaining));
    (all - left) / all * 100.0
}

/// A file that is not ready yet: `.<name>.new` beside the one that it is to become. Gone if it is
/// not published, and used again if its process was killed.
pub(super) struct DraftFile {
    path: PathBuf,
    /// Locked, so that two processes do not write the same draft.
    file: File,
}

impl DraftFile {
    pub(super) fn beside(to: &Path) -> Result<DraftFile, StoreError> {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let path = to.with_file_name(format!(".{name}.new"));
        let file = open_locked(&path).map_err(|error| cannot_write(&path, &error))?;
        let draft = DraftFile { path, file };
        // A file that a killed copy has left is no beginning of this one.
        draft.remove_journals();
        draft.file.set_len(0).map_err(|error| cannot_write(&draft.path, &error))?;
        Ok(draft)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn sync(&self) -> std::io::Result<()> {
        self.file.sync_all()
    }

    /// Gives the file its name; never that of another file, unless it may take its place.
    pub(super) fn publish(self, to: &Path, replace: bool) -> Result<(), StoreError> {
        let publish = || {
            self.sync()?;
            if replace {
                fs::rename(&self.path, to)?
            } else {
                name_anew(&self.path, to)?
            }
            File::open(directory_of(to))?.sync_all()
        };
        publish().map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => is_there(to),
            _ => cannot_write(to, &error),
        })
    }

    fn remove_journals(&self) {
        for end in ["-journal", "-wal", "-shm"] {
            // A file that is not there needs no removal.
            let _ = fs::remove_file(with_ending(&self.path, end));
        }
    }
}

impl Drop for DraftFile {
    fn drop(&mut self) {
        self.remove_journals();
        // After a rename, another draft may have this name.
        if is_same_file(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The file of this name, locked.
fn open_locked(path: &Path) -> std::io::Result<File> {
    for _ in 0..TRIES {
        let file = open_private_file(path)?;
        file.try_lock().map_err(|_| Error::other("another process is writing it"))?;
        if is_same_file(&file, path) {
            return Ok(file);
        }
    }
    Err(Error::other("other processes remove it again and again"))
}

fn is_same_file(file: &File, path: &Path) -> bool {
    let number = |found: fs::Metadata| (found.dev(), found.ino());
    let named = fs::symlink_metadata(path).map(number).ok();
    named.is_some() && file.metadata().map(number).ok() == named
}

/// Renames unless the name is taken, also where the file system cannot do that in one step.
fn name_anew(from: &Path, to: &Path) -> std::io::Result<()> {
    let renamed = renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE);
    match renamed.map_err(Error::from) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(_) => fs::hard_link(from, to),
        Ok(()) => Ok(()),
    }
}

/// The path with more behind its last name.
pub(super) fn with_ending(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The directory that a file is in.
pub(super) fn directory_of(file: &Path) -> &Path {
    file.parent().filter(|at| *at != Path::new("")).unwrap_or(Path::new("."))
}

pub(super) fn cannot_write(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unusable(format!("cannot write {}: {why}", path.display()))
}

pub(super) fn is_there(path: &Path) -> StoreError {
    let path = path.display();
    StoreError::Unusable(format!("{path} is there already: name another file, or give --force"))
}
