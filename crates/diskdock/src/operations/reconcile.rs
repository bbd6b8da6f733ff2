//! Compares the store with the hypervisor.
//!
//! [`find_differences`] only looks: a read has no effect. [`reconcile`] also repairs what can be
//! repaired, at start and on a schedule, and [`reconcile_one`] does so for a machine that something
//! happened to. Their repairs follow from their findings: an instance that the hypervisor does not
//! know is not dead, and a machine that cannot be looked at is not off.

mod on_host;
mod unknown_attachment;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{DiskId, Instance, InstanceId, InstanceStatus, Moment, Phase};
use futures_util::{StreamExt, stream};
use serde::Serialize;

use on_host::told;

pub(super) use on_host::reconcile_host;

use super::disk_limits::limit_disks;
use crate::hypervisor::{AttachmentId, Hypervisor, ObservedState};
use crate::store::{AttachedDisk, AttachedDisks, ReadTx, Store, StoreError, WriteTx};

/// Instances that are looked up in one read.
const PAGE: u32 = 256;

/// Machines that are observed at a time, so that one whose monitor is silent does not keep all
/// others waiting.
const MAX_CONCURRENT: usize = 16;

/// How often an instance that changes meanwhile is observed, at most.
const LOOKS: usize = 3;

/// The policy for instances that the hypervisor does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingInHypervisor {
    /// The hypervisor learns of it from the store: at start and after an import, before any
    /// operation runs.
    Adopt,
    /// Reported, if it should be Running. Adopted now, a released one could come back.
    Report,
}

/// A disagreement of store and hypervisor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// At which instance; none for a disk by itself.
    pub instance: Option<InstanceId>,
    /// The disagreement in words.
    pub what: String,
}

/// All disagreements of store and hypervisor. Changes nothing.
pub async fn find_differences(
    store: &Store,
    hypervisor: &dyn Hypervisor,
) -> Result<Vec<Difference>, StoreError> {
    visit_all(store, hypervisor, None, |instance, disks| async {
        let found = observe_until_unchanged(store, hypervisor, instance, disks).await?;
        Ok(found.into_iter().filter_map(RepairableDifference::difference).collect())
    })
    .await
}

/// Compares every instance and repairs. An instance that the store has as Running although its
/// machine is off becomes Stopped; a disk that the guest of a running one has let go of becomes
/// Available; at start, a disk that a guest has and the store has as Available is attached in the
/// store, or taken off a machine that is off; all other differences are reported. Disks in
/// transit are left to their operations.
pub async fn reconcile(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    if_missing: MissingInHypervisor,
    now: Moment,
) -> Result<Vec<Difference>, StoreError> {
    visit_all(store, hypervisor, None, |instance, disks| {
        reconcile_instance(store, hypervisor, if_missing, instance, disks, now)
    })
    .await
}

/// Compares one instance, as [`reconcile`] does with every one.
pub async fn reconcile_one(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    id: &InstanceId,
    now: Moment,
) -> Result<Vec<Difference>, StoreError> {
    let (instance, disks) = read_instance(store, id).await?;
    let is_elsewhere =
        |instance: &Instance| store.term().is_some_and(|term| term.host != instance.host);
    let here = instance.filter(|instance| !instance.releasing && !is_elsewhere(instance));
    let Some(instance) = here else {
        return Ok(Vec::new());
    };
    reconcile_instance(store, hypervisor, MissingInHypervisor::Report, instance, disks, now).await
}

/// An instance, if it is there, with its disks.
async fn read_instance(
    store: &Store,
    id: &InstanceId,
) -> Result<(Option<Instance>, AttachedDisks), StoreError> {
    let id = id.clone();
    store.read(move |tx| Ok((tx.instance(&id)?, tx.attached(&id)?))).await
}

/// Visits every instance with its disks, or those of a host, some at a time. None where the
/// machines are elsewhere.
async fn visit_all<F>(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    host: Option<&str>,
    visit: impl Fn(Instance, AttachedDisks) -> F,
) -> Result<Vec<Difference>, StoreError>
where
    F: Future<Output = Result<Vec<Difference>, StoreError>>,
{
    let mut differences = Vec::new();
    if !hypervisor.has_machines() {
        return Ok(differences);
    }
    let mut after: Option<InstanceId> = None;
    loop {
        let (begins, host) = (after.take(), host.map(str::to_owned));
        let read =
            move |tx: &dyn ReadTx| tx.instances_with_disks(host.as_deref(), begins.as_ref(), PAGE);
        let page = store.read(read).await?;
        after = page.last().map(|(last, _)| last.id.clone());
        let is_last = page.len() < PAGE as usize;
        visit_page(page, &visit, &mut differences).await?;
        if is_last {
            return Ok(differences);
        }
    }
}

/// Visits instances with their disks, some at a time.
async fn visit_page<F>(
    page: Vec<(Instance, AttachedDisks)>,
    visit: impl Fn(Instance, AttachedDisks) -> F,
    differences: &mut Vec<Difference>,
) -> Result<(), StoreError>
where
    F: Future<Output = Result<Vec<Difference>, StoreError>>,
{
    // Instances that are being released belong to their operation: adopted, they would be made
    // again.
    let alive = page.into_iter().filter(|(instance, _)| !instance.releasing);
    let visits = alive.map(|(instance, disks)| visit(instance, disks));
    let mut visits = stream::iter(visits).buffered(MAX_CONCURRENT);
    while let Some(found) = visits.next().await {
        differences.extend(found?);
    }
    Ok(())
}

/// Compares an instance and repairs what is found, before it is out of date.
async fn reconcile_instance(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    if_missing: MissingInHypervisor,
    instance: Instance,
    disks: AttachedDisks,
    now: Moment,
) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    if let Err(error) = hypervisor.reconcile_devices(&instance.id).await {
        return Ok(vec![differs(&instance, format!("its devices cannot be reconciled: {error}"))]);
    }
    if let Err(error) = limit_disks(store, hypervisor, &instance, &disks).await? {
        differences.push(differs(&instance, format!("its disks cannot be limited: {error}")));
    }
    for found in observe_until_unchanged(store, hypervisor, instance, disks).await? {
        match found {
            RepairableDifference::Unknown(instance, expected)
                if if_missing == MissingInHypervisor::Adopt =>
            {
                let id = instance.id.clone();
                if let Err(error) = hypervisor.adopt(&id, expected).await {
                    differences.push(differs(&instance, format!("cannot be adopted: {error}")));
                }
            }
            RepairableDifference::Differs(difference, Repair::Learn(seen, attachment)) => {
                if if_missing == MissingInHypervisor::Adopt {
                    unknown_attachment::learn(store, *seen, attachment, now).await?;
                }
                differences.push(difference);
            }
            RepairableDifference::Differs(difference, Repair::TakeOff(attachment)) => {
                if if_missing == MissingInHypervisor::Adopt {
                    unknown_attachment::take_off(store, hypervisor, attachment).await?;
                }
                differences.push(difference);
            }
            RepairableDifference::Differs(difference, repair) => {
                apply_repair(store, repair, now).await?;
                differences.push(difference);
            }
            RepairableDifference::Unknown(..) => differences.extend(found.difference()),
        }
    }
    Ok(differences)
}

/// Observes an instance; again if the store moved on meanwhile, because then a difference may be
/// none. An instance that never stands still is left to its operations.
async fn observe_until_unchanged(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    mut instance: Instance,
    mut disks: AttachedDisks,
) -> Result<Vec<RepairableDifference>, StoreError> {
    for _ in 0..LOOKS {
        let found = observe_instance(hypervisor, &instance, &disks).await;
        if found.is_empty() {
            return Ok(found);
        }
        let (now_instance, now_disks) = read_instance(store, &instance.id).await?;
        let now_instance = now_instance.filter(|instance| !instance.releasing);
        let Some(now_instance) = now_instance else { return Ok(Vec::new()) };
        if now_instance == instance && now_disks == disks {
            return Ok(found);
        }
        (instance, disks) = (now_instance, now_disks);
    }
    Ok(Vec::new())
}

enum RepairableDifference {
    /// The hypervisor does not know the instance; this is what it should see of it.
    Unknown(Box<Instance>, ObservedState),
    /// The two disagree; with what can be done about it.
    Differs(Difference, Repair),
}

impl RepairableDifference {
    /// The difference to report. Only a Running instance has to be known to the hypervisor.
    fn difference(self) -> Option<Difference> {
        match self {
            RepairableDifference::Differs(difference, _) => Some(difference),
            RepairableDifference::Unknown(instance, _) => match instance.status {
                InstanceStatus::Running => {
                    let what = "is Running, but the hypervisor does not know it";
                    Some(differs(&instance, what.to_owned()))
                }
                InstanceStatus::Pending
                | InstanceStatus::Starting
                | InstanceStatus::Stopping
                | InstanceStatus::Stopped => None,
            },
        }
    }
}

/// A change of the store that makes it follow the hypervisor.
enum Repair {
    /// None; an operator has to look into it.
    Nothing,
    /// The instance, as it was looked at, is off although it was Running.
    MarkStopped(Box<Instance>),
    /// The guest of the instance, as it was looked at, has let go of a disk; the number is the
    /// generation of the attachment.
    MarkDetached(Box<Instance>, DiskId, u64),
    /// At start: the store learns of an attachment that the guest of the instance, as it was looked
    /// at, has.
    Learn(Box<Instance>, AttachmentId),
    /// At start: the disk is taken off a machine that is off.
    TakeOff(AttachmentId),
}

async fn observe_instance(
    hypervisor: &dyn Hypervisor,
    instance: &Instance,
    disks: &[Arc<AttachedDisk>],
) -> Vec<RepairableDifference> {
    let expected = expected(instance, disks);
    match hypervisor.observe(&instance.id).await {
        Err(error) => vec![unrepaired(instance, format!("cannot be observed: {error}"))],
        Ok(None) if hypervisor.follows_store() => Vec::new(),
        Ok(None) => vec![RepairableDifference::Unknown(Box::new(instance.clone()), expected)],
        Ok(Some(seen)) => compare(instance, &expected, &told(hypervisor, seen, &expected), disks),
    }
}

fn compare(
    instance: &Instance,
    expected: &ObservedState,
    seen: &ObservedState,
    disks: &[Arc<AttachedDisk>],
) -> Vec<RepairableDifference> {
    let mut found = Vec::new();
    if instance.status == InstanceStatus::Running && !seen.running {
        found.push(died(instance));
    }
    if instance.status == InstanceStatus::Stopped && seen.running {
        found.push(unrepaired(instance, "is on, but the store has it Stopped".to_owned()));
    }
    let in_transit =
        |id: &DiskId| disks.iter().any(|at| at.disk == *id && at.phase != Phase::Attached);
    let has: BTreeSet<_> = seen.disks.iter().filter(|(id, _)| !in_transit(id)).collect();
    let should: BTreeSet<_> = expected.disks.iter().filter(|(id, _)| !in_transit(id)).collect();
    found.extend(seen.problems.iter().map(|what| unrepaired(instance, what.clone())));
    for (disk, generation) in has.difference(&should) {
        let what = format!(
            "can reach {disk} (attachment {generation}), but the store does not have it attached"
        );
        let at = AttachmentId {
            instance: instance.id.clone(),
            disk: disk.clone(),
            generation: *generation,
        };
        let learn = |at| Repair::Learn(Box::new(instance.clone()), at);
        let repair = if seen.running { learn(at) } else { Repair::TakeOff(at) };
        found.push(RepairableDifference::Differs(differs(instance, what), repair));
    }
    for (disk, generation) in should.difference(&has) {
        let what =
            format!("cannot reach {disk} (attachment {generation}), but the store has it attached");
        let mark_detached =
            Repair::MarkDetached(Box::new(instance.clone()), disk.clone(), *generation);
        let repair = if seen.running { mark_detached } else { Repair::Nothing };
        found.push(RepairableDifference::Differs(differs(instance, what), repair));
    }
    found
}

/// The state that the hypervisor should report of an instance, by the store.
fn expected(instance: &Instance, disks: &[Arc<AttachedDisk>]) -> ObservedState {
    let running = match instance.status {
        InstanceStatus::Running | InstanceStatus::Stopping => true,
        InstanceStatus::Pending | InstanceStatus::Starting | InstanceStatus::Stopped => false,
    };
    let there = disks.iter().filter(|at| at.phase != Phase::Attaching);
    let disks = there.map(|at| (at.disk.clone(), at.generation)).collect();
    ObservedState { running, disks, ..ObservedState::default() }
}

fn differs(instance: &Instance, what: String) -> Difference {
    Difference { instance: Some(instance.id.clone()), what }
}

fn unrepaired(instance: &Instance, what: String) -> RepairableDifference {
    RepairableDifference::Differs(differs(instance, what), Repair::Nothing)
}

fn died(instance: &Instance) -> RepairableDifference {
    let what = "is off, but the store had it Running".to_owned();
    RepairableDifference::Differs(
        differs(instance, what),
        Repair::MarkStopped(Box::new(instance.clone())),
    )
}

/// Makes the store follow what was seen, unless it has moved on since.
async fn apply_repair(store: &Store, repair: Repair, now: Moment) -> Result<(), StoreError> {
    match repair {
        Repair::Nothing | Repair::Learn(..) | Repair::TakeOff(_) => Ok(()),
        Repair::MarkStopped(seen) => store.write(move |tx| mark_stopped(tx, &seen)).await,
        Repair::MarkDetached(seen, disk, generation) => {
            store.write(move |tx| mark_detached(tx, &seen, &disk, generation, now)).await
        }
    }
}

/// An instance that died is Stopped; with its host, it was interrupted.
fn mark_stopped(tx: &mut dyn WriteTx, seen: &Instance) -> Result<(), StoreError> {
    let mut stopped = seen.clone();
    if is_unchanged(tx, seen)? && stopped.stopped().is_ok() {
        stopped.interrupted = on_host::is_fenced(&*tx, &stopped.host)?;
        tx.save_instance(&stopped)?;
    }
    Ok(())
}

/// Whether the instance is as it was looked at: off and on again, it may have another guest.
fn is_unchanged(tx: &dyn WriteTx, seen: &Instance) -> Result<bool, StoreError> {
    Ok(tx.instance(&seen.id)?.as_ref() == Some(seen))
}

/// A disk that the guest has let go of is Available. The next guest of the instance would get it
/// again, until the store follows.
fn mark_detached(
    tx: &mut dyn WriteTx,
    seen: &Instance,
    disk: &DiskId,
    generation: u64,
    now: Moment,
) -> Result<(), StoreError> {
    if !is_unchanged(tx, seen)? {
        return Ok(());
    }
    let Some(mut disk) = tx.disk(disk)? else { return Ok(()) };
    match disk.detached_by_guest(&seen.id, generation, now) {
        Ok(()) => tx.save_disk(&disk),
        Err(domain::IllegalTransition) => Ok(()),
    }
}
