//! Reads of single rows.

use std::cell::Cell;

use domain::{AccountId, Disk, DiskId, Instance, InstanceId, OperationId};
use rusqlite::Connection;

use super::super::records::{
    AccessKey, Amounts, AttachedDisk, CallRecord, DiskFilter, DiskPage, InstanceFilter,
    InstancePage, Lease, NonceRecords, OperationRow, Page, TokenRecord,
};
use super::super::{ReadTx, Snapshot, StoreError};
use super::entity_cache::{EntityCache, Versioned};
use super::lists;
use super::sqlite_tx::SqliteTx;

/// A read of single rows. From what is kept, else by one statement of SQL each, it needs no
/// transaction: it counts only if no commit came in between. Walks over a list are left to another
/// thread.
pub(super) struct RowReads<'c> {
    /// What is kept, unless a transaction has its own view.
    kept: Option<&'c EntityCache>,
    sqlite_tx: SqliteTx<'c>,
    missed: Cell<bool>,
}

impl<'c> RowReads<'c> {
    /// Without a transaction.
    pub fn cached(kept: &'c EntityCache, connection: &'c Connection, version: u64) -> RowReads<'c> {
        let sqlite_tx = SqliteTx::reading(connection, kept, Some(version));
        RowReads { kept: Some(kept), sqlite_tx, missed: Cell::new(false) }
    }

    /// In a transaction.
    pub fn in_transaction(sqlite_tx: SqliteTx<'c>) -> RowReads<'c> {
        RowReads { kept: None, sqlite_tx, missed: Cell::new(false) }
    }

    /// Whether something was asked for that is left to another thread.
    pub fn missed(&self) -> bool {
        self.missed.get()
    }

    fn miss<T>(&self) -> Result<T, StoreError> {
        self.missed.set(true);
        Err(StoreError::Unavailable)
    }
}

impl ReadTx for RowReads<'_> {
    fn disk(&self, id: &DiskId) -> Result<Option<Disk>, StoreError> {
        let found = self.kept.and_then(|kept| kept.disk(id));
        found.map_or_else(|| self.sqlite_tx.disk(id), |(disk, _)| Ok(Some(Disk::clone(&disk))))
    }

    fn disks(&self, filter: &DiskFilter, page: &Page) -> Result<DiskPage, StoreError> {
        match &filter.ids {
            Some(ids) => lists::disks_of(self, ids.clone(), filter, page),
            None => self.miss(),
        }
    }

    fn attached(&self, id: &InstanceId) -> Result<Vec<AttachedDisk>, StoreError> {
        let found = self.kept.and_then(|kept| kept.attached(id));
        found.map_or_else(|| self.sqlite_tx.attached(id), |attached| Ok(Vec::clone(&attached)))
    }

    fn instance(&self, id: &InstanceId) -> Result<Option<Instance>, StoreError> {
        let found = self.kept.and_then(|kept| kept.instance(id));
        let cloned = |(instance, _): Versioned<Instance>| Ok(Some(Instance::clone(&instance)));
        found.map_or_else(|| self.sqlite_tx.instance(id), cloned)
    }

    fn instances(&self, _: &InstanceFilter, _: &Page) -> Result<InstancePage, StoreError> {
        self.miss()
    }

    fn every_instance(&self, _: i64, _: u32) -> Result<Vec<(i64, Instance)>, StoreError> {
        self.miss()
    }

    fn user_data(&self, id: &InstanceId) -> Result<Option<String>, StoreError> {
        self.sqlite_tx.user_data(id)
    }

    fn token(
        &self,
        account: &AccountId,
        action: &str,
        token: &str,
    ) -> Result<Option<TokenRecord>, StoreError> {
        self.sqlite_tx.token(account, action, token)
    }

    fn operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.miss()
    }

    fn operations_of(
        &self,
        _: &str,
        _: OperationId,
        _: u32,
    ) -> Result<Vec<OperationRow>, StoreError> {
        self.miss()
    }

    fn lease(&self, _: &str) -> Result<Option<Lease>, StoreError> {
        self.miss()
    }

    fn other_leases(&self, _: &str) -> Result<Vec<Lease>, StoreError> {
        self.miss()
    }

    fn abandoned_operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.miss()
    }

    fn discards(&self, _: u32) -> Result<Vec<DiskId>, StoreError> {
        self.miss()
    }

    fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError> {
        self.sqlite_tx.access_keys()
    }

    fn amounts(&self, _: &AccountId) -> Result<Amounts, StoreError> {
        self.miss()
    }

    fn nonces(&self) -> Result<NonceRecords, StoreError> {
        self.miss()
    }

    fn nonce_beyond(&self, _: usize) -> Result<Option<i64>, StoreError> {
        self.miss()
    }

    fn calls(&self, _: usize) -> Result<Vec<CallRecord>, StoreError> {
        self.miss()
    }

    fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.miss()
    }
}
