//! Compares the store with the hypervisor, at start and on a schedule. Takes no input: what it
//! does follows from what it finds.

use std::collections::BTreeSet;

use domain::{DiskId, Instance, InstanceId, InstanceStatus, Moment, Phase};
use futures_util::{StreamExt, stream};
use serde::Serialize;

use crate::hypervisor::{Hypervisor, ObservedState};
use crate::store::{AttachedDisk, Store, StoreError, WriteTx};

/// Instances that are looked up in one read.
const PAGE: u32 = 256;

/// Machines that are looked at at a time, so that one whose monitor is silent does not keep all
/// others waiting.
const AT_A_TIME: usize = 16;

/// Looks at an instance whose entry in the store changes meanwhile, at most.
const LOOKS: usize = 3;

/// What to do with an instance that the hypervisor does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownInstances {
    /// Introduce it from the store: at start and after an import, before any operation runs.
    TakeIn,
    /// One that should be Running is dead. Introducing it now could bring a released one back.
    Report,
}

/// Something that the store and the hypervisor disagree about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// At which instance; none for a disk by itself.
    pub instance: Option<InstanceId>,
    /// What, in words.
    pub what: String,
}

/// Looks at every instance. One that the store holds for Running although it is off becomes
/// Stopped; a disk that the guest of a running one has let go of becomes Available; all other
/// differences are reported. What is in transit is left to its operation.
pub async fn reconcile(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    unknown: UnknownInstances,
    now: Moment,
) -> Result<Vec<Difference>, StoreError> {
    look_at_all(store, hypervisor, unknown, Some(now)).await
}

/// Looks at every instance, and changes nothing: neither the store nor the hypervisor.
pub async fn find_differences(
    store: &Store,
    hypervisor: &dyn Hypervisor,
) -> Result<Vec<Difference>, StoreError> {
    look_at_all(store, hypervisor, UnknownInstances::Report, None).await
}

/// Looks at every instance; repairs what is found, if there is a moment at which to.
async fn look_at_all(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    unknown: UnknownInstances,
    repair_at: Option<Moment>,
) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    let mut after = 0;
    loop {
        let page = store.read(|tx| {
            let instances = tx.every_instance(after, PAGE)?;
            let with_disks = instances.into_iter().map(|(number, instance)| {
                let disks = tx.attached(&instance.id)?;
                Ok((number, instance, disks))
            });
            with_disks.collect::<Result<Vec<_>, StoreError>>()
        })??;
        let Some((last, ..)) = page.last() else { return Ok(differences) };
        after = *last;
        // One that is being released is its operation's: taken over again, it would live on.
        let theirs = page.into_iter().filter(|(_, one, _)| !one.releasing);
        let looks = theirs.map(|(_, instance, disks)| {
            reconcile_instance(store, hypervisor, unknown, instance, disks, repair_at)
        });
        let mut looks = stream::iter(looks).buffered(AT_A_TIME);
        while let Some(found) = looks.next().await {
            differences.extend(found?);
        }
    }
}

/// Looks at one instance, as [`reconcile`] does at every one.
pub async fn reconcile_one(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    id: &InstanceId,
    now: Moment,
) -> Result<Vec<Difference>, StoreError> {
    let (instance, disks) =
        store.read(|tx| Ok::<_, StoreError>((tx.instance(id)?, tx.attached(id)?)))??;
    let Some(instance) = instance.filter(|instance| !instance.releasing) else {
        return Ok(Vec::new());
    };
    reconcile_instance(store, hypervisor, UnknownInstances::Report, instance, disks, Some(now))
        .await
}

/// Looks at an instance and repairs what is found, if it is to be, before it is out of date.
async fn reconcile_instance(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    unknown: UnknownInstances,
    instance: Instance,
    disks: Vec<AttachedDisk>,
    repair_at: Option<Moment>,
) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    let found = look_until_still(store, hypervisor, unknown, instance, disks).await?;
    for Found { difference, repair } in found {
        if let Some(now) = repair_at {
            apply_repair(store, repair, now).await?;
        }
        differences.push(difference);
    }
    Ok(differences)
}

/// Looks at an instance; again if the store moved on while it was looked at, because then a
/// difference may be none. An instance that never stands still is left to its operations.
async fn look_until_still(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    unknown: UnknownInstances,
    mut instance: Instance,
    mut disks: Vec<AttachedDisk>,
) -> Result<Vec<Found>, StoreError> {
    for _ in 0..LOOKS {
        let found = look_at(hypervisor, unknown, &instance, &disks).await;
        if found.is_empty() {
            return Ok(found);
        }
        let (now_instance, now_disks) = store.read(|tx| {
            Ok::<_, StoreError>((tx.instance(&instance.id)?, tx.attached(&instance.id)?))
        })??;
        let now_instance = now_instance.filter(|instance| !instance.releasing);
        let Some(now_instance) = now_instance else { return Ok(Vec::new()) };
        if now_instance == instance && now_disks == disks {
            return Ok(found);
        }
        (instance, disks) = (now_instance, now_disks);
    }
    Ok(Vec::new())
}

struct Found {
    difference: Difference,
    repair: Repair,
}

/// What the store needs to follow the world.
enum Repair {
    /// Nothing; somebody has to look into it.
    Nothing,
    /// The instance, as it was looked at, is off although it was Running.
    MarkStopped(Box<Instance>),
    /// The guest of the instance, as it was looked at, has let go of a disk in this attachment of
    /// its life.
    ReleaseDisk(Box<Instance>, DiskId, u64),
}

async fn look_at(
    hypervisor: &dyn Hypervisor,
    unknown: UnknownInstances,
    instance: &Instance,
    disks: &[AttachedDisk],
) -> Vec<Found> {
    let expected = expected(instance, disks);
    match hypervisor.observe(&instance.id).await {
        Err(error) => vec![differs(instance, format!("cannot be looked at: {error}"))],
        Ok(None) if unknown == UnknownInstances::Report => match instance.status {
            InstanceStatus::Running => vec![died(instance)],
            InstanceStatus::Pending
            | InstanceStatus::Starting
            | InstanceStatus::Stopping
            | InstanceStatus::Stopped => Vec::new(),
        },
        Ok(None) => match hypervisor.adopt(&instance.id, expected).await {
            Ok(()) => Vec::new(),
            Err(error) => vec![differs(instance, format!("cannot be taken over: {error}"))],
        },
        Ok(Some(seen)) => compare(instance, &expected, &seen, disks),
    }
}

fn compare(
    instance: &Instance,
    expected: &ObservedState,
    seen: &ObservedState,
    disks: &[AttachedDisk],
) -> Vec<Found> {
    let mut found = Vec::new();
    if instance.status == InstanceStatus::Running && !seen.running {
        found.push(died(instance));
    }
    if instance.status == InstanceStatus::Stopped && seen.running {
        found.push(differs(instance, "is on, but the store has it Stopped".to_owned()));
    }
    let in_transit =
        |id: &DiskId| disks.iter().any(|at| at.disk == *id && at.phase != Phase::Attached);
    let has: BTreeSet<_> = seen.disks.iter().filter(|(id, _)| !in_transit(id)).collect();
    let should: BTreeSet<_> = expected.disks.iter().filter(|(id, _)| !in_transit(id)).collect();
    found.extend(seen.problems.iter().map(|(_, what)| differs(instance, what.clone())));
    for (disk, generation) in has.difference(&should) {
        let what = format!("can reach {disk} (attachment {generation}), which the store denies");
        found.push(differs(instance, what));
    }
    for (disk, generation) in should.difference(&has) {
        let what = format!("cannot reach {disk} (attachment {generation}), which it should");
        let let_go = Repair::ReleaseDisk(Box::new(instance.clone()), disk.clone(), *generation);
        let repair = if seen.running { let_go } else { Repair::Nothing };
        found.push(Found { repair, ..differs(instance, what) });
    }
    found
}

/// What the hypervisor should see of an instance that nothing was ever told about.
fn expected(instance: &Instance, disks: &[AttachedDisk]) -> ObservedState {
    let running = match instance.status {
        InstanceStatus::Running | InstanceStatus::Stopping => true,
        InstanceStatus::Pending | InstanceStatus::Starting | InstanceStatus::Stopped => false,
    };
    let there = disks.iter().filter(|at| at.phase != Phase::Attaching);
    let disks = there.map(|at| (at.disk.clone(), at.generation)).collect();
    ObservedState { running, disks, ..ObservedState::default() }
}

fn differs(instance: &Instance, what: String) -> Found {
    let difference = Difference { instance: Some(instance.id.clone()), what };
    Found { difference, repair: Repair::Nothing }
}

fn died(instance: &Instance) -> Found {
    let what = "is off, but the store had it Running".to_owned();
    Found { repair: Repair::MarkStopped(Box::new(instance.clone())), ..differs(instance, what) }
}

/// Makes the store follow what was seen, unless it has moved on since.
async fn apply_repair(store: &Store, repair: Repair, now: Moment) -> Result<(), StoreError> {
    match repair {
        Repair::Nothing => Ok(()),
        Repair::MarkStopped(seen) => store.write(move |tx| mark_stopped(tx, &seen)).await,
        Repair::ReleaseDisk(seen, disk, generation) => {
            store.write(move |tx| release_disk(tx, &seen, &disk, generation, now)).await
        }
    }
}

/// An instance that died is Stopped.
fn mark_stopped(tx: &mut dyn WriteTx, seen: &Instance) -> Result<(), StoreError> {
    let mut stopped = seen.clone();
    if is_still(tx, seen)? && stopped.stopped().is_ok() {
        tx.save_instance(&stopped)?;
    }
    Ok(())
}

/// Whether the instance is as it was looked at: off and on again, it may have another guest.
fn is_still(tx: &dyn WriteTx, seen: &Instance) -> Result<bool, StoreError> {
    Ok(tx.instance(&seen.id)?.as_ref() == Some(seen))
}

/// A disk that the guest has let go of is Available. The next guest of the instance would get it
/// again, until the store follows.
fn release_disk(
    tx: &mut dyn WriteTx,
    seen: &Instance,
    disk: &DiskId,
    generation: u64,
    now: Moment,
) -> Result<(), StoreError> {
    if !is_still(tx, seen)? {
        return Ok(());
    }
    let Some(mut disk) = tx.disk(disk)? else { return Ok(()) };
    match disk.let_go(&seen.id, generation, now) {
        Ok(()) => tx.save_disk(&disk),
        Err(domain::Illegal) => Ok(()),
    }
}
