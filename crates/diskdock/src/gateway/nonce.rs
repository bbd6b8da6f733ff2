//! Remembers which signed requests were seen, so that a captured one cannot be sent again.
//!
//! A replay carries the timestamp of the original, because the timestamp is signed. So nonces
//! are kept by the minute of their timestamp, a request is looked up in its own minute only, and
//! a minute is forgotten as a whole once no request stamped in it is acceptable any more.
//! Forgotten minutes are refused from then on, whatever the clock says later.
//!
//! Each access key has a memory of its own. When all of them together are full, the account that
//! holds most makes room, so that no account can lock others out.
//!
//! The memory tells nothing about unverified requests: call [`Nonces::remember`] only after the
//! signature was found to be right. The part that outlives the process is in [`stored`].

mod memory;
pub mod stored;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::{AccountId, Uptime};

use memory::{Inserted, KeyMemory};
use stored::StoredNonces;

use crate::clock::expiry::ExpiryClock;

/// How far a timestamp may lie before or after the present, in seconds.
pub(crate) const WINDOW_S: i64 = 15 * 60;

/// How many nonces are remembered at most by default: about 80 MB.
pub(crate) const MAX_NONCES: usize = 4_000_000;

/// Whether a request may be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NonceCheck {
    /// Not seen before, and remembered now.
    Fresh,
    /// Seen before.
    Used,
    /// Too old to tell.
    Expired,
    /// Stamped too far ahead.
    Future,
    /// Its account sent so many within a minute that it cannot be remembered; it must not be
    /// served.
    Full,
}

/// A request with a verified signature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    /// The account of the key.
    pub account: &'a AccountId,
    /// The key.
    pub access_key_id: &'a str,
    /// Its nonce.
    pub nonce: &'a str,
    /// When it was signed, in seconds since 1970.
    pub timestamp_s: i64,
}

/// The nonces of all access keys within the window.
pub struct Nonces {
    /// Keyed at random for each process, so that clients cannot prepare colliding nonces.
    hasher: RandomState,
    keys: RwLock<HashMap<String, Arc<KeyMemory>>>,
    /// The nonces that the store has from servers before this one.
    stored: StoredNonces,
    /// Nonces of all keys.
    count: AtomicUsize,
    limit: usize,
    expiry: Mutex<ExpiryClock>,
    /// Held while room is made, so that two threads do not give up two minutes.
    eviction: Mutex<()>,
}

impl Default for Nonces {
    fn default() -> Self {
        Nonces::new(MAX_NONCES, StoredNonces::default())
    }
}

impl Nonces {
    /// A memory for at most `limit` nonces, besides those that were stored.
    pub(crate) fn new(limit: usize, stored: StoredNonces) -> Self {
        Nonces {
            hasher: RandomState::new(),
            keys: RwLock::default(),
            stored,
            count: AtomicUsize::new(0),
            limit,
            expiry: Mutex::default(),
            eviction: Mutex::new(()),
        }
    }

    /// How many nonces are remembered.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Decides on a request, and remembers it.
    pub(crate) fn remember(&self, request: &Signed<'_>, now_s: i64) -> NonceCheck {
        if request.timestamp_s < now_s.saturating_sub(WINDOW_S) {
            return NonceCheck::Expired;
        }
        if request.timestamp_s > now_s.saturating_add(WINDOW_S) {
            return NonceCheck::Future;
        }
        match self.stored.verdict(request) {
            NonceCheck::Fresh => {}
            seen => return seen,
        }
        let present = minute(now_s);
        let memory = self.memory_of(request);
        let (stamped, hash) = (minute(request.timestamp_s), self.hasher.hash_one(request.nonce));
        loop {
            match memory.insert(stamped, hash, &self.count, self.limit) {
                Inserted::New => return NonceCheck::Fresh,
                Inserted::Known => return NonceCheck::Used,
                Inserted::Closed if stamped >= present && memory.has_given_up(stamped) => {
                    return NonceCheck::Full;
                }
                Inserted::Closed => return NonceCheck::Expired,
                Inserted::NoRoom if !self.make_room(&memory, stamped, present) => {
                    return NonceCheck::Full;
                }
                Inserted::NoRoom => {}
            }
        }
    }

    /// Frees the memory of the minutes that have left the window, by the time of day as far as the
    /// monotonic clock bears it out; gives that time.
    pub(crate) fn forget_expired(&self, now_s: i64, uptime: Uptime) -> i64 {
        let mut expiry = self.expiry.lock().unwrap_or_else(PoisonError::into_inner);
        let expiry_s = expiry.read_s(now_s, uptime);
        let last = minute(expiry_s.saturating_sub(WINDOW_S)).saturating_sub(1);
        for memory in self.memories() {
            self.count.fetch_sub(memory.drop_through(last), Ordering::Relaxed);
        }
        expiry_s
    }

    /// Frees the memory of keys that do not exist any more, once nothing is remembered of them:
    /// temporary keys come and go.
    pub(crate) fn forget_keys(&self, exists: impl Fn(&str) -> bool) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|id, memory| memory.len() > 0 || exists(id));
    }

    fn memory_of(&self, request: &Signed<'_>) -> Arc<KeyMemory> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = keys.get(request.access_key_id) {
            return Arc::clone(memory);
        }
        drop(keys);
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        // Only ids of keys that exist get here; those of keys that are gone are forgotten.
        let memory = keys.entry(request.access_key_id.to_owned());
        Arc::clone(memory.or_insert_with(|| Arc::new(KeyMemory::of(request.account.clone()))))
    }

    fn memories(&self) -> Vec<Arc<KeyMemory>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.values().map(Arc::clone).collect()
    }

    /// Gives up the oldest minute of the key that holds most, of the account that holds most. Its
    /// requests stamped in it, and those stamped earlier, will be refused: less tolerance for
    /// lateness, but never a replay. False if the requesting account holds most, and has
    /// nothing but the present minute to give up.
    fn make_room(&self, asks: &Arc<KeyMemory>, stamped: i64, present: i64) -> bool {
        let _alone = self.eviction.lock().unwrap_or_else(PoisonError::into_inner);
        if self.len() < self.limit {
            return true;
        }
        let largest = largest(&self.memories()).unwrap_or_else(|| Arc::clone(asks));
        let own = Arc::ptr_eq(&largest, asks);
        let oldest = match largest.oldest() {
            // A request older than all that is remembered gives up its own minute.
            oldest if own => oldest.map_or(stamped, |oldest| oldest.min(stamped)),
            Some(oldest) => oldest,
            None => return false,
        };
        if own && oldest >= present {
            return false;
        }
        self.count.fetch_sub(largest.give_up(oldest), Ordering::Relaxed);
        true
    }
}

/// The memory that holds most, of the account that holds most.
fn largest(memories: &[Arc<KeyMemory>]) -> Option<Arc<KeyMemory>> {
    let mut by_account: HashMap<&AccountId, usize> = HashMap::new();
    for memory in memories {
        *by_account.entry(memory.account()).or_default() += memory.len();
    }
    let (account, _) = by_account.into_iter().max_by_key(|(_, held)| *held)?;
    let of_account = memories.iter().filter(|memory| memory.account() == account);
    of_account.max_by_key(|memory| memory.len()).map(Arc::clone)
}

fn minute(second: i64) -> i64 {
    second.div_euclid(60)
}

#[cfg(test)]
mod tests;
