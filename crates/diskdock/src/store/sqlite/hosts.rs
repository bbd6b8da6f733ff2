//! Hosts, what is placed on them, and the operations that wait for them.

use domain::host::FenceRecord;
use domain::{Host, InstanceId, OperationId, Uptime};
use rusqlite::{Row, params};

use super::super::engine_rows::{Load, held, json, loads};
use super::super::hosts::{MOST_QUESTIONS, QUESTION_LASTS_MS};
use super::super::{
    DynEntity, HostReads, HostRecord, HostTerm, HostWrites, OperationRow, StoreError,
    WaitingQuestion, WriteTx, owner_of_host,
};
use super::engine;
use super::sqlite_tx::{SqliteTx, body};

/// A host with when it was heard of.
const HOSTS: &str = "SELECT hosts.body, \
     CAST(unixepoch('subsec') * 1000 AS INTEGER) - heartbeats.heard_ms \
     FROM hosts LEFT JOIN heartbeats ON heartbeats.host = hosts.name";

impl HostReads for SqliteTx<'_> {
    fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        self.allow_lists()?;
        let mut statement = self.prepare(&format!("{HOSTS} ORDER BY hosts.name"))?;
        let mut rows = statement.query([]).map_err(engine)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            let mut record = record(row)?;
            record.placed = placed(self, &record.host.name)?;
            found.push(record);
        }
        Ok(found)
    }

    fn host(&self, name: &str) -> Result<Option<HostRecord>, StoreError> {
        let mut statement = self.prepare(&format!("{HOSTS} WHERE hosts.name = ?1"))?;
        let mut rows = statement.query([name]).map_err(engine)?;
        let Some(row) = rows.next().map_err(engine)? else { return Ok(None) };
        let mut record = record(row)?;
        record.placed = placed(self, name)?;
        Ok(Some(record))
    }

    fn instances_on(
        &self,
        host: &str,
        after: Option<&InstanceId>,
        most: u32,
    ) -> Result<Vec<InstanceId>, StoreError> {
        self.allow_lists()?;
        let sql = "SELECT instance FROM placements WHERE host = ?1 AND instance > ?2 \
                   ORDER BY instance LIMIT ?3";
        let mut statement = self.prepare(sql)?;
        let after = after.map_or("", InstanceId::as_str);
        let read = |row: &Row<'_>| row.get::<_, String>(0).map(InstanceId::from);
        let ids = statement.query_map(params![host, after, most], read).map_err(engine)?;
        ids.map(|id| id.map_err(engine)).collect()
    }

    fn has_work(&self, host: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM host_work WHERE host = ?1) OR EXISTS \
                   (SELECT 1 FROM host_questions WHERE host = ?1 AND answer IS NULL)";
        Ok(self.one(sql, [host], |row| row.get(0))?.unwrap_or(false))
    }

    fn questions(&self, host: &str) -> Result<Vec<WaitingQuestion>, StoreError> {
        let sql = "SELECT number, question FROM host_questions WHERE host = ?1 AND answer IS NULL \
                   ORDER BY number";
        let mut statement = self.prepare(sql)?;
        let read =
            |row: &Row<'_>| Ok(WaitingQuestion { number: row.get(0)?, question: row.get(1)? });
        let found = statement.query_map([host], read).map_err(engine)?;
        found.map(|one| one.map_err(engine)).collect()
    }

    fn answer(&self, number: i64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT answer FROM host_questions WHERE number = ?1";
        Ok(self.one(sql, [number], |row| row.get(0))?.flatten())
    }

    fn discarding_hosts(&self) -> Result<Vec<String>, StoreError> {
        self.allow_lists()?;
        let sql = "SELECT host FROM discards WHERE host <> '' \
                   UNION SELECT host FROM snapshot_discards WHERE host <> '' ORDER BY host";
        let mut statement = self.prepare(sql)?;
        let hosts = statement.query_map([], |row| row.get(0)).map_err(engine)?;
        hosts.map(|host| host.map_err(engine)).collect()
    }

    fn fences(&self) -> Result<Vec<FenceRecord>, StoreError> {
        self.allow_lists()?;
        self.bodies("SELECT body FROM fences ORDER BY host, boot_id", [])
    }
}

impl HostWrites for SqliteTx<'_> {
    fn save_host(&mut self, host: &Host) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO hosts (name, epoch, body) VALUES (?1, ?2, ?3) \
             ON CONFLICT (name) DO UPDATE SET epoch = ?2, body = ?3",
            params![host.name, host.epoch, json(host)],
        )?;
        Ok(())
    }

    fn remove_host(&mut self, name: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM hosts WHERE name = ?1", [name])?;
        self.execute("DELETE FROM heartbeats WHERE host = ?1", [name])?;
        Ok(())
    }

    fn renew_host(&mut self, name: &str, uptime: Uptime) -> Result<(), StoreError> {
        self.heard_of_host(name)?;
        self.renew_lease(&owner_of_host(name), uptime)
    }

    fn save_fence(&mut self, fence: &FenceRecord) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO fences (host, boot_id, body) VALUES (?1, ?2, ?3) \
             ON CONFLICT (host, boot_id) DO UPDATE SET body = ?3",
            params![fence.host, fence.boot_id, json(fence)],
        )?;
        Ok(())
    }

    fn heard_of_host(&mut self, name: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO heartbeats (host, heard_ms) \
             VALUES (?1, CAST(unixepoch('subsec') * 1000 AS INTEGER)) \
             ON CONFLICT (host) DO UPDATE SET heard_ms = excluded.heard_ms",
            [name],
        )?;
        Ok(())
    }

    fn hold_term(&mut self, term: &HostTerm) -> Result<(), StoreError> {
        let sql = "SELECT epoch FROM hosts WHERE name = ?1";
        let found = self.one(sql, [&term.host], |row| row.get::<_, i64>(0))?;
        held(found == Some(term.epoch))
    }

    fn ask_host(&mut self, host: &str, question: &str) -> Result<Option<i64>, StoreError> {
        let now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
        let sql = format!("DELETE FROM host_questions WHERE asked_ms < {now} - ?1");
        self.execute(&sql, [QUESTION_LASTS_MS])?;
        if self.questions(host)?.len() >= MOST_QUESTIONS {
            return Ok(None);
        }
        let sql = format!(
            "INSERT INTO host_questions (host, asked_ms, question) VALUES (?1, {now}, ?2) \
             RETURNING number"
        );
        self.one(&sql, [host, question], |row| row.get(0))
    }

    fn answer_question(&mut self, asked: &WaitingQuestion, answer: &str) -> Result<(), StoreError> {
        let sql = "UPDATE host_questions SET answer = ?3 WHERE number = ?1 AND question = ?2";
        self.execute(sql, params![asked.number, asked.question, answer])?;
        Ok(())
    }

    fn forget_question(&mut self, number: i64) -> Result<(), StoreError> {
        self.execute("DELETE FROM host_questions WHERE number = ?1", [number])?;
        Ok(())
    }

    fn queue_work(&mut self, host: &str, operation: OperationId) -> Result<(), StoreError> {
        let sql = "INSERT INTO host_work (host, operation) VALUES (?1, ?2)";
        self.execute(sql, params![host, operation.0])?;
        Ok(())
    }

    fn take_work(&mut self, host: &str, most: u32) -> Result<Vec<OperationRow>, StoreError> {
        let sql = "SELECT host_work.operation, operations.body FROM host_work \
                   LEFT JOIN operations ON operations.number = host_work.operation \
                   AND operations.abandoned = 0 \
                   WHERE host_work.host = ?1 ORDER BY host_work.operation LIMIT ?2";
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(params![host, most]).map_err(engine)?;
        let (mut numbers, mut taken) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next().map_err(engine)? {
            numbers.push(row.get::<_, i64>(0).map_err(engine)?);
            if row.get_ref(1).map_err(engine)? != rusqlite::types::ValueRef::Null {
                taken.push(body(row, 1)?);
            }
        }
        for number in numbers {
            let sql = "DELETE FROM host_work WHERE host = ?1 AND operation = ?2";
            self.execute(sql, params![host, number])?;
        }
        Ok(taken)
    }
}

fn record(row: &Row<'_>) -> Result<HostRecord, StoreError> {
    let ago = row.get::<_, Option<i64>>(1).map_err(engine)?;
    let heard_ms_ago = ago.map(|ago| ago.max(0));
    Ok(HostRecord { host: body(row, 0)?, heard_ms_ago, placed: Vec::new() })
}

fn placed(tx: &SqliteTx<'_>, host: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "SELECT instance_type, amount FROM host_loads WHERE host = ?1 AND amount > 0 \
               ORDER BY instance_type";
    let mut statement = tx.prepare(sql)?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
    let placed = statement.query_map([host], read).map_err(engine)?;
    placed.map(|one| one.map_err(engine)).collect()
}

/// Brings what is placed on hosts from where an instance was to where it is now. Other resources,
/// and instances without a host, are on none.
pub(super) fn follow(
    tx: &SqliteTx<'_>,
    before: Option<&dyn DynEntity>,
    now: Option<&dyn DynEntity>,
) -> Result<(), StoreError> {
    let Some((was, is)) = loads(before, now) else { return Ok(()) };
    if let Some(Load { host, instance, .. }) = was.filter(|was| was.has_left(is)) {
        let sql = "DELETE FROM placements WHERE host = ?1 AND instance = ?2";
        tx.execute(sql, [host, instance])?;
    }
    if let Some(Load { host, instance, .. }) = is {
        let sql = "INSERT OR IGNORE INTO placements (host, instance) VALUES (?1, ?2)";
        tx.execute(sql, [host, instance])?;
    }
    for (load, by) in [(was, -1), (is, 1)] {
        let Some(Load { host, instance_type, .. }) = load else { continue };
        tx.execute(
            "INSERT INTO host_loads (host, instance_type, amount) VALUES (?1, ?2, ?3) \
             ON CONFLICT (host, instance_type) DO UPDATE SET amount = host_loads.amount + ?3",
            params![host, instance_type, by],
        )?;
    }
    Ok(())
}
