//! Compares the books with the hypervisor, at start and on a schedule. Takes no input: what it
//! does follows from what it finds.

use std::collections::BTreeSet;

use domain::{DiskId, Instance, InstanceId, InstanceStatus, Moment, Phase};
use futures_util::{StreamExt, stream};
use serde::Serialize;

use crate::hypervisor::{Hypervisor, Sight};
use crate::store::{AttachedDisk, Books, Store, StoreFault, Stored};

/// Instances that are looked up in one read.
const PAGE: u32 = 256;

/// Machines that are looked at at a time, so that one whose monitor is silent does not keep all
/// others waiting.
const AT_A_TIME: usize = 16;

/// Looks at an instance whose books change meanwhile, at most.
const LOOKS: usize = 3;

/// What to do with an instance that the hypervisor does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// Introduce it from the books: at start and after an import, before any operation runs.
    TakeIn,
    /// One that should be Running is dead. Introducing it now could bring a released one back.
    Report,
}

/// Something that the books and the hypervisor disagree about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where.
    pub instance: InstanceId,
    /// What, in words.
    pub what: String,
}

/// Looks at every instance. One that the books hold for Running although it is off becomes Stopped;
/// a disk that the guest of a running one has let go of becomes Available; all other differences
/// are reported. What is in transit is left to its operation.
pub async fn reconcile(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    strangers: Strangers,
    now: Moment,
) -> Stored<Vec<Difference>> {
    let mut differences = Vec::new();
    let mut after = 0;
    loop {
        let page = store.read(|books| {
            let instances = books.every_instance(after, PAGE)?;
            let with_disks = instances.into_iter().map(|(number, instance)| {
                let disks = books.attached(&instance.id)?;
                Ok((number, instance, disks))
            });
            with_disks.collect::<Stored<Vec<_>>>()
        })??;
        let Some((last, ..)) = page.last() else { return Ok(differences) };
        after = *last;
        // One that is being released is its operation's: taken over again, it would live on.
        let theirs = page.into_iter().filter(|(_, one, _)| !one.releasing);
        let looks = theirs
            .map(|(_, instance, disks)| settle(store, hypervisor, strangers, instance, disks, now));
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
) -> Stored<Vec<Difference>> {
    let (instance, disks) =
        store.read(|books| Ok::<_, StoreFault>((books.instance(id)?, books.attached(id)?)))??;
    let Some(instance) = instance.filter(|instance| !instance.releasing) else {
        return Ok(Vec::new());
    };
    settle(store, hypervisor, Strangers::Report, instance, disks, now).await
}

/// Looks at an instance and repairs what is found, before it is out of date.
async fn settle(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    strangers: Strangers,
    instance: Instance,
    disks: Vec<AttachedDisk>,
    now: Moment,
) -> Stored<Vec<Difference>> {
    let mut differences = Vec::new();
    let found = look_until_still(store, hypervisor, strangers, instance, disks).await?;
    for Found { difference, repair } in found {
        mend(store, repair, now).await?;
        differences.push(difference);
    }
    Ok(differences)
}

/// Looks at an instance; again if the books moved on while it was looked at, because then a
/// difference may be none. An instance that never stands still is left to its operations.
async fn look_until_still(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    strangers: Strangers,
    mut instance: Instance,
    mut disks: Vec<AttachedDisk>,
) -> Stored<Vec<Found>> {
    for _ in 0..LOOKS {
        let found = look_at(hypervisor, strangers, &instance, &disks).await;
        if found.is_empty() {
            return Ok(found);
        }
        let (now_instance, now_disks) = store.read(|books| {
            Ok::<_, StoreFault>((books.instance(&instance.id)?, books.attached(&instance.id)?))
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

/// What the books need to follow the world.
enum Repair {
    /// Nothing; somebody has to look into it.
    Nothing,
    /// The instance, as it was looked at, is off although it was Running.
    Died(Box<Instance>),
    /// The guest of the instance, as it was looked at, has let go of a disk in this attachment of
    /// its life.
    LetGo(Box<Instance>, DiskId, u64),
}

async fn look_at(
    hypervisor: &dyn Hypervisor,
    strangers: Strangers,
    instance: &Instance,
    disks: &[AttachedDisk],
) -> Vec<Found> {
    let expected = expected(instance, disks);
    match hypervisor.sight(&instance.id).await {
        Err(trouble) => vec![differs(instance, format!("cannot be looked at: {trouble}"))],
        Ok(None) if strangers == Strangers::Report => match instance.status {
            InstanceStatus::Running => vec![died(instance)],
            InstanceStatus::Pending
            | InstanceStatus::Starting
            | InstanceStatus::Stopping
            | InstanceStatus::Stopped => Vec::new(),
        },
        Ok(None) => match hypervisor.adopt(&instance.id, expected).await {
            Ok(()) => Vec::new(),
            Err(trouble) => vec![differs(instance, format!("cannot be taken over: {trouble}"))],
        },
        Ok(Some(seen)) => compare(instance, &expected, &seen, disks),
    }
}

fn compare(
    instance: &Instance,
    expected: &Sight,
    seen: &Sight,
    disks: &[AttachedDisk],
) -> Vec<Found> {
    let mut found = Vec::new();
    if instance.status == InstanceStatus::Running && !seen.running {
        found.push(died(instance));
    }
    if instance.status == InstanceStatus::Stopped && seen.running {
        found.push(differs(instance, "is on, but the books have it Stopped".to_owned()));
    }
    let in_transit =
        |id: &DiskId| disks.iter().any(|at| at.disk == *id && at.phase != Phase::Attached);
    let has: BTreeSet<_> = seen.disks.iter().filter(|(id, _)| !in_transit(id)).collect();
    let should: BTreeSet<_> = expected.disks.iter().filter(|(id, _)| !in_transit(id)).collect();
    for (disk, generation) in has.difference(&should) {
        let what = format!("can reach {disk} (attachment {generation}), which the books deny");
        found.push(differs(instance, what));
    }
    for (disk, generation) in should.difference(&has) {
        let what = format!("cannot reach {disk} (attachment {generation}), which it should");
        let let_go = Repair::LetGo(Box::new(instance.clone()), disk.clone(), *generation);
        let repair = if seen.running { let_go } else { Repair::Nothing };
        found.push(Found { repair, ..differs(instance, what) });
    }
    found
}

/// What the hypervisor should see of an instance that nothing was ever told about.
fn expected(instance: &Instance, disks: &[AttachedDisk]) -> Sight {
    let running = match instance.status {
        InstanceStatus::Running | InstanceStatus::Stopping => true,
        InstanceStatus::Pending | InstanceStatus::Starting | InstanceStatus::Stopped => false,
    };
    let there = disks.iter().filter(|at| at.phase != Phase::Attaching);
    Sight { running, disks: there.map(|at| (at.disk.clone(), at.generation)).collect() }
}

fn differs(instance: &Instance, what: String) -> Found {
    let difference = Difference { instance: instance.id.clone(), what };
    Found { difference, repair: Repair::Nothing }
}

fn died(instance: &Instance) -> Found {
    let what = "is off, but the books had it Running".to_owned();
    Found { repair: Repair::Died(Box::new(instance.clone())), ..differs(instance, what) }
}

/// Makes the books follow what was seen, unless they have moved on since.
async fn mend(store: &Store, repair: Repair, now: Moment) -> Stored<()> {
    match repair {
        Repair::Nothing => Ok(()),
        Repair::Died(seen) => store.write(move |books| bury(books, &seen)).await,
        Repair::LetGo(seen, disk, generation) => {
            store.write(move |books| free(books, &seen, &disk, generation, now)).await
        }
    }
}

/// An instance that died is Stopped.
fn bury(books: &mut dyn Books, seen: &Instance) -> Stored<()> {
    let mut stopped = seen.clone();
    if is_still(books, seen)? && stopped.stopped().is_ok() {
        books.save_instance(&stopped)?;
    }
    Ok(())
}

/// Whether the instance is as it was looked at: off and on again, it may have another guest.
fn is_still(books: &dyn Books, seen: &Instance) -> Stored<bool> {
    Ok(books.instance(&seen.id)?.as_ref() == Some(seen))
}

/// A disk that the guest has let go of is Available. The next guest of the instance would get it
/// again, until the books follow.
fn free(
    books: &mut dyn Books,
    seen: &Instance,
    disk: &DiskId,
    generation: u64,
    now: Moment,
) -> Stored<()> {
    if !is_still(books, seen)? {
        return Ok(());
    }
    let Some(mut disk) = books.disk(disk)? else { return Ok(()) };
    match disk.let_go(&seen.id, generation, now) {
        Ok(()) => books.save_disk(&disk),
        Err(domain::Illegal) => Ok(()),
    }
}
