//! The latest calls, for the console: the caller, the action, the result and the time it took.
//!
//! The list is in memory only, and bounded. Successful read-only calls have a list of their own,
//! so that a client that polls does not displace writes and errors.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::Moment;

use crate::service::Request;

/// The most calls that wrote or were refused.
pub(crate) const CHANGES: usize = 200;
/// The latest accepted writes of the store among which those about a resource are looked for.
pub(crate) const RECORDS: usize = 10_000;
/// The most successful read-only calls.
const READS: usize = 50;
/// The most bytes of a call's parameters; of longer ones only the names are kept.
const PARAMETERS: usize = 16 * 1024;
/// The longest reply that is kept, in bytes: it names at most 100 resources.
const REPLY: usize = 8 * 1024;

/// One call.
#[derive(Debug)]
pub struct RecentCall {
    /// Counts calls from 1.
    pub number: u64,
    /// When its reply was sent.
    pub at: Moment,
    /// Its RequestId.
    pub request_id: String,
    /// The action, or `unknown`.
    pub action: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The error code, or `OK`.
    pub code: &'static str,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// The authenticated request; `None` if it was not authenticated.
    pub request: Option<Request>,
    /// The reply that names what the call made, as JSON without the RequestId; empty if there is
    /// none, or if it is long.
    pub reply: Vec<u8>,
}

impl RecentCall {
    /// Its parameters, sorted by name.
    pub fn parameters(&self) -> &[(String, String)] {
        self.request.as_ref().map_or(&[], |request| request.input.pairs())
    }

    /// Whether its parameters are too long to be shown.
    pub(crate) fn is_long(&self) -> bool {
        let length = |(name, value): &(String, String)| name.len() + value.len();
        self.parameters().iter().map(length).sum::<usize>() > PARAMETERS
    }
}

/// The latest calls.
#[derive(Debug, Default)]
pub struct Recent(Mutex<RecentCalls>);

#[derive(Debug, Default)]
struct RecentCalls {
    number: u64,
    changes: VecDeque<RecentCall>,
    reads: VecDeque<RecentCall>,
}

impl Recent {
    /// Adds a call. `reads` tells that it was read-only and successful.
    pub(crate) fn keep(&self, mut call: RecentCall, reads: bool) {
        if call.is_long() {
            call.request = None;
        }
        if call.reply.len() > REPLY {
            call.reply = Vec::new();
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.number += 1;
        call.number = kept.number;
        let (calls, most) =
            if reads { (&mut kept.reads, READS) } else { (&mut kept.changes, CHANGES) };
        let old = if calls.len() == most { calls.pop_front() } else { None };
        calls.push_back(call);
        drop(kept);
        // The evicted call is freed after the lock is released.
        drop(old);
    }

    /// The calls as `show` maps them, latest first.
    pub fn latest<T>(&self, mut show: impl FnMut(&RecentCall) -> T) -> Vec<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut calls: Vec<_> = kept.changes.iter().chain(&kept.reads).collect();
        calls.sort_by_key(|call| std::cmp::Reverse(call.number));
        calls.into_iter().map(&mut show).collect()
    }
}
