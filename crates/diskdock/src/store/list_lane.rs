//! Reads that walk over lists: on threads that may take long, never on those that serve
//! connections, and only so many at a time.
//!
//! A read of single rows takes microseconds and stays on the caller's thread; handing it over
//! would cost more than the read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::engine::{Depth, Engine};
use super::{ReadTx, StoreError};

/// Walks that wait for their turn, at most.
const MOST_WAITING: usize = 1_024;
/// How long a walk waits for its turn before it is answered that the store is busy.
const TURN_TIMEOUT: Duration = Duration::from_secs(20);

/// The lane of reads that walk over lists.
pub(super) struct ListLane {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl ListLane {
    /// A lane for so many walks at a time.
    pub(super) fn new(at_a_time: usize) -> ListLane {
        ListLane { turns: Arc::new(Semaphore::new(at_a_time)), waiting: AtomicUsize::new(0) }
    }

    /// Runs a read when its turn comes.
    pub(super) async fn run<T, E, F>(&self, engine: &Arc<dyn Engine>, mut work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&dyn ReadTx) -> Result<T, E> + Send + 'static,
    {
        let turn = {
            let _waiting = WaitingWalk::begin(&self.waiting)?;
            let turn = Arc::clone(&self.turns).acquire_owned();
            let turn = tokio::time::timeout(TURN_TIMEOUT, turn).await;
            turn.map_err(|_| StoreError::Unavailable)?.map_err(|_| StoreError::Unavailable)?
        };
        let engine = Arc::clone(engine);
        let read = tokio::task::spawn_blocking(move || {
            // Held until the walk has ended, even if the caller no longer waits.
            let _turn = turn;
            read_at(engine.as_ref(), Depth::Lists, &mut work)
        });
        let answer = read.await.map_err(|_| StoreError::Engine("a read panicked".to_owned()))??;
        answer.unwrap_or(Err(StoreError::Unavailable.into()))
    }

    /// Walks that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// One that waits, counted for as long as it does.
struct WaitingWalk<'l>(&'l AtomicUsize);

impl<'l> WaitingWalk<'l> {
    fn begin(waiting: &'l AtomicUsize) -> Result<WaitingWalk<'l>, StoreError> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let begun = WaitingWalk(waiting);
        if before < MOST_WAITING { Ok(begun) } else { Err(StoreError::Unavailable) }
    }
}

impl Drop for WaitingWalk<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs a read on this thread; no answer if it asked for more than this depth allows.
pub(super) fn read_at<T, E>(
    engine: &dyn Engine,
    depth: Depth,
    work: &mut impl FnMut(&dyn ReadTx) -> Result<T, E>,
) -> Result<Option<Result<T, E>>, StoreError> {
    let mut answer = None;
    let sufficed = engine.read(depth, &mut |tx| answer = Some(work(tx)))?;
    Ok(answer.filter(|_| sufficed))
}
