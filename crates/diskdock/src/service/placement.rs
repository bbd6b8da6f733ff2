//! Where instances run and disks lie, if there are hosts: a new instance gets a host that has room
//! for it, and a disk belongs to the host of its first instance, or, in Ceph, to that of its latest
//! one. Every action that makes an instance or attaches a disk is covered, because its effect is.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::host::placement::{HostCandidate, InstanceNeeds, NoHost, place};
use domain::host::{HostResources, HostStorage};
use domain::inventory::Inventory;
use domain::{Disk, Instance, InstanceId, SnapshotId};

use crate::catalog::errors::{
    DISK_ELSEWHERE, IMAGE_NOT_ON_HOST, NO_STOCK, Refusal, SNAPSHOT_ELSEWHERE,
};
use crate::catalog::{ActionError, Call, StoreChange};
use crate::store::{EntityReads, HostRecord, ReadTx, StoreError};

/// Completes the changes of an effect with the hosts of its new instances and of its disks; refuses
/// them if there is no room, or if a disk lies on another host than its instance.
pub(super) fn complete(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    changes: &mut [StoreChange],
) -> Result<(), ActionError> {
    let inventory = &call.environment.inventory;
    let mut hosts = place_instances(tx, inventory, changes)?;
    let placed: Vec<_> = hosts.keys().cloned().collect();
    let is_placed = |disk: &Disk| disk.attachments.iter().any(|at| placed.contains(&at.instance));
    for change in changes {
        let Some(disk) = change.saved::<Disk>() else { continue };
        let bound = host_of(tx, disk, &mut hosts)?;
        let host = bound.as_deref().unwrap_or(&disk.host);
        if !host.is_empty() && !is_placed(disk) && tx.look_at(&disk.id)?.is_none() {
            check_content(tx, disk, host)?;
        }
        if let Some(host) = bound {
            *change = StoreChange::Save(Arc::new(Disk { host, ..disk.clone() }));
        }
    }
    Ok(())
}

/// Refuses a new disk on a host that does not have what it is made from.
fn check_content(tx: &dyn ReadTx, disk: &Disk, host: &str) -> Result<(), ActionError> {
    if !disk.source_snapshot.is_empty() {
        let has_it = host_of_snapshot(tx, disk)?;
        let fits = has_it.as_deref().is_none_or(|has_it| has_it == host);
        return if fits || is_in_ceph(tx, host)? {
            Ok(())
        } else {
            Err(snapshot_elsewhere(has_it))
        };
    }
    if disk.image.is_empty() {
        return Ok(());
    }
    match tx.host(host)? {
        Some(found) if !found.host.has_image(&disk.image) => {
            Err(Refusal::about(&IMAGE_NOT_ON_HOST, &disk.image).into())
        }
        Some(_) | None => Ok(()),
    }
}

/// The host with the snapshot that a disk is made from; none if that is made from none, or from one
/// that no host has.
fn host_of_snapshot(tx: &dyn ReadTx, disk: &Disk) -> Result<Option<String>, StoreError> {
    if disk.source_snapshot.is_empty() {
        return Ok(None);
    }
    let found = tx.look_at(&SnapshotId::from(disk.source_snapshot.as_str()))?;
    Ok(found.map(|snapshot| snapshot.host.clone()).filter(|host| !host.is_empty()))
}

fn snapshot_elsewhere(host: Option<String>) -> ActionError {
    Refusal::about(&SNAPSHOT_ELSEWHERE, &host.unwrap_or_default()).into()
}

/// The host with the snapshots that the new disks of new instances are made from, by instance.
/// Refused if one would need two.
fn hosts_of_snapshots(
    tx: &dyn ReadTx,
    changes: &[StoreChange],
) -> Result<BTreeMap<InstanceId, String>, ActionError> {
    let mut hosts = BTreeMap::new();
    for disk in changes.iter().filter_map(StoreChange::saved::<Disk>) {
        let Some(at) = disk.attachments.first() else { continue };
        let Some(host) = host_of_snapshot(tx, disk)? else { continue };
        let other = hosts.insert(at.instance.clone(), host.clone());
        if other.is_some_and(|other| other != host) && !is_in_ceph(tx, &host)? {
            return Err(snapshot_elsewhere(Some(host)));
        }
    }
    Ok(hosts)
}

/// Gives new instances their hosts. Gives the hosts of all instances that are saved.
fn place_instances(
    tx: &dyn ReadTx,
    inventory: &Inventory,
    changes: &mut [StoreChange],
) -> Result<BTreeMap<InstanceId, String>, ActionError> {
    let mut placement = InstancePlacement::new(inventory, None);
    let mut bytes = hosts_of_snapshots(tx, changes)?;
    if let Some(host) = bytes.values().next()
        && is_in_ceph(tx, host)?
    {
        // Every host has them.
        bytes.clear();
    }
    let mut hosts = BTreeMap::new();
    for change in changes {
        let Some(instance) = change.saved::<Instance>() else { continue };
        let id = instance.id.clone();
        let host = match tx.instance(&id)? {
            None => {
                let host = placement.choose(tx, instance, bytes.get(&id).map(String::as_str))?;
                let placed = Instance { host: host.clone(), ..instance.clone() };
                *change = StoreChange::Save(Arc::new(placed));
                host
            }
            Some(before) => {
                placement.resize(tx, &before, instance)?;
                before.host
            }
        };
        hosts.insert(id, host);
    }
    placement.hold(tx)?;
    Ok(hosts)
}

/// The host that a disk is to be bound to; none if it is bound to it already, or to none.
fn host_of(
    tx: &dyn ReadTx,
    disk: &Disk,
    known: &mut BTreeMap<InstanceId, String>,
) -> Result<Option<String>, ActionError> {
    let mut bound = disk.host.clone();
    for at in &disk.attachments {
        let host = match known.get(&at.instance) {
            Some(host) => host.clone(),
            None => {
                let found = tx.look_at(&at.instance)?;
                let host = found.map(|instance| instance.host.clone()).unwrap_or_default();
                known.insert(at.instance.clone(), host.clone());
                host
            }
        };
        if host.is_empty() || host == bound {
            continue;
        }
        if !bound.is_empty() && !may_move(tx, disk, &host)? {
            return Err(Refusal::about(&DISK_ELSEWHERE, &bound).into());
        }
        bound = host;
    }
    Ok((bound != disk.host).then_some(bound))
}

/// Whether a disk that was on another host can be on this one: in Ceph, and if no instance had it
/// until now. One that an instance elsewhere still has is taken away there first.
fn may_move(tx: &dyn ReadTx, disk: &Disk, to: &str) -> Result<bool, StoreError> {
    let is_free = tx.look_at(&disk.id)?.is_none_or(|before| before.attachments.is_empty());
    Ok(is_free && is_in_ceph(tx, to)?)
}

/// Whether the disks of a host are in Ceph, as then those of all hosts are: registered otherwise, a
/// host is refused.
fn is_in_ceph(tx: &dyn ReadTx, host: &str) -> Result<bool, StoreError> {
    let hosts = tx.hosts()?;
    let named = hosts.iter().find(|one| one.host.name == host).or(hosts.first());
    Ok(named.is_some_and(|one| one.host.storage == HostStorage::Rbd))
}

/// The hosts as they are chosen from, and what was added to each.
pub(super) struct InstancePlacement<'c> {
    inventory: &'c Inventory,
    /// The only host that is chosen, if one is named.
    only: Option<String>,
    /// Read when the first one is asked for.
    candidates: Option<Vec<HostCandidate>>,
    added: BTreeMap<String, HostResources>,
}

impl<'c> InstancePlacement<'c> {
    /// A placement on any host, or on this one only.
    pub(super) fn new(inventory: &'c Inventory, only: Option<String>) -> InstancePlacement<'c> {
        InstancePlacement { inventory, only, candidates: None, added: BTreeMap::new() }
    }

    fn candidates(&mut self, tx: &dyn ReadTx) -> Result<&mut Vec<HostCandidate>, StoreError> {
        if self.candidates.is_none() {
            let is_meant =
                |one: &HostRecord| self.only.as_ref().is_none_or(|only| *only == one.host.name);
            let hosts = tx.hosts()?.into_iter().filter(is_meant);
            self.candidates = Some(hosts.map(|found| candidate(self.inventory, found)).collect());
        }
        Ok(self.candidates.get_or_insert_default())
    }

    /// Chooses the host of a new instance, some of whose disks are made from bytes that a host has.
    pub(super) fn choose(
        &mut self,
        tx: &dyn ReadTx,
        instance: &Instance,
        bytes_on: Option<&str>,
    ) -> Result<String, ActionError> {
        let need = resources_of(self.inventory, &instance.instance_type);
        let image = match instance.base_image.as_str() {
            "" => &instance.image,
            base => base,
        };
        let needs = InstanceNeeds { zone: &instance.zone, resources: need, image, bytes_on };
        let candidates = self.candidates(tx)?;
        let chosen = place(candidates, &needs).map_err(|lack| match lack {
            NoHost::Room => (&NO_STOCK).into(),
            NoHost::Image => ActionError::from(Refusal::about(&IMAGE_NOT_ON_HOST, image)),
            NoHost::Snapshot => snapshot_elsewhere(bytes_on.map(str::to_owned)),
        })?;
        let chosen = candidates.get_mut(chosen).ok_or(&NO_STOCK)?;
        chosen.used = chosen.used.plus(need);
        let name = chosen.host.name.clone();
        self.add(&name, need);
        Ok(name)
    }

    /// Makes sure that an instance that gets another type has room where it is.
    fn resize(
        &mut self,
        tx: &dyn ReadTx,
        before: &Instance,
        now: &Instance,
    ) -> Result<(), ActionError> {
        if before.host.is_empty() || before.instance_type == now.instance_type {
            return Ok(());
        }
        let is = resources_of(self.inventory, &now.instance_type);
        let more = is.minus(resources_of(self.inventory, &before.instance_type));
        let mut candidates = self.candidates(tx)?.iter_mut();
        if let Some(host) = candidates.find(|one| one.host.name == before.host) {
            if more != HostResources::default() && !host.has_room_for(more) {
                return Err((&NO_STOCK).into());
            }
            host.used = host.used.plus(more);
        }
        self.add(&before.host, more);
        Ok(())
    }

    fn add(&mut self, host: &str, more: HostResources) {
        let added = self.added.entry(host.to_owned()).or_default();
        *added = added.plus(more);
    }

    /// Holds the chosen hosts until the commit, in the order of their names. If one has changed
    /// since it was chosen, another server was faster, and the decision is made again.
    pub(super) fn hold(self, tx: &dyn ReadTx) -> Result<(), StoreError> {
        for (name, added) in
            self.added.iter().filter(|(_, added)| **added != HostResources::default())
        {
            let found = tx.host(name)?.ok_or(StoreError::Conflict)?;
            let now = candidate(self.inventory, found);
            if !now.has_room_for(*added) {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }
}

/// A host with what is used of it.
fn candidate(inventory: &Inventory, found: HostRecord) -> HostCandidate {
    let used = used(inventory, &found.placed);
    HostCandidate { host: found.host, heard_ms_ago: found.heard_ms_ago, used }
}

/// The share of so many instances of these types.
pub(crate) fn used(inventory: &Inventory, placed: &[(String, u64)]) -> HostResources {
    let each = placed.iter().map(|(of, many)| resources_of(inventory, of).times(*many));
    each.fold(HostResources::default(), HostResources::plus)
}

/// The share of an instance of this type; nothing if the inventory has it no more.
fn resources_of(inventory: &Inventory, instance_type: &str) -> HostResources {
    inventory.instance_type(instance_type).map(HostResources::of_type).unwrap_or_default()
}
