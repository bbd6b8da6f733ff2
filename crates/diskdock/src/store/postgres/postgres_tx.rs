//! One transaction on one connection: how it finds resources, and what it locks.
//!
//! A read sees one moment (repeatable read). A write is read committed and locks what it decides
//! on: every resource that it finds by id, until its commit. A list that it reads cannot be
//! locked row by row; a write that wants one is run again alone, with all other writes of all
//! servers waiting.
//!
//! The changes of a write are sent together with what it asks for next, or with the commit. One
//! that does not come about (another server has the operation) fails the transaction in the
//! database itself, so that no commit that was sent along can keep the rest.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::HashMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use tokio_postgres::Row;

use super::super::engine_rows::{CALLS_CLEARED, CALLS_KEPT, disk_in};
use super::super::{DynEntity, EntityType, Prefetch, StoreError};
use super::command::SqlCommand;
use super::known_rows::KnownRows;
use super::listener::{NOTIFY_KEYS, NOTIFY_WORK};
use super::read_ahead;
use super::session::Session;
use super::value::{SqlValue, values};

/// Changes that wait to be sent, at most.
const DEFERRED: usize = 128;

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

/// The numbers of recorded calls, as far as this process knows them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CallNumbers {
    /// The last one that it recorded.
    last: i64,
    /// The last one when it cleared older ones away.
    cleared: i64,
}

/// One transaction on one connection: a read, or writes that are committed together.
pub(super) struct PostgresTx<'c> {
    session: &'c Session,
    access: TxAccess,
    wants_alone: Cell<bool>,
    changed_keys: Cell<bool>,
    new_work: Cell<bool>,
    /// The resources that a write has read, with their revisions: those that it may save over. By
    /// the name of the kind and the id.
    loaded: RefCell<HashMap<(&'static str, Box<str>), VersionedResource>>,
    /// The rows that this transaction has read or changed, in whichever of its writes.
    known: RefCell<KnownRows>,
    /// The changes that are still to be sent.
    deferred: RefCell<Vec<SqlCommand>>,
    calls: Cell<CallNumbers>,
    /// Calls that this transaction records and has no numbers of yet.
    recorded: Cell<i64>,
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
            known: RefCell::default(),
            deferred: RefCell::default(),
            calls: Cell::default(),
            recorded: Cell::default(),
        }
    }

    /// Begins a transaction of writes after these calls with these commands, and reads ahead.
    pub(super) fn begin(
        &self,
        calls: CallNumbers,
        beginning: Vec<SqlCommand>,
        ahead: &Prefetch,
    ) -> Result<(), StoreError> {
        self.calls.set(calls);
        self.session.forget_error();
        read_ahead::begin(self, beginning, ahead)
    }

    /// Begins the next write of the transaction, which may save over nothing yet.
    pub(super) fn begin_write(&self) {
        self.loaded.borrow_mut().clear();
    }

    /// Sends what is left of the changes, and commits. Gives the numbers of calls after that.
    pub(super) fn commit(&self) -> Result<CallNumbers, StoreError> {
        self.session.first_error()?;
        let mut commands = self.deferred.take();
        self.clear_calls(&mut commands);
        // One of each for all writes of the transaction.
        let notices = [(&self.changed_keys, NOTIFY_KEYS), (&self.new_work, NOTIFY_WORK)];
        let due = notices.into_iter().filter(|(is_due, _)| is_due.get());
        commands.extend(due.map(|(_, notice)| SqlCommand::plain(notice)));
        commands.push(SqlCommand::plain("COMMIT"));
        self.together(&commands)?;
        Ok(self.calls.get())
    }

    /// Clears calls away, if so many were recorded since the last time.
    fn clear_calls(&self, commands: &mut Vec<SqlCommand>) {
        let CallNumbers { last, cleared } = self.calls.get();
        let new = last.saturating_add(self.recorded.get());
        if self.recorded.get() == 0 || new.saturating_sub(cleared) < CALLS_CLEARED {
            return;
        }
        self.calls.set(CallNumbers { last, cleared: new });
        commands.push(SqlCommand::new(
            "DELETE FROM calls WHERE number <= (SELECT max(number) FROM calls) - $1",
            values![CALLS_KEPT],
        ));
    }

    /// Sends these commands together; they hold what was deferred.
    pub(super) fn together(&self, commands: &[SqlCommand]) -> Result<Vec<Vec<Row>>, StoreError> {
        let answers = self.session.together(commands)?;
        for (_, rows) in commands.iter().zip(&answers).filter(|(sent, _)| sent.numbers_call()) {
            let CallNumbers { last, cleared } = self.calls.get();
            let number = rows.first().map_or(last, |row| row.get(0));
            self.calls.set(CallNumbers { last: number, cleared });
            self.recorded.set(self.recorded.get() - 1);
        }
        Ok(answers)
    }

    /// A change that is made with whatever is asked next, and at the commit at the latest.
    pub(super) fn defer(&self, command: SqlCommand) -> Result<(), StoreError> {
        if command.numbers_call() {
            self.recorded.set(self.recorded.get() + 1);
        }
        self.deferred.borrow_mut().push(command);
        if self.deferred.borrow().len() < DEFERRED { Ok(()) } else { self.send() }
    }

    /// The same for a change that may come to nothing.
    pub(super) fn change(&self, sql: &str, values: &[SqlValue]) -> Result<(), StoreError> {
        self.defer(SqlCommand::new(sql, values))
    }

    /// Sends the changes that wait.
    fn send(&self) -> Result<(), StoreError> {
        let commands = self.deferred.take();
        if commands.is_empty() { Ok(()) } else { self.together(&commands).map(drop) }
    }

    /// The rows that this transaction knows.
    pub(super) fn known(&self) -> RefMut<'_, KnownRows> {
        self.known.borrow_mut()
    }

    /// Whether this write has to be run again while no other server writes.
    pub(super) fn wants_alone(&self) -> bool {
        self.wants_alone.get()
    }

    /// This write changes access keys.
    pub(super) fn note_changed_keys(&self) {
        self.changed_keys.set(true);
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
        let known = self.known().resource(of, id);
        if let Some(found) = known {
            return Ok(found.map(|(resource, revision)| {
                self.set_loaded((Arc::clone(&resource), revision));
                resource
            }));
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

    /// Takes out the resource that this write has read. The transaction may know it again by what
    /// the write makes of it.
    pub(super) fn take_loaded(&self, of: &EntityType, id: &str) -> Option<VersionedResource> {
        self.known().forget_resource(of, id);
        self.loaded.borrow_mut().remove(&(of.kind.name, Box::from(id)))
    }

    /// This write knows the resource in this revision.
    pub(super) fn set_loaded(&self, found: VersionedResource) {
        let (of, id) = (found.0.resource_type(), found.0.id());
        self.known().set_resource(of, id, Some(found.clone()));
        self.loaded.borrow_mut().insert((of.kind.name, Box::from(id)), found);
    }

    /// A resource that this write has removed.
    pub(super) fn set_removed(&self, gone: &dyn DynEntity) {
        self.known().set_resource(gone.resource_type(), gone.id(), None);
        self.follow(gone, None);
    }

    /// Brings what is known of instances' disks to what this write has made of a resource.
    pub(super) fn follow(&self, resource: &dyn DynEntity, now: Option<&dyn DynEntity>) {
        if let Some(disk) = disk_in(resource) {
            self.known().follow(&disk.id, now.and_then(disk_in));
        }
    }

    /// This transaction knows nothing any more.
    pub(super) fn forget_all(&self) {
        self.loaded.borrow_mut().clear();
        self.known.take();
    }

    /// How many rows a statement changes.
    pub(super) fn execute(&self, sql: &str, values: &[SqlValue]) -> Result<u64, StoreError> {
        self.send()?;
        self.session.execute(sql, values)
    }

    /// All rows that a statement finds, after all changes so far.
    pub(super) fn query(&self, sql: &str, values: &[SqlValue]) -> Result<Vec<Row>, StoreError> {
        let mut commands = self.deferred.take();
        if commands.is_empty() {
            return self.session.query(sql, values);
        }
        commands.push(SqlCommand::new(sql, values));
        Ok(self.together(&commands)?.pop().unwrap_or_default())
    }

    pub(super) fn one(&self, sql: &str, values: &[SqlValue]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, values)?.into_iter().next())
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
