//! The tables with whoever writes to them: one at a time, and each on the thread of its caller,
//! unless it may take long.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::super::{StoreError, WriteJob};
use super::memory_tx::MemoryTx;
use super::tables::Tables;

/// The tables, and the turn to write to them.
pub(super) struct SharedTables {
    tables: RwLock<Tables>,
    turn: Mutex<()>,
    /// Writes that run or wait.
    writes: AtomicUsize,
    closed: AtomicBool,
    /// The lock of the directory that goes with them.
    _lock: File,
}

impl SharedTables {
    pub(super) fn new(tables: Tables, lock: File) -> SharedTables {
        SharedTables {
            tables: RwLock::new(tables),
            turn: Mutex::default(),
            writes: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            _lock: lock,
        }
    }

    pub(super) fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Refuses whatever comes from now on.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    /// Runs a write when its turn comes, and tells it how it ended.
    pub(super) async fn write(self: Arc<SharedTables>, job: Box<dyn WriteJob>) {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let turn = self.turn.lock().await;
        let ended = if self.is_closed() {
            Some((job, Err(StoreError::Unavailable)))
        } else if job.is_brief() {
            Some(self.write_in_place(job))
        } else {
            let own = Arc::clone(&self);
            spawn_blocking(move || own.write_aside(job)).await.ok()
        };
        drop(turn);
        self.writes.fetch_sub(1, Ordering::Relaxed);
        // A write whose thread was not even begun, since the runtime ends, has no caller left.
        let Some((job, ended)) = ended else { return };
        // A callback after the write cannot undo it: a panic in it concerns its caller alone.
        if catch_unwind(AssertUnwindSafe(|| job.done(ended))).is_err() {
            tracing::error!("the caller of a write panicked");
        }
    }

    /// Runs a write of few rows, and undoes it step by step if it fails.
    fn write_in_place(&self, mut job: Box<dyn WriteJob>) -> EndedWrite {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let mut tx = MemoryTx::undoable(&mut tables);
        let ended = run(job.as_mut(), &mut tx);
        if ended.is_err() {
            tx.undo();
        }
        (job, ended)
    }

    /// Runs a write that may take long on a copy of the tables, which takes their place if it
    /// succeeds: reads go on meanwhile.
    fn write_aside(&self, mut job: Box<dyn WriteJob>) -> EndedWrite {
        let mut copy = self.tables().clone();
        let ended = run(job.as_mut(), &mut MemoryTx::writing(&mut copy));
        if ended.is_ok() {
            let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *tables, &mut copy);
        }
        // What nobody needs any more is freed without the lock.
        drop(copy);
        (job, ended)
    }
}

/// A write with how it ended.
type EndedWrite = (Box<dyn WriteJob>, Result<(), StoreError>);

/// Runs a write; one that panics fails by itself.
fn run(job: &mut dyn WriteJob, tx: &mut MemoryTx<&mut Tables>) -> Result<(), StoreError> {
    catch_unwind(AssertUnwindSafe(|| job.run(tx)))
        .unwrap_or_else(|_| Err(StoreError::Engine("a write panicked".to_owned())))
}
