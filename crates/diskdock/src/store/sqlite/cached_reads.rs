//! Reads without a transaction: from memory, and single rows by one statement of SQL each. Whatever
//! else is asked for is left to a transaction.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use domain::host::FenceRecord;
use domain::{AccountId, DiskId, InstanceId, OperationId, SnapshotId};
use rusqlite::Connection;

use super::super::pages::of_ids;
use super::super::{
    AccessKey, Amounts, AttachedDisks, CallRecord, Depth, DynEntity, EntityType, HostReads,
    HostRecord, Lease, ListPage, NonceRecords, OperationRow, Page, ReadTx, Scope, StoreError,
    TokenRecord, WaitingQuestion,
};
use super::Sqlite;
use super::entity_cache::EntityCache;
use super::sqlite_tx::SqliteTx;

/// A read without a transaction. It counts only if nothing was missed and no commit came in
/// between: then all that it saw belongs to one state of the store.
pub(super) struct CachedReads<'c> {
    store: &'c Sqlite,
    /// The generation of the cache when the read began.
    generation: u64,
    /// The number of commits when the read began, unless one was under way.
    commits: Option<u64>,
    /// For rows that are not in memory.
    connection: OnceCell<Connection>,
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
    /// Begins a read; none while the cache follows a commit.
    pub(crate) fn begin(store: &'c Sqlite) -> Option<CachedReads<'c>> {
        let commits = store.cache.commits();
        let generation = store.cache.generation()?;
        let (connection, lacks) = (OnceCell::new(), Cell::default());
        Some(CachedReads { store, generation, commits, connection, lacks })
    }

    /// Ends the read; the part of it that has to be read again.
    pub(crate) fn end(self) -> Lack {
        let cache = &self.store.cache;
        let lacks = self.lacks.get();
        let has_changed = match self.connection.into_inner() {
            Some(connection) => {
                self.store.give_back(connection);
                cache.commits() != self.commits
            }
            None => cache.generation() != Some(self.generation),
        };
        if lacks == Lack::Nothing && has_changed { Lack::Rows } else { lacks }
    }

    fn cache(&self) -> &EntityCache {
        &self.store.cache
    }

    fn miss<T>(&self, what: Lack) -> Result<T, StoreError> {
        self.lacks.set(self.lacks.get().max(what));
        Err(StoreError::Unavailable)
    }

    /// One statement of SQL. If it fails, a transaction will say why.
    fn in_sql<T>(
        &self,
        read: impl FnOnce(&SqliteTx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (Some(commits), Some(connection)) = (self.commits, self.connection()) else {
            return self.miss(Lack::Rows);
        };
        let tx = SqliteTx::reading(connection, self.cache(), Some(commits), Depth::Rows);
        read(&tx).or_else(|_| self.miss(Lack::Rows))
    }

    fn connection(&self) -> Option<&Connection> {
        if self.connection.get().is_none() {
            // It is not set yet, so this does set it.
            let _ = self.connection.set(self.store.reader().ok()?);
        }
        self.connection.get()
    }
}

impl HostReads for CachedReads<'_> {
    fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn host(&self, _: &str) -> Result<Option<HostRecord>, StoreError> {
        self.miss(Lack::Rows)
    }

    fn instances_on(
        &self,
        _: &str,
        _: Option<&InstanceId>,
        _: u32,
    ) -> Result<Vec<InstanceId>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn has_work(&self, _: &str) -> Result<bool, StoreError> {
        self.miss(Lack::Rows)
    }

    fn questions(&self, _: &str) -> Result<Vec<WaitingQuestion>, StoreError> {
        self.miss(Lack::Rows)
    }

    fn answer(&self, _: i64) -> Result<Option<String>, StoreError> {
        self.miss(Lack::Rows)
    }

    fn discarding_hosts(&self) -> Result<Vec<String>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn fences(&self) -> Result<Vec<FenceRecord>, StoreError> {
        self.miss(Lack::Lists)
    }
}

impl ReadTx for CachedReads<'_> {
    fn resource(
        &self,
        of: &'static EntityType,
        id: &str,
    ) -> Result<Option<Arc<dyn DynEntity>>, StoreError> {
        match self.cache().resource(of, id) {
            Some((resource, _)) => Ok(Some(resource)),
            None => self.in_sql(|tx| tx.resource(of, id)),
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
        match self.cache().attached(id) {
            Some(attached) => Ok(Vec::clone(&attached)),
            None => self.in_sql(|tx| tx.attached(id)),
        }
    }

    fn user_data(&self, id: &InstanceId) -> Result<Option<String>, StoreError> {
        self.in_sql(|tx| tx.user_data(id))
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

    fn discards(&self, _: &str, _: u32) -> Result<Vec<DiskId>, StoreError> {
        self.miss(Lack::Lists)
    }

    fn snapshot_discards(&self, _: &str, _: u32) -> Result<Vec<SnapshotId>, StoreError> {
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
