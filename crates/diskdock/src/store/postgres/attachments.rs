//! The list of an instance's disks: which they are is kept beside the disks, and always as they
//! say; the rest is read from them.

use std::sync::Arc;

use domain::{Disk, Instance, InstanceId};

use super::super::engine_rows::{attachments, disk_in, instance_in};
use super::super::{AttachedDisk, AttachedDisks, DynEntity, StoreError, StoredEntity};
use super::known_rows;
use super::postgres_tx::PostgresTx;
use super::value::{SqlValue, values};

/// The disks of an instance. A write that asks for them holds the instance, so that no other server
/// attaches one meanwhile.
pub(super) fn of_instance(
    tx: &PostgresTx<'_>,
    instance: &InstanceId,
) -> Result<AttachedDisks, StoreError> {
    if !tx.locking().is_empty() {
        tx.find(Instance::TYPE, instance.as_str())?;
    }
    let known = tx.known().attached(instance);
    if let Some(known) = known {
        return Ok(known);
    }
    let sql = "SELECT disks.body FROM attachments JOIN disks ON disks.id = attachments.disk \
               WHERE attachments.instance = $1 ORDER BY attachments.disk";
    let mut attached = Vec::new();
    for row in tx.query(sql, values![instance.as_str()])? {
        attached.extend(on_instance(row.get(0), instance)?);
    }
    Ok(attached)
}

/// The attachment to an instance of the disk with this body.
fn on_instance(body: &str, instance: &InstanceId) -> Result<Option<Arc<AttachedDisk>>, StoreError> {
    let found = (Disk::TYPE.decode)(body)?;
    Ok(disk_in(found.as_ref()).and_then(|disk| known_rows::on_instance(disk, instance)))
}

/// A page of the instances of a host, or of all, with their disks: the instances in one statement,
/// the disks of all of them in another.
pub(super) fn of_instances(
    tx: &PostgresTx<'_>,
    host: Option<&str>,
    after: Option<&InstanceId>,
    most: u32,
) -> Result<Vec<(Instance, AttachedDisks)>, StoreError> {
    tx.allow_lists()?;
    let on_host = match host {
        None => "",
        Some(_) => {
            "JOIN placements ON placements.instance = instances.id AND placements.host = $3 "
        }
    };
    let with_host = |first: SqlValue, second: SqlValue| {
        [first, second].into_iter().chain(host.map(SqlValue::from)).collect::<Vec<_>>()
    };
    let after = after.map_or("", InstanceId::as_str);
    let sql = format!(
        "SELECT instances.body, instances.revision FROM instances {on_host}\
         WHERE instances.id > $1 ORDER BY instances.id LIMIT $2"
    );
    let mut page: Vec<(Instance, AttachedDisks)> = Vec::new();
    for row in tx.query(&sql, &with_host(after.into(), i64::from(most).into()))? {
        let found = tx.decoded(Instance::TYPE, &row)?;
        page.extend(instance_in(found.as_ref()).map(|found| (found.clone(), Vec::new())));
    }
    let Some((last, _)) = page.last() else { return Ok(page) };
    // Between the instances, whose ids are compared byte by byte; attachments' are compared as the
    // database's language has it.
    let sql = format!(
        "SELECT instances.id, disks.body FROM instances {on_host}\
         JOIN attachments ON attachments.instance = instances.id \
         JOIN disks ON disks.id = attachments.disk \
         WHERE instances.id > $1 AND instances.id <= $2 \
         ORDER BY instances.id, attachments.disk"
    );
    for row in tx.query(&sql, &with_host(after.into(), last.id.as_str().into()))? {
        let id: &str = row.get(0);
        let place = page.binary_search_by(|(instance, _)| instance.id.as_str().cmp(id));
        if let Some((instance, disks)) = place.ok().and_then(|at| page.get_mut(at)) {
            disks.extend(on_instance(row.get(1), &instance.id)?);
        }
    }
    Ok(page)
}

/// Brings the lists from where a disk was to where it is now. Other resources are on no list.
pub(super) fn follow(
    tx: &PostgresTx<'_>,
    before: Option<&dyn DynEntity>,
    now: Option<&dyn DynEntity>,
) -> Result<(), StoreError> {
    let (before, now) = (before.and_then(disk_in), now.and_then(disk_in));
    let (was, is) = (attachments(before), attachments(now));
    let Some(id) = now.or(before).map(|disk| &disk.id) else { return Ok(()) };
    for gone in was.iter().filter(|at| is.iter().all(|now| now.instance != at.instance)) {
        tx.change(
            "DELETE FROM attachments WHERE instance = $1 AND disk = $2",
            values![gone.instance.as_str(), id.as_str()],
        )?;
    }
    for new in is.iter().filter(|at| was.iter().all(|was| was.instance != at.instance)) {
        tx.change(
            "INSERT INTO attachments (instance, disk) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            values![new.instance.as_str(), id.as_str()],
        )?;
    }
    Ok(())
}
