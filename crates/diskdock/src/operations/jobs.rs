//! The jobs of this server: those that wait, and those that take a step at present.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use domain::{AccountId, DiskId, InstanceId, OperationId, Uptime};

use super::deadline::Deadline;
use super::{DynOperation, Outcome, Subject};
use crate::fast_map::FastMap;
use crate::store::OperationRow;

/// The first and the longest pause after a transient error, in milliseconds.
const PAUSE_MS: (i64, i64) = (100, 30_000);

/// An operation that this server carries out.
pub(super) struct Job {
    pub row: OperationRow,
    pub stage: Stage,
    pub schedule: Schedule,
}

/// When a job is advanced next, and until when at all.
#[derive(Clone, Copy)]
pub(super) struct Schedule {
    /// When it is advanced next.
    pub due: Uptime,
    pub deadline: Deadline,
    /// Steps in a row that failed.
    pub failures: ConsecutiveFailures,
}

impl Job {
    /// A job that is due at once.
    pub(crate) fn new(
        row: OperationRow,
        operation: Box<dyn DynOperation>,
        deadline: Deadline,
        now: Uptime,
    ) -> Job {
        let schedule = Schedule { due: now, deadline, failures: ConsecutiveFailures::default() };
        Job { row, stage: Stage::Advancing(operation), schedule }
    }

    fn subject(&self) -> Subject {
        let (instance, disk) = (self.row.instance.clone(), self.row.disk.clone());
        Subject { instance, disk, snapshot: None }
    }

    fn making(&self) -> Vec<DiskId> {
        match &self.stage {
            Stage::Advancing(operation) => operation.making(),
            Stage::Finishing(..) => Vec::new(),
        }
    }
}

pub(super) enum Stage {
    /// On its way.
    Advancing(Box<dyn DynOperation>),
    /// At its end, which is still to be written down.
    Finishing(Arc<dyn DynOperation>, Outcome),
}

/// How many steps in a row failed. Not saved: after a restart the hypervisor gets a fresh chance.
#[derive(Clone, Copy, Default)]
pub(super) struct ConsecutiveFailures(u32);

impl ConsecutiveFailures {
    pub(crate) fn count(&mut self, failed: bool) {
        self.0 = if failed { self.0.saturating_add(1) } else { 0 };
    }

    /// The pause after a failure, twice as long each time in a row.
    pub(crate) fn pause_ms(self) -> i64 {
        let doubled = self.0.saturating_sub(1).min(12);
        PAUSE_MS.0.saturating_mul(1 << doubled).min(PAUSE_MS.1)
    }
}

/// The times of an operation that this server carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLeft {
    /// Milliseconds until it is advanced next.
    pub next_in_ms: i64,
    /// Milliseconds until it is given up; none while its deadline is suspended.
    pub gives_up_in_ms: Option<i64>,
}

/// Which operations are meant: those that concern this disk and this instance, as far as given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only this disk.
    pub disk: Option<DiskId>,
    /// Only this instance.
    pub instance: Option<InstanceId>,
}

impl Selection {
    /// Whether an operation on this instance and this disk is meant, which makes these disks
    /// besides.
    pub(crate) fn includes(
        &self,
        instance: Option<&InstanceId>,
        disk: Option<&DiskId>,
        making: &[DiskId],
    ) -> bool {
        let of_disk = |wanted: &DiskId| disk == Some(wanted) || making.contains(wanted);
        self.disk.as_ref().is_none_or(of_disk)
            && self.instance.as_ref().is_none_or(|wanted| instance == Some(wanted))
    }
}

/// An operation that was selected, as the simulated hypervisor has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Its number.
    pub id: OperationId,
    /// The disk or instance that it works on.
    pub subject: Subject,
    /// Disks whose bytes it still makes, besides.
    pub making: Vec<DiskId>,
}

#[derive(Default)]
pub(super) struct Jobs {
    due: BinaryHeap<Reverse<(Uptime, OperationId)>>,
    waiting: FastMap<OperationId, Job>,
    running: FastMap<OperationId, RunningEntry>,
    /// How many there are of each account.
    accounts: FastMap<AccountId, usize>,
}

/// A job while it takes a step.
struct RunningEntry {
    account: AccountId,
    subject: Subject,
    making: Vec<DiskId>,
    deadline: Deadline,
    /// Woken meanwhile.
    woken: bool,
}

impl Jobs {
    /// Adds a new job; true if it is due before all others, so that the wait for the first one is
    /// too long.
    pub(crate) fn add(&mut self, job: Job) -> bool {
        match self.accounts.get_mut(&job.row.account) {
            Some(count) => *count += 1,
            None => drop(self.accounts.insert(job.row.account.clone(), 1)),
        }
        self.put(job)
    }

    fn put(&mut self, job: Job) -> bool {
        let sooner = self.next_due().is_none_or(|first| job.schedule.due < first);
        self.due.push(Reverse((job.schedule.due, job.row.id)));
        self.waiting.insert(job.row.id, job);
        sooner
    }

    pub(crate) fn knows(&self, id: OperationId) -> bool {
        self.waiting.contains_key(&id) || self.running.contains_key(&id)
    }

    /// Whether one takes a step just now.
    pub(crate) fn has_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// Whether it is due, or takes a step.
    pub(crate) fn is_busy(&self, id: OperationId, now: Uptime) -> bool {
        let is_due = self.waiting.get(&id).is_some_and(|job| job.schedule.due <= now);
        is_due || self.running.contains_key(&id)
    }

    pub(crate) fn count(&self) -> usize {
        self.waiting.len() + self.running.len()
    }

    /// How many of an account there are.
    pub(crate) fn count_of(&self, account: &AccountId) -> usize {
        self.accounts.get(account).copied().unwrap_or(0)
    }

    pub(crate) fn next_due(&self) -> Option<Uptime> {
        self.due.peek().map(|Reverse((due, _))| *due)
    }

    /// The operations that wait for something, oldest first.
    pub(super) fn waiting_rows(&self) -> Vec<OperationRow> {
        let mut rows: Vec<_> = self.waiting.values().map(|job| job.row.clone()).collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// The times of an operation; none if another server carries it out.
    pub(super) fn time_left(&self, id: OperationId, now: Uptime) -> Option<TimeLeft> {
        let (due, deadline) = match (self.waiting.get(&id), self.running.get(&id)) {
            (Some(job), _) => (job.schedule.due, job.schedule.deadline),
            (None, Some(entry)) => (now, entry.deadline),
            (None, None) => return None,
        };
        let next_in_ms = due.since_ms(now).max(0);
        Some(TimeLeft { next_in_ms, gives_up_in_ms: deadline.left_ms_at(now) })
    }

    /// The selected operations, oldest first.
    pub(super) fn select(&self, selection: &Selection) -> Vec<Selected> {
        let waiting = self.waiting.iter().map(|(id, job)| (*id, job.subject(), job.making()));
        let running = self.running.iter();
        let running = running.map(|(id, entry)| (*id, entry.subject.clone(), entry.making.clone()));
        let all =
            waiting.chain(running).map(|(id, subject, making)| Selected { id, subject, making });
        let is_meant = |one: &Selected| {
            let Subject { instance, disk, .. } = &one.subject;
            selection.includes(instance.as_ref(), disk.as_ref(), &one.making)
        };
        let mut found: Vec<_> = all.filter(is_meant).collect();
        found.sort_by_key(|one| one.id);
        found
    }

    pub(crate) fn take_due(&mut self, now: Uptime) -> Vec<Job> {
        let mut taken = Vec::new();
        while let Some(Reverse((due, id))) = self.due.peek().copied() {
            if due > now {
                break;
            }
            self.due.pop();
            if self.waiting.get(&id).is_some_and(|job| job.schedule.due == due) {
                taken.extend(self.take(id));
            }
        }
        taken
    }

    /// Takes a job that waits, whenever it is due; none if it takes a step just now, or has ended.
    pub(crate) fn take(&mut self, id: OperationId) -> Option<Job> {
        let job = self.waiting.remove(&id)?;
        let entry = RunningEntry {
            account: job.row.account.clone(),
            subject: job.subject(),
            making: job.making(),
            deadline: job.schedule.deadline,
            woken: false,
        };
        self.running.insert(id, entry);
        Some(job)
    }

    /// A step is over. The rest of the job waits again, unless all was forgotten meanwhile;
    /// true if it is due before all others. A job that was woken meanwhile is due at once.
    pub(crate) fn give_back(&mut self, id: OperationId, rest: Option<Job>, now: Uptime) -> bool {
        let Some(entry) = self.running.remove(&id) else { return false };
        match rest {
            Some(mut job) => {
                if entry.woken {
                    job.schedule.due = now;
                }
                self.put(job)
            }
            None => {
                self.forget_one_of(&entry.account);
                false
            }
        }
    }

    fn forget_one_of(&mut self, account: &AccountId) {
        if let Some(count) = self.accounts.get_mut(account) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.accounts.remove(account);
            }
        }
    }

    /// Makes the selected operations due at once; one that takes a step, as soon as that is over.
    pub(super) fn wake(&mut self, selection: &Selection, now: Uptime) {
        for entry in self.running.values_mut() {
            let Subject { instance, disk, .. } = &entry.subject;
            entry.woken |= selection.includes(instance.as_ref(), disk.as_ref(), &entry.making);
        }
        for job in self.waiting.values_mut() {
            let (instance, disk) = (job.row.instance.as_ref(), job.row.disk.as_ref());
            if selection.includes(instance, disk, &job.making()) {
                job.schedule.due = now;
                self.due.push(Reverse((now, job.row.id)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
