//! The only place that reads the time.
//!
//! There are two times. [`Clock::now`] is the time of day: for what people read, and for what
//! clients sign. It may be set to another one at any moment. [`Clock::uptime`] is what everything
//! goes by that waits or has a deadline: it never goes back, whatever happens to the time of day,
//! and a stretch in which this process did not run counts only in small part. An operator can hold
//! both and move both forward. Deletions for good by the time of day go by both of them:
//! [`expiry`].

pub(crate) mod expiry;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{Moment, Uptime};
use tokio::sync::Notify;

/// The longest time between two readings that counts in full. The clock is read every [`BEAT`], so
/// that a longer one means that this process was stopped or starved: then nothing was observed, and
/// no deadline comes closer.
const LONGEST_GAP: Duration = Duration::from_secs(10);
/// The longest time between two readings of the clock of a server that runs.
pub(crate) const BEAT: Duration = Duration::from_secs(1);

/// The server's clock.
#[derive(Debug, Default)]
pub struct Clock {
    state: Mutex<ClockState>,
    moved: Notify,
    /// One for each that asked to be told when the clock is moved forward.
    advanced: Mutex<Vec<Arc<Notify>>>,
}

#[derive(Clone, Copy, Debug)]
struct ClockState {
    /// How far the time of day is ahead of the machine's.
    ahead_ms: i64,
    /// Where it stands still, if it does; the uptime then stands still too.
    held_at: Option<Moment>,
    /// The machine's time does not count at all: the clock was given, for a test.
    given: bool,
    /// The time that passed by itself, held or not.
    running: Duration,
    /// The uptime that passed by itself.
    counted: Duration,
    /// The machine's monotonic clock when that was counted.
    counted_at: Instant,
    /// The uptime that an operator added.
    added_ms: i64,
}

impl Default for ClockState {
    fn default() -> ClockState {
        ClockState {
            ahead_ms: 0,
            held_at: None,
            given: false,
            running: Duration::ZERO,
            counted: Duration::ZERO,
            counted_at: Instant::now(),
            added_ms: 0,
        }
    }
}

impl ClockState {
    /// Counts the time that has passed on the machine's monotonic clock.
    fn count(&mut self, machine: Instant) {
        let gap = machine.saturating_duration_since(self.counted_at).min(LONGEST_GAP);
        self.running += gap;
        if self.held_at.is_none() {
            self.counted += gap;
        }
        self.counted_at = machine;
    }

    fn uptime(&self) -> Uptime {
        uptime_of(self.counted, self.added_ms)
    }
}

fn uptime_of(counted: Duration, added_ms: i64) -> Uptime {
    let counted_ms = i64::try_from(counted.as_millis()).unwrap_or(i64::MAX);
    Uptime(counted_ms.saturating_add(added_ms))
}

impl Clock {
    /// A given clock, for tests: it stands still here until it is moved.
    pub fn held_at(moment: Moment) -> Clock {
        let clock = Clock::default();
        clock.change(|state, _| (state.held_at, state.given) = (Some(moment), true));
        clock
    }

    /// Another clock that shows the same, and is moved on its own from now on.
    pub(crate) fn fork(&self) -> Clock {
        Clock { state: Mutex::new(*self.lock()), ..Clock::default() }
    }

    /// Another clock that shows the time of the host; a given one shows what this one does.
    pub(crate) fn fresh(&self) -> Clock {
        if self.lock().given { self.fork() } else { Clock::default() }
    }

    /// The uptime goes on from where that of the last process was, if it is not further already.
    pub(crate) fn go_on_from(&self, uptime: Uptime) {
        self.change(|state, _| {
            let missing_ms = uptime.since_ms(state.uptime()).max(0);
            state.added_ms = state.added_ms.saturating_add(missing_ms);
        });
    }

    /// The time of day.
    pub fn now(&self) -> Moment {
        let state = *self.lock();
        state.held_at.unwrap_or_else(|| host_now().plus_ms(state.ahead_ms))
    }

    /// How long this server has been running over all restarts, as far as its clock goes: what
    /// waiting goes by.
    pub fn uptime(&self) -> Uptime {
        let mut state = self.lock();
        state.count(Instant::now());
        state.uptime()
    }

    /// The same, wherever an operator holds and moves the clock: what the memory of signatures goes
    /// by.
    pub(crate) fn uptime_for_signatures(&self) -> Uptime {
        let mut state = self.lock();
        state.count(Instant::now());
        if state.given { state.uptime() } else { uptime_of(state.running, 0) }
    }

    /// The moment that signatures are checked against: clients sign with the machine's time,
    /// wherever an operator has moved this clock.
    pub fn now_for_signatures(&self) -> Moment {
        if self.lock().given { self.now() } else { host_now() }
    }

    /// Whether it stands still.
    pub(crate) fn is_held(&self) -> bool {
        self.lock().held_at.is_some()
    }

    /// Stops it.
    pub(crate) fn hold(&self) {
        let now = self.now();
        self.change(|state, _| state.held_at = Some(now));
    }

    /// Lets it run on from where it stands.
    pub(crate) fn release(&self) {
        self.change(|state, machine| {
            if let Some(held) = state.held_at.take() {
                state.ahead_ms = held.since_ms(machine);
            }
        });
    }

    /// Moves it forward: the time of day and everything that waits.
    pub fn advance_ms(&self, milliseconds: i64) {
        self.change(|state, _| {
            state.added_ms = state.added_ms.saturating_add(milliseconds.max(0));
            state.shift_time_of_day(milliseconds);
        });
        self.subscribers().iter().for_each(|one| one.notify_one());
    }

    /// Is notified whenever an operator moves the clock forward: more is due then.
    pub(crate) fn advanced(&self) -> Arc<Notify> {
        let subscriber = Arc::<Notify>::default();
        self.subscribers().push(Arc::clone(&subscriber));
        subscriber
    }

    fn subscribers(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Notify>>> {
        self.advanced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the machine's time of day, without effect on waits. For tests with a given clock.
    pub fn shift_time_of_day_ms(&self, milliseconds: i64) {
        self.change(|state, _| state.shift_time_of_day(milliseconds));
    }

    /// Back to the machine's time of day. The uptime goes on from where it is.
    pub(crate) fn reset(&self) {
        self.change(|state, _| (state.ahead_ms, state.held_at, state.given) = (0, None, false));
    }

    /// Waits until this moment, or for a while, or until the clock was moved: look again then.
    pub(crate) async fn wait_until(&self, at: Uptime) {
        let moved = self.moved.notified();
        let left_ms = at.since_ms(self.uptime());
        if left_ms <= 0 {
            return;
        }
        if self.is_held() {
            return moved.await;
        }
        let left = Duration::from_millis(left_ms.unsigned_abs()).min(BEAT);
        tokio::select! { () = moved => {}, () = tokio::time::sleep(left) => {} }
    }

    fn change(&self, change: impl FnOnce(&mut ClockState, Moment)) {
        let mut state = self.lock();
        state.count(Instant::now());
        change(&mut state, host_now());
        drop(state);
        self.moved.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ClockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClockState {
    fn shift_time_of_day(&mut self, milliseconds: i64) {
        match &mut self.held_at {
            Some(held) => *held = held.plus_ms(milliseconds),
            None => self.ahead_ms = self.ahead_ms.saturating_add(milliseconds),
        }
    }
}

/// The machine's time of day, whatever an operator has set: for logs.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
pub(crate) fn host_now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn uptime_counts_a_gap_of_a_stopped_process_in_part() {
        let mut state = ClockState::default();
        let mut machine = state.counted_at;
        for gap in [BEAT, BEAT, HOUR, BEAT] {
            machine += gap;
            state.count(machine);
        }
        assert_eq!(state.counted, 3 * BEAT + LONGEST_GAP);
        state.count(machine - HOUR);
        assert_eq!(state.counted, 3 * BEAT + LONGEST_GAP, "it never goes back");
    }

    #[test]
    fn uptime_of_a_held_clock_advances_only_as_it_is_moved() {
        let clock = Clock::held_at(Moment(1_000));
        let began = clock.uptime();
        clock.lock().count(Instant::now() + HOUR);
        assert_eq!(clock.uptime(), began);
        clock.advance_ms(500);
        assert_eq!((clock.uptime().since_ms(began), clock.now()), (500, Moment(1_500)));
    }

    #[test]
    fn uptime_ignores_a_set_time_of_day() {
        let clock = Clock::held_at(Moment(1_000));
        let began = clock.uptime();
        for shift_ms in [3_600_000, -7_200_000] {
            clock.shift_time_of_day_ms(shift_ms);
            assert_eq!(clock.uptime(), began);
        }
        assert_eq!(clock.now(), Moment(1_000 - 3_600_000));
        clock.reset();
        assert!(clock.uptime() >= began, "not even when everything is reset");
    }
}
