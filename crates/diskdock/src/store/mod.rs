//! The store: the durable state of diskdock. It holds no rules.
//!
//! A transaction is synchronous, so no waiting can happen inside one. Reads see what was
//! committed; a write sees its own changes, and either all of them are committed or none.
//! A write may be run again on fresh facts (another server won a race), so it must have no
//! effect other than through [`WriteTx`].

mod changes;
mod directory;
mod disks;
mod engine;
mod engine_rows;
mod ephemeral;
mod error;
mod export;
mod hosts;
mod list;
mod list_lane;
pub mod memory;
mod new_key;
mod pages;
pub mod postgres;
mod prefetch;
mod queued_write;
mod records;
mod resource;
pub mod sqlite;
mod upkeep;

use std::sync::Arc;

use domain::{
    AccountId, Disk, DiskId, Instance, InstanceId, Moment, OperationId, SnapshotId, Uptime,
};

pub use disks::{AttachedDisk, AttachedDisks, DiskFilter};
pub use engine::{Depth, Engine, WriteJob, WriteKind};
pub(crate) use ephemeral::Ephemeral;
pub use error::StoreError;
pub use export::{Export, ExportError, FORMAT};
pub(crate) use export::{ExportCheck, ExportFault, ExportPart, read_parts, write_export};
pub use hosts::{
    HostReads, HostRecord, HostTerm, HostWrites, WaitingQuestion, host_of_owner, owner_of_host,
};
pub use list::{Condition, Cursor, Filter, InstanceFilter, ListPage, Page, Scope, has_tags, like};
pub use new_key::new_key;
pub(crate) use new_key::{SESSION_KEY_PREFIX, new_session_key, secret_text};
pub use prefetch::Prefetch;
pub use records::{
    AccessKey, Amounts, CallRecord, KeyStatus, Lease, NonceRecords, OperationRow, RoleSession,
    StoredNonce, TimeUsed, TokenRecord,
};
pub use resource::{DynEntity, EntityReads, EntityType, EntityWrites, KINDS, StoredEntity};

use changes::Changes;
use list_lane::{ListLane, read_at};
use queued_write::QueuedWrite;

/// A read transaction.
pub trait ReadTx: HostReads {
    /// The resource of this kind and id. [`EntityReads::get`] gives it with its type.
    fn resource(
        &self,
        of: &'static EntityType,
        id: &str,
    ) -> Result<Option<Arc<dyn DynEntity>>, StoreError>;
    /// A page of the resources of a kind that are in the scope and match, newest first.
    /// [`EntityReads::list`] gives them with their type.
    fn resources(
        &self,
        of: &'static EntityType,
        scope: &Scope<'_>,
        page: &Page,
        matches: &mut dyn FnMut(&dyn DynEntity) -> Result<bool, StoreError>,
    ) -> Result<ListPage<Arc<dyn DynEntity>>, StoreError>;
    /// Up to `most` resources of a kind, of all accounts, that come after this id in the order of
    /// ids. [`EntityReads::walk`] gives them with their type.
    fn resources_after(
        &self,
        of: &'static EntityType,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<Arc<dyn DynEntity>>, StoreError>;
    /// The disk of this id.
    fn disk(&self, id: &DiskId) -> Result<Option<Disk>, StoreError> {
        self.get(id)
    }
    /// The disks that match, newest first, a page of them.
    fn disks(&self, filter: &DiskFilter, page: &Page) -> Result<ListPage<Arc<Disk>>, StoreError> {
        disks::list(self, filter, page)
    }
    /// The disks that are attached to an instance, or being attached or detached.
    fn attached(&self, instance: &InstanceId) -> Result<AttachedDisks, StoreError>;
    /// The instance of this id.
    fn instance(&self, id: &InstanceId) -> Result<Option<Instance>, StoreError> {
        self.get(id)
    }
    /// The instances that match, newest first, a page of them.
    fn instances(
        &self,
        filter: &InstanceFilter,
        page: &Page,
    ) -> Result<ListPage<Instance>, StoreError> {
        self.list(filter, page)
    }
    /// Up to `most` instances, of all accounts, that come after this one in the order of ids, with
    /// their disks: those of a host, or all. Where each row costs a round trip, all of them cost
    /// two.
    fn instances_with_disks(
        &self,
        host: Option<&str>,
        after: Option<&InstanceId>,
        most: u32,
    ) -> Result<Vec<(Instance, AttachedDisks)>, StoreError> {
        disks::with_instances(self, host, after, most)
    }
    /// User data of an instance, in Base64.
    fn user_data(&self, id: &InstanceId) -> Result<Option<String>, StoreError>;
    /// The recorded reply of an earlier request with this token.
    fn token(
        &self,
        account: &AccountId,
        action: &str,
        token: &str,
    ) -> Result<Option<TokenRecord>, StoreError>;
    /// All operations that have not ended.
    fn operations(&self) -> Result<Vec<OperationRow>, StoreError>;
    /// Up to `most` operations of this server that have not ended, in order, that come after
    /// number `after`.
    fn operations_of(
        &self,
        server: &str,
        after: OperationId,
        most: u32,
    ) -> Result<Vec<OperationRow>, StoreError>;
    /// The lease of a server; none if it never ran on this store.
    fn lease(&self, server: &str) -> Result<Option<Lease>, StoreError>;
    /// The leases of all other servers that carry operations out. Costs nothing where there are
    /// none.
    fn other_leases(&self, server: &str) -> Result<Vec<Lease>, StoreError>;
    /// Operations that failed, latest first.
    fn failed_operations(&self) -> Result<Vec<OperationRow>, StoreError>;
    /// Up to `most` disks that were removed and whose bytes may still be there: on this host, or
    /// on none where it is empty.
    fn discards(&self, host: &str, most: u32) -> Result<Vec<DiskId>, StoreError>;
    /// Up to `most` snapshots that were removed, or failed, and of which bytes may still be there,
    /// on this host or on none.
    fn snapshot_discards(&self, host: &str, most: u32) -> Result<Vec<SnapshotId>, StoreError>;
    /// All access keys.
    fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError>;
    /// How many disks and instances an account has.
    fn amounts(&self, account: &AccountId) -> Result<Amounts, StoreError>;
    /// The nonces of writes, which are not to be served again.
    fn nonces(&self) -> Result<NonceRecords, StoreError>;
    /// The second in which the newest of them was signed that comes after the `most` newest ones.
    fn nonce_beyond(&self, most: usize) -> Result<Option<i64>, StoreError>;
    /// The latest recorded calls, newest first.
    fn calls(&self, most: usize) -> Result<Vec<CallRecord>, StoreError>;
    /// User data of all instances, in Base64.
    fn all_user_data(&self) -> Result<Vec<(InstanceId, String)>, StoreError>;
    /// The whole store, for an export.
    fn export(&self) -> Result<Export, StoreError> {
        Export::take(self)
    }
}

/// A write transaction.
pub trait WriteTx: ReadTx + HostWrites {
    /// Saves a resource: a new one, or one that this transaction has read.
    /// [`EntityWrites::save`] takes it with its type.
    fn save_resource(&mut self, resource: Arc<dyn DynEntity>) -> Result<(), StoreError>;
    /// Saves a new resource that this transaction does not touch again: it takes up no memory.
    fn save_once(&mut self, resource: Arc<dyn DynEntity>) -> Result<(), StoreError> {
        self.save_resource(resource)
    }
    /// Removes a resource with what belongs to it alone; removing what is not there is no error.
    /// A disk and a snapshot are remembered until their bytes are discarded, an instance's user
    /// data goes with it. [`EntityWrites::remove`] takes a typed id.
    fn remove_resource(&mut self, of: &'static EntityType, id: &str) -> Result<(), StoreError> {
        let host = engine_rows::host_of_bytes(self, of, id)?;
        match self.remove_row(of, id)? {
            true => engine_rows::after_removal(self, of, id, &host),
            false => Ok(()),
        }
    }
    /// Removes the row of a resource and what it is found by, and nothing else; whether it was
    /// there.
    fn remove_row(&mut self, of: &'static EntityType, id: &str) -> Result<bool, StoreError>;
    /// Saves a disk: a new one, or one that this transaction has read.
    fn save_disk(&mut self, disk: &Disk) -> Result<(), StoreError> {
        self.save(disk)
    }
    /// Removes a disk and remembers that its bytes are to be discarded; removing what is not there
    /// is no error.
    fn remove_disk(&mut self, id: &DiskId) -> Result<(), StoreError> {
        self.remove(id)
    }
    /// Remembers that the bytes of a disk are to be discarded, on this host or on none.
    fn discard_disk(&mut self, id: &DiskId, host: &str) -> Result<(), StoreError>;
    /// The bytes of a removed disk are gone.
    fn delete_discard(&mut self, id: &DiskId) -> Result<(), StoreError>;
    /// Remembers that what there is of a snapshot's bytes is to be discarded, on this host or on
    /// none.
    fn discard_snapshot(&mut self, id: &SnapshotId, host: &str) -> Result<(), StoreError>;
    /// Nothing of a snapshot's bytes is left.
    fn delete_snapshot_discard(&mut self, id: &SnapshotId) -> Result<(), StoreError>;
    /// Saves an instance: a new one, or one that this transaction has read.
    fn save_instance(&mut self, instance: &Instance) -> Result<(), StoreError> {
        self.save(instance)
    }
    /// Removes an instance and its user data.
    fn remove_instance(&mut self, id: &InstanceId) -> Result<(), StoreError> {
        self.remove(id)
    }
    /// Keeps user data of an instance.
    fn save_user_data(&mut self, id: &InstanceId, data: &str) -> Result<(), StoreError>;
    /// Forgets the user data of an instance.
    fn delete_user_data(&mut self, id: &InstanceId) -> Result<(), StoreError>;
    /// Records the reply to a request with a ClientToken.
    fn save_token(&mut self, record: &TokenRecord) -> Result<(), StoreError>;
    /// Forgets tokens that were first used before `moment`.
    fn delete_tokens(&mut self, moment: Moment) -> Result<(), StoreError>;
    /// Records the nonce of a write, even if it will be refused. False if it is there already: a
    /// server that shares the store has seen the request.
    fn save_nonce(&mut self, nonce: &StoredNonce) -> Result<bool, StoreError>;
    /// Forgets some of the requests that were signed before this second, and remembers that
    /// everything up to the latest of them may have been seen; true if there may be more.
    fn delete_nonces(&mut self, before_s: i64) -> Result<bool, StoreError>;
    /// Enqueues an operation.
    fn begin_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError>;
    /// Saves the progress of an operation.
    fn save_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError>;
    /// An operation has ended well and is forgotten.
    fn end_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError>;
    /// An operation was given up; its reason is kept for people, within a bound.
    fn fail_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError>;
    /// Renews the lease of a server on all its operations: one row, however many they are.
    fn renew_lease(&mut self, server: &str, uptime: Uptime) -> Result<(), StoreError>;
    /// Gives up to `most` operations under this lease to `server`, unless the lease was renewed
    /// since it was read; gives those operations. Saving, ending or abandoning an operation that
    /// another server has taken over fails with [`StoreError::LeaseLost`].
    fn take_over_operations(
        &mut self,
        lease: &Lease,
        server: &str,
        now: Uptime,
        most: u32,
    ) -> Result<Vec<OperationRow>, StoreError> {
        engine_rows::take_over_operations(self, lease, (server, now), most)
    }
    /// Saves an operation that has got another owner.
    fn save_owner(&mut self, operation: &OperationRow) -> Result<(), StoreError>;
    /// Records an accepted call. The latest 10,000 are kept, and no more than 256 besides.
    fn record_call(&mut self, call: &CallRecord) -> Result<(), StoreError>;
    /// Saves an access key, new or not.
    fn save_access_key(&mut self, key: &AccessKey) -> Result<(), StoreError>;
    /// Removes an access key; removing what is not there is no error.
    fn remove_access_key(&mut self, access_key_id: &str) -> Result<(), StoreError>;
    /// Forgets disks, instances, operations, tokens and calls; keeps the keys and the nonces.
    fn wipe(&mut self) -> Result<(), StoreError>;
    /// Imports an export, on top of what is there.
    fn load_export(&mut self, snapshot: &Export) -> Result<(), StoreError> {
        snapshot.load(self)
    }
}

/// The store behind whichever engine keeps it.
pub struct Store {
    engine: Arc<dyn Engine>,
    lists: Arc<ListLane>,
    changes: Arc<Changes>,
    /// In a process of a host: what each of its writes carries.
    term: Option<HostTerm>,
}

impl Store {
    /// The store of this engine.
    pub fn new(engine: impl Engine + 'static) -> Store {
        Store::over(Arc::new(engine))
    }

    fn over(engine: Arc<dyn Engine>) -> Store {
        let lists = Arc::new(ListLane::new(engine.walks_at_a_time()));
        Store { engine, term: None, lists, changes: Arc::default() }
    }

    /// Reads on a consistent view: single rows at once, and lists on a thread that may take long.
    /// The work may be done more than once, so it must have no effect.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&dyn ReadTx) -> Result<T, E> + Send + 'static,
    {
        self.read_as(None, work).await
    }

    /// The same for a call of an account: its lists wait for those of other accounts, and they for
    /// its own, in turn.
    pub async fn read_for<T, E, F>(&self, account: &AccountId, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&dyn ReadTx) -> Result<T, E> + Send + 'static,
    {
        self.read_as(Some(account), work).await
    }

    async fn read_as<T, E, F>(&self, account: Option<&AccountId>, mut work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&dyn ReadTx) -> Result<T, E> + Send + 'static,
    {
        match read_at(self.engine.as_ref(), Depth::Rows, &mut work)? {
            Some(answer) => answer,
            None => self.lists.run(&self.engine, account, work).await,
        }
    }

    /// The same on the calling thread, however long it takes: at a start, and for the command line.
    pub fn read_blocking<T, E: From<StoreError>>(
        &self,
        mut work: impl FnMut(&dyn ReadTx) -> Result<T, E>,
    ) -> Result<T, E> {
        let answer = read_at(self.engine.as_ref(), Depth::Lists, &mut work)?;
        answer.unwrap_or(Err(StoreError::Unavailable.into()))
    }

    /// Writes. The result is given only once it is durable.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn WriteTx) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_then(work, |answer| answer).await
    }

    /// Writes, and once it is durable does `then` with the result, even if the caller has gone
    /// away meanwhile. `then` runs on the engine's thread: it must be quick and must not wait.
    pub async fn write_then<T, U, F>(
        &self,
        work: F,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, StoreError>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnMut(&mut dyn WriteTx) -> Result<T, StoreError> + Send + 'static,
    {
        self.queue(work, then, Prefetch::default(), WriteKind::Long).await
    }

    /// The same for a write of few rows, such as a call's: it may be done where others wait.
    pub async fn write_briefly<T, U, F>(
        &self,
        work: F,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, StoreError>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnMut(&mut dyn WriteTx) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_briefly_after(Prefetch::default(), work, then).await
    }

    async fn queue<T, U, F>(
        &self,
        work: F,
        then: impl FnOnce(T) -> U + Send + 'static,
        mut ahead: Prefetch,
        kind: WriteKind,
    ) -> Result<U, StoreError>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnMut(&mut dyn WriteTx) -> Result<T, StoreError> + Send + 'static,
    {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (sender, mut work, term) = (Some(sender), work, self.term.clone());
        ahead.terms.extend(term.clone());
        let work = move |tx: &mut dyn WriteTx| {
            term.as_ref().map_or(Ok(()), |term| tx.hold_term(term))?;
            work(tx)
        };
        let changes = Arc::clone(&self.changes);
        let queued = QueuedWrite { work, then, answer: None, ahead, kind, sender, changes };
        self.engine.write(Box::new(queued)).await;
        receiver.await.unwrap_or(Err(StoreError::Unavailable))
    }

    /// The name under which this server holds its lease and its operations.
    pub fn server(&self) -> &str {
        self.engine.server()
    }
}
