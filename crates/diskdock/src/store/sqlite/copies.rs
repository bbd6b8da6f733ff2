//! Copies of the whole store: written while it is in use, and put in its place again.

use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::super::StoreError;
use super::{STORE, engine, identity, migrate};

/// Writes a copy of what this connection sees into a new file, in the form of an older store
/// version if one is wanted. Whole or not at all: until it is ready it has another name.
pub(super) fn write(
    source: &Connection,
    to: &Path,
    version: Option<i64>,
) -> Result<(), StoreError> {
    if to.exists() {
        let why = format!("{} is there already: name a file that is not", to.display());
        return Err(StoreError::Refused(why));
    }
    let draft = UnfinishedCopy::beside(to)?;
    let mut copy = Connection::open(&draft.0).map_err(engine)?;
    all_pages(source, &mut copy)?;
    copy.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL")
        .map_err(engine)?;
    if let Some(version) = version {
        migrate::back(&mut copy, version)?;
    }
    identity::check_inside(&copy, to.parent().unwrap_or(Path::new(".")))?;
    copy.close().map_err(|(_, error)| engine(error))?;
    draft.publish(to)
}

/// A copy that can be put in a store's place: checked, and in the present form. It lies in a draft
/// beside the store, and the file that was given is left as it is.
pub(super) struct Restorable {
    pub connection: Connection,
    _draft: UnfinishedCopy,
}

impl Restorable {
    /// Opens a copy.
    pub(super) fn open(from: &Path, directory: &Path) -> Result<Restorable, StoreError> {
        let refused = |why: &dyn std::fmt::Display| {
            let hint = "Name a copy of a store";
            StoreError::Refused(format!("{} cannot be restored: {why}. {hint}", from.display()))
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let source = Connection::open_with_flags(from, flags).map_err(|error| refused(&error))?;
        let draft = UnfinishedCopy::beside(&directory.join("restore"))?;
        let mut connection = Connection::open(&draft.0).map_err(engine)?;
        all_pages(&source, &mut connection).map_err(|error| refused(&error))?;
        if let Some(damage) = identity::damage(&connection) {
            return Err(refused(&damage));
        }
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('disks', 'operations')";
        let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).map_err(engine)?;
        if tables != 2 {
            return Err(refused(&"it is no copy of a store"));
        }
        migrate::forward(&mut connection)?;
        Ok(Restorable { connection, _draft: draft })
    }
}

/// Makes a copy the store of a directory that is not open, whatever is there now.
pub(super) fn replace_closed(copy: &Restorable, directory: &Path) -> Result<(), StoreError> {
    identity::claim(&copy.connection, directory)?;
    let new = UnfinishedCopy::beside(&directory.join(STORE))?;
    let mut ready = Connection::open(&new.0).map_err(engine)?;
    all_pages(&copy.connection, &mut ready)?;
    ready.close().map_err(|(_, error)| engine(error))?;
    let replace = || {
        File::open(&new.0)?.sync_all()?;
        // The log of what was there must not be taken for one of what comes.
        for end in ["-wal", "-shm"] {
            match fs::remove_file(directory.join(format!("{STORE}{end}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        File::open(directory)?.sync_all()?;
        fs::rename(&new.0, directory.join(STORE))?;
        File::open(directory)?.sync_all()
    };
    replace().map_err(|error| {
        StoreError::Refused(format!("cannot write {STORE} in {}: {error}", directory.display()))
    })
}

/// Copies everything, as of one moment, with SQLite's online backup.
pub(super) fn all_pages(source: &Connection, to: &mut Connection) -> Result<(), StoreError> {
    let backup = Backup::new(source, to).map_err(engine)?;
    match backup.step(-1).map_err(engine)? {
        StepResult::Done => Ok(()),
        other => Err(StoreError::Engine(format!("the copy was not finished: {other:?}"))),
    }
}

/// A file that is not ready yet; gone if it is not published.
struct UnfinishedCopy(PathBuf);

impl UnfinishedCopy {
    fn beside(to: &Path) -> Result<UnfinishedCopy, StoreError> {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let path = to.with_file_name(format!(".{name}.{}.new", std::process::id()));
        // Left behind by one that was killed, with the same number.
        let _ = fs::remove_file(&path);
        let made = File::options().write(true).create_new(true).mode(0o600).open(&path);
        made.map_err(|error| {
            StoreError::Refused(format!("cannot write {}: {error}", path.display()))
        })?;
        Ok(UnfinishedCopy(path))
    }

    fn publish(self, to: &Path) -> Result<(), StoreError> {
        let publish = || {
            File::open(&self.0)?.sync_all()?;
            // Unlike a rename, a link never takes another file's place.
            fs::hard_link(&self.0, to)?;
            File::open(to.parent().filter(|at| *at != Path::new("")).unwrap_or(Path::new(".")))?
                .sync_all()
        };
        publish()
            .map_err(|error| StoreError::Refused(format!("cannot write {}: {error}", to.display())))
    }
}

impl Drop for UnfinishedCopy {
    fn drop(&mut self) {
        for end in ["", "-journal", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(end);
            // What is not there needs not to be removed.
            let _ = fs::remove_file(name);
        }
    }
}
