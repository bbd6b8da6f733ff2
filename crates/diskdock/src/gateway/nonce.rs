//! Remembers which signed requests were seen, so that a captured one cannot be sent again.
//!
//! A replay carries the timestamp of the original, because the timestamp is signed. So nonces
//! are kept by the minute of their timestamp, a request is looked up in its own minute only, and
//! a minute is forgotten as a whole once no request stamped in it is acceptable any more. What
//! was forgotten is refused from then on, whatever the clock says later.
//!
//! The memory does not outlive the process, and it tells nothing about unverified requests: call
//! [`Nonces::remember`] only after the signature was found to be right.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How far a timestamp may lie before or after the present, in seconds.
pub const WINDOW_S: i64 = 15 * 60;

/// How many nonces are remembered at most, unless told otherwise: some 80 MB.
pub const MAX_NONCES: usize = 4_000_000;

/// Independent parts, so that threads seldom wait for each other.
const SHARDS: usize = 16;

/// Whether a request may be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was not seen before, and is remembered now.
    Fresh,
    /// It was seen before.
    Used,
    /// It is too old to tell.
    Expired,
    /// It is stamped too far ahead.
    Future,
    /// So many came within a minute that it cannot be remembered; it must not be served.
    Full,
}

/// The nonces of all access keys within the window.
pub struct Nonces {
    /// Keyed at random for each process, so that nobody can prepare colliding nonces.
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    /// Nonces over all shards.
    count: AtomicUsize,
    limit: usize,
    /// The minute of the last sweep.
    swept: AtomicI64,
    /// Held by whoever makes room, so that two threads do not give up two minutes.
    eviction: Mutex<()>,
}

impl Default for Nonces {
    fn default() -> Self {
        Nonces::new(MAX_NONCES)
    }
}

impl Nonces {
    /// An empty memory for at most `limit` nonces.
    pub fn new(limit: usize) -> Self {
        Nonces {
            hasher: RandomState::new(),
            shards: Default::default(),
            count: AtomicUsize::new(0),
            limit,
            swept: AtomicI64::new(i64::MIN),
            eviction: Mutex::new(()),
        }
    }

    /// How many nonces are remembered.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Decides on a request with a verified signature, and remembers it.
    pub fn remember(
        &self,
        access_key_id: &str,
        nonce: &str,
        timestamp_s: i64,
        now_s: i64,
    ) -> Verdict {
        if timestamp_s < now_s.saturating_sub(WINDOW_S) {
            return Verdict::Expired;
        }
        if timestamp_s > now_s.saturating_add(WINDOW_S) {
            return Verdict::Future;
        }
        let (minute_of_request, present) = (minute(timestamp_s), minute(now_s));
        // Reading first leaves the cache line shared; the swap elects one thread to sweep.
        if self.swept.load(Ordering::Relaxed) != present
            && self.swept.swap(present, Ordering::Relaxed) != present
        {
            self.forget_expired(now_s);
        }
        let hash = self.hasher.hash_one((access_key_id, nonce));
        loop {
            match self.insert(minute_of_request, hash) {
                Some(verdict) => return verdict,
                None if !self.make_room(minute_of_request, present) => return Verdict::Full,
                None => {}
            }
        }
    }

    /// Frees the memory of the minutes that have left the window.
    ///
    /// [`Nonces::remember`] does so once a minute; a server without traffic may call it as well.
    pub fn forget_expired(&self, now_s: i64) {
        let last = minute(now_s.saturating_sub(WINDOW_S)).saturating_sub(1);
        for shard in &self.shards {
            self.count.fetch_sub(lock(shard).forget(last), Ordering::Relaxed);
        }
    }

    /// Looks the hash up and stores it; gives nothing when there is no room for it.
    fn insert(&self, minute: i64, hash: u64) -> Option<Verdict> {
        // Neither the lowest nor the highest bits, which the hash set itself relies on.
        let mut shard = lock(&self.shards[(hash >> 40) as usize % SHARDS]);
        if shard.closed.is_some_and(|closed| minute <= closed) {
            return Some(Verdict::Expired);
        }
        if shard.contains(minute, hash) {
            return Some(Verdict::Used);
        }
        let raised = |count: usize| (count < self.limit).then_some(count + 1);
        self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, raised).ok()?;
        shard.add(minute, hash);
        Some(Verdict::Fresh)
    }

    /// Gives up the oldest minute before the present one. The requests stamped in it, and those
    /// stamped earlier, will be refused: less tolerance for lateness, but never a replay.
    fn make_room(&self, minute_of_request: i64, present: i64) -> bool {
        let _alone = self.eviction.lock().unwrap_or_else(PoisonError::into_inner);
        if self.len() < self.limit {
            return true;
        }
        let kept = self.shards.iter().filter_map(|shard| lock(shard).oldest());
        // A request older than all that is remembered gives up its own minute, which is empty.
        let oldest = kept.fold(minute_of_request, i64::min);
        if oldest >= present {
            return false;
        }
        for shard in &self.shards {
            let mut shard = lock(shard);
            self.count.fetch_sub(shard.forget(oldest), Ordering::Relaxed);
            shard.close(oldest);
        }
        true
    }
}

fn minute(second: i64) -> i64 {
    second.div_euclid(60)
}

/// A panic elsewhere leaves a shard usable: each change to it is one insertion or removal.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A part of the memory. A nonce always falls into the same one.
#[derive(Default)]
struct Shard {
    /// By minute, oldest first; at most some thirty of them.
    minutes: Vec<(i64, Seen)>,
    /// The last minute of which anything was forgotten.
    closed: Option<i64>,
}

impl Shard {
    fn contains(&self, minute: i64, hash: u64) -> bool {
        self.find(minute).is_ok_and(|at| self.minutes[at].1.contains(&hash))
    }

    fn add(&mut self, minute: i64, hash: u64) {
        let at = self.find(minute).unwrap_or_else(|at| {
            self.minutes.insert(at, (minute, Seen::default()));
            at
        });
        self.minutes[at].1.insert(hash);
    }

    fn find(&self, minute: i64) -> Result<usize, usize> {
        self.minutes.binary_search_by_key(&minute, |(minute, _)| *minute)
    }

    fn oldest(&self) -> Option<i64> {
        self.minutes.first().map(|(minute, _)| *minute)
    }

    /// Drops all minutes up to `last` and gives the number of nonces that were in them.
    fn forget(&mut self, last: i64) -> usize {
        let dropped = self.minutes.partition_point(|(minute, _)| *minute <= last);
        if dropped == 0 {
            return 0;
        }
        // Only what held something is closed: after a clock was set forward and back again, the
        // requests that nobody sent yet must not be refused.
        self.close(self.minutes[dropped - 1].0);
        self.minutes.drain(..dropped).map(|(_, seen)| seen.len()).sum()
    }

    fn close(&mut self, minute: i64) {
        self.closed = self.closed.max(Some(minute));
    }
}

/// Hashes of nonces.
type Seen = HashSet<u64, BuildHasherDefault<AsIs>>;

/// Uses a hash as its own hash.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Never reached for a u64; any mixture keeps the set correct.
        self.0 = bytes.iter().fold(self.0, |hash, &byte| hash.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests;
