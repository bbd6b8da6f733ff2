//! The latest of what operations did here: how they ended, and the events on their way. It is in
//! memory only, and bounded; what was given up the store keeps, too.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Moment;

use crate::store::OperationRow;

/// Operations that ended, at most.
const ENDED: usize = 1_000;
/// Events, at most.
const EVENTS: usize = 1_000;
/// The longest state of an operation that is kept with it, in bytes.
const STATE: usize = 4 * 1024;

/// An operation that ended.
#[derive(Clone, Debug)]
pub(crate) struct EndedOperation {
    /// The operation as it was last.
    pub row: Arc<OperationRow>,
    /// When it ended.
    pub at: Moment,
    /// Why it was given up; none if it is done.
    pub reason: Option<String>,
}

/// Something that an operation met with: what it waits for, or what failed and is tried again.
#[derive(Clone, Debug)]
pub(crate) struct OperationEvent {
    /// Counts events from 1.
    pub number: u64,
    /// When it was met with.
    pub at: Moment,
    /// The operation as it was then; the event is its last one.
    pub row: Arc<OperationRow>,
}

/// The latest ends and events.
#[derive(Debug, Default)]
pub(crate) struct OperationHistory(Mutex<Latest>);

#[derive(Debug, Default)]
struct Latest {
    ended: VecDeque<EndedOperation>,
    events: VecDeque<OperationEvent>,
    number: u64,
}

impl OperationHistory {
    /// Adds an operation that ended.
    pub(super) fn keep_end(&self, row: &Arc<OperationRow>, at: Moment, reason: Option<String>) {
        let row = match row.state.len() > STATE {
            true => Arc::new(without_state(row)),
            false => Arc::clone(row),
        };
        push(&mut self.lock().ended, EndedOperation { row, at, reason }, ENDED);
    }

    /// Adds the last event of an operation.
    pub(super) fn keep_event(&self, row: &OperationRow, at: Moment) {
        let row = if row.state.len() > STATE { without_state(row) } else { row.clone() };
        let mut latest = self.lock();
        latest.number += 1;
        let event = OperationEvent { number: latest.number, at, row: Arc::new(row) };
        push(&mut latest.events, event, EVENTS);
    }

    /// The latest operations that ended and are wanted, newest first.
    pub(crate) fn ended(&self, wanted: impl Fn(&OperationRow) -> bool) -> Vec<EndedOperation> {
        let latest = self.lock();
        latest.ended.iter().rev().filter(|one| wanted(&one.row)).cloned().collect()
    }

    /// The latest events of the wanted operations, newest first.
    pub(crate) fn events(&self, wanted: impl Fn(&OperationRow) -> bool) -> Vec<OperationEvent> {
        let latest = self.lock();
        latest.events.iter().rev().filter(|one| wanted(&one.row)).cloned().collect()
    }

    /// Forgets all, as when the store was wiped.
    pub(super) fn clear(&self) {
        *self.lock() = Latest::default();
    }

    fn lock(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn without_state(row: &OperationRow) -> OperationRow {
    OperationRow { state: String::new(), ..row.clone() }
}

fn push<T>(list: &mut VecDeque<T>, one: T, most: usize) {
    if list.len() == most {
        list.pop_front();
    }
    list.push_back(one);
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::push;

    #[test]
    fn a_full_list_gives_up_its_oldest_entry_for_a_new_one() {
        let mut list = VecDeque::new();
        for one in 1..=5 {
            push(&mut list, one, 3);
        }
        assert_eq!(list, [3, 4, 5]);
    }
}
