//! Hosts, what is placed on them, and the operations that wait for them.

use domain::host::FenceRecord;
use domain::{Host, InstanceId, OperationId};
use tokio_postgres::Row;

use super::super::engine_rows::{Load, held, json, loads};
use super::super::{
    DynEntity, HostReads, HostRecord, HostTerm, HostWrites, OperationRow, StoreError,
};
use super::postgres_tx::{PostgresTx, parsed};
use super::value::values;

/// A host with when it was heard of. Its time is that of each statement: a transaction may have
/// waited.
const HOSTS: &str = "SELECT hosts.body, \
     (extract(epoch FROM clock_timestamp()) * 1000)::bigint - heartbeats.heard_ms \
     FROM hosts LEFT JOIN heartbeats ON heartbeats.host = hosts.name";

impl HostReads for PostgresTx<'_> {
    fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        let rows = self.query(&format!("{HOSTS} ORDER BY hosts.name"), &[])?;
        let mut hosts = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        let sql = "SELECT host, instance_type, amount FROM host_loads WHERE amount > 0 \
                   ORDER BY host, instance_type";
        for row in self.query(sql, &[])? {
            let name: &str = row.get(0);
            let found = hosts.binary_search_by(|one| one.host.name.as_str().cmp(name));
            if let Some(record) = found.ok().and_then(|at| hosts.get_mut(at)) {
                record.placed.push((row.get(1), row.get::<_, i64>(2).unsigned_abs()));
            }
        }
        Ok(hosts)
    }

    fn host(&self, name: &str) -> Result<Option<HostRecord>, StoreError> {
        if !self.locking().is_empty() {
            let sql = "SELECT 1 FROM hosts WHERE name = $1 FOR NO KEY UPDATE";
            self.one(sql, values![name])?;
        }
        let found = self.one(&format!("{HOSTS} WHERE hosts.name = $1"), values![name])?;
        let Some(mut found) = found.as_ref().map(record).transpose()? else { return Ok(None) };
        let sql = "SELECT instance_type, amount FROM host_loads WHERE host = $1 AND amount > 0 \
                   ORDER BY instance_type";
        let rows = self.query(sql, values![name])?;
        found.placed =
            rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1).unsigned_abs())).collect();
        Ok(Some(found))
    }

    fn instances_on(
        &self,
        host: &str,
        after: Option<&InstanceId>,
        most: u32,
    ) -> Result<Vec<InstanceId>, StoreError> {
        let sql = "SELECT instance FROM placements WHERE host = $1 AND instance > $2 \
                   ORDER BY instance LIMIT $3";
        let after = after.map_or("", InstanceId::as_str);
        let rows = self.query(sql, values![host, after, i64::from(most)])?;
        Ok(rows.iter().map(|row| row.get::<_, String>(0).into()).collect())
    }

    fn has_work(&self, host: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM host_work WHERE host = $1 LIMIT 1";
        Ok(self.one(sql, values![host])?.is_some())
    }

    fn discarding_hosts(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT host FROM discards WHERE host <> '' \
                   UNION SELECT host FROM snapshot_discards WHERE host <> '' ORDER BY host";
        Ok(self.query(sql, &[])?.iter().map(|row| row.get(0)).collect())
    }

    fn fences(&self) -> Result<Vec<FenceRecord>, StoreError> {
        self.bodies("SELECT body FROM fences ORDER BY host, boot_id", &[])
    }
}

impl HostWrites for PostgresTx<'_> {
    fn save_host(&mut self, host: &Host) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO hosts (name, epoch, body) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET epoch = $2, body = $3",
            values![host.name.as_str(), host.epoch, json(host)],
        )?;
        Ok(())
    }

    fn remove_host(&mut self, name: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM hosts WHERE name = $1", values![name])?;
        self.execute("DELETE FROM heartbeats WHERE host = $1", values![name])?;
        Ok(())
    }

    fn save_fence(&mut self, fence: &FenceRecord) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO fences (host, boot_id, body) VALUES ($1, $2, $3) \
             ON CONFLICT (host, boot_id) DO UPDATE SET body = $3",
            values![fence.host.as_str(), fence.boot_id.as_str(), json(fence)],
        )?;
        Ok(())
    }

    fn heard_of_host(&mut self, name: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO heartbeats (host, heard_ms) \
             VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) \
             ON CONFLICT (host) DO UPDATE SET heard_ms = excluded.heard_ms",
            values![name],
        )?;
        Ok(())
    }

    fn hold_term(&mut self, term: &HostTerm) -> Result<(), StoreError> {
        let sql = "SELECT epoch FROM hosts WHERE name = $1 FOR KEY SHARE";
        let found = self.one(sql, values![term.host.as_str()])?;
        held(found.map(|row| row.get::<_, i64>(0)) == Some(term.epoch))
    }

    fn queue_work(&mut self, host: &str, operation: OperationId) -> Result<(), StoreError> {
        let sql = "INSERT INTO host_work (host, operation) VALUES ($1, $2)";
        self.execute(sql, values![host, operation.0])?;
        self.note_new_work();
        Ok(())
    }

    fn take_work(&mut self, host: &str, most: u32) -> Result<Vec<OperationRow>, StoreError> {
        let sql = "WITH taken AS (DELETE FROM host_work WHERE host = $1 AND operation = ANY(ARRAY(\
                   SELECT operation FROM host_work WHERE host = $1 ORDER BY operation LIMIT $2 \
                   FOR UPDATE)) RETURNING operation) \
                   SELECT operations.body FROM operations JOIN taken \
                   ON taken.operation = operations.number \
                   WHERE NOT operations.abandoned ORDER BY operations.number";
        self.bodies(sql, values![host, i64::from(most)])
    }
}

fn record(row: &Row) -> Result<HostRecord, StoreError> {
    Ok(HostRecord {
        host: parsed(row.get(0))?,
        heard_ms_ago: row.get::<_, Option<i64>>(1).map(|ago| ago.max(0)),
        placed: Vec::new(),
    })
}

/// Brings what is placed on hosts from where an instance was to where it is now. Other resources,
/// and instances without a host, are on none.
pub(super) fn follow(
    tx: &PostgresTx<'_>,
    before: Option<&dyn DynEntity>,
    now: Option<&dyn DynEntity>,
) -> Result<(), StoreError> {
    let Some((was, is)) = loads(before, now) else { return Ok(()) };
    if let Some(Load { host, instance, .. }) = was.filter(|was| was.has_left(is)) {
        let sql = "DELETE FROM placements WHERE host = $1 AND instance = $2";
        tx.execute(sql, values![host, instance])?;
    }
    if let Some(Load { host, instance, .. }) = is {
        let sql = "INSERT INTO placements (host, instance) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(sql, values![host, instance])?;
    }
    for (load, by) in [(was, -1), (is, 1)] {
        let Some(Load { host, instance_type, .. }) = load else { continue };
        tx.execute(
            "INSERT INTO host_loads (host, instance_type, amount) VALUES ($1, $2, $3) \
             ON CONFLICT (host, instance_type) DO UPDATE SET amount = host_loads.amount + $3",
            values![host, instance_type, by],
        )?;
    }
    Ok(())
}
