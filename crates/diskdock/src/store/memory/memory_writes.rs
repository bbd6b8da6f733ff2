//! The writes of a transaction.

use std::sync::Arc;

use domain::{DiskId, InstanceId, Moment, SnapshotId, Uptime};
use smol_str::SmolStr;

use super::super::engine_rows::{
    ABANDONED_KEPT, CALLS_CLEARED, CALLS_KEPT, NONCES_FORGOTTEN, held,
};
use super::super::{
    AccessKey, CallRecord, DynEntity, EntityType, OperationRow, StoreError, StoredNonce,
    TokenRecord, WriteTx,
};
use super::memory_tx::{MemoryTx, there_already};
use super::tables::{Tables, TokenKey};

impl WriteTx for MemoryTx<&mut Tables> {
    fn save_resource(&mut self, resource: Arc<dyn DynEntity>) -> Result<(), StoreError> {
        self.save_over(resource)
    }

    fn save_once(&mut self, resource: Arc<dyn DynEntity>) -> Result<(), StoreError> {
        self.save_over(Arc::clone(&resource))?;
        self.forget(&resource);
        Ok(())
    }

    fn remove_row(&mut self, of: &'static EntityType, id: &str) -> Result<bool, StoreError> {
        if self.tables().kind(of).rows.contains_key(id) {
            self.replace(of, SmolStr::new(id), None);
            return Ok(true);
        }
        Ok(false)
    }

    fn discard_disk(&mut self, id: &DiskId, host: &str) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.discards, id.as_str().into(), Some(host.into()));
        Ok(())
    }

    fn delete_discard(&mut self, id: &DiskId) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.discards, id.as_str().into(), None);
        Ok(())
    }

    fn discard_snapshot(&mut self, id: &SnapshotId, host: &str) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.snapshot_discards, id.as_str().into(), Some(host.into()));
        Ok(())
    }

    fn delete_snapshot_discard(&mut self, id: &SnapshotId) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.snapshot_discards, id.as_str().into(), None);
        Ok(())
    }

    fn save_user_data(&mut self, id: &InstanceId, data: &str) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.user_data, id.as_str().into(), Some(data.into()));
        Ok(())
    }

    fn delete_user_data(&mut self, id: &InstanceId) -> Result<(), StoreError> {
        if self.tables().user_data.contains_key(id.as_str()) {
            self.set(|tables| &mut tables.user_data, id.as_str().into(), None);
        }
        Ok(())
    }

    fn save_token(&mut self, record: &TokenRecord) -> Result<(), StoreError> {
        let key: TokenKey =
            (record.account.as_str().into(), (&*record.action).into(), (&*record.token).into());
        if self.tables().tokens.contains_key(&key) {
            return Err(there_already("the token", &record.token));
        }
        let by_age = (record.created_at, key.clone());
        self.set(|tables| &mut tables.tokens, key, Some(Arc::new(record.clone())));
        self.set(|tables| &mut tables.tokens_by_age, by_age, Some(()));
        Ok(())
    }

    fn delete_tokens(&mut self, moment: Moment) -> Result<(), StoreError> {
        self.change_all(|tables| {
            while let Some(((created_at, key), ())) = tables.tokens_by_age.get_min()
                && *created_at < moment
            {
                let (created_at, key) = (*created_at, key.clone());
                tables.tokens.remove(&key);
                tables.tokens_by_age.remove(&(created_at, key));
            }
        });
        Ok(())
    }

    fn save_nonce(&mut self, nonce: &StoredNonce) -> Result<bool, StoreError> {
        let key = (nonce.timestamp_s, nonce.hash);
        Ok(self.set(|tables| &mut tables.nonces, key, Some(())).is_none())
    }

    fn delete_nonces(&mut self, before_s: i64) -> Result<bool, StoreError> {
        let old = self.tables().nonces.range(..(before_s, 0)).map(|(nonce, ())| *nonce);
        let old: Vec<_> = old.take(NONCES_FORGOTTEN as usize).collect();
        let Some(&(until_s, _)) = old.last() else { return Ok(false) };
        self.change_all(|tables| {
            for nonce in &old {
                tables.nonces.remove(nonce);
            }
            // What is forgotten is refused from then on, whatever the clock says later.
            tables.forgotten_until_s = tables.forgotten_until_s.max(Some(until_s));
        });
        Ok(old.len() == NONCES_FORGOTTEN as usize)
    }

    fn begin_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        let tables = self.tables();
        let is_known = tables.operations.contains_key(&operation.id)
            || tables.failed.contains_key(&operation.id);
        if is_known {
            return Err(there_already("operation", operation.id.0));
        }
        self.put_operation(operation);
        self.count_owner(&operation.lease_owner, 1);
        Ok(())
    }

    fn save_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        held(self.holds(operation))?;
        self.put_operation(operation);
        Ok(())
    }

    fn end_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        held(self.holds(operation))?;
        self.set(|tables| &mut tables.operations, operation.id, None);
        self.count_owner(&operation.lease_owner, -1);
        Ok(())
    }

    fn fail_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        self.end_operation(operation)?;
        let failed = Some(Arc::new(operation.clone()));
        self.set(|tables| &mut tables.failed, operation.id, failed);
        let kept = usize::try_from(ABANDONED_KEPT).unwrap_or(usize::MAX);
        let oldest = self.tables().failed.get_min().map(|(id, _)| *id);
        if let Some(oldest) = oldest.filter(|_| self.tables().failed.len() > kept) {
            self.set(|tables| &mut tables.failed, oldest, None);
        }
        Ok(())
    }

    fn renew_lease(&mut self, server: &str, uptime: Uptime) -> Result<(), StoreError> {
        let renewals = self.tables().leases.get(server).map_or(0, |(renewals, _)| *renewals);
        self.set(|tables| &mut tables.leases, server.into(), Some((renewals + 1, uptime)));
        Ok(())
    }

    fn save_owner(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        let Some(before) = self.tables().operations.get(&operation.id) else { return Ok(()) };
        let before = before.lease_owner.clone();
        self.count_owner(&before, -1);
        self.count_owner(&operation.lease_owner, 1);
        self.put_operation(operation);
        Ok(())
    }

    fn record_call(&mut self, call: &CallRecord) -> Result<(), StoreError> {
        let number = self.tables().calls.get_max().map_or(1, |(number, _)| number + 1);
        self.set(|tables| &mut tables.calls, number, Some(Arc::new(call.clone())));
        if number % CALLS_CLEARED == 0 {
            let old = self.tables().calls.range(..=number - CALLS_KEPT);
            for number in old.map(|(number, _)| *number).collect::<Vec<_>>() {
                self.set(|tables| &mut tables.calls, number, None);
            }
        }
        Ok(())
    }

    fn save_access_key(&mut self, key: &AccessKey) -> Result<(), StoreError> {
        let saved = Some(Arc::new(key.clone()));
        self.set(|tables| &mut tables.access_keys, (&*key.id).into(), saved);
        Ok(())
    }

    fn remove_access_key(&mut self, access_key_id: &str) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.access_keys, access_key_id.into(), None);
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        self.change_all(|tables| *tables = tables.wiped());
        Ok(())
    }
}

impl MemoryTx<&mut Tables> {
    fn put_operation(&mut self, operation: &OperationRow) {
        let row = Some(Arc::new(operation.clone()));
        self.set(|tables| &mut tables.operations, operation.id, row);
    }

    /// Whether the operation is in flight, under the lease that it names.
    fn holds(&self, operation: &OperationRow) -> bool {
        let found = self.tables().operations.get(&operation.id);
        found.is_some_and(|found| found.lease_owner == operation.lease_owner)
    }

    fn count_owner(&mut self, owner: &str, by: i64) {
        let before = self.tables().owners.get(owner).copied().unwrap_or(0);
        let now = Some(before.saturating_add_signed(by)).filter(|amount| *amount > 0);
        self.set(|tables| &mut tables.owners, owner.into(), now);
    }
}
