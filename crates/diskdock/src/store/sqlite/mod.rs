//! The store in SQLite.
//!
//! There is one writing connection. All writes that wait run in one transaction and are committed
//! once, so that durable writes share an fsync; only then are they told that they are done. Reads
//! run on the caller's thread, from memory where that will do, else each on a connection of its
//! own, and never wait for writers.

mod attachments;
mod backup;
mod cached_reads;
mod callers_lane;
mod committer;
mod contents;
mod copies;
mod entity_cache;
mod health;
mod hosts;
mod identity;
mod lists;
mod migrate;
mod nonces;
mod reads;
mod resources;
mod restoring;
mod sqlite_tx;
mod writer;
mod writes;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use tokio::sync::Notify;

use super::directory::{lock, make_private_directory};
use super::{Depth, Engine, ReadTx, StoreError, WriteJob};
use crate::private_file;
pub use backup::{BackupFile, BackupPlan};
use cached_reads::{CachedReads, Lack};
use committer::Committer;
pub use contents::{BackupOrigin, StoreContents};
pub use copies::CopyProgress;
use entity_cache::EntityCache;
use health::Health;
use identity::StartCheck;
pub use restoring::ClosedStore;
use sqlite_tx::SqliteTx;
use writer::Writer;

/// The file of the store.
pub const STORE: &str = "books.sqlite";
/// Page cache of the writing connection, in KiB.
const WRITER_CACHE_KIB: i64 = 8_192;
/// Page cache of each reading connection, in KiB.
const READER_CACHE_KIB: i64 = 4_096;
/// Reading connections that are kept; more are opened under load and closed again.
const READERS_KEPT: usize = 4;
/// Walks over lists that run at a time.
const WALKS: usize = 4;
/// The name of the server in its store. There is one server to a data directory, so the name stays
/// the same over restarts and work goes on at once.
const SERVER: &str = "local";
/// Prepared statements that each connection keeps.
const STATEMENTS: usize = 64;

/// How hard the store tries to keep what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A write is done when it would survive a power cut.
    Synced,
    /// A write is done when this process has written it: it survives the process, not a power cut.
    Relaxed,
    /// The same, and the store is thrown away when the process ends.
    Ephemeral,
}

impl Durability {
    /// Whether a later process may read the store.
    pub(crate) fn outlives_process(self) -> bool {
        match self {
            Durability::Synced | Durability::Relaxed => true,
            Durability::Ephemeral => false,
        }
    }
}

/// The SQLite engine.
pub struct Sqlite {
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    cache: Arc<EntityCache>,
    health: Arc<Health>,
    closed: AtomicBool,
    directory: PathBuf,
    durability: Durability,
    _lock: Arc<File>,
}

impl Sqlite {
    /// Opens the store in this directory, making it if need be.
    ///
    /// Fails if another process has it open, if it comes from a newer diskdock, and if it is
    /// missing, damaged or an old copy although the directory is in use.
    pub fn open(directory: &Path, durability: Durability) -> Result<Sqlite, StoreError> {
        make_private_directory(directory)?;
        let lock = Arc::new(lock(directory)?);
        identity::check_file(directory)?;
        let path = directory.join(STORE);
        make_private_file(&path)?;
        let check = StartCheck::of(directory);
        let mut connection = Connection::open(&path).map_err(engine)?;
        let prepared = prepare_writer(&connection, durability);
        prepared.map_err(|error| identity::unfit(error, directory))?;
        check.run(&connection, directory)?;
        migrate::forward(&mut connection)?;
        identity::check_age(&connection, directory)?;
        identity::count_up(&connection, directory, durability)?;
        Sqlite::with(connection, directory, lock, durability)
    }

    /// Reads the whole store of a directory without changing anything; `None` if there is none and
    /// nothing in the directory says that there was. Fails where a start would, or should.
    pub fn examine(directory: &Path) -> Result<Option<StoreContents>, StoreError> {
        identity::check_file(directory)?;
        let path = directory.join(STORE);
        if std::fs::metadata(&path).map_or(0, |found| found.len()) == 0 {
            return Ok(None);
        }
        let opened = backup::open_file(&path).and_then(|connection| {
            migrate::check_known(&connection)?;
            Ok(connection)
        });
        let connection = opened.map_err(|error| identity::unfit(error, directory))?;
        identity::check_inside(&connection, directory)?;
        if migrate::is_present(&connection)? {
            identity::check_age(&connection, directory)?;
        }
        StoreContents::read(&connection).map(Some)
    }

    fn with(
        connection: Connection,
        directory: &Path,
        lock: Arc<File>,
        durability: Durability,
    ) -> Result<Sqlite, StoreError> {
        let (cache, health) = (Arc::<EntityCache>::default(), Arc::<Health>::default());
        let directory = directory.to_owned();
        let (follows, watches) = (Arc::clone(&cache), Arc::clone(&health));
        let committer =
            Committer::new(connection, follows, watches, (directory.clone(), durability))?;
        let writer = Writer::start(committer, durability)?;
        let (readers, closed) = (Mutex::default(), AtomicBool::new(false));
        Ok(Sqlite { writer, readers, cache, health, closed, directory, durability, _lock: lock })
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable);
        }
        let kept = self.readers().pop();
        kept.map_or_else(|| open_reader(&self.directory.join(STORE)), Ok)
    }

    fn give_back(&self, connection: Connection) {
        let mut readers = self.readers();
        if readers.len() < READERS_KEPT && !self.closed.load(Ordering::Acquire) {
            readers.push(connection);
        }
    }

    fn read_cached(&self, work: &mut dyn FnMut(&dyn ReadTx)) -> Lack {
        let Some(reads) = CachedReads::begin(self) else { return Lack::Rows };
        work(&reads);
        reads.end()
    }

    fn read_in_sql(
        &self,
        depth: Depth,
        work: &mut dyn FnMut(&dyn ReadTx),
    ) -> Result<bool, StoreError> {
        let connection = self.reader()?;
        let commits = self.cache.commits();
        run(&connection, "BEGIN")?;
        let tx = SqliteTx::reading(&connection, &self.cache, commits, depth);
        work(&tx);
        let sufficed = !tx.exceeded();
        drop(tx);
        run(&connection, "COMMIT")?;
        self.give_back(connection);
        Ok(sufficed)
    }
}

impl Engine for Sqlite {
    fn read(&self, depth: Depth, work: &mut dyn FnMut(&dyn ReadTx)) -> Result<bool, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable);
        }
        if depth == Depth::Rows {
            match self.read_cached(work) {
                Lack::Nothing => return Ok(true),
                // A transaction of this depth would only find out the same.
                Lack::Lists => return Ok(false),
                Lack::Rows => {}
            }
        }
        self.health.note(self.read_in_sql(depth, work))
    }

    fn write<'a>(
        &'a self,
        job: Box<dyn WriteJob>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(self.writer.write(job))
    }

    fn server(&self) -> &str {
        SERVER
    }

    fn walks_at_a_time(&self) -> usize {
        WALKS
    }

    fn keys_changed(&self) -> Option<Arc<Notify>> {
        None
    }

    fn stopped(&self) -> Option<String> {
        self.health.stopped()
    }

    fn note_age(&self) -> Result<(), StoreError> {
        // Without syncs the file beside the store could survive what the store does not.
        if self.durability != Durability::Synced {
            return Ok(());
        }
        let connection = self.reader()?;
        let noted = identity::note_age(&connection, &self.directory);
        self.give_back(connection);
        noted
    }

    fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Release);
        // A read-only connection, closed last, would leave the log behind.
        self.readers().clear();
        self.writer.close()
    }

    fn gauges(&self) -> Vec<(&'static str, i64)> {
        let waiting = self.writer.waiting();
        vec![("store_writes_waiting", i64::try_from(waiting).unwrap_or(i64::MAX))]
    }
}

impl Drop for Sqlite {
    /// Lets the thread finish what was queued.
    fn drop(&mut self) {
        if let Err(error) = Engine::close(self) {
            tracing::error!(%error, "the store was not closed well");
        }
    }
}

/// The meaning of an error of SQLite: one after which nothing it says can be relied on, or one
/// that leaves the store as it was.
fn engine(error: rusqlite::Error) -> StoreError {
    let no_room = |code| [ffi::SQLITE_IOERR_SHMSIZE, ffi::SQLITE_IOERR_NOMEM].contains(&code);
    let passes = error.sqlite_error().is_some_and(|error| no_room(error.extended_code));
    let broken = !passes
        && matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::SystemIoFailure
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::FileLockingProtocolFailed
            )
        );
    let cause = error.to_string();
    if broken { StoreError::Broken(cause) } else { StoreError::Engine(cause) }
}

fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql).and_then(|mut s| s.execute([])).map(drop).map_err(engine)
}

/// Makes the store private, since it holds secrets. SQLite gives its other files the same mode.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let made = private_file::open(path);
    made.map(drop)
        .map_err(|error| StoreError::Engine(format!("cannot make {}: {error}", path.display())))
}

fn prepare_writer(connection: &Connection, durability: Durability) -> Result<(), StoreError> {
    let synchronous = match durability {
        Durability::Synced => "FULL",
        Durability::Relaxed | Durability::Ephemeral => "OFF",
    };
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
             PRAGMA cache_size = -{WRITER_CACHE_KIB}; PRAGMA temp_store = MEMORY; \
             PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; \
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
