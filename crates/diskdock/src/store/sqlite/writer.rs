//! The thread that writes.
//!
//! It takes every write that waits, up to a bound, and commits them together; when one of them
//! fails, each is run again by itself.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::super::{StoreError, WriteJob};
use super::entity_cache::{CommitDelta, EntityCache};
use super::run;
use super::sqlite_tx::SqliteTx;
use crate::reserve;

/// Writes that wait at most; then callers wait for a place.
const QUEUE: usize = 4_096;
/// Writes in one commit at most.
const BATCH: usize = 256;

/// A thread that owns the writing connection, so that no other thread waits for the disk.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn WriteJob>>>,
    handle: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    /// `directory` is where the reserve lies that may be given up.
    pub fn start(
        connection: Connection,
        kept: Arc<EntityCache>,
        directory: PathBuf,
    ) -> Result<Writer, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let handle = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_until_closed(&connection, &kept, &directory, queue))
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(Writer { jobs: Some(jobs), handle: Some(handle) })
    }

    pub async fn write(&self, job: Box<dyn WriteJob>) {
        let Some(jobs) = &self.jobs else { return job.done(Err(StoreError::Unavailable)) };
        if let Err(refused) = jobs.send(job).await {
            refused.0.done(Err(StoreError::Unavailable));
        }
    }

    pub fn waiting(&self) -> usize {
        self.jobs.as_ref().map_or(0, |jobs| QUEUE - jobs.capacity())
    }
}

impl Drop for Writer {
    /// Lets the thread finish what was queued.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

fn write_until_closed(
    connection: &Connection,
    kept: &EntityCache,
    directory: &Path,
    mut queue: mpsc::Receiver<Box<dyn WriteJob>>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
        // The callers of the last commit get a chance to join this one.
        std::thread::yield_now();
        while batch.len() < BATCH {
            let Ok(job) = queue.try_recv() else { break };
            batch.push(job);
        }
        commit(connection, kept, directory, &mut batch);
    }
}

/// Commits these writes together, or each by itself if that fails, and tells each how it ended.
fn commit(
    connection: &Connection,
    kept: &EntityCache,
    directory: &Path,
    batch: &mut Vec<Box<dyn WriteJob>>,
) {
    let together = in_transaction(connection, kept, |delta| {
        let mut ledgers = batch.iter_mut();
        ledgers.try_for_each(|job| job.run(&mut SqliteTx::writing(connection, kept, delta)))
    });
    for mut job in batch.drain(..) {
        let ended = match &together {
            Ok(()) => Ok(()),
            Err(_) => by_itself(connection, kept, directory, job.as_mut()),
        };
        // What is told after the commit cannot undo it: a panic there is that caller's alone.
        let told = std::panic::catch_unwind(AssertUnwindSafe(|| job.done(ended)));
        if told.is_err() {
            tracing::error!("the callback of a write panicked");
        }
    }
}

/// Commits one write. On a full file system it takes the room that is kept in reserve, which is
/// finite.
fn by_itself(
    connection: &Connection,
    kept: &EntityCache,
    directory: &Path,
    job: &mut dyn WriteJob,
) -> Result<(), StoreError> {
    loop {
        let ended = in_transaction(connection, kept, |delta| {
            job.run(&mut SqliteTx::writing(connection, kept, delta))
        });
        match ended {
            Err(StoreError::Engine(_)) if reserve::give_up(directory) => {}
            ended => return ended,
        }
    }
}

/// A write that panics fails by itself; the writer lives on for all others.
fn in_transaction(
    connection: &Connection,
    kept: &EntityCache,
    work: impl FnOnce(&RefCell<CommitDelta>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    run(connection, "BEGIN IMMEDIATE")?;
    let delta = RefCell::default();
    let worked = std::panic::catch_unwind(AssertUnwindSafe(|| work(&delta)))
        .unwrap_or_else(|_| Err(StoreError::Engine("a write panicked".to_owned())))
        .and_then(|()| kept.publish(delta.take(), || run(connection, "COMMIT")));
    if worked.is_err() && !connection.is_autocommit() {
        // Nothing better can be done if this fails as well; the next BEGIN will say so.
        let _ = run(connection, "ROLLBACK");
    }
    worked
}
