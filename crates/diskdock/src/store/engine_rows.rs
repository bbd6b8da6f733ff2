//! Rows that every engine writes alike: how many are kept, and what changes with a resource. Only
//! the SQL is each engine's own.

use std::any::Any;

use domain::entity::Entity;
use domain::{
    Attachment, Disk, DiskId, DiskSnapshot, Instance, InstanceId, OperationId, SnapshotId, Uptime,
};
use serde::Serialize;

use super::{DynEntity, EntityReads, EntityType, Lease, OperationRow, StoreError, WriteTx};

/// Calls that are kept.
pub(super) const CALLS_KEPT: i64 = 10_000;
/// Older ones are cleared away so many at a time.
pub(super) const CALLS_CLEARED: i64 = 256;
/// Given-up operations that are kept.
pub(super) const ABANDONED_KEPT: i64 = 1_000;

/// Nonces that are forgotten in one go: few enough for others to wait.
pub(super) const NONCES_FORGOTTEN: u32 = 5_000;

/// The tables that a wipe empties, besides one for each kind of resource.
pub(super) const WIPED: [&str; 12] = [
    "terms",
    "attachments",
    "user_data",
    "counts",
    "operations",
    "discards",
    "snapshot_discards",
    "tokens",
    "placements",
    "host_loads",
    "host_work",
    "calls",
];

/// The JSON of a record of ours.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("records are plain data")
}

/// The result of a change to the row of an operation: it changes only what this server holds.
pub(super) fn held(is_held: bool) -> Result<(), StoreError> {
    if is_held { Ok(()) } else { Err(StoreError::LeaseLost) }
}

/// Gives operations of a silent server to this one, at this uptime of its: the time that the
/// silent one was up counts.
pub(super) fn take_over_operations<W: WriteTx + ?Sized>(
    tx: &mut W,
    lease: &Lease,
    (server, now): (&str, Uptime),
    most: u32,
) -> Result<Vec<OperationRow>, StoreError> {
    let renewals = tx.lease(&lease.server)?.map_or(0, |lease| lease.renewals);
    if renewals != lease.renewals {
        return Ok(Vec::new());
    }
    let mut rows = tx.operations_of(&lease.server, OperationId(i64::MIN), most)?;
    for row in &mut rows {
        server.clone_into(&mut row.lease_owner);
        row.time_used.count(lease.uptime);
        row.time_used.until = now;
        tx.save_owner(row)?;
    }
    Ok(rows)
}

/// The host that has the bytes of a resource; empty if none has, or if there are none.
pub(super) fn host_of_bytes<W: WriteTx + ?Sized>(
    tx: &W,
    of: &'static EntityType,
    id: &str,
) -> Result<String, StoreError> {
    let host = if of.kind == Disk::KIND {
        tx.look_at(&DiskId::from(id))?.map(|disk| disk.host.clone())
    } else if of.kind == DiskSnapshot::KIND {
        tx.look_at(&SnapshotId::from(id))?.map(|snapshot| snapshot.host.clone())
    } else {
        None
    };
    Ok(host.unwrap_or_default())
}

/// Removes what belonged to a resource alone, and remembers the bytes that are to be discarded,
/// which this host has, or none.
pub(super) fn after_removal<W: WriteTx + ?Sized>(
    tx: &mut W,
    of: &'static EntityType,
    id: &str,
    host: &str,
) -> Result<(), StoreError> {
    if of.kind == Disk::KIND {
        tx.discard_disk(&DiskId::from(id), host)
    } else if of.kind == DiskSnapshot::KIND {
        tx.discard_snapshot(&SnapshotId::from(id), host)
    } else if of.kind == Instance::KIND {
        tx.delete_user_data(&InstanceId::from(id))
    } else {
        Ok(())
    }
}

/// A change of the terms that resources are found by.
#[derive(Clone, Copy)]
pub(super) enum TermChange {
    /// The resource is not found by the term any more.
    Remove,
    /// The resource is found by the term now.
    Add,
}

/// Brings the terms from what a resource was found by to what it is found by now.
pub(super) fn follow_terms(
    before: Option<&dyn DynEntity>,
    now: Option<&dyn DynEntity>,
    mut change: impl FnMut(TermChange, &dyn DynEntity, &str, &str) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if let (Some(before), Some(now)) = (before, now)
        && now.has_terms_of(before)
    {
        return Ok(());
    }
    let was = before.map(DynEntity::terms).unwrap_or_default();
    let is = now.map(DynEntity::terms).unwrap_or_default();
    for (term, value) in was.iter().filter(|term| !is.contains(term)) {
        before.map_or(Ok(()), |resource| change(TermChange::Remove, resource, term, value))?;
    }
    for (term, value) in is.iter().filter(|term| !was.contains(term)) {
        now.map_or(Ok(()), |resource| change(TermChange::Add, resource, term, value))?;
    }
    Ok(())
}

/// The disk, if this resource is one.
pub(super) fn disk_in(resource: &dyn DynEntity) -> Option<&Disk> {
    let any: &dyn Any = resource;
    any.downcast_ref()
}

/// The instance, if this resource is one.
pub(super) fn instance_in(resource: &dyn DynEntity) -> Option<&Instance> {
    let any: &dyn Any = resource;
    any.downcast_ref()
}

/// The place of an instance on a host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Load<'e> {
    pub(super) host: &'e str,
    pub(super) instance: &'e str,
    pub(super) instance_type: &'e str,
}

impl Load<'_> {
    /// Whether the instance is not on this host any more.
    pub(super) fn has_left(&self, is: Option<Load<'_>>) -> bool {
        is.is_none_or(|is| is.host != self.host)
    }
}

/// The places of an instance before and after a change; none if it has none, or they are the same.
pub(super) fn loads<'e>(
    before: Option<&'e dyn DynEntity>,
    now: Option<&'e dyn DynEntity>,
) -> Option<(Option<Load<'e>>, Option<Load<'e>>)> {
    let (was, is) = (before.and_then(load), now.and_then(load));
    (was != is).then_some((was, is))
}

fn load(resource: &dyn DynEntity) -> Option<Load<'_>> {
    let instance = instance_in(resource).filter(|instance| !instance.host.is_empty())?;
    let (host, instance_type) = (&*instance.host, &*instance.instance_type);
    Some(Load { host, instance: instance.id.as_str(), instance_type })
}

/// Where a disk is attached.
pub(super) fn attachments(disk: Option<&Disk>) -> &[Attachment] {
    disk.map_or(&[], |disk| &disk.attachments)
}
