//! The queue of writes, and who commits them: every write that waits, up to a bound, together.
//!
//! Where a commit waits for the disk, a thread of its own makes it. Where it does not, handing over
//! to a thread and back would cost more than the write: then the callers make it in turn.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::super::{StoreError, WriteJob};
use super::Durability;
use super::callers_lane::CallersLane;
use super::committer::Committer;

/// Writes that wait at most; then callers wait for a place.
pub(super) const QUEUE: usize = 4_096;
/// Writes in one commit at most.
pub(super) const BATCH: usize = 256;

/// The queue of writes, by who commits them.
pub(super) enum Writer {
    /// A thread that may wait for the disk.
    Thread(WriterThread),
    /// The callers.
    Callers(Arc<CallersLane>),
}

impl Writer {
    pub(crate) fn start(
        committer: Committer,
        durability: Durability,
    ) -> Result<Writer, StoreError> {
        match durability {
            Durability::Synced => WriterThread::start(committer).map(Writer::Thread),
            Durability::Relaxed | Durability::Ephemeral => {
                Ok(Writer::Callers(Arc::new(CallersLane::new(committer))))
            }
        }
    }

    pub(super) async fn write(&self, job: Box<dyn WriteJob>) {
        match self {
            Writer::Thread(thread) => thread.write(job).await,
            Writer::Callers(lane) => CallersLane::write(lane, job).await,
        }
    }

    /// Waits until what was queued is done and the store is one file.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        match self {
            Writer::Thread(thread) => thread.close(),
            Writer::Callers(lane) => lane.close(),
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        match self {
            Writer::Thread(thread) => thread.waiting(),
            Writer::Callers(lane) => lane.waiting(),
        }
    }
}

/// A request to the thread.
enum WriterTask {
    Write(Box<dyn WriteJob>),
    Close(DoneSender),
}

/// The channel for the result of a task.
type DoneSender = std::sync::mpsc::SyncSender<Result<(), StoreError>>;

/// A thread that owns the writing connection, so that no other thread waits for the disk.
pub(super) struct WriterThread {
    tasks: mpsc::Sender<WriterTask>,
    handle: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl WriterThread {
    fn start(committer: Committer) -> Result<WriterThread, StoreError> {
        let (tasks, queue) = mpsc::channel(QUEUE);
        let handle = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(committer, queue))
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(WriterThread { tasks, handle: Mutex::new(Some(handle)) })
    }

    async fn write(&self, job: Box<dyn WriteJob>) {
        if let Err(mpsc::error::SendError(WriterTask::Write(job))) =
            self.tasks.send(WriterTask::Write(job)).await
        {
            job.done(Err(StoreError::Unavailable));
        }
    }

    fn close(&self) -> Result<(), StoreError> {
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

    fn waiting(&self) -> usize {
        QUEUE - self.tasks.capacity()
    }
}

/// Commits what comes until the queue is closed.
fn run(committer: Committer, mut queue: mpsc::Receiver<WriterTask>) {
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
                    committer.commit(&mut batch);
                    // The caller may have gone away.
                    let _ = told.send(committer.close());
                    return;
                }
            }
        }
        committer.commit(&mut batch);
        committer.shorten_log();
    }
}
