//! Writing rows inside one transaction.

use std::sync::Arc;

use domain::{
    AccountId, Attachment, Disk, DiskId, Instance, InstanceId, Moment, OperationId, Uptime,
};
use rusqlite::params;
use serde::Serialize;

use super::super::records::{
    AccessKey, AttachedDisk, CallRecord, Lease, OperationRow, StoredNonce, TokenRecord,
};
use super::super::snapshot::Snapshot;
use super::super::{ReadTx, StoreError, WriteTx};
use super::sqlite_tx::SqliteTx;

/// Calls that are kept.
const CALLS_KEPT: i64 = 10_000;
/// Older ones are cleared away so many at a time.
const CALLS_CLEARED: i64 = 256;
/// Given-up operations that are kept.
const ABANDONED_KEPT: i64 = 1_000;

impl SqliteTx<'_> {
    fn count(
        &self,
        what: &str,
        account: &AccountId,
        region: &str,
        by: i64,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO counts (what, account, region, amount) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (what, account, region) DO UPDATE SET amount = counts.amount + ?4",
            params![what, account.as_str(), region, by],
        )?;
        Ok(())
    }

    fn insert_disk(&self, disk: &Disk) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO disks (id, account, region, zone, status, kind, category, charge_type, \
             name, revision, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10)",
            params![
                disk.id.as_str(),
                disk.account.as_str(),
                disk.region,
                disk.zone,
                disk.status().as_str(),
                disk.kind.as_str(),
                disk.category.as_str(),
                disk.charge_type.as_str(),
                disk.name,
                json(disk)
            ],
        )?;
        self.count("disk", &disk.account, &disk.region, 1)
    }

    fn update_disk(&self, disk: &Disk, revision: i64) -> Result<(), StoreError> {
        let updated = self.execute(
            "UPDATE disks SET status = ?3, kind = ?4, charge_type = ?5, name = ?6, \
             category = ?7, zone = ?9, revision = revision + 1, body = ?8 \
             WHERE id = ?1 AND revision = ?2",
            params![
                disk.id.as_str(),
                revision,
                disk.status().as_str(),
                disk.kind.as_str(),
                disk.charge_type.as_str(),
                disk.name,
                disk.category.as_str(),
                json(disk),
                disk.zone
            ],
        )?;
        if updated == 1 { Ok(()) } else { Err(StoreError::LostRace) }
    }

    /// What is known of an instance's disks follows; what is not known stays unknown.
    fn touch_attached(&self, instance: &InstanceId, disk: &DiskId, now: Option<AttachedDisk>) {
        self.touch(|delta, kept| {
            let known = delta.attached(kept, instance).map(|known| {
                let others = known.iter().filter(|at| at.disk != *disk).cloned();
                Arc::new(others.chain(now).collect())
            });
            delta.set_attached(instance, known);
        });
    }

    /// Brings the list of attachments from `before` to what the disk has now.
    fn follow_attachments(&self, disk: &Disk, before: &[Attachment]) -> Result<(), StoreError> {
        for gone in before.iter().filter(|at| disk.on(&at.instance).is_none()) {
            self.execute(
                "DELETE FROM attachments WHERE instance = ?1 AND disk = ?2",
                params![gone.instance.as_str(), disk.id.as_str()],
            )?;
            self.touch_attached(&gone.instance, &disk.id, None);
        }
        for at in disk.attachments.iter().filter(|at| !before.contains(at)) {
            self.execute(
                "INSERT INTO attachments (instance, disk, device, phase, generation) \
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (instance, disk) \
                 DO UPDATE SET device = ?3, phase = ?4, generation = ?5",
                params![
                    at.instance.as_str(),
                    disk.id.as_str(),
                    at.device,
                    json(&at.phase),
                    number(at.generation)
                ],
            )?;
            let attached = AttachedDisk {
                disk: disk.id.clone(),
                device: at.device.clone(),
                phase: at.phase,
                generation: at.generation,
            };
            self.touch_attached(&at.instance, &disk.id, Some(attached));
        }
        Ok(())
    }
}

/// A row of an operation that is no longer ours is not touched.
fn held(rows: usize) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
}

/// The JSON of something we made ourselves.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("entities are plain data")
}

fn number(generation: u64) -> i64 {
    i64::try_from(generation).unwrap_or(i64::MAX)
}

impl WriteTx for SqliteTx<'_> {
    fn save_disk(&mut self, disk: &Disk) -> Result<(), StoreError> {
        let loaded = self.disks.borrow_mut().remove(&disk.id);
        let (revision, before) = match loaded {
            Some((revision, before)) => {
                self.update_disk(disk, revision)?;
                (revision + 1, before)
            }
            None => {
                self.insert_disk(disk)?;
                (1, Vec::new())
            }
        };
        self.follow_attachments(disk, &before)?;
        let saved = (Arc::new(disk.clone()), revision);
        self.touch(|delta, _| delta.set_disk(&disk.id, Some(saved)));
        self.disks.borrow_mut().insert(disk.id.clone(), (revision, disk.attachments.clone()));
        Ok(())
    }

    fn remove_disk(&mut self, id: &DiskId) -> Result<(), StoreError> {
        let Some(disk) = self.disk(id)? else { return Ok(()) };
        let none = Disk { attachments: Vec::new(), ..disk };
        let (_, before) = self.disks.borrow_mut().remove(id).unwrap_or_default();
        self.follow_attachments(&none, &before)?;
        self.execute("DELETE FROM disks WHERE id = ?1", [id.as_str()])?;
        self.execute("INSERT OR REPLACE INTO discards (disk) VALUES (?1)", [id.as_str()])?;
        self.touch(|delta, _| delta.set_disk(id, None));
        self.count("disk", &none.account, &none.region, -1)
    }

    fn forget_discard(&mut self, id: &DiskId) -> Result<(), StoreError> {
        self.execute("DELETE FROM discards WHERE disk = ?1", [id.as_str()])?;
        Ok(())
    }

    fn save_instance(&mut self, instance: &Instance) -> Result<(), StoreError> {
        let loaded = self.instances.borrow().get(&instance.id).copied();
        let id = instance.id.as_str();
        let revision = match loaded {
            Some(revision) => {
                let updated = self.execute(
                    "UPDATE instances SET revision = revision + 1, body = ?3 \
                     WHERE id = ?1 AND revision = ?2",
                    params![id, revision, json(instance)],
                )?;
                if updated != 1 {
                    return Err(StoreError::LostRace);
                }
                revision + 1
            }
            None => {
                self.execute(
                    "INSERT INTO instances (id, account, region, revision, body) \
                     VALUES (?1, ?2, ?3, 1, ?4)",
                    params![id, instance.account.as_str(), instance.region, json(instance)],
                )?;
                self.count("instance", &instance.account, &instance.region, 1)?;
                1
            }
        };
        let saved = (Arc::new(instance.clone()), revision);
        self.touch(|delta, _| delta.set_instance(&instance.id, Some(saved)));
        self.instances.borrow_mut().insert(instance.id.clone(), revision);
        Ok(())
    }

    fn remove_instance(&mut self, id: &InstanceId) -> Result<(), StoreError> {
        let Some(instance) = self.instance(id)? else { return Ok(()) };
        self.instances.borrow_mut().remove(id);
        self.execute("DELETE FROM instances WHERE id = ?1", [id.as_str()])?;
        self.touch(|delta, _| delta.set_instance(id, None));
        self.execute("DELETE FROM user_data WHERE instance = ?1", [id.as_str()])?;
        self.count("instance", &instance.account, &instance.region, -1)
    }

    fn save_user_data(&mut self, id: &InstanceId, data: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO user_data (instance, data) VALUES (?1, ?2) \
             ON CONFLICT (instance) DO UPDATE SET data = ?2",
            [id.as_str(), data],
        )?;
        Ok(())
    }

    fn save_token(&mut self, record: &TokenRecord) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO tokens (account, action, token, parameters, reply, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                record.account.as_str(),
                record.action,
                record.token,
                record.parameters,
                record.reply,
                record.created_at.0
            ],
        )?;
        Ok(())
    }

    fn forget_tokens(&mut self, moment: Moment) -> Result<(), StoreError> {
        self.execute("DELETE FROM tokens WHERE created_at < ?1", [moment.0])?;
        Ok(())
    }

    fn save_nonce(&mut self, nonce: &StoredNonce) -> Result<(), StoreError> {
        self.insert_nonce(nonce)
    }

    fn forget_nonces(&mut self, before_s: i64) -> Result<bool, StoreError> {
        self.delete_nonces(before_s)
    }

    fn begin_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO operations (number, kind, abandoned, lease_owner, body) \
             VALUES (?1, ?2, 0, ?3, ?4)",
            params![operation.id.0, operation.kind, operation.lease_owner, json(operation)],
        )?;
        Ok(())
    }

    fn save_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        let saved = self.execute(
            "UPDATE operations SET body = ?3 WHERE number = ?1 AND lease_owner = ?2",
            params![operation.id.0, operation.lease_owner, json(operation)],
        )?;
        held(saved)
    }

    fn end_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        let ended = self.execute(
            "DELETE FROM operations WHERE number = ?1 AND lease_owner = ?2",
            params![operation.id.0, operation.lease_owner],
        )?;
        held(ended)
    }

    fn abandon_operation(&mut self, operation: &OperationRow) -> Result<(), StoreError> {
        let abandoned = self.execute(
            "UPDATE operations SET abandoned = 1, body = ?3 \
             WHERE number = ?1 AND lease_owner = ?2",
            params![operation.id.0, operation.lease_owner, json(operation)],
        )?;
        held(abandoned)?;
        self.execute(
            "DELETE FROM operations WHERE abandoned = 1 AND number < (SELECT min(number) FROM \
             (SELECT number FROM operations WHERE abandoned = 1 ORDER BY number DESC LIMIT ?1) \
             AS kept)",
            [ABANDONED_KEPT],
        )?;
        Ok(())
    }

    fn renew_lease(&mut self, server: &str, uptime: Uptime) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO leases (server, renewals, uptime_ms) VALUES (?1, 1, ?2) \
             ON CONFLICT (server) DO UPDATE SET renewals = leases.renewals + 1, uptime_ms = ?2",
            params![server, uptime.0],
        )?;
        Ok(())
    }

    fn take_over_operations(
        &mut self,
        lease: &Lease,
        server: &str,
        now: Uptime,
        most: u32,
    ) -> Result<Vec<OperationRow>, StoreError> {
        let renewals = self.lease(&lease.server)?.map_or(0, |lease| lease.renewals);
        if renewals != lease.renewals {
            return Ok(Vec::new());
        }
        let mut rows = self.operations_of(&lease.server, OperationId(i64::MIN), most)?;
        for row in &mut rows {
            server.clone_into(&mut row.lease_owner);
            row.time_used.count(lease.uptime);
            row.time_used.until = now;
            self.execute(
                "UPDATE operations SET lease_owner = ?2, body = ?3 WHERE number = ?1",
                params![row.id.0, server, json(row)],
            )?;
        }
        Ok(rows)
    }

    fn record_call(&mut self, call: &CallRecord) -> Result<(), StoreError> {
        self.execute("INSERT INTO calls (body) VALUES (?1)", [json(call)])?;
        let number = self.last_number();
        if number % CALLS_CLEARED == 0 {
            self.execute("DELETE FROM calls WHERE number <= ?1", [number - CALLS_KEPT])?;
        }
        Ok(())
    }

    fn save_access_key(&mut self, key: &AccessKey) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO access_keys (id, body) VALUES (?1, ?2) \
             ON CONFLICT (id) DO UPDATE SET body = ?2",
            params![key.id, json(key)],
        )?;
        Ok(())
    }

    fn remove_access_key(&mut self, access_key_id: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM access_keys WHERE id = ?1", [access_key_id])?;
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        self.touch(|delta, _| delta.touch_everything());
        for table in [
            "disks",
            "attachments",
            "instances",
            "user_data",
            "counts",
            "operations",
            "discards",
            "tokens",
            "calls",
        ] {
            self.execute(&format!("DELETE FROM {table}"), [])?;
        }
        self.disks.borrow_mut().clear();
        self.instances.borrow_mut().clear();
        Ok(())
    }

    fn load_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.touch(|delta, _| delta.touch_everything());
        snapshot.disks.iter().try_for_each(|disk| self.save_disk(disk))?;
        snapshot.instances.iter().try_for_each(|instance| self.save_instance(instance))?;
        for (id, data) in &snapshot.user_data {
            self.save_user_data(id, data)?;
        }
        for operation in &snapshot.operations {
            self.begin_operation(operation)?;
        }
        Ok(())
    }
}
