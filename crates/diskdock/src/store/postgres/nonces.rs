//! The nonces of requests that may have changed something.

use std::collections::BTreeSet;

use tokio_postgres::Row;

use super::command::SqlCommand;
use super::postgres_tx::PostgresTx;
use super::value::{SqlValue, values};
use crate::store::engine_rows::NONCES_FORGOTTEN;
use crate::store::{NonceRecords, StoreError, StoredNonce};

/// Gives the nonce back if it is new.
const INSERT: &str = "INSERT INTO nonces (timestamp_s, hash) VALUES ($1, $2) \
                      ON CONFLICT DO NOTHING RETURNING timestamp_s, hash";
const INSERT_MANY: &str = "INSERT INTO nonces (timestamp_s, hash) \
                           SELECT * FROM unnest($1::bigint[], $2::bigint[]) \
                           ON CONFLICT DO NOTHING RETURNING timestamp_s, hash";

/// Saves nonces, and gives those that are new.
pub(super) fn insert(nonces: &BTreeSet<StoredNonce>) -> SqlCommand {
    let hash = |nonce: &StoredNonce| nonce.hash.cast_signed();
    match nonces.first() {
        Some(one) if nonces.len() == 1 => {
            SqlCommand::new(INSERT, values![one.timestamp_s, hash(one)])
        }
        _ => {
            let seconds: SqlValue = nonces.iter().map(|nonce| nonce.timestamp_s).collect();
            SqlCommand::new(INSERT_MANY, &[seconds, nonces.iter().map(hash).collect()])
        }
    }
}

/// The nonce in a row.
pub(super) fn nonce(row: &Row) -> StoredNonce {
    StoredNonce { timestamp_s: row.get(0), hash: row.get::<_, i64>(1).cast_unsigned() }
}

impl PostgresTx<'_> {
    pub(super) fn all_nonces(&self) -> Result<NonceRecords, StoreError> {
        let rows = self.query("SELECT timestamp_s, hash FROM nonces", &[])?;
        let nonces = rows.iter().map(nonce);
        let until = self.one("SELECT until_s FROM forgotten_nonces", &[])?;
        Ok(NonceRecords {
            nonces: nonces.collect(),
            forgotten_until_s: until.map(|row| row.get(0)),
        })
    }

    pub(super) fn insert_nonce(&self, nonce: &StoredNonce) -> Result<bool, StoreError> {
        let known = self.known().take_nonce(nonce);
        if let Some(is_new) = known {
            return Ok(is_new);
        }
        let inserted = self.one(INSERT, values![nonce.timestamp_s, nonce.hash.cast_signed()])?;
        Ok(inserted.is_some())
    }

    /// The second of the newest nonce that comes after the `most` newest ones.
    pub(super) fn second_beyond(&self, most: usize) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT timestamp_s FROM nonces ORDER BY timestamp_s DESC, hash DESC \
                   LIMIT 1 OFFSET $1";
        let found = self.one(sql, values![i64::try_from(most).unwrap_or(i64::MAX)])?;
        Ok(found.map(|row| row.get(0)))
    }

    /// Forgets some of the nonces stamped before this second; true if there may be more of them.
    pub(super) fn delete_nonces_before(&self, before_s: i64) -> Result<bool, StoreError> {
        let values = values![before_s, i64::from(NONCES_FORGOTTEN)];
        // What is forgotten is refused from then on, whatever the clock says later.
        self.execute(
            "INSERT INTO forgotten_nonces (one, until_s) \
             SELECT 1, max(timestamp_s) FROM (SELECT timestamp_s FROM nonces \
             WHERE timestamp_s < $1 ORDER BY timestamp_s, hash LIMIT $2) AS oldest \
             HAVING max(timestamp_s) IS NOT NULL ON CONFLICT (one) DO UPDATE \
             SET until_s = greatest(forgotten_nonces.until_s, excluded.until_s)",
            values,
        )?;
        // By their places: compared by value, many are compared with each other while the database
        // has no statistics of the table yet, and the statement runs out of time.
        let forgotten = self.execute(
            "DELETE FROM nonces WHERE ctid = ANY(ARRAY(SELECT ctid FROM nonces \
             WHERE timestamp_s < $1 ORDER BY timestamp_s, hash LIMIT $2))",
            values,
        )?;
        Ok(forgotten == u64::from(NONCES_FORGOTTEN))
    }
}
