//! The nonces of one access key.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::AccountId;

/// Independent parts, so that threads seldom wait for each other.
const SHARDS: usize = 16;

/// The result of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    /// Remembered now.
    New,
    /// Remembered before.
    Known,
    /// Its minute was given up or forgotten.
    Closed,
    /// There is no room for it.
    NoRoom,
}

/// The nonces of one access key.
pub(super) struct KeyMemory {
    account: AccountId,
    shards: [Mutex<Shard>; SHARDS],
    /// Nonces over all shards.
    count: AtomicUsize,
    /// The latest minute that was given up to make room.
    given_up: AtomicI64,
}

impl KeyMemory {
    pub(super) fn of(account: AccountId) -> KeyMemory {
        KeyMemory {
            account,
            shards: Default::default(),
            count: AtomicUsize::new(0),
            given_up: AtomicI64::new(i64::MIN),
        }
    }

    pub(super) fn account(&self) -> &AccountId {
        &self.account
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Looks the hash up and stores it if `total` leaves room for it.
    pub(super) fn insert(
        &self,
        minute: i64,
        hash: u64,
        total: &AtomicUsize,
        limit: usize,
    ) -> Inserted {
        // Neither the lowest nor the highest bits, which the hash set itself relies on.
        let mut shard = lock(&self.shards[(hash >> 40) as usize % SHARDS]);
        if shard.closed.is_some_and(|closed| minute <= closed) {
            return Inserted::Closed;
        }
        if shard.contains(minute, hash) {
            return Inserted::Known;
        }
        let raised = |count: usize| (count < limit).then_some(count + 1);
        if total.fetch_update(Ordering::Relaxed, Ordering::Relaxed, raised).is_err() {
            return Inserted::NoRoom;
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        shard.add(minute, hash);
        Inserted::New
    }

    /// Whether this minute was given up to make room.
    pub(super) fn has_given_up(&self, minute: i64) -> bool {
        minute <= self.given_up.load(Ordering::Relaxed)
    }

    /// The oldest minute of which anything is remembered.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.shards.iter().filter_map(|shard| lock(shard).oldest()).min()
    }

    /// Drops all minutes up to `last`; gives how many nonces were in them.
    pub(super) fn drop_through(&self, last: i64) -> usize {
        let dropped = self.shards.iter().map(|shard| lock(shard).drop_through(last)).sum();
        self.count.fetch_sub(dropped, Ordering::Relaxed);
        dropped
    }

    /// The same, and nothing stamped up to then is taken any more.
    pub(super) fn give_up(&self, last: i64) -> usize {
        let give_up = |shard| {
            let mut shard: MutexGuard<'_, Shard> = lock(shard);
            let dropped = shard.drop_through(last);
            shard.close(last);
            dropped
        };
        self.given_up.fetch_max(last, Ordering::Relaxed);
        let dropped = self.shards.iter().map(give_up).sum();
        self.count.fetch_sub(dropped, Ordering::Relaxed);
        dropped
    }
}

/// A panic elsewhere leaves a shard usable: each change to it is one insertion or removal.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A part of the memory. A nonce always falls into the same one.
#[derive(Default)]
struct Shard {
    /// By minute, oldest first; at most some thirty of them.
    minutes: Vec<(i64, NonceHashes)>,
    /// The last minute of which anything was forgotten.
    closed: Option<i64>,
}

impl Shard {
    fn contains(&self, minute: i64, hash: u64) -> bool {
        self.find(minute).is_ok_and(|at| self.minutes[at].1.contains(&hash))
    }

    fn add(&mut self, minute: i64, hash: u64) {
        let at = self.find(minute).unwrap_or_else(|at| {
            self.minutes.insert(at, (minute, NonceHashes::default()));
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
    fn drop_through(&mut self, last: i64) -> usize {
        let dropped = self.minutes.partition_point(|(minute, _)| *minute <= last);
        if dropped == 0 {
            return 0;
        }
        // Only what held something is closed: after a clock was set forward and back again, the
        // requests that were not sent yet must not be refused.
        self.close(self.minutes[dropped - 1].0);
        self.minutes.drain(..dropped).map(|(_, seen)| seen.len()).sum()
    }

    fn close(&mut self, minute: i64) {
        self.closed = self.closed.max(Some(minute));
    }
}

/// Hashes of nonces.
type NonceHashes = HashSet<u64, BuildHasherDefault<AsIs>>;

/// Uses a hash as its own hash.
#[derive(Default)]
pub(super) struct AsIs(u64);

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
