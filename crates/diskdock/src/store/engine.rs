//! The interface of an engine of the store: SQLite, or PostgreSQL.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Notify;

use super::{Prefetch, ReadTx, StoreError, WriteTx};

/// A write that waits for its turn.
pub trait WriteJob: Send {
    /// Does the work; runs again after a lost race. `Err` undoes all it did.
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), StoreError>;
    /// The rows that it is going to look at, as far as that is known.
    fn prefetch(&self) -> Option<&Prefetch> {
        None
    }
    /// Which kind of write it is.
    fn kind(&self) -> WriteKind {
        WriteKind::Long
    }
    /// How it ended. `Ok` means that it is as durable as the store was asked to be.
    fn done(self: Box<Self>, ended: Result<(), StoreError>);
    /// The engine cannot tell for now whether it was written, and goes on asking: the caller
    /// waits no longer. [`WriteJob::done`] still comes, and does what is to be done after a commit.
    fn leave(&mut self);
}

/// A kind of write, by who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteKind {
    /// It may touch many rows.
    Long,
    /// It touches few rows, so that it may run where others wait for it.
    Brief,
    /// The same for the progress of an operation, which no caller waits for, and after which
    /// nothing is done: where writes cost a wait, calls need not wait for this one.
    Progress,
}

/// How far a read may go, which bounds how long it holds the thread it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Single rows, each by its key: a matter of microseconds.
    Rows,
    /// Walks over lists as well, which take as long as the lists are.
    Lists,
}

/// A read's depth, and whether it asked for more.
pub(super) struct DepthLimit {
    depth: Depth,
    exceeded: Cell<bool>,
}

impl DepthLimit {
    pub(super) fn new(depth: Depth) -> DepthLimit {
        DepthLimit { depth, exceeded: Cell::new(false) }
    }

    /// Whether something was asked for that is deeper than allowed.
    pub(super) fn exceeded(&self) -> bool {
        self.exceeded.get()
    }

    /// To be asked before a list is walked.
    pub(super) fn allow_lists(&self) -> Result<(), StoreError> {
        if self.depth == Depth::Lists {
            return Ok(());
        }
        self.exceeded.set(true);
        Err(StoreError::Unavailable)
    }
}

/// An engine: runs reads on the calling thread and queues writes.
pub trait Engine: Send + Sync {
    /// Runs a read on a consistent view; more than once, if the first view turns out not to be.
    /// False if it wanted more than `depth` allows: then nothing that it found counts.
    fn read(&self, depth: Depth, work: &mut dyn FnMut(&dyn ReadTx)) -> Result<bool, StoreError>;
    /// Queues a write; waits while the queue is full.
    fn write<'a>(&'a self, job: Box<dyn WriteJob>)
    -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
    /// A copy of the store as it is now, which keeps nothing; none where copies are made of files.
    fn fork(&self) -> Option<Arc<dyn Engine>> {
        None
    }
    /// Whether it reads ahead what a write is going to look at, so that it is worth saying.
    fn reads_ahead(&self) -> bool {
        false
    }
    /// The name under which this process holds its lease and its operations.
    fn server(&self) -> &str;
    /// Walks over lists that may run at a time.
    fn walks_at_a_time(&self) -> usize;
    /// Is notified when another server may have changed the access keys; none if no other can.
    fn keys_changed(&self) -> Option<Arc<Notify>>;
    /// Is notified when operations may wait for hosts. Nothing may rely on it: a notification can
    /// be lost.
    fn new_work(&self) -> Arc<Notify> {
        Arc::default()
    }
    /// Why the engine takes no more writes, if it does not: a sync failed, the file is damaged, or
    /// the database cannot be reached.
    fn stopped(&self) -> Option<String>;
    /// Notes how far the store has come where a later start looks, so that it refuses an older copy
    /// of the store. Waits for the disk.
    fn note_age(&self) -> Result<(), StoreError>;
    /// Brings what resources are found by to what they are, where a server of the version before
    /// has changed them that does not know all of it. Waits for the database.
    fn fill_columns(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// Ends well: does what is queued; SQLite leaves the whole state in one file. Whatever comes
    /// afterwards is refused. Waits for the disk.
    fn close(&self) -> Result<(), StoreError>;
    /// Sizes worth watching, by name.
    fn gauges(&self) -> Vec<(&'static str, i64)>;
}
