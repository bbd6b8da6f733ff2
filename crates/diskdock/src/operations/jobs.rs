//! The jobs that this server works on: those that wait, and those that take a step just now.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use domain::{DiskId, InstanceId, Moment, OperationId};

use super::{DynOperation, Outcome, Subject};
use crate::store::OperationRow;

/// The first and the longest pause after error, in milliseconds.
const PAUSE_MS: (i64, i64) = (100, 30_000);

/// An operation that this server works on.
pub(super) struct Job {
    pub row: OperationRow,
    pub stage: Stage,
    /// Steps in a row that failed.
    pub failures: ConsecutiveFailures,
}

impl Job {
    pub fn new(row: OperationRow, running: Box<dyn DynOperation>) -> Job {
        Job { row, stage: Stage::Advancing(running), failures: ConsecutiveFailures::default() }
    }
}

pub(super) enum Stage {
    /// On its way.
    Advancing(Box<dyn DynOperation>),
    /// At its end, which is still to be written down.
    Outcome(Arc<dyn DynOperation>, Outcome),
}

/// Moves the deadline by the time in which nothing could happen.
pub(super) fn go_on(row: &mut OperationRow, now: Moment) {
    if let Some(since) = row.standing_since.take() {
        row.deadline_at = row.deadline_at.plus_ms(now.since_ms(since).max(0));
    }
}

/// The deadline has passed, and the last look has shown that it is not as it should be.
pub(super) fn too_late(row: &OperationRow) -> Outcome {
    Outcome::GaveUp(format!("given up at the deadline; last: {}", row.last_event))
}

/// An end is written down, unless something has to be taken back before.
pub(super) fn next_stage(
    mut running: Box<dyn DynOperation>,
    row: &mut OperationRow,
    outcome: Outcome,
    now: Moment,
) -> Stage {
    match &outcome {
        Outcome::GaveUp(reason) if running.compensate(reason) => {
            row.deadline_at = now.plus_s(running.timeout().give_up_after_s);
            row.last_event.clone_from(reason);
            Stage::Advancing(running)
        }
        Outcome::GaveUp(_) | Outcome::Done => Stage::Outcome(running.into(), outcome),
    }
}

/// How many steps in a row failed. Not saved: after a restart the world gets a fresh chance.
#[derive(Clone, Copy, Default)]
pub(super) struct ConsecutiveFailures(u32);

impl ConsecutiveFailures {
    pub fn count(&mut self, failed: bool) {
        self.0 = if failed { self.0.saturating_add(1) } else { 0 };
    }

    /// The pause after error, twice as long each time in a row.
    pub fn pause_ms(self) -> i64 {
        let doubled = self.0.saturating_sub(1).min(12);
        PAUSE_MS.0.saturating_mul(1 << doubled).min(PAUSE_MS.1)
    }
}

#[derive(Default)]
pub(super) struct Jobs {
    due: BinaryHeap<Reverse<(Moment, OperationId)>>,
    waiting: HashMap<OperationId, Job>,
    in_hand: HashMap<OperationId, Held>,
}

/// What is known of a job while it takes a step.
struct Held {
    subject: Subject,
    /// Somebody woke it meanwhile.
    woken: bool,
}

impl Jobs {
    /// Puts a job among the waiting; true if none that waits is due as early, so that whoever
    /// waits for the first one has to look again.
    pub fn put(&mut self, job: Job) -> bool {
        let sooner = self.next_due().is_none_or(|first| job.row.next_at < first);
        self.due.push(Reverse((job.row.next_at, job.row.id)));
        self.waiting.insert(job.row.id, job);
        sooner
    }

    pub fn knows(&self, id: OperationId) -> bool {
        self.waiting.contains_key(&id) || self.in_hand.contains_key(&id)
    }

    pub fn count(&self) -> usize {
        self.waiting.len() + self.in_hand.len()
    }

    pub fn next_due(&self) -> Option<Moment> {
        self.due.peek().map(|Reverse((moment, _))| *moment)
    }

    /// The operations that wait for something, oldest first.
    pub fn waiting_rows(&self) -> Vec<OperationRow> {
        let mut rows: Vec<_> = self.waiting.values().map(|job| job.row.clone()).collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    pub fn take_due(&mut self, now: Moment) -> Vec<Job> {
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
        let held = |Job { row, .. }: &Job| {
            let subject = Subject { instance: row.instance.clone(), disk: row.disk.clone() };
            Held { subject, woken: false }
        };
        self.in_hand.extend(taken.iter().map(|job| (job.row.id, held(job))));
        taken
    }

    /// A step is over. What is left of the job waits again, unless all was forgotten meanwhile;
    /// true if it is due before all others. A job that was woken meanwhile is due at once.
    pub fn give_back(&mut self, id: OperationId, rest: Option<Job>, now: Moment) -> bool {
        let held = self.in_hand.remove(&id);
        match (rest, held) {
            (Some(mut job), Some(held)) => {
                if held.woken {
                    job.row.next_at = now;
                }
                self.put(job)
            }
            (Some(_), None) | (None, _) => false,
        }
    }

    /// Makes due at once whatever concerns this disk or this instance; what is in hand, as soon as
    /// its step is over.
    pub fn wake(&mut self, disk: Option<&DiskId>, instance: Option<&InstanceId>, now: Moment) {
        let concerned = |its_disk: &Option<DiskId>, its_instance: &Option<InstanceId>| {
            disk.is_none_or(|disk| its_disk.as_ref() == Some(disk))
                && instance.is_none_or(|instance| its_instance.as_ref() == Some(instance))
        };
        for held in self.in_hand.values_mut() {
            held.woken |= concerned(&held.subject.disk, &held.subject.instance);
        }
        for job in self.waiting.values_mut() {
            if concerned(&job.row.disk, &job.row.instance) {
                job.row.next_at = now;
                self.due.push(Reverse((now, job.row.id)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::OPERATIONS;
    use crate::operations::NewOperation;

    const BEGINNING: Moment = Moment(1_000);

    fn detach(number: i64, instance: &str, disk: &str) -> Job {
        let detach = OPERATIONS.iter().find(|kind| kind.name == "disk.detach").unwrap();
        let state =
            format!(r#"{{"slot":{{"instance":"{instance}","disk":"{disk}","generation":1}}}}"#);
        let running = (detach.restore)(&state).unwrap();
        let NewOperation { row, running } =
            NewOperation::new(OperationId(number), &"1".into(), running, BEGINNING);
        Job::new(row, running)
    }

    #[test]
    fn wake_affects_operations_of_the_machine_only() {
        let mut jobs = Jobs::default();
        for (number, disk) in [(1, "d-a"), (2, "d-b")] {
            jobs.put(detach(number, &format!("i-{number}"), disk));
        }
        let in_hand = jobs.take_due(BEGINNING);
        assert_eq!(in_hand.len(), 2);
        let later = BEGINNING.plus_ms(500);
        for (number, disk) in [(3, "d-a"), (4, "d-b")] {
            let mut job = detach(number, &format!("i-{number}"), disk);
            job.row.next_at = later;
            jobs.put(job);
        }
        let now = BEGINNING.plus_ms(1);
        jobs.wake(Some(&"d-a".into()), None, now);
        jobs.wake(Some(&"d-b".into()), Some(&"i-a".into()), now);
        for mut job in in_hand {
            job.row.next_at = later;
            jobs.give_back(job.row.id, Some(job), now);
        }
        let due = |jobs: &mut Jobs, at| {
            let mut due: Vec<_> = jobs.take_due(at).iter().map(|job| job.row.id.0).collect();
            due.sort_unstable();
            due
        };
        assert_eq!(due(&mut jobs, now), [1, 3]);
        assert_eq!(due(&mut jobs, later), [2, 4]);
    }
}
