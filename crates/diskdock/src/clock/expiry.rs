//! The time of day by which things expire that cannot be had back: nonces, ClientTokens, snapshots.
//! It runs with the monotonic clock.
//!
//! The machine's clock may be set forward and back again. If it alone decided, what was stamped
//! just before would be forgotten in between, and what was to be kept for days deleted.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{Moment, Uptime};

use super::Clock;

/// How many times faster than time passes this one follows a clock that was set forward.
const CATCHES_UP: i64 = 2;

/// How long a server runs before it deletes anything by its clock, in milliseconds of uptime: one
/// that started with a wrong time of day may be set right meanwhile.
const BELIEVED_AFTER_MS: i64 = 3_600_000;

/// The time by which things expire: at first the time of day, and never ahead of it.
#[derive(Debug, Default)]
pub(crate) struct ExpiryClock {
    last: Option<Reading>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    expiry_ms: i64,
    at: Uptime,
}

impl ExpiryClock {
    /// The reading in seconds, at this time of day.
    pub(crate) fn read_s(&mut self, now_s: i64, at: Uptime) -> i64 {
        self.read(Moment(now_s.saturating_mul(1_000)), at).seconds()
    }

    /// The reading at this time of day.
    fn read(&mut self, Moment(now_ms): Moment, at: Uptime) -> Moment {
        let followed_ms = self.last.map_or(now_ms, |last| {
            let passed_ms = at.since_ms(last.at).max(0);
            last.expiry_ms.saturating_add(passed_ms.saturating_mul(CATCHES_UP))
        });
        let expiry_ms = followed_ms.min(now_ms);
        self.last = Some(Reading { expiry_ms, at });
        Moment(expiry_ms)
    }
}

/// The time by which what is kept for a while has been kept long enough.
pub(crate) struct RetentionClock {
    clock: Arc<Clock>,
    expiry: Mutex<ExpiryClock>,
    began: Uptime,
}

impl RetentionClock {
    /// That of a server that begins now.
    pub(crate) fn of(clock: &Arc<Clock>) -> RetentionClock {
        let (mut expiry, began) = (ExpiryClock::default(), clock.uptime());
        expiry.read(clock.now(), began);
        RetentionClock { clock: Arc::clone(clock), expiry: Mutex::new(expiry), began }
    }

    /// The time by which things may be deleted; none while the time of day is not believed yet.
    pub(crate) fn read(&self) -> Option<Moment> {
        let mut expiry = self.expiry.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.clock.uptime();
        let reading = expiry.read(self.clock.now(), at);
        (at.since_ms(self.began) >= BELIEVED_AFTER_MS).then_some(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_767_323_045;
    const HOUR_S: i64 = 3_600;

    #[test]
    fn read_s_follows_a_clock_that_is_set_no_faster_than_twice_the_time() {
        let mut clock = ExpiryClock::default();
        let mut read = |now_s, at_s: i64| clock.read_s(now_s, Uptime(at_s * 1_000)) - NOW_S;
        assert_eq!(read(NOW_S, 0), 0);
        assert_eq!(read(NOW_S + 20, 20), 20, "an ordinary clock is followed");
        assert_eq!(read(NOW_S + HOUR_S, 30), 40, "set forward");
        assert_eq!(read(NOW_S + 35, 35), 35, "and back");
        assert_eq!(read(NOW_S + HOUR_S, 40), 45);
        assert_eq!(read(NOW_S + 2 * HOUR_S, 40 + HOUR_S), 45 + 2 * HOUR_S - 45, "for good");
    }

    #[test]
    fn retention_clock_of_a_server_that_starts_with_a_wrong_time_deletes_nothing_by_it() {
        let right = Moment(NOW_S * 1_000);
        let clock = Arc::new(Clock::held_at(right.plus_ms(365 * 24 * HOUR_S * 1_000)));
        let retention = RetentionClock::of(&clock);
        clock.advance_ms(20_000);
        assert_eq!(retention.read(), None);
        clock.shift_time_of_day_ms(-365 * 24 * HOUR_S * 1_000);
        assert_eq!(retention.read(), None);
        clock.advance_ms(HOUR_S * 1_000);
        assert_eq!(retention.read(), Some(clock.now()));
    }
}
