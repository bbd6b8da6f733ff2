//! How much of its timeout an operation has left. Pure: it is told the time.
//!
//! Only time counts in which a server was watching, by the uptime of this server, which goes on
//! over restarts. An operation that is recovered after one has a fair part of its timeout anew,
//! because the hypervisor may have to begin anew, too; but not for ever, however often servers
//! restart.

use domain::Uptime;

use super::Timeout;
use crate::store::TimeUsed;

/// The divisor of the timeout that an operation has left at least after it is resumed.
const FAIR_PART: i64 = 2;
/// How many timeouts an operation may use over all restarts.
const MOST_TIMEOUTS: i64 = 2;

/// The deadline of an operation that this server carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// Milliseconds that may be used; more than the timeout if time was given anew.
    allowed_ms: i64,
    used: TimeUsed,
}

impl Deadline {
    /// The deadline of an operation that begins.
    pub(crate) fn new(timeout: Timeout, now: Uptime) -> Deadline {
        Deadline { allowed_ms: timeout.milliseconds(), used: TimeUsed::none(now) }
    }

    /// The deadline of an operation that is resumed after it had used this much.
    pub(super) fn recovered(timeout: Timeout, mut used: TimeUsed, now: Uptime) -> Deadline {
        used.count(now);
        used.is_suspended = false;
        let timeout_ms = timeout.milliseconds();
        let fair_ms = used.counted_ms.saturating_add(timeout_ms / FAIR_PART);
        let most_ms = timeout_ms.saturating_mul(MOST_TIMEOUTS);
        Deadline { allowed_ms: timeout_ms.max(fair_ms).min(most_ms), used }
    }

    /// Counts the time since the last look, unless nothing could happen in it; from now on it
    /// counts.
    pub(crate) fn count(&mut self, now: Uptime) {
        self.used.count(now);
        self.used.is_suspended = false;
    }

    /// Until the next look, nothing can happen.
    pub(crate) fn suspend(&mut self) {
        self.used.is_suspended = true;
    }

    /// Whether the time is used up.
    pub(crate) fn has_passed(&self) -> bool {
        self.left_ms() == Some(0)
    }

    /// Milliseconds that were left at the last step; none while it is suspended.
    pub(crate) fn left_ms(&self) -> Option<i64> {
        let left_ms = self.allowed_ms.saturating_sub(self.used.counted_ms).max(0);
        (!self.used.is_suspended).then_some(left_ms)
    }

    /// Milliseconds that are left now; none while it is suspended.
    pub(crate) fn left_ms_at(&self, now: Uptime) -> Option<i64> {
        let mut later = *self;
        later.used.count(now);
        later.left_ms()
    }

    /// The time used up, to be saved.
    pub(super) fn time_used(&self) -> TimeUsed {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    #[test]
    fn deadline_counts_no_time_while_suspended() {
        let mut deadline = Deadline::new(TIMEOUT, Uptime(1_000));
        deadline.count(Uptime(101_000));
        assert_eq!(deadline.left_ms(), Some(200_000));
        assert_eq!(deadline.time_used().counted_ms, 100_000);
        assert_eq!(deadline.left_ms_at(Uptime(151_000)), Some(150_000));
        deadline.suspend();
        assert_eq!(deadline.left_ms_at(Uptime(999_000)), None);
        assert!(!deadline.has_passed());
        deadline.count(Uptime(999_000));
        assert_eq!(deadline.left_ms(), Some(200_000));
        deadline.count(Uptime(1_199_000));
        assert!(deadline.has_passed());
    }

    #[test]
    fn recovered_leaves_a_fair_part_of_the_timeout_but_not_for_ever() {
        for (counted_ms, left_ms) in [
            (0, 300_000),
            (100_000, 200_000),
            (299_999, 150_000),
            (450_000, 150_000),
            (599_999, 1),
            (600_000, 0),
            (i64::MAX, 0),
        ] {
            let used = TimeUsed { counted_ms, ..TimeUsed::none(Uptime(7)) };
            let deadline = Deadline::recovered(TIMEOUT, used, Uptime(7));
            assert_eq!(deadline.left_ms(), Some(left_ms), "{counted_ms}");
        }
    }

    #[test]
    fn recovered_counts_the_uptime_since_it_was_saved_unless_it_stood_still() {
        let saved = TimeUsed { counted_ms: 1_000, ..TimeUsed::none(Uptime(50_000)) };
        let held = TimeUsed { is_suspended: true, ..saved };
        let left_ms = |used, now_ms| Deadline::recovered(TIMEOUT, used, Uptime(now_ms)).left_ms();
        assert_eq!(left_ms(saved, 70_000), Some(279_000));
        assert_eq!(left_ms(held, 70_000), Some(299_000));
        assert_eq!(left_ms(saved, 40_000), Some(299_000), "the end of the uptime was not saved");
    }
}
