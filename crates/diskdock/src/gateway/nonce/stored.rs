//! The nonces of writes, which are stored in the transaction of the write: a replay is refused also
//! after a restart.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::{MAX_NONCES, NonceCheck, Signed, WINDOW_S};
use crate::store::{NonceRecords, Store, StoreError, StoredNonce};

/// Writes in which nonces are forgotten, at most, in one pass of the maintenance.
const CHUNKS: usize = 1_000;

/// The nonces that servers before this one have stored.
#[derive(Debug, Default)]
pub(crate) struct StoredNonces {
    seen: HashSet<(i64, u64)>,
    /// Requests up to this second may have been served: their nonces were forgotten.
    forgotten_until_s: Option<i64>,
    /// The latest second of which any nonce is known.
    last_s: i64,
}

impl StoredNonces {
    /// The nonces in the store.
    pub(crate) fn new(records: NonceRecords) -> StoredNonces {
        let NonceRecords { nonces, forgotten_until_s } = records;
        let seen: HashSet<_> = nonces.into_iter().map(|one| (one.timestamp_s, one.hash)).collect();
        let last_s = seen.iter().map(|(timestamp_s, _)| *timestamp_s).max().unwrap_or(i64::MIN);
        StoredNonces { seen, forgotten_until_s, last_s }
    }

    /// Whether a server before this one may have served the request.
    pub(super) fn verdict(&self, request: &Signed<'_>) -> NonceCheck {
        if self.forgotten_until_s.is_some_and(|until| request.timestamp_s <= until) {
            return NonceCheck::Expired;
        }
        let is_known = || {
            let StoredNonce { timestamp_s, hash } = request.to_store();
            self.seen.contains(&(timestamp_s, hash))
        };
        if request.timestamp_s <= self.last_s && is_known() {
            NonceCheck::Used
        } else {
            NonceCheck::Fresh
        }
    }
}

/// Forgets what has left the window, and the oldest of what is too much; a little at a time, so
/// that others can write in between.
pub async fn delete_stored(store: &Store, now_s: i64) -> Result<(), StoreError> {
    let expired_s = now_s.saturating_sub(WINDOW_S);
    let beyond_s = store.read(|tx| tx.nonce_beyond(MAX_NONCES)).await?;
    let before_s = beyond_s.map_or(expired_s, |second| expired_s.max(second.saturating_add(1)));
    for _ in 0..CHUNKS {
        if !store.write(move |tx| tx.delete_nonces(before_s)).await? {
            break;
        }
    }
    Ok(())
}

impl Signed<'_> {
    /// The stored form. The hash is the same in every process, and a nonce that collides with one
    /// of another key cannot be found before that is sent.
    pub(crate) fn to_store(self) -> StoredNonce {
        let mut digest = Sha256::new();
        digest.update(self.access_key_id.len().to_le_bytes());
        digest.update(self.access_key_id);
        digest.update(self.nonce);
        let mut first = [0; 8];
        first.copy_from_slice(&digest.finalize()[..8]);
        StoredNonce { timestamp_s: self.timestamp_s, hash: u64::from_le_bytes(first) }
    }
}
