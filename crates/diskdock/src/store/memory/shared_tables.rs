//! The tables with whoever writes to them: one at a time, and each on the thread of its caller,
//! unless it may take long.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::super::{StoreError, WriteJob, WriteKind};
use super::memory_tx::MemoryTx;
use super::tables::Tables;

/// The tables, and the turn to write to them.
pub(super) struct SharedTables {
    tables: RwLock<Tables>,
    turn: Arc<Mutex<()>>,
    /// Writes that run or wait.
    writes: AtomicUsize,
    closed: AtomicBool,
    /// The lock of the directory that goes with them, if one does.
    _lock: Option<File>,
}

impl SharedTables {
    pub(super) fn new(tables: Tables, lock: Option<File>) -> SharedTables {
        SharedTables {
            tables: RwLock::new(tables),
            turn: Arc::default(),
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

    /// Runs a write when its turn comes, and tells it how it ended before the next one runs. One
    /// that has begun goes on if its caller does not wait any more.
    pub(super) async fn write(self: Arc<SharedTables>, job: Box<dyn WriteJob>) {
        let counted = CountedWrite::begin(Arc::clone(&self));
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if self.is_closed() {
            return tell(job, Err(StoreError::Unavailable));
        }
        if job.kind() != WriteKind::Long {
            let (job, ended) = self.write_in_place(job);
            return tell(job, ended);
        }
        let aside = spawn_blocking(move || {
            let (job, ended) = self.write_aside(job);
            tell(job, ended);
            drop((turn, counted));
        });
        // One that did not even begin, since the runtime ends, has no caller left.
        let _ = aside.await;
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

/// Tells a write how it ended. A panic in it cannot undo the write: it concerns its caller alone.
fn tell(job: Box<dyn WriteJob>, ended: Result<(), StoreError>) {
    if catch_unwind(AssertUnwindSafe(|| job.done(ended))).is_err() {
        tracing::error!("the caller of a write panicked");
    }
}

/// A write that runs or waits, counted until it has ended.
struct CountedWrite(Arc<SharedTables>);

impl CountedWrite {
    fn begin(tables: Arc<SharedTables>) -> CountedWrite {
        tables.writes.fetch_add(1, Ordering::Relaxed);
        CountedWrite(tables)
    }
}

impl Drop for CountedWrite {
    fn drop(&mut self) {
        self.0.writes.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A write with how it ended.
type EndedWrite = (Box<dyn WriteJob>, Result<(), StoreError>);

/// Runs a write; one that panics fails by itself.
fn run(job: &mut dyn WriteJob, tx: &mut MemoryTx<&mut Tables>) -> Result<(), StoreError> {
    catch_unwind(AssertUnwindSafe(|| job.run(tx)))
        .unwrap_or_else(|_| Err(StoreError::Engine("a write panicked".to_owned())))
}
