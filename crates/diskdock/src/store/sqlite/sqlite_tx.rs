//! One transaction on one connection: how it finds resources, and its SQL.

use std::cell::RefCell;
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row};
use serde::de::DeserializeOwned;

use super::super::engine::DepthLimit;
use super::super::{Depth, DynEntity, EntityType, StoreError};
use super::engine;
use super::entity_cache::{CommitDelta, EntityCache, Versioned};
use crate::fast_map::FastMap;

/// A transaction's use of the cache.
#[derive(Clone, Copy)]
enum CacheUse<'c> {
    /// Reads; the entries that it adds belong to this number of commits.
    Reads(&'c EntityCache, Option<u64>),
    /// Writes, as part of a commit with these changes.
    Writes(&'c EntityCache, &'c RefCell<CommitDelta>),
}

/// One transaction on one connection.
pub(super) struct SqliteTx<'c> {
    connection: &'c Connection,
    memory: CacheUse<'c>,
    limit: DepthLimit,
    /// The entries that a write has read, with their revisions: those that it may save over.
    loaded: RefCell<Loaded>,
}

/// By the name of the kind, then by id.
type Loaded = FastMap<&'static str, FastMap<Box<str>, Versioned>>;

impl<'c> SqliteTx<'c> {
    fn new(connection: &'c Connection, memory: CacheUse<'c>, depth: Depth) -> SqliteTx<'c> {
        let (limit, loaded) = (DepthLimit::new(depth), RefCell::default());
        SqliteTx { connection, memory, limit, loaded }
    }

    /// A read. Resources that it finds by id may be cached, if no commit comes in between.
    pub(crate) fn reading(
        connection: &'c Connection,
        cache: &'c EntityCache,
        commits: Option<u64>,
        depth: Depth,
    ) -> SqliteTx<'c> {
        SqliteTx::new(connection, CacheUse::Reads(cache, commits), depth)
    }

    /// A write, as part of a commit.
    pub(crate) fn writing(
        connection: &'c Connection,
        cache: &'c EntityCache,
        delta: &'c RefCell<CommitDelta>,
    ) -> SqliteTx<'c> {
        SqliteTx::new(connection, CacheUse::Writes(cache, delta), Depth::Lists)
    }

    /// See [`DepthLimit::exceeded`].
    pub(crate) fn exceeded(&self) -> bool {
        self.limit.exceeded()
    }

    /// See [`DepthLimit::allow_lists`].
    pub(super) fn allow_lists(&self) -> Result<(), StoreError> {
        self.limit.allow_lists()
    }

    /// Changes what the commit has changed; a read changes nothing.
    pub(crate) fn touch(&self, change: impl FnOnce(&mut CommitDelta, &EntityCache)) {
        match self.memory {
            CacheUse::Reads(..) => {}
            CacheUse::Writes(cache, delta) => change(&mut delta.borrow_mut(), cache),
        }
    }

    /// The entry that a write knows without SQL; nothing for a read.
    pub(crate) fn known<T>(
        &self,
        look: impl FnOnce(&CommitDelta, &EntityCache) -> Option<T>,
    ) -> Option<T> {
        match self.memory {
            CacheUse::Reads(..) => None,
            CacheUse::Writes(cache, delta) => look(&delta.borrow(), cache),
        }
    }

    /// A resource, from memory or from SQL. A write may save over it.
    pub(crate) fn find(
        &self,
        of: &'static EntityType,
        id: &str,
    ) -> Result<Option<Arc<dyn DynEntity>>, StoreError> {
        let found = match self.known(|delta, cache| delta.resource(cache, of, id)) {
            Some(known) => known,
            None => match self.find_in_sql(of, id)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        self.allow_saving(&found.0, found.1);
        Ok(Some(found.0))
    }

    /// A write may save over this resource, which it has read in this revision.
    pub(super) fn allow_saving(&self, found: &Arc<dyn DynEntity>, revision: i64) {
        if let CacheUse::Writes(..) = self.memory {
            self.set_loaded((Arc::clone(found), revision));
        }
    }

    fn find_in_sql(
        &self,
        of: &'static EntityType,
        id: &str,
    ) -> Result<Option<Versioned>, StoreError> {
        let sql = format!("SELECT body, revision FROM {} WHERE id = ?1", of.kind.plural);
        let mut statement = self.prepare(&sql)?;
        let mut rows = statement.query([id]).map_err(engine)?;
        let Some(row) = rows.next().map_err(engine)? else { return Ok(None) };
        let found: Versioned = (decoded(of, row, 0)?, row.get(1).map_err(engine)?);
        match self.memory {
            CacheUse::Reads(cache, Some(commits)) => cache.admit(&found, commits),
            CacheUse::Reads(_, None) => {}
            CacheUse::Writes(_, delta) => {
                let mut delta = delta.borrow_mut();
                if delta.may_remember_reads() {
                    delta.set_resource(of, id, Some(found.clone()));
                }
            }
        }
        Ok(Some(found))
    }

    /// Takes out the entry that this write has read.
    pub(super) fn take_loaded(&self, of: &EntityType, id: &str) -> Option<Versioned> {
        self.loaded.borrow_mut().get_mut(of.kind.name)?.remove(id)
    }

    /// This write knows the resource in this revision.
    pub(crate) fn set_loaded(&self, found: Versioned) {
        let (name, id) = (found.0.resource_type().kind.name, Box::from(found.0.id()));
        self.loaded.borrow_mut().entry(name).or_default().insert(id, found);
    }

    /// This write knows nothing any more.
    pub(crate) fn forget_loaded(&self) {
        self.loaded.borrow_mut().clear();
    }

    /// The number that the engine gave to the row inserted last.
    pub(crate) fn last_number(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'c>, StoreError> {
        self.connection.prepare_cached(sql).map_err(engine)
    }

    pub(super) fn execute(&self, sql: &str, values: impl Params) -> Result<usize, StoreError> {
        self.prepare(sql)?.execute(values).map_err(engine)
    }

    pub(crate) fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.prepare(sql)?.query_row(values, read).optional().map_err(engine)
    }

    /// All first columns, each a JSON body.
    pub(crate) fn bodies<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: impl Params,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(values).map_err(engine)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            found.push(body(row, 0)?);
        }
        Ok(found)
    }
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, StoreError> {
    let text = row.get_ref(column).map_err(engine)?;
    text.as_str().map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// The resource in this column.
pub(super) fn decoded(
    of: &'static EntityType,
    row: &Row<'_>,
    column: usize,
) -> Result<Arc<dyn DynEntity>, StoreError> {
    (of.decode)(text(row, column)?)
}

/// The JSON body in this column.
pub(super) fn body<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    serde_json::from_str(text(row, column)?).map_err(|error| StoreError::Corrupt(error.to_string()))
}
