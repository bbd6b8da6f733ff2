//! The reads of a transaction.

use std::sync::Arc;

use domain::{AccountId, DiskId, InstanceId, Moment, OperationId, SnapshotId, Uptime};
use rusqlite::{Row, params};

use super::super::{
    AccessKey, Amounts, AttachedDisks, CallRecord, DynEntity, EntityType, Lease, ListPage,
    NonceRecords, OperationRow, Page, ReadTx, Scope, StoreError, TokenRecord,
};
use super::sqlite_tx::{SqliteTx, decoded};
use super::{attachments, engine, lists};

impl ReadTx for SqliteTx<'_> {
    fn resource(
        &self,
        of: &'static EntityType,
        id: &str,
    ) -> Result<Option<Arc<dyn DynEntity>>, StoreError> {
        self.find(of, id)
    }

    fn resources(
        &self,
        of: &'static EntityType,
        scope: &Scope<'_>,
        page: &Page,
        matches: &mut dyn FnMut(&dyn DynEntity) -> Result<bool, StoreError>,
    ) -> Result<ListPage<Arc<dyn DynEntity>>, StoreError> {
        lists::page(self, of, scope, page, matches)
    }

    fn resources_after(
        &self,
        of: &'static EntityType,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<Arc<dyn DynEntity>>, StoreError> {
        self.allow_lists()?;
        let table = of.kind.plural;
        let sql = format!("SELECT body FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2");
        let mut statement = self.prepare(&sql)?;
        let mut rows = statement.query(params![after.unwrap_or(""), most]).map_err(engine)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            found.push(decoded(of, row, 0)?);
        }
        Ok(found)
    }

    fn attached(&self, instance: &InstanceId) -> Result<AttachedDisks, StoreError> {
        attachments::of_instance(self, instance)
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
        self.allow_lists()?;
        self.bodies("SELECT body FROM operations WHERE abandoned = 0 ORDER BY number", [])
    }

    fn operations_of(
        &self,
        server: &str,
        after: OperationId,
        most: u32,
    ) -> Result<Vec<OperationRow>, StoreError> {
        self.allow_lists()?;
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

    fn failed_operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.allow_lists()?;
        self.bodies("SELECT body FROM operations WHERE abandoned = 1 ORDER BY number DESC", [])
    }

    fn discards(&self, host: &str, most: u32) -> Result<Vec<DiskId>, StoreError> {
        self.allow_lists()?;
        let sql = "SELECT disk FROM discards WHERE host = ?1 ORDER BY disk LIMIT ?2";
        let mut statement = self.prepare(sql)?;
        let ids = statement.query_map(params![host, most], |row| row.get::<_, String>(0));
        let ids = ids.map_err(engine)?;
        ids.map(|id| id.map(DiskId::from).map_err(engine)).collect()
    }

    fn snapshot_discards(&self, host: &str, most: u32) -> Result<Vec<SnapshotId>, StoreError> {
        self.allow_lists()?;
        let sql =
            "SELECT snapshot FROM snapshot_discards WHERE host = ?1 ORDER BY snapshot LIMIT ?2";
        let mut statement = self.prepare(sql)?;
        let ids = statement.query_map(params![host, most], |row| row.get::<_, String>(0));
        let ids = ids.map_err(engine)?;
        ids.map(|id| id.map(SnapshotId::from).map_err(engine)).collect()
    }

    fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError> {
        self.bodies("SELECT body FROM access_keys ORDER BY id", [])
    }

    fn amounts(&self, account: &AccountId) -> Result<Amounts, StoreError> {
        lists::amounts(self, account.as_str())
    }

    fn nonces(&self) -> Result<NonceRecords, StoreError> {
        self.allow_lists()?;
        self.all_nonces()
    }

    fn nonce_beyond(&self, most: usize) -> Result<Option<i64>, StoreError> {
        self.allow_lists()?;
        SqliteTx::nonce_beyond(self, most)
    }

    fn calls(&self, most: usize) -> Result<Vec<CallRecord>, StoreError> {
        self.allow_lists()?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.bodies("SELECT body FROM calls ORDER BY number DESC LIMIT ?1", [most])
    }

    fn all_user_data(&self) -> Result<Vec<(InstanceId, String)>, StoreError> {
        self.allow_lists()?;
        let mut statement =
            self.prepare("SELECT instance, data FROM user_data ORDER BY instance")?;
        let pairs = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
        let pairs = pairs.map_err(engine)?.map(|pair| pair.map(|(id, data)| (id.into(), data)));
        pairs.collect::<Result<_, _>>().map_err(engine)
    }
}

fn lease(row: &Row<'_>) -> rusqlite::Result<Lease> {
    Ok(Lease { server: row.get(0)?, renewals: row.get(1)?, uptime: Uptime(row.get(2)?) })
}
