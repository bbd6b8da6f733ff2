//! The store in SQLite.
//!
//! There is one writing connection. All writes that wait run in one transaction and are committed
//! once, so that durable writes share an fsync; only then are they told that they are done. Reads
//! run on the caller's thread, from memory where that will do, else each on a connection of its
//! own, and never wait for writers.

mod entity_cache;
mod lists;
mod nonces;
mod row_reads;
mod sqlite_tx;
mod writer;
mod writing;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OpenFlags};

use super::{Depth, Engine, ReadTx, StoreError, WriteJob};
use entity_cache::EntityCache;
use row_reads::RowReads;
use sqlite_tx::SqliteTx;
use writer::Writer;

/// Page cache of the writing connection, in KiB.
const WRITER_CACHE_KIB: i64 = 8_192;
/// Page cache of each reading connection, in KiB.
const READER_CACHE_KIB: i64 = 4_096;
/// Reading connections that are kept; more are opened under load and closed again.
const READERS_KEPT: usize = 4;
/// Prepared statements that each connection keeps.
const STATEMENTS: usize = 64;

const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_discards.sql"),
    include_str!("../migrations/0003_nonces.sql"),
    include_str!("../migrations/0004_leases.sql"),
];

/// The bit of a mode that says that a directory is everybody's, such as /tmp.
const STICKY: u32 = 0o1000;
/// The bits of a mode that let others list a directory or change what is in it.
const OTHERS_LOOK_OR_WRITE: u32 = 0o066;

/// How hard the store tries to keep what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A write is done when it would survive a power cut.
    Synced,
    /// A write is done when this process has written it; for data that is thrown away anyway.
    Relaxed,
}

/// The SQLite engine.
pub struct Sqlite {
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    kept: Arc<EntityCache>,
    path: PathBuf,
    _lock: Arc<File>,
}

impl Sqlite {
    /// Opens the store in this directory, making it and them if need be.
    ///
    /// Fails if another process has them open, or if they come from a newer diskdock.
    pub fn open(directory: &Path, durability: Durability) -> Result<Sqlite, StoreError> {
        make_private_directory(directory)?;
        let lock = Arc::new(lock(directory)?);
        let path = directory.join("books.sqlite");
        make_private_file(&path)?;
        let mut connection = Connection::open(&path).map_err(engine)?;
        prepare_writer(&connection, durability)?;
        migrate(&mut connection)?;
        let kept = Arc::new(EntityCache::default());
        let writer = Writer::start(connection, Arc::clone(&kept), directory.to_owned())?;
        Ok(Sqlite { writer, readers: Mutex::new(Vec::new()), kept, path, _lock: lock })
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let kept = self.readers.lock().unwrap_or_else(|broken| broken.into_inner()).pop();
        kept.map_or_else(|| open_reader(&self.path), Ok)
    }

    /// Reads single rows; false if more was asked for.
    fn read_rows(
        &self,
        connection: &Connection,
        work: &mut dyn FnMut(&dyn ReadTx),
    ) -> Result<bool, StoreError> {
        if let Some(version) = self.kept.version() {
            let view = RowReads::cached(&self.kept, connection, version);
            work(&view);
            if view.missed() {
                return Ok(false);
            }
            if self.kept.version() == Some(version) {
                return Ok(true);
            }
        }
        self.in_transaction(connection, |tx| {
            let view = RowReads::in_transaction(tx);
            work(&view);
            !view.missed()
        })
    }

    fn in_transaction<T>(
        &self,
        connection: &Connection,
        work: impl FnOnce(SqliteTx<'_>) -> T,
    ) -> Result<T, StoreError> {
        let version = self.kept.version();
        run(connection, "BEGIN")?;
        let worked = work(SqliteTx::reading(connection, &self.kept, version));
        run(connection, "COMMIT")?;
        Ok(worked)
    }

    fn give_back(&self, connection: Connection) {
        let mut readers = self.readers.lock().unwrap_or_else(|broken| broken.into_inner());
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
    }
}

impl Engine for Sqlite {
    fn read(&self, depth: Depth, work: &mut dyn FnMut(&dyn ReadTx)) -> Result<bool, StoreError> {
        let connection = self.reader()?;
        let sufficed = match depth {
            Depth::Rows => self.read_rows(&connection, work)?,
            Depth::Lists => {
                self.in_transaction(&connection, |tx| work(&tx))?;
                true
            }
        };
        self.give_back(connection);
        Ok(sufficed)
    }

    fn write<'a>(
        &'a self,
        job: Box<dyn WriteJob>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(self.writer.write(job))
    }

    fn gauges(&self) -> Vec<(&'static str, i64)> {
        let waiting = self.writer.waiting();
        vec![("store_writes_waiting", i64::try_from(waiting).unwrap_or(i64::MAX))]
    }
}

fn engine(error: rusqlite::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}

fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql).and_then(|mut s| s.execute([])).map(drop).map_err(engine)
}

/// A directory that we make can be looked into by its owner only; in one that is there already,
/// others may neither look nor write from now on. One that everybody shares is refused.
fn make_private_directory(directory: &Path) -> Result<(), StoreError> {
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

/// Makes the store private, since it holds secrets. SQLite gives its other files the same mode.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let made = open_private_file(path);
    made.map(drop)
        .map_err(|error| StoreError::Engine(format!("cannot make {}: {error}", path.display())))
}

/// Opens a plain file, making it if need be, that only its owner may read. Neither follows a link
/// nor waits for a pipe.
fn open_private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = File::options();
    let options = options.create(true).truncate(false).read(true).write(true).mode(0o600);
    let file = options.custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(std::io::Error::other("it is no plain file; move it away"));
    }
    if found.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join("lock");
    let fault = |error: &dyn std::fmt::Display| {
        StoreError::Engine(format!(
            "cannot lock {}: {error}; is another diskdock using it?",
            path.display()
        ))
    };
    let file = open_private_file(&path);
    let file = file.map_err(|error| fault(&error))?;
    file.try_lock().map_err(|error| fault(&error))?;
    Ok(file)
}

fn prepare_writer(connection: &Connection, durability: Durability) -> Result<(), StoreError> {
    let synchronous = match durability {
        Durability::Synced => "FULL",
        Durability::Relaxed => "OFF",
    };
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
             PRAGMA cache_size = -{WRITER_CACHE_KIB}; PRAGMA temp_store = MEMORY; \
             PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; \
             PRAGMA busy_timeout = 5000;"
        ))
        .map_err(engine)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(engine)?;
    connection
        .execute_batch(&format!(
            "PRAGMA cache_size = -{READER_CACHE_KIB}; PRAGMA temp_store = MEMORY; \
             PRAGMA busy_timeout = 5000;"
        ))
        .map_err(engine)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Brings the store to the present form. Migrations are numbered from 1 and never change.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let version: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(engine)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(StoreError::Engine(format!(
            "the store is of version {version}, this diskdock knows {known}: use a newer one"
        )));
    }
    for (number, sql) in (1..).zip(MIGRATIONS).skip(usize::try_from(version).unwrap_or(0)) {
        let transaction = connection.transaction().map_err(engine)?;
        transaction.execute_batch(sql).map_err(engine)?;
        transaction.pragma_update(None, "user_version", number).map_err(engine)?;
        transaction.commit().map_err(engine)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;

    fn schema(connection: &Connection) -> Vec<String> {
        let sql = "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY type, name";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn store_of_every_version_migrates_to_the_current_schema() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        for version in 0..=MIGRATIONS.len() {
            let mut old = Connection::open_in_memory().unwrap();
            for sql in &MIGRATIONS[..version] {
                old.execute_batch(sql).unwrap();
            }
            old.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
            migrate(&mut old).unwrap();
            assert_eq!(schema(&old), schema(&fresh), "from version {version}");
            migrate(&mut old).unwrap();
        }
    }
}
