//! A point in time, given by the caller: the rules never read a clock.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(pub i64);

/// Seconds by which the clocks of several servers may differ.
const CLOCKS_DIFFER_S: i64 = 900;

impl Moment {
    /// Whether this was recorded while the clock was wrong: it lies further ahead of now than the
    /// clocks of several servers differ.
    pub fn is_of_wrong_clock(self, now: Moment) -> bool {
        self > now.plus_s(CLOCKS_DIFFER_S)
    }

    /// The moment that lies `milliseconds` later; stays at the end of time rather than overflow.
    pub fn plus_ms(self, milliseconds: i64) -> Moment {
        Moment(self.0.saturating_add(milliseconds))
    }

    /// The moment that lies `seconds` later.
    pub fn plus_s(self, seconds: i64) -> Moment {
        self.plus_ms(seconds.saturating_mul(1_000))
    }

    /// Whole seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Milliseconds from `earlier` to this moment; negative if this one comes first.
    pub fn since_ms(self, earlier: Moment) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A reading of a server's own monotonic clock, in milliseconds: what waiting and deadlines go by.
/// It never goes back while the server runs, whatever happens to the time of day; a restart goes on
/// from where it was saved last. It means nothing to another server.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Uptime(pub i64);

impl Uptime {
    /// The reading `milliseconds` later; stays at the end of time rather than overflow.
    pub fn plus_ms(self, milliseconds: i64) -> Uptime {
        Uptime(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this reading; negative if this one comes first.
    pub fn since_ms(self, earlier: Uptime) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
