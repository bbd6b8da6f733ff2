//! The nonces of requests that may have changed something.

use rusqlite::{OptionalExtension, params};

use super::engine;
use super::sqlite_tx::SqliteTx;
use crate::store::engine_rows::NONCES_FORGOTTEN;
use crate::store::{NonceRecords, StoreError, StoredNonce};

impl SqliteTx<'_> {
    pub(super) fn all_nonces(&self) -> Result<NonceRecords, StoreError> {
        let mut statement = self.prepare("SELECT timestamp_s, hash FROM nonces")?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(StoredNonce {
                timestamp_s: row.get(0)?,
                hash: row.get::<_, i64>(1)?.cast_unsigned(),
            })
        };
        let nonces = statement.query_map([], read).map_err(engine)?;
        let until = "SELECT until_s FROM forgotten_nonces";
        let until = self.prepare(until)?.query_row([], |row| row.get(0)).optional();
        Ok(NonceRecords {
            nonces: nonces.collect::<Result<_, _>>().map_err(engine)?,
            forgotten_until_s: until.map_err(engine)?,
        })
    }

    pub(super) fn insert_nonce(&self, nonce: &StoredNonce) -> Result<bool, StoreError> {
        let inserted = self.execute(
            "INSERT OR IGNORE INTO nonces (timestamp_s, hash) VALUES (?1, ?2)",
            params![nonce.timestamp_s, nonce.hash.cast_signed()],
        )?;
        Ok(inserted == 1)
    }

    /// The second of the newest nonce that comes after the `most` newest ones.
    pub(super) fn nonce_beyond(&self, most: usize) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT timestamp_s FROM nonces ORDER BY timestamp_s DESC, hash DESC \
                   LIMIT 1 OFFSET ?1";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.prepare(sql)?.query_row([most], |row| row.get(0)).optional().map_err(engine)
    }

    /// Forgets some of the nonces stamped before this second; true if there may be more of them.
    pub(super) fn delete_nonces_before(&self, before_s: i64) -> Result<bool, StoreError> {
        // What is forgotten is refused from then on, whatever the clock says later.
        self.execute(
            "INSERT INTO forgotten_nonces (one, until_s) \
             SELECT 1, max(timestamp_s) FROM (SELECT timestamp_s FROM nonces \
             WHERE timestamp_s < ?1 ORDER BY timestamp_s, hash LIMIT ?2) \
             HAVING max(timestamp_s) IS NOT NULL \
             ON CONFLICT (one) DO UPDATE SET until_s = max(until_s, excluded.until_s)",
            params![before_s, NONCES_FORGOTTEN],
        )?;
        let forgotten = self.execute(
            "DELETE FROM nonces WHERE (timestamp_s, hash) IN (SELECT timestamp_s, hash FROM nonces \
             WHERE timestamp_s < ?1 ORDER BY timestamp_s, hash LIMIT ?2)",
            params![before_s, NONCES_FORGOTTEN],
        )?;
        Ok(forgotten == NONCES_FORGOTTEN as usize)
    }
}
