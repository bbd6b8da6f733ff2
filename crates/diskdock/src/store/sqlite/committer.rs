//! Commits: several writes in one transaction; when one of them fails, each is run again by itself.
//! When the engine itself breaks, nothing is committed any more.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::super::{StoreError, WriteJob};
use super::entity_cache::{CommitDelta, EntityCache};
use super::health::Health;
use super::sqlite_tx::SqliteTx;
use super::{Durability, engine, identity, run};
use crate::reserve;

/// Pages of the write-ahead log after which it is written back into the store.
const LONG_LOG: i32 = 4_000;

/// The writing connection with what a commit concerns.
pub(super) struct Committer {
    connection: Connection,
    cache: Arc<EntityCache>,
    health: Arc<Health>,
    directory: PathBuf,
    durability: Durability,
    /// The state of the file when this connection changed it last, as SQLite counts it.
    seen: Cell<Option<i64>>,
    /// Pages in the write-ahead log after the last commit.
    log_pages: Cell<i32>,
}

thread_local! {
    /// Pages in the write-ahead log, as SQLite told this thread after its last commit.
    static LOG_PAGES: Cell<i32> = const { Cell::new(0) };
}

fn note_log_pages(_: &mut Wal, pages: c_int) -> rusqlite::Result<()> {
    LOG_PAGES.set(pages);
    Ok(())
}

impl Committer {
    pub(super) fn new(
        mut connection: Connection,
        cache: Arc<EntityCache>,
        health: Arc<Health>,
        (directory, durability): (PathBuf, Durability),
    ) -> Result<Committer, StoreError> {
        connection.wal_hook(Some(note_log_pages)).map_err(engine)?;
        let (seen, log_pages) = (Cell::new(None), Cell::new(0));
        Ok(Committer { connection, cache, health, directory, durability, seen, log_pages })
    }

    /// Commits these writes together, or each by itself if that fails, and tells each how it
    /// ended.
    pub(super) fn commit(&self, batch: &mut Vec<Box<dyn WriteJob>>) {
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
        let can_be_for_room = |error: &StoreError| matches!(error, StoreError::Engine(_));
        reserve::write_with(&self.directory, can_be_for_room, || {
            self.in_transaction(|delta| {
                job.run(&mut SqliteTx::writing(&self.connection, &self.cache, delta))
            })
        })
    }

    /// A write that panics fails by itself; the writer lives on for all others.
    fn in_transaction(
        &self,
        work: impl FnOnce(&RefCell<CommitDelta>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.health.allow_writes()?;
        LOG_PAGES.set(self.log_pages.get());
        let begun = self.begin();
        self.health.note(begun)?;
        let delta = RefCell::default();
        let worked = std::panic::catch_unwind(AssertUnwindSafe(|| work(&delta)))
            .unwrap_or_else(|_| Err(StoreError::Engine("a write panicked".to_owned())))
            .and_then(|()| self.cache.publish(delta.take(), || run(&self.connection, "COMMIT")));
        self.log_pages.set(LOG_PAGES.get());
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
            self.cache.clear();
        }
        Ok(())
    }

    /// Whether the log is so long that it should be written back into the store.
    pub(super) fn has_long_log(&self) -> bool {
        self.log_pages.get() >= LONG_LOG && self.health.stopped().is_none()
    }

    /// Writes a long log back into the store. SQLite would do so by itself, and pass over errors.
    pub(super) fn shorten_log(&self) {
        if !self.has_long_log() {
            return;
        }
        let done = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        // Pages that readers still need stay in the log until the next time.
        if let Err(error) = self.health.note(done.map_err(engine)) {
            tracing::error!(%error, "cannot write the log back into the store");
        }
    }

    /// Leaves the whole state in one file.
    pub(super) fn close(self) -> Result<(), StoreError> {
        let Committer { connection, health, directory, durability, .. } = self;
        let closed = health.allow_writes().and_then(|()| {
            // A copy that was made while the server ran is older than what it leaves.
            if durability.outlives_process()
                && let Err(error) = identity::count_up(&connection, &directory, durability)
            {
                tracing::warn!(%error, "an older copy of the store will not be noticed");
            }
            let done =
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
            match health.note(done.map_err(engine))? {
                0 => Ok(()),
                busy => Err(StoreError::Engine(format!("a read was not finished ({busy})"))),
            }
        });
        closed.and_then(|()| connection.close().map_err(|(_, error)| engine(error)))
    }
}
