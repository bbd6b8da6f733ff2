//! The jobs by which machines copy disks that they have open: only so many at full speed.

use domain::{AccountId, SnapshotId};
use tokio::time::Instant;

use super::copy::QUEUED_AT_MOST;
use super::{Copies, lock};
use crate::hypervisor::account_of_call;

/// The latest state of a job of a machine.
pub(super) struct JobSeen {
    asked_at: Instant,
    account: Option<AccountId>,
    bytes: u64,
    pub(super) percent: u8,
    is_fast: bool,
}

/// How far the job of a machine has come.
pub(in crate::hypervisor::qemu) struct JobProgress {
    pub percent: u8,
    /// Whether it has come further since the last look, or waits for its turn and not for too
    /// long.
    pub moves: bool,
    /// Whether it is to go on at full speed from now on: only so many do.
    pub speeds_up: bool,
}

impl Copies {
    /// Takes note how far the job of a machine has come.
    pub(in crate::hypervisor::qemu) fn note_job(
        &self,
        snapshot: &SnapshotId,
        (bytes, all): (u64, u64),
    ) -> JobProgress {
        let (inner, now) = (&mut *lock(&self.inner), Instant::now());
        let job = inner.jobs.entry(snapshot.clone()).or_insert_with(|| JobSeen {
            asked_at: now,
            account: account_of_call(),
            bytes: 0,
            percent: 0,
            is_fast: false,
        });
        let has_turn = inner.turns_of_jobs.ask(snapshot, job.account.as_ref(), now);
        let (moves, speeds_up) = (bytes != job.bytes, has_turn && !job.is_fast);
        let percent = u128::from(bytes) * 100 / u128::from(all.max(1));
        (job.bytes, job.percent) = (bytes, u8::try_from(percent.min(99)).unwrap_or(99));
        job.is_fast |= speeds_up;
        // One that waits for its turn is not late.
        let waits = !job.is_fast && now.saturating_duration_since(job.asked_at) < QUEUED_AT_MOST;
        JobProgress { percent: job.percent, moves: moves || waits, speeds_up }
    }

    /// The file systems of the guest stood still when this snapshot began.
    pub(in crate::hypervisor::qemu) fn note_frozen(&self, snapshot: &SnapshotId) {
        lock(&self.inner).frozen.insert(snapshot.clone());
    }

    /// Whether the file systems of the guest are known to have stood still, while the snapshot is
    /// being taken.
    pub(in crate::hypervisor::qemu) fn was_frozen(&self, snapshot: &SnapshotId) -> bool {
        lock(&self.inner).frozen.contains(snapshot)
    }

    /// The job of a machine has ended.
    pub(in crate::hypervisor::qemu) fn forget_job(&self, snapshot: &SnapshotId) {
        let inner = &mut *lock(&self.inner);
        if let Some(job) = inner.jobs.remove(snapshot) {
            inner.last_percents.keep(snapshot, job.percent);
        }
        inner.frozen.remove(snapshot);
        inner.turns_of_jobs.leave(snapshot, Instant::now());
    }
}
