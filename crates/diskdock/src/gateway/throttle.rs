//! The vendor's request limits, if enabled: so many calls of an action in 60 seconds for each
//! account, as the action declares.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::{AccountId, Uptime};

/// The window, in milliseconds.
const WINDOW_MS: i64 = 60_000;

/// Counts calls. There is one entry for each account that calls, and accounts come from keys.
#[derive(Debug, Default)]
pub struct Throttle {
    windows: Mutex<HashMap<(AccountId, &'static str), Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Uptime,
    calls: u32,
}

impl Throttle {
    /// Counts one call of an action with its limit in a window; false if it exceeds that. The
    /// window passes on the monotonic clock: the time of day may be set.
    pub(crate) fn admit(
        &self,
        account: &AccountId,
        (action, limit): (&'static str, u32),
        now: Uptime,
    ) -> bool {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window =
            windows.entry((account.clone(), action)).or_insert(Window { began: now, calls: 0 });
        if now.since_ms(window.began) >= WINDOW_MS {
            *window = Window { began: now, calls: 0 };
        }
        window.calls = window.calls.saturating_add(1);
        window.calls <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_501st_call_in_a_minute_is_refused_and_the_next_minute_begins_anew() {
        let (throttle, account) = (Throttle::default(), AccountId::from("1"));
        let admit = |ms| throttle.admit(&account, ("DetachDisk", 500), Uptime(ms));
        assert!((0..500).all(admit));
        assert!(!admit(59_999));
        assert!(throttle.admit(&account, ("AttachDisk", 500), Uptime(59_999)));
        assert!(throttle.admit(&"2".into(), ("DetachDisk", 500), Uptime(59_999)));
        assert!(admit(60_000));
    }
}
