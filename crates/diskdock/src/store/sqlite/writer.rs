//! The thread that writes.
//!
//! It takes every write that waits, up to a bound, and commits them together; when one of them
//! fails, each is run again by itself. When the engine itself breaks, it commits nothing any more.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use tokio::sync::mpsc;

use super::super::{StoreError, WriteJob};
use super::entity_cache::{CommitDelta, EntityCache};
use super::health::Health;
use super::sqlite_tx::SqliteTx;
use super::{engine, run};
use crate::reserve;

/// Writes that wait at most; then callers wait for a place.
const QUEUE: usize = 4_096;
/// Writes in one commit at most.
const BATCH: usize = 256;
/// Pages of the write-ahead log after which it is written back into the store.
const LONG_LOG: i32 = 4_000;

/// A request to the thread.
enum WriterTask {
    Write(Box<dyn WriteJob>),
    Close(DoneSender),
}

/// The channel for the result of a task.
type DoneSender = std::sync::mpsc::SyncSender<Result<(), StoreError>>;

/// A thread that owns the writing connection, so that no other thread waits for the disk.
pub(super) struct Writer {
    tasks: mpsc::Sender<WriterTask>,
    handle: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(
        mut connection: Connection,
        cache: Arc<EntityCache>,
        health: Arc<Health>,
        directory: PathBuf,
    ) -> Result<Writer, StoreError> {
        connection.wal_hook(Some(note_log_pages)).map_err(engine)?;
        let (tasks, queue) = mpsc::channel(QUEUE);
        let thread = WriterThread { connection, cache, health, directory, seen: Cell::new(None) };
        let handle = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || thread.run(queue))
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(Writer { tasks, handle: Mutex::new(Some(handle)) })
    }

    pub(super) async fn write(&self, job: Box<dyn WriteJob>) {
        if let Err(mpsc::error::SendError(WriterTask::Write(job))) =
            self.tasks.send(WriterTask::Write(job)).await
        {
            job.done(Err(StoreError::Unavailable));
        }
    }

    /// Waits until what was queued is done and the store is one file.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        let Some(handle) = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let closed = self.ask(WriterTask::Close);
        // A thread that panicked has told standard error why.
        let _ = handle.join();
        closed
    }

    fn ask(&self, task: impl FnOnce(DoneSender) -> WriterTask) -> Result<(), StoreError> {
        let (told, hears) = std::sync::mpsc::sync_channel(1);
        let mut task = task(told);
        // The queue empties within a moment; this thread may wait, but not on the runtime.
        loop {
            match self.tasks.try_send(task) {
                Ok(()) => break,
                Err(mpsc::error::TrySendError::Full(back)) => {
                    task = back;
                    std::thread::yield_now();
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return Err(StoreError::Unavailable),
            }
        }
        hears.recv().unwrap_or(Err(StoreError::Unavailable))
    }

    pub(crate) fn waiting(&self) -> usize {
        QUEUE - self.tasks.capacity()
    }
}

/// The thread's state.
struct WriterThread {
    connection: Connection,
    cache: Arc<EntityCache>,
    health: Arc<Health>,
    directory: PathBuf,
    /// The state of the file when this connection changed it last, as SQLite counts it.
    seen: Cell<Option<i64>>,
}

thread_local! {
    /// Pages in the write-ahead log, as SQLite told this thread after its last commit.
    static LOG_PAGES: Cell<i32> = const { Cell::new(0) };
}

fn note_log_pages(_: &mut Wal, pages: c_int) -> rusqlite::Result<()> {
    LOG_PAGES.set(pages);
    Ok(())
}

impl WriterThread {
    fn run(self, mut queue: mpsc::Receiver<WriterTask>) {
        let mut tasks = Vec::with_capacity(BATCH);
        while queue.blocking_recv_many(&mut tasks, BATCH) > 0 {
            // The callers of the last commit get a chance to join this one.
            std::thread::yield_now();
            while tasks.len() < BATCH {
                let Ok(task) = queue.try_recv() else { break };
                tasks.push(task);
            }
            let mut batch = Vec::with_capacity(tasks.len());
            for task in tasks.drain(..) {
                match task {
                    WriterTask::Write(job) => batch.push(job),
                    WriterTask::Close(told) => {
                        self.commit(&mut batch);
                        return self.close(&told);
                    }
                }
            }
            self.commit(&mut batch);
            self.shorten_log();
        }
    }

    /// Commits these writes together, or each by itself if that fails, and tells each how it
    /// ended.
    fn commit(&self, batch: &mut Vec<Box<dyn WriteJob>>) {
        if batch.is_empty() {
            return;
        }
        let together = self.in_transaction(|delta| {
            let writing = || SqliteTx::writing(&self.connection, &self.cache, delta);
            batch.iter_mut().try_for_each(|job| job.run(&mut writing()))
        });
        for mut job in batch.drain(..) {
            let ended = match &together {
                Ok(()) => Ok(()),
                Err(_) => self.by_itself(job.as_mut()),
            };
            // A callback after the commit cannot undo it: a panic in it concerns its caller alone.
            let told = std::panic::catch_unwind(AssertUnwindSafe(|| job.done(ended)));
            if told.is_err() {
                tracing::error!("the caller of a write panicked");
            }
        }
    }

    /// Commits one write. On a full file system it takes the room that is kept in reserve, which
    /// is finite.
    fn by_itself(&self, job: &mut dyn WriteJob) -> Result<(), StoreError> {
        loop {
            let ended = self.in_transaction(|delta| {
                job.run(&mut SqliteTx::writing(&self.connection, &self.cache, delta))
            });
            match ended {
                Err(StoreError::Engine(_)) if reserve::give_up(&self.directory) => {}
                ended => return ended,
            }
        }
    }

    /// A write that panics fails by itself; the writer lives on for all others.
    fn in_transaction(
        &self,
        work: impl FnOnce(&RefCell<CommitDelta>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.health.allow_writes()?;
        let begun = self.begin();
        self.health.note(begun)?;
        let delta = RefCell::default();
        let worked = std::panic::catch_unwind(AssertUnwindSafe(|| work(&delta)))
            .unwrap_or_else(|_| Err(StoreError::Engine("a write panicked".to_owned())))
            .and_then(|()| self.cache.publish(delta.take(), || run(&self.connection, "COMMIT")));
        if worked.is_err() && !self.connection.is_autocommit() {
            // Nothing better can be done if this fails as well; the next BEGIN will say so.
            let _ = run(&self.connection, "ROLLBACK");
        }
        self.health.note(worked)
    }

    /// Begins a transaction. If another program has changed the file since the last one, nothing
    /// that is kept in memory counts any more.
    fn begin(&self) -> Result<(), StoreError> {
        run(&self.connection, "BEGIN IMMEDIATE")?;
        let mut statement =
            self.connection.prepare_cached("PRAGMA data_version").map_err(engine)?;
        let now = statement.query_row([], |row| row.get(0)).map_err(engine)?;
        if self.seen.replace(Some(now)).is_some_and(|seen| seen != now) {
            tracing::warn!("the store was changed by another program");
            self.cache.forget();
        }
        Ok(())
    }

    /// Writes a long log back into the store. SQLite would do so by itself, and pass over errors.
    fn shorten_log(&self) {
        if LOG_PAGES.get() < LONG_LOG || self.health.stopped().is_some() {
            return;
        }
        let done = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        // Pages that readers still need stay in the log until the next time.
        if let Err(error) = self.health.note(done.map_err(engine)) {
            tracing::error!(%error, "cannot write the log back into the store");
        }
    }

    /// Leaves the whole state in one file.
    fn close(self, told: &DoneSender) {
        let WriterThread { connection, health, .. } = self;
        let closed = health.allow_writes().and_then(|()| {
            let done =
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
            match health.note(done.map_err(engine))? {
                0 => Ok(()),
                busy => Err(StoreError::Engine(format!("a read was not finished ({busy})"))),
            }
        });
        let closed = closed.and_then(|()| connection.close().map_err(|(_, error)| engine(error)));
        // The caller may have gone away.
        let _ = told.send(closed);
    }
}
