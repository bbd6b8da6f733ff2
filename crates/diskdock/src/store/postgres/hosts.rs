//! Hosts, what is placed on them, and the operations that wait for them.

use domain::host::FenceRecord;
use domain::{Host, InstanceId, OperationId, Uptime};
use tokio_postgres::Row;

use super::super::engine_rows::{Load, held, json, loads};
use super::super::hosts::{MOST_QUESTIONS, QUESTION_LASTS_MS};
use super::super::{
    DynEntity, HostReads, HostRecord, HostTerm, HostWrites, OperationRow, StoreError,
    WaitingQuestion, owner_of_host,
};
use super::command::SqlCommand;
use super::postgres_tx::{PostgresTx, parsed};
use super::value::values;

/// A host with when it was heard of and what is placed on it: one question, which servers ask all
/// the time. Its time is that of each statement: a transaction may have waited.
const HOSTS: &str = "SELECT hosts.body, \
     (extract(epoch FROM clock_timestamp()) * 1000)::bigint - heartbeats.heard_ms, \
     (SELECT json_agg(json_build_array(instance_type, amount) ORDER BY instance_type)::text \
     FROM host_loads WHERE host_loads.host = hosts.name AND amount > 0) \
     FROM hosts LEFT JOIN heartbeats ON heartbeats.host = hosts.name";

/// The epoch of a host, held until the commit.
const EPOCH: &str = "SELECT epoch FROM hosts WHERE name = $1 FOR KEY SHARE";

/// Asks for the epoch of a host, which is held until the commit.
pub(super) fn epoch(host: &str) -> SqlCommand {
    SqlCommand::new(EPOCH, values![host])
}

impl HostReads for PostgresTx<'_> {
    fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        let rows = self.query(&format!("{HOSTS} ORDER BY hosts.name"), &[])?;
        rows.iter().map(record).collect()
    }

    fn host(&self, name: &str) -> Result<Option<HostRecord>, StoreError> {
        if !self.locking().is_empty() {
            let sql = "SELECT 1 FROM hosts WHERE name = $1 FOR NO KEY UPDATE";
            self.one(sql, values![name])?;
        }
        let found = self.one(&format!("{HOSTS} WHERE hosts.name = $1"), values![name])?;
        found.as_ref().map(record).transpose()
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
        let sql = "SELECT EXISTS (SELECT 1 FROM host_work WHERE host = $1) OR EXISTS \
                   (SELECT 1 FROM host_questions WHERE host = $1 AND answer IS NULL)";
        Ok(self.one(sql, values![host])?.is_some_and(|row| row.get(0)))
    }

    fn questions(&self, host: &str) -> Result<Vec<WaitingQuestion>, StoreError> {
        let sql = "SELECT number, question FROM host_questions WHERE host = $1 AND answer IS NULL \
                   ORDER BY number";
        let rows = self.query(sql, values![host])?;
        let found =
            rows.iter().map(|row| WaitingQuestion { number: row.get(0), question: row.get(1) });
        Ok(found.collect())
    }

    fn answer(&self, number: i64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT answer FROM host_questions WHERE number = $1";
        Ok(self.one(sql, values![number])?.and_then(|row| row.get(0)))
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
        self.known().forget_epoch(&host.name);
        self.change(
            "INSERT INTO hosts (name, epoch, body) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET epoch = $2, body = $3",
            values![host.name.as_str(), host.epoch, json(host)],
        )
    }

    fn remove_host(&mut self, name: &str) -> Result<(), StoreError> {
        self.known().forget_epoch(name);
        self.change("DELETE FROM hosts WHERE name = $1", values![name])?;
        self.change("DELETE FROM heartbeats WHERE host = $1", values![name])
    }

    fn save_fence(&mut self, fence: &FenceRecord) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO fences (host, boot_id, body) VALUES ($1, $2, $3) \
             ON CONFLICT (host, boot_id) DO UPDATE SET body = $3",
            values![fence.host.as_str(), fence.boot_id.as_str(), json(fence)],
        )
    }

    fn heard_of_host(&mut self, name: &str) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO heartbeats (host, heard_ms) \
             VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) \
             ON CONFLICT (host) DO UPDATE SET heard_ms = excluded.heard_ms",
            values![name],
        )
    }

    fn renew_host(&mut self, name: &str, uptime: Uptime) -> Result<(), StoreError> {
        self.change(
            "WITH heard AS (INSERT INTO heartbeats (host, heard_ms) \
             VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) \
             ON CONFLICT (host) DO UPDATE SET heard_ms = excluded.heard_ms) \
             INSERT INTO leases (server, renewals, uptime_ms) VALUES ($2, 1, $3) \
             ON CONFLICT (server) DO UPDATE SET renewals = leases.renewals + 1, uptime_ms = $3",
            values![name, owner_of_host(name), uptime.0],
        )
    }

    fn hold_term(&mut self, term: &HostTerm) -> Result<(), StoreError> {
        let known = self.known().holds(term);
        if let Some(holds) = known {
            return held(holds);
        }
        let found = self.one(EPOCH, values![term.host.as_str()])?;
        held(found.map(|row| row.get::<_, i64>(0)) == Some(term.epoch))
    }

    fn ask_host(&mut self, host: &str, question: &str) -> Result<Option<i64>, StoreError> {
        let now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let sql = format!("DELETE FROM host_questions WHERE asked_ms < {now} - $1");
        self.change(&sql, values![QUESTION_LASTS_MS])?;
        if self.questions(host)?.len() >= MOST_QUESTIONS {
            return Ok(None);
        }
        let sql = format!(
            "INSERT INTO host_questions (host, asked_ms, question) VALUES ($1, {now}, $2) \
             RETURNING number"
        );
        let asked = self.one(&sql, values![host, question])?;
        self.note_new_work();
        Ok(asked.map(|row| row.get(0)))
    }

    fn answer_question(&mut self, asked: &WaitingQuestion, answer: &str) -> Result<(), StoreError> {
        let sql = "UPDATE host_questions SET answer = $3 WHERE number = $1 AND question = $2";
        self.change(sql, values![asked.number, asked.question.as_str(), answer])
    }

    fn forget_question(&mut self, number: i64) -> Result<(), StoreError> {
        self.change("DELETE FROM host_questions WHERE number = $1", values![number])
    }

    fn queue_work(&mut self, host: &str, operation: OperationId) -> Result<(), StoreError> {
        let sql = "INSERT INTO host_work (host, operation) VALUES ($1, $2)";
        self.change(sql, values![host, operation.0])?;
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
    let placed: Option<Vec<(String, u64)>> =
        row.get::<_, Option<&str>>(2).map(parsed).transpose()?;
    Ok(HostRecord {
        host: parsed(row.get(0))?,
        heard_ms_ago: row.get::<_, Option<i64>>(1).map(|ago| ago.max(0)),
        placed: placed.unwrap_or_default(),
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
        tx.change(sql, values![host, instance])?;
    }
    if let Some(Load { host, instance, .. }) = is {
        let sql = "INSERT INTO placements (host, instance) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.change(sql, values![host, instance])?;
    }
    for (load, by) in [(was, -1), (is, 1)] {
        let Some(Load { host, instance_type, .. }) = load else { continue };
        tx.change(
            "INSERT INTO host_loads (host, instance_type, amount) VALUES ($1, $2, $3) \
             ON CONFLICT (host, instance_type) DO UPDATE SET amount = host_loads.amount + $3",
            values![host, instance_type, by],
        )?;
    }
    Ok(())
}
