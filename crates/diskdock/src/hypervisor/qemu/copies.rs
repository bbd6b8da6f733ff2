//! Long copies of volumes, each on a thread of its own, and the disks that they read.
//!
//! A step of an operation only looks at a copy. A disk that is being read is not opened by a
//! machine meanwhile, and one that a machine is opening is not read.
//!
//! Every wait has an end. While a copy moves, the deadlines of those that wait for it stand still;
//! also while it waits for its turn, but not for ever. A copy that stands still, or is not wanted
//! any more and does not end, is waited for until the deadline of who waits. If its thread hangs in
//! the kernel, its turn goes to another one after a while.

mod copy;
mod jobs;
mod percents;
mod turns;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::{DiskId, SnapshotId};
use tokio::time::Instant;

use crate::hypervisor::{Progress, account_of_call};
use crate::storage::{CopyWatch, StorageError};
use copy::{Copy, percent_copied, wait};
use jobs::JobSeen;
use percents::LastPercents;
use turns::Turns;

/// Copies that run at the same time; others wait for their turn.
pub(super) const MAX_CONCURRENT: usize = 2;
/// Threads of copies, those included that hang and have lost their turn: the driver needs threads
/// for other work, too.
const MAX_THREADS: usize = MAX_CONCURRENT + 16;
/// How long a look waits for the end of a copy.
const LOOK: Duration = Duration::from_millis(200);
/// Attempts at the same copy whose time does not count: a copy that always fails in the end would
/// be begun again for ever.
const FREE_ATTEMPTS: u32 = 3;

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

    fn snapshot(&self) -> Option<&SnapshotId> {
        match self {
            Copied::Snapshot(snapshot, _) | Copied::CopyOfSnapshot(snapshot) => Some(snapshot),
            Copied::Disk(_) => None,
        }
    }

    fn is_of(&self, snapshot: &SnapshotId) -> bool {
        self.snapshot() == Some(snapshot)
    }
}

/// The progress of a copy that has come so far.
pub(super) fn copying(percent: u8, moves: bool) -> Progress {
    wait(percent_copied(percent), moves)
}

struct Inner {
    copies: HashMap<Copied, Arc<Copy>>,
    turns: Turns<Copied>,
    /// Copies that have a thread.
    threads: usize,
    /// How often the same copy has failed.
    failures: HashMap<Copied, u32>,
    /// Disks that machines are opening, and how many.
    opening: HashMap<DiskId, usize>,
    /// Snapshots that were deleted while they were being taken.
    dropped: HashSet<SnapshotId>,
    /// Snapshots at whose moment the file systems of the guest stood still.
    frozen: HashSet<SnapshotId>,
    /// Jobs of machines.
    jobs: HashMap<SnapshotId, JobSeen>,
    turns_of_jobs: Turns<SnapshotId>,
    last_percents: LastPercents,
}

/// The copies of a driver.
pub(super) struct Copies {
    inner: Arc<Mutex<Inner>>,
}

impl Default for Copies {
    fn default() -> Copies {
        let inner = Inner {
            copies: HashMap::new(),
            turns: Turns::new(MAX_CONCURRENT),
            threads: 0,
            failures: HashMap::new(),
            opening: HashMap::new(),
            dropped: HashSet::new(),
            frozen: HashSet::new(),
            jobs: HashMap::new(),
            turns_of_jobs: Turns::new(MAX_CONCURRENT),
            last_percents: LastPercents::default(),
        };
        Copies { inner: Arc::new(Mutex::new(inner)) }
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
    /// Tells a copy to end, and forgets it when it has no thread. True if it is still under way.
    fn drop_copy(&mut self, what: &Copied) -> bool {
        self.failures.remove(what);
        let Some(copy) = self.copies.get(what) else { return false };
        copy.is_wanted.store(false, Ordering::Relaxed);
        let is_under_way = copy.runs() && !copy.has_ended();
        if !is_under_way {
            self.copies.remove(what);
            self.turns.leave(what, Instant::now());
        }
        is_under_way
    }

    /// Whether a copy has its turn now, and a thread.
    fn begins(&mut self, what: &Copied, copy: &Copy) -> bool {
        let has_turn = self.turns.ask(what, account_of_call().as_ref(), Instant::now());
        let begins = has_turn && self.threads < MAX_THREADS;
        if begins {
            self.threads += 1;
            copy.moves();
            copy.runs.store(true, Ordering::Relaxed);
        }
        begins
    }

    /// A copy has ended. One that is not wanted any more is forgotten; nobody asks for its result.
    fn ended(&mut self, what: &Copied, copy: &Copy) {
        self.threads -= 1;
        self.turns.leave(what, Instant::now());
        if !copy.is_wanted() {
            self.copies.remove(what);
        }
    }

    /// Forgets a copy whose result is taken, but not how often it has failed so that it is tried
    /// again.
    fn forget(&mut self, what: &Copied, result: &Result<(), StorageError>) {
        let copy = self.copies.remove(what);
        if let (Some(snapshot), Some(copy)) = (what.snapshot(), copy) {
            self.last_percents.keep(snapshot, copy.percent.load(Ordering::Relaxed));
        }
        match result {
            Err(error) if !error.needs_operator() => {
                *self.failures.entry(what.clone()).or_default() += 1;
            }
            Ok(()) | Err(_) => drop(self.failures.remove(what)),
        }
    }

    /// The copy for which a machine has to wait that is to open the disk, the longest wait first.
    fn busy_with(&self, disk: &DiskId) -> Option<&Arc<Copy>> {
        let of_disk = self.copies.iter().filter(|(what, _)| what.disk() == Some(disk));
        of_disk.map(|(_, copy)| copy).min_by_key(|copy| copy.suspends())
    }
}

impl Copies {
    /// The right to open a disk; the reason to wait if it is being read or set back.
    pub(super) fn open(&self, disk: &DiskId) -> Result<OpenPermit, Progress> {
        let mut inner = lock(&self.inner);
        if let Some(copy) = inner.busy_with(disk) {
            return Err(copy.keeps_closed(disk));
        }
        *inner.opening.entry(disk.clone()).or_default() += 1;
        Ok(OpenPermit { inner: Arc::clone(&self.inner), disk: disk.clone() })
    }

    /// Whether this copy is under way.
    pub(super) fn is_under_way(&self, what: &Copied) -> bool {
        lock(&self.inner).copies.contains_key(what)
    }

    /// Polls a copy, begun when it is its turn. Gives its result once.
    pub(super) async fn poll(
        &self,
        what: &Copied,
        work: impl FnOnce(CopyWatch<'_>) -> Result<(), StorageError> + Send + 'static,
    ) -> Result<Result<(), StorageError>, Progress> {
        let copy = self.find_or_begin(what, work)?;
        let _ = tokio::time::timeout(LOOK, copy.ended.notified()).await;
        let result = copy.result().take();
        match result {
            Some(result) => {
                lock(&self.inner).forget(what, &result);
                Ok(result)
            }
            None => Err(copy.progress()),
        }
    }

    /// The copy, if it runs.
    fn find_or_begin(
        &self,
        what: &Copied,
        work: impl FnOnce(CopyWatch<'_>) -> Result<(), StorageError> + Send + 'static,
    ) -> Result<Arc<Copy>, Progress> {
        let mut inner = lock(&self.inner);
        let copy = match inner.copies.get(what) {
            Some(copy) if !copy.is_wanted() => {
                let because = "an earlier copy that was given up has not ended".to_owned();
                return Err(wait(because, false));
            }
            Some(copy) => Arc::clone(copy),
            None if what.disk().is_some_and(|disk| inner.opening.contains_key(disk)) => {
                return Err(wait("a virtual machine is opening the disk".to_owned(), false));
            }
            None => {
                let failures = inner.failures.get(what).copied().unwrap_or_default();
                let copy = Arc::new(Copy::new(failures >= FREE_ATTEMPTS));
                inner.copies.insert(what.clone(), Arc::clone(&copy));
                copy
            }
        };
        if copy.runs() {
            inner.turns.keep(what, Instant::now());
        } else if inner.begins(what, &copy) {
            let (inner, what) = (Arc::clone(&self.inner), what.clone());
            tokio::spawn(carry_out(inner, what, Arc::clone(&copy), work));
        } else {
            return Err(copy.progress());
        }
        Ok(copy)
    }

    /// A snapshot is not wanted any more: what copies into it ends, and nothing begins to. True if
    /// it is still being copied.
    pub(super) fn drop_snapshot(&self, snapshot: &SnapshotId) -> bool {
        let mut inner = lock(&self.inner);
        inner.failures.retain(|what, _| !what.is_of(snapshot));
        inner.frozen.remove(snapshot);
        let copy = inner.copies.keys().find(|what| what.is_of(snapshot)).cloned();
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

    /// The progress of a snapshot that is being taken, in percent, if that is known. The last one
    /// that is known stays until the store has its end, too.
    pub(super) fn percent(&self, snapshot: &SnapshotId) -> Option<u8> {
        let inner = lock(&self.inner);
        let copy = inner.copies.iter().find(|(what, _)| what.is_of(snapshot));
        let of_copy = copy.map(|(_, copy)| copy.percent.load(Ordering::Relaxed));
        let of_job = inner.jobs.get(snapshot).map(|job| job.percent);
        of_copy.or(of_job).or_else(|| inner.last_percents.of(snapshot))
    }
}

/// Carries out a copy whose turn it is.
async fn carry_out(
    inner: Arc<Mutex<Inner>>,
    what: Copied,
    copy: Arc<Copy>,
    work: impl FnOnce(CopyWatch<'_>) -> Result<(), StorageError> + Send + 'static,
) {
    let watched = Arc::clone(&copy);
    let worked = tokio::task::spawn_blocking(move || work(&|percent| watched.watch(percent))).await;
    let result = worked.unwrap_or_else(|error| {
        let source = std::io::Error::other(error);
        Err(StorageError::Io { doing: "copy", path: "disks".into(), source })
    });
    let mut inner = lock(&inner);
    *copy.result() = Some(result);
    inner.ended(&what, &copy);
    copy.ended.notify_one();
}

#[cfg(test)]
mod tests;
