//! The API as a caller knows it from its documentation: no type and no rule is the server's own.

use std::collections::{BTreeMap, BTreeSet};

use super::access::Access;
use super::networks::Network;
use super::steps::CALLERS;

/// Detaches of one instance at the same time, at most.
const LEAVING: usize = 5;

/// The status of a disk, as the API spells it.
pub(super) type Status = String;

/// A disk as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Disk {
    pub owner: usize,
    pub status: Status,
    /// The instance that it is on, or comes from or goes to.
    pub on: String,
    pub device: String,
    pub is_system: bool,
    pub delete_with_instance: bool,
    pub size: u64,
    /// The size before a resize that may still fail.
    pub size_before: u64,
    /// Whether it was ever on its way to an instance.
    pub attached_once: bool,
    /// The snapshot it was made from.
    pub source: String,
    /// Category and level, as in `cloud_essd PL1`; no level where there is none.
    pub spec: String,
    /// The same after a change that may still be under way.
    pub spec_wanted: String,
    pub name: String,
    pub tag: String,
    pub group: String,
}

impl Disk {
    /// Whether a resize may be under way, which nothing shows.
    pub(super) fn may_be_growing(&self) -> bool {
        self.size != self.size_before
    }

    /// Whether it can be in a snapshot group.
    pub(super) fn is_essd(&self) -> bool {
        ["cloud_essd ", "cloud_auto "].iter().any(|category| self.spec.starts_with(category))
    }

    /// Whether a change of spec may be under way, which nothing shows.
    pub(super) fn may_be_modifying(&self) -> bool {
        self.spec != self.spec_wanted
    }
}

/// The transition of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Rest,
    Creating,
    Starting,
    Stopping,
    Rebooting,
    Deleting,
}

/// A disk that was just created.
pub(super) fn new_disk(owner: usize, size: u64, source: &str) -> Disk {
    Disk {
        owner,
        status: "Creating".to_owned(),
        on: String::new(),
        device: String::new(),
        is_system: false,
        delete_with_instance: false,
        size,
        size_before: size,
        attached_once: false,
        source: source.to_owned(),
        spec: "cloud_essd PL1".to_owned(),
        spec_wanted: "cloud_essd PL1".to_owned(),
        name: "created".to_owned(),
        tag: "storage".to_owned(),
        group: String::new(),
    }
}

/// An instance as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    pub owner: usize,
    pub status: Status,
    pub doing: Doing,
    pub traits: Traits,
}

/// The properties of an instance that change only when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    pub name: String,
    /// Its type.
    pub kind: String,
    pub tag: String,
    /// Megabits a second out of it.
    pub bandwidth: u64,
}

impl Instance {
    pub(super) fn has_stable_status(&self) -> bool {
        ["Running", "Stopped"].contains(&self.status.as_str()) && self.doing == Doing::Rest
    }
}

/// A snapshot as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub owner: usize,
    pub status: Status,
    pub disk: String,
    pub size: u64,
    pub name: String,
    pub tag: String,
}

/// A snapshot group as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SnapshotGroup {
    pub owner: usize,
    pub name: String,
    /// Its snapshots, but those that were deleted alone.
    pub snapshots: Vec<String>,
}

/// A custom image as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub owner: usize,
    pub name: String,
    pub snapshot: String,
    pub status: Status,
}

/// The successful calls so far, and their effects.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub disks: BTreeMap<String, Disk>,
    pub instances: BTreeMap<String, Instance>,
    /// The instances whose machines an operator has paused.
    pub paused: BTreeSet<String>,
    /// Those that may be paused still: they were when a stop or a reboot began, which may have been
    /// refused.
    pub may_be_paused: BTreeSet<String>,
    pub snapshots: BTreeMap<String, Snapshot>,
    pub images: BTreeMap<String, Image>,
    pub networks: Vec<Network>,
    pub groups: BTreeMap<String, SnapshotGroup>,
    pub policies: BTreeMap<String, super::policies::Policy>,
    /// Snapshots that policies have made, and when by the time of day, in milliseconds.
    pub automatic: BTreeMap<String, i64>,
    /// Of each caller.
    pub access: [Access; CALLERS],
    /// Whether each caller has its one key pair.
    pub key_pairs: [bool; CALLERS],
    /// Keys of KMS of each caller, and whether they are to be deleted.
    pub kms_keys: [BTreeMap<String, bool>; CALLERS],
}

/// The codes that an answer may have; the empty one is success.
pub(super) type Expected = &'static [&'static str];
pub(super) const WELL: Expected = &[""];
pub(super) const NO_DISK: Expected = &["InvalidDiskId.NotFound"];
/// The second one of the actions on several instances.
pub(super) const NO_INSTANCE: Expected =
    &["InvalidInstanceId.NotFound", "InvalidInstanceIds.NotFound"];
pub(super) const NO_SNAPSHOT: Expected = &["InvalidSnapshotId.NotFound"];
/// The status of a disk that comes to an instance, leaves it, or is set back.
const ON_ITS_WAY: &[&str] = &["Attaching", "Detaching", "ReIniting"];
const NO_SYSTEM_DISK: Expected = &["InvalidInstance.NotFoundSystemDisk"];
const HAS_SNAPSHOT_IN_PROGRESS: Expected =
    &["DiskCreatingSnapshot", "IncorrectDiskStatus", "LastOrderProcessing"];
const TOO_MANY_LEAVE: Expected = &["DisksDetachingOnEcsExceeded"];
/// Nothing shows whether a disk still grows, so that each of these may be first.
const DETACH_WHILE_GROWING: Expected =
    &["", "InvalidOperation.Conflict", "DependencyViolation", "IncorrectInstanceStatus"];
const NOT_WHILE_MOVING: &str = "InvalidOperation.InstanceStatusUnsupported";
const UNCHANGED: &str = "NoChangeInDiskCategoryAndPerformanceLevel";
const TOO_LOW: &str = "InvalidPerformanceLevel.TooLow";
const MODIFY_WHILE_MODIFYING: Expected =
    &["", "IncorrectDiskStatus", NOT_WHILE_MOVING, UNCHANGED, TOO_LOW];
const MODIFY_WHILE_MOVING: Expected = &["", NOT_WHILE_MOVING, UNCHANGED, TOO_LOW];
/// Levels between which a pay-as-you-go disk only rises.
pub(super) const PL0: &str = "cloud_essd PL0";
pub(super) const PL1: &str = "cloud_essd PL1";
/// No task of this server can be cancelled.
pub(super) const CANCEL_REFUSED: Expected =
    &["InvalidTaskId.TaskActionNotSupport", "InvalidTaskId.NotFound"];
pub(super) const CHARGE_TYPE_REFUSED: Expected =
    &["ChargeTypeViolation", "InvalidInstanceId.NotFound", "InvalidDiskIds.NotFound"];

impl Model {
    /// No machine is paused.
    pub(super) fn forget_paused(&mut self) {
        self.paused.clear();
        self.may_be_paused.clear();
    }

    /// Whether the machine of an instance is paused, as far as is known.
    pub(super) fn may_be_paused(&self, instance: &String) -> bool {
        self.paused.contains(instance) || self.may_be_paused.contains(instance)
    }

    fn leaving(&self, instance: &str) -> usize {
        let leaves = |disk: &&Disk| disk.on == instance && disk.status == "Detaching";
        self.disks.values().filter(leaves).count()
    }

    pub(super) fn own_disk(&self, caller: usize, id: &str) -> Option<&Disk> {
        self.disks.get(id).filter(|disk| disk.owner == caller)
    }

    pub(super) fn own_snapshot(&self, caller: usize, id: &str) -> Option<&Snapshot> {
        self.snapshots.get(id).filter(|snapshot| snapshot.owner == caller)
    }

    /// Whether a snapshot of this disk is being made.
    pub(super) fn has_snapshot_in_progress(&self, disk: &str) -> bool {
        let is_made = |one: &Snapshot| one.disk == disk && one.status == "progressing";
        self.snapshots.values().any(is_made)
    }

    pub(super) fn own_instance(&self, caller: usize, id: &str) -> Option<&Instance> {
        self.instances.get(id).filter(|instance| instance.owner == caller)
    }

    /// The answer to AttachDisk.
    pub(super) fn attach(&self, caller: usize, disk: &str, instance: &str) -> Expected {
        let Some(on) = self.own_instance(caller, instance) else { return NO_INSTANCE };
        let Some(disk) = self.own_disk(caller, disk) else { return NO_DISK };
        match disk.status.as_str() {
            "Available" if disk.may_be_growing() => {
                &["", "InvalidOperation.Conflict", "IncorrectInstanceStatus"]
            }
            "Available" if !on.has_stable_status() => &["IncorrectInstanceStatus"],
            "Available" => WELL,
            _ => &["IncorrectDiskStatus", "InvalidOperation.Conflict", "IncorrectInstanceStatus"],
        }
    }

    /// The answer to DetachDisk.
    pub(super) fn detach(&self, caller: usize, disk: &str, instance: &str) -> Expected {
        let Some(on) = self.own_instance(caller, instance) else { return NO_INSTANCE };
        let Some(disk) = self.own_disk(caller, disk) else { return NO_DISK };
        match disk.status.as_str() {
            "Available" => &["InvalidDisk.AlreadyDetached"],
            "Detaching" if disk.on == instance => &["InvalidOperation.DiskDetachingFromThisEcs"],
            "In_use" if disk.may_be_growing() => DETACH_WHILE_GROWING,
            "In_use" if disk.on != instance => &["DependencyViolation"],
            "In_use" if !on.has_stable_status() => &["IncorrectInstanceStatus"],
            "In_use" if self.leaving(instance) >= LEAVING => TOO_MANY_LEAVE,
            "In_use" => WELL,
            _ => &["IncorrectDiskStatus"],
        }
    }

    /// The answer to DeleteDisk.
    pub(super) fn delete_disk(&self, caller: usize, id: &str) -> Expected {
        let Some(disk) = self.own_disk(caller, id) else { return NO_DISK };
        match disk.status.as_str() {
            "Available" if self.has_snapshot_in_progress(id) => HAS_SNAPSHOT_IN_PROGRESS,
            "Available" if disk.may_be_growing() || disk.may_be_modifying() => {
                &["", "IncorrectDiskStatus"]
            }
            "Available" => WELL,
            "Creating" => &["IncorrectDiskStatus.Initializing"],
            _ => &["IncorrectDiskStatus"],
        }
    }

    /// Whether a resize of this disk is one that a running guest sees.
    pub(super) fn resizes_online(&self, disk: &str) -> bool {
        let on = self.disks.get(disk).and_then(|disk| self.instances.get(&disk.on));
        on.is_some_and(|on| on.status == "Running")
    }

    /// The answer to ResizeDisk, with a size that is larger.
    pub(super) fn resize(&self, caller: usize, id: &str) -> Expected {
        let Some(disk) = self.own_disk(caller, id) else { return NO_DISK };
        let moves = self.instances.get(&disk.on).is_some_and(|on| !on.has_stable_status());
        match disk.status.as_str() {
            "Available" | "In_use" if self.has_snapshot_in_progress(id) => HAS_SNAPSHOT_IN_PROGRESS,
            "Available" | "In_use" if disk.may_be_growing() || disk.may_be_modifying() => {
                &["", "LastOrderProcessing", "IncorrectInstanceStatus"]
            }
            "In_use" if moves => &["", "IncorrectInstanceStatus"],
            "Available" | "In_use" => WELL,
            _ => &["IncorrectDiskStatus"],
        }
    }

    /// The answer to ModifyDiskSpec.
    pub(super) fn modify(&self, caller: usize, id: &str, wanted: &str) -> Expected {
        let Some(disk) = self.own_disk(caller, id) else { return NO_DISK };
        let moves = self.instances.get(&disk.on).is_some_and(|on| !on.has_stable_status());
        match disk.status.as_str() {
            "Available" | "In_use" if self.has_snapshot_in_progress(id) => HAS_SNAPSHOT_IN_PROGRESS,
            "Available" | "In_use" if disk.may_be_growing() || disk.may_be_modifying() => {
                MODIFY_WHILE_MODIFYING
            }
            "In_use" if moves => MODIFY_WHILE_MOVING,
            "Available" | "In_use" if disk.spec == wanted => &[UNCHANGED],
            "Available" | "In_use" if disk.spec == PL1 && wanted == PL0 => &[TOO_LOW],
            "Available" | "In_use" => WELL,
            _ => &["InvalidStatus.DiskNotReady"],
        }
    }

    /// The answer to ModifyDiskAttribute, which gives a name.
    pub(super) fn rename(&self, caller: usize, disk: &str) -> Expected {
        match self.own_disk(caller, disk).map(|disk| disk.status.as_str()) {
            None => NO_DISK,
            Some("Creating") => &["IncorrectDiskStatus"],
            Some(_) => WELL,
        }
    }

    /// The answer to an action on the power of an instance that must be in this status. One that
    /// is Pending can be started when its disks are made.
    pub(super) fn power(&self, caller: usize, instance: &str, from: &str) -> Expected {
        let Some(found) = self.own_instance(caller, instance) else { return NO_INSTANCE };
        let is_ready = found.doing == Doing::Rest && found.status == from;
        let starts = from == "Stopped";
        let is_made = || !self.has_disk_that_is(&["Creating"], instance);
        match is_ready || (starts && found.status == "Pending" && is_made()) {
            true if starts && !self.has_system_disk(instance) => NO_SYSTEM_DISK,
            true if starts && self.has_disk_that_is(ON_ITS_WAY, instance) => &["DiskError"],
            true => WELL,
            false => &["IncorrectInstanceStatus"],
        }
    }

    /// One whose bytes could not be made is gone, and its instance does without it.
    fn has_system_disk(&self, instance: &str) -> bool {
        self.disks.values().any(|disk| disk.is_system && disk.on == instance)
    }

    fn has_disk_that_is(&self, one_of: &[&str], instance: &str) -> bool {
        let is = |disk: &Disk| disk.on == instance && one_of.contains(&disk.status.as_str());
        self.disks.values().any(is)
    }

    /// The answer to the release of an instance, whether it runs or not.
    pub(super) fn release(&self, caller: usize, instance: &str) -> Expected {
        let Some(found) = self.own_instance(caller, instance) else { return NO_INSTANCE };
        let moves = |disk: &Disk| {
            disk.on == instance && ["Attaching", "Creating"].contains(&disk.status.as_str())
        };
        match found.doing {
            Doing::Rest if self.disks.values().any(moves) => &["IncorrectInstanceStatus"],
            Doing::Rest => WELL,
            Doing::Creating | Doing::Starting => &["IncorrectInstanceStatus.Initializing"],
            Doing::Rebooting => {
                &["IncorrectInstanceStatus", "IncorrectInstanceStatus.Initializing"]
            }
            Doing::Stopping | Doing::Deleting => &["IncorrectInstanceStatus"],
        }
    }

    /// The next free device of an instance.
    pub(super) fn free_device(&self, instance: &str) -> String {
        let taken = |device: &str| {
            self.disks.values().any(|disk| disk.on == instance && disk.device == device)
        };
        let mut devices = ('b'..='z').map(|letter| format!("/dev/xvd{letter}"));
        devices.find(|device| !taken(device)).expect("a free device")
    }
}
