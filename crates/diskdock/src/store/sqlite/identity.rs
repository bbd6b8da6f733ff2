//! Tells a store that belongs to a directory from one that is new there, damaged, or an old copy:
//! the store has a name and says how far it has come, and a small file beside it says the same.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::{Durability, SERVER, STORE, engine};
use crate::private_file;

/// The file beside the store.
const MARK: &str = "store-mark";
/// The beginning of every SQLite file.
pub(super) const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Directories beside the store of a server that ran virtual machines.
const BESIDE: &[&str] = &["machines", "disks"];

/// The name of a store and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    name: String,
    #[serde(flatten)]
    age: Age,
}

/// How far a store has come. Grows with every start and stop and every 20 s in between, and is
/// written into the store before it is written beside it: so the store is never behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Age {
    /// How often the store was opened or closed.
    opened: u64,
    /// How often the server has renewed its lease.
    #[serde(default)]
    renewals: i64,
}

/// Refuses a directory whose store is missing or no store, although it had one.
pub(super) fn check_file(directory: &Path) -> Result<(), StoreError> {
    let path = directory.join(STORE);
    if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
        // Opening it reports the error; a pipe must not be waited for here.
        return Ok(());
    }
    let mut begins = [0; 16];
    let found = File::open(&path).and_then(|mut file| file.read_exact(&mut begins));
    let what = match found {
        Ok(()) if begins == *MAGIC => return Ok(()),
        Ok(()) => "is damaged: it is no SQLite file",
        Err(error) if error.kind() == ErrorKind::NotFound => "is missing",
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            // A start that was killed before it wrote anything has left an empty file.
            if fs::metadata(&path).is_ok_and(|found| found.len() > 0) {
                "is damaged: it is cut off"
            } else {
                "is empty"
            }
        }
        Err(error) => {
            return Err(StoreError::Unusable(format!("cannot read {}: {error}", path.display())));
        }
    };
    let mut traces = traces(directory);
    if traces.is_empty() && what.starts_with("is damaged") {
        traces = "it is not empty".to_owned();
    }
    if traces.is_empty() { Ok(()) } else { Err(refused(directory, what, &traces)) }
}

/// The traces of a store in the directory, in words; empty without any.
fn traces(directory: &Path) -> String {
    let mut found = Vec::new();
    if directory.join(MARK).exists() {
        found.push(format!("{MARK} says that it had one"));
    }
    for name in BESIDE {
        let many = fs::read_dir(directory.join(name)).map_or(0, Iterator::count);
        if many > 0 {
            found.push(format!("{name}/ holds {many}"));
        }
    }
    found.join(", ")
}

fn refused(directory: &Path, what: &str, traces: &str) -> StoreError {
    let (store, directory) = (directory.join(STORE), directory.display());
    let found = format!("{} {what}, and yet {directory} is in use ({traces})", store.display());
    let remedy = format!(
        "Put the right {STORE} back, or a backup: diskdock restore; if this one is right, remove \
         {MARK}; or, if nothing in the directory is wanted any more, remove all of it"
    );
    StoreError::Unfit { found, remedy }
}

/// The refusal of a store that SQLite cannot open; other errors stay as they are.
pub(super) fn unfit(error: StoreError, directory: &Path) -> StoreError {
    match error {
        StoreError::Broken(cause) => {
            refused(directory, "is damaged or cannot be read", &one_line(&cause))
        }
        other => other,
    }
}

/// The largest store that is read as a whole at every start, in bytes: some 7 ms.
const CHECKED_AT_START: u64 = 8 << 20;
/// The same after a stop that was none of the server's own, such as a power cut: some 60 ms.
const CHECKED_AFTER_A_CRASH: u64 = 64 << 20;

/// How much of a store a start may read, by the way in which it was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartCheck {
    /// The whole of it, up to some MiB.
    AfterStop,
    /// The whole of a store that is larger, too: its log was left behind.
    AfterCrash,
}

impl StartCheck {
    /// The check for the store of this directory, before it is opened.
    pub(super) fn of(directory: &Path) -> StartCheck {
        let log = fs::metadata(directory.join(format!("{STORE}-wal")));
        // A stop writes the log back and removes it.
        if log.is_ok_and(|log| log.len() > 0) {
            StartCheck::AfterCrash
        } else {
            StartCheck::AfterStop
        }
    }

    /// Refuses a store that is damaged inside, as far as a start can tell: one that is too large to
    /// be read as a whole by its length and the beginning of every table.
    pub(super) fn run(self, connection: &Connection, directory: &Path) -> Result<(), StoreError> {
        let size = fs::metadata(directory.join(STORE)).map_or(0, |metadata| metadata.len());
        let bound = match self {
            StartCheck::AfterStop => CHECKED_AT_START,
            StartCheck::AfterCrash => CHECKED_AFTER_A_CRASH,
        };
        if size <= bound {
            return check_inside(connection, directory);
        }
        match begins_sound(connection) {
            Ok(()) => Ok(()),
            Err(damage) => Err(refused(directory, "is damaged", &one_line(&damage))),
        }
    }
}

/// Reads the root of every table. SQLite itself compares the length of the file with its header.
fn begins_sound(connection: &Connection) -> Result<(), String> {
    let said = |error: rusqlite::Error| error.to_string();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let mut statement = connection.prepare(sql).map_err(said)?;
    let tables = statement.query_map([], |row| row.get::<_, String>(0)).map_err(said)?;
    for table in tables {
        let sql =
            format!("SELECT count(*) FROM (SELECT 1 FROM \"{}\" LIMIT 1)", table.map_err(said)?);
        connection.query_row(&sql, [], |_| Ok(())).map_err(said)?;
    }
    Ok(())
}

/// Refuses a store that is damaged inside. Reads all of it.
pub(super) fn check_inside(connection: &Connection, directory: &Path) -> Result<(), StoreError> {
    match damage(connection) {
        None => Ok(()),
        Some(damage) => Err(refused(directory, "is damaged", &one_line(&damage))),
    }
}

/// The damage that SQLite finds in a file, all of which it reads; none if it is whole.
pub(super) fn damage(connection: &Connection) -> Option<String> {
    let checked = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    checked.map_or_else(|error| Some(error.to_string()), |found| (found != "ok").then_some(found))
}

pub(super) fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ")
}

/// Refuses a store that another one has stood in the place of, or that is an old copy.
pub(super) fn check_age(connection: &Connection, directory: &Path) -> Result<(), StoreError> {
    let (Some(beside), inside) = (read_mark(directory)?, read_identity(connection)?) else {
        return Ok(());
    };
    let what = match inside {
        Some(inside) if inside.name == beside.name && inside.age >= beside.age => {
            return Ok(());
        }
        Some(inside) if inside.name == beside.name => {
            format!("is an old copy: {}", older(inside.age, beside.age))
        }
        Some(_) | None => "is another store than the one that lay here".to_owned(),
    };
    Err(refused(directory, &what, &format!("{MARK} says so")))
}

/// How one store is older than another, in words.
fn older(found: Age, latest: Age) -> String {
    if found.opened == latest.opened {
        let (found, latest) = (found.renewals, latest.renewals);
        format!("its lease was renewed {found} times, that of the one that lay here {latest} times")
    } else {
        let (found, latest) = (found.opened, latest.opened);
        format!("it was opened and closed {found} times, the one that lay here {latest} times")
    }
}

/// Counts an opening or a closing, in the store first.
pub(super) fn count_up(
    connection: &Connection,
    directory: &Path,
    durability: Durability,
) -> Result<(), StoreError> {
    let found = read_identity(connection)?;
    let fresh = || Mark { name: new_name(), age: Age { opened: 0, renewals: 0 } };
    let mut mark = found.unwrap_or_else(fresh);
    mark.age.opened += 1;
    write_inside(connection, &mark)?;
    match durability {
        Durability::Synced => write_beside(directory, &mark),
        Durability::Relaxed | Durability::Ephemeral => {
            write_mark(directory, &mark, private_file::replace_unsynced)
        }
    }
}

/// Writes beside the store how far it has come.
pub(super) fn note_age(connection: &Connection, directory: &Path) -> Result<(), StoreError> {
    match read_identity(connection)? {
        Some(mark) => write_beside(directory, &mark),
        None => Ok(()),
    }
}

/// The name and the count that make a store the latest one of this directory.
pub(super) fn next_mark(connection: &Connection, directory: &Path) -> Result<Mark, StoreError> {
    let beside = read_mark(directory).ok().flatten();
    let inside = read_identity(connection)?;
    let opened = beside.iter().chain(&inside).map(|mark| mark.age.opened).max().unwrap_or(0);
    let renewals = inside.as_ref().map_or(0, |mark| mark.age.renewals);
    let name = beside.or(inside).map_or_else(new_name, |mark| mark.name);
    Ok(Mark { name, age: Age { opened: opened + 1, renewals } })
}

fn new_name() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_identity(connection: &Connection) -> Result<Option<Mark>, StoreError> {
    let (name, opened) = (value(connection, "name")?, value(connection, "opened")?);
    let (Some(name), Some(opened)) = (name, opened) else { return Ok(None) };
    let wrong = |_| StoreError::Corrupt(format!("opened {opened:?} times"));
    let opened = opened.parse().map_err(wrong)?;
    Ok(Some(Mark { name, age: Age { opened, renewals: renewals(connection)? } }))
}

/// How often the server has renewed its lease.
fn renewals(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'leases'";
    let tables = connection.query_row(sql, [], |row| row.get::<_, u32>(0)).map_err(engine)?;
    if tables == 0 {
        // A store that an older version left.
        return Ok(0);
    }
    let sql = "SELECT renewals FROM leases WHERE server = ?1";
    let found = connection.query_row(sql, [SERVER], |row| row.get::<_, i64>(0)).optional();
    Ok(found.map_err(engine)?.unwrap_or(0))
}

fn read_mark(directory: &Path) -> Result<Option<Mark>, StoreError> {
    let path = directory.join(MARK);
    let wrong = |error: &dyn std::fmt::Display| {
        StoreError::Unusable(format!(
            "cannot read {}: {error}. If the store beside it is the right one, remove that file",
            path.display()
        ))
    };
    // A pipe in its place would be waited for.
    if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        return Err(wrong(&"it is no plain file"));
    }
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| wrong(&error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrong(&error)),
    }
}

/// A row of the store's identity.
pub(super) fn value(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM identity WHERE name = ?1";
    connection.query_row(sql, [name], |row| row.get::<_, String>(0)).optional().map_err(engine)
}

/// Sets a row of the store's identity, or removes it.
pub(super) fn set(
    connection: &Connection,
    name: &str,
    value: Option<&str>,
) -> Result<(), StoreError> {
    let done = match value {
        Some(value) => {
            let sql = "INSERT INTO identity (name, value) VALUES (?1, ?2) \
                       ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            connection.execute(sql, params![name, value])
        }
        None => connection.execute("DELETE FROM identity WHERE name = ?1", params![name]),
    };
    done.map(drop).map_err(engine)
}

/// Writes the mark into the store.
pub(super) fn write_inside(connection: &Connection, mark: &Mark) -> Result<(), StoreError> {
    let sql = "INSERT INTO identity (name, value) VALUES ('name', ?1), ('opened', ?2) \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    let done = connection.execute(sql, params![mark.name, mark.age.opened.to_string()]);
    done.map(drop).map_err(engine)
}

/// Writes the mark beside the store, durably.
pub(super) fn write_beside(directory: &Path, mark: &Mark) -> Result<(), StoreError> {
    write_mark(directory, mark, private_file::replace)
}

fn write_mark(
    directory: &Path,
    mark: &Mark,
    write: fn(&Path, &[u8]) -> std::io::Result<()>,
) -> Result<(), StoreError> {
    let broken = |error: std::io::Error| {
        StoreError::Engine(format!("cannot write {MARK} in {}: {error}", directory.display()))
    };
    let text = serde_json::to_vec(mark).expect("a mark is plain data");
    write(&directory.join(MARK), &text).map_err(broken)
}
