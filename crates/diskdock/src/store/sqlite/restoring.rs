//! Puts a backup in the place of a store that no server has open.
//!
//! A crash at any step leaves the old store or the new one, whole: the new one is written under
//! another name and takes the place of the old one in a single step. The old one is kept under a
//! third name.

use std::fs::{self, File};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use domain::Moment;
use rusqlite::{Connection, OpenFlags, params};

use super::super::StoreError;
use super::backup::{BackupFile, check_beginning};
use super::contents::{BackupOrigin, write_origin};
use super::copies::{self, CopyProgress, DraftFile, cannot_write, with_ending};
use super::{STORE, engine, identity, migrate};
use crate::failpoint;

/// The beginning of the name of a store that was kept aside.
const ASIDE: &str = "books.sqlite.before-restore-";
/// Stores that are kept aside under the same time, at most.
const ASIDES: usize = 100;

/// A data directory that no server has open, nor can open, while this lives.
pub struct ClosedStore {
    directory: PathBuf,
    _lock: File,
}

impl ClosedStore {
    /// Locks a directory, making it if need be.
    pub fn lock(directory: &Path) -> Result<ClosedStore, StoreError> {
        super::make_private_directory(directory)?;
        let lock = super::lock(directory)?;
        Ok(ClosedStore { directory: directory.to_owned(), _lock: lock })
    }

    /// Puts a backup in the place of the store. Gives the path under which the old one is kept,
    /// whose name ends in `time`; none if there was none.
    pub fn replace(
        &self,
        backup: &BackupFile,
        now: Moment,
        time: &str,
        progress: CopyProgress<'_>,
    ) -> Result<Option<PathBuf>, StoreError> {
        let is_there = self.has_old()?;
        let draft = DraftFile::beside(&self.store())?;
        let mark = self.prepare(backup, &draft, now, progress).map_err(|error| match error {
            StoreError::Engine(why) => cannot_write(draft.path(), &why),
            other => other,
        })?;
        failpoint::hit("restore.copied");
        let kept = if is_there { Some(self.keep_old(time, &mark)?) } else { None };
        failpoint::hit("restore.kept");
        draft.publish(&self.store(), true)?;
        failpoint::hit("restore.replaced");
        identity::write_beside(&self.directory, &mark)?;
        Ok(kept)
    }

    fn store(&self) -> PathBuf {
        self.directory.join(STORE)
    }

    fn has_old(&self) -> Result<bool, StoreError> {
        let path = self.store();
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(cannot_write(&path, &error)),
            Ok(found) if found.is_file() => Ok(true),
            Ok(_) => Err(cannot_write(&path, &"it is no plain file; move it away")),
        }
    }

    /// Writes the new store into the draft: in the present form, as the one of this directory.
    fn prepare(
        &self,
        backup: &BackupFile,
        draft: &DraftFile,
        now: Moment,
        progress: CopyProgress<'_>,
    ) -> Result<identity::Mark, StoreError> {
        let mut new = Connection::open(draft.path()).map_err(engine)?;
        copies::all_pages(&backup.connection, &mut new, progress)?;
        let modes = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL";
        new.execute_batch(modes).map_err(engine)?;
        migrate::forward(&mut new)?;
        write_origin(&new, &BackupOrigin::default())?;
        delete_nonces_until(&new, now.seconds() - 1)?;
        let mark = identity::next_mark(&new, &self.directory)?;
        identity::write_inside(&new, &mark)?;
        new.close().map_err(|(_, error)| engine(error))?;
        draft.sync().map_err(|error| cannot_write(draft.path(), &error))?;
        Ok(mark)
    }

    /// Keeps the old store under another name, beside its own.
    fn keep_old(&self, time: &str, mark: &identity::Mark) -> Result<PathBuf, StoreError> {
        let log = match checkpoint(&self.store())? {
            OldStore::Whole => None,
            OldStore::Damaged => Some(with_ending(&self.store(), "-wal")).filter(|at| at.exists()),
        };
        let aside = self.free_name(time)?;
        let keep = || {
            if !is_same_file(&self.store(), &aside) {
                second_name(&self.store(), &aside)?;
            }
            File::open(&self.directory)?.sync_all()
        };
        keep().map_err(|error| cannot_write(&aside, &error))?;
        if let Some(log) = log {
            // From here on, a start refuses what is left of the old store until all is done.
            identity::write_beside(&self.directory, mark)?;
            let moved = fs::rename(&log, with_ending(&aside, "-wal"));
            let _ = fs::remove_file(with_ending(&self.store(), "-shm"));
            moved.map_err(|error| cannot_write(&aside, &error))?;
            failpoint::hit("restore.log_kept");
        }
        Ok(aside)
    }

    /// A name for the old store: the one that it has already, if a restore was cut off, or one that
    /// no file has.
    fn free_name(&self, time: &str) -> Result<PathBuf, StoreError> {
        let there = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let aside = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(ASIDE);
        let mut asides = there.filter(aside).map(|entry| entry.path());
        if let Some(again) = asides.find(|path| is_same_file(&self.store(), path)) {
            return Ok(again);
        }
        let first = self.directory.join(format!("{ASIDE}{time}"));
        let others = (2..=ASIDES).map(|number| with_ending(&first, &format!("-{number}")));
        let mut names = std::iter::once(first.clone()).chain(others);
        let free = names.find(|path| fs::symlink_metadata(path).is_err());
        free.ok_or_else(|| cannot_write(&first, &"there are too many of its name"))
    }
}

/// The store that is to be replaced.
enum OldStore {
    /// The whole store is in its file.
    Whole,
    /// The store cannot be opened; its log, if there is one, belongs to it.
    Damaged,
}

/// Writes the log that an unclean stop left back into the store.
fn checkpoint(path: &Path) -> Result<OldStore, StoreError> {
    // SQLite would remove the log of such a file.
    if check_beginning(path).is_err() {
        return Ok(OldStore::Damaged);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let written = Connection::open_with_flags(path, flags).map_err(engine).and_then(|old| {
        old.execute_batch("PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000")
            .map_err(engine)?;
        let busy: i64 = old
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(engine)?;
        old.close().map_err(|(_, error)| engine(error))?;
        Ok(busy)
    });
    match written {
        Ok(0) => Ok(OldStore::Whole),
        Ok(_) => Err(cannot_write(path, &"another program reads it")),
        Err(StoreError::Broken(_)) => Ok(OldStore::Damaged),
        Err(error) => Err(cannot_write(path, &error)),
    }
}

/// Requests that were signed before the restore may have been served by the store that is replaced:
/// none of them is served again.
fn delete_nonces_until(connection: &Connection, until_s: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO forgotten_nonces (one, until_s) VALUES (1, ?1) \
               ON CONFLICT (one) DO UPDATE SET until_s = max(until_s, excluded.until_s)";
    connection.execute(sql, params![until_s]).map(drop).map_err(engine)
}

/// Gives a file a second name, or copies it where a file can have only one.
fn second_name(file: &Path, name: &Path) -> std::io::Result<()> {
    match fs::hard_link(file, name) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(_) => {
            let draft = with_ending(name, ".new");
            fs::copy(file, &draft)?;
            File::open(&draft)?.sync_all()?;
            fs::rename(&draft, name)
        }
        Ok(()) => Ok(()),
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let number = |path| fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()));
    let (one, other): (Result<_, Error>, Result<_, Error>) = (number(one), number(other));
    matches!((one, other), (Ok(one), Ok(other)) if one == other)
}
