//! Facts and steps that starting, stopping, rebooting and releasing an instance share.

use domain::IllegalTransition;
use domain::kms::KeyUse;

use super::machine_spec::{by_device, machine_spec};
use crate::actions::kms_keys::use_of_disk;
use crate::actions::prelude::*;
use crate::hypervisor::{DiskLimit, DiskSpec, MachineSpec};
use crate::store::{AttachedDisks, EntityReads};

/// Options of a request that stops an instance.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Requested {
    /// Compute is not to be paid for while it is off.
    pub stop_charging: bool,
    /// The instance is to hibernate.
    pub hibernate: bool,
}

/// An instance that is to be started, stopped, rebooted or released. It exists.
pub(crate) struct PowerFacts {
    /// The instance.
    pub instance: Instance,
    /// Disks that are attached, attaching or detaching.
    pub attached: AttachedDisks,
    /// Whether the bytes of all its disks are there.
    pub disks_made: bool,
    /// Disks of which it is unknown whether their bytes were made, by a host that was lost.
    pub unmade: Vec<DiskSpec>,
    /// Whether the bytes of one of its disks are being set back.
    pub has_disk_reiniting: bool,
    /// Whether its type comes with local disks.
    pub has_local_disks: bool,
    /// The machine as the hypervisor needs to know it.
    pub spec: MachineSpec,
    /// Options of the request.
    pub requested: Requested,
    /// The keys of its disks: the one that can be used least.
    pub keys: KeyUse,
}

impl PowerFacts {
    /// Stopped; or made by CreateInstance and about to be Stopped, which some clients do not wait
    /// for.
    pub(crate) fn can_start(&self) -> bool {
        match self.instance.status {
            InstanceStatus::Stopped => true,
            InstanceStatus::Pending => self.disks_made,
            InstanceStatus::Starting | InstanceStatus::Running | InstanceStatus::Stopping => false,
        }
    }

    /// Whether the instance is on and stays so.
    pub(crate) fn is_running(&self) -> bool {
        self.instance.status == InstanceStatus::Running
    }

    /// Whether a disk is on its way on or off.
    pub(crate) fn has_disk_in_transit(&self) -> bool {
        self.attached.iter().any(|at| at.phase != Phase::Attached)
    }

    /// Whether no disk is on its way on or off, or being set back.
    pub(crate) fn disks_are_still(&self) -> bool {
        !self.has_disk_in_transit() && !self.has_disk_reiniting
    }

    /// Whether a disk is on its way on.
    pub(crate) fn has_disk_attaching(&self) -> bool {
        self.attached.iter().any(|at| at.phase == Phase::Attaching)
    }
}

/// The facts about the instance of this id.
pub(crate) fn find(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    id: &InstanceId,
    requested: Requested,
) -> Result<PowerFacts, ActionError> {
    let instance = call.instance(tx, id)?.ok_or(&INSTANCE_NOT_FOUND)?;
    facts(tx, call, instance, requested)
}

/// The facts about this instance.
pub(crate) fn facts(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    instance: Instance,
    requested: Requested,
) -> Result<PowerFacts, ActionError> {
    let attached = tx.attached(&instance.id)?;
    let is_off = matches!(instance.status, InstanceStatus::Pending | InstanceStatus::Stopped);
    let (mut disks_made, mut has_disk_reiniting) = (true, false);
    let (mut limits, mut shared, mut unmade) = (Vec::new(), Vec::new(), Vec::new());
    let mut keys = KeyUse::Usable;
    for at in &attached {
        let disk = tx.look_at(&at.disk)?;
        if is_off {
            disks_made &= disk.as_ref().is_some_and(|disk| disk.is_created());
            has_disk_reiniting |= disk.as_ref().is_some_and(|disk| disk.is_reiniting());
        }
        if let Some(disk) = disk {
            keys = keys.max(use_of_disk(tx, &disk, call.now)?);
            limits.push(DiskLimit::of(&disk));
            unmade.extend(disk.unmade.then(|| DiskSpec::of_new(&disk)));
            shared.extend(disk.multi_attach.then(|| disk.id.clone()));
        }
    }
    let found = call.environment.inventory.instance_type(&instance.instance_type);
    let has_local_disks = found.is_some_and(|found| found.local_storage.is_some());
    let user_data = tx.user_data(&instance.id)?.unwrap_or_default();
    let order = by_device(attached.iter().map(|at| (at.device.as_str(), &at.disk)));
    let leaving = attached.iter().filter(|at| matches!(at.phase, Phase::Detaching { .. }));
    let leaving = leaving.map(|at| (at.disk.clone(), at.generation)).collect();
    let spec = machine_spec(&call.environment.inventory, &instance, order, user_data, limits);
    let spec = MachineSpec { leaving, shared, ..spec };
    Ok(PowerFacts {
        instance,
        attached,
        disks_made,
        unmade,
        has_disk_reiniting,
        has_local_disks,
        spec,
        requested,
        keys,
    })
}

/// Whether an instance is on a host that was lost, and fenced: what was under way there may have
/// gone further than its operations say.
pub(crate) fn is_on_fenced_host(
    tx: &dyn ReadTx,
    instance: &InstanceId,
) -> Result<bool, StoreError> {
    let Some(instance) = tx.look_at(instance)? else { return Ok(false) };
    if instance.host.is_empty() {
        return Ok(false);
    }
    Ok(tx.host(&instance.host)?.is_some_and(|found| found.host.is_fenced()))
}

/// Moves an instance on, where it still is where the operation left it.
pub(crate) fn finish_transition(
    tx: &mut dyn WriteTx,
    id: &InstanceId,
    transition: impl FnOnce(&mut Instance) -> Result<(), IllegalTransition>,
) -> Result<(), StoreError> {
    let Some(mut instance) = tx.instance(id)? else { return Ok(()) };
    match transition(&mut instance) {
        Ok(()) => tx.save_instance(&instance),
        Err(IllegalTransition) => Ok(()),
    }
}
