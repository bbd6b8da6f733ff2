//! Backups: a file that holds a whole store, as of one moment.
//!
//! The copy is made from the file of the store, by whatever process: SQLite gives it one view of
//! everything while a server goes on writing, and no server is needed.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::super::StoreError;
use super::contents::{BackupOrigin, StoreContents, has_table, write_origin};
use super::copies::{self, CopyProgress, DraftFile, cannot_write, is_there};
use super::{STORE, Sqlite, engine, identity, make_private_directory, make_private_file, migrate};
use crate::failpoint;

/// Tables that every store has, whatever its version.
const TABLES: &[&str] = &["disks", "instances", "operations", "tokens", "calls", "access_keys"];

/// Bytes of the header of a SQLite file.
const HEADER: u64 = 100;

/// The options of a backup.
#[derive(Clone, Debug)]
pub struct BackupPlan {
    /// The file that is to hold it.
    pub file: PathBuf,
    /// Whether it may take the place of a file that is there.
    pub replace: bool,
    /// The older store version to write it in, for an older diskdock.
    pub version: Option<i64>,
    /// The origin, which is written into it.
    pub origin: BackupOrigin,
}

impl Sqlite {
    /// Writes a backup of the store in this directory, whether or not a server has it open.
    /// Whole, durable and checked, or not at all: until then the file has another name.
    pub fn back_up(
        directory: &Path,
        plan: &BackupPlan,
        progress: CopyProgress<'_>,
    ) -> Result<StoreContents, StoreError> {
        refuse_file_in_the_way(plan)?;
        let source = open_source(directory)?;
        let draft = DraftFile::beside(&plan.file)?;
        let contents = write(&source, &draft, plan, progress).map_err(|error| match error {
            StoreError::Engine(why) => cannot_write(&plan.file, &why),
            other => other,
        })?;
        failpoint::hit("backup.copied");
        draft.publish(&plan.file, plan.replace)?;
        failpoint::hit("backup.published");
        Ok(contents)
    }
}

impl Sqlite {
    /// Copies the store of a directory, as of one moment, into one that has none. The copy is not
    /// made durable.
    pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
        make_private_directory(to)?;
        let path = to.join(STORE);
        make_private_file(&path)?;
        let mut copy = Connection::open(&path).map_err(engine)?;
        copy.execute_batch("PRAGMA synchronous = OFF").map_err(engine)?;
        copies::all_pages(&open_source(from)?, &mut copy, &mut |_| {})
    }
}

fn refuse_file_in_the_way(plan: &BackupPlan) -> Result<(), StoreError> {
    match fs::symlink_metadata(&plan.file) {
        Ok(found) if found.is_dir() => {
            let why = format!("{} is a directory: name a file", plan.file.display());
            Err(StoreError::Unusable(why))
        }
        Ok(_) if !plan.replace => Err(is_there(&plan.file)),
        _ => Ok(()),
    }
}

/// The store in a directory, for reading. The log that the last server left counts.
fn open_source(directory: &Path) -> Result<Connection, StoreError> {
    identity::check_file(directory)?;
    let path = directory.join(STORE);
    if !path.exists() {
        let why = format!("there is no store in {}: name its directory", directory.display());
        return Err(StoreError::Unusable(format!("{why} with --data-dir")));
    }
    // A connection that can write removes its log when it is the last one.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(&path, flags).map_err(engine)?;
    source.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA query_only = 1").map_err(engine)?;
    Ok(source)
}

fn write(
    source: &Connection,
    draft: &DraftFile,
    plan: &BackupPlan,
    progress: CopyProgress<'_>,
) -> Result<StoreContents, StoreError> {
    let mut copy = Connection::open(draft.path()).map_err(engine)?;
    copies::all_pages(source, &mut copy, progress)?;
    copy.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL")
        .map_err(engine)?;
    // A store of an older diskdock is backed up as it is.
    if has_table(&copy, "identity")? {
        write_origin(&copy, &plan.origin)?;
    }
    if let Some(version) = plan.version {
        migrate::back(&mut copy, version)?;
    }
    if let Some(damage) = identity::damage(&copy) {
        let why = format!("the store is damaged: {damage}; `diskdock doctor` says what to do");
        return Err(StoreError::Unusable(why));
    }
    let contents = StoreContents::read(&copy)?;
    copy.close().map_err(|(_, error)| engine(error))?;
    Ok(contents)
}

/// A file that can be put in the place of a store: all of it was read and found sound.
pub struct BackupFile {
    pub(super) connection: Connection,
    contents: StoreContents,
}

impl BackupFile {
    /// Opens a file that [`Sqlite::back_up`] wrote, or a copy of a store. Nothing is changed.
    pub fn open(path: &Path) -> Result<BackupFile, StoreError> {
        let refused = |why: String| {
            let path = path.display();
            StoreError::Unusable(format!("{path} cannot be restored: {why}"))
        };
        check_header(path).map_err(refused)?;
        let odd = |error: StoreError| refused(format!("it is damaged ({error})"));
        let connection = open_file(path).map_err(odd)?;
        let version = migrate::version(&connection).map_err(odd)?;
        check_version(version).map_err(refused)?;
        if let Some(damage) = identity::damage(&connection) {
            return Err(refused(format!("it is damaged: {}", identity::one_line(&damage))));
        }
        for table in TABLES {
            if !has_table(&connection, table).map_err(odd)? {
                return Err(refused(format!("it is no store of diskdock: it has no {table}")));
            }
        }
        let contents = StoreContents::read(&connection).map_err(odd)?;
        Ok(BackupFile { connection, contents })
    }

    /// The contents.
    pub fn contents(&self) -> &StoreContents {
        &self.contents
    }
}

/// Refuses what is no file of SQLite, before SQLite opens it.
fn check_header(path: &Path) -> Result<(), String> {
    let found = fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    })?;
    match found.file_type() {
        kind if kind.is_dir() => return Err("it is a directory".to_owned()),
        kind if !kind.is_file() => return Err("it is no plain file".to_owned()),
        _ if found.len() == 0 => return Err("it is empty".to_owned()),
        _ => {}
    }
    check_beginning(path)?;
    if found.len() < HEADER { Err("it is cut off".to_owned()) } else { Ok(()) }
}

/// Refuses what does not begin as every SQLite file does.
pub(super) fn check_beginning(path: &Path) -> Result<(), String> {
    let mut begins = [0; identity::MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begins));
    match read {
        Ok(()) if begins == *identity::MAGIC => Ok(()),
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(error.to_string()),
        Ok(()) | Err(_) => Err("it is no SQLite file".to_owned()),
    }
}

fn check_version(version: i64) -> Result<(), String> {
    let known = migrate::newest();
    match version {
        _ if version > known => Err(format!(
            "it is of store version {version}, this diskdock knows {known}: use a newer diskdock"
        )),
        _ if version < migrate::OLDEST => Err("it is no store of diskdock".to_owned()),
        _ => Ok(()),
    }
}

/// Without a log beside it, a file is complete and SQLite needs to make none, which it could not do
/// on a file system that is read-only.
pub(super) fn open_file(path: &Path) -> Result<Connection, StoreError> {
    let log = fs::metadata(copies::with_ending(path, "-wal")).map_or(0, |found| found.len());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = if log > 0 {
        Connection::open_with_flags(path, flags)
    } else {
        let flags = flags | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(immutable(path)?, flags)
    };
    opened.map_err(engine)
}

/// The address of a file that does not change, as SQLite reads it.
fn immutable(path: &Path) -> Result<String, StoreError> {
    let path = std::path::absolute(path).map_err(|error| StoreError::Engine(error.to_string()))?;
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let escaped: String = bytes.map(|byte| escape(*byte)).collect();
    Ok(format!("file://{escaped}?immutable=1"))
}

fn escape(byte: u8) -> String {
    match byte {
        b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}
