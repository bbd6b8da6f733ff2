//! The reads of a transaction.

use std::sync::Arc;

use domain::{AccountId, DiskId, Instance, InstanceId, Moment, OperationId, SnapshotId, Uptime};
use tokio_postgres::Row;

use super::super::prefetch::TokenName;
use super::super::{
    AccessKey, Amounts, AttachedDisks, CallRecord, DynEntity, EntityType, Lease, ListPage,
    NonceRecords, OperationRow, Page, ReadTx, Scope, StoreError, TokenRecord,
};
use super::postgres_tx::PostgresTx;
use super::value::{SqlValue, values};
use super::{attachments, lists};

/// A ClientToken.
pub(super) const TOKEN: &str = "SELECT parameters, reply, created_at FROM tokens \
                                WHERE account = $1 AND action = $2 AND token = $3";

pub(super) fn token_values((account, action, token): &TokenName) -> [SqlValue; 3] {
    [account.as_str().into(), action.as_str().into(), token.as_str().into()]
}

/// The ClientToken in a row.
pub(super) fn token_record((account, action, token): &TokenName, row: &Row) -> TokenRecord {
    TokenRecord {
        account: account.clone(),
        action: action.clone(),
        token: token.clone(),
        parameters: row.get(0),
        reply: row.get(1),
        created_at: Moment(row.get(2)),
    }
}

impl ReadTx for PostgresTx<'_> {
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
        let sql = format!("SELECT body, revision FROM {table} WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = self.query(&sql, values![after.unwrap_or(""), i64::from(most)])?;
        rows.iter().map(|row| self.decoded(of, row)).collect()
    }

    fn attached(&self, instance: &InstanceId) -> Result<AttachedDisks, StoreError> {
        attachments::of_instance(self, instance)
    }

    fn instances_with_disks(
        &self,
        host: Option<&str>,
        after: Option<&InstanceId>,
        most: u32,
    ) -> Result<Vec<(Instance, AttachedDisks)>, StoreError> {
        attachments::of_instances(self, host, after, most)
    }

    fn user_data(&self, id: &InstanceId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT data FROM user_data WHERE instance = $1";
        Ok(self.one(sql, values![id.as_str()])?.map(|row| row.get(0)))
    }

    fn token(
        &self,
        account: &AccountId,
        action: &str,
        token: &str,
    ) -> Result<Option<TokenRecord>, StoreError> {
        let key = (account.clone(), action.to_owned(), token.to_owned());
        let known = self.known().token(&key);
        if let Some(known) = known {
            return Ok(known);
        }
        Ok(self.one(TOKEN, &token_values(&key))?.map(|row| token_record(&key, &row)))
    }

    fn operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.allow_lists()?;
        self.bodies("SELECT body FROM operations WHERE NOT abandoned ORDER BY number", &[])
    }

    fn operations_of(
        &self,
        server: &str,
        after: OperationId,
        most: u32,
    ) -> Result<Vec<OperationRow>, StoreError> {
        let sql = "SELECT body FROM operations WHERE NOT abandoned AND lease_owner = $1 \
                   AND number > $2 ORDER BY number LIMIT $3";
        let values = values![server, after.0, i64::from(most)];
        self.bodies(&format!("{sql}{}", self.locking()), values)
    }

    fn lease(&self, server: &str) -> Result<Option<Lease>, StoreError> {
        let sql = "SELECT server, renewals, uptime_ms FROM leases WHERE server = $1";
        let found = self.one(&format!("{sql}{}", self.locking()), values![server])?;
        Ok(found.as_ref().map(lease))
    }

    fn other_leases(&self, server: &str) -> Result<Vec<Lease>, StoreError> {
        let sql = "SELECT others.lease_owner, coalesce(leases.renewals, 0), \
                   coalesce(leases.uptime_ms, 0) FROM (SELECT DISTINCT lease_owner \
                   FROM operations WHERE NOT abandoned AND lease_owner <> $1) AS others \
                   LEFT JOIN leases ON leases.server = others.lease_owner";
        Ok(self.query(sql, values![server])?.iter().map(lease).collect())
    }

    fn failed_operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.bodies("SELECT body FROM operations WHERE abandoned ORDER BY number DESC", &[])
    }

    fn discards(&self, host: &str, most: u32) -> Result<Vec<DiskId>, StoreError> {
        let sql = "SELECT disk FROM discards WHERE host = $1 ORDER BY disk LIMIT $2";
        let rows = self.query(sql, values![host, i64::from(most)])?;
        Ok(rows.iter().map(|row| row.get::<_, String>(0).into()).collect())
    }

    fn snapshot_discards(&self, host: &str, most: u32) -> Result<Vec<SnapshotId>, StoreError> {
        let sql =
            "SELECT snapshot FROM snapshot_discards WHERE host = $1 ORDER BY snapshot LIMIT $2";
        let rows = self.query(sql, values![host, i64::from(most)])?;
        Ok(rows.iter().map(|row| row.get::<_, String>(0).into()).collect())
    }

    fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError> {
        let sql = "SELECT body FROM access_keys ORDER BY id";
        self.bodies(&format!("{sql}{}", self.locking()), &[])
    }

    fn amounts(&self, account: &AccountId) -> Result<Amounts, StoreError> {
        lists::amounts(self, account.as_str())
    }

    fn nonces(&self) -> Result<NonceRecords, StoreError> {
        self.all_nonces()
    }

    fn nonce_beyond(&self, most: usize) -> Result<Option<i64>, StoreError> {
        self.second_beyond(most)
    }

    fn calls(&self, most: usize) -> Result<Vec<CallRecord>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.bodies("SELECT body FROM calls ORDER BY number DESC LIMIT $1", values![most])
    }

    fn all_user_data(&self) -> Result<Vec<(InstanceId, String)>, StoreError> {
        self.allow_lists()?;
        let rows = self.query("SELECT instance, data FROM user_data ORDER BY instance", &[])?;
        Ok(rows.iter().map(|row| (row.get::<_, String>(0).into(), row.get(1))).collect())
    }
}

fn lease(row: &Row) -> Lease {
    Lease { server: row.get(0), renewals: row.get(1), uptime: Uptime(row.get(2)) }
}
