//! One run of a job: the steps that follow each other without a wait, and then the save of its
//! state, or the transaction that ends it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use domain::{Disk, DiskId, Instance, InstanceId, OperationId, Uptime};
use tokio::time::timeout;

use super::deadline::Deadline;
use super::jobs::{ConsecutiveFailures, Job, Schedule, Stage};
use super::runner::Runner;
use super::{DynOperation, Outcome, StepContext, TransientError};
use crate::failpoint;
use crate::hypervisor::{Progress, on_behalf_of};
use crate::store::{OperationRow, Prefetch, StoreError, StoredEntity, WriteTx};

/// Steps that follow each other without waiting, at most, before others get their turn.
const STEPS_AT_ONCE: usize = 16;
/// How long one step may take; a driver that is silent for longer is asked again.
const STEP_DEADLINE: Duration = Duration::from_secs(60);
/// How long the runner waits before it writes an end down again, in milliseconds.
const WRITE_AGAIN_MS: i64 = 1_000;

/// How a step ended, for the runner.
enum Stepped {
    Waits,
    Ends(Outcome),
}

impl Runner {
    /// One run of a job.
    pub(super) async fn run_job(&self, job: Job) {
        let mut guard = JobGuard { runner: self, id: job.row.id, rest: None };
        guard.rest = self.steps(job).await;
    }

    async fn steps(&self, mut job: Job) -> Option<Job> {
        for _ in 0..STEPS_AT_ONCE {
            if self.is_closed() {
                return None;
            }
            let operation = match job.stage {
                Stage::Advancing(operation) => operation,
                Stage::Finishing(operation, outcome) => {
                    return self.finish(job.row, job.schedule, operation, outcome).await;
                }
            };
            let now = self.clock.uptime();
            job.schedule.deadline.count(now);
            let (stepped, operation) =
                self.step_once(operation, &mut job.row, &mut job.schedule, now).await;
            // The deadline is checked only after a step, so that finished work never times out.
            let outcome = match stepped {
                Stepped::Waits if !job.schedule.deadline.has_passed() => {
                    return self.save_if_changed(job.row, job.schedule, operation).await;
                }
                Stepped::Waits => too_late(&job.row),
                Stepped::Ends(outcome) => outcome,
            };
            job.stage =
                next_stage(operation, &mut job.row, &mut job.schedule.deadline, outcome, now);
        }
        job.schedule.due = self.clock.uptime();
        Some(job)
    }

    async fn step_once(
        &self,
        mut operation: Box<dyn DynOperation>,
        row: &mut OperationRow,
        schedule: &mut Schedule,
        now: Uptime,
    ) -> (Stepped, Box<dyn DynOperation>) {
        let context = StepContext { hypervisor: self.hypervisor.as_ref(), now, store: &self.store };
        row.tries = row.tries.saturating_add(1);
        let step = catch_panic(operation.advance(&context));
        let step = on_behalf_of(row.account.clone(), step);
        let advanced = match timeout(STEP_DEADLINE, step).await {
            Ok(Some(advanced)) => advanced,
            Ok(None) => {
                // The state may be half changed, so the next step starts from the saved one.
                operation = self.restore(&row.kind, &row.state).unwrap_or(operation);
                Err(TransientError("the step panicked".to_owned()))
            }
            Err(_) => Err(TransientError("the hypervisor did not answer in time".to_owned())),
        };
        row.phase = operation.phase().to_owned();
        schedule.failures.count(advanced.is_err());
        let stepped = match advanced {
            Ok(Progress::Done) => Stepped::Ends(Outcome::Done),
            Ok(Progress::Failed(reason)) => Stepped::Ends(Outcome::Failed(reason)),
            Ok(Progress::RetryAfter { after_ms, because }) => {
                self.note(row, because);
                schedule.retry_after(after_ms, now);
                Stepped::Waits
            }
            Ok(Progress::Suspended { after_ms, because }) => {
                self.note(row, because);
                schedule.deadline.suspend();
                schedule.retry_after(after_ms, now);
                Stepped::Waits
            }
            Err(TransientError(cause)) => {
                self.tally.failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(
                    kind = row.kind,
                    id = row.id.0,
                    cause,
                    "a step failed and will be retried"
                );
                self.note(row, cause);
                schedule.retry_after(schedule.failures.pause_ms(), now);
                Stepped::Waits
            }
        };
        (stepped, operation)
    }

    /// Keeps what an operation met with, unless it is what it met with before.
    fn note(&self, row: &mut OperationRow, event: String) {
        if row.last_event != event {
            row.last_event = event;
            self.history.keep_event(row, self.clock.now());
        }
    }

    /// Saves a job that has to wait, if its state is not the saved one or it begins or ceases
    /// to stand still. The time that it uses need not be saved: it follows from the uptime, which
    /// the lease saves.
    async fn save_if_changed(
        &self,
        mut row: OperationRow,
        schedule: Schedule,
        operation: Box<dyn DynOperation>,
    ) -> Option<Job> {
        let state = operation.state();
        let time_used = schedule.deadline.time_used();
        if state != row.state || time_used.is_suspended != row.time_used.is_suspended {
            let saved = OperationRow { state: state.clone(), time_used, ..row.clone() };
            let save = move |tx: &mut dyn WriteTx| tx.save_operation(&saved);
            match self.store.write_progress(Prefetch::default(), save).await {
                Ok(()) => (row.state, row.time_used) = (state, time_used),
                Err(StoreError::LeaseLost) => return None,
                Err(error) if error.is_outage() => {}
                Err(error) => {
                    tracing::error!(%error, id = row.id.0, "cannot save an operation");
                }
            }
        }
        Some(Job { row, stage: Stage::Advancing(operation), schedule })
    }

    /// Writes the end of a job down. A job whose end cannot be written is kept, and tries again.
    async fn finish(
        &self,
        mut row: OperationRow,
        mut schedule: Schedule,
        operation: Arc<dyn DynOperation>,
        outcome: Outcome,
    ) -> Option<Job> {
        let now = self.clock.now();
        if let Outcome::Failed(reason) = &outcome {
            row.last_event.clone_from(reason);
        }
        let row = Arc::new(row);
        let written = (Arc::clone(&row), Arc::clone(&operation), outcome.clone());
        let write = move |tx: &mut dyn WriteTx| {
            let (row, operation, outcome) = &written;
            match outcome {
                Outcome::Done => tx.end_operation(row)?,
                Outcome::Failed(_) => tx.fail_operation(row)?,
            }
            operation.finish(outcome, tx, now)
        };
        failpoint::hit("operation.ending");
        let ahead = self.store.prefetch(|| prefetch(&row));
        match self.store.write_progress(ahead, write).await {
            Ok(()) => {
                failpoint::hit("operation.ended");
                self.count(&row, &outcome);
                self.cancel(&row, &outcome).await;
                None
            }
            Err(StoreError::LeaseLost) => None,
            Err(error) => {
                if !error.is_outage() {
                    tracing::error!(%error, id = row.id.0, "cannot save the end of an operation");
                }
                schedule.due = self.clock.uptime().plus_ms(WRITE_AGAIN_MS);
                schedule.failures = ConsecutiveFailures::default();
                let row = Arc::unwrap_or_clone(row);
                Some(Job { row, stage: Stage::Finishing(operation, outcome), schedule })
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
            tracing::warn!(kind = row.kind, id = row.id.0, cause, "cannot cancel the operation");
        }
    }

    fn count(&self, row: &Arc<OperationRow>, outcome: &Outcome) {
        let now = self.clock.now();
        let took_ms = now.since_ms(row.created_at);
        let reason = match outcome {
            Outcome::Done => None,
            Outcome::Failed(reason) => Some(reason.clone()),
        };
        self.history.keep_end(row, now, reason);
        match outcome {
            Outcome::Done => {
                self.tally.done.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(kind = row.kind, id = row.id.0, took_ms, "operation done");
            }
            Outcome::Failed(reason) => {
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

/// The resource that the end of an operation changes.
fn prefetch(row: &OperationRow) -> Prefetch {
    let ahead = Prefetch::default();
    match (&row.disk, &row.instance) {
        (Some(disk), _) => ahead.resource(Disk::TYPE, disk.as_str()),
        (None, Some(instance)) => ahead.resource(Instance::TYPE, instance.as_str()),
        (None, None) => ahead,
    }
}

impl Schedule {
    /// Due again after a while, and not later than the deadline.
    fn retry_after(&mut self, after_ms: i64, now: Uptime) {
        let after_ms = after_ms.max(1);
        let left_ms = self.deadline.left_ms().unwrap_or(after_ms);
        self.due = now.plus_ms(after_ms.min(left_ms));
    }
}

/// The deadline has passed, and the last look has shown that it is not as it should be.
fn too_late(row: &OperationRow) -> Outcome {
    Outcome::Failed(format!("given up at the deadline; last: {}", row.last_event))
}

/// An end is written down, unless something has to be compensated before.
fn next_stage(
    mut operation: Box<dyn DynOperation>,
    row: &mut OperationRow,
    deadline: &mut Deadline,
    outcome: Outcome,
    now: Uptime,
) -> Stage {
    match &outcome {
        Outcome::Failed(reason) if operation.compensate(reason) => {
            *deadline = Deadline::new(operation.timeout(), now);
            row.last_event.clone_from(reason);
            Stage::Advancing(operation)
        }
        Outcome::Failed(_) | Outcome::Done => Stage::Finishing(operation.into(), outcome),
    }
}

/// The result of a step; none if it panicked, so that its job is not lost.
pub(super) async fn catch_panic<T>(
    mut step: Pin<Box<dyn Future<Output = T> + Send + '_>>,
) -> Option<T> {
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| step.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

/// A job that takes a step. Dropped, also by a panic, the job goes back to those that wait, or
/// leaves them if nothing of it is left.
struct JobGuard<'r> {
    runner: &'r Runner,
    id: OperationId,
    rest: Option<Job>,
}

impl Drop for JobGuard<'_> {
    fn drop(&mut self) {
        self.runner.give_back(self.id, self.rest.take());
    }
}
