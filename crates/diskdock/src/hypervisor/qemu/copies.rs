//! Long copies of volumes, each on a thread of its own, and the disks that they read.
//!
//! A step of an operation only looks at a copy. A disk that is being read is not opened by a
//! machine meanwhile, and one that a machine is opening is not read.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::{DiskId, SnapshotId};
use tokio::sync::{Notify, Semaphore};

use crate::hypervisor::Progress;
use crate::storage::{CopyWatch, StorageError};

/// Copies that run at the same time; others wait for their turn.
pub(super) const MAX_CONCURRENT: usize = 2;
/// How long a look waits for the end of a copy.
const LOOK: Duration = Duration::from_millis(200);
/// When an unfinished copy is looked at again, in milliseconds.
const RETRY_AFTER_MS: i64 = 100;

/// The result of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Copied {
    /// A snapshot of this disk.
    Snapshot(SnapshotId, DiskId),
    /// A disk, made anew or set back.
    Disk(DiskId),
    /// A copy of another snapshot.
    CopyOfSnapshot(SnapshotId),
}

impl Copied {
    /// The disk that no machine opens meanwhile.
    fn disk(&self) -> Option<&DiskId> {
        match self {
            Copied::Snapshot(_, disk) | Copied::Disk(disk) => Some(disk),
            Copied::CopyOfSnapshot(_) => None,
        }
    }
}

/// A copy under way.
#[derive(Default)]
struct Copy {
    runs: AtomicBool,
    is_wanted: AtomicBool,
    percent: AtomicU8,
    /// Counts whatever moves, and what of that was seen.
    moves: AtomicU64,
    seen: AtomicU64,
    result: Mutex<Option<Result<(), StorageError>>>,
    ended: Notify,
}

impl Copy {
    fn watch(&self, percent: u8) -> bool {
        self.percent.store(percent.min(99), Ordering::Relaxed);
        self.moves.fetch_add(1, Ordering::Relaxed);
        self.is_wanted.load(Ordering::Relaxed)
    }

    /// The deadline of an operation stands still while its copy moves, or waits for its turn.
    fn progress(&self) -> Progress {
        let after_ms = RETRY_AFTER_MS;
        if !self.runs.load(Ordering::Relaxed) {
            let because = "it waits until other disks are copied".to_owned();
            return Progress::Suspended { after_ms, because };
        }
        let moves = self.moves.load(Ordering::Relaxed);
        let seen = self.seen.swap(moves, Ordering::Relaxed);
        copying(self.percent.load(Ordering::Relaxed), moves != seen)
    }
}

/// The progress of a copy that has come so far.
pub(super) fn copying(percent: u8, moves: bool) -> Progress {
    let (after_ms, because) = (RETRY_AFTER_MS, format!("{percent}% are copied"));
    if moves {
        Progress::Suspended { after_ms, because }
    } else {
        Progress::RetryAfter { after_ms, because }
    }
}

#[derive(Default)]
struct Inner {
    copies: HashMap<Copied, Arc<Copy>>,
    /// Disks that machines are opening, and how many.
    opening: HashMap<DiskId, usize>,
    /// Snapshots that were deleted while they were being taken.
    dropped: HashSet<SnapshotId>,
    /// Jobs of machines.
    jobs: HashMap<SnapshotId, JobSeen>,
}

/// The latest state of a job of a machine.
#[derive(Clone, Copy, Debug, Default)]
struct JobSeen {
    bytes: u64,
    percent: u8,
    is_fast: bool,
}

/// How far the job of a machine has come.
pub(super) struct JobProgress {
    pub percent: u8,
    /// Whether it has come further since the last look, or waits for its turn.
    pub moves: bool,
    /// Whether it is to go on at full speed from now on: only so many do.
    pub speeds_up: bool,
}

/// The copies of a driver.
pub(super) struct Copies {
    inner: Arc<Mutex<Inner>>,
    turns: Arc<Semaphore>,
}

impl Default for Copies {
    fn default() -> Copies {
        Copies { inner: Arc::default(), turns: Arc::new(Semaphore::new(MAX_CONCURRENT)) }
    }
}

/// A disk that a machine is about to open: until this is dropped, no copy begins to read it.
pub(super) struct OpenPermit {
    inner: Arc<Mutex<Inner>>,
    disk: DiskId,
}

impl Drop for OpenPermit {
    fn drop(&mut self) {
        let mut inner = lock(&self.inner);
        if let Some(count) = inner.opening.get_mut(&self.disk) {
            *count -= 1;
            if *count == 0 {
                inner.opening.remove(&self.disk);
            }
        }
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(|broken| broken.into_inner())
}

impl Inner {
    /// Tells a copy to end, and forgets it when it has. True if it is still under way.
    fn drop_copy(&mut self, what: &Copied) -> bool {
        let Some(copy) = self.copies.get(what) else { return false };
        copy.is_wanted.store(false, Ordering::Relaxed);
        let has_ended = copy.result.lock().unwrap_or_else(|broken| broken.into_inner()).is_some();
        if has_ended {
            self.copies.remove(what);
        }
        !has_ended
    }

    fn find(&self, snapshot: &SnapshotId) -> Option<&Copied> {
        let is_it = |what: &Copied| match what {
            Copied::Snapshot(one, _) | Copied::CopyOfSnapshot(one) => one == snapshot,
            Copied::Disk(_) => false,
        };
        self.copies.keys().find(|what| is_it(what))
    }

    fn is_busy(&self, disk: &DiskId) -> bool {
        self.copies.keys().any(|key| key.disk() == Some(disk))
    }
}

impl Copies {
    /// The right to open a disk; the reason to wait if it is being read or set back.
    pub(super) fn open(&self, disk: &DiskId) -> Result<OpenPermit, Progress> {
        let mut inner = lock(&self.inner);
        if inner.is_busy(disk) {
            let because = format!("the bytes of {disk} are being copied");
            return Err(Progress::Suspended { after_ms: RETRY_AFTER_MS, because });
        }
        *inner.opening.entry(disk.clone()).or_default() += 1;
        Ok(OpenPermit { inner: Arc::clone(&self.inner), disk: disk.clone() })
    }

    /// Whether this copy is under way.
    pub(super) fn is_under_way(&self, what: &Copied) -> bool {
        lock(&self.inner).copies.contains_key(what)
    }

    /// Polls a copy, begun if it is not under way. Gives its result once.
    pub(super) async fn poll(
        &self,
        what: &Copied,
        work: impl FnOnce(CopyWatch<'_>) -> Result<(), StorageError> + Send + 'static,
    ) -> Result<Result<(), StorageError>, Progress> {
        let copy = self.find_or_begin(what, work)?;
        let _ = tokio::time::timeout(LOOK, copy.ended.notified()).await;
        let result = copy.result.lock().unwrap_or_else(|broken| broken.into_inner()).take();
        match result {
            Some(result) => {
                lock(&self.inner).copies.remove(what);
                Ok(result)
            }
            None => Err(copy.progress()),
        }
    }

    fn find_or_begin(
        &self,
        what: &Copied,
        work: impl FnOnce(CopyWatch<'_>) -> Result<(), StorageError> + Send + 'static,
    ) -> Result<Arc<Copy>, Progress> {
        let mut inner = lock(&self.inner);
        if let Some(copy) = inner.copies.get(what) {
            return Ok(Arc::clone(copy));
        }
        if what.disk().is_some_and(|disk| inner.opening.contains_key(disk)) {
            let because = "a virtual machine is opening the disk".to_owned();
            return Err(Progress::RetryAfter { after_ms: RETRY_AFTER_MS, because });
        }
        let copy = Arc::new(Copy { is_wanted: true.into(), ..Copy::default() });
        inner.copies.insert(what.clone(), Arc::clone(&copy));
        tokio::spawn(carry_out(Arc::clone(&self.turns), Arc::clone(&copy), work));
        Ok(copy)
    }

    /// A snapshot is not wanted any more: what copies into it ends, and nothing begins to. True if
    /// it is still being copied.
    pub(super) fn drop_snapshot(&self, snapshot: &SnapshotId) -> bool {
        let mut inner = lock(&self.inner);
        let copy = inner.find(snapshot).cloned();
        if copy.is_some() || inner.jobs.contains_key(snapshot) {
            inner.dropped.insert(snapshot.clone());
        }
        copy.is_some_and(|what| inner.drop_copy(&what))
    }

    /// Another content of a disk is not wanted any more. True if it is still being made.
    pub(super) fn drop_disk(&self, disk: &DiskId) -> bool {
        lock(&self.inner).drop_copy(&Copied::Disk(disk.clone()))
    }

    /// Whether a snapshot is not wanted any more.
    pub(super) fn is_dropped(&self, snapshot: &SnapshotId) -> bool {
        lock(&self.inner).dropped.contains(snapshot)
    }

    /// Its operation has ended: it can be forgotten that it is not wanted.
    pub(super) fn forget_dropped(&self, snapshot: &SnapshotId) {
        lock(&self.inner).dropped.remove(snapshot);
    }

    /// Takes note how far the job of a machine has come.
    pub(super) fn note_job(&self, snapshot: &SnapshotId, (bytes, all): (u64, u64)) -> JobProgress {
        let mut inner = lock(&self.inner);
        let fast = inner.jobs.values().filter(|job| job.is_fast).count();
        let job = inner.jobs.entry(snapshot.clone()).or_default();
        let (moves, speeds_up) = (bytes != job.bytes, !job.is_fast && fast < MAX_CONCURRENT);
        let percent = u128::from(bytes) * 100 / u128::from(all.max(1));
        (job.bytes, job.percent) = (bytes, u8::try_from(percent.min(99)).unwrap_or(99));
        job.is_fast |= speeds_up;
        // One that waits for its turn is not late.
        JobProgress { percent: job.percent, moves: moves || !job.is_fast, speeds_up }
    }

    /// The job of a machine has ended.
    pub(super) fn forget_job(&self, snapshot: &SnapshotId) {
        lock(&self.inner).jobs.remove(snapshot);
    }

    /// How far a snapshot that is being taken has come, in percent, if that is known.
    pub(super) fn percent(&self, snapshot: &SnapshotId) -> Option<u8> {
        let inner = lock(&self.inner);
        let copy = inner.find(snapshot).and_then(|what| inner.copies.get(what));
        let of_copy = copy.map(|copy| copy.percent.load(Ordering::Relaxed));
        of_copy.or(inner.jobs.get(snapshot).map(|job| job.percent))
    }
}

/// Carries out a copy when it is its turn.
async fn carry_out(
    turns: Arc<Semaphore>,
    copy: Arc<Copy>,
    work: impl FnOnce(CopyWatch<'_>) -> Result<(), StorageError> + Send + 'static,
) {
    // The semaphore is never closed.
    let _turn = turns.acquire().await;
    copy.runs.store(true, Ordering::Relaxed);
    let watched = Arc::clone(&copy);
    let worked = tokio::task::spawn_blocking(move || work(&|percent| watched.watch(percent))).await;
    let result = worked.unwrap_or_else(|error| {
        let source = std::io::Error::other(error);
        Err(StorageError::Io { doing: "copy", path: "disks".into(), source })
    });
    *copy.result.lock().unwrap_or_else(|broken| broken.into_inner()) = Some(result);
    copy.ended.notify_one();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn drop_disk_ends_a_copy_so_that_machines_can_open_the_disk_again() {
        let (copies, disk) = (Copies::default(), DiskId::from("d-1"));
        let until_dropped = |watch: CopyWatch<'_>| {
            while watch(1) {
                std::thread::yield_now();
            }
            Ok(())
        };
        let copied = Copied::Disk(disk.clone());
        assert!(copies.poll(&copied, until_dropped).await.is_err(), "it is under way");
        assert!(copies.open(&disk).is_err());
        while copies.drop_disk(&disk) {
            tokio::task::yield_now().await;
        }
        assert!(copies.open(&disk).is_ok());
    }
}
