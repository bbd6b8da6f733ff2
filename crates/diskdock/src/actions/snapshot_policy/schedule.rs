//! The schedule of automatic snapshot policies, carried out by maintenance.
//!
//! A slot is carried out disk by disk, each in a transaction of its own that finds the snapshot of
//! the slot if there is one; then the policy has it behind it. So a kill in between, or a second
//! look, makes no second snapshot, and of slots that were missed only the last is made up for.

use std::sync::Arc;

use domain::{DiskSnapshot, SnapshotOrigin, SnapshotPolicy, SnapshotPolicyId, Uptime};

use super::disks;
use crate::actions::prelude::*;
use crate::actions::snapshot::create_snapshot::{TakingSnapshot, broken_rule};
use crate::actions::snapshot_lookups;
use crate::catalog::Environment;
use crate::catalog::times::in_china;
use crate::operations::{Admission, NewOperation, Runner, boxed};
use crate::store::{EntityReads, EntityWrites, Store};

/// Policies that are looked at in one read.
const BATCH_SIZE: u32 = 100;

/// The present moment, of both kinds.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    /// The time of day, by which the schedule goes.
    pub moment: Moment,
    /// The time of waits.
    pub uptime: Uptime,
}

/// The result for a disk in a slot.
enum SlotResult {
    /// Its snapshot is being made; by this server if there is an operation.
    Begun(Option<Box<NewOperation>>),
    /// Its snapshot is there, or it has the policy no more.
    Already,
    /// None can be made of it now, since this rule of CreateSnapshot does not hold.
    Not(&'static str),
}

/// Carries out the slots of all policies that are due.
pub(crate) async fn carry_out_due(
    store: &Store,
    runner: &Arc<Runner>,
    environment: &Arc<Environment>,
    now: Now,
) -> Result<(), StoreError> {
    if !environment.can_snapshot {
        return Ok(());
    }
    let mut after: Option<SnapshotPolicyId> = None;
    loop {
        let from = after.take();
        let page =
            store.read(move |tx| tx.walk::<SnapshotPolicy>(from.as_ref(), BATCH_SIZE)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id.clone());
        for policy in page {
            if let Some(slot) = policy.due_slot(now.moment) {
                carry_out(store, runner, environment, policy, slot, now).await?;
            }
        }
    }
}

/// Makes the snapshots of one slot. Where there is no room for more operations, the rest is made
/// the next time.
async fn carry_out(
    store: &Store,
    runner: &Arc<Runner>,
    environment: &Arc<Environment>,
    policy: SnapshotPolicy,
    slot: Moment,
    now: Now,
) -> Result<(), StoreError> {
    let of = policy.clone();
    let members = store.read(move |tx| disks::all(tx, &of)).await?;
    for disk in members {
        if !matches!(runner.admission(&policy.account), Admission::Free) {
            tracing::warn!(policy = %policy.id, "no room for more operations; snapshots come later");
            return Ok(());
        }
        let (policy, environment) = (policy.clone(), Arc::clone(environment));
        let (id, member) = (policy.id.clone(), disk.id.clone());
        let server = store.server().to_owned();
        let write = move |tx: &mut dyn WriteTx| {
            begin_snapshot(tx, &environment, &policy, &disk.id, slot, now, &server)
        };
        let enqueues = Arc::clone(runner);
        let enqueue = move |result| match result {
            SlotResult::Begun(operation) => {
                enqueues.enqueue(operation.map(|one| *one).into_iter().collect());
                None
            }
            SlotResult::Already => None,
            SlotResult::Not(rule) => Some(rule),
        };
        if let Some(rule) = store.write_then(write, enqueue).await? {
            tracing::warn!(policy = %id, disk = %member, rule, "no automatic snapshot, since the rule does not hold");
        }
    }
    let id = policy.id;
    let done = move |tx: &mut dyn WriteTx| {
        let Some(mut policy) = tx.get(&id)? else { return Ok(()) };
        policy.carried_out(slot, now.moment);
        tx.save(&policy)
    };
    store.write(done).await
}

/// Begins the snapshot of a disk for a slot, unless it is there, or none can be
/// made of the disk now.
fn begin_snapshot(
    tx: &mut dyn WriteTx,
    environment: &Environment,
    policy: &SnapshotPolicy,
    disk: &DiskId,
    slot: Moment,
    now: Now,
    server: &str,
) -> Result<SlotResult, StoreError> {
    let Some(disk) = tx.disk(disk)? else { return Ok(SlotResult::Already) };
    if disk.auto_snapshot_policy != policy.id.as_str()
        || snapshot_lookups::has_automatic_since(tx, &disk, slot, now.moment)?
    {
        return Ok(SlotResult::Already);
    }
    if let Some(rule) = broken_rule(tx, environment, &disk, now.moment)? {
        return Ok(SlotResult::Not(rule));
    }
    let snapshot_id = environment.new_id(&disk.region, now.moment);
    let snapshot = automatic(&disk, policy, slot, snapshot_id, now.moment);
    tx.save(&snapshot)?;
    let taking = TakingSnapshot::of(&snapshot);
    let id = environment.ids.operation(now.moment);
    // Of two servers that come to the slot at once, the later one finds the disk changed, and then
    // the snapshot.
    tx.save(&disk)?;
    let (moment, uptime) = (now.moment, now.uptime);
    let operation = NewOperation::new(id, &disk.account, boxed(taking), moment, uptime, server);
    let begun = operation.begin(tx, environment.on_hosts)?;
    Ok(SlotResult::Begun(begun.map(Box::new)))
}

fn automatic(
    disk: &Disk,
    policy: &SnapshotPolicy,
    slot: Moment,
    id: domain::SnapshotId,
    now: Moment,
) -> DiskSnapshot {
    let day: String = in_china(slot).chars().take(10).filter(|c| *c != '-').collect();
    let mut snapshot = DiskSnapshot::of(disk, id, now);
    snapshot.origin = SnapshotOrigin::Auto;
    snapshot.name = format!("auto_{day}_{}", policy.id);
    snapshot.retention_days = policy.retention_days;
    snapshot
}
