//! Compares the books with the hypervisor, at start and on a schedule. Takes no input: what it
//! does follows from what it finds.

use std::collections::BTreeSet;

use domain::{DiskId, Instance, InstanceId, InstanceStatus, Phase};
use serde::Serialize;

use crate::hypervisor::{Hypervisor, Sight};
use crate::store::{AttachedDisk, Books, Store, StoreFault, Stored};

/// Instances that are looked at in one read.
const AT_A_TIME: u32 = 256;

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
/// all other differences are reported. What is in transit is left to its operation.
pub async fn reconcile(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    strangers: Strangers,
) -> Stored<Vec<Difference>> {
    let mut differences = Vec::new();
    let mut after = 0;
    loop {
        let page = store.read(|books| {
            let instances = books.every_instance(after, AT_A_TIME)?;
            let with_disks = instances.into_iter().map(|(number, instance)| {
                let disks = books.attached(&instance.id)?;
                Ok((number, instance, disks))
            });
            with_disks.collect::<Stored<Vec<_>>>()
        })??;
        let Some((last, ..)) = page.last() else { return Ok(differences) };
        after = *last;
        // One that is being released is its operation's: taken over again, it would live on.
        for (_, instance, disks) in page.into_iter().filter(|(_, one, _)| !one.releasing) {
            for difference in
                look_until_still(store, hypervisor, strangers, instance, disks).await?
            {
                repair(store, &difference).await?;
                differences.push(difference.difference);
            }
        }
    }
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
    /// The instance as it was looked at, if it is off although it was Running.
    died: Option<Instance>,
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
        found.push(differs(instance, what));
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
    Found { difference: Difference { instance: instance.id.clone(), what }, died: None }
}

fn died(instance: &Instance) -> Found {
    let what = "is off, but the books had it Running".to_owned();
    Found { died: Some(instance.clone()), ..differs(instance, what) }
}

/// An instance that died is Stopped, unless the books have moved on since it was looked at.
async fn repair(store: &Store, found: &Found) -> Stored<()> {
    let Some(dead) = found.died.clone() else { return Ok(()) };
    let write = move |books: &mut dyn Books| {
        let mut stopped = dead.clone();
        if books.instance(&dead.id)?.as_ref() == Some(&dead) && stopped.stopped().is_ok() {
            books.save_instance(&stopped)?;
        }
        Ok::<(), StoreFault>(())
    };
    store.write(write).await
}
