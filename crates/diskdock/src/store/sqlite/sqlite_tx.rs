//! Reading rows inside one transaction.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use domain::{
    AccountId, Attachment, Disk, DiskId, Instance, InstanceId, Moment, OperationId, Uptime,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row, params};
use serde::de::DeserializeOwned;

use super::super::records::{
    AccessKey, Amounts, AttachedDisk, CallRecord, DiskFilter, DiskPage, InstanceFilter,
    InstancePage, Lease, NonceRecords, OperationRow, Page, TokenRecord,
};
use super::super::snapshot::{FORMAT, Snapshot};
use super::super::{ReadTx, StoreError};
use super::entity_cache::{CommitDelta, EntityCache, Versioned};
use super::{engine, lists};

/// What a transaction has to do with what is kept in memory.
#[derive(Clone, Copy)]
enum Memory<'c> {
    /// It reads, and what it reads belongs to this version.
    Reads(&'c EntityCache, Option<u64>),
    /// It writes, as part of a commit that touches this.
    Writes(&'c EntityCache, &'c RefCell<CommitDelta>),
}

/// One transaction on one connection.
pub(super) struct SqliteTx<'c> {
    connection: &'c Connection,
    memory: Memory<'c>,
    /// Disks that were read, each with its revision and where it was.
    pub(super) disks: RefCell<HashMap<DiskId, (i64, Vec<Attachment>)>>,
    /// Instances that were read, each with its revision.
    pub(super) instances: RefCell<HashMap<InstanceId, i64>>,
}

impl<'c> SqliteTx<'c> {
    fn new(connection: &'c Connection, memory: Memory<'c>) -> SqliteTx<'c> {
        SqliteTx { connection, memory, disks: RefCell::default(), instances: RefCell::default() }
    }

    /// A read. What it finds by id is kept, if no commit comes in between.
    pub(super) fn reading(
        connection: &'c Connection,
        kept: &'c EntityCache,
        version: Option<u64>,
    ) -> SqliteTx<'c> {
        SqliteTx::new(connection, Memory::Reads(kept, version))
    }

    /// A write, as part of a commit.
    pub(super) fn writing(
        connection: &'c Connection,
        kept: &'c EntityCache,
        delta: &'c RefCell<CommitDelta>,
    ) -> SqliteTx<'c> {
        SqliteTx::new(connection, Memory::Writes(kept, delta))
    }

    /// Changes what the commit has touched; a read touches nothing.
    pub(super) fn touch(&self, change: impl FnOnce(&mut CommitDelta, &EntityCache)) {
        match self.memory {
            Memory::Reads(..) => {}
            Memory::Writes(kept, delta) => change(&mut delta.borrow_mut(), kept),
        }
    }

    /// A disk with its revision, from memory or from SQL.
    fn versioned_disk(&self, id: &DiskId) -> Result<Option<Versioned<Disk>>, StoreError> {
        if let Memory::Writes(kept, delta) = self.memory
            && let Some(known) = delta.borrow().disk(kept, id)
        {
            return Ok(Some(known));
        }
        let mut statement = self.prepare("SELECT body, revision FROM disks WHERE id = ?1")?;
        let mut rows = statement.query([id.as_str()]).map_err(engine)?;
        let Some(row) = rows.next().map_err(engine)? else { return Ok(None) };
        let found: Versioned<Disk> = (Arc::new(body(row, 0)?), row.get(1).map_err(engine)?);
        if let Memory::Reads(kept, Some(version)) = self.memory
            && kept.admits()
        {
            kept.keep_disk(found.clone(), version);
        }
        Ok(Some(found))
    }

    /// An instance with its revision, from memory or from SQL.
    fn versioned_instance(
        &self,
        id: &InstanceId,
    ) -> Result<Option<Versioned<Instance>>, StoreError> {
        if let Memory::Writes(kept, delta) = self.memory
            && let Some(known) = delta.borrow().instance(kept, id)
        {
            return Ok(Some(known));
        }
        let mut statement = self.prepare("SELECT body, revision FROM instances WHERE id = ?1")?;
        let mut rows = statement.query([id.as_str()]).map_err(engine)?;
        let Some(row) = rows.next().map_err(engine)? else { return Ok(None) };
        let found: Versioned<Instance> = (Arc::new(body(row, 0)?), row.get(1).map_err(engine)?);
        match self.memory {
            Memory::Reads(kept, Some(version)) if kept.admits() => {
                kept.keep_instance(found.clone(), version);
            }
            Memory::Reads(..) => {}
            Memory::Writes(_, delta) => {
                delta.borrow_mut().set_instance(id, Some(found.clone()));
            }
        }
        Ok(Some(found))
    }

    fn attached_in_sql(&self, instance: &InstanceId) -> Result<Vec<AttachedDisk>, StoreError> {
        let sql = "SELECT disk, device, phase, generation FROM attachments WHERE instance = ?1";
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query([instance.as_str()]).map_err(engine)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            let generation: i64 = row.get(3).map_err(engine)?;
            found.push(AttachedDisk {
                disk: row.get::<_, String>(0).map_err(engine)?.into(),
                device: row.get(1).map_err(engine)?,
                phase: body(row, 2)?,
                generation: generation.unsigned_abs(),
            });
        }
        Ok(found)
    }

    /// The number that the engine gave to the row inserted last.
    pub(super) fn last_number(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'c>, StoreError> {
        self.connection.prepare_cached(sql).map_err(engine)
    }

    pub(super) fn execute(&self, sql: &str, values: impl Params) -> Result<usize, StoreError> {
        self.prepare(sql)?.execute(values).map_err(engine)
    }

    pub(super) fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.prepare(sql)?.query_row(values, read).optional().map_err(engine)
    }

    /// All first columns, each a JSON body.
    pub(super) fn bodies<T: DeserializeOwned>(
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

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// The JSON body in this column.
pub(super) fn body<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    let text = row.get_ref(column).map_err(engine)?;
    parse(text.as_str().map_err(|error| StoreError::Corrupt(error.to_string()))?)
}

impl ReadTx for SqliteTx<'_> {
    fn disk(&self, id: &DiskId) -> Result<Option<Disk>, StoreError> {
        let Some((disk, revision)) = self.versioned_disk(id)? else { return Ok(None) };
        if let Memory::Writes(..) = self.memory {
            let loaded = (revision, disk.attachments.clone());
            self.disks.borrow_mut().insert(id.clone(), loaded);
        }
        Ok(Some(Arc::unwrap_or_clone(disk)))
    }

    fn disks(&self, filter: &DiskFilter, page: &Page) -> Result<DiskPage, StoreError> {
        lists::disks(self, filter, page)
    }

    fn attached(&self, instance: &InstanceId) -> Result<Vec<AttachedDisk>, StoreError> {
        let Memory::Writes(kept, delta) = self.memory else {
            return self.attached_in_sql(instance);
        };
        let known = delta.borrow().attached(kept, instance);
        if let Some(known) = known {
            return Ok(Vec::clone(&known));
        }
        let found = self.attached_in_sql(instance)?;
        delta.borrow_mut().set_attached(instance, Some(Arc::new(found.clone())));
        Ok(found)
    }

    fn instance(&self, id: &InstanceId) -> Result<Option<Instance>, StoreError> {
        let Some((instance, revision)) = self.versioned_instance(id)? else { return Ok(None) };
        if let Memory::Writes(..) = self.memory {
            self.instances.borrow_mut().insert(id.clone(), revision);
        }
        Ok(Some(Arc::unwrap_or_clone(instance)))
    }

    fn instances(&self, filter: &InstanceFilter, page: &Page) -> Result<InstancePage, StoreError> {
        lists::instances(self, filter, page)
    }

    fn every_instance(&self, after: i64, most: u32) -> Result<Vec<(i64, Instance)>, StoreError> {
        let sql = "SELECT body, number FROM instances WHERE number > ?1 ORDER BY number LIMIT ?2";
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(params![after, most]).map_err(engine)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            found.push((row.get(1).map_err(engine)?, body(row, 0)?));
        }
        Ok(found)
    }

    fn user_data(&self, id: &InstanceId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT data FROM user_data WHERE instance = ?1";
        self.one(sql, [id.as_str()], |row| row.get(0))
    }

    fn token(
        &self,
        account: &AccountId,
        action: &str,
        token: &str,
    ) -> Result<Option<TokenRecord>, StoreError> {
        self.one(
            "SELECT parameters, reply, created_at FROM tokens \
             WHERE account = ?1 AND action = ?2 AND token = ?3",
            [account.as_str(), action, token],
            |row| {
                Ok(TokenRecord {
                    account: account.clone(),
                    action: action.to_owned(),
                    token: token.to_owned(),
                    parameters: row.get(0)?,
                    reply: row.get(1)?,
                    created_at: Moment(row.get(2)?),
                })
            },
        )
    }

    fn operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.bodies("SELECT body FROM operations WHERE abandoned = 0 ORDER BY number", [])
    }

    fn operations_of(
        &self,
        server: &str,
        after: OperationId,
        most: u32,
    ) -> Result<Vec<OperationRow>, StoreError> {
        let sql = "SELECT body FROM operations WHERE abandoned = 0 AND lease_owner = ?1 \
                   AND number > ?2 ORDER BY number LIMIT ?3";
        self.bodies(sql, params![server, after.0, most])
    }

    fn lease(&self, server: &str) -> Result<Option<Lease>, StoreError> {
        let sql = "SELECT server, renewals, uptime_ms FROM leases WHERE server = ?1";
        self.one(sql, [server], lease)
    }

    fn other_leases(&self, server: &str) -> Result<Vec<Lease>, StoreError> {
        // Two ranges of the index, which are empty where there is no other server.
        let sql = "SELECT others.lease_owner, coalesce(leases.renewals, 0), \
                   coalesce(leases.uptime_ms, 0) FROM \
                   (SELECT lease_owner FROM operations WHERE abandoned = 0 AND lease_owner < ?1 \
                   UNION \
                   SELECT lease_owner FROM operations WHERE abandoned = 0 AND lease_owner > ?1) \
                   AS others LEFT JOIN leases ON leases.server = others.lease_owner";
        let mut statement = self.prepare(sql)?;
        let leases = statement.query_map([server], lease).map_err(engine)?;
        leases.map(|lease| lease.map_err(engine)).collect()
    }

    fn abandoned_operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.bodies("SELECT body FROM operations WHERE abandoned = 1 ORDER BY number DESC", [])
    }

    fn discards(&self, most: u32) -> Result<Vec<DiskId>, StoreError> {
        let mut statement = self.prepare("SELECT disk FROM discards ORDER BY disk LIMIT ?1")?;
        let ids = statement.query_map([most], |row| row.get::<_, String>(0)).map_err(engine)?;
        ids.map(|id| id.map(DiskId::from).map_err(engine)).collect()
    }

    fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError> {
        self.bodies("SELECT body FROM access_keys ORDER BY id", [])
    }

    fn amounts(&self, account: &AccountId) -> Result<Amounts, StoreError> {
        lists::amounts(self, account.as_str())
    }

    fn nonces(&self) -> Result<NonceRecords, StoreError> {
        self.all_nonces()
    }

    fn nonce_beyond(&self, most: usize) -> Result<Option<i64>, StoreError> {
        SqliteTx::nonce_beyond(self, most)
    }

    fn calls(&self, most: usize) -> Result<Vec<CallRecord>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.bodies("SELECT body FROM calls ORDER BY number DESC LIMIT ?1", [most])
    }

    fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut statement = self.prepare("SELECT instance, data FROM user_data")?;
        let pairs = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
        let user_data = pairs.map_err(engine)?.map(|pair| pair.map(|(id, data)| (id.into(), data)));
        Ok(Snapshot {
            format: FORMAT,
            disks: self.bodies("SELECT body FROM disks ORDER BY number", [])?,
            instances: self.bodies("SELECT body FROM instances ORDER BY number", [])?,
            user_data: user_data.collect::<Result<_, _>>().map_err(engine)?,
            operations: self.operations()?,
        })
    }
}

fn lease(row: &Row<'_>) -> rusqlite::Result<Lease> {
    Ok(Lease { server: row.get(0)?, renewals: row.get(1)?, uptime: Uptime(row.get(2)?) })
}
