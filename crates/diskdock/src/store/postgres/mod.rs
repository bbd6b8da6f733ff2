//! The store in PostgreSQL: one database for any number of servers.
//!
//! Nothing is cached. Reads see one moment, each on a connection of its own; writes lock what they
//! decide on, and carry the revision that they decided on besides.

mod address;
mod attachments;
mod columns;
mod command;
mod connector;
mod hosts;
mod known_rows;
mod listener;
mod lists;
mod migrate;
mod nonces;
mod postgres_tx;
mod read_ahead;
mod reads;
mod resources;
mod session;
mod value;
mod wait;
mod writer;
mod writes;

use std::fs::File;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use super::directory::{lock, make_private_directory};
use super::{Depth, Engine, ReadTx, StoreError, WriteJob, WriteKind};
use crate::private_file;
pub use address::PostgresAddress;
use connector::Connector;
use listener::Notices;
use postgres_tx::{PostgresTx, TxAccess};
use session::Session;
use writer::PostgresWriter;

/// The file in the data directory with the name of the server.
const SERVER_NAME: &str = "server-name";

/// The end of the name of the row with the batches of progress, after the name of the server.
const OF_PROGRESS: &str = "/progress";

/// Whether a directory is that of a server whose store is in PostgreSQL.
pub fn is_used_by(directory: &Path) -> bool {
    directory.join(SERVER_NAME).exists()
}

/// Reads that run at a time, each on a connection.
const READS: usize = 7;
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The PostgreSQL engine.
pub struct Postgres {
    connector: Arc<Connector>,
    readers: Mutex<Vec<Session>>,
    writer: PostgresWriter,
    /// Writes the progress of operations, so that calls wait for it only where both are about the
    /// same rows.
    progress_writer: PostgresWriter,
    server: String,
    notices: Notices,
    closed: AtomicBool,
    /// Drives the connections.
    runtime: Option<Runtime>,
    _lock: File,
}

impl Postgres {
    /// Opens the store at this address, and makes its tables if need be. The directory is that of
    /// this server: its name is kept there, so that it finds its operations again. A server that
    /// has none yet is named after `number`, which should be random.
    pub fn open(
        address: PostgresAddress,
        directory: &Path,
        number: u64,
    ) -> Result<Postgres, StoreError> {
        Postgres::open_with(address, directory, number, None)
    }

    /// The same for a process that is a host, which hears of work for hosts. `claim` makes the
    /// directory its own: it is called while no other process can, before anything else is written
    /// there.
    pub fn open_for_host(
        address: PostgresAddress,
        directory: &Path,
        number: u64,
        claim: &dyn Fn() -> Result<(), StoreError>,
    ) -> Result<Postgres, StoreError> {
        Postgres::open_with(address, directory, number, Some(claim))
    }

    fn open_with(
        address: PostgresAddress,
        directory: &Path,
        number: u64,
        claim: Option<&dyn Fn() -> Result<(), StoreError>>,
    ) -> Result<Postgres, StoreError> {
        make_private_directory(directory)?;
        let lock = lock(directory)?;
        claim.map_or(Ok(()), |claim| claim())?;
        let server = server_name(directory, number)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store-postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        // Dropped elsewhere than here, a runtime might be dropped by a task of another one.
        let runtime = OwnRuntime(Some(runtime));
        let handle = runtime.handle()?;
        let notices = Notices { hears_of_work: claim.is_some(), ..Notices::default() };
        let connector = Arc::new(Connector::new(address.clone(), handle.clone()));
        let session = connector.first()?;
        migrate::forward(&session)?;
        let writer = |name| PostgresWriter::start(&session, Arc::clone(&connector), name);
        let progress_writer = writer(format!("{server}{OF_PROGRESS}"))?;
        let writer = writer(server.clone())?;
        handle.spawn(listener::listen(address, notices.clone()));
        let (readers, closed) = (Mutex::default(), AtomicBool::new(false));
        let runtime = runtime.into_inner();
        Ok(Postgres {
            connector,
            readers,
            writer,
            progress_writer,
            server,
            notices,
            closed,
            runtime,
            _lock: lock,
        })
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Session>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection on which a read has begun. Those that are kept may have been lost meanwhile.
    fn begin_read(&self) -> Result<Session, StoreError> {
        while let Some(kept) = self.take_reader() {
            match kept.begin(BEGIN_READ) {
                Ok(()) => return Ok(kept),
                Err(error) => {
                    if let Some(since) = kept.unanswered_since() {
                        self.connector.note_silence(since);
                        return Err(error);
                    }
                }
            }
        }
        self.connect_to_read()
    }

    fn take_reader(&self) -> Option<Session> {
        self.readers().pop()
    }

    fn connect_to_read(&self) -> Result<Session, StoreError> {
        let session = self.connector.connect()?;
        session.begin(BEGIN_READ)?;
        Ok(session)
    }

    fn give_back(&self, session: Session) {
        let mut readers = self.readers();
        if readers.len() < READS && !self.closed.load(Ordering::Acquire) {
            readers.push(session);
        }
    }
}

impl Engine for Postgres {
    /// A thread that serves connections must not wait for the network: even single rows are read
    /// on one that may.
    fn read(&self, depth: Depth, work: &mut dyn FnMut(&dyn ReadTx)) -> Result<bool, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable);
        }
        if depth == Depth::Rows {
            return Ok(false);
        }
        let session = self.begin_read()?;
        work(&PostgresTx::new(&session, TxAccess::Read));
        if let Some(since) = session.unanswered_since() {
            self.connector.note_silence(since);
        }
        if session.is_lost() {
            return Err(StoreError::Unavailable);
        }
        if session.batch("COMMIT").is_ok() {
            self.give_back(session);
        }
        Ok(true)
    }

    fn write<'a>(
        &'a self,
        job: Box<dyn WriteJob>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(match job.kind() {
            WriteKind::Progress => self.progress_writer.write(job),
            WriteKind::Brief | WriteKind::Long => self.writer.write(job),
        })
    }

    fn reads_ahead(&self) -> bool {
        true
    }

    fn server(&self) -> &str {
        &self.server
    }

    fn walks_at_a_time(&self) -> usize {
        READS
    }

    /// Not here: the database is not in a directory that somebody could put a copy into.
    fn note_age(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn fill_columns(&self) -> Result<(), StoreError> {
        let session = self.take_reader().map_or_else(|| self.connector.connect(), Ok)?;
        columns::fill(&session)?;
        self.give_back(session);
        Ok(())
    }

    /// Never: what the database lost it does not acknowledge, and it may be back at any time.
    fn stopped(&self) -> Option<String> {
        None
    }

    fn keys_changed(&self) -> Option<Arc<Notify>> {
        Some(Arc::clone(&self.notices.changed_keys))
    }

    fn new_work(&self) -> Arc<Notify> {
        Arc::clone(&self.notices.new_work)
    }

    fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Release);
        self.readers().clear();
        self.progress_writer.close();
        self.writer.close();
        Ok(())
    }

    fn gauges(&self) -> Vec<(&'static str, i64)> {
        let waiting = self.writer.waiting() + self.progress_writer.waiting();
        vec![
            ("store_writes_waiting", i64::try_from(waiting).unwrap_or(i64::MAX)),
            ("store_database_away", i64::from(self.connector.is_away())),
        ]
    }
}

impl Drop for Postgres {
    /// Lets the thread finish what was queued.
    fn drop(&mut self) {
        // Closing this engine cannot fail.
        let _ = Engine::close(self);
        drop(OwnRuntime(self.runtime.take()));
    }
}

/// A runtime that may be dropped anywhere, also by a task of another one.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn handle(&self) -> Result<tokio::runtime::Handle, StoreError> {
        self.0.as_ref().map(|runtime| runtime.handle().clone()).ok_or(StoreError::Unavailable)
    }

    fn into_inner(mut self) -> Option<Runtime> {
        self.0.take()
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The name of the server of this directory, which stays the same over restarts.
fn server_name(directory: &Path, number: u64) -> Result<String, StoreError> {
    let path = directory.join(SERVER_NAME);
    let fault = |error: std::io::Error| {
        StoreError::Engine(format!("cannot use {}: {error}", path.display()))
    };
    match std::fs::read_to_string(&path) {
        Ok(name) => {
            let name = name.trim();
            let fits = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
            if name.is_empty() || !name.chars().all(fits) {
                return Err(fault(std::io::Error::other("it is no name of a server")));
            }
            Ok(name.to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let name = format!("server-{number:016x}");
            private_file::replace(&path, format!("{name}\n").as_bytes()).map_err(fault)?;
            Ok(name)
        }
        Err(error) => Err(fault(error)),
    }
}
