//! One transaction on one connection: how it finds resources, and what it locks.
//!
//! A read sees one moment (repeatable read). A write is read committed and locks what it decides
//! on: every resource that it finds by id, until its commit. A list that it reads cannot be
//! locked row by row; a write that wants one is run again alone, with all other writes of all
//! servers waiting.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use tokio_postgres::Row;

use super::super::{DynEntity, EntityType, StoreError};
use super::session::Session;
use super::value::{SqlValue, values};

/// A resource and its revision in the store.
pub(super) type VersionedResource = (Arc<dyn DynEntity>, i64);

/// The rights of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TxAccess {
    /// Reads.
    Read,
    /// Writes beside the writes of other servers.
    Write,
    /// Writes while no other server does.
    WriteAlone,
}

/// One transaction on one connection.
pub(super) struct PostgresTx<'c> {
    session: &'c Session,
    access: TxAccess,
    wants_alone: Cell<bool>,
    changed_keys: Cell<bool>,
    new_work: Cell<bool>,
    /// The resources that a write has read, with their revisions: those that it may save over. By
    /// the name of the kind and the id.
    loaded: RefCell<HashMap<(&'static str, Box<str>), VersionedResource>>,
}

impl<'c> PostgresTx<'c> {
    pub(super) fn new(session: &'c Session, access: TxAccess) -> PostgresTx<'c> {
        PostgresTx {
            session,
            access,
            wants_alone: Cell::default(),
            changed_keys: Cell::default(),
            new_work: Cell::default(),
            loaded: RefCell::default(),
        }
    }

    /// Whether this write has to be run again while no other server writes.
    pub(super) fn wants_alone(&self) -> bool {
        self.wants_alone.get()
    }

    /// Whether this write has changed access keys, which other servers keep in memory.
    pub(super) fn changed_keys(&self) -> bool {
        self.changed_keys.get()
    }

    /// This write changes access keys.
    pub(super) fn note_changed_keys(&self) {
        self.changed_keys.set(true);
    }

    /// Whether this write has operations for hosts to take.
    pub(super) fn has_new_work(&self) -> bool {
        self.new_work.get()
    }

    /// This write has operations for a host to take.
    pub(super) fn note_new_work(&self) {
        self.new_work.set(true);
    }

    /// To be asked before a list is read that a decision may rest on.
    pub(super) fn allow_lists(&self) -> Result<(), StoreError> {
        if self.access == TxAccess::Write {
            self.wants_alone.set(true);
            return Err(StoreError::Conflict);
        }
        Ok(())
    }

    /// The end of a query whose rows a write decides on: they stay as they are until its commit.
    pub(super) fn locking(&self) -> &'static str {
        match self.access {
            TxAccess::Read => "",
            TxAccess::Write | TxAccess::WriteAlone => " FOR NO KEY UPDATE",
        }
    }

    /// A resource. A write may save over it, and nobody else does so before its commit.
    pub(super) fn find(
        &self,
        of: &'static EntityType,
        id: &str,
    ) -> Result<Option<Arc<dyn DynEntity>>, StoreError> {
        if let Some((known, _)) = self.loaded.borrow().get(&(of.kind.name, Box::from(id))) {
            return Ok(Some(Arc::clone(known)));
        }
        let (table, locking) = (of.kind.plural, self.locking());
        let sql = format!("SELECT body, revision FROM {table} WHERE id = $1{locking}");
        let found = self.one(&sql, values![id])?;
        found.map(|row| self.decoded(of, &row)).transpose()
    }

    /// The resource of a row that begins with its body and its revision. A write may save over it.
    pub(super) fn decoded(
        &self,
        of: &'static EntityType,
        row: &Row,
    ) -> Result<Arc<dyn DynEntity>, StoreError> {
        let found = (of.decode)(row.get(0))?;
        if self.access != TxAccess::Read {
            self.set_loaded((Arc::clone(&found), row.get(1)));
        }
        Ok(found)
    }

    /// Takes out the resource that this write has read.
    pub(super) fn take_loaded(&self, of: &EntityType, id: &str) -> Option<VersionedResource> {
        self.loaded.borrow_mut().remove(&(of.kind.name, Box::from(id)))
    }

    /// This write knows the resource in this revision.
    pub(super) fn set_loaded(&self, found: VersionedResource) {
        let key = (found.0.resource_type().kind.name, Box::from(found.0.id()));
        self.loaded.borrow_mut().insert(key, found);
    }

    /// This write knows nothing any more.
    pub(super) fn forget_loaded(&self) {
        self.loaded.borrow_mut().clear();
    }

    pub(super) fn execute(&self, sql: &str, values: &[SqlValue]) -> Result<u64, StoreError> {
        self.session.execute(sql, values)
    }

    pub(super) fn query(&self, sql: &str, values: &[SqlValue]) -> Result<Vec<Row>, StoreError> {
        self.session.query(sql, values)
    }

    pub(super) fn one(&self, sql: &str, values: &[SqlValue]) -> Result<Option<Row>, StoreError> {
        self.session.one(sql, values)
    }

    /// All first columns, each a JSON body.
    pub(super) fn bodies<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: &[SqlValue],
    ) -> Result<Vec<T>, StoreError> {
        self.query(sql, values)?.iter().map(|row| parsed(row.get(0))).collect()
    }
}

/// A value from its JSON.
pub(super) fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}
