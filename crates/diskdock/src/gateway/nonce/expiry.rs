//! The time of day by which nonces expire, which runs with the monotonic clock.
//!
//! The machine's clock may be set forward and back again. If it alone decided, what was stamped
//! just before would be forgotten in between, and fresh requests of the same minute refused.

use domain::Uptime;

/// How many times faster than time passes this one follows a clock that was set forward.
const CATCHES_UP: i64 = 2;

/// The time by which nonces expire: at first the time of day, and never ahead of it.
#[derive(Debug, Default)]
pub(super) struct ExpiryClock {
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
        let now_ms = now_s.saturating_mul(1_000);
        let followed_ms = self.last.map_or(now_ms, |last| {
            let passed_ms = at.since_ms(last.at).max(0);
            last.expiry_ms.saturating_add(passed_ms.saturating_mul(CATCHES_UP))
        });
        let expiry_ms = followed_ms.min(now_ms);
        self.last = Some(Reading { expiry_ms, at });
        expiry_ms.div_euclid(1_000)
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
}
