//! One copy: how far it has come, and whether those that wait for it run out of time meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use domain::DiskId;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::hypervisor::Progress;
use crate::storage::StorageError;

/// When an unfinished copy is looked at again, in milliseconds.
const RETRY_AFTER_MS: i64 = 100;
/// For how long the deadline of an operation stands still while its copy waits for its turn.
pub(super) const QUEUED_AT_MOST: Duration = Duration::from_secs(6 * 3_600);
/// A copy of which nothing has moved for this long stands still. `qemu-img` tells of each percent,
/// which is a minute for a TiB.
pub(super) const STILL_AFTER: Duration = Duration::from_secs(180);

/// A copy that was asked for.
pub(super) struct Copy {
    asked_at: Instant,
    /// Whether it counts against deadlines even while it moves.
    counts: bool,
    pub(super) runs: AtomicBool,
    pub(super) is_wanted: AtomicBool,
    pub(super) percent: AtomicU8,
    /// When it moved last, in milliseconds since it was asked for.
    moved_ms: AtomicU64,
    result: Mutex<Option<Result<(), StorageError>>>,
    pub(super) ended: Notify,
}

impl Copy {
    pub(super) fn new(counts: bool) -> Copy {
        Copy {
            asked_at: Instant::now(),
            counts,
            runs: false.into(),
            is_wanted: true.into(),
            percent: 0.into(),
            moved_ms: 0.into(),
            result: Mutex::default(),
            ended: Notify::new(),
        }
    }

    pub(super) fn moves(&self) {
        let elapsed_ms = self.asked_at.elapsed().as_millis();
        self.moved_ms.store(u64::try_from(elapsed_ms).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn watch(&self, percent: u8) -> bool {
        self.percent.store(percent.min(99), Ordering::Relaxed);
        self.moves();
        self.is_wanted()
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    pub(super) fn runs(&self) -> bool {
        self.runs.load(Ordering::Relaxed)
    }

    /// Whether it runs, and nothing moves.
    pub(super) fn is_still(&self) -> bool {
        let moved = Duration::from_millis(self.moved_ms.load(Ordering::Relaxed));
        self.runs() && self.asked_at.elapsed().saturating_sub(moved) >= STILL_AFTER
    }

    /// Whether the deadlines of those that wait for it stand still.
    pub(super) fn suspends(&self) -> bool {
        let is_late = !self.runs() && self.asked_at.elapsed() >= QUEUED_AT_MOST;
        self.is_wanted() && !self.counts && !self.is_still() && !is_late
    }

    /// The reason for which its operation waits.
    pub(super) fn progress(&self) -> Progress {
        let because = if self.runs() {
            percent_copied(self.percent.load(Ordering::Relaxed))
        } else {
            "it waits until other disks are copied".to_owned()
        };
        wait(because, self.suspends())
    }

    /// The reason for which a machine waits that is to open this disk.
    pub(super) fn keeps_closed(&self, disk: &DiskId) -> Progress {
        let how = match (self.is_wanted(), self.runs()) {
            (false, _) => {
                "are still being copied, for a call that was given up; they stay closed \
                           until that has ended"
            }
            (true, false) => "wait until other disks are copied, to be copied then",
            (true, true) if self.is_still() => "are being copied, which stands still",
            (true, true) => "are being copied",
        };
        wait(format!("the bytes of {disk} {how}"), self.suspends())
    }

    pub(super) fn has_ended(&self) -> bool {
        self.result().is_some()
    }

    pub(super) fn result(&self) -> MutexGuard<'_, Option<Result<(), StorageError>>> {
        self.result.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

pub(super) fn percent_copied(percent: u8) -> String {
    format!("{percent}% are copied")
}

/// A wait for a copy, in which deadlines stand still or not.
pub(super) fn wait(because: String, suspends: bool) -> Progress {
    let after_ms = RETRY_AFTER_MS;
    if suspends {
        Progress::Suspended { after_ms, because }
    } else {
        Progress::RetryAfter { after_ms, because }
    }
}
