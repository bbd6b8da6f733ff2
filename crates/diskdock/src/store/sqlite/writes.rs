//! The writes of a transaction.

use std::sync::Arc;

use domain::{DiskId, InstanceId, Moment, SnapshotId, Uptime};
use rusqlite::params;

use super::super::engine_rows::{ABANDONED_KEPT, CALLS_CLEARED, CALLS_KEPT, WIPED, held, json};
use super::super::{
    AccessKey, CallRecord, DynEntity, EntityType, KINDS, OperationRow, StoreError, StoredNonce,
    TokenRecord, WriteTx,
};
use super::resources;
use super::sqlite_tx::SqliteTx;

impl WriteTx for SqliteTx<'_> {
    fn save_resource(&mut self, resource: Arc<dyn DynEntity>) -> Result<(), StoreError> {
        resources::save(self, resource)
    }

    fn save_once(&mut self, resource: Arc<dyn DynEntity>) -> Result<(), StoreError> {
        resources::save(self, Arc::clone(&resource))?;
        self.take_loaded(resource.resource_type(), resource.id());
        Ok(())
    }

    fn remove_row(&mut self, of: &'static EntityType, id: &str) -> Result<bool, StoreError> {
        resources::remove(self, of, id)
    }

    fn discard_disk(&mut self, id: &DiskId, host: &str) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO discards (disk, host) VALUES (?1, ?2)";
        self.execute(sql, [id.as_str(), host])?;
        Ok(())
    }

    fn delete_discard(&mut self, id: &DiskId) -> Result<(), StoreError> {
        self.execute("DELETE FROM discards WHERE disk = ?1", [id.as_str()])?;
        Ok(())
    }

    fn discard_snapshot(&mut self, id: &SnapshotId, host: &str) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO snapshot_discards (snapshot, host) VALUES (?1, ?2)";
        self.execute(sql, [id.as_str(), host])?;
        Ok(())
    }

    fn delete_snapshot_discard(&mut self, id: &SnapshotId) -> Result<(), StoreError> {
        self.execute("DELETE FROM snapshot_discards WHERE snapshot = ?1", [id.as_str()])?;
        Ok(())
    }

    fn save_user_data(&mut self, id: &InstanceId, data: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO user_data (instance, data) VALUES (?1, ?2) \
             ON CONFLICT (instance) DO UPDATE SET data = ?2",
            [id.as_str(), data],
        )?;
        Ok(())
    }

    fn delete_user_data(&mut self, id: &InstanceId) -> Result<(), StoreError> {
        self.execute("DELETE FROM user_data WHERE instance = ?1", [id.as_str()])?;
        Ok(())
    }

    fn save_token(&mut self, record: &TokenRecord) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO tokens (account, action, token, parameters, reply, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                record.account.as_str(),
                record.action,
                record.token,
                record.parameters,
                record.reply,
                record.created_at.0
            ],
        )?;
        Ok(())
    }

    fn delete_tokens(&mut self, moment: Moment) -> Result<(), StoreError> {
        self.execute("DELETE FROM tokens WHERE created_at < ?1", [moment.0])?;
        Ok(())
    }

    fn save_nonce(&mut self, nonce: &StoredNonce) -> Result<bool, StoreError> {
        self.insert_nonce(nonce)
    }

    fn delete_nonces(&mut self, before_s: i64) -> Result<bool, StoreError> {
        self.delete_nonces_before(before_s)
    }

    fn begin_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO operations (number, kind, abandoned, lease_owner, body) \
             VALUES (?1, ?2, 0, ?3, ?4)",
            params![operation.id.0, operation.kind, operation.lease_owner, json(operation)],
        )?;
        Ok(())
    }

    fn save_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        let saved = self.execute(
            "UPDATE operations SET body = ?3 WHERE number = ?1 AND lease_owner = ?2",
            params![operation.id.0, operation.lease_owner, json(operation)],
        )?;
        held(saved == 1)
    }

    fn end_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        let ended = self.execute(
            "DELETE FROM operations WHERE number = ?1 AND lease_owner = ?2",
            params![operation.id.0, operation.lease_owner],
        )?;
        held(ended == 1)
    }

    fn fail_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        let abandoned = self.execute(
            "UPDATE operations SET abandoned = 1, body = ?3 \
             WHERE number = ?1 AND lease_owner = ?2",
            params![operation.id.0, operation.lease_owner, json(operation)],
        )?;
        held(abandoned == 1)?;
        self.execute(
            "DELETE FROM operations WHERE abandoned = 1 AND number < (SELECT min(number) FROM \
             (SELECT number FROM operations WHERE abandoned = 1 ORDER BY number DESC LIMIT ?1) \
             AS kept)",
            [ABANDONED_KEPT],
        )?;
        Ok(())
    }

    fn renew_lease(&mut self, server: &str, uptime: Uptime) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO leases (server, renewals, uptime_ms) VALUES (?1, 1, ?2) \
             ON CONFLICT (server) DO UPDATE SET renewals = leases.renewals + 1, uptime_ms = ?2",
            params![server, uptime.0],
        )?;
        Ok(())
    }

    fn save_owner(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE operations SET lease_owner = ?2, body = ?3 WHERE number = ?1",
            params![operation.id.0, operation.lease_owner, json(operation)],
        )?;
        Ok(())
    }

    fn record_call(&mut self, call: &CallRecord) -> Result<(), StoreError> {
        self.execute("INSERT INTO calls (body) VALUES (?1)", [json(call)])?;
        let number = self.last_number();
        if number % CALLS_CLEARED == 0 {
            self.execute("DELETE FROM calls WHERE number <= ?1", [number - CALLS_KEPT])?;
        }
        Ok(())
    }

    fn save_access_key(&mut self, key: &AccessKey) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO access_keys (id, body) VALUES (?1, ?2) \
             ON CONFLICT (id) DO UPDATE SET body = ?2",
            params![key.id, json(key)],
        )?;
        Ok(())
    }

    fn remove_access_key(&mut self, access_key_id: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM access_keys WHERE id = ?1", [access_key_id])?;
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        self.touch(|delta, _| delta.touch_everything());
        for table in KINDS.iter().map(|of| of.kind.plural).chain(WIPED) {
            self.execute(&format!("DELETE FROM {table}"), [])?;
        }
        self.forget_loaded();
        Ok(())
    }
}
