//! How much of its timeout an operation has used up. Pure: it is told the time.
//!
//! Only time counts in which somebody was looking: the clock is the monotonic one of this server,
//! and what is saved is the time used, never a moment. Whoever takes an operation up after a
//! restart gives it a fair part of its timeout anew, because the hypervisor may have to begin anew,
//! too; but not for ever, however often servers restart.

use domain::Uptime;

use super::Timeout;

/// An operation that is taken up has at least one part in so many of its timeout left …
const FAIR_PART: i64 = 2;
/// … until it has used up so many timeouts over all restarts.
const MOST_TIMEOUTS: i64 = 2;
/// An operation is looked at, and the time that it has used saved, whenever one part in so many of
/// its timeout has passed. A server that never runs for that long at a stretch counts nothing.
const SAVED_PARTS: i64 = 10;

/// The deadline of an operation in this server's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    timeout_ms: i64,
    /// Up to how much may be used; more than the timeout if time was given anew.
    allowed_ms: i64,
    used_ms: i64,
    /// Up to when the time used is counted.
    counted_at: Uptime,
    /// It stands still, because nothing can happen meanwhile.
    is_suspended: bool,
}

impl Deadline {
    /// The deadline of an operation that begins.
    pub fn new(timeout: Timeout, now: Uptime) -> Deadline {
        let timeout_ms = timeout.give_up_after_s.saturating_mul(1_000);
        let allowed_ms = timeout_ms;
        Deadline { timeout_ms, allowed_ms, used_ms: 0, counted_at: now, is_suspended: false }
    }

    /// The deadline of an operation that is taken up after it had used so much.
    pub fn recovered(timeout: Timeout, used_ms: i64, now: Uptime) -> Deadline {
        let new = Deadline::new(timeout, now);
        let used_ms = used_ms.max(0);
        let fair_ms = used_ms.saturating_add(new.timeout_ms / FAIR_PART);
        let most_ms = new.timeout_ms.saturating_mul(MOST_TIMEOUTS);
        Deadline { used_ms, allowed_ms: new.timeout_ms.max(fair_ms).min(most_ms), ..new }
    }

    /// Counts the time since the last look, unless nothing could happen in it; from now on it
    /// counts.
    pub fn count(&mut self, now: Uptime) {
        if !self.is_suspended {
            let passed_ms = now.since_ms(self.counted_at).max(0);
            self.used_ms = self.used_ms.saturating_add(passed_ms);
        }
        self.counted_at = now;
        self.is_suspended = false;
    }

    /// Until the next look, nothing can happen.
    pub fn suspend(&mut self) {
        self.is_suspended = true;
    }

    /// Whether the time is used up.
    pub fn has_passed(&self) -> bool {
        self.left_ms() == Some(0)
    }

    /// Milliseconds that were left at the last look; none while it stands still.
    pub fn left_ms(&self) -> Option<i64> {
        let left_ms = self.allowed_ms.saturating_sub(self.used_ms).max(0);
        (!self.is_suspended).then_some(left_ms)
    }

    /// Milliseconds that are left now; none while it stands still.
    pub fn left_ms_at(&self, now: Uptime) -> Option<i64> {
        self.left_ms().map(|left_ms| (left_ms - now.since_ms(self.counted_at).max(0)).max(0))
    }

    /// Milliseconds until the next look at the latest, as of the last one.
    pub fn longest_rest_ms(&self) -> Option<i64> {
        self.left_ms().map(|left_ms| left_ms.min(self.saved_part_ms()))
    }

    /// Milliseconds that are used up, to be saved.
    pub fn used_ms(&self) -> i64 {
        self.used_ms
    }

    /// Whether they differ enough from what is saved.
    pub fn is_worth_saving(&self, saved_ms: i64) -> bool {
        self.used_ms.saturating_sub(saved_ms).saturating_abs() >= self.saved_part_ms()
    }

    fn saved_part_ms(&self) -> i64 {
        (self.timeout_ms / SAVED_PARTS).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    #[test]
    fn only_time_in_which_something_could_happen_counts() {
        let mut deadline = Deadline::new(TIMEOUT, Uptime(1_000));
        deadline.count(Uptime(101_000));
        assert_eq!((deadline.left_ms(), deadline.used_ms()), (Some(200_000), 100_000));
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
        for (used_ms, left_ms) in [
            (-5, 300_000),
            (0, 300_000),
            (100_000, 200_000),
            (299_999, 150_000),
            (450_000, 150_000),
            (599_999, 1),
            (600_000, 0),
            (i64::MAX, 0),
        ] {
            let deadline = Deadline::recovered(TIMEOUT, used_ms, Uptime(7));
            assert_eq!(deadline.left_ms(), Some(left_ms), "{used_ms}");
        }
    }

    #[test]
    fn time_used_is_saved_in_coarse_steps() {
        let mut deadline = Deadline::new(TIMEOUT, Uptime(0));
        deadline.count(Uptime(29_999));
        assert!(!deadline.is_worth_saving(0));
        deadline.count(Uptime(30_000));
        assert!(deadline.is_worth_saving(0));
        assert!(!deadline.is_worth_saving(deadline.used_ms()));
        assert!(Deadline::new(TIMEOUT, Uptime(0)).is_worth_saving(200_000), "begun anew");
    }
}
