//! The vendor's request limits, if enabled: 500 calls of AttachDisk or DetachDisk in 60 seconds for
//! each account, the only limits that its documentation states.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::{AccountId, Uptime};

/// Calls in a window.
const CALLS: u32 = 500;
/// The window, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// The actions that are limited.
const LIMITED: &[&str] = &["AttachDisk", "DetachDisk"];

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
    /// Counts one call; false if it exceeds the limit. The window passes on the monotonic clock:
    /// the time of day may be set.
    pub(crate) fn admit(&self, account: &AccountId, action: &str, now: Uptime) -> bool {
        let Some(action) = LIMITED.iter().find(|limited| **limited == action) else { return true };
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window =
            windows.entry((account.clone(), *action)).or_insert(Window { began: now, calls: 0 });
        if now.since_ms(window.began) >= WINDOW_MS {
            *window = Window { began: now, calls: 0 };
        }
        window.calls = window.calls.saturating_add(1);
        window.calls <= CALLS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_501st_call_in_a_minute_is_refused_and_the_next_minute_begins_anew() {
        let (throttle, account) = (Throttle::default(), AccountId::from("1"));
        let admit = |ms| throttle.admit(&account, "DetachDisk", Uptime(ms));
        assert!((0..500).all(admit));
        assert!(!admit(59_999));
        assert!(throttle.admit(&account, "AttachDisk", Uptime(59_999)));
        assert!(throttle.admit(&"2".into(), "DetachDisk", Uptime(59_999)));
        assert!(throttle.admit(&account, "DescribeDisks", Uptime(59_999)));
        assert!(admit(60_000));
    }
}
