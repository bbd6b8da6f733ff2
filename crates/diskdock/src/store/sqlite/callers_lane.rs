//! Commits that the callers make in turn, for a store whose commits wait for no disk.
//!
//! The first caller that finds nobody committing starts a task that does, once all callers that are
//! ready have queued their writes: so one commit holds what one round of the runtime has brought,
//! and no thread waits for another. Long writes and long logs go to a thread that may block, and so
//! do many writes at once: while it commits, all threads of the runtime serve.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{spawn_blocking, yield_now};

use super::super::{StoreError, WriteJob, WriteKind};
use super::committer::Committer;
use super::writer::{BATCH, QUEUE};

/// Writes at once from which handing them to another thread costs less than what it keeps free.
const MANY: usize = 24;

/// Rounds of the runtime at most for which a commit waits while each brings it more.
const ROUNDS: usize = 4;

/// The queue, and the turn to commit.
pub(super) struct CallersLane {
    queue: Mutex<QueuedWrites>,
    places: Semaphore,
    /// Gone when the store is closed.
    committer: Mutex<Option<Committer>>,
    /// Whether somebody commits, or is about to.
    is_led: AtomicBool,
}

#[derive(Default)]
struct QueuedWrites {
    jobs: Vec<Box<dyn WriteJob>>,
    /// The log is to be shortened.
    has_long_log: bool,
}

impl CallersLane {
    pub(super) fn new(committer: Committer) -> CallersLane {
        CallersLane {
            queue: Mutex::default(),
            places: Semaphore::new(QUEUE),
            committer: Mutex::new(Some(committer)),
            is_led: AtomicBool::new(false),
        }
    }

    pub(super) async fn write(lane: &Arc<CallersLane>, job: Box<dyn WriteJob>) {
        match lane.places.acquire().await {
            // Given back when the write is taken from the queue.
            Ok(place) => place.forget(),
            Err(_) => return job.done(Err(StoreError::Unavailable)),
        }
        lane.queue().jobs.push(job);
        CallersLane::lead(lane);
    }

    /// Commits what is queued until nothing is left, unless somebody does so already.
    fn lead(lane: &Arc<CallersLane>) {
        if lane.is_led.swap(true, Ordering::AcqRel) {
            return;
        }
        let turn = Turn { lane: Arc::clone(lane), is_over: false };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(turn.take())),
            Err(_) => turn.take_blocking(),
        }
    }

    /// Commits up to a bound. A thread that may block shortens the log as well.
    fn commit_some(&self, may_block: bool) {
        let committer = self.committer();
        let mut jobs = {
            let mut queue = self.queue();
            let some = queue.jobs.len().min(BATCH);
            let rest = queue.jobs.split_off(some);
            std::mem::replace(&mut queue.jobs, rest)
        };
        self.places.add_permits(jobs.len());
        match &*committer {
            Some(committer) => {
                committer.commit(&mut jobs);
                if may_block {
                    committer.shorten_log();
                }
                self.queue().has_long_log = !may_block && committer.has_long_log();
            }
            None => {
                refuse(jobs);
                self.queue().has_long_log = false;
            }
        }
    }

    /// Commits until nothing is queued, on a thread that may block.
    fn commit_all(&self) {
        while !self.is_empty() {
            self.commit_some(true);
        }
    }

    /// Whether what is queued should be done where it may take long.
    fn takes_long(&self) -> bool {
        let queue = self.queue();
        let is_long = queue.jobs.iter().any(|job| job.kind() == WriteKind::Long);
        queue.has_long_log || queue.jobs.len() >= MANY || is_long
    }

    fn is_empty(&self) -> bool {
        let queue = self.queue();
        queue.jobs.is_empty() && !queue.has_long_log
    }

    /// Does what is queued, leaves the whole state in one file, and refuses the rest.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        self.places.close();
        let mut committer = self.committer();
        let Some(committer) = committer.take() else { return Ok(()) };
        let mut jobs = std::mem::take(&mut self.queue().jobs);
        committer.commit(&mut jobs);
        let closed = committer.close();
        refuse(std::mem::take(&mut self.queue().jobs));
        closed
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue().jobs.len()
    }

    fn queue(&self) -> MutexGuard<'_, QueuedWrites> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committer(&self) -> MutexGuard<'_, Option<Committer>> {
        self.committer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refuse(jobs: Vec<Box<dyn WriteJob>>) {
    for job in jobs {
        job.done(Err(StoreError::Unavailable));
    }
}

/// The turn to commit; over when this is dropped, also by a runtime that ends.
struct Turn {
    lane: Arc<CallersLane>,
    is_over: bool,
}

impl Turn {
    async fn take(mut self) {
        loop {
            self.gather().await;
            if self.lane.takes_long() {
                let lane = Arc::clone(&self.lane);
                let done = spawn_blocking(move || lane.commit_all()).await;
                if let Err(error) = done {
                    tracing::error!(%error, "a commit panicked");
                }
            } else {
                self.lane.commit_some(false);
            }
            if self.ends() {
                return;
            }
        }
    }

    /// Lets all that is ready by now join the commit, again as long as more has come.
    async fn gather(&self) {
        let mut queued = 0;
        for _ in 0..ROUNDS {
            yield_now().await;
            let before = std::mem::replace(&mut queued, self.lane.waiting());
            if queued <= before.max(1) || queued >= MANY {
                return;
            }
        }
    }

    /// The same outside of a runtime.
    fn take_blocking(mut self) {
        loop {
            self.lane.commit_all();
            if self.ends() {
                return;
            }
        }
    }

    /// Whether nothing is left to do: then the turn is somebody else's.
    fn ends(&mut self) -> bool {
        let lane = &self.lane;
        if !lane.is_empty() {
            return false;
        }
        lane.is_led.store(false, Ordering::Release);
        // A write that was queued in between has found the turn taken.
        self.is_over = lane.is_empty() || lane.is_led.swap(true, Ordering::AcqRel);
        self.is_over
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            self.lane.is_led.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use rusqlite::Connection;

    use super::super::Durability;
    use super::*;

    #[test]
    fn commit_all_ends_after_a_close_before_a_long_log_was_shortened() {
        let connection = Connection::open_in_memory().unwrap();
        let (cache, health) = (Arc::default(), Arc::default());
        let place = (".".into(), Durability::Ephemeral);
        let committer = Committer::new(connection, cache, health, place).unwrap();
        let lane = Arc::new(CallersLane::new(committer));
        lane.queue().has_long_log = true;
        lane.close().unwrap();
        let (sender, ended) = mpsc::channel();
        let elsewhere = Arc::clone(&lane);
        std::thread::spawn(move || {
            elsewhere.commit_all();
            sender.send(()).unwrap();
        });
        ended.recv_timeout(Duration::from_secs(10)).expect("nothing is left to commit");
        assert!(lane.is_empty());
    }
}
