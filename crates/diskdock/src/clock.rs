//! The only place that reads the time. An operator can hold the clock and move it.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Moment;
use tokio::sync::Notify;

/// The server's clock.
#[derive(Debug, Default)]
pub struct Clock {
    state: Mutex<State>,
    moved: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// How far the clock is ahead of the machine's.
    ahead_ms: i64,
    /// Where it stands still, if it does.
    held_at: Option<Moment>,
    /// The machine's time does not count at all: the clock was given, for a test.
    given: bool,
}

impl Clock {
    /// A given clock, for tests: it stands still here until it is moved.
    pub fn held_at(moment: Moment) -> Clock {
        let clock = Clock::default();
        clock.change(|state, _| (state.held_at, state.given) = (Some(moment), true));
        clock
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        let state = *self.lock();
        state.held_at.unwrap_or_else(|| machine_now().plus_ms(state.ahead_ms))
    }

    /// The moment that signatures are checked against: clients sign with the machine's time,
    /// wherever an operator has moved this clock.
    pub fn now_for_signatures(&self) -> Moment {
        if self.lock().given { self.now() } else { machine_now() }
    }

    /// Whether it stands still.
    pub fn is_held(&self) -> bool {
        self.lock().held_at.is_some()
    }

    /// Stops it.
    pub fn hold(&self) {
        let now = self.now();
        self.change(|state, _| state.held_at = Some(now));
    }

    /// Lets it run on from where it stands.
    pub fn release(&self) {
        self.change(|state, machine| {
            if let Some(held) = state.held_at.take() {
                state.ahead_ms = held.since_ms(machine);
            }
        });
    }

    /// Moves it forward.
    pub fn advance_ms(&self, milliseconds: i64) {
        self.change(|state, _| match &mut state.held_at {
            Some(held) => *held = held.plus_ms(milliseconds),
            None => state.ahead_ms = state.ahead_ms.saturating_add(milliseconds),
        });
    }

    /// Back to the machine's time.
    pub fn reset(&self) {
        self.change(|state, _| *state = State::default());
    }

    /// Waits until this moment has come, or until the clock was moved: look again then.
    pub async fn wait_until(&self, moment: Moment) {
        let moved = self.moved.notified();
        let left = moment.since_ms(self.now());
        if left <= 0 {
            return;
        }
        if self.is_held() {
            return moved.await;
        }
        let left = Duration::from_millis(left.unsigned_abs());
        tokio::select! { () = moved => {}, () = tokio::time::sleep(left) => {} }
    }

    fn change(&self, change: impl FnOnce(&mut State, Moment)) {
        change(&mut self.lock(), machine_now());
        self.moved.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

/// The machine's time.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
fn machine_now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
