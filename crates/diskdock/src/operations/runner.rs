//! Carries operations out: advances them when they are due, saves how far they came, tries again,
//! and resolves them at their deadline.
//!
//! Jobs are independent: a step that takes long delays no other job. A job's state is saved
//! whenever it has to wait with a state that differs from the saved one, and written off in the
//! transaction that finishes it; a crash therefore repeats the steps since then, which every
//! driver call bears. One run of a job is in [`super::run_job`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::{AccountId, OperationId, Uptime};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::deadline::Deadline;
use super::history::OperationHistory;
use super::jobs::{Job, Jobs, Selected, Selection, TimeLeft};
use super::server_lease::LeaseWatch;
use super::{NewOperation, OperationKind};
use crate::clock::Clock;
use crate::hypervisor::Hypervisor;
use crate::store::{OperationRow, Store, StoreError, WriteTx, owner_of_host};

/// Operations in flight at most; beyond, new work is refused.
pub(crate) const IN_FLIGHT: usize = 100_000;
/// Operations of one account in flight at most, so that no account takes the room of all others.
pub(crate) const IN_FLIGHT_OF_ACCOUNT: usize = 10_000;
/// Operations that are recovered in one transaction.
const RECOVERY_BATCH: u32 = 1_000;

/// How long others wait for operations that are due.
const ADVANCED_WITHIN: Duration = Duration::from_secs(5);

/// Whether another operation can be taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Can be taken on.
    Free,
    /// The account has too many in flight.
    AccountFull,
    /// All accounts together have too many in flight.
    ServerFull,
}

/// The state of a job that is to take a step.
enum Taken {
    /// Waited, and takes a step from now on.
    Waiting(Box<Job>),
    /// Takes a step just now.
    Running,
    /// No longer in flight.
    Ended,
}

/// Numbers worth watching.
#[derive(Debug, Default)]
pub struct Counters {
    /// Operations that ended well.
    pub done: AtomicU64,
    /// Operations that were given up.
    pub given_up: AtomicU64,
    /// Steps that failed and were tried again.
    pub failures: AtomicU64,
}

/// The runner.
pub struct Runner {
    pub(super) store: Arc<Store>,
    pub(super) hypervisor: Arc<dyn Hypervisor>,
    pub(super) clock: Arc<Clock>,
    pub(super) kinds: &'static [OperationKind],
    jobs: Mutex<Jobs>,
    leases: Mutex<LeaseWatch>,
    /// Notified when a job may be due earlier than before.
    changed: Notify,
    /// A run of a job has ended.
    run_ended: Notify,
    is_ready: AtomicBool,
    /// No step is taken any more.
    is_closed: AtomicBool,
    /// Counters for the metrics.
    pub tally: Counters,
    /// The latest ends and events.
    pub(crate) history: OperationHistory,
}

impl Runner {
    /// A runner that knows these kinds of operation.
    pub fn new(
        store: Arc<Store>,
        hypervisor: Arc<dyn Hypervisor>,
        clock: Arc<Clock>,
        kinds: &'static [OperationKind],
    ) -> Runner {
        Runner {
            store,
            hypervisor,
            clock,
            kinds,
            jobs: Mutex::default(),
            leases: Mutex::default(),
            changed: Notify::new(),
            run_ended: Notify::new(),
            is_ready: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            tally: Counters::default(),
            history: OperationHistory::default(),
        }
    }

    /// Whether this server knows its machines and what was in flight: before that, no call is
    /// served.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    pub(super) fn set_ready(&self) {
        self.is_ready.store(true, Ordering::Release);
    }

    /// Whether another operation of this account can be taken on.
    pub fn admission(&self, account: &AccountId) -> Admission {
        let jobs = self.lock();
        if jobs.count() >= IN_FLIGHT {
            Admission::ServerFull
        } else if jobs.count_of(account) >= IN_FLIGHT_OF_ACCOUNT {
            Admission::AccountFull
        } else {
            Admission::Free
        }
    }

    /// Enqueues operations that were just written down. To be called by what
    /// [`Store::write_then`] does after the commit, so that nothing is recovered in between.
    pub fn enqueue(&self, operations: Vec<NewOperation>) {
        let now = self.clock.uptime();
        let mut jobs = self.lock();
        let mut sooner = false;
        for NewOperation { row, operation } in operations {
            let deadline = Deadline::new(operation.timeout(), now);
            sooner |= jobs.add(Job::new(row, operation, deadline, now));
        }
        drop(jobs);
        if sooner {
            self.changed.notify_one();
        }
    }

    /// The name under which this process has its lease and its operations.
    pub(super) fn owner(&self) -> String {
        let host = self.store.term().map(|term| owner_of_host(&term.host));
        host.unwrap_or_else(|| self.store.server().to_owned())
    }

    /// Resumes the operations that this server had in flight when it stopped. Returns their number.
    pub async fn recover(self: &Arc<Self>) -> Result<usize, StoreError> {
        let (mut recovered, mut after) = (0, OperationId(i64::MIN));
        loop {
            let owner = self.owner();
            let find = move |tx: &mut dyn WriteTx| tx.operations_of(&owner, after, RECOVERY_BATCH);
            let (last, count) = self.recover_found(find).await?;
            recovered += count;
            let Some(last) = last else { return Ok(recovered) };
            after = last;
        }
    }

    /// Resumes the operations that a transaction finds; returns the last one and how many are new.
    ///
    /// Operations are enqueued right after the commit, before any other write: those that are
    /// in flight here are left out, and those that have ended were not found.
    pub(super) async fn recover_found<F>(
        self: &Arc<Self>,
        find: F,
    ) -> Result<(Option<OperationId>, usize), StoreError>
    where
        F: FnMut(&mut dyn WriteTx) -> Result<Vec<OperationRow>, StoreError> + Send + 'static,
    {
        let runner = Arc::clone(self);
        let resume = move |rows: Vec<OperationRow>| {
            let last = rows.last().map(|row| row.id);
            (last, rows.into_iter().filter(|row| runner.resume(row.clone())).count())
        };
        let taken = self.store.write_then(find, resume).await?;
        self.changed.notify_one();
        Ok(taken)
    }

    /// Goes on with an operation: it is advanced at once, before its deadline is judged.
    fn resume(&self, row: OperationRow) -> bool {
        let now = self.clock.uptime();
        let mut jobs = self.lock();
        if jobs.knows(row.id) {
            return false;
        }
        match self.restore(&row.kind, &row.state) {
            Ok(operation) => {
                let deadline = Deadline::recovered(operation.timeout(), row.time_used, now);
                jobs.add(Job::new(row, operation, deadline, now));
                true
            }
            Err(reason) => {
                let (kind, id) = (row.kind, row.id.0);
                tracing::error!(kind, id, reason, "cannot resume an operation");
                false
            }
        }
    }

    /// An operation as it was saved.
    pub(super) fn restore(
        &self,
        kind: &str,
        state: &str,
    ) -> Result<Box<dyn super::DynOperation>, String> {
        let known = self.kinds.iter().find(|known| known.name == kind);
        known.map_or_else(
            || Err("this diskdock does not know the kind".to_owned()),
            |known| (known.restore)(state),
        )
    }

    /// Takes no step any more, for good: somebody else has these operations now.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Waits until the steps have ended that were under way when this was closed: each has a
    /// deadline.
    pub(crate) async fn until_still(&self) {
        loop {
            let run_ended = self.run_ended.notified();
            if !self.lock().has_running() {
                return;
            }
            run_ended.await;
        }
    }

    /// Carries out what is due, until it is closed.
    pub(crate) async fn run(self: Arc<Self>) {
        while !self.is_closed() {
            let changed = self.changed.notified();
            self.begin_due().await;
            match self.next_due() {
                Some(due) => {
                    tokio::select! { () = changed => {}, () = self.clock.wait_until(due) => {} }
                }
                None => changed.await,
            }
        }
    }

    /// Carries out what is due, one after the other, until nothing is due any more. For a given
    /// clock: what is due later stays.
    pub async fn drain(&self) {
        loop {
            let due = self.take_due();
            if due.is_empty() {
                return;
            }
            for job in due {
                self.run_job(job).await;
            }
        }
    }

    /// Advances the selected operations now, whenever they are due, and comes back when each was
    /// advanced. Gives those that are still in flight then.
    pub async fn step(&self, selection: &Selection) -> Vec<Selected> {
        for one in self.select(selection) {
            self.step_one(one.id).await;
        }
        self.select(selection)
    }

    /// Waits until each selected operation has been advanced that is due or takes a step just now;
    /// for a while at most.
    pub(super) async fn until_advanced(&self, selection: &Selection) {
        let advanced = async {
            for one in self.select(selection) {
                self.until_idle(one.id).await;
            }
        };
        // What goes on without them is right in any order.
        let _ = timeout(ADVANCED_WITHIN, advanced).await;
    }

    async fn until_idle(&self, id: OperationId) {
        loop {
            let run_ended = self.run_ended.notified();
            if !self.lock().is_busy(id, self.clock.uptime()) {
                return;
            }
            run_ended.await;
        }
    }

    /// One run of an operation that begins after this was called.
    async fn step_one(&self, id: OperationId) {
        loop {
            let run_ended = self.run_ended.notified();
            match self.take(id) {
                Taken::Waiting(job) => return self.run_job(*job).await,
                Taken::Running => run_ended.await,
                Taken::Ended => return,
            }
        }
    }

    fn take(&self, id: OperationId) -> Taken {
        let mut jobs = self.lock();
        match jobs.take(id) {
            Some(job) => Taken::Waiting(Box::new(job)),
            None if jobs.knows(id) => Taken::Running,
            None => Taken::Ended,
        }
    }

    /// The selected operations in flight, oldest first.
    pub fn select(&self, selection: &Selection) -> Vec<Selected> {
        self.lock().select(selection)
    }

    /// Makes whatever is selected due at once.
    pub fn wake(&self, selection: &Selection) {
        let now = self.clock.uptime();
        self.lock().wake(selection, now);
        self.changed.notify_one();
    }

    /// Forgets all jobs, as when the store was wiped.
    pub fn drop_in_flight(&self) {
        *self.lock() = Jobs::default();
        self.history.clear();
    }

    /// Whether an operation is in flight here.
    pub(super) fn knows(&self, id: OperationId) -> bool {
        self.lock().knows(id)
    }

    /// How many operations are in flight.
    pub fn in_flight(&self) -> usize {
        self.lock().count()
    }

    /// The operations that wait for something, oldest first.
    pub fn in_flight_rows(&self) -> Vec<OperationRow> {
        self.lock().waiting_rows()
    }

    /// The times of an operation; none if another server carries it out.
    pub fn time_left(&self, id: OperationId) -> Option<TimeLeft> {
        let now = self.clock.uptime();
        self.lock().time_left(id, now)
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    pub(super) fn lease_watch(&self) -> MutexGuard<'_, LeaseWatch> {
        self.leases.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    pub(super) fn take_due(&self) -> Vec<Job> {
        if self.is_closed() {
            return Vec::new();
        }
        let now = self.clock.uptime();
        self.lock().take_due(now)
    }

    fn next_due(&self) -> Option<Uptime> {
        self.lock().next_due()
    }

    /// A run has ended. The rest of the job waits again.
    pub(super) fn give_back(&self, id: OperationId, rest: Option<Job>) {
        let now = self.clock.uptime();
        if self.lock().give_back(id, rest, now) {
            self.changed.notify_one();
        }
        self.run_ended.notify_waiters();
    }
}
