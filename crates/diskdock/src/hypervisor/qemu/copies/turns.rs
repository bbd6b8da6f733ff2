//! Turns of copies: only so many have one at a time, and accounts take them in turn.
//!
//! A free turn goes to the account that has the fewest, and of its copies to the one that asked
//! first: an account alone has all turns, and one that asks for thousands of copies delays the
//! others by a copy or two. Pure: it is told the time.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use domain::AccountId;
use tokio::time::Instant;

/// How long a turn, or a place among those that wait, is kept for a copy that nobody asks about any
/// more: its operation has ended, and the copy has not.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// The copies that have a turn, and those that wait for one.
pub(super) struct Turns<K> {
    at_a_time: usize,
    /// The number of the next copy that asks.
    next: u64,
    have: HashMap<K, Asked>,
    wait: HashMap<K, Asked>,
}

/// A copy that has asked.
struct Asked {
    account: Option<AccountId>,
    number: u64,
    /// When it was asked about last.
    seen: Instant,
}

impl Asked {
    fn is_forgotten(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.seen) >= FORGOTTEN_AFTER
    }
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// Turns for so many at a time.
    pub(super) fn new(at_a_time: usize) -> Turns<K> {
        Turns { at_a_time, next: 0, have: HashMap::new(), wait: HashMap::new() }
    }

    /// Whether a copy has a turn. If not, it waits for one.
    pub(super) fn ask(&mut self, copy: &K, account: Option<&AccountId>, now: Instant) -> bool {
        if self.keep(copy, now) {
            return true;
        }
        let number = self.next;
        let begin = || Asked { account: account.cloned(), number, seen: now };
        self.wait.entry(copy.clone()).or_insert_with(begin).seen = now;
        self.next += 1;
        self.give_out(now);
        self.have.contains_key(copy)
    }

    /// A copy that is under way still has an operation. False if it has no turn.
    pub(super) fn keep(&mut self, copy: &K, now: Instant) -> bool {
        let has_one = self.have.get_mut(copy);
        has_one.map(|asked| asked.seen = now).is_some()
    }

    /// A copy has ended, or is not wanted before it has begun.
    pub(super) fn leave(&mut self, copy: &K, now: Instant) {
        self.wait.remove(copy);
        if self.have.remove(copy).is_some() {
            self.give_out(now);
        }
    }

    fn give_out(&mut self, now: Instant) {
        self.have.retain(|_, asked| !asked.is_forgotten(now));
        while self.have.len() < self.at_a_time
            && let Some(next) = self.first_in_order(now)
            && let Some(asked) = self.wait.remove(&next)
        {
            self.have.insert(next, asked);
        }
    }

    fn first_in_order(&mut self, now: Instant) -> Option<K> {
        self.wait.retain(|_, asked| !asked.is_forgotten(now));
        let turns_of = |account: &Option<AccountId>| {
            self.have.values().filter(|asked| asked.account == *account).count()
        };
        let order = |(_, asked): &(&K, &Asked)| (turns_of(&asked.account), asked.number);
        self.wait.iter().min_by_key(order).map(|(copy, _)| copy.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> Option<AccountId> {
        Some(AccountId::from(name))
    }

    #[test]
    fn accounts_take_turns_and_one_alone_has_all() {
        let (mut turns, now) = (Turns::new(2), Instant::now());
        let (many, few) = (account("many"), account("few"));
        let got: Vec<bool> = (0..100).map(|copy| turns.ask(&copy, many.as_ref(), now)).collect();
        assert_eq!(got.iter().filter(|got| **got).count(), 2);
        assert!(!turns.ask(&1_000, few.as_ref(), now), "no turn is free");
        assert!(!turns.ask(&1_001, few.as_ref(), now));
        turns.leave(&0, now);
        assert!(turns.ask(&1_000, few.as_ref(), now), "its account has none");
        turns.leave(&1, now);
        assert!(turns.ask(&2, many.as_ref(), now), "each has one, and it asked first");
        turns.leave(&1_000, now);
        assert!(turns.ask(&1_001, few.as_ref(), now));
        turns.leave(&1_001, now);
        assert!(turns.ask(&3, many.as_ref(), now));
        assert!(!turns.ask(&4, many.as_ref(), now));
    }

    #[test]
    fn turn_of_a_copy_that_nobody_asks_about_goes_to_the_next() {
        let (mut turns, began) = (Turns::new(1), Instant::now());
        assert!(turns.ask(&"hangs", None, began));
        let later = began + FORGOTTEN_AFTER / 2;
        assert!(!turns.ask(&"next", None, later));
        assert!(turns.keep(&"hangs", later), "it has an operation");
        assert!(!turns.ask(&"next", None, began + FORGOTTEN_AFTER));
        assert!(turns.ask(&"next", None, later + FORGOTTEN_AFTER));
        assert!(!turns.keep(&"hangs", later + FORGOTTEN_AFTER));
    }

    #[test]
    fn copy_that_waits_no_more_gets_no_turn() {
        let (mut turns, now) = (Turns::new(1), Instant::now());
        for (copy, has_turn) in [("first", true), ("gone", false), ("next", false)] {
            assert_eq!(turns.ask(&copy, None, now), has_turn);
        }
        turns.leave(&"gone", now);
        turns.leave(&"first", now);
        assert!(turns.ask(&"next", None, now));
    }
}
