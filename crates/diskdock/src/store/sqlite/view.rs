//! Reads without a transaction.

use std::cell::Cell;

use domain::{AccountId, Disk, DiskId, Instance, InstanceId};
use rusqlite::Connection;

use super::super::records::{
    AccessKey, AttachedDisk, CallRecord, DiskFilter, DiskPage, InstanceFilter, InstancePage,
    OperationRow, Page, TokenRecord,
};
use super::super::{Reader, Snapshot, StoreFault, Stored};
use super::kept::{Kept, Versioned};
use super::ledger::Ledger;
use super::lists;

/// A read without a transaction: from what is kept, else by one statement of SQL each. It counts
/// only if no commit came in between. Walks over a list are left to a transaction: they take long
/// enough for commits to come in between.
pub(super) struct View<'c> {
    kept: &'c Kept,
    ledger: Ledger<'c>,
    missed: Cell<bool>,
}

impl<'c> View<'c> {
    pub fn new(kept: &'c Kept, connection: &'c Connection, version: u64) -> View<'c> {
        let ledger = Ledger::reading(connection, kept, Some(version));
        View { kept, ledger, missed: Cell::new(false) }
    }

    /// Whether something was asked for that is left to a transaction.
    pub fn missed(&self) -> bool {
        self.missed.get()
    }

    fn miss<T>(&self) -> Stored<T> {
        self.missed.set(true);
        Err(StoreFault::Unavailable)
    }
}

impl Reader for View<'_> {
    fn disk(&self, id: &DiskId) -> Stored<Option<Disk>> {
        let found = self.kept.disk(id);
        found.map_or_else(|| self.ledger.disk(id), |(disk, _)| Ok(Some(Disk::clone(&disk))))
    }

    fn disks(&self, filter: &DiskFilter, page: &Page) -> Stored<DiskPage> {
        match &filter.ids {
            Some(ids) => lists::disks_of(self, ids.clone(), filter, page),
            None => self.miss(),
        }
    }

    fn attached(&self, id: &InstanceId) -> Stored<Vec<AttachedDisk>> {
        let found = self.kept.attached(id);
        found.map_or_else(|| self.ledger.attached(id), |attached| Ok(Vec::clone(&attached)))
    }

    fn instance(&self, id: &InstanceId) -> Stored<Option<Instance>> {
        let found = self.kept.instance(id);
        let cloned = |(instance, _): Versioned<Instance>| Ok(Some(Instance::clone(&instance)));
        found.map_or_else(|| self.ledger.instance(id), cloned)
    }

    fn instances(&self, _: &InstanceFilter, _: &Page) -> Stored<InstancePage> {
        self.miss()
    }

    fn every_instance(&self, _: i64, _: u32) -> Stored<Vec<(i64, Instance)>> {
        self.miss()
    }

    fn user_data(&self, id: &InstanceId) -> Stored<Option<String>> {
        self.ledger.user_data(id)
    }

    fn token(&self, account: &AccountId, action: &str, token: &str) -> Stored<Option<TokenRecord>> {
        self.ledger.token(account, action, token)
    }

    fn operations(&self) -> Stored<Vec<OperationRow>> {
        self.miss()
    }

    fn abandoned_operations(&self) -> Stored<Vec<OperationRow>> {
        self.miss()
    }

    fn discards(&self, _: u32) -> Stored<Vec<DiskId>> {
        self.miss()
    }

    fn access_keys(&self) -> Stored<Vec<AccessKey>> {
        self.ledger.access_keys()
    }

    fn calls(&self, _: usize) -> Stored<Vec<CallRecord>> {
        self.miss()
    }

    fn snapshot(&self) -> Stored<Snapshot> {
        self.miss()
    }
}
