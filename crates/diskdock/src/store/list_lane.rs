//! Reads that walk over lists: on threads that may take long, never on those that serve
//! connections, and only so many at a time.
//!
//! A read of single rows takes microseconds and stays on the caller's thread; handing it over
//! would cost more than the read.
//!
//! Walks take turns in the order in which they come, but each account has only as many of them in
//! that order as can be under way at a time: an account alone has all turns, and one that sends
//! thousands delays the others by a few walks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::engine::{Depth, Engine};
use super::{ReadTx, StoreError};

/// Walks of accounts that wait for their turn, at most. The server's own, of which there are few,
/// find a place always.
const MOST_WAITING: usize = 1_024;
/// Those of one account.
const MOST_WAITING_OF_ACCOUNT: usize = 256;
/// How long a walk waits for its turn before it is answered that the store is busy.
const TURN_TIMEOUT: Duration = Duration::from_secs(20);

/// The lane of reads that walk over lists.
pub(super) struct ListLane {
    at_a_time: usize,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// The accounts that walk or wait.
    accounts: Mutex<HashMap<AccountId, AccountShare>>,
}

/// The walks of one account.
struct AccountShare {
    /// Places in the order in which walks take turns.
    places: Arc<Semaphore>,
    /// Walks that wait or are under way.
    walks: usize,
}

impl ListLane {
    /// A lane for so many walks at a time.
    pub(super) fn new(at_a_time: usize) -> ListLane {
        ListLane {
            at_a_time,
            turns: Arc::new(Semaphore::new(at_a_time)),
            waiting: AtomicUsize::new(0),
            accounts: Mutex::default(),
        }
    }

    /// Runs a read of an account, or of the server itself, when its turn comes.
    pub(super) async fn run<T, E, F>(
        self: &Arc<ListLane>,
        engine: &Arc<dyn Engine>,
        account: Option<&AccountId>,
        mut work: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&dyn ReadTx) -> Result<T, E> + Send + 'static,
    {
        let turn = {
            let most = if account.is_some() { MOST_WAITING } else { usize::MAX };
            let _waiting = WaitingWalk::begin(&self.waiting, most)?;
            let deadline = Instant::now() + TURN_TIMEOUT;
            let share = account.map(|account| WalkOfAccount::begin(self, account)).transpose()?;
            let place = match &share {
                Some(share) => Some(granted(&share.places, deadline).await?),
                None => None,
            };
            (granted(&self.turns, deadline).await?, place, share)
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

    fn accounts(&self) -> MutexGuard<'_, HashMap<AccountId, AccountShare>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Walks that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A permit of these, waited for until the deadline.
async fn granted(
    permits: &Arc<Semaphore>,
    deadline: Instant,
) -> Result<OwnedSemaphorePermit, StoreError> {
    let permit = tokio::time::timeout_at(deadline, Arc::clone(permits).acquire_owned()).await;
    permit.map_err(|_| StoreError::Unavailable)?.map_err(|_| StoreError::Unavailable)
}

/// A walk of an account, counted until it has ended.
struct WalkOfAccount {
    lane: Arc<ListLane>,
    account: AccountId,
    places: Arc<Semaphore>,
}

impl WalkOfAccount {
    fn begin(lane: &Arc<ListLane>, account: &AccountId) -> Result<WalkOfAccount, StoreError> {
        let mut accounts = lane.accounts();
        let share = accounts.entry(account.clone()).or_insert_with(|| AccountShare {
            places: Arc::new(Semaphore::new(lane.at_a_time)),
            walks: 0,
        });
        if share.walks >= MOST_WAITING_OF_ACCOUNT {
            return Err(StoreError::Unavailable);
        }
        share.walks += 1;
        let places = Arc::clone(&share.places);
        drop(accounts);
        Ok(WalkOfAccount { lane: Arc::clone(lane), account: account.clone(), places })
    }
}

impl Drop for WalkOfAccount {
    fn drop(&mut self) {
        let mut accounts = self.lane.accounts();
        let Some(share) = accounts.get_mut(&self.account) else { return };
        share.walks -= 1;
        if share.walks == 0 {
            accounts.remove(&self.account);
        }
    }
}

/// One that waits, counted for as long as it does.
struct WaitingWalk<'l>(&'l AtomicUsize);

impl<'l> WaitingWalk<'l> {
    fn begin(waiting: &'l AtomicUsize, most: usize) -> Result<WaitingWalk<'l>, StoreError> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let begun = WaitingWalk(waiting);
        if before < most { Ok(begun) } else { Err(StoreError::Unavailable) }
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
