//! Reads from memory alone: whatever is not there is left to a transaction.

use std::cell::Cell;
use std::sync::Arc;

use domain::{AccountId, DiskId, InstanceId, OperationId, SnapshotId};

use super::super::pages::of_ids;
use super::super::{
    AccessKey, Amounts, AttachedDisks, CallRecord, DynEntity, EntityType, Lease, ListPage,
    NonceRecords, OperationRow, Page, ReadTx, Scope, StoreError, TokenRecord,
};
use super::entity_cache::EntityCache;

/// A read from the cache. It counts only if nothing was missed and the cache followed no commit
/// meanwhile.
pub(super) struct CachedReads<'c> {
    cache: &'c EntityCache,
    lacks: Cell<Lack>,
}

/// The part of a read that is not in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lack {
    /// Nothing: it counts.
    #[default]
    Nothing,
    /// Single rows.
    Rows,
    /// A list, which is walked elsewhere.
    Lists,
}

impl<'c> CachedReads<'c> {
    pub(crate) fn new(cache: &'c EntityCache) -> CachedReads<'c> {
        CachedReads { cache, lacks: Cell::default() }
    }

    /// The part of the read that is not in memory.
    pub(crate) fn lacks(&self) -> Lack {
        self.lacks.get()
    }

    fn miss<T>(&self, what: Lack) -> Result<T, StoreError> {
        self.lacks.set(self.lacks.get().max(what));
        Err(StoreError::Unavailable)
    }
}

impl ReadTx for CachedReads<'_> {
    fn resource(
        &self,
        of: &'static EntityType,
        id: &str,
    ) -> Result<Option<Arc<dyn DynEntity>>, StoreError> {
        match self.cache.resource(of, id) {
            Some((resource, _)) => Ok(Some(resource)),
            None => self.miss(Lack::Rows),
        }
    }

    fn resources(
        &self,
        of: &'static EntityType,
        scope: &Scope<'_>,
        page: &Page,
        matches: &mut dyn FnMut(&dyn DynEntity) -> Result<bool, StoreError>,
    ) -> Result<ListPage<Arc<dyn DynEntity>>, StoreError> {
        match &scope.ids {
            Some(ids) => of_ids(self, of, ids, page, matches),
            None => self.miss(Lack::Lists),
        }
    }

    fn resources_after(
        &self,
        _: &'static EntityType,
        _: Option<&str>,
        _: u32,
    ) -> Result<Vec<Arc<dyn DynEntity>>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn attached(&self, id: &InstanceId) -> Result<AttachedDisks, StoreError> {
        self.cache
            .attached(id)
            .map_or_else(|| self.miss(Lack::Rows), |attached| Ok(Vec::clone(&attached)))
    }

    fn user_data(&self, _: &InstanceId) -> Result<Option<String>, StoreError> {
        self.miss(Lack::Rows)
    }

    fn token(&self, _: &AccountId, _: &str, _: &str) -> Result<Option<TokenRecord>, StoreError> {
        self.miss(Lack::Rows)
    }

    fn operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn operations_of(
        &self,
        _: &str,
        _: OperationId,
        _: u32,
    ) -> Result<Vec<OperationRow>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn lease(&self, _: &str) -> Result<Option<Lease>, StoreError> {
        self.miss(Lack::Rows)
    }

    fn other_leases(&self, _: &str) -> Result<Vec<Lease>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn failed_operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn discards(&self, _: u32) -> Result<Vec<DiskId>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn snapshot_discards(&self, _: u32) -> Result<Vec<SnapshotId>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError> {
        self.miss(Lack::Rows)
    }

    fn amounts(&self, _: &AccountId) -> Result<Amounts, StoreError> {
        self.miss(Lack::Rows)
    }

    fn nonces(&self) -> Result<NonceRecords, StoreError> {
        self.miss(Lack::Lists)
    }

    fn nonce_beyond(&self, _: usize) -> Result<Option<i64>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn calls(&self, _: usize) -> Result<Vec<CallRecord>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn all_user_data(&self) -> Result<Vec<(InstanceId, String)>, StoreError> {
        self.miss(Lack::Lists)
    }
}
