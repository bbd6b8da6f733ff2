//! The writes of a transaction.

use std::sync::Arc;

use domain::{DiskId, InstanceId, Moment, SnapshotId, Uptime};

use super::super::engine_rows::{ABANDONED_KEPT, WIPED, json};
use super::super::{
    AccessKey, CallRecord, DynEntity, EntityType, KINDS, OperationRow, StoreError, StoredNonce,
    TokenRecord, WriteTx,
};
use super::command::SqlCommand;
use super::postgres_tx::PostgresTx;
use super::resources;
use super::value::values;

impl WriteTx for PostgresTx<'_> {
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
        let sql = "INSERT INTO discards (disk, host) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.change(sql, values![id.as_str(), host])
    }

    fn delete_discard(&mut self, id: &DiskId) -> Result<(), StoreError> {
        self.change("DELETE FROM discards WHERE disk = $1", values![id.as_str()])
    }

    fn discard_snapshot(&mut self, id: &SnapshotId, host: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO snapshot_discards (snapshot, host) VALUES ($1, $2) \
                   ON CONFLICT DO NOTHING";
        self.change(sql, values![id.as_str(), host])
    }

    fn delete_snapshot_discard(&mut self, id: &SnapshotId) -> Result<(), StoreError> {
        self.change("DELETE FROM snapshot_discards WHERE snapshot = $1", values![id.as_str()])
    }

    fn save_user_data(&mut self, id: &InstanceId, data: &str) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO user_data (instance, data) VALUES ($1, $2) \
             ON CONFLICT (instance) DO UPDATE SET data = $2",
            values![id.as_str(), data],
        )
    }

    fn delete_user_data(&mut self, id: &InstanceId) -> Result<(), StoreError> {
        self.change("DELETE FROM user_data WHERE instance = $1", values![id.as_str()])
    }

    fn save_token(&mut self, record: &TokenRecord) -> Result<(), StoreError> {
        self.known().saved_token(record);
        self.change(
            "INSERT INTO tokens (account, action, token, parameters, reply, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            values![
                record.account.as_str(),
                record.action.as_str(),
                record.token.as_str(),
                record.parameters.as_str(),
                record.reply.as_str(),
                record.created_at.0
            ],
        )
    }

    fn delete_tokens(&mut self, moment: Moment) -> Result<(), StoreError> {
        self.known().forget_tokens();
        self.change("DELETE FROM tokens WHERE created_at < $1", values![moment.0])
    }

    fn save_nonce(&mut self, nonce: &StoredNonce) -> Result<bool, StoreError> {
        self.insert_nonce(nonce)
    }

    fn delete_nonces(&mut self, before_s: i64) -> Result<bool, StoreError> {
        self.delete_nonces_before(before_s)
    }

    fn begin_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO operations (number, kind, abandoned, lease_owner, body) \
             VALUES ($1, $2, false, $3, $4)",
            values![
                operation.id.0,
                operation.kind.as_str(),
                operation.lease_owner.as_str(),
                json(operation)
            ],
        )
    }

    fn save_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        self.defer(SqlCommand::guarded(
            "UPDATE operations SET body = $3 WHERE number = $1 AND lease_owner = $2",
            values![operation.id.0, operation.lease_owner.as_str(), json(operation)],
            StoreError::LeaseLost,
        ))
    }

    fn end_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        self.defer(SqlCommand::guarded(
            "DELETE FROM operations WHERE number = $1 AND lease_owner = $2",
            values![operation.id.0, operation.lease_owner.as_str()],
            StoreError::LeaseLost,
        ))
    }

    fn fail_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        self.defer(SqlCommand::guarded(
            "UPDATE operations SET abandoned = true, body = $3 \
             WHERE number = $1 AND lease_owner = $2",
            values![operation.id.0, operation.lease_owner.as_str(), json(operation)],
            StoreError::LeaseLost,
        ))?;
        self.change(
            "DELETE FROM operations WHERE abandoned AND number < (SELECT min(number) FROM \
             (SELECT number FROM operations WHERE abandoned ORDER BY number DESC LIMIT $1) \
             AS kept)",
            values![ABANDONED_KEPT],
        )
    }

    fn renew_lease(&mut self, server: &str, uptime: Uptime) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO leases (server, renewals, uptime_ms) VALUES ($1, 1, $2) \
             ON CONFLICT (server) DO UPDATE SET renewals = leases.renewals + 1, uptime_ms = $2",
            values![server, uptime.0],
        )
    }

    fn save_owner(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        self.change(
            "UPDATE operations SET lease_owner = $2, body = $3 WHERE number = $1",
            values![operation.id.0, operation.lease_owner.as_str(), json(operation)],
        )
    }

    fn record_call(&mut self, call: &CallRecord) -> Result<(), StoreError> {
        let sql = "INSERT INTO calls (body) VALUES ($1) RETURNING number";
        self.defer(SqlCommand::numbering_call(sql, values![json(call)]))
    }

    fn save_access_key(&mut self, key: &AccessKey) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO access_keys (id, body) VALUES ($1, $2) \
             ON CONFLICT (id) DO UPDATE SET body = $2",
            values![key.id.as_str(), json(key)],
        )?;
        self.note_changed_keys();
        Ok(())
    }

    fn remove_access_key(&mut self, access_key_id: &str) -> Result<(), StoreError> {
        self.change("DELETE FROM access_keys WHERE id = $1", values![access_key_id])?;
        self.note_changed_keys();
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        self.allow_lists()?;
        for table in KINDS.iter().map(|of| of.kind.plural).chain(WIPED) {
            self.execute(&format!("DELETE FROM {table}"), &[])?;
        }
        self.forget_all();
        Ok(())
    }
}
