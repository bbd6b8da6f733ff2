//! Carries operations out: advances them when they are due, saves how far they came, tries again,
//! and resolves them at their deadline.
//!
//! Jobs are independent: a step that takes long delays no other job. A job's state is saved
//! whenever it has to wait with a state that differs from the saved one, and written off in the
//! transaction that finishes it; a crash therefore repeats the steps since then, which every
//! driver call bears.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::{AccountId, DiskId, InstanceId, Moment};
use tokio::sync::Notify;

use super::{Ending, Hands, Kind, Progress, Running, Trouble};
use crate::clock::Clock;
use crate::hypervisor::Hypervisor;
use crate::store::{OperationId, OperationRow, Store, StoreFault, Stored};

/// Jobs in flight at most; beyond, new work is refused at the door.
pub const IN_FLIGHT: usize = 100_000;
/// How long a server has an operation to itself, in seconds. Renewed three times as often.
const LEASE_S: i64 = 60;
/// Steps that follow each other without waiting, at most, before others get their turn.
const STEPS_AT_ONCE: usize = 16;
/// The first and the longest pause after trouble, in milliseconds.
const PAUSE_MS: (i64, i64) = (100, 30_000);

/// The name under which this server holds leases. With SQLite there is one server to a data
/// directory, so the name stays the same over restarts and work goes on at once.
pub const SERVER: &str = "local";

/// An operation in this server's hands.
struct Job {
    row: OperationRow,
    stage: Stage,
}

enum Stage {
    /// On its way.
    Advancing(Box<dyn Running>),
    /// At its end, which is still to be written down.
    Ending(Arc<dyn Running>, Ending),
}

/// What there is to see of the work in flight.
pub type Board = Vec<OperationRow>;

/// An operation that an effect started, before it is written down.
pub struct Progressing {
    /// The row to be written with the effect.
    pub row: OperationRow,
    /// The work itself.
    pub running: Box<dyn Running>,
}

impl Progressing {
    /// A new operation.
    pub fn new(
        id: OperationId,
        account: &AccountId,
        running: Box<dyn Running>,
        now: Moment,
    ) -> Progressing {
        let subject = running.subject();
        let row = OperationRow {
            id,
            kind: running.kind().to_owned(),
            account: account.clone(),
            instance: subject.instance,
            disk: subject.disk,
            state: running.state(),
            phase: running.phase().to_owned(),
            tries: 0,
            last_event: "accepted".to_owned(),
            created_at: now,
            next_at: now,
            deadline_at: now.plus_s(running.patience().give_up_after_s),
            lease_owner: SERVER.to_owned(),
            lease_until: now.plus_s(LEASE_S),
        };
        Progressing { row, running }
    }
}

#[derive(Default)]
struct Jobs {
    due: BinaryHeap<Reverse<(Moment, OperationId)>>,
    waiting: HashMap<OperationId, Job>,
    in_hand: usize,
}

/// Numbers worth watching.
#[derive(Debug, Default)]
pub struct Tally {
    /// Operations that ended well.
    pub done: AtomicU64,
    /// Operations that were given up.
    pub given_up: AtomicU64,
    /// Steps that failed and were tried again.
    pub troubles: AtomicU64,
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

    /// Takes in operations that were just written down.
    pub fn take_in(&self, operations: Vec<Progressing>) {
        let mut jobs = self.lock();
        let mut sooner = false;
        for Progressing { row, running } in operations {
            sooner |= jobs.put(Job { row, stage: Stage::Advancing(running) });
        }
        drop(jobs);
        if sooner {
            self.changed.notify_one();
        }
    }

    /// Takes over what was in flight when a server stopped, and renews the leases of its own.
    pub async fn claim(&self) -> Stored<usize> {
        let now = self.clock.now();
        let claim = move |books: &mut dyn crate::store::Books| {
            books.claim_operations(SERVER, now, now.plus_s(LEASE_S))
        };
        let rows = self.store.write(claim).await?;
        let mut claimed = 0;
        for row in rows {
            claimed += usize::from(self.resume(row));
        }
        self.changed.notify_one();
        Ok(claimed)
    }

    fn resume(&self, row: OperationRow) -> bool {
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
                jobs.put(Job { row, stage: Stage::Advancing(running) });
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
    pub async fn settle(&self) {
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
        let mut jobs = self.lock();
        let mut woken = Vec::new();
        for job in jobs.waiting.values_mut() {
            let concerned = disk.is_none_or(|disk| job.row.disk.as_ref() == Some(disk))
                && instance.is_none_or(|instance| job.row.instance.as_ref() == Some(instance));
            if concerned {
                job.row.next_at = now;
                woken.push(Reverse((now, job.row.id)));
            }
        }
        jobs.due.extend(woken);
        drop(jobs);
        self.changed.notify_one();
    }

    /// Forgets all jobs, as when the books were wiped.
    pub fn forget_all(&self) {
        let mut jobs = self.lock();
        jobs.due.clear();
        jobs.waiting.clear();
    }

    /// How many operations are in flight.
    pub fn in_flight(&self) -> usize {
        let jobs = self.lock();
        jobs.waiting.len() + jobs.in_hand
    }

    /// The operations that wait for something, oldest first.
    pub fn board(&self) -> Board {
        let mut rows: Board = self.lock().waiting.values().map(|job| job.row.clone()).collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    fn take_due(&self) -> Vec<Job> {
        let now = self.clock.now();
        self.lock().take_due(now)
    }

    fn next_due(&self) -> Option<Moment> {
        self.lock().due.peek().map(|Reverse((moment, _))| *moment)
    }

    /// One turn of a job: as many steps as follow each other at once, then back to waiting.
    async fn turn(&self, job: Job) {
        let rest = self.steps(job).await;
        let mut jobs = self.lock();
        jobs.in_hand -= 1;
        if let Some(job) = rest {
            let sooner = jobs.put(job);
            drop(jobs);
            if sooner {
                self.changed.notify_one();
            }
        }
    }

    async fn steps(&self, mut job: Job) -> Option<Job> {
        for _ in 0..STEPS_AT_ONCE {
            let now = self.clock.now();
            let running = match job.stage {
                Stage::Advancing(running) => running,
                Stage::Ending(running, ending) => {
                    return self.finish(job.row, running, ending).await;
                }
            };
            if now >= job.row.deadline_at {
                let reason = format!("given up at the deadline; last: {}", job.row.last_event);
                return self.finish(job.row, running.into(), Ending::GaveUp(reason)).await;
            }
            let (stepped, running) = self.step(running, &mut job.row, now).await;
            job.stage = Stage::Advancing(running);
            match stepped {
                Stepped::On => {}
                Stepped::Waits => return self.save_if_changed(job).await,
                Stepped::Ends(ending) => {
                    let Stage::Advancing(running) = job.stage else { return None };
                    return self.finish(job.row, running.into(), ending).await;
                }
            }
        }
        job.row.next_at = self.clock.now();
        Some(job)
    }

    async fn step(
        &self,
        mut running: Box<dyn Running>,
        row: &mut OperationRow,
        now: Moment,
    ) -> (Stepped, Box<dyn Running>) {
        let hands = Hands { hypervisor: self.hypervisor.as_ref(), now };
        row.tries = row.tries.saturating_add(1);
        let progress = running.advance(&hands).await;
        row.phase = running.phase().to_owned();
        let stepped = match progress {
            Ok(Progress::Next) => Stepped::On,
            Ok(Progress::Done) => Stepped::Ends(Ending::Done),
            Ok(Progress::Refused(reason)) => Stepped::Ends(Ending::GaveUp(reason)),
            Ok(Progress::Wait { again_in_ms, because, clock_stands }) => {
                let again_in_ms = again_in_ms.max(1);
                row.last_event = because;
                if clock_stands {
                    // The wait itself is added back when it is over; see `stand_still`.
                    row.deadline_at = row.deadline_at.plus_ms(again_in_ms);
                }
                row.next_at = self.not_after_deadline(row, now.plus_ms(again_in_ms));
                Stepped::Waits
            }
            Err(Trouble(cause)) => {
                self.tally.troubles.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(kind = row.kind, id = row.id.0, cause, "a step failed");
                row.last_event = cause;
                let pause = PAUSE_MS.0.saturating_mul(1 << row.tries.min(12)).min(PAUSE_MS.1);
                row.next_at = self.not_after_deadline(row, now.plus_ms(pause));
                Stepped::Waits
            }
        };
        (stepped, running)
    }

    fn not_after_deadline(&self, row: &OperationRow, moment: Moment) -> Moment {
        moment.min(row.deadline_at)
    }

    /// Saves a job that has to wait, if its state is not the saved one.
    async fn save_if_changed(&self, mut job: Job) -> Option<Job> {
        let Stage::Advancing(running) = &job.stage else { return Some(job) };
        let state = running.state();
        if state == job.row.state {
            return Some(job);
        }
        job.row.state = state;
        let row = job.row.clone();
        match self.store.write(move |books| books.save_operation(&row)).await {
            Ok(()) => Some(job),
            Err(StoreFault::LeaseLost) => None,
            Err(fault) => {
                tracing::error!(%fault, id = job.row.id.0, "cannot save an operation");
                Some(job)
            }
        }
    }

    /// Writes the end of a job down. A job whose end cannot be written is kept, and tries again.
    async fn finish(
        &self,
        mut row: OperationRow,
        running: Arc<dyn Running>,
        ending: Ending,
    ) -> Option<Job> {
        let now = self.clock.now();
        if let Ending::GaveUp(reason) = &ending {
            row.last_event.clone_from(reason);
        }
        let written = (row.clone(), Arc::clone(&running), ending.clone());
        let write = move |books: &mut dyn crate::store::Books| {
            let (row, running, ending) = &written;
            match ending {
                Ending::Done => books.end_operation(row)?,
                Ending::GaveUp(_) => books.abandon_operation(row)?,
            }
            running.finish(ending, books, now)
        };
        match self.store.write(write).await {
            Ok(()) => {
                self.count(&row, &ending, now);
                None
            }
            Err(StoreFault::LeaseLost) => None,
            Err(fault) => {
                tracing::error!(%fault, id = row.id.0, "cannot write the end of an operation");
                row.next_at = now.plus_ms(PAUSE_MS.1 / 30);
                Some(Job { row, stage: Stage::Ending(running, ending) })
            }
        }
    }

    fn count(&self, row: &OperationRow, ending: &Ending, now: Moment) {
        let took_ms = now.since_ms(row.created_at);
        match ending {
            Ending::Done => {
                self.tally.done.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(kind = row.kind, id = row.id.0, took_ms, "operation done");
            }
            Ending::GaveUp(reason) => {
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

/// How a step ended, for the runner.
enum Stepped {
    On,
    Waits,
    Ends(Ending),
}

impl Jobs {
    /// Puts a job among the waiting; true if none that waits is due as early, so that whoever
    /// waits for the first one has to look again.
    fn put(&mut self, job: Job) -> bool {
        let first = self.due.peek().map(|Reverse((moment, _))| *moment);
        let sooner = first.is_none_or(|first| job.row.next_at < first);
        self.due.push(Reverse((job.row.next_at, job.row.id)));
        self.waiting.insert(job.row.id, job);
        sooner
    }

    fn knows(&self, id: OperationId) -> bool {
        self.waiting.contains_key(&id)
    }

    fn take_due(&mut self, now: Moment) -> Vec<Job> {
        let mut taken = Vec::new();
        while let Some(Reverse((moment, id))) = self.due.peek().copied() {
            if moment > now {
                break;
            }
            self.due.pop();
            let is_current = |job: &Job| job.row.next_at == moment;
            if self.waiting.get(&id).is_some_and(is_current) {
                taken.extend(self.waiting.remove(&id));
            }
        }
        self.in_hand += taken.len();
        taken
    }
}
