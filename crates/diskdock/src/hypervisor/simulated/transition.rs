//! Transitions under way in the simulated hypervisor, and the operations that they belong to.

use std::collections::HashSet;

use domain::{DiskId, InstanceId};

use super::AttachmentId;
use domain::TransitionKind;

/// One transition that the simulated hypervisor has under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub transition: TransitionKind,
    pub instance: Option<InstanceId>,
    pub disk: Option<DiskId>,
    /// Which attachment of the disk; 0 where there is none.
    pub generation: u64,
}

/// The transitions that some operations can have under way.
#[derive(Clone, Debug, Default)]
pub struct OperationTransitions<'a> {
    machines: HashSet<&'a InstanceId>,
    attachments: HashSet<(&'a InstanceId, &'a DiskId)>,
    disks: HashSet<&'a DiskId>,
    /// Disks whose bytes are made or set back by an operation that is about something else.
    making: HashSet<&'a DiskId>,
    /// Only the transitions of this disk.
    only_of: Option<&'a DiskId>,
}

impl<'a> OperationTransitions<'a> {
    /// None yet; of this disk only, if there is one.
    pub fn of_disk_only(only_of: Option<&'a DiskId>) -> OperationTransitions<'a> {
        OperationTransitions { only_of, ..OperationTransitions::default() }
    }

    /// Also those of an operation that is about this instance and this disk, and makes the bytes of
    /// others.
    pub fn add(
        &mut self,
        instance: Option<&'a InstanceId>,
        disk: Option<&'a DiskId>,
        making: &'a [DiskId],
    ) {
        match (instance, disk) {
            (Some(instance), Some(disk)) => drop(self.attachments.insert((instance, disk))),
            (Some(instance), None) => drop(self.machines.insert(instance)),
            (None, _) => {}
        }
        self.disks.extend(disk);
        self.making.extend(making);
    }

    pub(super) fn include(&self, key: &Key) -> bool {
        let its = match (&key.instance, &key.disk) {
            (Some(instance), Some(disk)) => self.attachments.contains(&(instance, disk)),
            (Some(instance), None) => self.machines.contains(instance),
            (None, Some(disk)) => {
                let makes =
                    matches!(key.transition, TransitionKind::Create | TransitionKind::Reinit)
                        && self.making.contains(disk);
                self.disks.contains(disk) || makes
            }
            (None, None) => false,
        };
        its && self.only_of.is_none_or(|only| key.disk.as_ref() == Some(only))
    }
}

/// A transition of a whole machine.
pub(super) fn on_machine(transition: TransitionKind, instance: &InstanceId) -> Key {
    Key { transition, instance: Some(instance.clone()), disk: None, generation: 0 }
}

/// A transition of a disk at an instance.
pub(super) fn on_attachment(transition: TransitionKind, attachment: &AttachmentId) -> Key {
    Key {
        transition,
        instance: Some(attachment.instance.clone()),
        disk: Some(attachment.disk.clone()),
        generation: attachment.generation,
    }
}

/// The reason to wait for a transition, in words.
pub(super) fn waiting_for(transition: TransitionKind) -> String {
    match transition {
        TransitionKind::Create => "the bytes of the disk are being made",
        TransitionKind::Attach => "waiting for the guest to take the device",
        TransitionKind::Resize => "the bytes of the disk are being added",
        TransitionKind::Snapshot => "the snapshot is being made",
        TransitionKind::Modify => "the disk is getting another category or performance",
        TransitionKind::Copy => "the snapshot is being copied",
        TransitionKind::Reinit => "the content of the disk is being set back",
        TransitionKind::Replace => "the system disk is being replaced",
        TransitionKind::Detach => "waiting for the guest to let go of the device",
        TransitionKind::Start => "the instance is booting",
        TransitionKind::Stop => "the instance is shutting down",
        TransitionKind::Reboot => "the instance is rebooting",
    }
    .to_owned()
}
