//! Carries operations out: advances them when they are due, saves how far they came, tries again,
//! and resolves them at their deadline.
//!
//! Jobs are independent: a step that takes long delays no other job. A job's state is saved
//! whenever it has to wait with a state that differs from the saved one, and written off in the
//! transaction that finishes it; a crash therefore repeats the steps since then, which every
//! driver call bears.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::{DiskId, InstanceId, Moment, OperationId};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::jobs::{ConsecutiveFailures, Job, Jobs, Stage, go_on, next_stage, too_late};
use super::{DynOperation, Kind, NewOperation, Outcome, StepContext, Timeout, TransientError};
use crate::clock::Clock;
use crate::failpoint;
use crate::hypervisor::{Hypervisor, Progress};
use crate::store::{OperationRow, Store, StoreError};

/// Jobs in flight at most; beyond, new work is refused at the door.
pub const IN_FLIGHT: usize = 100_000;
/// How long a server has an operation to itself, in seconds. Renewed three times as often.
pub(super) const LEASE_S: i64 = 60;
/// Steps that follow each other without waiting, at most, before others get their turn.
const STEPS_AT_ONCE: usize = 16;
/// How long one step may take; a driver that is silent for longer is asked again.
const STEP_DEADLINE: Duration = Duration::from_secs(60);
/// How long the runner waits before it writes an end down again, in milliseconds.
const WRITE_AGAIN_MS: i64 = 1_000;

/// The name under which this server holds leases. With SQLite there is one server to a data
/// directory, so the name stays the same over restarts and work goes on at once.
pub const SERVER: &str = "local";

/// Numbers worth watching.
#[derive(Debug, Default)]
pub struct Tally {
    /// Operations that ended well.
    pub done: AtomicU64,
    /// Operations that were given up.
    pub given_up: AtomicU64,
    /// Steps that failed and were tried again.
    pub failures: AtomicU64,
}

/// The runner.
pub struct Runner {
    store: Arc<Store>,
    hypervisor: Arc<dyn Hypervisor>,
    clock: Arc<Clock>,
    kinds: &'static [Kind],
    jobs: Mutex<Jobs>,
    changed: Notify,
    /// Numbers worth watching.
    pub tally: Tally,
}

impl Runner {
    /// A runner that knows these kinds of operation.
    pub fn new(
        store: Arc<Store>,
        hypervisor: Arc<dyn Hypervisor>,
        clock: Arc<Clock>,
        kinds: &'static [Kind],
    ) -> Runner {
        let (jobs, changed, tally) = (Mutex::default(), Notify::new(), Tally::default());
        Runner { store, hypervisor, clock, kinds, jobs, changed, tally }
    }

    /// Takes in operations that were just written down. To be called by what
    /// [`Store::write_then`] does after the commit, so that no claim can come in between.
    pub fn enqueue(&self, operations: Vec<NewOperation>) {
        let mut jobs = self.lock();
        let mut sooner = false;
        for NewOperation { row, running } in operations {
            sooner |= jobs.put(Job::new(row, running));
        }
        drop(jobs);
        if sooner {
            self.changed.notify_one();
        }
    }

    /// Takes over what was in flight when a server stopped, and renews the leases of its own.
    ///
    /// What it finds is taken in right after the commit, before any other write: what is in hand
    /// is known to be, and what has ended was not found.
    pub async fn claim(self: &Arc<Self>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let claim = move |tx: &mut dyn crate::store::WriteTx| {
            tx.claim_operations(SERVER, now, now.plus_s(LEASE_S))
        };
        let runner = Arc::clone(self);
        let resume = move |rows: Vec<OperationRow>| {
            rows.into_iter().filter(|row| runner.resume(row.clone())).count()
        };
        let claimed = self.store.write_then(claim, resume).await?;
        self.changed.notify_one();
        Ok(claimed)
    }

    fn resume(&self, mut row: OperationRow) -> bool {
        // What it waited for may have come meanwhile, and the clock may have gone back.
        let now = self.clock.now();
        row.next_at = row.next_at.min(now);
        let mut jobs = self.lock();
        if jobs.knows(row.id) {
            return false;
        }
        let kind = self.kinds.iter().find(|kind| kind.name == row.kind);
        let restored = kind.map_or_else(
            || Err("this diskdock does not know the kind".to_owned()),
            |kind| (kind.restore)(&row.state),
        );
        match restored {
            Ok(running) => {
                give_time_anew(&mut row, running.timeout(), now);
                jobs.put(Job::new(row, running));
            }
            Err(reason) => {
                tracing::error!(
                    kind = row.kind,
                    id = row.id.0,
                    reason,
                    "cannot resume an operation"
                );
                return false;
            }
        }
        true
    }

    /// Carries out what is due, for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            let changed = self.changed.notified();
            for job in self.take_due() {
                let runner = Arc::clone(&self);
                tokio::spawn(async move { runner.turn(job).await });
            }
            match self.next_due() {
                Some(moment) => {
                    tokio::select! { () = changed => {}, () = self.clock.wait_until(moment) => {} }
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
                self.turn(job).await;
            }
        }
    }

    /// Looks at once at whatever concerns this disk or this instance; at everything for neither.
    pub fn wake(&self, disk: Option<&DiskId>, instance: Option<&InstanceId>) {
        let now = self.clock.now();
        self.lock().wake(disk, instance, now);
        self.changed.notify_one();
    }

    /// Forgets all jobs, as when the store was wiped.
    pub fn forget_all(&self) {
        *self.lock() = Jobs::default();
    }

    /// How many operations are in flight.
    pub fn in_flight(&self) -> usize {
        self.lock().count()
    }

    /// The operations that wait for something, oldest first.
    pub fn in_flight_rows(&self) -> Vec<OperationRow> {
        self.lock().waiting_rows()
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    fn take_due(&self) -> Vec<Job> {
        let now = self.clock.now();
        self.lock().take_due(now)
    }

    fn next_due(&self) -> Option<Moment> {
        self.lock().next_due()
    }

    /// One turn of a job: as many steps as follow each other at once, then back to waiting.
    async fn turn(&self, job: Job) {
        let mut in_hand = InHand { runner: self, id: job.row.id, rest: None };
        in_hand.rest = self.steps(job).await;
    }

    async fn steps(&self, mut job: Job) -> Option<Job> {
        for _ in 0..STEPS_AT_ONCE {
            let now = self.clock.now();
            let running = match job.stage {
                Stage::Advancing(running) => running,
                Stage::Outcome(running, outcome) => {
                    return self.finish(job.row, running, outcome).await;
                }
            };
            go_on(&mut job.row, now);
            let (stepped, running) = self.step(running, &mut job.row, &mut job.failures, now).await;
            let late = now >= job.row.deadline_at && job.row.standing_since.is_none();
            let outcome = match stepped {
                Stepped::Waits if !late => {
                    return self.save_if_changed(job.row, running, job.failures).await;
                }
                Stepped::Waits => too_late(&job.row),
                Stepped::Ends(outcome) => outcome,
            };
            job.stage = next_stage(running, &mut job.row, outcome, now);
        }
        job.row.next_at = self.clock.now();
        Some(job)
    }

    async fn step(
        &self,
        mut running: Box<dyn DynOperation>,
        row: &mut OperationRow,
        failures: &mut ConsecutiveFailures,
        now: Moment,
    ) -> (Stepped, Box<dyn DynOperation>) {
        let context = StepContext { hypervisor: self.hypervisor.as_ref(), now };
        row.tries = row.tries.saturating_add(1);
        let progress = match timeout(STEP_DEADLINE, running.advance(&context)).await {
            Ok(progress) => progress,
            Err(_) => Err(TransientError("the hypervisor did not answer in time".to_owned())),
        };
        row.phase = running.phase().to_owned();
        failures.count(progress.is_err());
        let stepped = match progress {
            Ok(Progress::Done) => Stepped::Ends(Outcome::Done),
            Ok(Progress::Failed(reason)) => Stepped::Ends(Outcome::GaveUp(reason)),
            Ok(Progress::RetryAfter { after_ms, because }) => {
                row.last_event = because;
                row.standing_since = None;
                row.next_at = now.plus_ms(after_ms.max(1)).min(row.deadline_at);
                Stepped::Waits
            }
            Ok(Progress::Suspended { after_ms, because }) => {
                row.last_event = because;
                row.standing_since = Some(now);
                row.next_at = now.plus_ms(after_ms.max(1));
                Stepped::Waits
            }
            Err(TransientError(cause)) => {
                self.tally.failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(kind = row.kind, id = row.id.0, cause, "a step failed");
                row.last_event = cause;
                row.next_at = now.plus_ms(failures.pause_ms()).min(row.deadline_at);
                Stepped::Waits
            }
        };
        (stepped, running)
    }

    /// Saves a job that has to wait, if its state is not the saved one or its deadline moves.
    async fn save_if_changed(
        &self,
        mut row: OperationRow,
        running: Box<dyn DynOperation>,
        failures: ConsecutiveFailures,
    ) -> Option<Job> {
        let state = running.state();
        if state != row.state || row.standing_since.is_some() {
            let saved = OperationRow { state: state.clone(), ..row.clone() };
            match self.store.write(move |tx| tx.save_operation(&saved)).await {
                Ok(()) => row.state = state,
                Err(StoreError::LeaseLost) => return None,
                Err(fault) => {
                    tracing::error!(%fault, id = row.id.0, "cannot save an operation");
                }
            }
        }
        Some(Job { row, stage: Stage::Advancing(running), failures })
    }

    /// Writes the end of a job down. A job whose end cannot be written is kept, and tries again.
    async fn finish(
        &self,
        mut row: OperationRow,
        running: Arc<dyn DynOperation>,
        outcome: Outcome,
    ) -> Option<Job> {
        let now = self.clock.now();
        if let Outcome::GaveUp(reason) = &outcome {
            row.last_event.clone_from(reason);
        }
        let written = (row.clone(), Arc::clone(&running), outcome.clone());
        let write = move |tx: &mut dyn crate::store::WriteTx| {
            let (row, running, outcome) = &written;
            match outcome {
                Outcome::Done => tx.end_operation(row)?,
                Outcome::GaveUp(_) => tx.abandon_operation(row)?,
            }
            running.finish(outcome, tx, now)
        };
        failpoint::hit("operation.ending");
        match self.store.write(write).await {
            Ok(()) => {
                failpoint::hit("operation.ended");
                self.count(&row, &outcome, now);
                self.cancel(&row, &outcome).await;
                None
            }
            Err(StoreError::LeaseLost) => None,
            Err(fault) => {
                tracing::error!(%fault, id = row.id.0, "cannot write the end of an operation");
                row.next_at = now.plus_ms(WRITE_AGAIN_MS);
                let stage = Stage::Outcome(running, outcome);
                Some(Job { row, stage, failures: ConsecutiveFailures::default() })
            }
        }
    }

    /// Tells the driver that what it was asked for is no longer wanted.
    async fn cancel(&self, row: &OperationRow, outcome: &Outcome) {
        if *outcome == Outcome::Done {
            return;
        }
        let (instance, disk) = (row.instance.as_ref(), row.disk.as_ref());
        if let Err(TransientError(cause)) = self.hypervisor.cancel(instance, disk).await {
            tracing::warn!(kind = row.kind, id = row.id.0, cause, "cannot call it off");
        }
    }

    fn count(&self, row: &OperationRow, outcome: &Outcome, now: Moment) {
        let took_ms = now.since_ms(row.created_at);
        match outcome {
            Outcome::Done => {
                self.tally.done.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(kind = row.kind, id = row.id.0, took_ms, "operation done");
            }
            Outcome::GaveUp(reason) => {
                self.tally.given_up.fetch_add(1, Ordering::Relaxed);
                let (disk, instance) = (row.disk.as_ref(), row.instance.as_ref());
                let disk = disk.map_or("", DiskId::as_str);
                let instance = instance.map_or("", InstanceId::as_str);
                let kind = &row.kind;
                tracing::info!(kind, disk, instance, took_ms, reason, "operation given up");
            }
        }
    }
}

/// Time in which no server was looking counts towards no deadline: an operation that is taken up
/// again has half of its time at least, and all of it at most.
fn give_time_anew(row: &mut OperationRow, timeout: Timeout, now: Moment) {
    let whole_s = timeout.give_up_after_s;
    row.standing_since = None;
    row.deadline_at = row.deadline_at.max(now.plus_s(whole_s / 2)).min(now.plus_s(whole_s));
}

/// How a step ended, for the runner.
enum Stepped {
    Waits,
    Ends(Outcome),
}

/// A job that takes a step. Dropped, even by a panic, it is no longer in hand.
struct InHand<'r> {
    runner: &'r Runner,
    id: OperationId,
    rest: Option<Job>,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        let now = self.runner.clock.now();
        if self.runner.lock().give_back(self.id, self.rest.take(), now) {
            self.runner.changed.notify_one();
        }
    }
}
