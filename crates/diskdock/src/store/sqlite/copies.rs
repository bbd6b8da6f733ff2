//! Copies of a whole store, page by page, in files that get their name only when they are ready.

use std::ffi::c_int;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::super::StoreError;
use super::{engine, run};
use crate::private_file::StagedFile;

/// Pages that are copied between two reports of progress: 16 MiB.
const PAGES_PER_STEP: c_int = 4_096;

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

/// A store that is not ready yet: `.<name>.new` beside the file that it is to become.
pub(super) struct DraftFile(StagedFile);

impl DraftFile {
    pub(super) fn beside(to: &Path) -> Result<DraftFile, StoreError> {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let path = to.with_file_name(format!(".{name}.new"));
        let staged = StagedFile::new(path.clone());
        let draft = DraftFile(staged.map_err(|error| cannot_write(&path, &error))?);
        // A file that a killed copy has left is no beginning of this one.
        draft.remove_journals();
        Ok(draft)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn sync(&self) -> std::io::Result<()> {
        self.0.sync()
    }

    /// Gives the file its name; never that of another file, unless it may take its place.
    pub(super) fn publish(self, to: &Path, replace: bool) -> Result<(), StoreError> {
        self.0.publish(to, replace).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => is_there(to),
            _ => cannot_write(to, &error),
        })
    }

    fn remove_journals(&self) {
        for end in ["-journal", "-wal", "-shm"] {
            // A file that is not there needs no removal.
            let _ = fs::remove_file(with_ending(self.path(), end));
        }
    }
}

impl Drop for DraftFile {
    fn drop(&mut self) {
        self.remove_journals();
    }
}

/// The path with more behind its last name.
pub(super) fn with_ending(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

pub(super) fn cannot_write(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unusable(format!("cannot write {}: {why}", path.display()))
}

pub(super) fn is_there(path: &Path) -> StoreError {
    let path = path.display();
    StoreError::Unusable(format!("{path} is there already: name another file, or give --force"))
}
